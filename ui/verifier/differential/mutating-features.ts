/** What goes wrong with what need not be there: [`./features`], each in its own ways. */

import { hexDigestOf, text, toBase64, utf8 } from '../src/bytes';
import { wordOf } from '../src/challenge';
import { captured, seenText, textOf } from './contents';
import { damaged, decode, encode, type Node, words } from './der';
import { beatToken, chain, challenge, child, CHIP_SAYS, cms, continued, heartbeat, inPem, LINK_SAYS, logRotation, NEXT_LOG, OLD_AUTHORITY, type Signs, signs, TABLET } from './features';
import { chained, type Draft } from './making';
import { changedText, type Mutation } from './mutating';
import type { Chance } from './random';
import { DEPLOYMENT, edSigner, note, ORIGIN, type Signer } from './signing';
import { AUTHORITIES, MAKERS, type Says, STRANGER } from './stamping';

const inDraft = (name: string, stage: Mutation['stage'], change: (draft: Draft) => void): Mutation => ({ name, stage, change });
const rechained = (draft: Draft): void => {
  draft.files.set('data/custody.log', utf8(chained(draft.custody, '0'.repeat(64))));
};
const body = (bytes: Uint8Array | undefined): string => `${(text(bytes ?? new Uint8Array()) ?? '').split('\n\n')[0] ?? ''}\n`;
/** The same note with its text changed, signed anew. */
const again = (chance: Chance, bytes: Uint8Array | undefined, ...by: Signer[]): Uint8Array => utf8(note(text(changedText(chance, utf8(body(bytes)))) ?? '', ...by));
const ANYBODY = (): Signer[] => [DEPLOYMENT.log, DEPLOYMENT.authority, DEPLOYMENT.receipts, DEPLOYMENT.decisions, DEPLOYMENT.device, DEPLOYMENT.hardware, DEPLOYMENT.first, DEPLOYMENT.stranger, NEXT_LOG, edSigner(ORIGIN, 91), edSigner(`${ORIGIN}/authority`, 92), edSigner(`${ORIGIN}/decisions`, 93)];

const drawings: Mutation[] = [
  inDraft('drawing: the record', 'content', (d) => {
    const said = text(d.files.get('data/record.json') ?? new Uint8Array()) ?? '';
    const [first, second] = ['data/items/0001.jpg', 'data/items/0002.jpg'];
    const changes: [string, string][] = [
      ['"presence":"refused"', `"presence":"refused","drawing":${d.chance.one([`"${first}"`, `"${second}"`, '"x"', 'null', '7'])}`],
      [`"path":"${first}"`, `"path":"${first}","kind":${d.chance.one(['"party-drawing"', '"other"', 'null', '7'])}`],
      [`"path":"${first}"`, `"path":"${first}","label":${d.chance.one(['{"zh":"a","en":"b"}', '{"zh":"a"}', '{}', '"x"', 'null', '{"zh":null,"en":"b"}'])}`],
      ['"kind":"party-drawing"', '"kind":"party-drawing","voided":"smeared"'],
    ];
    const [from, to] = d.chance.one(changes);
    d.files.set('data/record.json', utf8(said.replace(from, to)));
  }),
  inDraft('drawing: the capture', 'content', (d) => {
    const at = 1 + d.chance.below(2);
    d.custody[at] = (d.custody[at] ?? '').replace(/"source":"[^"]*"/, d.chance.one(['"source":"party-drawing"', '"source":"camera"', '"source":"import"', '"x":1']));
    rechained(d);
  }),
];

const challenges: Mutation[] = [1, 2].map((n) =>
  inDraft(`challenge: another (${String(n)})`, 'content', (d) => {
    const tokens = [...d.files.keys()].filter((path) => /^seen\/.*\.tsr$/.test(path));
    const token = tokens.length > 0 && !d.chance.in(4) ? hexDigestOf(d.files.get(d.chance.one(tokens)) ?? new Uint8Array()) : hexDigestOf(utf8('abc'));
    const word = d.chance.one([wordOf(token), wordOf(token), '衣茶 PZF1', wordOf(token).toLowerCase(), `${wordOf(token)} `, '']);
    challenge(d, token, word);
    if (d.chance.in(4)) d.custody[2] = (d.custody[2] ?? '').replace('"capture_seq":4', '"capture_seq":3');
    if (d.chance.in(5)) d.custody = d.custody.map((line) => line.replace(/"token_sha256":"/, d.chance.one(['"token_sha256":"A', '"x":"', '"token_sha256":7,"x":"'])));
    rechained(d);
  }),
);

const EMAIL = '1.3.6.1.5.5.7.3.4';
function tabletSays(chance: Chance): Says {
  return { ...TABLET, ...chance.one<Partial<Says>>([{ usage: null }, { usage: 0x20 }, { usage: 0x04 }, { purposes: [] }, { purposes: ['1.3.6.1.5.5.7.3.8'] }, { purposes: ['2.5.29.37.0'] }, { purposes: [EMAIL], critical: true }, { notAfter: '20261123005959Z' }, { notAfter: '20261123010000Z' }, { notBefore: '20261123010000Z' }, { notBefore: '20261123010001Z' }, { issuer: 'maker root' }, { serial: 200 }, { odd: true }, { authority: null }, { keyId: null }]) };
}
function cmsAsked(chance: Chance): Signs {
  const one = signs();
  const where = chance.one(['certificate', 'attributes', 'signer', 'signed'] as const);
  chance.one<() => void>([
    () => (one.says = tabletSays(chance)),
    () => (one.says = tabletSays(chance)),
    () => (one.sid = 'key id'),
    () => (one.carried = false),
    () => (one.seed = chance.one([17, 44])),
    () => (one.tweak = (place, node) => (place === where ? damaged(chance, node) : node)),
    () => (one.tweak = (place, node) => (place === where ? damaged(chance, node) : node)),
    () => (one.tweak = (place, node) => (place === where ? damaged(chance, node) : node)),
  ])();
  return one;
}
const CMS = 'seal/tagmanifest.p7s';
const signatures: Mutation[] = [
  ...[1, 2, 3].map((n) => inDraft(`cms: another (${String(n)})`, 'sealed', (d) => d.files.set(CMS, cms(cmsAsked(d.chance), d.files.get('tagmanifest-sha256.txt') ?? new Uint8Array())))),
  inDraft('cms: of other bytes', 'sealed', (d) => d.files.set(CMS, cms(signs(), utf8('x')))),
  inDraft('cms: DER', 'sealed', (d) => {
    const tree = decode(d.files.get(CMS) ?? cms(signs(), d.files.get('tagmanifest-sha256.txt') ?? new Uint8Array()));
    if (tree) d.files.set(CMS, encode(damaged(d.chance, tree)));
  }),
];

const PEM = 'data/receipt/attestation/device-t-0001.pem';
const linkSays = (chance: Chance): Partial<Says> => chance.one<Partial<Says>>([{ authority: 0 }, { authority: undefined }, { usage: 0x80 }, { usage: null }, { notAfter: '20261123005959Z' }, { notAfter: '20261123010000Z' }, { issuer: 'cms root' }, { odd: true }, { purposes: ['1.3.6.1.5.5.7.3.8'], critical: true }, { subject: 'another' }]);
const attestations: Mutation[] = [
  inDraft('attestation: another', 'receipt', (d) => {
    const nodes = d.chance.one<() => Node[]>([
      () => chain({ ...CHIP_SAYS, ...linkSays(d.chance) }),
      () => chain(CHIP_SAYS, { ...LINK_SAYS, ...linkSays(d.chance) }),
      () => chain(CHIP_SAYS, LINK_SAYS, d.chance.one([17, 46])),
      () => chain(CHIP_SAYS, LINK_SAYS, 16, (tbs) => damaged(d.chance, tbs)),
      () => [...chain(), MAKERS.attestation.root],
      () => [...chain(), MAKERS.attestation.root, MAKERS.cms.root],
      () => [...chain(), MAKERS.cms.root],
      () => chain().reverse(),
      () => chain().slice(0, 1),
      () => [chain()[0] ?? words(''), AUTHORITIES.gamma.root],
      () => [chain()[0] ?? words(''), damaged(d.chance, chain()[1] ?? words(''))],
      () => new Array<Node>(9).fill(MAKERS.attestation.root),
      () => [],
    ])();
    d.outer.set(d.chance.in(6) ? d.chance.one(['data/receipt/attestation/x/y.pem', 'data/receipt/attestation/x.PEM', 'data/receipt/attestation/.pem', 'data/receipt/attestation/é.pem']) : PEM, inPem(nodes));
  }),
  inDraft('attestation: its text', 'receipt', (d) => d.outer.set(PEM, changedText(d.chance, d.outer.get(PEM) ?? inPem(chain())))),
  inDraft('attestation: its text once more', 'receipt', (d) => d.outer.set(PEM, utf8((text(inPem(chain())) ?? '').replace(...d.chance.one<[RegExp, string]>([[/\n/g, '\r\n'], [/^/gm, '\t '], [/$/, 'after'], [/^/, 'before\n'], [/-----END CERTIFICATE-----\n$/, ''], [/=/g, ''], [/-----BEGIN/, '----BEGIN'], [/(-----BEGIN CERTIFICATE-----)/, '$1\n$1']]))))),
];

const BEATS = 'data/receipt/heartbeats/';
const beatOf = ({ chance, outer }: Draft, ending: string): string => chance.one([...[...outer.keys()].filter((path) => path.startsWith(BEATS) && path.endsWith(ending)).sort(), `${BEATS}3${ending}`]);
const devices = (): Signer[] => [DEPLOYMENT.device, DEPLOYMENT.hardware, DEPLOYMENT.formerly, DEPLOYMENT.otherDevice, DEPLOYMENT.first];
const heartbeats: Mutation[] = [
  ...[1, 2].map((n) => inDraft(`heartbeat: says otherwise (${String(n)})`, 'receipt', (d) => {
    const path = beatOf(d, '.note');
    d.outer.set(path, again(d.chance, d.outer.get(path), d.chance.one(devices()), ...(d.chance.in(6) ? [DEPLOYMENT.first] : [])));
  })),
  inDraft('heartbeat: another', 'receipt', (d) => {
    const by = d.chance.one(devices());
    const link = captured(2).link;
    d.outer.set(beatOf(d, '.note'), utf8(d.chance.one([() => heartbeat(by, 2, [3, 4]), () => heartbeat(by, 2, [4]), () => heartbeat(by, 9, [], { seq: 0, link: '0'.repeat(64) }), () => heartbeat(by, 9, [], { seq: 0, link }), () => heartbeat(by, 1, [], { seq: 4, link }), () => heartbeat(by, 1, [], { seq: 3, link }), () => heartbeat(by, 1, [4, 3]), () => heartbeat(by, 1, [3, 3]), () => heartbeat(by, 1, [3], { seq: 2, link }), () => heartbeat(by, 1, [3, 4], { seq: 4, link: '1'.repeat(64) }), () => heartbeat(by, 0, [], { seq: 7, link: '0'.repeat(64) })])()));
  }),
  inDraft('heartbeat: the proof', 'receipt', (d) => {
    const path = beatOf(d, '.tlog-proof');
    const donors = [...d.outer.keys()].filter((one) => one.endsWith('.tlog-proof')).sort();
    d.outer.set(path, d.chance.in(2) ? (d.outer.get(d.chance.one(donors)) ?? utf8('x')) : changedText(d.chance, d.outer.get(path) ?? utf8('x')));
  }),
  inDraft('heartbeat: its checkpoint', 'receipt', (d) => {
    const path = beatOf(d, '.tlog-proof');
    const proof = text(d.outer.get(path) ?? new Uint8Array()) ?? '';
    const at = proof.indexOf('\n\n') + 2;
    const lines = proof.slice(at).split('\n\n')[0]?.split('\n') ?? [];
    lines[d.chance.below(3)] = d.chance.one(['0', '3', '5', '6', ORIGIN, 'other.example/log', toBase64(new Uint8Array(32))]);
    d.outer.set(path, utf8(`${proof.slice(0, at)}${note(`${lines.join('\n')}\n`, d.chance.one(ANYBODY()))}`));
  }),
  inDraft('heartbeat: the token', 'receipt', (d) => {
    const proof = text(d.outer.get(beatOf(d, '.tlog-proof')) ?? new Uint8Array()) ?? '';
    const message = d.chance.in(4) ? seenText(d) : textOf(utf8(proof.slice(proof.indexOf('\n\n') + 2)));
    d.outer.set(beatOf(d, '.tlog-proof').replace('tlog-proof', d.chance.one(['alpha.tsr', 'beta.tsr', 'alpha.renewed-1.tsr', 'x.y.tsr'])), beatToken(d.chance.in(4) ? STRANGER : d.chance.one(Object.values(AUTHORITIES)), message));
  }),
  inDraft('heartbeat: under another index', 'receipt', (d) => {
    const path = beatOf(d, '.note');
    const bytes = d.outer.get(path);
    if (!d.chance.in(3)) d.outer.delete(path);
    if (bytes) d.outer.set(`${BEATS}${d.chance.one(['0', '00', '03', '99', '9223372036854775808', '18446744073709551616', 'x', '7'])}.note`, bytes);
  }),
];

const CHILD = 'data/derived/0001-stamped.jpg';
const children: Mutation[] = [
  ...[1, 2].map((n) => inDraft(`child: says otherwise (${String(n)})`, 'receipt', (d) => {
    if (!d.outer.has(`${CHILD}.note`)) child(d, '0001-stamped.jpg', 'account/zhou', DEPLOYMENT.decisions);
    d.outer.set(`${CHILD}.note`, again(d.chance, d.outer.get(`${CHILD}.note`), d.chance.in(4) ? d.chance.one(ANYBODY()) : DEPLOYMENT.decisions));
  })),
  inDraft('child: another maker', 'receipt', (d) => {
    const by = d.chance.one(ANYBODY());
    child(d, '0001-stamped.jpg', d.chance.one([by.name, by.name, 'account/zhou', `${ORIGIN}/device/t-0001`, `${ORIGIN}/officer/o-0002`, `${ORIGIN}/officer/`, `${ORIGIN}/officer/O`, `${ORIGIN}/decisions`, ' x', 'x\u00a0', '\u00a0', 'x'.repeat(1025)]), by);
  }),
  inDraft('child: another name', 'receipt', (d) => {
    child(d, d.chance.one(['A.jpg', '.jpg', '-.jpg', 'a.note', 'a/b.jpg', `${'a'.repeat(128)}`, `${'a'.repeat(129)}`, 'a..b', 'é.jpg']), 'account/zhou', DEPLOYMENT.decisions);
  }),
  inDraft('child: its parent', 'receipt', (d) => {
    if (!d.outer.has(`${CHILD}.note`)) child(d, '0001-stamped.jpg', 'account/zhou', DEPLOYMENT.decisions);
    const said = body(d.outer.get(`${CHILD}.note`));
    d.outer.set(`${CHILD}.note`, utf8(note(said.replace(/parent-path .*/, `parent-path ${d.chance.one(['data/items/0002.jpg', 'data/items/9.jpg', 'data/record.json', 'data/items/', 'x'])}`), DEPLOYMENT.decisions)));
  }),
  inDraft('child: the file', 'receipt', (d) => d.chance.one<() => void>([() => d.outer.set(CHILD, utf8('x')), () => d.outer.delete(CHILD), () => d.outer.delete(`${CHILD}.note`), () => d.outer.set('data/derived/stray.jpg', utf8('x')), () => d.outer.set('data/derived/x/stray.jpg', utf8('x')), () => d.outer.set('data/derived/x.note.note', utf8('x'))])()),
];

const LOG = 'data/receipt/log/';
const logs: Mutation[] = [
  inDraft('log: another rotation', 'receipt', (d) => {
    const [from, to] = [d.chance.one([DEPLOYMENT.log, DEPLOYMENT.log, NEXT_LOG, DEPLOYMENT.authority]), d.chance.one([NEXT_LOG, NEXT_LOG, edSigner(ORIGIN, 29), DEPLOYMENT.log, DEPLOYMENT.hardware, edSigner(ORIGIN, 29, 4)])];
    const by = d.chance.one<Signer[]>([[DEPLOYMENT.log, DEPLOYMENT.authority], [DEPLOYMENT.log], [DEPLOYMENT.authority], [from, DEPLOYMENT.authority], [DEPLOYMENT.log, edSigner(`${ORIGIN}/authority`, 92)], [DEPLOYMENT.log, DEPLOYMENT.authority, to]]);
    d.outer.set(`${LOG}${d.chance.one(['1', '2', '3', '01', '17'])}.rotated`, utf8(logRotation(from, to, ...by)));
  }),
  inDraft('log: a rotation says otherwise', 'receipt', (d) => d.outer.set(`${LOG}1.rotated`, again(d.chance, d.outer.get(`${LOG}1.rotated`) ?? utf8(logRotation(DEPLOYMENT.log, NEXT_LOG, DEPLOYMENT.log)), DEPLOYMENT.log, DEPLOYMENT.authority))),
  inDraft('log: a line of a rotation', 'receipt', (d) => d.outer.set(`${LOG}1.rotated`, changedText(d.chance, d.outer.get(`${LOG}1.rotated`) ?? utf8(logRotation(DEPLOYMENT.log, NEXT_LOG, DEPLOYMENT.log, DEPLOYMENT.authority))))),
  inDraft('log: another continuation', 'receipt', (d) => d.outer.set(`${LOG}continued`, again(d.chance, d.outer.get(`${LOG}continued`) ?? utf8(continued()), ...d.chance.one<Signer[]>([[DEPLOYMENT.authority], [OLD_AUTHORITY], [DEPLOYMENT.authority, edSigner(`${ORIGIN}/authority`, 92)], [DEPLOYMENT.log]])))),
  inDraft('log: the proof of a continuation', 'receipt', (d) => {
    const path = `${LOG}continued.tlog-proof`;
    const donors = [...d.outer.keys()].filter((one) => one.endsWith('.tlog-proof')).sort();
    if (d.chance.in(4)) d.outer.delete(path);
    else d.outer.set(path, d.chance.in(2) ? (d.outer.get(d.chance.one(donors)) ?? utf8('x')) : changedText(d.chance, d.outer.get(path) ?? utf8('x')));
  }),
];

export const FEATURES: Mutation[] = [...drawings, ...challenges, ...signatures];
export const FEATURES_OUTER: Mutation[] = [...attestations, ...heartbeats, ...children, ...logs];
