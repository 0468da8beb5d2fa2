import type { Translation } from '@fieldseal/shared/i18n/index.ts';
import type { forms as zh } from './zh-forms.ts';

/** Forms as data. */
export const forms: Translation<typeof zh> = {
  'form.violation': 'Not as the form asks; please check.',
  'form.violation-of': '{field}: {message}',
  'form.violations': '{n} {n#value is|values are} not as the form asks. Kept as they are; you can seal.',
  'form.semicolon': '; ',
  'check.forms': 'Forms',
  'check.forms.ok': '{kinds} {kinds#form|forms}',
  'check.forms.ok.detail': 'all usable offline',
  'check.forms.refused': "A form from the server can't be used: {kind} {version}",
  'check.forms.refused.detail': 'The form before stays in use. Please tell the administrator.',
};
