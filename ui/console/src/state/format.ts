/** Times and digests as the console writes them, in this browser's zone, which the screens name. */

import { shared } from '../i18n';

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function parsed(rfc3339: string | null): Date | null {
  if (rfc3339 === null) return null;
  const time = new Date(rfc3339);
  return Number.isNaN(time.getTime()) ? null : time;
}

/** `09:41:27` */
export function clock(rfc3339: string | null): string {
  const time = parsed(rfc3339);
  return time ? `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}` : '—';
}

/** `09:41–09:45`, or `09:41:27–31` within one minute. */
export function clockSpan(first: string | null, last: string | null): string {
  const [from, to] = [clock(first), clock(last)];
  if (from === to) return from;
  return from.slice(0, -3) === to.slice(0, -3) ? `${from}–${to.slice(-2)}` : `${from.slice(0, -3)}–${to.slice(0, -3)}`;
}

/** `11-23 09:41:27`, with the year when it isn't this one. */
export function dateTime(rfc3339: string | null): string {
  const time = parsed(rfc3339);
  if (!time) return '—';
  const year = time.getFullYear() === new Date().getFullYear() ? '' : `${time.getFullYear()}-`;
  return `${year}${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock(rfc3339)}`;
}

/** `11-23` */
export function dayOf(rfc3339: string | null): string {
  return parsed(rfc3339) ? dateTime(rfc3339).slice(0, -9) : '';
}

/** `今天`, `昨天` or `11-20`, and `09:41`: two lines of a list. */
export function shortTime(rfc3339: string | null): { day: string; time: string } {
  const at = parsed(rfc3339);
  if (!at) return { day: '—', time: '' };
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const now = new Date();
  const midnight = (day: Date): number => new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (days === 0) return { day: shared.t('time.today', { time: '' }).trim(), time };
  if (days === 1) return { day: shared.t('time.yesterday', { time: '' }).trim(), time };
  return { day: dayOf(rfc3339), time };
}

/** `UTC+8` */
export function zoneName(): string {
  const minutes = -new Date().getTimezoneOffset();
  const rest = Math.abs(minutes) % 60;
  const hours = Math.trunc(Math.abs(minutes) / 60);
  return `UTC${minutes < 0 ? '−' : '+'}${hours}${rest === 0 ? '' : `:${two(rest)}`}`;
}

/** The first eight digits of a digest. */
export function digestHead(hex: string): string {
  return `${hex.slice(0, 8)}…`;
}

/** `0003` */
export function itemName(number: number): string {
  return String(number).padStart(4, '0');
}

/** Metres to one decimal below ten, whole above. */
export function metres(value: number): number {
  return value >= 10 ? Math.round(value) : Math.round(value * 10) / 10;
}
