/** The trust file: vkeys, tlog-policy lines and PEM roots, handed to the verifier from outside. docs/spec/trust.md. */

import { fromBase64, text } from './bytes';
import { type Key, Keys, parseVkey } from './keys';
import { Malformed } from './log';
import { readable } from './x509';

/** How many members of a group must have cosigned; a witness is a group of itself. */
export interface Quorum {
  needed: number;
  members: (Key | Quorum)[];
}

const PURPOSES = ['timestamps', 'cms', 'attestation'] as const;
type Purpose = (typeof PURPOSES)[number];

export interface Trust {
  keys: Keys;
  origins: Set<string>;
  quorum: Quorum | null;
  /** Certificates, DER, by what they are for. */
  roots: Record<Purpose, Uint8Array[]>;
}

const MOST_BYTES = 1 << 20;
const MOST_ROOTS = 64;
/** Names that say what else than a log a bare key is trusted for. */
const OTHER = /\/(receipts|authority|decisions|device\/[^/]*|officer\/[^/]*)$/;

function vkeyIn(spelt: string | undefined, line: number): Key {
  const key = spelt === undefined ? null : parseVkey(spelt);
  if (!key) throw new Malformed(`line ${String(line)} holds a key that can't be read`);
  return key;
}

class Reader {
  readonly trust: Trust = { keys: new Keys(), origins: new Set(), quorum: null, roots: { timestamps: [], cms: [], attestation: [] } };
  private readonly named = new Map<string, Key | Quorum>();
  private readonly used = new Set<string>();
  private quorumSaid = false;
  private purpose: Purpose = 'timestamps';
  private roots = 0;

  get isEmpty(): boolean {
    return this.roots === 0 && this.trust.keys.all().length === 0 && ![...this.named.values()].some((one) => 'vkey' in one);
  }

  line(words: string[], n: number): void {
    const [word, ...rest] = words;
    const most = (count: number): void => {
      if (rest.length > count) throw new Malformed(`line ${String(n)} has too many words`);
    };
    switch (word) {
      case '#root': {
        const purpose = PURPOSES.find((one) => one === rest[0]);
        if (!purpose || rest.length !== 1) throw new Malformed(`line ${String(n)}: what the roots are for`);
        this.purpose = purpose;
        return;
      }
      case 'log': {
        most(2);
        this.log(vkeyIn(rest[0], n));
        return;
      }
      case 'witness':
        most(3);
        this.name(rest[0], vkeyIn(rest[1], n), n);
        return;
      case 'group':
        this.group(rest, n);
        return;
      case 'quorum':
        most(1);
        if (this.quorumSaid) throw new Malformed(`line ${String(n)} is a second quorum`);
        this.quorumSaid = true;
        if (rest[0] !== 'none') this.trust.quorum = { needed: 1, members: [this.member(rest[0], n)] };
        return;
      default: {
        if (word?.startsWith('#')) return;
        if (word === undefined || rest.length > 0) throw new Malformed(`line ${String(n)}`);
        const key = vkeyIn(word, n);
        if (OTHER.test(key.name)) this.trust.keys.add(key);
        else this.log(key);
      }
    }
  }

  private log(key: Key): void {
    this.trust.keys.add(key);
    this.trust.origins.add(key.name);
  }

  root(der: Uint8Array | null, n: number): void {
    if (!der || !readable(der)) throw new Malformed(`the certificate before line ${String(n)} can't be read`);
    this.trust.roots[this.purpose].push(der);
    this.roots += 1;
    if (this.roots > MOST_ROOTS) throw new Malformed('too many certificates');
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
    const bare = line.replace(/\r$/, '').replace(/^[ \t]+|[ \t]+$/g, '');
    if (pem && line.startsWith('-----END CERTIFICATE-----')) {
      reader.root(fromBase64(pem.join('')), n + 1);
      pem = null;
    } else if (pem) pem.push(bare);
    else if (line.startsWith('-----BEGIN CERTIFICATE-----')) pem = [];
    else if (bare !== '') reader.line(bare.split(/[ \t]+/), n + 1);
  }
  if (pem) throw new Malformed('a certificate without end');
  if (reader.trust.keys.conflicts.size > 0) throw new Malformed('two keys of one name and id');
  if (reader.isEmpty) throw new Malformed('nothing to trust');
  return reader.trust;
}
