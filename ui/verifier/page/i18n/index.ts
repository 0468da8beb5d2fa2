/** The verifier page's own catalogue beside the shared words. */

import { catalogue, locale, shared } from '@fieldseal/shared/i18n/index.ts';
import { type Finding, sentence } from '../../src/report';
import { en } from './en';
import { zh } from './zh';

const words = catalogue(zh, en);
export const t = words.t;
export { locale, shared };

/** A finding's sentence; the words for what the record says of the party are the page's. */
export function said(finding: Finding): string {
  const detail = finding.code === 'party-reported' ? (words.lookup(`party.${finding.detail}`) ?? finding.detail) : finding.detail;
  return sentence({ ...finding, detail }, locale.language);
}
