/** What long work tells of itself, and how it is stopped. */

export interface Work {
  /** Called with the number of bytes gone through since the last call. */
  onbytes?: (bytes: number) => void;
  signal?: AbortSignal;
}

/** Whoever asked has asked to stop: the one thing that is thrown to the caller. */
export class Stopped extends Error {}

export function unlessStopped(work: Work): void {
  if (work.signal?.aborted) throw new Stopped('stopped');
}
