/** The four pairs of catalogues: the same keys, no empty sentence, the same parameters, Chinese in the one and none in the
 *  other; and a sentence for every code that the engine and the server can answer. */
import { describe, expect, it } from 'vitest';
import { en as consoleEn } from '../../console/src/i18n/en.ts';
import { zh as consoleZh } from '../../console/src/i18n/zh.ts';
import { en as tabletEn } from '../../tablet/src/i18n/en.ts';
import { zh as tabletZh } from '../../tablet/src/i18n/zh.ts';
import { en as verifierEn } from '../../verifier/page/i18n/en.ts';
import { zh as verifierZh } from '../../verifier/page/i18n/zh.ts';
import { problems, serverProblems } from '../src/codes.ts';
import { en as sharedEn } from '../src/i18n/en.ts';
import { zh as sharedZh } from '../src/i18n/zh.ts';
import { NAMES } from './spoken.ts';

type Words = Readonly<Record<string, string>>;
const pairs: [string, Words, Words][] = [
  ['shared', sharedZh, sharedEn],
  ['tablet', tabletZh, tabletEn],
  ['console', consoleZh, consoleEn],
  ['verifier', verifierZh, verifierEn],
];

const HAN = /\p{Script=Han}/u;
const params = (sentence: string): string[] => [...new Set([...sentence.matchAll(/\{([A-Za-z0-9_]+)(?:#[^}]*)?\}/g)].map(([, name = '']) => name))].sort();
/** Names of languages stand in their own; dates are put together differently. */
const OWN_NAME = /^(language\.|app\.in-)/;
const DATES = new Set(['time.day', 'time.full', 'date.long']);

describe.each(pairs)('%s', (_, zh, en) => {
  const keys = Object.keys(zh);

  it('has the same keys in both languages', () => {
    expect(keys.length).toBeGreaterThan(30);
    expect(Object.keys(en).sort()).toEqual([...keys].sort());
  });
  it('has no empty sentence and no parameter that only one language knows', () => {
    for (const key of keys) {
      const [chinese = '', english = ''] = [zh[key], en[key]];
      expect(chinese.trim(), key).not.toBe('');
      expect(english.trim(), key).not.toBe('');
      if (!DATES.has(key)) expect(params(english), key).toEqual(params(chinese));
      for (const brace of [chinese, english]) expect(brace.replace(/\{[A-Za-z0-9_]+(#[^|{}]*\|[^{}]*)?\}/g, ''), key).not.toMatch(/[{}]/);
    }
  });
  it('speaks the language it says', () => {
    for (const key of keys.filter((one) => !OWN_NAME.test(one))) {
      expect(en[key] ?? '', key).not.toMatch(HAN);
      const chinese = (zh[key] ?? '').replace(/\{[^}]*\}/g, '');
      // Without any Chinese it is numbers, signs and units.
      if (!HAN.test(chinese) && !NAMES.has(chinese)) expect(chinese, key).not.toMatch(/\p{L}{3,}/u);
    }
  });
});

describe('codes', () => {
  const missing = (keys: string[], zh: Words): string[] => keys.filter((key) => !Object.hasOwn(zh, key));

  it('of the engine have a sentence on the tablet', () => {
    expect(problems.length).toBeGreaterThan(30);
    expect(missing(problems.map((code) => `problem.${code}`), tabletZh)).toEqual([]);
  });
  it('of the server have a sentence in the console', () => {
    expect(serverProblems.length).toBeGreaterThan(8);
    expect(missing(serverProblems.map((code) => `problem.${code}`), consoleZh)).toEqual([]);
  });
});
