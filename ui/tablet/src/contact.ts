/** What may be said of the server: connected only while it answered a moment ago. */

import type { StateView } from '@fieldseal/shared/bindings.ts';

const FRESH_S = 30;

/** `quiet`: the last exchange went well, but it is a while ago, because there was nothing to send or ask. */
export type Contact = 'connected' | 'quiet' | 'offline';

type Heard = Pick<StateView, 'online' | 'contactAgeS' | 'lastServerAt'>;

export function contact(state: Heard): Contact {
  if (!state.online) return 'offline';
  return state.contactAgeS !== null && state.contactAgeS <= FRESH_S ? 'connected' : 'quiet';
}

/** When the server answered last, in this run or before. */
export function heardAt(state: Heard, now: Date): Date | null {
  if (state.contactAgeS !== null) return new Date(now.getTime() - state.contactAgeS * 1000);
  return state.lastServerAt === null ? null : new Date(state.lastServerAt);
}
