/** Saves what is being typed shortly after the last key, and at once when the field is left. */

const PAUSE_MS = 500;

export interface Later<T> {
  soon: (value: T) => void;
  now: () => void;
}

export function later<T>(save: (value: T) => void): Later<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waiting: { value: T } | null = null;
  const now = (): void => {
    clearTimeout(timer);
    const last = waiting;
    waiting = null;
    if (last) save(last.value);
  };
  return {
    now,
    soon(value) {
      waiting = { value };
      clearTimeout(timer);
      timer = setTimeout(now, PAUSE_MS);
    },
  };
}
