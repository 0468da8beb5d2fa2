import type { Translation } from '@fieldseal/shared/i18n/index.ts';
import type { tasks as zh } from './zh-tasks.ts';

export const tasks: Translation<typeof zh> = {
  'tasks.title': 'Returned packets',
  'tasks.count': '{n} {n#packet was|packets were} returned',
  'tasks.reason': 'Returned because: {reason}',
  'tasks.due': 'To be answered by {when}',
  'tasks.late': 'Was to be answered by {when}',
  'tasks.look': 'See why, and supplement',
  'tasks.none': 'No packet was returned.',
  'tasks.no-reason': 'No reason given',
  'tasks.why': 'The packet itself cannot change. A supplement is a new packet that names it.',
  'tasks.started': 'A supplement was started; it is not sealed yet.',
  'tasks.go-on': 'Go on with the supplement',
  'tasks.answered': 'The supplement is sealed',
  'tasks.see-answer': 'See the supplement',
  'packet.supplement': 'Supplement',
  'packet.supplements': 'This supplements another packet.',
  'packet.supplements-of': 'This supplements “{title}”.',
  'packet.supplements-look': 'See that packet',
};
