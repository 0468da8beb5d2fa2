/** DER as a tree that can be built, taken apart and damaged; what is written back has right lengths unless it is asked for others. */

import { joined, utf8 } from '../src/bytes';
import type { Chance } from './random';

export interface Node {
  tag: number;
  /** Of a constructed element. */
  inside?: Node[];
  content?: Uint8Array;
  /** Zero bytes before the length: one too many makes it BER. */
  padded?: number;
}

export function encode(node: Node): Uint8Array {
  const content = node.inside ? joined(...node.inside.map(encode)) : (node.content ?? new Uint8Array());
  const digits: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  const padding = new Array<number>(node.padded ?? 0).fill(0);
  const short = content.length < 0x80 && padding.length === 0;
  const spelt = padding.length + digits.length;
  return joined(Uint8Array.of(node.tag), Uint8Array.from(short ? [content.length] : [0x80 + spelt, ...padding, ...digits]), content);
}

/** The elements that the bytes are, as far as they go; null where they are none. */
function elements(bytes: Uint8Array): Node[] | null {
  const nodes: Node[] = [];
  let at = 0;
  while (at < bytes.length) {
    const [tag, first] = [bytes[at], bytes[at + 1]];
    if (tag === undefined || first === undefined) return null;
    const count = first < 0x80 ? 0 : first & 0x7f;
    const length = count === 0 ? first : bytes.subarray(at + 2, at + 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
    const start = at + 2 + count;
    if (start + length > bytes.length || count > 4) return null;
    nodes.push(nodeOf(tag, bytes.subarray(start, start + length)));
    at = start + length;
  }
  return nodes;
}

function nodeOf(tag: number, content: Uint8Array): Node {
  const inside = (tag & 0x20) !== 0 ? elements(content) : null;
  return inside ? { tag, inside } : { tag, content };
}

export const decode = (bytes: Uint8Array): Node | null => elements(bytes)?.[0] ?? null;

export const sequence = (...inside: Node[]): Node => ({ tag: 0x30, inside });
export const set = (...inside: Node[]): Node => ({ tag: 0x31, inside });
export const tagged = (n: number, ...inside: Node[]): Node => ({ tag: 0xa0 + n, inside });
export const raw = (tag: number, content: Uint8Array): Node => ({ tag, content });
export const octets = (content: Uint8Array): Node => raw(0x04, content);
export const bits = (content: Uint8Array, unused = 0): Node => raw(0x03, joined(Uint8Array.of(unused), content));
export const nothing: Node = raw(0x05, new Uint8Array());
export const truth: Node = raw(0x01, Uint8Array.of(0xff));
export const words = (content: string): Node => raw(0x0c, utf8(content));
export const moment = (time: string): Node => raw(0x18, utf8(time));

export function whole(value: number, tag = 0x02): Node {
  const digits: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return raw(tag, Uint8Array.from((digits[0] ?? 0x80) >= 0x80 ? [0, ...digits] : digits));
}

export function identifier(dotted: string): Node {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let more = Math.floor(arc / 128); more > 0; more = Math.floor(more / 128)) digits.unshift((more & 0x7f) | 0x80);
    return digits;
  });
  return raw(0x06, Uint8Array.from(bytes));
}

const all = (node: Node): Node[] => [node, ...(node.inside ?? []).flatMap(all)];
const TAGS = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x17, 0x18, 0x30, 0x31, 0x80, 0x81, 0xa0, 0xa1, 0xa3, 0x1f, 0x24];

function damageContent(chance: Chance, content: Uint8Array): Uint8Array {
  const at = chance.below(Math.max(1, content.length));
  return chance.one<() => Uint8Array>([
    () => content.map((byte, n) => (n === at ? byte ^ (1 << chance.below(8)) : byte)),
    () => content.slice(0, at),
    () => joined(Uint8Array.of(0), content),
    () => joined(Uint8Array.of(0xff), content),
    () => joined(content, Uint8Array.of(chance.below(256))),
    () => new Uint8Array(),
  ])();
}

/** Another tree, with one element of it changed, moved, doubled or taken out. */
export function damaged(chance: Chance, tree: Node): Node {
  const copy = structuredClone(tree);
  const nodes = all(copy);
  const one = chance.one(nodes);
  const parents = nodes.filter(({ inside }) => (inside?.length ?? 0) > 0);
  const parent = parents.length > 0 ? chance.one(parents) : null;
  const children = parent?.inside ?? [];
  const at = chance.below(Math.max(1, children.length));
  chance.one<() => void>([
    () => children.splice(at, 1),
    () => children.splice(at, 0, ...children.slice(at, at + 1)),
    () => children.splice(at, 0, structuredClone(chance.one(nodes))),
    () => children.push(chance.one([nothing, whole(1), octets(utf8('x')), sequence()])),
    () => children.reverse(),
    () => (one.tag = chance.one(TAGS)),
    () => (one.tag ^= 1 << chance.below(8)),
    () => (one.padded = 1),
    () => {
      if (one.content) one.content = damageContent(chance, one.content);
    },
    () => {
      if (one.content) one.content = damageContent(chance, one.content);
    },
    () => {
      const leaf = nodes.filter(({ content }) => content);
      const [a, b] = leaf.length > 0 ? [chance.one(leaf), chance.one(leaf)] : [];
      if (a && b) [a.content, b.content] = [b.content ?? new Uint8Array(), a.content ?? new Uint8Array()];
    },
  ])();
  return copy;
}
