/** Tells the engine that somebody touches the screen. The engine alone decides when the tablet locks (`me.auto-lock`), and the
 *  next state says it: a screen that sleeps, or whose timers are slowed, keeps nothing open. */

import { call } from './host.ts';
import { tablet } from './tablet.svelte.ts';

const TELL_MS = 5000;

export function tellTouches(): () => void {
  let told = -TELL_MS;
  const touched = (): void => {
    if (!tablet.state?.enrolled || tablet.state.locked || performance.now() - told < TELL_MS) return;
    told = performance.now();
    call({ do: 'used' }).catch(() => undefined);
  };
  const events = ['pointerdown', 'keydown', 'wheel'] as const;
  for (const name of events) window.addEventListener(name, touched, { passive: true });
  return () => {
    for (const name of events) window.removeEventListener(name, touched);
  };
}
