/** Areas of photos that are to be blacked out, in pixels of the original as it is looked at, and the words in which the server takes them. */

export interface Spot {
  x: number;
  y: number;
}

export interface Area extends Spot {
  width: number;
  height: number;
}

/** Most areas of one photo; the server takes no more. */
export const MOST_AREAS = 56;
/** Smaller ones are a tap, not an area. */
const LEAST = 4;

/** The area with these two opposite corners; none when it is too small to be meant. */
export function between(a: Spot, b: Spot): Area | null {
  const area = { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
  return area.width < LEAST || area.height < LEAST ? null : area;
}

/** `1:100,200,300,400;2:…` */
export function redactWords(areas: Record<number, readonly Area[]>): string {
  return Object.entries(areas)
    .flatMap(([number, all]) => all.map(({ x, y, width, height }) => `${number}:${[x, y, width, height].join(',')}`))
    .join(';');
}
