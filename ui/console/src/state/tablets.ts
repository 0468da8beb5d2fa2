/** The list of tablets: what stands first, and which are shown. */

import type { TabletView } from '../wire';

export type TabletFilter = 'all' | 'look' | 'active' | 'ended';

export function openAlarms(row: TabletView): number {
  return row.alarms.filter((alarm) => alarm.seen_at === null).length;
}

/** Somebody should look at it: it contradicts itself, or was not here for long. */
export function needsLook(row: TabletView): boolean {
  return openAlarms(row) > 0 || row.silent;
}

/** Packets or photos that it says it has and that are not here; none before it said anything. */
export function missing(said: number | null, here: number): number {
  return Math.max(0, (said ?? 0) - here);
}

function rank(row: TabletView): number {
  if (openAlarms(row) > 0) return 0;
  if (row.silent) return 1;
  return row.status === 'active' ? 2 : 3;
}

/** What needs somebody first, then what is in use, then what has ended; within each the newest sign of life first. */
export function inOrder(rows: TabletView[]): TabletView[] {
  const last = (row: TabletView): string => row.seen_at ?? row.enrolled_at;
  return [...rows].sort((a, b) => rank(a) - rank(b) || last(b).localeCompare(last(a)) || a.id.localeCompare(b.id));
}

/** Rows of one filter that hold every word, in id, team, device or an officer's name or badge. */
export function shown(rows: TabletView[], filter: TabletFilter, words: string): TabletView[] {
  const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (filter === 'look' && !needsLook(row)) return false;
    if (filter === 'active' && row.status !== 'active') return false;
    if (filter === 'ended' && row.status === 'active') return false;
    const said = [row.id, row.team, row.claim, ...row.officers.flatMap((officer) => [officer.name, officer.badge])].join(' ').toLocaleLowerCase();
    return wanted.every((word) => said.includes(word));
  });
}

/** The address of this server as tablets need it: https, or this very machine; `null` when they would refuse it. */
export function usableAddress(typed: string): string | null {
  let url: URL;
  try {
    url = new URL(typed.trim());
  } catch {
    return null;
  }
  const here = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  const bare = url.username === '' && url.password === '' && url.search === '' && url.hash === '' && !typed.includes('?') && !typed.includes('#');
  if (!bare || !(url.protocol === 'https:' || (url.protocol === 'http:' && here))) return null;
  return url.href.replace(/\/$/, '');
}
