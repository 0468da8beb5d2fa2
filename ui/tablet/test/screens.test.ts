/** Small decisions of the screens. */
import type { CustodyView, FormView } from '@fieldseal/shared/bindings.ts';
import { bytes, when } from '@fieldseal/shared/format.ts';
import { fill } from '@fieldseal/shared/i18n/catalogue.ts';
import { describe, expect, it, vi } from 'vitest';

vi.stubGlobal('window', {});
const { nextShot, shotList } = await import('../src/screens/camera/shots.ts');
const { custodyWords, gathered } = await import('../src/screens/packet/custody.ts');
const { contact, heardAt } = await import('../src/contact.ts');
const { parts } = await import('../src/screens/describe/parts.ts');
const { later } = await import('../src/screens/describe/later.ts');

const label = { zh: 'a', en: 'a' };
const form: FormView = {
  kind: 'k',
  version: '1',
  offered: true,
  sections: [],
  notes: [],
  hidden: { fields: [], shots: ['ruled-out'], notes: [] },
  name: label,
  shortName: label,
  common: [],
  fields: [],
  items: [],
  shots: [
    { id: 'one', label, expected: true, shownIf: null },
    { id: 'two', label, expected: true, shownIf: null },
    { id: 'extra', label, expected: false, shownIf: null },
    { id: 'ruled-out', label, expected: true, shownIf: null },
    { id: 'after', label, expected: true, shownIf: { field: 'stage', anyOf: ['removed'] } },
  ],
};

describe('parts of a form', () => {
  const field = (id: string, section: string | null): FormView['fields'][number] => ({
    id, label, section, fieldType: 'text', hint: null, unit: null, choices: [], expected: false, shownIf: null, min: null, max: null, maxLength: null,
  });
  const note = (id: string, before: string | null, section: string | null): FormView['notes'][number] => ({ id, label, before, section });
  const whole: FormView = {
    ...form,
    sections: [{ id: 's', label }, { id: 't', label }],
    fields: [field('a', 's'), field('b', 's'), field('c', 't'), field('d', null)],
    notes: [note('n', 'b', 's'), note('gone', 'c', 't'), note('end', null, null)],
  };
  const keys = (hidden: string[]): string[] =>
    parts(whole, { fields: hidden, shots: [], notes: ['gone'] }, {}).map((part) => (part.what === 'heading' ? `# ${part.section.id}` : part.key));
  it('stand under their headings, notes before their fields', () => {
    expect(keys([])).toEqual(['# s', 'a', 'note-n', 'b', '# t', 'c', 'd', 'note-end']);
  });
  it('leave out what is hidden, and a heading with nothing under it', () => {
    expect(keys(['b', 'c'])).toEqual(['# s', 'a', 'note-n', 'd', 'note-end']);
  });
});

describe('shot list', () => {
  it('asks for what the facts ask for', () => {
    expect(shotList(form, undefined, {}).map((shot) => shot.id)).toEqual(['one', 'two', 'extra', null]);
  });
  it('moves on to the next missing shot, and back to one left out', () => {
    const list = (counts: Record<string, number>) => shotList(form, undefined, counts);
    expect(nextShot(list({}), null)).toBe('one');
    expect(nextShot(list({ one: 1 }), 'one')).toBe('two');
    expect(nextShot(list({ two: 1 }), 'two')).toBe('one');
    expect(nextShot(list({ one: 1, two: 1 }), 'two')).toBe(null);
  });
});

describe('custody', () => {
  const line = (event: string, at: string, actor = '周敏'): CustodyView => ({ at, event, actor, params: {}, afterSeal: false, pending: false });
  it('tells a run of photos and of signatures as one line, at the last one', () => {
    const lines = gathered([line('captured', '1'), line('captured', '2'), line('signed', '3'), line('signed', '4', '陆一鸣'), line('sealed', '5')]);
    expect(lines.map(({ event, at, params }) => [event, at, params['count']])).toEqual([
      ['captured', '2', '2'],
      ['signed', '4', '2'],
      ['sealed', '5', '1'],
    ]);
    expect(lines[1]?.actor).toBe('周敏、陆一鸣');
  });
});

describe('what came into custody', () => {
  const came = (mediaType: string, source = 'camera'): CustodyView => ({ at: '1', event: 'captured', actor: null, params: { media_type: mediaType, source }, afterSeal: false, pending: false });
  it('a recording is not called a photo, nor the party’s drawing', () => {
    const lines = gathered([came('image/jpeg'), came('video/webm'), came('video/mp4', 'file-input'), came('audio/ogg', 'microphone'), came('image/jpeg'), came('image/png', 'party-drawing')]);
    expect(lines.map((line) => [line.event, line.params['count'], custodyWords(line).title])).toEqual([
      ['captured', '1', '拍摄 1 张'],
      ['captured-video', '2', '录像 2 段'],
      ['captured-sound', '1', '录音 1 段'],
      ['captured', '1', '拍摄 1 张'],
      ['captured-drawing', '1', '当事人签字图 1 份'],
    ]);
  });
});

describe('what is typed', () => {
  it('is saved once after a pause, and at once when the field is left', () => {
    vi.useFakeTimers();
    const save = vi.fn();
    const pause = later(save);
    pause.soon('a');
    pause.soon('ab');
    vi.runAllTimers();
    expect(save.mock.calls).toEqual([['ab']]);
    pause.soon('abc');
    pause.now();
    pause.now();
    expect(save).toHaveBeenCalledTimes(2);
    vi.useRealTimers();
  });
});

describe('words', () => {
  it('pick the form for the number', () => {
    expect(fill('{n} {n#packet is|packets are} left', { n: 1 })).toBe('1 packet is left');
    expect(fill('{n} {n#packet is|packets are} left', { n: 2 })).toBe('2 packets are left');
  });
  it('name days and sizes', () => {
    const now = new Date(2026, 10, 23, 12);
    expect(when(new Date(2026, 10, 23, 9, 7), now)).toBe('今天 09:07');
    expect(when(new Date(2026, 10, 22, 18, 40), now)).toBe('昨天 18:40');
    expect(when(new Date(2025, 0, 2, 3, 4), now)).toBe('2025年1月2日 03:04');
    expect(bytes(88_440_000)).toBe('88.4 MB');
  });
});

describe('contact with the server', () => {
  const now = new Date('2026-11-23T09:40:00Z');
  it('says connected only while the server answered a moment ago', () => {
    expect(contact({ online: true, contactAgeS: 30, lastServerAt: null })).toBe('connected');
    expect(contact({ online: true, contactAgeS: 31, lastServerAt: null })).toBe('quiet');
    expect(contact({ online: false, contactAgeS: 1, lastServerAt: null })).toBe('offline');
  });
  it('knows the last answer of this run before one of an earlier run', () => {
    const earlier = '2026-11-22T10:00:00.000Z';
    expect(heardAt({ online: true, contactAgeS: 60, lastServerAt: earlier }, now)).toEqual(new Date('2026-11-23T09:39:00Z'));
    expect(heardAt({ online: false, contactAgeS: null, lastServerAt: earlier }, now)).toEqual(new Date(earlier));
    expect(heardAt({ online: false, contactAgeS: null, lastServerAt: null }, now)).toBe(null);
  });
});
