/** What goes wrong with timestamp tokens: bytes, DER, what was signed, who signed, and where they lie. */

import { joined, utf8 } from '../src/bytes';
import { LOGGED_AT, SEEN_AT, seenText, textOf } from './contents';
import { damaged, decode, encode } from './der';
import type { Draft, Files } from './making';
import type { Mutation } from './mutating';
import type { Chance } from './random';
import { type Asks, asks, AUTHORITIES, type Authority, p256Maker, type Place, stamp, STRANGER, TIME_STAMPING } from './stamping';

const ANY = '2.5.29.37.0';
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
const TIMES = ['20251231235959Z', '20260101000000Z', '20261123010000Z', '20261123010000.5Z', '20261123010000.50Z', '20261123010000.1234567891Z', '20261231235959.999Z', '20270101000000Z', '20270101000000.000000001Z', '20270101000001Z', '20280229000000Z', '20270229000000Z', '20261123246000Z', '19691231235959Z', '99991231235959Z', '20261123010060Z', '2026112301Z', '20261123010000+0000'];

/** Another token, as an authority might make it, or nearly. */
function variety(chance: Chance, time: string): Asks {
  const one = asks(chance.in(3) ? chance.one(TIMES) : time);
  const changes: (() => void)[] = [
    () => (one.imprint = chance.one(['sha384', 'sha512', 'sha512', 'sha1'] as const)),
    () => (one.hash = chance.one(['sha384', 'sha512', 'sha1'] as const)),
    () => (one.sid = 'key id'),
    () => (one.ess = chance.one<Asks['ess']>([['v1'], ['v1', 'v2'], ['v2', 'v1'], ['v2 named'], [], ['v2', 'v2']])),
    () => (one.accuracy = chance.one<Asks['accuracy']>([null, [0, 999, 999], [0, 0, 1], [0, 1000, 0], [4294967295, 0, 0], [4294967296, 0, 0], [0, 0, 0]])),
    () => (one.nonce = true),
    () => (one.names = chance.one(['alpha stamps', 'beta stamps', 'gamma stamps', 'x'])),
    () => (one.carried = false),
    () => (one.status = chance.one([1, 2, 5])),
    () => (one.rsaBare = true),
    () => (one.says = chance.one<Asks['says']>([{ keyId: null }, { altName: 'x' }, { odd: true }, { usage: 0x40 }, { usage: 0xc0 }, { usage: 0xe0 }, { usage: 0 }, { usage: 0x20 }, { usage: null }, { critical: false }, { purposes: [] }, { purposes: [ANY] }, { purposes: [TIME_STAMPING, TIME_STAMPING] }, { purposes: [CODE_SIGNING] }, { authority: 0 }, { notAfter: '20261123010500Z' }, { notAfter: '20261123010459Z' }, { notBefore: '20261123010501Z' }, { notAfter: '20500101000000Z' }, { serial: 200 }, { issuer: 'alpha stamps' }, { subject: '' }])),
  ];
  for (let n = 1 + chance.below(3); n > 0; n -= 1) chance.one(changes)();
  return one;
}

const AUTHORITY = (chance: Chance): Authority => (chance.in(8) ? STRANGER : chance.one(Object.values(AUTHORITIES)));

/** A token with something changed before it is signed. */
function tweaked(chance: Chance, time: string): Asks {
  const where = chance.one<Place>(['info', 'info', 'attributes', 'attributes', 'certificate', 'certificate', 'signer', 'signed']);
  return { ...asks(time), says: where === 'certificate' ? { serial: 3 } : {}, tweak: (place, node) => (place === where ? damaged(chance, node) : node) };
}

/** A P-256 certificate of the authority's in which the key is another's. */
const impostor = (by: Authority, seed: number): Authority => ({ ...by, key: p256Maker(seed) });

/** Mutations of the tokens `<stem>.<id>.tsr`, over this message. */
function tokens(stage: 'content' | 'receipt', of: (draft: Draft) => Files, stem: string, time: string, message: (draft: Draft) => Uint8Array): Mutation[] {
  const pick = ({ chance }: Draft, files: Files): string => chance.one([...[...files.keys()].filter((path) => path.startsWith(`${stem}.`) && path.endsWith('.tsr')).sort(), `${stem}.alpha.tsr`]);
  const put = (name: string, make: (draft: Draft, was: Uint8Array) => Uint8Array): Mutation => ({
    name: `${stem}: ${name}`,
    stage,
    change(draft) {
      const path = pick(draft, of(draft));
      of(draft).set(path, make(draft, of(draft).get(path) ?? new Uint8Array()));
    },
  });
  const made = (draft: Draft, one: Asks, by: Authority): Uint8Array => stamp(by, one, message(draft));
  return [
    ...[1, 2, 3].map((n) => put(`another token (${String(n)})`, (d) => made(d, variety(d.chance, time), AUTHORITY(d.chance)))),
    ...[1, 2, 3].map((n) => put(`signed with a change (${String(n)})`, (d) => made(d, tweaked(d.chance, time), AUTHORITY(d.chance)))),
    ...[1, 2, 3].map((n) =>
      put(`DER (${String(n)})`, (d, was) => {
        const tree = decode(was);
        return tree ? encode(damaged(d.chance, tree)) : was;
      }),
    ),
    put('a bit', (d, was) => {
      const at = d.chance.below(Math.max(1, was.length));
      return was.map((byte, n) => (n === at ? byte ^ (1 << d.chance.below(8)) : byte));
    }),
    put('of other bytes', (d) => stamp(AUTHORITY(d.chance), asks(time), joined(message(d), utf8('\n')))),
    put('by a key of nobody', (d) => made(d, asks(time), impostor(AUTHORITIES.beta, 40))),
    put('by a certificate with another key', (d) => made(d, { ...asks(time), says: { serial: 5 } }, impostor(AUTHORITY(d.chance), 41))),
    {
      name: `${stem}: two swapped, or one under another name`,
      stage,
      change(draft) {
        const [a, b] = [pick(draft, of(draft)), draft.chance.one([pick(draft, of(draft)), `${stem}.other.tsr`, `${stem}.Alpha.tsr`, `${stem}..tsr`, `${stem}.${'a'.repeat(65)}.tsr`, `${stem}.alpha.renewed-1.tsr`, `${stem}.alpha.renewed-2.tsr`])];
        const [x, y] = [of(draft).get(a), of(draft).get(b)];
        if (x) of(draft).set(b, x);
        if (y) of(draft).set(a, y);
        else of(draft).delete(a);
      },
    },
  ];
}

export const SEEN: Mutation[] = tokens('content', (d) => d.files, 'seen/checkpoint', SEEN_AT, seenText);

const CHECKPOINT = 'data/receipt/checkpoint';
const renewal = (name: string, make: (draft: Draft, token: Uint8Array) => Uint8Array): Mutation => ({
  name: `renewal: ${name}`,
  stage: 'receipt',
  change(draft) {
    const path = draft.chance.one([...[...draft.outer.keys()].filter((one) => one.startsWith(`${CHECKPOINT}.`) && one.endsWith('.tsr')).sort(), `${CHECKPOINT}.alpha.tsr`]);
    const next = path.replace(/(?:\.renewed-(\d+))?\.tsr$/, (_, n: string | undefined) => `.renewed-${String(Number(n ?? 0) + 1)}.tsr`);
    draft.outer.set(next, make(draft, draft.outer.get(path) ?? new Uint8Array()));
  },
});

export const LOGGED: Mutation[] = [
  ...tokens('receipt', (d) => d.outer, CHECKPOINT, LOGGED_AT, (d) => textOf(d.outer.get(`${CHECKPOINT}`))),
  renewal('good', (d, token) => stamp(AUTHORITY(d.chance), asks('20261205000000Z'), token)),
  renewal('late', (d, token) => stamp(AUTHORITY(d.chance), { ...asks(d.chance.one(['20270101000000Z', '20270101000001Z', '20301231000000Z', '20261231235958.5Z'])), says: { notAfter: '20350101000000Z' } }, token)),
  renewal('another', (d, token) => stamp(AUTHORITY(d.chance), variety(d.chance, '20261205000000Z'), token)),
  renewal('of other bytes', (d, token) => stamp(AUTHORITY(d.chance), asks('20261205000000Z'), token.slice(1))),
];
