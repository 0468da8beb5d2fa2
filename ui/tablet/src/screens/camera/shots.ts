import type { DraftView, FormView } from '@fieldseal/shared/bindings.ts';
import { isAsked } from '../../kinds.ts';

/** A chip of the shot list: `null` is a photo outside the list. */
export interface Shot {
  id: string | null;
  expected: boolean;
  count: number;
}

/** The shots asked for, given the facts so far, and how many photos each has; then the one outside the list. */
export function shotList(form: FormView | undefined, draft: DraftView | undefined, here: Record<string, number>): Shot[] {
  const facts = draft?.facts ?? {};
  const count = (id: string | null): number => here[id ?? ''] ?? 0;
  const hidden = (draft ?? form)?.hidden.shots ?? [];
  const asked = (form?.shots ?? []).filter((shot) => isAsked(shot, hidden, facts));
  return [
    ...asked.map(({ id, expected }) => ({ id, expected, count: count(id) })),
    { id: null, expected: false, count: count(null) },
  ];
}

/** Photos that count in a draft, by shot. */
export function countShots(draft: DraftView | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const photo of draft?.photos ?? []) {
    if (photo.voided !== null) continue;
    const key = photo.shot ?? '';
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** Counts with the photos on their way added: what the next shot is chosen by. */
export function withPending(counts: Record<string, number>, pending: string[]): Record<string, number> {
  const all = { ...counts };
  for (const shot of pending) all[shot] = (all[shot] ?? 0) + 1;
  return all;
}

/** The shot to take next: the first missing one after the current, then the first missing, then outside the list. */
export function nextShot(shots: Shot[], current: string | null): string | null {
  const at = shots.findIndex((shot) => shot.id === current);
  const missing = (shot: Shot): boolean => shot.expected && shot.count === 0;
  return (shots.slice(at + 1).find(missing) ?? shots.find(missing))?.id ?? null;
}
