import { untrack } from 'svelte';

/** Does something again and again, a while after it has ended: a slow engine is never asked twice at once. */
export function every(ms: number, work: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const round = async (): Promise<void> => {
    // What the work reads must not start the caller's effect again.
    await untrack(work);
    if (!stopped) timer = setTimeout(() => void round(), ms);
  };
  void round();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
