/** What goes wrong: each mutation belongs to a stage of making, so that what comes after it is made of its result. */

import { hexDigestOf, text, toBase64, utf8 } from '../src/bytes';
import { chained, type Draft, type Files, ID, info, listing, type Stage } from './making';
import type { Chance } from './random';
import { DEPLOYMENT, edSigner, note, ORIGIN } from './signing';
import { type Put, zipped } from './zipping';

export interface Mutation {
  name: string;
  stage: Stage;
  change(draft: Draft): void;
}

/** One file of those that fit, or none. */
function pick(chance: Chance, files: Files, fits: (path: string) => boolean): string | null {
  const paths = [...files.keys()].filter(fits).sort();
  return paths.length === 0 ? null : chance.one(paths);
}

export function changedBytes(chance: Chance, bytes: Uint8Array): Uint8Array {
  const at = chance.below(bytes.length);
  switch (chance.below(6)) {
    case 0:
      return bytes.map((byte, n) => (n === at ? byte ^ (1 << chance.below(8)) : byte));
    case 1:
      return bytes.map((byte, n) => (n === at ? chance.below(256) : byte));
    case 2:
      return bytes.slice(0, at);
    case 3:
      return Uint8Array.from([...bytes.subarray(0, at), ...chance.bytes(1 + chance.below(4)), ...bytes.subarray(at)]);
    case 4:
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + chance.below(8))]);
    default: {
      const to = chance.below(bytes.length);
      return Uint8Array.from([...bytes.subarray(0, Math.min(at, to)), ...bytes.subarray(Math.max(at, to))]);
    }
  }
}

const ODD = ['', ' ', '\t', '\r', '0', '00', '-1', '+', '=', 'none', '\u00e9', 'e\u0301', '\u0000', '\u007f', '\u0085', '\u2028', '\ufeff', '18446744073709551615', '18446744073709551616', '9007199254740993', '—', 'A'.repeat(300)];

export function changedText(chance: Chance, bytes: Uint8Array): Uint8Array {
  const content = text(bytes);
  if (content === null || content === '') return changedBytes(chance, bytes.length === 0 ? utf8('x') : bytes);
  const lines = content.split('\n');
  const at = chance.below(lines.length);
  const line = lines[at] ?? '';
  const place = chance.below(line.length + 1);
  switch (chance.below(10)) {
    case 0:
      lines.splice(at, 1);
      break;
    case 1:
      lines.splice(at, 0, line);
      break;
    case 2:
      [lines[at], lines[(at + 1) % lines.length]] = [lines[(at + 1) % lines.length] ?? '', line];
      break;
    case 3:
      lines[at] = line.slice(0, place) + chance.one(ODD) + line.slice(place);
      break;
    case 4:
      lines[at] = line.slice(0, place) + line.slice(place + 1);
      break;
    case 5:
      lines[at] = line.replace(/[0-9]+/, (number) => chance.one(['0', `0${number}`, String(Number(number) + 1), '18446744073709551615', '18446744073709551616', '-1']));
      break;
    case 6:
      lines[at] = chance.in(2) ? line.toUpperCase() : line.toLowerCase();
      break;
    case 7:
      lines.splice(at, 0, chance.one(ODD));
      break;
    case 8:
      lines[at] = line.replace(/\S+$/, () => chance.one(ODD));
      break;
    default:
      return utf8(chance.in(2) ? content.replaceAll('\n', '\r\n') : chance.in(2) ? content.slice(0, -1) : `${content}${chance.one(['\n', ' ', '\ufeff', 'x'])}`);
  }
  return utf8(lines.join('\n'));
}

const VALUES = ['null', 'true', '""', '"x"', '0', '-0', '1', '-1', '1.0', '1e2', '1e400', '9007199254740991', '9007199254740992', '18446744073709551615', '[]', '{}', '["a"]', '"\\ud800"', '"\\uffff"', '"\\ud83d\\ude00"', `${'['.repeat(40)}${']'.repeat(40)}`, `${'['.repeat(29)}${']'.repeat(29)}`, '"2026-02-30T00:00:00.000Z"', '"2026-11-23T01:41:31.000Z"', '"2026-11-23T01:41:60.000Z"', '"void"', '"absent"', '"3-4"', '"3,4"', '"none"', `"${'0'.repeat(64)}"`, `"${'A'.repeat(64)}"`, '3', '4', '2', '"data/items/0001.jpg"', '"data/items/0002.jpg"', '"record/2"', '"record/1"', '"record/01"', '"form/2"', '"closed"', '"reopened"', '"opened"', '"given-up"', `"${ID}"`, '"01a20610-c4e0-7162-a364-65666768696a"', '"bureau.example/log/officer/o-0001"', '"bureau.example/log/device/t-0002"'];

/** Changes one place of a JSON text without reading it whole: fields, values, spacing. */
export function changedJson(chance: Chance, content: string): string {
  const fields = [...content.matchAll(/"([a-z_0-9]+)":("(?:[^"\\]|\\.)*"|-?[0-9.]+|true|false|null)/g)];
  const field = fields.length > 0 ? chance.one(fields) : null;
  if (!field) return `${content} `;
  const [whole, key, value] = [field[0], field[1] ?? '', field[2] ?? ''];
  const at = field.index;
  const put = (instead: string): string => content.slice(0, at) + instead + content.slice(at + whole.length);
  switch (chance.below(8)) {
    case 0:
      return put('').replace(/,,|\{,|,\}/, (sign) => (sign === ',,' ? ',' : sign.replace(',', '')));
    case 1:
    case 2:
    case 3:
      return put(`"${key}":${chance.one(VALUES)}`);
    case 4:
      return put(`${whole},"${chance.in(2) ? key : 'x_unknown'}":${chance.one(VALUES)}`);
    case 5:
      return put(`"${chance.one([`${key}x`, key.toUpperCase(), '\\u0061', ''])}":${value}`);
    case 6:
      return put(chance.one([`"${key}" : ${value}`, `"${key}":\t${value}`, `"${key}":${value},`, `"${key}"${value}`, `"${key}":\u00a0${value}`, `/* */${whole}`, `"${key}":'x'`]));
    default: {
      const other = chance.one(fields);
      return put(`"${key}":${other[2] ?? value}`);
    }
  }
}

const CODED = (path: string): boolean => path.endsWith('.json');
const inDraft = (name: string, stage: Stage, change: (draft: Draft) => void): Mutation => ({ name, stage, change });
const edit = (files: Files, path: string | null, change: (bytes: Uint8Array) => Uint8Array): void => {
  const bytes = path === null ? undefined : files.get(path);
  if (path !== null && bytes) files.set(path, change(bytes));
};

function files(stage: Stage, of: (draft: Draft) => Files, fits: (path: string) => boolean): Mutation[] {
  return [
    inDraft(`${stage}: a byte`, stage, (d) => edit(of(d), pick(d.chance, of(d), fits), (bytes) => changedBytes(d.chance, bytes))),
    inDraft(`${stage}: a line`, stage, (d) => edit(of(d), pick(d.chance, of(d), (path) => fits(path) && !/\.(jpg|zip|salt)$/.test(path)), (bytes) => changedText(d.chance, bytes))),
    inDraft(`${stage}: a second line`, stage, (d) => edit(of(d), pick(d.chance, of(d), (path) => fits(path) && !/\.(jpg|zip|salt)$/.test(path)), (bytes) => changedText(d.chance, bytes))),
    inDraft(`${stage}: a file less`, stage, (d) => {
      const path = pick(d.chance, of(d), fits);
      if (path !== null) of(d).delete(path);
    }),
    inDraft(`${stage}: a file more`, stage, (d) => {
      const path = d.chance.one(['data/items/0003.jpg', 'data/x', 'x.txt', 'seal/x', 'seal/keys/x.vkey', 'seal/keys/x.entry', 'seal/keys/x', 'seen/checkpoint', 'seen/checkpoint.tsa.tsr', 'manifest-md5.txt', 'manifest-sm3.txt', 'tagmanifest-sm3.txt', 'tagmanifest-sha512.txt', 'seal/tagmanifest.p7s', 'fetch.txt', 'data/receipt/receipt', `data/packet-${ID}.zip`, 'data/decisions/9.note', 'data/receipt/keys/x.revoked', 'data/receipt/keys/x.vkey', 'data/custody-after.log']);
      const donor = pick(d.chance, of(d), () => true);
      of(d).set(path, d.chance.in(3) || donor === null ? utf8('x') : (of(d).get(donor) ?? utf8('x')));
    }),
    inDraft(`${stage}: two files swapped`, stage, (d) => {
      const [a, b] = [pick(d.chance, of(d), fits), pick(d.chance, of(d), fits)];
      const [x, y] = [of(d).get(a ?? ''), of(d).get(b ?? '')];
      if (a !== null && b !== null && x && y) of(d).set(a, y).set(b, x);
    }),
    inDraft(`${stage}: empty`, stage, (d) => edit(of(d), pick(d.chance, of(d), fits), () => new Uint8Array())),
  ];
}

const rewritten = (draft: Draft): void => {
  draft.files.set('data/custody.log', utf8(draft.rechain ? chained(draft.custody, '0'.repeat(64)) : draft.custody.map((line) => `${line}\n`).join('')));
};

const EVENTS = [
  '"event":"reopened","voided":[]', '"event":"reopened","voided":["x"]', '"event":"closed","items":2,"captures":"3-4"', '"event":"voided","capture_seq":3,"reason":"blurred"', '"event":"voided","capture_seq":9,"reason":"blurred"', '"event":"given-up","reason":"x"', '"event":"kind-changed","kind":"other"', '"event":"party","presence":"absent"', '"event":"described","fields":["a"]', '"event":"described","fields":"a"', '"event":"shot","capture_seq":3,"shot":"detail"', '"event":"recovered","captures":"3-4"', '"event":"recovered","captures":[3]', '"event":"recovered","captures":1', '"event":"future"', '"event":"received","zip_sha256":"x"', '"event":"opened","packet":"x","kind":"billboard"', '"event":7', '"event":"looked-at","what":"x"', '"event":"exported"',
];

const custody: Mutation[] = [
  ...[1, 2, 3, 4].map((n) =>
    inDraft(`custody: a field (${String(n)})`, 'content', (d) => {
      const at = d.chance.below(d.custody.length);
      d.custody[at] = changedJson(d.chance, d.custody[at] ?? '');
      rewritten(d);
    }),
  ),
  inDraft('custody: an event more', 'content', (d) => {
    d.custody.splice(d.chance.below(d.custody.length + 1), 0, `{"n":0,"prev":"","at":"2026-11-23T01:50:00.000Z","boot_id":"b","boot_ms":1,${d.chance.one(EVENTS)}}`);
    rewritten(d);
  }),
  inDraft('custody: an event less, or moved', 'content', (d) => {
    const [line] = d.custody.splice(d.chance.below(d.custody.length), 1);
    if (d.chance.in(2) && line !== undefined) d.custody.splice(d.chance.below(d.custody.length + 1), 0, line);
    rewritten(d);
  }),
  inDraft('custody: a line twice', 'content', (d) => {
    const at = d.chance.below(d.custody.length);
    d.custody.splice(at, 0, d.custody[at] ?? '');
    rewritten(d);
  }),
  inDraft('custody: not chained', 'content', (d) => {
    d.rechain = false;
    rewritten(d);
  }),
];

const json: Mutation[] = [1, 2, 3, 4, 5].map((n) =>
  inDraft(`json: a field (${String(n)})`, 'content', (d) => {
    const path = n < 4 ? 'data/record.json' : pick(d.chance, d.files, CODED);
    edit(d.files, path, (bytes) => utf8(changedJson(d.chance, text(bytes) ?? '')));
  }),
);

const SMALL = ['0100000000000000000000000000000000000000000000000000000000000000', '0000000000000000000000000000000000000000000000000000000000000000', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'];
const ofHex = (spelt: string): Uint8Array => Uint8Array.from(spelt.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

function oddKey(chance: Chance): string {
  const name = chance.one([DEPLOYMENT.second.name, DEPLOYMENT.first.name, 'elsewhere.example/x', `${ORIGIN}/device/t-0001`]);
  const material = chance.in(2) ? Uint8Array.from([chance.one([1, 4, 2, 3, 5, 255]), ...ofHex(chance.one(SMALL))]) : Uint8Array.from([1, ...chance.bytes(chance.one([31, 32, 33]))]);
  const id = hexDigestOf(Uint8Array.from([...utf8(name), 10, ...material])).slice(0, 8);
  return `${name}+${chance.in(4) ? '00000000' : id}+${toBase64(material)}\n`;
}

const keys: Mutation[] = [
  inDraft('keys: an odd key', 'content', (d) => d.files.set('seal/keys/odd.vkey', utf8(oddKey(d.chance)))),
  inDraft('keys: an odd key in the place of one', 'content', (d) => edit(d.files, pick(d.chance, d.files, (path) => path.endsWith('.vkey')), () => utf8(oddKey(d.chance)))),
  inDraft('keys: an entry by somebody else', 'content', (d) => {
    const by = d.chance.one([DEPLOYMENT.stranger, DEPLOYMENT.log, DEPLOYMENT.first, edSigner(`${ORIGIN}/authority`, 77)]);
    edit(d.files, pick(d.chance, d.files, (path) => path.endsWith('.entry')), (bytes) => utf8(note((text(bytes) ?? '').split('\n\n')[0]?.concat('\n') ?? '', by)));
  }),
  inDraft('keys: an entry that says something else', 'content', (d) =>
    edit(d.files, pick(d.chance, d.files, (path) => path.endsWith('.entry')), (bytes) => {
      const said = (text(bytes) ?? '').split('\n\n')[0]?.concat('\n') ?? '';
      return utf8(note(text(changedText(d.chance, utf8(said))) ?? said, DEPLOYMENT.authority));
    }),
  ),
  inDraft('seal: other signers', 'seal', (d) => {
    const all = Object.values(DEPLOYMENT);
    d.signers = d.chance.in(2) ? d.signers.filter(() => !d.chance.in(3)) : [...d.signers, d.chance.one(all)];
    if (d.signers.length === 0) d.signers = [d.chance.one(all)];
  }),
  inDraft('seal: another key of a name', 'seal', (d) => {
    const at = d.chance.below(d.signers.length);
    const name = d.signers[at]?.name ?? '';
    d.signers[at] = edSigner(name, 90);
    if (d.chance.in(2)) d.files.set('seal/keys/late.vkey', utf8(`${d.signers[at].vkey}\n`));
  }),
  inDraft('seal: one key for two', 'content', (d) => {
    d.files.set('seal/keys/officer-o-0002.vkey', utf8(`${edSigner(DEPLOYMENT.second.name, 17).vkey}\n`));
  }),
];

const seals: Mutation[] = [1, 2, 3].map((n) => inDraft(`seal: its text (${String(n)})`, 'seal', (d) => (d.sealText = text(changedText(d.chance, utf8(d.sealText))) ?? d.sealText)));
const CAPTURES = ['none', '3', '3,4', '3-4,6', '4-3', '3-3', '3-5', '0-4', '1-2', '3-4,5', '3-4,4', '18446744073709551615', '3-18446744073709551615', '03-4'];
seals.push(
  inDraft('seal: captures', 'seal', (d) => (d.sealText = d.sealText.replace(/captures .*/, `captures ${d.chance.one(CAPTURES)}`))),
  inDraft('seal: sequence', 'seal', (d) => (d.sealText = d.sealText.replace(/device-seq .*/, `device-seq ${d.chance.one(['0', '2', '18446744073709551615', '9007199254740993'])}`))),
  inDraft('seal: seen', 'seal', (d) => (d.sealText = d.sealText.replace(/seen-checkpoint .*/, () => `seen-checkpoint ${d.chance.one(['none', `0 ${toBase64(new Uint8Array(32))}`, `3 ${toBase64(new Uint8Array(31))}`, `3 ${toBase64(new Uint8Array(32))}`, '3'])}`))),
  inDraft('seal: tokens', 'seal', (d) => (d.sealText = d.sealText.replace(/seen-tsr .*/, () => d.chance.one([`seen-tsr tsa ${'0'.repeat(64)}`, `seen-tsr a ${'0'.repeat(64)}\nseen-tsr b ${'1'.repeat(64)}`, `seen-tsr b ${'0'.repeat(64)}\nseen-tsr a ${'1'.repeat(64)}`, `seen-tsr -a ${'0'.repeat(64)}`, `seen-tsr ${'a'.repeat(33)} ${'0'.repeat(64)}`, 'seen-tsr none\nseen-tsr none'])))),
  inDraft('seal: names another', 'seal', (d) => (d.sealText = d.sealText.replace(ID, d.chance.one(['01a20610-c4e0-7162-a364-65666768696a', ID.toUpperCase(), '01a20610-c4e0-4162-a364-65666768696a'])))),
  inDraft('seal: another origin', 'seal', (d) => (d.sealText = d.sealText.replace(ORIGIN, d.chance.one(['other.example/log', `${ORIGIN}/x`, 'bureau.example'])))),
  inDraft('seal: an SM3 manifest', 'seal', (d) => {
    d.sealText = d.sealText.replace('closed-at', `tagmanifest-sm3 ${'a'.repeat(64)}\nclosed-at`);
    if (d.chance.in(2)) d.files.set('tagmanifest-sm3.txt', utf8('x'));
  }),
);

const resealed: Mutation[] = [
  inDraft('bag: manifests say otherwise', 'bag', (d) => {
    d.files.set('manifest-sha256.txt', utf8(listing(d.files, (path) => path.startsWith('data/') && !d.chance.in(4))));
  }),
  inDraft('bag: another order of lines', 'bag', (d) => {
    const lines = (text(d.files.get('manifest-sha256.txt') ?? new Uint8Array()) ?? '').split('\n').slice(0, -1).reverse();
    d.files.set('manifest-sha256.txt', utf8(`${lines.join('\n')}\n`));
  }),
  inDraft('bag: another spelling', 'bag', (d) => {
    const change = d.chance.one<(line: string) => string>([(line) => line.toUpperCase(), (line) => line.replace('  ', ' *'), (line) => line.replace('  ', ' '), (line) => line.replace('  data', '  ./data'), (line) => line.replace('.jpg', '%2Ejpg'), (line) => `${line}\r`]);
    edit(d.files, 'manifest-sha256.txt', (bytes) => utf8((text(bytes) ?? '').split('\n').map((line) => (line === '' || d.chance.in(2) ? line : change(line))).join('\n')));
  }),
  inDraft('bag: bag-info', 'bag', (d) => {
    const said = info(d.files);
    d.files.set('bag-info.txt', utf8(d.chance.one([said.replace('Bagging-Date: 2026-11-23', 'Bagging-Date: yesterday'), said.replace(/Bagging-Date.*\n/, ''), said.replace(/BagIt-Profile.*\n/, ''), said.replace('urn:fieldseal', 'urn:other'), `${said}Payload-Oxum: 1.1\n`, `${said}External-Identifier: x\n`, `${said}Contact-Name: x\n`, said.replace('External-Identifier: ', 'External-Identifier:'), said.replace('External-Identifier: ', 'external-identifier: '), said.replace('2026-11-23', '2026-11-23\n  more'), said.replace(': fieldseal', ':\n fieldseal'), `${said}\n`, `${said}no colon\n`, ` ${said}`, said.replaceAll('\n', '\r\n'), said.slice(0, -1), said.replace(/(External-Identifier: )(.*)/, '$1 $2 '), said.replace(': 2026-11-23', ': 2026-02-30'), said.replace(/(Payload-Oxum: )/, '$10')])));
  }),
];

const swapNames = (puts: Put[], chance: Chance, change: (put: Put) => void): void => change(chance.one(puts));
const EXTRA = (id: number, size: number, given = size): Uint8Array => Uint8Array.from([id & 255, id >> 8, given & 255, given >> 8, ...new Uint8Array(size)]);

function entries(stage: 'entries' | 'outer-entries', of: (draft: Draft) => Put[]): Mutation[] {
  const put = (name: string, change: (one: Put, chance: Chance, all: Put[]) => void): Mutation => inDraft(`${stage}: ${name}`, stage, (d) => swapNames(of(d), d.chance, (one) => change(one, d.chance, of(d))));
  return [
    put('name', (one, chance) => (one.name = chance.one([`${one.name}/`, one.name.replace('/', '//'), `/${one.name}`, one.name.replace('/', '\\'), one.name.toUpperCase(), `${one.name}\u0301`, one.name.replace('/', '/../'), one.name.replace('/', '/./'), `${one.name}:x`, `${one.name}\u0007`, `${one.name}\u0085`, `${one.name}${'x'.repeat(600)}`, 'x', '', one.name.slice(one.name.indexOf('/') + 1), `${one.name} `, `${one.name}.`]))),
    put('twin', (one, chance, all) => all.splice(chance.below(all.length), 0, { ...one, name: chance.one([one.name, one.name.toUpperCase(), one.name.toLowerCase(), one.name.replace(/0001/, '0001\u0301'), `${one.name}/`, `${one.name}/x`, `${one.name.split('/')[0] ?? ''}/É`, `${one.name.split('/')[0] ?? ''}/é`]) })),
    put('folder', (one, chance, all) => all.splice(chance.below(all.length), 0, { name: `${one.name.split('/')[0] ?? ''}/${chance.one(['', 'data/', 'empty/', 'data/items/'])}`, bytes: chance.in(4) ? utf8('x') : new Uint8Array(), central: { external: chance.one([0, 0x10, (0o040755 << 16) >>> 0, ((0o040755 << 16) | 0x10) >>> 0, (0o100644 << 16) >>> 0]) } })),
    put('flags', (one, chance) => (one[chance.one(['both', 'local', 'central'] as const)] = { flags: chance.one([0, 1, 8, 0x0808, 0x0801, 0x0840, 0x2800, 0x0802]) })),
    put('method', (one, chance) => (one[chance.one(['both', 'local', 'central'] as const)] = { method: chance.one([8, 99, 1]) })),
    put('sizes', (one, chance) => (one[chance.one(['both', 'local', 'central'] as const)] = { [chance.one(['size', 'packed', 'crc', 'time', 'version'] as const)]: chance.one([0, 1, one.bytes.length + 1, 0xffffffff, 45, 10]) })),
    put('central', (one, chance) => (one.central = { [chance.one(['madeBy', 'disk', 'internal', 'external', 'header', 'version'] as const)]: chance.one([0, 1, 0x0314, 0x10, 0xffffffff, 0xffff, (0o120777 << 16) >>> 0, (0o100755 << 16) >>> 0, (0o040755 << 16) >>> 0, (0o644 << 16) >>> 0, (0o020644 << 16) >>> 0]) })),
    put('a system', (one, chance) => (one.central = { madeBy: chance.one([0x0014, 0x0b14, 0x1314]), external: chance.one([0, 0x10, 0x20, (0o120777 << 16) >>> 0]) })),
    put('extra', (one, chance) => (one[chance.one(['both', 'local', 'central'] as const)] = { extra: chance.one([EXTRA(1, 0), EXTRA(1, 8), EXTRA(1, 16), EXTRA(0x5455, 5), EXTRA(0x7875, 11), EXTRA(0x7855, 4), EXTRA(0x5455, 5, 9), EXTRA(0x9999, 2), Uint8Array.of(1), Uint8Array.from([...EXTRA(0x5455, 5), ...EXTRA(0x5455, 5)])]) })),
    put('comment', (one) => (one.central = { comment: utf8('x') })),
    put('name in one header', (one, chance) => (one[chance.one(['local', 'central'] as const)] = { name: chance.one([utf8(`${one.name}x`), utf8(one.name.slice(1)), Uint8Array.of(0xff, 0x2f, 0x41)]) })),
    put('order', (one, chance, all) => {
      all.splice(all.indexOf(one), 1);
      all.splice(chance.below(all.length + 1), 0, one);
    }),
    put('top folder', (one, chance, all) => {
      const top = chance.one(['x', 'packet-x', `packet-${ID.toUpperCase()}`, 'packet-01a20610-c4e0-7162-a364-65666768696a', '..', 'evidence']);
      for (const each of chance.in(2) ? all : [one]) each.name = each.name.replace(/^[^/]*/, top);
    }),
  ];
}

const bytes = (stage: 'zip' | 'outer-zip', of: (d: Draft) => Uint8Array, set: (d: Draft, bytes: Uint8Array) => void): Mutation[] => [
  inDraft(`${stage}: a byte`, stage, (d) => set(d, changedBytes(d.chance, of(d)))),
  inDraft(`${stage}: a byte near the end`, stage, (d) => {
    const all = of(d);
    const at = all.length - 1 - d.chance.below(Math.min(all.length, 120));
    set(d, all.map((byte, n) => (n === at ? byte ^ (1 << d.chance.below(8)) : byte)));
  }),
];

const ends: Mutation[] = [
  inDraft('entries: the end', 'entries', (d) => (d.end = d.chance.one([{ count: 1 }, { here: 1 }, { size: 1 }, { start: 0 }, { comment: utf8('x') }, { gap: utf8('x') }, { before: utf8('x') }, { count: 0xffff }, { size: 0xffffffff }, { count: 0 }]))),
  inDraft('zip: as it should not be', 'zip', (d) => (d.zip = d.chance.one([new Uint8Array(), utf8('PK'), new Uint8Array(22), zipped([]), zipped([{ name: 'x', bytes: utf8('y') }]), zipped([{ name: 'x/', bytes: new Uint8Array() }]), zipped([{ name: `packet-${ID}/a`, bytes: utf8('y') }])]))),
];

const sized = (d: Draft, path: string, change: (said: string) => string): void => edit(d.outer, path, (was) => utf8(change(text(was) ?? '')));
const RECEIPT = 'data/receipt/';

const exportsOnly: Mutation[] = [
  ...[1, 2].map((n) => inDraft(`after: a field (${String(n)})`, 'receipt', (d) => sized(d, 'data/custody-after.log', (said) => {
    const lines = said.split('\n').slice(0, -1);
    const at = d.chance.below(lines.length);
    lines[at] = changedJson(d.chance, lines[at] ?? '');
    return chained(lines, hexDigestOf(d.files.get('seal/packet.seal') ?? new Uint8Array()));
  }))),
  inDraft('after: an event more', 'receipt', (d) => sized(d, 'data/custody-after.log', (said) => {
    const lines = said.split('\n').slice(0, -1);
    lines.splice(d.chance.below(lines.length + 1), 0, `{"n":0,"prev":"","at":"2026-11-23T01:50:00.000Z",${d.chance.one([...EVENTS, '"event":"logged","leaf_index":7', '"event":"received","zip_sha256":"' + '0'.repeat(64) + '","zip_size":1', '"event":"decided","decision":"accepted","document_sha256":"' + '0'.repeat(64) + '"', '"event":"decided","decision":"x"'])}}`);
    return chained(lines, hexDigestOf(d.files.get('seal/packet.seal') ?? new Uint8Array()));
  })),
  inDraft('receipt: says otherwise', 'receipt', (d) => sized(d, `${RECEIPT}receipt`, (said) => note(text(changedText(d.chance, utf8(`${said.split('\n\n')[0] ?? ''}\n`))) ?? '', d.chance.in(4) ? DEPLOYMENT.log : DEPLOYMENT.receipts))),
  inDraft('proof: index', 'receipt', (d) => sized(d, `${RECEIPT}packet.tlog-proof`, (said) => said.replace(/index .*/, `index ${d.chance.one(['0', '1', '2', '4', '9', '18446744073709551615', '03', ''])}`))),
  inDraft('proof: hashes', 'receipt', (d) => sized(d, `${RECEIPT}packet.tlog-proof`, (said) => {
    const [head = '', ...rest] = said.split('\n\n');
    const lines = head.split('\n');
    const at = 2 + d.chance.below(Math.max(1, lines.length - 2));
    d.chance.one([() => lines.splice(at, 1), () => lines.splice(at, 0, lines[at] ?? ''), () => (lines[at] = toBase64(d.chance.bytes(d.chance.one([0, 31, 32, 33])))), () => lines.splice(1, 0, `extra ${d.chance.one(['AAAA', '', '*', 'AAA'])}`), () => lines.push(...new Array<string>(70).fill(toBase64(new Uint8Array(32))))])();
    return [lines.join('\n'), ...rest].join('\n\n');
  })),
  inDraft('checkpoint: signed anew', 'receipt', (d) => {
    const change = (said: string): string => {
      const body = `${said.split('\n\n').at(-2)?.split('\n\n').at(-1) ?? ''}\n`;
      const lines = body.split('\n');
      const at = d.chance.below(3);
      lines[at] = d.chance.one(['0', '3', '5', '6', '18446744073709551615', 'bureau.example/log', toBase64(new Uint8Array(32)), 'extension']);
      if (d.chance.in(3)) lines.splice(3, 0, 'extension line');
      return note(lines.join('\n'), d.chance.in(5) ? DEPLOYMENT.stranger : DEPLOYMENT.log);
    };
    const said = text(d.outer.get(`${RECEIPT}checkpoint`) ?? new Uint8Array()) ?? '';
    const made = change(said);
    d.outer.set(`${RECEIPT}checkpoint`, utf8(made));
    if (!d.chance.in(3)) sized(d, `${RECEIPT}packet.tlog-proof`, (proof) => `${proof.slice(0, proof.indexOf('\n\n'))}\n\n${made}`);
  }),
  inDraft('consistency: sizes', 'receipt', (d) => sized(d, `${RECEIPT}consistency`, (said) => said.replace(/^.*\n/, d.chance.one(['3 3\n', '0 5\n', '5 3\n', '3 6\n', '2 5\n', '3  5\n', '3\n', '3 5 7\n'])))),
  inDraft('consistency: hashes', 'receipt', (d) => sized(d, `${RECEIPT}consistency`, (said) => d.chance.one([said.split('\n').slice(0, -2).join('\n') + '\n', `${said}${toBase64(new Uint8Array(32))}\n`, said.slice(0, -1), `${said}\n`, said.replace(/\n.*\n/, `\n${toBase64(new Uint8Array(32))}\n`)]))),
  inDraft('decision: says otherwise', 'receipt', (d) => sized(d, 'data/decisions/1.note', (said) => note(text(changedText(d.chance, utf8(`${said.split('\n\n')[0] ?? ''}\n`))) ?? '', d.chance.in(4) ? DEPLOYMENT.receipts : DEPLOYMENT.decisions))),
  inDraft('keys: a revocation that says otherwise', 'receipt', (d) => sized(d, `${RECEIPT}keys/officer-o-0002.revoked`, (said) => note(text(changedText(d.chance, utf8(`${said.split('\n\n')[0] ?? ''}\n`))) ?? '', d.chance.in(4) ? DEPLOYMENT.stranger : DEPLOYMENT.authority))),
  inDraft('export: the packet under another name', 'receipt', (d) => {
    const path = `data/packet-${ID}.zip`;
    const zip = d.outer.get(path) ?? new Uint8Array();
    if (!d.chance.in(3)) d.outer.delete(path);
    d.outer.set(d.chance.one([`data/packet-${ID.replace('0', '1')}.zip`, 'data/packet-x.zip', 'data/packet-.zip', 'data/x.zip', `data/x/packet-${ID}.zip`, `packet-${ID}.zip`]), zip);
  }),
];

export const MUTATIONS: Mutation[] = [
  ...files('content', (d) => d.files, () => true),
  ...custody,
  ...json,
  ...keys,
  ...files('bag', (d) => d.files, (path) => !path.startsWith('data/')),
  ...resealed,
  ...files('tags', (d) => d.files, () => true),
  ...seals,
  ...files('sealed', (d) => d.files, () => true),
  ...entries('entries', (d) => d.puts),
  ...ends,
  ...bytes('zip', (d) => d.zip, (d, all) => (d.zip = all)),
];

export const OUTER: Mutation[] = [
  ...files('receipt', (d) => d.outer, (path) => path !== `data/packet-${ID}.zip`),
  ...exportsOnly,
  ...exportsOnly,
  ...files('outer-bag', (d) => d.outer, () => true),
  ...entries('outer-entries', (d) => d.outerPuts),
  ...bytes('outer-zip', (d) => d.given, (d, all) => (d.given = all)),
];
