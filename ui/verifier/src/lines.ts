/** Texts of leaves, seals and receipts: `<origin>/<type>/v1`, then `<key> <value>` in a fixed order, and nothing else. */

import { Malformed } from './log';

/** The name of a log. */
export const isOrigin = (value: string): boolean => /^[!-*,-~]{1,255}$/.test(value);

export class Lines {
  private readonly lines: string[];
  private at = 1;
  readonly origin: string;

  /** Throws [`Malformed`] where the first line is of another type. */
  constructor(text: string, type: string, version = 1) {
    if (!text.endsWith('\n')) throw new Malformed('no last newline');
    this.lines = text.slice(0, -1).split('\n');
    const first = this.lines[0] ?? '';
    const ending = `/${type}/v${String(version)}`;
    if (!first.endsWith(ending) || !isOrigin(first.slice(0, -ending.length))) throw new Malformed('the first line');
    this.origin = first.slice(0, -ending.length);
  }

  /** Whether the next line is of this key. */
  next(key: string): boolean {
    return this.lines[this.at]?.startsWith(`${key} `) ?? false;
  }

  /** The value of the next line, as `read` gives it; null from `read` is another spelling. */
  take<T>(key: string, read: (value: string) => T | null): T {
    if (!this.next(key)) throw new Malformed(`the line '${key}' is missing or out of order`);
    const value = read((this.lines[this.at] ?? '').slice(key.length + 1));
    this.at += 1;
    if (value === null) throw new Malformed(`the value of the line '${key}' is not of its form`);
    return value;
  }

  end(): void {
    if (this.at !== this.lines.length) throw new Malformed('lines that this version does not know');
  }
}

export const when =
  (test: (value: string) => boolean) =>
  (value: string): string | null =>
    test(value) ? value : null;

export const anything = (value: string): string | null => (value === '' ? null : value);
