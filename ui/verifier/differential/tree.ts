/** A small log: roots and proofs by RFC 6962's own recursion, not by the verifier's way up. */

import { digestOf, joined, toBase64 } from '../src/bytes';

const leaf = (bytes: Uint8Array): Uint8Array => digestOf(joined(Uint8Array.of(0), bytes));
const node = (left: Uint8Array, right: Uint8Array): Uint8Array => digestOf(joined(Uint8Array.of(1), left, right));

function halves<T>(list: T[]): [T[], T[]] {
  let k = 1;
  while (k * 2 < list.length) k *= 2;
  return [list.slice(0, k), list.slice(k)];
}

export function root(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return digestOf(new Uint8Array());
  if (leaves.length === 1) return leaf(leaves[0] ?? new Uint8Array());
  const [left, right] = halves(leaves);
  return node(root(left), root(right));
}

export function inclusion(index: number, leaves: Uint8Array[]): Uint8Array[] {
  if (leaves.length <= 1) return [];
  const [left, right] = halves(leaves);
  return index < left.length ? [...inclusion(index, left), root(right)] : [...inclusion(index - left.length, right), root(left)];
}

export function consistency(size: number, leaves: Uint8Array[], complete = true): Uint8Array[] {
  if (size === leaves.length) return complete ? [] : [root(leaves)];
  const [left, right] = halves(leaves);
  if (size <= left.length) return [...consistency(size, left, complete), root(right)];
  return [...consistency(size - left.length, right, false), root(left)];
}

export const spelt = (hashes: Uint8Array[]): string => hashes.map((hash) => `${toBase64(hash)}\n`).join('');
