-- Supplements of one packet, and what is not sealed, without looking at every draft.
CREATE INDEX drafts_by_supplements ON drafts (supplements) WHERE supplements IS NOT NULL;
CREATE INDEX drafts_not_sealed ON drafts (opened_at) WHERE stage <> 'sealed';
