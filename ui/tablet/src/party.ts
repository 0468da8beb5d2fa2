/** What can be said of the party 当事人, and why a signature was refused. Codes of the record. */
export const presences = ['present', 'refused', 'absent', 'unknown'] as const;
export const refusals = ['informed-refused', 'refused-left', 'other'] as const;
