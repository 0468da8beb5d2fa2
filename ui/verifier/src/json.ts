/**
 * I-JSON (RFC 7493) as docs/spec/packet.md bounds it. `JSON.parse` takes the last of two equal keys and rounds large
 * numbers, so that two readers could read two records; this one refuses.
 */

import { text } from './bytes';

/** A number as it was spelt: whether it is an integer is asked where one is wanted. */
export class JsonNumber {
  constructor(readonly spelt: string) {}

  /** The value, where it is spelt as an integer within ±(2^53 − 1). */
  get integer(): number | null {
    if (!/^(0|-?[1-9][0-9]*)$/.test(this.spelt)) return null;
    const value = Number(this.spelt);
    return Number.isSafeInteger(value) ? value : null;
  }
}

export type JsonObject = Map<string, Json>;
export type Json = null | boolean | string | JsonNumber | Json[] | JsonObject;

export class NotJson extends Error {}

const MOST_LEVELS = 32;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// eslint-disable-next-line no-control-regex -- JSON itself forbids these
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\n\r]*/y;
const ESCAPES: Record<string, string> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

class Parser {
  private at = 0;

  constructor(private readonly input: string) {}

  document(): Json {
    const value = this.value(0);
    this.space();
    if (this.at !== this.input.length) this.refuse('something after the value');
    return value;
  }

  private refuse(why: string): never {
    throw new NotJson(`${why} at ${String(this.at)}`);
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.input)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private space(): void {
    this.match(SPACE);
  }

  private expect(sign: string): void {
    if (this.input[this.at] !== sign) this.refuse(`no ${sign}`);
    this.at += 1;
  }

  private value(level: number): Json {
    this.space();
    const sign = this.input[this.at];
    if (sign === '{' || sign === '[') {
      if (level >= MOST_LEVELS) this.refuse('too many levels');
      return sign === '{' ? this.object(level + 1) : this.array(level + 1);
    }
    if (sign === '"') return this.string();
    for (const [word, value] of [['null', null], ['true', true], ['false', false]] as const) {
      if (this.input.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  private number(): JsonNumber {
    const spelt = this.match(NUMBER);
    if (spelt === '') this.refuse('no value');
    if (!Number.isFinite(Number(spelt))) this.refuse('a number out of range');
    if (/^-?[0-9]+$/.test(spelt) && !Number.isSafeInteger(Number(spelt))) this.refuse('an integer out of range');
    return new JsonNumber(spelt);
  }

  private string(): string {
    this.expect('"');
    let value = '';
    for (;;) {
      value += this.match(PLAIN);
      const sign = this.input[this.at];
      this.at += 1;
      if (sign === '"') break;
      if (sign !== '\\') this.refuse('a string without end, or with a control character');
      value += this.escape();
    }
    if (!value.isWellFormed()) this.refuse('half a surrogate pair');
    if (/\p{Noncharacter_Code_Point}/u.test(value)) this.refuse('a noncharacter');
    return value;
  }

  private escape(): string {
    const sign = this.input[this.at] ?? '';
    this.at += 1;
    if (sign !== 'u') return ESCAPES[sign] ?? this.refuse('an unknown escape');
    const digits = this.input.slice(this.at, this.at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.refuse('an unknown escape');
    this.at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  private array(level: number): Json[] {
    this.expect('[');
    const values: Json[] = [];
    this.space();
    if (this.input[this.at] === ']') {
      this.at += 1;
      return values;
    }
    for (;;) {
      values.push(this.value(level));
      this.space();
      if (this.input[this.at] !== ',') break;
      this.at += 1;
    }
    this.expect(']');
    return values;
  }

  private object(level: number): JsonObject {
    this.expect('{');
    const values: JsonObject = new Map();
    this.space();
    if (this.input[this.at] === '}') {
      this.at += 1;
      return values;
    }
    for (;;) {
      this.space();
      const key = this.string();
      if (values.has(key)) this.refuse('a key twice');
      this.space();
      this.expect(':');
      values.set(key, this.value(level));
      this.space();
      if (this.input[this.at] !== ',') break;
      this.at += 1;
    }
    this.expect('}');
    return values;
  }
}

/** The value, or [`NotJson`]. */
export function parseJson(bytes: Uint8Array): Json {
  const input = text(bytes);
  if (input === null) throw new NotJson('not UTF-8');
  return new Parser(input).document();
}

export const isObject = (value: Json | undefined): value is JsonObject => value instanceof Map;
