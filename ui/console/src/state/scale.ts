/** The scale of the place drawing: how many pixels a metre is, so that the circle of uncertainty is drawn true to scale. */

export interface Scale {
  pixelsPerMetre: number;
  /** Radius of the circle in pixels. */
  radius: number;
  /** A round length and its pixels, for the scale bar and the grid. */
  barMetres: number;
  barPixels: number;
}

/** Fits a circle of `accuracyM` into a drawing whose shorter half is `halfPixels`, with a bar of 1, 2 or 5 times a power of ten. */
export function scaleFor(accuracyM: number, halfPixels: number): Scale {
  const shown = Math.max(accuracyM, 0.1);
  const pixelsPerMetre = (halfPixels * 0.62) / shown;
  const target = (halfPixels * 0.5) / pixelsPerMetre;
  const power = 10 ** Math.floor(Math.log10(target));
  const factor = [5, 2, 1].find((step) => step * power <= target) ?? 1;
  const barMetres = factor * power;
  return { pixelsPerMetre, radius: shown * pixelsPerMetre, barMetres, barPixels: barMetres * pixelsPerMetre };
}
