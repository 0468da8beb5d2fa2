/** A catalogue is an object of whole sentences under typed keys, written in Chinese first. The English one must have
 *  exactly the same keys, and every sentence knows the names of its parameters: both are checked by the compiler.
 *
 *  In a sentence, `{name}` is replaced by a parameter, and `{n#photo|photos}` picks the form for the number `n`. */

import { locale } from './locale.svelte.ts';

/** Names inside the braces of a sentence. */
type ParamName<S extends string> = S extends `${string}{${infer P}}${infer Rest}`
  ? (P extends `${infer N}#${string}` ? N : P) | ParamName<Rest>
  : never;

type Value = string | number;
type Args<S extends string> = [ParamName<S>] extends [never] ? [] : [params: Record<ParamName<S>, Value>];

/** The same keys as the Chinese catalogue, in another language. */
export type Translation<Zh extends Record<string, string>> = { readonly [K in keyof Zh]: string };

export interface Catalogue<Zh extends Record<string, string>> {
  /** The sentence in the language of the screen. */
  t: <K extends keyof Zh>(key: K, ...args: Args<Zh[K]>) => string;
  /** For keys that come from the engine or the server as data: `undefined` when there is no such sentence. */
  lookup: (key: string, params?: Record<string, Value>) => string | undefined;
}

export function catalogue<const Zh extends Record<string, string>>(zh: Zh, en: Translation<Zh>): Catalogue<Zh> {
  const sentence = (key: keyof Zh): string => (locale.language === 'zh' ? zh[key] : en[key]) as string;
  return {
    t: (key, ...args) => fill(sentence(key), args[0] ?? {}),
    lookup: (key, params = {}) => (Object.hasOwn(zh, key) ? fill(sentence(key), params) : undefined),
  };
}

/** Replaces the parameters of a sentence. A parameter that was not given stays visible as its name. */
export function fill(sentence: string, params: Record<string, Value>): string {
  return sentence.replace(/\{([A-Za-z0-9_]+)(?:#([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    if (one !== undefined && many !== undefined) return Number(value) === 1 ? one : many;
    return typeof value === 'number' ? locale.number(value) : value;
  });
}
