/** The trust file: vkeys, tlog-policy lines and PEM roots, handed to the verifier from outside. */

import { fromBase64, text } from './bytes';
import { type Key, Keys, parseVkey } from './keys';
import { Malformed } from './log';
import { readable } from './token';

/** How many members of a group must have cosigned; a witness is a group of itself. */
export interface Quorum {
  needed: number;
  members: (Key | Quorum)[];
}

export interface Trust {
  keys: Keys;
  origins: Set<string>;
  quorum: Quorum | null;
  /** Certificates of timestamp authorities, DER. */
  roots: Uint8Array[];
}

const MOST_BYTES = 1 << 20;
const MOST_ROOTS = 64;

function vkeyIn(spelt: string | undefined, line: number): Key {
  const key = spelt === undefined ? null : parseVkey(spelt);
  if (!key) throw new Malformed(`line ${String(line)} holds a key that can't be read`);
  return key;
}

class Reader {
  readonly trust: Trust = { keys: new Keys(), origins: new Set(), quorum: null, roots: [] };
  private readonly named = new Map<string, Key | Quorum>();
  private readonly used = new Set<string>();
  private quorumSaid = false;

  line(words: string[], n: number): void {
    const [word, ...rest] = words;
    switch (word) {
      case 'log': {
        const key = vkeyIn(rest[0], n);
        this.trust.keys.add(key);
        this.trust.origins.add(key.name);
        return;
      }
      case 'witness':
        this.name(rest[0], vkeyIn(rest[1], n), n);
        return;
      case 'group':
        this.group(rest, n);
        return;
      case 'quorum':
        if (this.quorumSaid) throw new Malformed(`line ${String(n)} is a second quorum`);
        this.quorumSaid = true;
        if (rest[0] !== 'none') this.trust.quorum = { needed: 1, members: [this.member(rest[0], n)] };
        return;
      default:
        if (word === undefined || rest.length > 0) throw new Malformed(`line ${String(n)}`);
        this.trust.keys.add(vkeyIn(word, n));
    }
  }

  root(der: Uint8Array | null, n: number): void {
    if (!der || !readable(der)) throw new Malformed(`the certificate before line ${String(n)} can't be read`);
    this.trust.roots.push(der);
    if (this.trust.roots.length > MOST_ROOTS) throw new Malformed('too many certificates');
  }

  private name(name: string | undefined, what: Key | Quorum, n: number): void {
    if (name === undefined || name === 'none' || this.named.has(name)) throw new Malformed(`line ${String(n)}: the name`);
    this.named.set(name, what);
  }

  private member(name: string | undefined, n: number): Key | Quorum {
    const what = this.named.get(name ?? '');
    if (!what || name === undefined || this.used.has(name)) throw new Malformed(`line ${String(n)}: an unknown name, or one named twice`);
    this.used.add(name);
    return what;
  }

  private group([name, threshold, ...names]: string[], n: number): void {
    const members = names.map((one) => this.member(one, n));
    const needed = threshold === 'any' ? 1 : threshold === 'all' ? members.length : Number(threshold);
    if (!Number.isInteger(needed) || needed < 1 || needed > members.length) throw new Malformed(`line ${String(n)}: the number`);
    this.name(name, { needed, members }, n);
  }
}

/** Throws [`Malformed`]: a trust file that can't be used is wrong usage, not a finding. */
export function parseTrust(bytes: Uint8Array): Trust {
  const content = bytes.length > MOST_BYTES ? null : text(bytes);
  if (content === null) throw new Malformed('not text, or too large');
  const reader = new Reader();
  let pem: string[] | null = null;
  for (const [n, line] of content.split('\n').entries()) {
    const bare = line.trim();
    if (bare === '-----BEGIN CERTIFICATE-----' && !pem) pem = [];
    else if (bare === '-----END CERTIFICATE-----' && pem) {
      reader.root(fromBase64(pem.join('')), n + 1);
      pem = null;
    } else if (pem) pem.push(bare);
    else if (bare !== '' && !bare.startsWith('#')) reader.line(bare.split(/[ \t]+/), n + 1);
  }
  if (pem) throw new Malformed('a certificate without end');
  if (reader.trust.keys.conflicts.size > 0) throw new Malformed('two keys of one name and id');
  return reader.trust;
}
