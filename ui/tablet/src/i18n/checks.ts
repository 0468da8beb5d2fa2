import type { CheckView } from '@fieldseal/shared/bindings.ts';
import { lookup } from './index.ts';

/** A line of the self-check: what was found, and what it means. */
export function checkSentence(check: CheckView): { title: string; detail: string | undefined } {
  const key = `check.${check.code}.${check.sentence}`;
  return {
    title: lookup(key, check.params) ?? lookup(`check.${check.code}`) ?? check.code,
    detail: lookup(`${key}.detail`, check.params),
  };
}
