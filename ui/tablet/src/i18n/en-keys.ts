import type { Translation } from '@fieldseal/shared/i18n/index.ts';
import type { keys as zh } from './zh-keys.ts';

export const keys: Translation<typeof zh> = {
  'keys.title': 'Signing keys',
  'keys.why': 'When a packet is sealed, the tablet and the officers each sign with a key of their own. The keys never leave this tablet; what an earlier key has signed stays as good as it was.',
  'keys.device': 'This tablet',
  'keys.standing.enrolled': 'Enrolled',
  'keys.standing.renewing': "Being renewed: waits for the server's yes",
  'keys.standing.retired': 'Retired',
  'keys.standing.not-enrolled': 'Not enrolled: ask the administrator for a new code',
  'keys.since': 'in use since {when}',
  'keys.took-over': 'in use since {when}, took over from an earlier key',
  'keys.device-renews': "The tablet's key is renewed by itself when the server asks for it.",
  'keys.renew': 'Renew the key…',
  'keys.renew-title': 'A new key for {name}',
  'keys.renew-what': "The old key signs for the new one, and the server's authority confirms it. This needs the server, and the officer's own PIN.",
  'keys.renew-draft': 'A draft that is signed and not yet sealed has to be sealed or opened again first.',
  'keys.renew-cards': "Afterwards, other tablets that sign together with this officer have to scan the officer's card again.",
  'keys.renew-go': 'Renew the key',
  'keys.renew-busy': 'Renewing…',
  'keys.renewed': "{name}'s new key is in use.",
};
