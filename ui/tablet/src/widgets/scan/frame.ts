/** Pictures as the engine looks at them for a code: rows of brightness, no larger than it takes. */

export interface Frame {
  luma: Uint8Array<ArrayBuffer>;
  width: number;
}

/** A frame of the live picture: enough for a code held before the camera, small enough for several looks a second. */
export const LIVE_PIXELS = 800_000;
/** A chosen picture is looked at in these sizes: a small code needs the large one, a grainy one the small one. */
export const CHOSEN_PIXELS = [2_000_000, 500_000];
/** The engine's longest side. */
const LONGEST = 2048;

/** The size with the same proportions within the limits; never larger than it is. */
export function fitted(width: number, height: number, pixels: number): { width: number; height: number } {
  const scale = Math.min(1, Math.sqrt(pixels / (width * height)), LONGEST / Math.max(width, height));
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}

/** Brightness as the eye sees it (BT.601), from red, green, blue and opacity; what is see-through is white paper. */
export function brightness(rgba: Uint8ClampedArray): Uint8Array<ArrayBuffer> {
  const luma = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < luma.length; i += 1) {
    const at = i * 4;
    const opacity = rgba[at + 3] ?? 255;
    const shade = ((rgba[at] ?? 0) * 77 + (rgba[at + 1] ?? 0) * 150 + (rgba[at + 2] ?? 0) * 29) >> 8;
    luma[i] = opacity === 255 ? shade : (shade * opacity + 255 * (255 - opacity)) / 255;
  }
  return luma;
}

/** Draws a picture small enough and takes its brightness; null when there is nothing to draw yet. */
export function frameOf(source: HTMLVideoElement | ImageBitmap, pixels: number): Frame | null {
  const [wide, high] = source instanceof ImageBitmap ? [source.width, source.height] : [source.videoWidth, source.videoHeight];
  if (wide === 0 || high === 0) return null;
  const { width, height } = fitted(wide, high, pixels);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  context.drawImage(source, 0, 0, width, height);
  return { luma: brightness(context.getImageData(0, 0, width, height).data), width };
}
