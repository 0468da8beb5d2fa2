import { describe, expect, it } from 'vitest';
import { atAGlance, worstFirst } from '../src/state/glance';
import type { FindingView, Level } from '../src/wire';

const finding = (level: Level, code: string, subject = ''): FindingView => ({ level, code, subject, text: { zh: code, en: code } });
const photos = Array.from({ length: 20 }, (_, at) => String(at + 1));

describe('findings at a glance', () => {
  const findings = [
    ...photos.map((photo) => finding('info', 'mock-location', photo)),
    finding('ok', 'files-ok'),
    ...photos.map((photo) => finding('not-proved', 'officer-key-unknown', photo)),
    ...photos.map((photo) => finding('failed', 'item-mismatch', photo)),
    finding('info', 'self-reported'),
    ...['a', 'b', 'c', 'd', 'e'].map((code) => finding('ok', code)),
  ];

  it('never fold what failed or is not proved', () => {
    const lines = atAGlance(findings, 4);
    expect(lines.filter((line) => line.finding.level === 'failed')).toHaveLength(20);
    expect(lines.filter((line) => line.finding.level === 'not-proved')).toHaveLength(20);
    expect(lines.slice(0, 40).every((line) => line.count === 1)).toBe(true);
  });

  it('say the same information once, with its number', () => {
    const info = atAGlance(findings, 4).filter((line) => line.finding.level === 'info');
    expect(info.map((line) => [line.finding.code, line.finding.subject, line.count])).toEqual([['mock-location', '1', 20], ['self-reported', '', 1]]);
  });

  it('show a few of what is verified, and all of it when asked', () => {
    expect(atAGlance(findings, 4).filter((line) => line.finding.level === 'ok')).toHaveLength(4);
    const all = worstFirst(findings);
    expect(all).toHaveLength(findings.length);
    expect(all.map((entry) => entry.level)).toEqual([...Array<Level>(20).fill('failed'), ...Array<Level>(20).fill('not-proved'), ...Array<Level>(21).fill('info'), ...Array<Level>(6).fill('ok')]);
  });
});
