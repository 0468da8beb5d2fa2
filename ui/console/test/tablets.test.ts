import { describe, expect, it } from 'vitest';
import { inOrder, missing, shown, usableAddress } from '../src/state/tablets';
import type { TabletView } from '../src/wire';

function tablet(id: string, more: Partial<TabletView> = {}): TabletView {
  return {
    id, name: `x/device/${id}`, team: null, status: 'active', claim: null, enrolled_at: '2026-11-01T00:00:00.000Z', ended_at: null,
    replaces: null, replaced_by: null, officers: [], seen_at: '2026-11-20T00:00:00.000Z', heartbeat_at: null, silent: false,
    packets_said: null, packets_here: 0, photos_said: null, photos_here: 0, alarms: [], ...more,
  };
}
const alarm = (seen_at: string | null) => ({ code: 'went-back', number: 3, at: '2026-11-19T00:00:00.000Z', seen_at });
const rows = [
  tablet('ended', { status: 'revoked', seen_at: '2026-11-23T00:00:00.000Z' }),
  tablet('quiet', { silent: true }),
  tablet('fine', { team: '江宁路街道', officers: [{ id: 'o-1', name: '周敏', badge: '0417', team: null }] }),
  tablet('fresh', { seen_at: '2026-11-22T00:00:00.000Z', alarms: [alarm('2026-11-20T00:00:00.000Z')] }),
  tablet('wrong', { alarms: [alarm(null)], status: 'retired' }),
];
const ids = (list: TabletView[]): string[] => list.map((row) => row.id);

describe('the list of tablets', () => {
  it('begins with what needs somebody', () => {
    expect(ids(inOrder(rows))).toEqual(['wrong', 'quiet', 'fresh', 'fine', 'ended']);
  });

  it('is filtered by state and by words', () => {
    expect(ids(shown(rows, 'look', ''))).toEqual(['quiet', 'wrong']);
    expect(ids(shown(rows, 'ended', ''))).toEqual(['ended', 'wrong']);
    expect(ids(shown(rows, 'all', '周敏 江宁'))).toEqual(['fine']);
    expect(ids(shown(rows, 'active', 'FRESH'))).toEqual(['fresh']);
    expect(shown(rows, 'all', '周敏 静安')).toEqual([]);
  });

  it('counts nothing as missing before a tablet has said how far it is', () => {
    expect([missing(null, 4), missing(9, 4), missing(3, 4)]).toEqual([0, 5, 0]);
  });
});

describe('the address in a code', () => {
  it('is one that tablets take', () => {
    expect(usableAddress(' https://evidence.example/ ')).toBe('https://evidence.example');
    expect(usableAddress('http://127.0.0.1:8080')).toBe('http://127.0.0.1:8080');
    for (const bad of ['evidence.example', 'http://evidence.example', 'https://a@evil.example', 'https://evidence.example/?', 'https://evidence.example/#x', 'javascript:alert(1)', ''])
      expect(usableAddress(bad)).toBeNull();
  });
});
