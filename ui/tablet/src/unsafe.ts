/** How long the oldest packet that is not yet safe has waited, in words; none where nothing waits. */

import type { StateView } from '@fieldseal/shared/bindings.ts';
import { duration } from '@fieldseal/shared/format.ts';

export function waited(state: Pick<StateView, 'unsafePackets' | 'unsafeOldestAt'>, now: Date): string | null {
  if (state.unsafePackets === 0 || state.unsafeOldestAt === null) return null;
  // Both by the tablet's clock; one that was turned back since makes no negative age.
  return duration(Math.max(0, (now.getTime() - new Date(state.unsafeOldestAt).getTime()) / 1000));
}
