import type { Translation } from '@fieldseal/shared/i18n/index.ts';
import type { redact as zh } from './zh-redact.ts';

/** Redacted copies. */
export const redact: Translation<typeof zh> = {
  'redact.open': 'Export with redacted copies…',
  'redact.title': 'Redacted copies',
  'redact.why': 'Mark what is to be hidden. The original stays; the export brings a copy beside it, encoded anew and black within the frames, signed by the server and naming the photo it was made of. The export still holds the original: to hand out the copy alone, take it from data/derived.',
  'redact.photos': 'Choose a photo',
  'redact.photo': 'Photo {name}',
  'redact.first': 'Drag a frame, or tap one corner and then the opposite one.',
  'redact.second': 'Now tap the opposite corner.',
  'redact.full': 'At most {n} frames a photo.',
  'redact.area': 'Frame {n}: {w}×{h} pixels',
  'redact.back': 'Remove',
  'redact.export': 'Export with {n} {n#area|areas} blacked out',
};
