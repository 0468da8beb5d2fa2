/** The earlier photo over the finder 同角度复拍: which one, how strong, and how far the tablet is from where it was taken. */

import type { DraftView, PacketView, PhotoView } from '@fieldseal/shared/bindings.ts';
import { tablet } from '../../tablet.svelte.ts';

export interface Guidance {
  /** Metres from where it was taken; none when one of the two places is not known. */
  distanceM: number | null;
  /** Of both places' accuracies together. */
  withinM: number;
  /** Degrees to turn, positive to the right; none when one of the two directions is not known. */
  turnDeg: number | null;
}

const EARTH_M = 6_371_000;
const RAD = Math.PI / 180;

/** On a sphere: metres, not millimetres. */
export function distanceM(from: { lat: number; lon: number }, to: { lat: number; lon: number }): number {
  const [dLat, dLon] = [(to.lat - from.lat) * RAD, (to.lon - from.lon) * RAD];
  const a = Math.sin(dLat / 2) ** 2 + Math.cos(from.lat * RAD) * Math.cos(to.lat * RAD) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(a)));
}

/** From one direction to another, by the shorter way round: -180 to 180. */
export function turnDeg(from: number, to: number): number {
  return ((((to - from) % 360) + 540) % 360) - 180;
}

/** Photos that can lie over the finder: of the draft, and of the packet that it completes. */
export async function earlierPhotos(draft: DraftView): Promise<PhotoView[]> {
  const before = draft.supplements ? await tablet.load<PacketView>({ do: 'packet', id: draft.supplements }) : undefined;
  return [...(before?.photos ?? []), ...draft.photos].filter((photo) => photo.preview && !photo.drawing && photo.voided === null);
}

export class Ghost {
  photo = $state.raw<PhotoView | null>(null);
  /** 0 to 1. */
  strength = $state(0.5);
  private here = $state.raw<GeolocationCoordinates | null>(null);
  private facing = $state<number | null>(null);
  private watch: number | undefined;

  get guidance(): Guidance | null {
    const photo = this.photo;
    if (!photo) return null;
    const there = photo.fix ? { lat: Number(photo.fix.latitude), lon: Number(photo.fix.longitude) } : null;
    const here = this.here;
    return {
      distanceM: there && here ? distanceM({ lat: here.latitude, lon: here.longitude }, there) : null,
      withinM: (photo.fix?.accuracyM ?? 0) + (here?.accuracy ?? 0),
      turnDeg: photo.headingDeg !== null && this.facing !== null ? turnDeg(this.facing, photo.headingDeg) : null,
    };
  }

  show(photo: PhotoView): void {
    this.photo = photo;
    this.look();
  }

  off(): void {
    this.photo = null;
    if (this.watch !== undefined) navigator.geolocation.clearWatch(this.watch);
    this.watch = undefined;
    window.removeEventListener('deviceorientationabsolute', this.turned);
  }

  private look(): void {
    if (this.watch !== undefined) return;
    window.addEventListener('deviceorientationabsolute', this.turned);
    if ('geolocation' in navigator) {
      this.watch = navigator.geolocation.watchPosition(
        ({ coords }) => (this.here = coords),
        () => (this.here = null),
        { enableHighAccuracy: true, maximumAge: 10_000 },
      );
    }
  }

  /** The page's angle runs against the clock. */
  private readonly turned = (event: Event): void => {
    const { alpha } = event as DeviceOrientationEvent;
    this.facing = alpha === null ? null : (360 - alpha) % 360;
  };
}
