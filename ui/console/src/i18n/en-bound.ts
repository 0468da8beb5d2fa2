import type { Translation } from '@fieldseal/shared/i18n/index.ts';
import type { bound as zh } from './zh-bound.ts';

/** What is said of the time of single photos. */
export const bound: Translation<typeof zh> = {
  'bound.photo': 'Photo {name}',
  'bound.before': 'taken before {time}',
  'bound.by-heartbeat': 'verified: a logged heartbeat and a timestamp authority',
  'bound.with-packet': 'no bound of its own; with its packet, taken before {time}.',
  'bound.none': 'The latest time of taking is not proved.',
  'bound.word': 'Challenge word {word}: nobody could know it before {time}; whether the photo shows it is for you to see.',
  'bound.claimed': 'The time of taking itself is as the device reported.',
};
