/** GCJ-02, the shifted grid of many Chinese base maps: only for drawing on such a map. What is stored stays WGS-84. */

const AXIS = 6378245;
const ECCENTRICITY = 0.006693421622965943;

/** A position, longitude first, as drawn. */
export type Position = [number, number];

/** Outside China nothing is shifted. */
const shifted = ([lon, lat]: Position): boolean => lon >= 72.004 && lon <= 137.8347 && lat >= 0.8293 && lat <= 55.8271;

function waves(x: number): number {
  return ((20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * 2) / 3;
}
function north(x: number, y: number): number {
  const base = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x));
  const slow = ((20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * 2) / 3;
  return base + waves(x) + slow + ((160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * 2) / 3;
}
function east(x: number, y: number): number {
  const base = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x));
  const slow = ((20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * 2) / 3;
  return base + waves(x) + slow + ((150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * 2) / 3;
}

/** Where a WGS-84 position lies on a GCJ-02 map. */
export function toGcj02(position: Position): Position {
  if (!shifted(position)) return position;
  const [lon, lat] = position;
  const radians = (lat / 180) * Math.PI;
  const magic = 1 - ECCENTRICITY * Math.sin(radians) ** 2;
  const root = Math.sqrt(magic);
  const up = (north(lon - 105, lat - 35) * 180) / (((AXIS * (1 - ECCENTRICITY)) / (magic * root)) * Math.PI);
  const across = (east(lon - 105, lat - 35) * 180) / ((AXIS / root) * Math.cos(radians) * Math.PI);
  return [lon + across, lat + up];
}

/** Which WGS-84 position lies there on a GCJ-02 map: for what the map shows, to be asked for. Exact to a millimetre. */
export function fromGcj02(position: Position): Position {
  let guess = position;
  for (let round = 0; round < 4; round += 1) {
    const [lon, lat] = toGcj02(guess);
    guess = [guess[0] + position[0] - lon, guess[1] + position[1] - lat];
  }
  return guess;
}
