import { describe, expect, it } from 'vitest';
import { scaleFor } from '../src/state/scale';

describe('the place drawing', () => {
  it('draws the circle to the same scale as its bar, for any accuracy', () => {
    for (const accuracy of [0.4, 3, 4.2, 12, 49.9, 650, 12_000]) {
      const scale = scaleFor(accuracy, 108);
      expect(scale.radius / scale.barPixels).toBeCloseTo(accuracy / scale.barMetres, 6);
      expect(scale.radius).toBeLessThan(108);
      expect(scale.radius).toBeGreaterThan(20);
      expect(scale.barPixels).toBeGreaterThan(15);
      expect(scale.barPixels).toBeLessThanOrEqual(54);
    }
  });

  it('names a round length', () => {
    expect(scaleFor(4.2, 108).barMetres).toBe(2);
    expect(scaleFor(30, 108).barMetres).toBe(20);
    expect(scaleFor(650, 108).barMetres).toBe(500);
  });

  it('holds for an accuracy of nothing', () => {
    expect(Number.isFinite(scaleFor(0, 108).pixelsPerMetre)).toBe(true);
  });
});
