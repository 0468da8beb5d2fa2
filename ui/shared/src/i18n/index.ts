import { catalogue } from './catalogue.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** The shared words. Each app makes its own catalogue beside them with [`catalogue`]. */
export const shared = catalogue(zh, en);
export { catalogue, type Translation } from './catalogue.ts';
export { locale, type Language } from './locale.svelte.ts';
