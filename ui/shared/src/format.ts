/** Times, sizes and digests as the screens write them. Times come as RFC 3339 and are shown in the tablet's zone, 24 h. */

import { locale, shared } from './i18n/index.ts';

const two = (n: number): string => String(n).padStart(2, '0');
const clock = (d: Date, seconds: boolean): string =>
  `${two(d.getHours())}:${two(d.getMinutes())}${seconds ? `:${two(d.getSeconds())}` : ''}`;

/** `09:47` or `09:47:36`; an empty string for no time. */
export function timeOfDay(at: string | Date, seconds = false): string {
  const d = new Date(at);
  return Number.isNaN(d.getTime()) ? '' : clock(d, seconds);
}

/** `今天 09:47`, `昨天 18:40`, `11月20日 08:05`, with the year when it is another one. */
export function when(at: string | Date, now: Date = new Date(), seconds = false): string {
  const d = new Date(at);
  if (Number.isNaN(d.getTime())) return '';
  const time = clock(d, seconds);
  const midnight = (x: Date): number => new Date(x.getFullYear(), x.getMonth(), x.getDate()).getTime();
  const days = Math.round((midnight(now) - midnight(d)) / 86_400_000);
  if (days === 0) return shared.t('time.today', { time });
  if (days === 1) return shared.t('time.yesterday', { time });
  const key = d.getFullYear() === now.getFullYear() ? 'time.day' : 'time.full';
  return shared.lookup(key, { ...dayParts(d), time }) ?? time;
}

/** The parts a language may use: numbers in Chinese, the month's name in English. */
function dayParts(d: Date): Record<string, string> {
  const monthName = new Intl.DateTimeFormat(locale.tag, { month: 'short' }).format(d);
  return { year: String(d.getFullYear()), month: String(d.getMonth() + 1), day: String(d.getDate()), monthName };
}

/** `11月23日 · 周一` */
export function longDate(d: Date): string {
  const weekday = shared.lookup(`weekday.${d.getDay()}`) ?? '';
  return shared.lookup('date.long', { ...dayParts(d), weekday }) ?? '';
}

function span(seconds: number, family: 'age' | 'span'): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return shared.t(`${family}.seconds`, { n: s });
  if (s < 3600) return shared.t(`${family}.minutes`, { n: Math.round(s / 60) });
  if (s < 86_400) return shared.t(`${family}.hours`, { n: Math.round(s / 3600) });
  return shared.t(`${family}.days`, { n: Math.round(s / 86_400) });
}

/** `3 秒前` */
export const age = (seconds: number): string => span(seconds, 'age');
/** `40 秒` */
export const duration = (seconds: number): string => span(seconds, 'span');

/** `32.6 MB`; decimal units, as storage is sold. */
export function bytes(n: number): string {
  const one = (x: number): string => locale.number(Math.round(x * 10) / 10);
  if (n < 1000) return shared.t('size.bytes', { n });
  if (n < 1_000_000) return shared.t('size.kb', { n: one(n / 1000) });
  if (n < 1_000_000_000) return shared.t('size.mb', { n: one(n / 1_000_000) });
  return shared.t('size.gb', { n: one(n / 1_000_000_000) });
}

/** Groups of hex characters, for reading aloud and copying onto paper. */
export function hexGroups(hex: string, size: number): string[] {
  return hex.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
}
