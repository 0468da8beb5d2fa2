/** The tablet's camera through the web view: how it is opened, what it is when it can't be, and the lamp. The platform's own
 *  camera, where it has one, is in own-camera.ts. */

import { stills } from './stills.ts';
import type { OwnCamera } from './own-camera.ts';
import { zoomOf, type Zoom } from './zoom.ts';

/** Why there is no live picture. Photos by file still work then. */
export type NoCamera = 'unsupported' | 'denied' | 'none' | 'busy' | 'failed';

/** What a camera of either sort has. */
export interface AnyCamera {
  /** Turns the lamp on or off; absent where there is none. */
  lamp: ((on: boolean) => Promise<void>) | undefined;
  /** The camera's own zoom; absent where there is none. */
  zoom: Zoom | undefined;
  stop: () => void;
}

/** Through the web view. */
export interface WebCamera extends AnyCamera {
  stream: MediaStream;
  track: MediaStreamTrack;
  /** A still as JPEG, from the moment of the call. */
  still: (video: HTMLVideoElement) => Promise<Blob>;
}

export type LiveCamera = WebCamera | OwnCamera;

export const throughWeb = (camera: LiveCamera | undefined): camera is WebCamera => camera !== undefined && 'stream' in camera;

const STILL = { width: 4096, height: 3072 };

/** `lost` is called when the camera goes away while it is open. */
export async function openCamera(lost: () => void, { width, height } = STILL): Promise<WebCamera | NoCamera> {
  if (!('mediaDevices' in navigator) || !('getUserMedia' in navigator.mediaDevices)) return 'unsupported';
  let stream: MediaStream;
  try {
    const video = { facingMode: { ideal: 'environment' }, width: { ideal: width }, height: { ideal: height } };
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video });
  } catch (thrown) {
    return reason(thrown);
  }
  const [track] = stream.getVideoTracks();
  if (!track) return 'none';
  track.addEventListener('ended', lost);
  return {
    stream,
    track,
    still: stills(track),
    zoom: zoomOf(track),
    lamp: 'torch' in track.getCapabilities() ? (on) => lamp(track, on) : undefined,
    stop() {
      track.removeEventListener('ended', lost);
      for (const one of stream.getTracks()) one.stop();
    },
  };
}

/** By the names of the Media Capture specification. WebKit calls no camera at all an impossible wish. */
function reason(thrown: unknown): NoCamera {
  const name = thrown instanceof DOMException || thrown instanceof Error ? thrown.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'none';
  return 'failed';
}

async function lamp(track: MediaStreamTrack, on: boolean): Promise<void> {
  const constraint = { torch: on } as MediaTrackConstraintSet;
  await track.applyConstraints({ advanced: [constraint] });
}
