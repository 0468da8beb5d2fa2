/** Record and form, and what they say against packet and custody log: docs/spec/packet.md, "data/record.json". */

import { capturesBySeq, checkFix, type Log, onEarth } from './custody';
import { isObject, type Json, JsonNumber, NotJson, parseJson } from './json';
import type { Findings } from './report';
import { Misshapen, Shape } from './shape';
import { small, type Tree } from './tree';

export const RECORD = 'data/record.json';
export const FORM = 'data/form.json';
const MOST_MAJOR = 2 ** 32;
const MOST_JSON = 4 << 20;

export interface Item {
  path: string;
  sha256: string;
  size: number;
  mediaType: string;
  seq: number;
  capturedAt: string;
  voided: string | null;
  kind: string | null;
}

/** Of an item, and of the capture that it is: drawn by the party on the screen. */
const DRAWING = 'party-drawing';

export interface Record {
  packet: string;
  kind: string;
  device: string;
  officers: string[];
  fix: Json | null;
  onEarth: boolean;
  party: string | null;
  drawing: string | null;
  items: Item[];
  supplements: string | null;
  voidReason: string | null;
}

/** A text in both languages. */
function bilingual(within: Shape, name: string): void {
  const both = within.inner(name);
  both.string('zh');
  both.string('en');
}

function itemOf(value: Json): Item {
  const item = Shape.of(value, 'items');
  item.maybeString('shot');
  item.maybeString('original_name');
  item.maybe('label', (name) => bilingual(item, name));
  return {
    path: item.string('path'),
    sha256: item.digest('sha256'),
    size: item.count('size'),
    mediaType: item.string('media_type'),
    seq: item.count('capture_seq'),
    capturedAt: item.time('captured_at'),
    voided: item.maybeString('voided'),
    kind: item.maybeString('kind'),
  };
}

function officerOf(value: Json): string {
  const officer = Shape.of(value, 'officers');
  officer.oneOf('role', ['lead', 'second']);
  officer.string('name');
  officer.string('badge');
  return officer.string('key');
}

function recordOf(shape: Shape): Record {
  const where = shape.inner('where');
  for (const name of ['no_fix_reason', 'address', 'floor', 'unit', 'point', 'ticket', 'campaign']) where.maybeString(name);
  where.maybe('fix', (name) => checkFix(where.inner(name)));
  const moments = shape.inner('when');
  for (const name of ['first_capture_at', 'last_capture_at']) moments.maybe(name, (field) => moments.time(field));
  moments.string('zone');
  for (const name of ['team', 'item_code', 'note']) shape.maybeString(name);
  shape.inner('facts');
  const party = shape.maybe('party', (name) => shape.inner(name));
  for (const name of ['name', 'note']) party?.maybeString(name);
  const supplements = shape.maybe('supplements', (name) => shape.inner(name));
  supplements?.digest('seal_sha256');
  return {
    packet: shape.packetId('packet'),
    kind: shape.string('kind'),
    device: shape.string('device'),
    officers: shape.list('officers').map(officerOf),
    fix: where.raw('fix') ?? null,
    onEarth: where.maybe('fix', (name) => onEarth(where.inner(name))) ?? true,
    party: party?.string('presence') ?? null,
    drawing: party?.maybeString('drawing') ?? null,
    items: shape.list('items').map(itemOf),
    supplements: supplements?.string('packet') ?? null,
    voidReason: shape.maybeString('void_reason'),
  };
}

/** Reads one of the two documents; what stands in the way is a finding. */
async function read<T>(tree: Tree, path: string, schema: string, take: (shape: Shape) => T, findings: Findings): Promise<T | null> {
  if (!tree.has(path)) {
    findings.add('record-missing', path);
    return null;
  }
  const bytes = await small(tree, path, MOST_JSON);
  try {
    if (!bytes) throw new NotJson('too large');
    const shape = Shape.of(parseJson(bytes), 'not an object');
    const said = shape.string('schema');
    if (said !== `${schema}/1`) {
      const major = said.startsWith(`${schema}/`) ? /^[1-9][0-9]{0,9}$/.exec(said.slice(schema.length + 1))?.[0] : undefined;
      if (major === undefined || Number(major) >= MOST_MAJOR) throw new Misshapen('schema');
      findings.add('schema-unknown', path, said);
      return null;
    }
    return take(shape);
  } catch (cause) {
    if (!(cause instanceof Misshapen || cause instanceof NotJson)) throw cause;
    findings.add('record-malformed', path, cause.message);
    return null;
  }
}

export const readRecord = (tree: Tree, findings: Findings): Promise<Record | null> => read(tree, RECORD, 'record', recordOf, findings);

const TYPES = ['choice', 'choices', 'integer', 'decimal', 'text', 'date', 'yes-no'] as const;

function formOf(shape: Shape): string {
  shape.string('version');
  bilingual(shape, 'name');
  bilingual(shape, 'short_name');
  for (const value of shape.list('fields')) {
    const field = Shape.of(value, 'fields');
    field.string('id');
    field.oneOf('type', TYPES);
    bilingual(field, 'label');
    field.maybe('expected', (name) => field.bool(name));
  }
  for (const value of shape.list('shots')) {
    const shot = Shape.of(value, 'shots');
    shot.string('id');
    bilingual(shot, 'label');
    shot.maybe('expected', (name) => shot.bool(name));
  }
  return shape.string('kind');
}

export const readForm = (tree: Tree, findings: Findings): Promise<string | null> => read(tree, FORM, 'form', formOf, findings);

/** The same value, whatever the order of an object's keys. */
export function same(a: Json, b: Json): boolean {
  if (a instanceof JsonNumber && b instanceof JsonNumber) return Number(a.spelt) === Number(b.spelt);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((value, n) => same(value, b[n] ?? null));
  if (isObject(a) && isObject(b)) return a.size === b.size && [...a].every(([key, value]) => b.has(key) && same(value, b.get(key) ?? null));
  return a === b;
}

/** Record against the files: every item once, with its digest and size. */
export function checkItems(record: Record, tree: Tree, findings: Findings): void {
  const seen = new Set<string>();
  for (const item of record.items) {
    const file = tree.get(item.path);
    const fits = file !== undefined && item.path.startsWith('data/items/') && (file.sha256 ?? item.sha256) === item.sha256 && file.source.size === item.size;
    if (!fits || seen.has(item.path)) findings.add('record-item-mismatch', item.path);
    seen.add(item.path);
  }
  for (const path of tree.keys()) if (path.startsWith('data/items/') && !seen.has(path)) findings.add('record-item-mismatch', path);
  const drawn = new Set(drawings(record).map(({ path }) => path));
  const named = new Set(record.drawing === null ? [] : [record.drawing]);
  for (const [one, other] of [[drawn, named], [named, drawn]] as const) for (const path of one) if (!other.has(path)) findings.add('record-item-mismatch', path);
}

/** The party's drawings that are not voided. */
const drawings = (record: Record): Item[] => record.items.filter(({ kind, voided }) => kind === DRAWING && voided === null);

/** How many items there are whose bytes are as the record says; null where one is not, or there are none. */
export function soundItems(record: Record, tree: Tree): number | null {
  const sound = record.items.every((item) => {
    const file = tree.get(item.path);
    return file?.sha256 === item.sha256;
  });
  return sound && record.items.length > 0 ? record.items.length : null;
}

const FIX = ['latitude', 'longitude', 'accuracy_m', 'altitude_m', 'at', 'age_ms', 'provider', 'mock'];
const fieldOf = (value: Json, name: string): Json => (isObject(value) ? (value.get(name) ?? null) : null);

/** Record against custody log. */
export function checkAgainstLog(record: Record, log: Log, findings: Findings): void {
  const path = 'data/custody.log';
  const bySeq = capturesBySeq(log);
  const events = log.events.map(({ event }) => event);
  const voided = new Set(events.flatMap((event) => (event.is === 'voided' ? [event.seq] : [])));
  for (const item of record.items) {
    const capture = bySeq.get(item.seq);
    if (!capture || capture.sha256 !== item.sha256 || capture.size !== item.size) findings.add('custody-item-mismatch', item.path);
    if (!capture) continue;
    if (capture.capturedAt !== item.capturedAt) findings.add('record-custody-mismatch', item.path, 'captured_at');
    if (capture.mediaType !== item.mediaType) findings.add('record-custody-mismatch', item.path, 'media_type');
    if ((capture.source === DRAWING) !== (item.kind === DRAWING)) findings.add('record-custody-mismatch', item.path, 'kind');
    if (voided.has(item.seq) !== (item.voided !== null)) findings.add('record-custody-mismatch', item.path, 'voided');
  }
  // An item of no capture is said above; here it is about captures that are no item's, or items of one capture.
  if (record.items.every(({ seq }) => bySeq.has(seq)) && record.items.length !== bySeq.size) findings.add('custody-item-mismatch', path);
  const party = events.findLast((event) => event.is === 'party');
  if ((party?.is === 'party' ? party.presence : null) !== record.party) findings.add('record-custody-mismatch', '', 'party');
  const kind = kindOf(events);
  if (kind !== null && kind !== record.kind) findings.add('record-custody-mismatch', '', 'kind');
  const { fix } = record;
  if (fix !== null && ![...bySeq.values()].some((capture) => FIX.every((name) => same(fieldOf(capture.fix, name), fieldOf(fix, name))))) findings.add('record-custody-mismatch', '', 'where');
}

/** The kind that the custody log comes to. */
function kindOf(events: Log['events'][number]['event'][]): string | null {
  let kind: string | null = null;
  for (const event of events) {
    if (event.is === 'opened' || event.is === 'kind-changed') kind = event.kind;
  }
  return events.some((event) => event.is === 'given-up') ? 'void' : kind;
}

/** What record and log report and nobody proves. */
export function report(record: Record, log: Log | null, findings: Findings): void {
  findings.add('self-reported');
  const bySeq = capturesBySeq(log);
  for (const item of record.items) {
    const capture = bySeq.get(item.seq);
    if (capture && capture.fix === null) findings.add('no-fix', item.path, capture.noFix ?? '');
    if (capture?.mock) findings.add('mock-location', item.path);
    if (item.voided !== null) findings.add('item-voided', item.path, item.voided);
  }
  for (const { path } of drawings(record)) findings.add('party-drawing', path);
  if (record.kind === 'void') findings.add('kind-void', '', record.voidReason ?? '');
  if (record.supplements !== null) findings.add('supplement-of', record.supplements);
  if (record.party !== null) findings.add('party-reported', '', record.party);
}
