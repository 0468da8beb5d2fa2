/** A seeded source of chance, so that a mutant can be made again from its number. */

export class Chance {
  private state: number;

  constructor(seed: number) {
    this.state = (seed * 2654435761 + 88675123) >>> 0;
    for (let n = 0; n < 8; n += 1) this.next();
  }

  /** mulberry32 */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  below(n: number): number {
    return n <= 1 ? 0 : this.next() % n;
  }

  one<T>(list: readonly T[]): T {
    const value = list[this.below(list.length)];
    if (value === undefined) throw new Error('nothing to choose from');
    return value;
  }

  in(n: number): boolean {
    return this.below(n) === 0;
  }

  bytes(n: number): Uint8Array {
    return Uint8Array.from({ length: n }, () => this.below(256));
  }
}
