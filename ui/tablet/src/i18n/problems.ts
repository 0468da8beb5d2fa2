import type { Problem } from '../host.ts';
import { lookup, t } from './index.ts';

/** The sentence for a problem of the engine; for a code this screen does not know, its English words. */
export function problemSentence(problem: Pick<Problem, 'code' | 'message' | 'params'>): string {
  return lookup(`problem.${problem.code}`, problem.params) ?? t('problem.other', { message: problem.message });
}
