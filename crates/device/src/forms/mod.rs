//! The forms this tablet knows: three come built in; further kinds, and newer versions of these, are files like them that
//! the server delivers.

mod delivered;
mod pinned;
mod view;

use std::sync::Arc;

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::form::check::{self, FormError, Usable};
use fieldseal_packet::form::plan::{Plan, is_empty};
use fieldseal_packet::form::{FieldType, Form};
use serde_json::{Map, Value};

pub use fieldseal_packet::form::check::COMMON;

pub(crate) use delivered::Forms;
pub(crate) use view::{hidden, view, violations};

use crate::problem::{Code, Problem};

const BUILT_IN: [&str; 3] = [
    include_str!("../../../packet/forms/illegal-structure.json"),
    include_str!("../../../packet/forms/group-rental.json"),
    include_str!("../../../packet/forms/billboard.json"),
];

/// Most characters of a text without a limit of its own.
const MAX_TEXT: usize = 4000;

/// A form with the bytes that go into the packet.
#[derive(Debug, Clone)]
pub struct KnownForm {
    /// As parsed.
    pub form: Form,
    /// Its sections, notes and rules.
    pub plan: Plan,
    /// `data/form.json`.
    pub bytes: Vec<u8>,
    /// Of the bytes.
    pub sha256: Sha256Digest,
    /// Whether new drafts may be of this kind: a retired one is known for those that are.
    pub offered: bool,
}

impl KnownForm {
    /// Reads a form strictly.
    pub fn read(bytes: &[u8]) -> Result<Self, FormError> {
        let Usable { form, plan } = check::read(bytes)?;
        Ok(Self {
            form,
            plan,
            sha256: Sha256Digest::of(bytes),
            bytes: bytes.to_vec(),
            offered: true,
        })
    }
}

/// The forms built in, in the order shown.
pub fn known() -> Vec<Arc<KnownForm>> {
    BUILT_IN
        .iter()
        .filter_map(|text| KnownForm::read(text.as_bytes()).ok().map(Arc::new))
        .collect()
}

/// Expected fields without a value.
pub fn missing_fields(known: &KnownForm, facts: &Map<String, Value>, today: &str) -> Vec<String> {
    let KnownForm { form, plan, .. } = known;
    let hidden = plan.hidden(form, facts, today);
    let common = form.common.iter().map(|common| &common.id);
    let own = form.fields.iter().filter(|field| field.expected);
    common
        .chain(own.map(|field| &field.id))
        .filter(|id| !hidden.fields.contains(id) && is_empty(facts.get(*id)))
        .cloned()
        .collect()
}

/// Expected shots that none of `taken` is.
pub fn missing_shots(
    known: &KnownForm,
    facts: &Map<String, Value>,
    taken: &[&str],
    today: &str,
) -> Vec<String> {
    let hidden = known.plan.hidden(&known.form, facts, today);
    let expected = known.form.shots.iter().filter(|shot| shot.expected);
    expected
        .map(|shot| &shot.id)
        .filter(|id| !hidden.shots.contains(id) && !taken.contains(&id.as_str()))
        .cloned()
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TODAY: &str = "2026-11-23";

    fn known_form(kind: &str) -> Arc<KnownForm> {
        known()
            .into_iter()
            .find(|known| known.form.kind == kind)
            .unwrap()
    }

    fn form(kind: &str) -> Form {
        known_form(kind).form.clone()
    }

    #[test]
    fn the_built_in_forms_are_whole() {
        // What does not read strictly is left out.
        assert_eq!(known().len(), BUILT_IN.len());
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
        let form = known_form("illegal-structure");
        let mut facts = Map::new();
        assert!(
            !missing_shots(&form, &facts, &["panorama"], TODAY)
                .contains(&"same-view-after".to_owned())
        );
        assert!(!missing_fields(&form, &facts, TODAY).contains(&"removed-on".to_owned()));
        facts.insert("stage".into(), json!("removed"));
        assert!(
            missing_shots(&form, &facts, &["panorama"], TODAY)
                .contains(&"same-view-after".to_owned())
        );
        assert!(missing_fields(&form, &facts, TODAY).contains(&"removed-on".to_owned()));
        assert!(!missing_fields(&form, &facts, TODAY).contains(&"stage".to_owned()));
        // A new structure has no number in the register yet.
        assert!(missing_fields(&form, &facts, TODAY).contains(&"address".to_owned()));
        assert!(!missing_fields(&form, &facts, TODAY).contains(&"point".to_owned()));
        facts.insert("stock".into(), json!("stock"));
        assert!(missing_fields(&form, &facts, TODAY).contains(&"point".to_owned()));
    }
}
