/** How points and tickets are put into words. */

import type { PointView, TicketView } from '@fieldseal/shared/bindings.ts';
import { locale } from '@fieldseal/shared/i18n/index.ts';
import { dayWords } from './day.ts';
import { t } from './i18n/index.ts';
import { kindName } from './kinds.ts';

/** `38 米`, `1.2 公里`. */
export function distance(metres: number): string {
  if (metres < 1000) return t('points.metres', { n: Math.round(metres) });
  return t('points.kilometres', { n: locale.number(Math.round(metres / 100) / 10) });
}

/** Number and name. */
export const pointTitle = (point: PointView): string => (point.name ? `${point.number} ${point.name}` : point.number);

/** Address, kind, and whether it is done. */
export function pointLine(point: PointView): string {
  const parts = [point.address, point.kind ? kindName(point.kind) : null, point.done ? t('points.done') : null];
  return parts.filter((part) => part !== null).join(' · ');
}

/** When a ticket is due, and whether that is now or past. */
export function due(ticket: TicketView, today: string): { words: string; urgent: boolean } | null {
  if (ticket.due === null) return null;
  if (ticket.due === today) return { words: t('points.due-today'), urgent: true };
  if (ticket.due < today) return { words: t('points.overdue', { day: dayWords(ticket.due) }), urgent: true };
  return { words: t('points.due-on', { day: dayWords(ticket.due) }), urgent: false };
}
