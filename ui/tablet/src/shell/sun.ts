import { tablet } from '../tablet.svelte.ts';

let before = 'light';

/** The sun theme on, or back to what it was. */
export function toggleSun(): void {
  const theme = tablet.state?.theme ?? 'light';
  if (theme !== 'sun') before = theme;
  void tablet.change({ do: 'settings', theme: theme === 'sun' ? before : 'sun' });
}
