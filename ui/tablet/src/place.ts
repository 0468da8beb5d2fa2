/** Hands the platform's positions to the engine: each with its accuracy and time, or the reason there is none. */

import { call } from './host.ts';

const reasons: Record<number, string> = { 1: 'denied', 2: 'unavailable', 3: 'timeout' };

/** Starts when the tablet is enrolled; nothing waits for it. */
export function watchPlace(): () => void {
  const none = (reason: string): void => void call({ do: 'no-position', reason }).catch(() => undefined);
  if (!('geolocation' in navigator)) {
    none('unavailable');
    return () => undefined;
  }
  const id = navigator.geolocation.watchPosition(
    ({ coords, timestamp }) => {
      const fix = {
        latitude: coords.latitude,
        longitude: coords.longitude,
        accuracyM: coords.accuracy,
        altitudeM: coords.altitude,
        headingDeg: Number.isFinite(coords.heading) ? coords.heading : null,
        atMs: timestamp,
      };
      call({ do: 'position', fix }).catch(() => undefined);
    },
    (error) => {
      none(reasons[error.code] ?? 'unavailable');
    },
    { enableHighAccuracy: true, maximumAge: 10_000, timeout: 30_000 },
  );
  return () => {
    navigator.geolocation.clearWatch(id);
  };
}
