/** Packets that belong together; the same keys as `zh-related.ts`. */
import type { Translation } from '@fieldseal/shared/i18n/index.ts';
import type { related as zh } from './zh-related.ts';

export const related: Translation<typeof zh> = {
  'related.title': 'Supplements',
  'related.completes': 'The packet that this one completes',
  'related.completed-by': 'Packets that complete this one',
  'related.none-here': 'That packet is not on this server: {id}',
  'related.other-seal': 'The seal that this packet names is not the seal of that packet.',
  'related.line': '{items} {items#item|items} · received {when}',
  'related.reason': 'Reason of the decision: {reason}',
};
