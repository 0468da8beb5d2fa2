/** Values taken out of JSON by their shape; what does not fit throws [`Misshapen`] with the field's name. */

import { isDigest, isPacketId, isTime } from './bytes';
import { isObject, type Json, JsonNumber, type JsonObject } from './json';

export class Misshapen extends Error {}

export class Shape {
  constructor(private readonly object: JsonObject) {}

  static of(value: Json | undefined, name: string): Shape {
    if (!isObject(value)) throw new Misshapen(name);
    return new Shape(value);
  }

  raw(name: string): Json | undefined {
    return this.object.get(name);
  }

  private absent(name: string): boolean {
    const value = this.object.get(name);
    return value === undefined || value === null;
  }

  string(name: string): string {
    const value = this.object.get(name);
    if (typeof value !== 'string') throw new Misshapen(name);
    return value;
  }

  maybeString(name: string): string | null {
    return this.absent(name) ? null : this.string(name);
  }

  private spelt(name: string, test: (value: string) => boolean): string {
    const value = this.string(name);
    if (!test(value)) throw new Misshapen(name);
    return value;
  }

  digest(name: string): string {
    return this.spelt(name, isDigest);
  }

  time(name: string): string {
    return this.spelt(name, isTime);
  }

  packetId(name: string): string {
    return this.spelt(name, isPacketId);
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    return this.spelt(name, (value) => (values as readonly string[]).includes(value)) as T;
  }

  /** Zero or more. */
  count(name: string): number {
    const value = this.integer(name);
    if (value < 0) throw new Misshapen(name);
    return value;
  }

  integer(name: string): number {
    const value = this.object.get(name);
    const integer = value instanceof JsonNumber ? value.integer : null;
    if (integer === null) throw new Misshapen(name);
    return integer;
  }

  number(name: string): number {
    const value = this.object.get(name);
    if (!(value instanceof JsonNumber)) throw new Misshapen(name);
    return Number(value.spelt);
  }

  /** Whether it is a decimal string of degrees. */
  degrees(name: string, most: number): boolean {
    const value = this.string(name);
    return /^-?[0-9]{1,3}(\.[0-9]+)?$/.test(value) && Math.abs(Number(value)) <= most;
  }

  bool(name: string): boolean {
    const value = this.object.get(name);
    if (typeof value !== 'boolean') throw new Misshapen(name);
    return value;
  }

  list(name: string): Json[] {
    const value = this.object.get(name);
    if (!Array.isArray(value)) throw new Misshapen(name);
    return value;
  }

  strings(name: string): string[] {
    return this.list(name).map((value) => {
      if (typeof value !== 'string') throw new Misshapen(name);
      return value;
    });
  }

  inner(name: string): Shape {
    return Shape.of(this.object.get(name), name);
  }

  maybe<T>(name: string, read: (name: string) => T): T | null {
    return this.absent(name) ? null : read(name);
  }
}
