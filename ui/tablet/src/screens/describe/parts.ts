import type { FieldDef, FormView, HiddenView, NoteDef, SectionDef } from '@fieldseal/shared/bindings.ts';
import { isAsked } from '../../kinds.ts';

/** What stands below each other on the describe screen. */
export type Part =
  | { what: 'heading'; key: string; section: SectionDef }
  | { what: 'note'; key: string; note: NoteDef }
  | { what: 'field'; key: string; field: FieldDef };

/** Fields in the form's order, each section's heading before its first part, notes before their field or at the end. */
export function parts(form: FormView, hidden: HiddenView, facts: Record<string, unknown>): Part[] {
  const list: Part[] = [];
  let last: string | null = null;
  const under = (id: string | null): void => {
    const section = form.sections.find((one) => one.id === id);
    if (section && id !== last) list.push({ what: 'heading', key: `heading-${list.length}`, section });
    last = id;
  };
  const notes = (before: string | null): void => {
    for (const note of form.notes) {
      if (note.before !== before || hidden.notes.includes(note.id)) continue;
      under(note.section);
      list.push({ what: 'note', key: `note-${note.id}`, note });
    }
  };
  for (const field of form.fields) {
    notes(field.id);
    if (!isAsked(field, hidden.fields, facts)) continue;
    under(field.section);
    list.push({ what: 'field', key: field.id, field });
  }
  notes(null);
  return list;
}
