import type { CheckView } from '@fieldseal/shared/bindings.ts';
import { age, when } from '@fieldseal/shared/format.ts';
import { lookup } from './index.ts';

/** A line of the self-check: what was found, and what it means. Times are also said as ages: `{at}`, and `{age}` of it. */
export function checkSentence(check: CheckView, now = new Date()): { title: string; detail: string | undefined } {
  const params = { ...check.params };
  const ages = { at: 'age', stamped_at: 'stamped_age' } as const;
  for (const [time, named] of Object.entries(ages)) {
    const at = params[time];
    if (!at) continue;
    params[named] = age((now.getTime() - new Date(at).getTime()) / 1000);
    params[time] = when(at, now);
  }
  const key = `check.${check.code}.${check.sentence}`;
  return {
    title: lookup(key, params) ?? lookup(`check.${check.code}`) ?? check.code,
    detail: lookup(`${key}.detail`, params),
  };
}
