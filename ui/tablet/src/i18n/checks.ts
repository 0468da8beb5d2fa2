import type { CheckView } from '@fieldseal/shared/bindings.ts';
import { when } from '@fieldseal/shared/format.ts';
import { lookup } from './index.ts';

/** A line of the self-check: what was found, and what it means. */
export function checkSentence(check: CheckView): { title: string; detail: string | undefined } {
  const params = { ...check.params };
  for (const time of ['at', 'stamped_at']) if (params[time]) params[time] = when(params[time]);
  const key = `check.${check.code}.${check.sentence}`;
  return {
    title: lookup(key, params) ?? lookup(`check.${check.code}`) ?? check.code,
    detail: lookup(`${key}.detail`, params),
  };
}
