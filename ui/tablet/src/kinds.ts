/** Names that come with the forms: kinds, shots, fields, choices. */

import type { FieldDef, FormView, ShownIf } from '@fieldseal/shared/bindings.ts';
import type { IconName } from '@fieldseal/shared/components/icons.ts';
import { locale } from '@fieldseal/shared/i18n/index.ts';
import { lookup, t } from './i18n/index.ts';
import { tablet } from './tablet.svelte.ts';

const iconsByKind: Record<string, IconName> = {
  'illegal-structure': 'structure',
  'group-rental': 'bed',
  billboard: 'billboard',
  void: 'ban',
};

export const kindIcon = (kind: string): IconName => iconsByKind[kind] ?? 'clipboard';

/** Forms of drafts and packets that were made with another version than the one there is now: for their shots' and fields' names. */
const others = new Map<string, FormView>();

/** The form that a draft or a packet was made with. */
export function formOf(made: { kind: string; form: FormView | null }): FormView | undefined {
  if (made.form) others.set(made.kind, made.form);
  return made.form ?? tablet.form(made.kind);
}

const formsOf = (kind: string): FormView[] => [tablet.form(kind), others.get(kind)].filter((form) => form !== undefined);

export function kindName(kind: string): string {
  const form = tablet.form(kind);
  return form ? locale.label(form.name) : (lookup(`kind.${kind}`) ?? kind);
}

export function shotName(kind: string, shot: string | null): string {
  if (shot === null) return t('shot.other');
  // A packet of kind void has no form of its own: its shots are those of the form that the draft had.
  const forms = kind === 'void' ? tablet.forms : formsOf(kind);
  const found = forms.flatMap((form) => form.shots).find(({ id }) => id === shot);
  return found ? locale.label(found.label) : shot;
}

export const shotNames = (kind: string, shots: string[]): string =>
  shots.map((shot) => shotName(kind, shot)).join(t('list.comma'));

export function fieldName(kind: string, field: string): string {
  const found = formsOf(kind)
    .flatMap((form) => form.fields)
    .find(({ id }) => id === field);
  return found ? locale.label(found.label) : (lookup(`field.${field}`) ?? field);
}

/** A value as words: the choice's label, the number with its unit. */
export function valueWords(field: FieldDef, value: unknown): string {
  const label = (id: unknown): string => {
    const choice = field.choices.find((one) => one.id === id);
    return choice ? locale.label(choice.label) : String(id);
  };
  if (Array.isArray(value)) return value.map(label).join(t('list.comma'));
  if (typeof value === 'boolean') return value ? t('yes') : t('no');
  if (typeof value === 'number') {
    const unit = field.unit ? locale.label(field.unit) : '';
    return unit ? t('number.unit', { n: value, unit }) : locale.number(value);
  }
  return label(value);
}

/** Whether a field or a shot is asked for, given the facts so far. */
export function isShown(rule: ShownIf | null, facts: Record<string, unknown>): boolean {
  if (!rule) return true;
  const value = facts[rule.field];
  const values = Array.isArray(value) ? value : [value];
  return values.some((one) => rule.anyOf.includes(String(one)));
}

/** What is asked for: by its own condition at once, by the form's other rules as the engine says. */
export const isAsked = (one: { id: string; shownIf: ShownIf | null }, hidden: string[], facts: Record<string, unknown>): boolean =>
  !hidden.includes(one.id) && isShown(one.shownIf, facts);

/** The kind that 拍照取证 starts with: the last one used, else the first form. */
let lastKind: string | undefined;
export function firstKind(): string {
  return lastKind ?? tablet.kinds[0]?.kind ?? 'illegal-structure';
}
export function remember(form: FormView['kind']): void {
  lastKind = form;
}
