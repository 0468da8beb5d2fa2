/** Hands the platform's positions to the engine: each with its accuracy and time, or the reason there is none. */

import type { FixInput, Request } from '@fieldseal/shared/bindings.ts';
import { call } from './host.ts';

const PATIENCE = { enableHighAccuracy: true, maximumAge: 10_000, timeout: 30_000 };
const reasons: Record<number, string> = { 1: 'denied', 2: 'unavailable', 3: 'timeout' };

/** Asks once more, and ends when the engine has heard the answer. */
export function locateAgain(): Promise<void> {
  return new Promise((resolve) => {
    const tell = (request: Request): void => void call(request).then(() => resolve(), () => resolve());
    if (!('geolocation' in navigator)) {
      tell({ do: 'no-position', reason: 'unavailable' });
      return;
    }
    navigator.geolocation.getCurrentPosition(
      (position) => tell({ do: 'position', fix: fixOf(position) }),
      (error) => tell({ do: 'no-position', reason: reasons[error.code] ?? 'unavailable' }),
      { ...PATIENCE, maximumAge: 0, timeout: 10_000 },
    );
  });
}

function fixOf({ coords, timestamp }: GeolocationPosition): FixInput {
  return {
    latitude: coords.latitude,
    longitude: coords.longitude,
    accuracyM: coords.accuracy,
    altitudeM: coords.altitude,
    headingDeg: Number.isFinite(coords.heading) ? coords.heading : null,
    atMs: timestamp,
  };
}

/** Starts when the tablet is enrolled; nothing waits for it. */
export function watchPlace(): () => void {
  const none = (reason: string): void => void call({ do: 'no-position', reason }).catch(() => undefined);
  if (!('geolocation' in navigator)) {
    none('unavailable');
    return () => undefined;
  }
  const id = navigator.geolocation.watchPosition(
    (position) => {
      call({ do: 'position', fix: fixOf(position) }).catch(() => undefined);
    },
    (error) => {
      none(reasons[error.code] ?? 'unavailable');
    },
    PATIENCE,
  );
  return () => {
    navigator.geolocation.clearWatch(id);
  };
}
