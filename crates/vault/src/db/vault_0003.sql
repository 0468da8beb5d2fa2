-- Pictures that nobody looked at yet, and those that have no preview for a reason, without looking at every capture. The
-- second one is also the shortest list of all captures' numbers.
CREATE INDEX captures_to_look_at ON captures (capture_seq) WHERE width IS NULL AND preview_problem IS NULL;
CREATE INDEX captures_by_preview_problem ON captures (preview_problem);
