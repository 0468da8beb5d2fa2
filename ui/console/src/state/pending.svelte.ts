/**
 * The decision that is about to be sent. It waits five seconds so that it can be undone, because once sent it is signed
 * and logged for good. One waits at a time: the next decision sends the one before it at once. A decision that could not
 * be sent stays here with its reason until the reviewer sends it again or drops it: it is never lost in silence.
 */

import { decide } from '../api';
import type { Decision } from '../wire';
import { account } from './session.svelte';

export const GRACE_MS = 5000;

export interface Waiting {
  id: string;
  title: string;
  decision: Decision;
  reason: string | null;
  packetDigest: string;
}

class Pending {
  waiting = $state<Waiting | null>(null);
  /** Counts up with each new decision, so that the countdown starts afresh. */
  turn = $state(0);
  failed = $state<{ what: Waiting; code: string }[]>([]);
  /** Ids whose decision has been sent or is being sent: no longer to be shown as open. */
  gone = $state<string[]>([]);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private sending: Promise<void> = Promise.resolve();

  has(id: string): boolean {
    return this.waiting?.id === id || this.gone.includes(id);
  }

  put(what: Waiting): void {
    void this.flush();
    this.waiting = what;
    this.turn += 1;
    this.timer = setTimeout(() => void this.flush(), GRACE_MS);
  }

  /** Takes the waiting decision back; nothing was sent. */
  undo(): Waiting | null {
    clearTimeout(this.timer);
    const what = this.waiting;
    this.waiting = null;
    return what;
  }

  /** Sends what waits now, and resolves once everything under way has been answered. */
  flush(): Promise<void> {
    const what = this.undo();
    if (what) this.send(what);
    return this.sending;
  }

  retry(what: Waiting): void {
    this.drop(what);
    this.send(what);
  }

  drop(what: Waiting): void {
    this.failed = this.failed.filter((entry) => entry.what !== what);
  }

  /** Another reviewer has signed in: what the one before him decided must not go out in his name. */
  forget(): void {
    this.undo();
    this.failed = [];
  }

  private send(what: Waiting): void {
    this.gone = [...this.gone, what.id];
    this.sending = this.sending.then(async () => {
      try {
        await decide(what.id, { decision: what.decision, reason: what.reason, packet_digest: what.packetDigest });
        onSent(what);
      } catch (cause) {
        this.failed = [...this.failed, { what, code: account.noticed(cause) }];
      } finally {
        this.gone = this.gone.filter((id) => id !== what.id);
      }
    });
  }
}

export const pending = new Pending();

let onSent: (what: Waiting) => void = () => undefined;

/** Called after each decision that the server has taken. */
export function whenSent(act: (what: Waiting) => void): void {
  onSent = act;
}
