//! The forms this tablet knows: three come built in; further kinds are files like them.

use fieldseal_packet::form::{Condition, FieldType, Form, Label};
use fieldseal_packet::json;
use serde_json::{Map, Value};

use crate::api;
use crate::problem::{Code, Problem};

const BUILT_IN: [&str; 3] = [
    include_str!("../../packet/forms/illegal-structure.json"),
    include_str!("../../packet/forms/group-rental.json"),
    include_str!("../../packet/forms/billboard.json"),
];

/// Facts that every kind has; they go to the record's own places instead of `facts`.
pub const COMMON: [&str; 8] = [
    "address",
    "floor",
    "unit",
    "point",
    "ticket",
    "campaign",
    "item_code",
    "note",
];
/// Most characters of a text without a limit of its own.
const MAX_TEXT: usize = 4000;

/// A form with the bytes that go into the packet.
#[derive(Debug, Clone)]
pub struct KnownForm {
    /// As parsed.
    pub form: Form,
    /// `data/form.json`.
    pub bytes: Vec<u8>,
}

/// All known forms, in the order shown.
pub fn known() -> Vec<KnownForm> {
    BUILT_IN
        .iter()
        .filter_map(|text| {
            let form = json::parse_strict_as(text.as_bytes()).ok()?;
            Some(KnownForm {
                form,
                bytes: text.as_bytes().to_vec(),
            })
        })
        .collect()
}

/// Whether a condition holds for these facts.
pub fn holds(condition: Option<&Condition>, facts: &Map<String, Value>) -> bool {
    let Some(condition) = condition else {
        return true;
    };
    let is_one = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| condition.any_of.iter().any(|any| any == text))
    };
    match facts.get(&condition.field) {
        Some(Value::Array(values)) => values.iter().any(is_one),
        Some(value) => is_one(value),
        None => false,
    }
}

/// Expected fields without a value.
pub fn missing_fields(form: &Form, facts: &Map<String, Value>) -> Vec<String> {
    let missing = |id: &str| {
        facts
            .get(id)
            .is_none_or(|value| value.is_null() || value == "")
    };
    let common = form
        .common
        .iter()
        .map(|common| (&common.id, common.shown_if.as_ref()));
    let own = form
        .fields
        .iter()
        .filter(|field| field.expected)
        .map(|field| (&field.id, field.shown_if.as_ref()));
    common
        .chain(own)
        .filter(|(id, condition)| holds(*condition, facts) && missing(id))
        .map(|(id, _)| id.clone())
        .collect()
}

/// Expected shots that none of `taken` is.
pub fn missing_shots(form: &Form, facts: &Map<String, Value>, taken: &[&str]) -> Vec<String> {
    form.shots
        .iter()
        .filter(|shot| {
            shot.expected
                && holds(shot.shown_if.as_ref(), facts)
                && !taken.contains(&shot.id.as_str())
        })
        .map(|shot| shot.id.clone())
        .collect()
}

/// Checks one described value against its field. A field that the form does not know is refused: it would be evidence that
/// nobody can label.
pub fn check_fact(form: &Form, id: &str, value: &Value) -> Result<(), Problem> {
    let refuse = || Problem::from(Code::FactNotAllowed).with("field", id);
    let text_within = |value: &Value, limit: usize| match value.as_str() {
        Some(text) if text.chars().count() > limit => Err(Problem::from(Code::TextTooLong)
            .with("field", id)
            .with("max", limit)),
        Some(_) => Ok(()),
        None => Err(refuse()),
    };
    if value.is_null() {
        return Ok(());
    }
    if COMMON.contains(&id) {
        return text_within(value, if id == "note" { MAX_TEXT } else { 200 });
    }
    let field = form
        .fields
        .iter()
        .find(|field| field.id == id)
        .ok_or_else(refuse)?;
    let is_choice = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| field.choices.iter().any(|c| c.id == text))
    };
    let is_alone = |value: &Value| {
        let choice = |id: &str| field.choices.iter().find(|choice| choice.id == id);
        value
            .as_str()
            .and_then(choice)
            .is_some_and(|choice| choice.alone)
    };
    let within = |number: f64| {
        field.min.is_none_or(|min| number >= min) && field.max.is_none_or(|max| number <= max)
    };
    let fits = match field.field_type {
        FieldType::Choice => is_choice(value),
        FieldType::Choices => value.as_array().is_some_and(|values| {
            values.len() <= field.choices.len()
                && values.iter().all(is_choice)
                && (values.len() < 2 || !values.iter().any(is_alone))
        }),
        FieldType::Integer => value.as_i64().is_some_and(|number| within(number as f64)),
        FieldType::Decimal => value.as_f64().is_some_and(within),
        FieldType::Text => {
            return text_within(value, field.max_length.map_or(MAX_TEXT, |max| max as usize));
        }
        FieldType::Date => value
            .as_str()
            .is_some_and(|text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()),
        FieldType::YesNo => value.is_boolean(),
    };
    if fits { Ok(()) } else { Err(refuse()) }
}

fn label(label: &Label) -> api::LabelView {
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

/// For the screens.
pub fn view(form: &Form) -> api::FormView {
    let field_type = |field_type| match field_type {
        FieldType::Choice => "choice",
        FieldType::Choices => "choices",
        FieldType::Integer => "integer",
        FieldType::Decimal => "decimal",
        FieldType::Text => "text",
        FieldType::Date => "date",
        FieldType::YesNo => "yes-no",
    };
    api::FormView {
        kind: form.kind.clone(),
        version: form.version.clone(),
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
        fields: form
            .fields
            .iter()
            .map(|field| api::FieldDef {
                id: field.id.clone(),
                field_type: field_type(field.field_type).to_owned(),
                label: label(&field.label),
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form(kind: &str) -> Form {
        known()
            .into_iter()
            .map(|known| known.form)
            .find(|form| form.kind == kind)
            .unwrap()
    }

    #[test]
    fn the_built_in_forms_are_whole() {
        let forms = known();
        assert_eq!(forms.len(), BUILT_IN.len());
        for KnownForm { form, .. } in &forms {
            let mut ids: Vec<&str> = form.fields.iter().map(|field| field.id.as_str()).collect();
            ids.extend(COMMON);
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), count, "{}: a field id twice", form.kind);
            assert!(
                form.common
                    .iter()
                    .all(|common| COMMON.contains(&common.id.as_str()))
            );
            let conditions = form
                .fields
                .iter()
                .map(|field| &field.shown_if)
                .chain(form.shots.iter().map(|s| &s.shown_if))
                .chain(form.common.iter().map(|common| &common.shown_if));
            for condition in conditions.flatten() {
                let field = form
                    .fields
                    .iter()
                    .find(|field| field.id == condition.field)
                    .unwrap();
                for value in &condition.any_of {
                    assert!(
                        field.choices.iter().any(|choice| &choice.id == value),
                        "{value}"
                    );
                }
            }
            for field in &form.fields {
                let needs_choices =
                    matches!(field.field_type, FieldType::Choice | FieldType::Choices);
                assert_eq!(needs_choices, !field.choices.is_empty(), "{}", field.id);
            }
        }
    }

    #[test]
    fn facts_are_checked_against_their_fields() {
        let form = form("illegal-structure");
        for (id, value, fits) in [
            ("stage", json!("suspected"), true),
            ("stage", json!("gone"), false),
            ("storeys", json!(2), true),
            ("storeys", json!(2.5), false),
            ("storeys", json!(100), false),
            ("area-m2", json!(18.4), true),
            ("area-m2", json!("18.4"), false),
            ("removed-on", json!("2026-11-23"), true),
            ("removed-on", json!("2026-13-01"), false),
            ("address", json!("某路 1 号"), true),
            ("note", json!("x".repeat(4001)), false),
            ("unheard-of", json!("x"), false),
            ("stage", Value::Null, true),
        ] {
            assert_eq!(check_fact(&form, id, &value).is_ok(), fits, "{id} {value}");
        }
    }

    #[test]
    fn nothing_found_stands_alone() {
        let form = form("group-rental");
        for (value, fits) in [
            (json!(["none"]), true),
            (json!(["wiring", "barred-window"]), true),
            (json!(["none", "wiring"]), false),
        ] {
            assert_eq!(
                check_fact(&form, "fire-hazards", &value).is_ok(),
                fits,
                "{value}"
            );
        }
    }

    #[test]
    fn what_is_missing_depends_on_what_is_known() {
        let form = form("illegal-structure");
        let mut facts = Map::new();
        assert!(
            !missing_shots(&form, &facts, &["panorama"]).contains(&"same-view-after".to_owned())
        );
        assert!(!missing_fields(&form, &facts).contains(&"removed-on".to_owned()));
        facts.insert("stage".into(), json!("removed"));
        assert!(
            missing_shots(&form, &facts, &["panorama"]).contains(&"same-view-after".to_owned())
        );
        assert!(missing_fields(&form, &facts).contains(&"removed-on".to_owned()));
        assert!(!missing_fields(&form, &facts).contains(&"stage".to_owned()));
        // A new structure has no number in the register yet.
        assert!(missing_fields(&form, &facts).contains(&"address".to_owned()));
        assert!(!missing_fields(&form, &facts).contains(&"point".to_owned()));
        facts.insert("stock".into(), json!("stock"));
        assert!(missing_fields(&form, &facts).contains(&"point".to_owned()));
    }
}
