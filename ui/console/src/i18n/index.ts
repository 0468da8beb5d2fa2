/** The console's own catalogue beside the shared words. */

import { catalogue, locale, shared } from '@fieldseal/shared/i18n/index.ts';
import type { Text } from '../wire';
import { en } from './en';
import { zh } from './zh';

export type Key = keyof typeof zh;

const words = catalogue(zh, en);

export const t = words.t;
export { locale, shared };

/** A name that the server gives in both languages; the other one where this is empty. */
export function said(text: Text): string {
  return locale.label(text) || text.zh || text.en;
}

/** A sentence for a stable code, or `undefined` for a code this console doesn't know yet. */
export function byCode(family: string, code: string): string | undefined {
  return words.lookup(`${family}.${code}`);
}

/** What went wrong, in one sentence, for a problem's code. */
export function problemSentence(code: string): string {
  return byCode('problem', code) ?? words.t('problem.other', { code });
}
