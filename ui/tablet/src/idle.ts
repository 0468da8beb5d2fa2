/** Locks the vault when nobody has touched the screen for a while. Shooting goes on while locked. */

import { tablet } from './tablet.svelte.ts';

const IDLE_MS = 10 * 60_000;

export function keepLocking(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const touched = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (tablet.state?.enrolled && !tablet.state.locked) void tablet.change({ do: 'lock' });
    }, IDLE_MS);
  };
  const events = ['pointerdown', 'keydown'] as const;
  for (const name of events) window.addEventListener(name, touched, { passive: true });
  touched();
  return () => {
    clearTimeout(timer);
    for (const name of events) window.removeEventListener(name, touched);
  };
}
