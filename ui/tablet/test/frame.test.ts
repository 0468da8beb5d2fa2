/** Pictures on their way to the engine's code reader. */
import { describe, expect, it, vi } from 'vitest';

vi.stubGlobal('window', {});
const { brightness, CHOSEN_PIXELS, fitted, LIVE_PIXELS } = await import('../src/widgets/scan/frame.ts');

describe('a picture for the code reader', () => {
  it('keeps its proportions within what the engine takes', () => {
    for (const pixels of [LIVE_PIXELS, ...CHOSEN_PIXELS]) {
      for (const [width, height] of [[4000, 3000], [3000, 4000], [30_000, 200], [1, 30_000], [12_000, 12_000]] as const) {
        const fit = fitted(width, height, pixels);
        expect(fit.width * fit.height).toBeLessThanOrEqual(pixels);
        expect(Math.max(fit.width, fit.height)).toBeLessThanOrEqual(2048);
        expect(Math.min(fit.width, fit.height)).toBeGreaterThan(0);
      }
    }
    expect(fitted(4000, 3000, 750_000)).toEqual({ width: 1000, height: 750 });
  });
  it('is never blown up', () => {
    expect(fitted(320, 240, LIVE_PIXELS)).toEqual({ width: 320, height: 240 });
  });
  it('is as bright as the eye sees it, on white paper', () => {
    const pixel = (...rgba: number[]): number | undefined => brightness(Uint8ClampedArray.from(rgba))[0];
    expect(pixel(0, 0, 0, 255)).toBe(0);
    expect(pixel(255, 255, 255, 255)).toBe(255);
    expect(pixel(0, 255, 0, 255)).toBeGreaterThan(pixel(255, 0, 0, 255) ?? 0);
    expect(pixel(0, 0, 0, 0)).toBe(255);
  });
});
