/** Stills at the highest resolution the web view gives: the camera's own still where there is ImageCapture, else a frame of
 *  the video. The frame is drawn at the tap whichever it will be, so that a still that fails or hangs loses no moment. */

/** Missing from the DOM types: only some web views have it. */
interface StillTaker {
  takePhoto: (settings?: { imageWidth: number; imageHeight: number }) => Promise<Blob>;
  getPhotoCapabilities: () => Promise<{ imageWidth?: { max: number }; imageHeight?: { max: number } }>;
}
type StillTakerClass = new (track: MediaStreamTrack) => StillTaker;

const QUALITY = 0.95;
const FIRST_FRAME_MS = 5000;
/** A still that takes longer than this is given up for the frame. */
const STILL_MS = 4000;

export function stills(track: MediaStreamTrack): (video: HTMLVideoElement) => Promise<Blob> {
  const taker = stillTaker(track);
  // Asked for once, at the beginning: no tap waits for it.
  let full: { imageWidth: number; imageHeight: number } | undefined;
  if (taker) {
    void taker.getPhotoCapabilities().then(
      ({ imageWidth, imageHeight }) => {
        if (imageWidth && imageHeight) full = { imageWidth: imageWidth.max, imageHeight: imageHeight.max };
      },
      () => undefined,
    );
  }
  let taking = false;
  return async (video) => {
    if (video.videoWidth === 0) await firstFrame(video);
    const frame = drawn(video);
    try {
      // The camera takes one still at a time: taps in between are frames, which keep their moment.
      if (!taker || taking) return await encoded(frame);
      taking = true;
      const still = taker.takePhoto(full).finally(() => (taking = false));
      return await soon(still).catch(() => encoded(frame));
    } finally {
      // Gives the pixels back now, not when somebody collects them.
      frame.width = 0;
    }
  };
}

function stillTaker(track: MediaStreamTrack): StillTaker | undefined {
  const known = (window as { ImageCapture?: StillTakerClass }).ImageCapture;
  try {
    return known ? new known(track) : undefined;
  } catch {
    return undefined;
  }
}

function soon(still: Promise<Blob>): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the still hangs')), STILL_MS);
    still.finally(() => clearTimeout(late)).then((blob) => (blob.size > 0 ? resolve(blob) : reject(new Error('an empty still'))), reject);
  });
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
