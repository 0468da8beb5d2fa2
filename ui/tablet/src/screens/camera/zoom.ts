/** The camera's own zoom, where its track offers one. A picture is never enlarged here: that would add no detail and
 *  change the photo's bytes. */

export interface Zoom {
  min: number;
  max: number;
  step: number;
  now: number;
  set: (to: number) => void;
}

export function zoomOf(track: MediaStreamTrack): Zoom | undefined {
  const offered = (track.getCapabilities() as { zoom?: { min: number; max: number; step?: number } }).zoom;
  if (!offered || !(offered.max > offered.min)) return undefined;
  const { min, max } = offered;
  const now = (track.getSettings() as { zoom?: number }).zoom ?? min;
  return {
    min,
    max,
    step: offered.step && offered.step > 0 ? offered.step : (max - min) / 20,
    now,
    set: (to) => {
      const zoom = Math.min(max, Math.max(min, to));
      void track.applyConstraints({ advanced: [{ zoom } as MediaTrackConstraintSet] }).catch(() => undefined);
    },
  };
}

/** Follows two fingers on an element; `onratio` gets how much farther apart they are than at their beginning. */
export function pinch(element: HTMLElement, onbegin: () => void, onratio: (ratio: number) => void): () => void {
  const fingers = new Map<number, PointerEvent>();
  let apart = 0;
  const distance = (): number => {
    const [a, b] = [...fingers.values()];
    return a && b ? Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) : 0;
  };
  const down = (event: PointerEvent): void => {
    fingers.set(event.pointerId, event);
    if (fingers.size === 2) {
      apart = distance();
      onbegin();
    }
  };
  const move = (event: PointerEvent): void => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, event);
    if (fingers.size === 2 && apart > 0) onratio(distance() / apart);
  };
  const up = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
  };
  const on = [['pointerdown', down], ['pointermove', move], ['pointerup', up], ['pointercancel', up], ['pointerleave', up]] as const;
  for (const [name, act] of on) element.addEventListener(name, act);
  return () => {
    for (const [name, act] of on) element.removeEventListener(name, act);
  };
}
