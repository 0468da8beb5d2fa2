import { catalogue } from '@fieldseal/shared/i18n/index.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** The tablet's sentences. `lookup` is for keys made from codes of the engine. */
export const { t, lookup } = catalogue(zh, en);
