/** The tablet's camera through the web view: the live picture, and stills at the highest resolution it gives. */

/** Why there is no live picture. Photos by file still work then. */
export type NoCamera = 'unsupported' | 'denied' | 'none' | 'busy';

export interface LiveCamera {
  stream: MediaStream;
  /** A still as JPEG, from the moment of the call. */
  still: (video: HTMLVideoElement) => Promise<Blob>;
  /** Turns the lamp on or off; absent where there is none. */
  lamp: ((on: boolean) => Promise<void>) | undefined;
  stop: () => void;
}

/** Missing from the DOM types: only some web views have it. */
interface StillTaker {
  takePhoto: () => Promise<Blob>;
}
type StillTakerClass = new (track: MediaStreamTrack) => StillTaker;

const QUALITY = 0.95;
const FIRST_FRAME_MS = 5000;
const STILL = { width: 4096, height: 3072 };

/** `lost` is called when the camera goes away while it is open. */
export async function openCamera(lost: () => void, { width, height } = STILL): Promise<LiveCamera | NoCamera> {
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
  const taker = stillTaker(track);
  let taking = false;
  return {
    stream,
    async still(video) {
      if (video.videoWidth === 0) await firstFrame(video);
      // Drawn at once, so that it is the picture of the moment whatever happens next.
      const frame = drawn(video);
      if (!taker || taking) return encoded(frame);
      taking = true;
      try {
        return await taker.takePhoto();
      } catch {
        return await encoded(frame);
      } finally {
        taking = false;
      }
    },
    lamp: 'torch' in track.getCapabilities() ? (on) => lamp(track, on) : undefined,
    stop() {
      track.removeEventListener('ended', lost);
      for (const one of stream.getTracks()) one.stop();
    },
  };
}

function reason(thrown: unknown): NoCamera {
  const name = thrown instanceof DOMException || thrown instanceof Error ? thrown.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'none';
}

function stillTaker(track: MediaStreamTrack): StillTaker | undefined {
  const known = (window as { ImageCapture?: StillTakerClass }).ImageCapture;
  try {
    return known ? new known(track) : undefined;
  } catch {
    return undefined;
  }
}

/** A tap before the live picture has begun is kept, and takes its first frame. */
function firstFrame(video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no frame')), FIRST_FRAME_MS);
    const begun = (): void => {
      clearTimeout(late);
      resolve();
    };
    video.addEventListener('loadeddata', begun, { once: true });
  });
}

function drawn(video: HTMLVideoElement): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return canvas;
}

function encoded(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no frame'))), 'image/jpeg', QUALITY);
  });
}

async function lamp(track: MediaStreamTrack, on: boolean): Promise<void> {
  const constraint = { torch: on } as MediaTrackConstraintSet;
  await track.applyConstraints({ advanced: [constraint] });
}
