/** The built-in form files, as the engine shows them. */

import type { FormView, ShownIf } from '@fieldseal/shared/bindings.ts';
import { readFileSync } from 'node:fs';

interface Rule {
  field: string;
  any_of: string[];
}
type Label = FormView['name'];
interface FormFile {
  kind: string;
  version: string;
  name: Label;
  short_name: Label;
  common?: { id: string; shown_if?: Rule }[];
  fields: {
    id: string;
    type: string;
    label: Label;
    unit?: Label;
    choices?: { id: string; label: Label; alone?: boolean }[];
    expected?: boolean;
    shown_if?: Rule;
    min?: number;
    max?: number;
    max_length?: number;
  }[];
  shots: { id: string; label: Label; expected?: boolean; shown_if?: Rule }[];
  item_codes: { code: string; label: Label }[];
}

const shown = (rule: Rule | undefined): ShownIf | null => (rule ? { field: rule.field, anyOf: rule.any_of } : null);

export function loadForms(): FormView[] {
  return ['illegal-structure', 'group-rental', 'billboard'].map((kind) => {
    const url = new URL(`../../../crates/packet/forms/${kind}.json`, import.meta.url);
    const file = JSON.parse(readFileSync(url, 'utf8')) as FormFile;
    return {
      kind: file.kind,
      version: file.version,
      offered: true,
      sections: [],
      notes: [],
      hidden: { fields: [], shots: [], notes: [] },
      name: file.name,
      shortName: file.short_name,
      common: (file.common ?? []).map(({ id, shown_if }) => ({ id, shownIf: shown(shown_if) })),
      fields: file.fields.map((field) => ({
        id: field.id,
        fieldType: field.type,
        label: field.label,
        hint: null,
        section: null,
        unit: field.unit ?? null,
        choices: (field.choices ?? []).map((choice) => ({ alone: false, ...choice })),
        expected: field.expected ?? false,
        shownIf: shown(field.shown_if),
        min: field.min ?? null,
        max: field.max ?? null,
        maxLength: field.max_length ?? null,
      })),
      shots: file.shots.map((shot) => ({ id: shot.id, label: shot.label, expected: shot.expected ?? false, shownIf: shown(shot.shown_if) })),
      items: file.item_codes,
    };
  });
}
