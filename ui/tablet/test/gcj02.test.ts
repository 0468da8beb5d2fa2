/** The shift of GCJ-02 base maps, against pairs that others have published, and back. */
import { describe, expect, it } from 'vitest';
import { fromGcj02, toGcj02, type Position } from '../src/screens/points/map/gcj02.ts';

/** WGS-84 and GCJ-02, longitude first: the test values of googollee/eviltransform (Shanghai, Shenzhen, Beijing), and of
 *  wandergis/coordtransform (Beijing). */
const PUBLISHED: [Position, Position][] = [
  [[121.5272106, 31.1774276], [121.531541859215, 31.17530398364597]],
  [[113.912316, 22.543847], [113.9171764808363, 22.540796131694766]],
  [[116.377817, 39.911954], [116.38404722455657, 39.91334545536069]],
  [[116.404, 39.915], [116.41024449916938, 39.91640428150164]],
];
/** A millimetre on the ground, in degrees. */
const MILLIMETRE = 1e-8;

const apart = ([a, b]: Position, [c, d]: Position): number => Math.max(Math.abs(a - c), Math.abs(b - d));

describe('GCJ-02', () => {
  it.each(PUBLISHED)('%s', (wgs, gcj) => {
    expect(apart(toGcj02(wgs), gcj)).toBeLessThan(1e-10);
    expect(apart(fromGcj02(gcj), wgs)).toBeLessThan(MILLIMETRE);
  });
  it('leads back to where it came from, all over the country', () => {
    for (let lon = 73; lon < 137; lon += 3.7) {
      for (let lat = 4; lat < 54; lat += 2.9) {
        expect(apart(fromGcj02(toGcj02([lon, lat])), [lon, lat]), `${lon} ${lat}`).toBeLessThan(MILLIMETRE);
      }
    }
  });
  it('shifts by some hundreds of metres in Shanghai, and nothing abroad', () => {
    const [lon, lat] = toGcj02([121.4737, 31.2304]);
    const metres = Math.hypot((lon - 121.4737) * 95_200, (lat - 31.2304) * 110_900);
    expect(metres).toBeGreaterThan(300);
    expect(metres).toBeLessThan(700);
    for (const abroad of [[139.6917, 35.6895], [2.3522, 48.8566], [-74.006, 40.7128]] as Position[]) expect(toGcj02(abroad)).toEqual(abroad);
  });
});
