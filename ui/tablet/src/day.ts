/** Days as registers write them, `2026-11-23`, by the tablet's own calendar. */

import { locale } from '@fieldseal/shared/i18n/index.ts';

const two = (n: number): string => String(n).padStart(2, '0');

/** The day of this moment. */
export const dayOf = (at: Date): string => `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;

/** As it is read: `11月23日`. */
export function dayWords(day: string): string {
  const date = new Date(`${day}T12:00:00`);
  if (Number.isNaN(date.getTime())) return day;
  return new Intl.DateTimeFormat(locale.tag, { month: 'short', day: 'numeric' }).format(date);
}
