//! Forms as the screens draw them.

use fieldseal_packet::form::plan::{Hidden, Violation};
use fieldseal_packet::form::{Condition, FieldType, Label};

use super::KnownForm;
use crate::api;

pub(crate) fn label(label: &Label) -> api::LabelView {
    api::LabelView {
        zh: label.zh.clone(),
        en: label.en.clone(),
    }
}

fn shown_if(condition: Option<&Condition>) -> Option<api::ShownIf> {
    condition.map(|condition| api::ShownIf {
        field: condition.field.clone(),
        any_of: condition.any_of.clone(),
    })
}

fn word(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Choice => "choice",
        FieldType::Choices => "choices",
        FieldType::Integer => "integer",
        FieldType::Decimal => "decimal",
        FieldType::Text => "text",
        FieldType::Date => "date",
        FieldType::YesNo => "yes-no",
    }
}

/// What is not asked for.
pub(crate) fn hidden(hidden: Hidden) -> api::HiddenView {
    api::HiddenView {
        fields: hidden.fields,
        shots: hidden.shots,
        notes: hidden.notes,
    }
}

/// Values that are not as they should be.
pub(crate) fn violations(violations: Vec<Violation>) -> Vec<api::ViolationView> {
    violations
        .into_iter()
        .map(|violation| api::ViolationView {
            field: violation.field,
            message: violation.message.as_ref().map(label),
        })
        .collect()
}

/// For the screens. `today`: for what is hidden while nothing is filled in.
pub fn view(known: &KnownForm, today: &str) -> api::FormView {
    let KnownForm { form, plan, .. } = known;
    let nothing = serde_json::Map::new();
    api::FormView {
        kind: form.kind.clone(),
        version: form.version.clone(),
        offered: known.offered,
        name: label(&form.name),
        short_name: label(&form.short_name),
        common: form
            .common
            .iter()
            .map(|common| api::CommonDef {
                id: common.id.clone(),
                shown_if: shown_if(common.shown_if.as_ref()),
            })
            .collect(),
        sections: plan
            .sections
            .iter()
            .map(|section| api::SectionDef {
                id: section.id.clone(),
                label: label(&section.label),
            })
            .collect(),
        notes: plan
            .notes
            .iter()
            .map(|note| api::NoteDef {
                id: note.id.clone(),
                label: label(&note.label),
                before: note.before.clone(),
                section: note.section.clone(),
            })
            .collect(),
        fields: form
            .fields
            .iter()
            .zip(&plan.fields)
            .map(|(field, plan)| api::FieldDef {
                id: field.id.clone(),
                field_type: word(field.field_type).to_owned(),
                label: label(&field.label),
                hint: plan.hint.as_ref().map(label),
                section: plan.section.clone(),
                unit: field.unit.as_ref().map(label),
                choices: field
                    .choices
                    .iter()
                    .map(|choice| api::ChoiceDef {
                        id: choice.id.clone(),
                        label: label(&choice.label),
                        alone: choice.alone,
                    })
                    .collect(),
                expected: field.expected,
                shown_if: shown_if(field.shown_if.as_ref()),
                min: field.min,
                max: field.max,
                max_length: field.max_length,
            })
            .collect(),
        shots: form
            .shots
            .iter()
            .map(|shot| api::ShotDef {
                id: shot.id.clone(),
                label: label(&shot.label),
                expected: shot.expected,
                shown_if: shown_if(shot.shown_if.as_ref()),
            })
            .collect(),
        items: form
            .item_codes
            .iter()
            .map(|item| api::ItemCode {
                code: item.code.clone(),
                label: label(&item.label),
            })
            .collect(),
        hidden: hidden(plan.hidden(form, &nothing, today)),
    }
}
