import type { Translation } from '@fieldseal/shared/i18n/index.ts';
import type { own as zh } from './zh-own.ts';

export const own: Translation<typeof zh> = {
  'own.camera': 'Use the tablet’s own camera',
  'own.live': 'The picture of the tablet’s own camera lies under the page',
  'own.failed': 'The tablet’s own camera can’t be opened; this is the web view’s.',
  'own.title': 'Unlock by fingerprint or face',
  'own.why': 'Only to open this tablet and look. Signing still asks for the PIN.',
  'own.on': 'On',
  'own.off': 'Off',
  'own.turn-on': 'Turn on',
  'own.turn-off': 'Turn off',
  'own.keep-title': 'Turn on unlocking by fingerprint or face',
  'own.unlock': 'Unlock by fingerprint or face',
  'own.with-pin': 'Use the PIN',
  'own.cancel': 'Cancel',
  'problem.no-biometric': 'Not recognised. Unlock with the PIN.',
  'problem.no-camera': 'The camera gave no picture; take it again.',
  'problem.unsupported': 'This tablet has no such thing.',
};
