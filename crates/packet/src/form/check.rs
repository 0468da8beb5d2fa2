//! Whether a form is one that officers can be given: whoever keeps it and whoever fills it in asks the same.
//!
//! Stricter than what a verifier asks of `data/form.json`: a packet is judged by what it is, a new form by what it is for.

use std::collections::BTreeSet;

use super::plan::{Plan, Unread};
use super::rule::{Operand, Rule};
use super::{Choice, Condition, FieldType, Form, ItemCode, Label, MAX_FORM};
use crate::json::{self, JsonError};
use crate::record::VOID_KIND;

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

const MAX_FIELDS: usize = 300;
const MAX_CHOICES: usize = 500;
const MAX_SHOTS: usize = 60;
const MAX_ITEM_CODES: usize = 2000;
const MAX_ID: usize = 64;
const MAX_LABEL: usize = 1000;
/// Of a kind's name, which stands in chips and heads.
const MAX_NAME: usize = 60;

/// A form that can be filled in, with its bytes as they go into packets.
#[derive(Debug, Clone)]
pub struct Usable {
    /// As parsed.
    pub form: Form,
    /// Its sections, notes and rules.
    pub plan: Plan,
}

/// A form is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// Over [`MAX_FORM`].
    #[error("a form has at most {MAX_FORM} bytes")]
    TooLarge,
    /// Not strict JSON of this shape.
    #[error("the file is not a form: {0}")]
    Json(#[from] JsonError),
    /// Another schema.
    #[error("the file's schema is not form/1")]
    Schema,
    /// A part of it.
    #[error(transparent)]
    Part(#[from] Unread),
}

fn wrong(place: impl Into<String>, problem: &'static str) -> FormError {
    let place: String = place.into();
    FormError::Part(Unread {
        place: place.chars().take(MAX_ID).collect(),
        problem,
    })
}

/// Reads a form file and checks all of it.
pub fn read(bytes: &[u8]) -> Result<Usable, FormError> {
    if bytes.len() > MAX_FORM {
        return Err(FormError::TooLarge);
    }
    let form: Form = json::parse_strict_as(bytes)?;
    usable(form)
}

/// Checks a form.
pub fn usable(form: Form) -> Result<Usable, FormError> {
    if form.schema != "form/1" {
        return Err(FormError::Schema);
    }
    if !is_id(&form.kind) || form.kind == VOID_KIND {
        return Err(wrong(
            "kind",
            "a kind's id is 1 to 64 letters, digits, - or _, and not void",
        ));
    }
    if order(&form.version).is_none() {
        return Err(wrong(
            "version",
            "a version is 1 to 4 numbers with points between them",
        ));
    }
    for (place, name) in [("name", &form.name), ("short_name", &form.short_name)] {
        if !is_label(name)
            || [&name.zh, &name.en]
                .iter()
                .any(|text| text.chars().count() > MAX_NAME)
        {
            return Err(wrong(
                place,
                "a kind's name has 1 to 60 characters in each language",
            ));
        }
    }
    let plan = Plan::of(&form)?;
    sizes(&form, &plan)?;
    ids(&form, &plan)?;
    labels(&form, &plan)?;
    fields(&form)?;
    conditions(&form)?;
    rules(&form, &plan)?;
    Ok(Usable { form, plan })
}

/// A version's place among others; none: not a version.
pub fn order(version: &str) -> Option<Vec<u64>> {
    let parts: Vec<u64> = version
        .split('.')
        .map(|part| {
            let digits = (1..=18).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        })
        .collect::<Option<_>>()?;
    // 1.2 and 1.2.0 are the same place.
    let length = parts
        .iter()
        .rposition(|part| *part != 0)
        .map_or(0, |at| at + 1);
    (parts.len() <= 4).then(|| parts[..length].to_vec())
}

/// Whether `new` comes after `old`.
pub fn is_newer(new: &str, old: &str) -> bool {
    match (order(new), order(old)) {
        (Some(new), Some(old)) => new > old,
        (new, old) => new.is_some() && old.is_none(),
    }
}

/// An id: what a key in a record, a name of a test, a part of an address can be.
pub fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && id
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_label(label: &Label) -> bool {
    [&label.zh, &label.en]
        .iter()
        .all(|text| !text.trim().is_empty() && text.chars().count() <= MAX_LABEL)
}

fn sizes(form: &Form, plan: &Plan) -> Result<(), FormError> {
    for (place, has, most) in [
        ("fields", form.fields.len(), MAX_FIELDS),
        ("shots", form.shots.len(), MAX_SHOTS),
        ("item_codes", form.item_codes.len(), MAX_ITEM_CODES),
        ("common", form.common.len(), COMMON.len()),
        ("sections", plan.sections.len(), MAX_FIELDS),
        ("notes", plan.notes.len(), MAX_FIELDS),
    ] {
        if has > most {
            return Err(wrong(place, "too many"));
        }
    }
    Ok(())
}

fn once<'a>(place: &str, ids: impl IntoIterator<Item = &'a str>) -> Result<(), FormError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !is_id(id) {
            return Err(wrong(
                place,
                "an id is 1 to 64 letters, digits, points, - or _",
            ));
        }
        if !seen.insert(id) {
            return Err(wrong(format!("{place} {id}"), "the same id twice"));
        }
    }
    Ok(())
}

fn ids(form: &Form, plan: &Plan) -> Result<(), FormError> {
    let own = form.fields.iter().map(|field| field.id.as_str());
    once("field", own.clone())?;
    if let Some(id) = own.into_iter().find(|id| COMMON.contains(id)) {
        return Err(wrong(id, "every kind has a field of this id"));
    }
    once("shot", form.shots.iter().map(|shot| shot.id.as_str()))?;
    once(
        "section",
        plan.sections.iter().map(|section| section.id.as_str()),
    )?;
    once("note", plan.notes.iter().map(|note| note.id.as_str()))?;
    once(
        "common",
        form.common.iter().map(|common| common.id.as_str()),
    )?;
    if let Some(common) = form
        .common
        .iter()
        .find(|common| !COMMON.contains(&common.id.as_str()))
    {
        return Err(wrong(&common.id, "not a field that every kind has"));
    }
    for field in &form.fields {
        let choices = field.choices.iter().map(|choice| choice.id.as_str());
        // A choice's id is a value: a digit or a name.
        once(&format!("{} choice", field.id), choices)?;
    }
    for (place, section) in (form.fields.iter().zip(&plan.fields))
        .map(|(field, plan)| (&field.id, &plan.section))
        .chain(plan.notes.iter().map(|note| (&note.id, &note.section)))
    {
        let known = |id: &String| plan.sections.iter().any(|section| section.id == *id);
        if section.as_ref().is_some_and(|id| !known(id)) {
            return Err(wrong(place, "there is no section of this id"));
        }
    }
    for note in &plan.notes {
        let known = |id: &String| form.fields.iter().any(|field| field.id == *id);
        if note.before.as_ref().is_some_and(|id| !known(id)) {
            return Err(wrong(&note.id, "there is no field of this id"));
        }
    }
    Ok(())
}

fn labels(form: &Form, plan: &Plan) -> Result<(), FormError> {
    let choices = |choices: &[Choice]| choices.iter().all(|choice| is_label(&choice.label));
    for field in &form.fields {
        if !(is_label(&field.label) && choices(&field.choices)) {
            return Err(wrong(&field.id, "a label is missing or too long"));
        }
    }
    let others = (form.shots.iter().map(|shot| (&shot.id, &shot.label)))
        .chain(
            plan.sections
                .iter()
                .map(|section| (&section.id, &section.label)),
        )
        .chain(plan.notes.iter().map(|note| (&note.id, &note.label)))
        .chain(
            form.item_codes
                .iter()
                .map(|ItemCode { code, label }| (code, label)),
        );
    for (place, label) in others {
        if !is_label(label) {
            return Err(wrong(place, "a label is missing or too long"));
        }
    }
    let said = (form.fields.iter().zip(&plan.fields)).flat_map(|(field, plan)| {
        let message = plan
            .constraint
            .as_ref()
            .and_then(|rule| rule.message.as_ref());
        [
            (&field.id, plan.hint.as_ref()),
            (&field.id, message),
            (&field.id, field.unit.as_ref()),
        ]
    });
    for (place, label) in said {
        if label.is_some_and(|label| !is_label(label)) {
            return Err(wrong(place, "a label is missing or too long"));
        }
    }
    Ok(())
}

fn fields(form: &Form) -> Result<(), FormError> {
    for field in &form.fields {
        let of_choices = matches!(field.field_type, FieldType::Choice | FieldType::Choices);
        if of_choices == field.choices.is_empty() {
            return Err(wrong(
                &field.id,
                "choices belong to choice and choices, and are there",
            ));
        }
        if field.choices.len() > MAX_CHOICES {
            return Err(wrong(&field.id, "too many choices"));
        }
        if let (Some(min), Some(max)) = (field.min, field.max)
            && min > max
        {
            return Err(wrong(&field.id, "the least is more than the greatest"));
        }
        if field.max_length == Some(0) {
            return Err(wrong(&field.id, "a text of no characters"));
        }
    }
    Ok(())
}

fn conditions(form: &Form) -> Result<(), FormError> {
    let all = (form.fields.iter().map(|field| (&field.id, &field.shown_if)))
        .chain(form.shots.iter().map(|shot| (&shot.id, &shot.shown_if)))
        .chain(
            form.common
                .iter()
                .map(|common| (&common.id, &common.shown_if)),
        );
    for (place, condition) in all {
        let Some(Condition { field, any_of }) = condition else {
            continue;
        };
        let Some(known) = form.fields.iter().find(|other| other.id == *field) else {
            return Err(wrong(place, "a condition names a field that is not there"));
        };
        if any_of
            .iter()
            .any(|id| !known.choices.iter().any(|choice| choice.id == *id))
        {
            return Err(wrong(place, "a condition names a choice that is not there"));
        }
    }
    Ok(())
}

fn rules(form: &Form, plan: &Plan) -> Result<(), FormError> {
    let field = |id: &str| form.fields.iter().find(|field| field.id == id);
    for (rule, of_a_value) in plan.rules() {
        if !rule.is_sound() {
            return Err(wrong(
                "a rule",
                "too deep, too large, or with a pattern that is none",
            ));
        }
        let mut problem = None;
        rule.each_operand(&mut |operand| match operand {
            Operand::Field(id) if field(id).is_none() && !COMMON.contains(&id.as_str()) => {
                problem = Some((id.clone(), "a rule names a field that is not there"));
            }
            Operand::This if !of_a_value => {
                problem = Some((
                    "a rule".to_owned(),
                    "only a constraint has a value of its own",
                ));
            }
            _ => {}
        });
        selections(rule, &mut |of, choice| {
            if let Operand::Field(id) = of
                && let Some(field) = field(id)
                && !field.choices.is_empty()
                && !field.choices.iter().any(|known| known.id == choice)
            {
                problem = Some((id.clone(), "a rule names a choice that is not there"));
            }
        });
        if let Some((place, problem)) = problem {
            return Err(wrong(place, problem));
        }
    }
    Ok(())
}

fn selections(rule: &Rule, see: &mut dyn FnMut(&Operand, &str)) {
    match rule {
        Rule::All(rules) | Rule::Any(rules) => {
            for rule in rules {
                selections(rule, see);
            }
        }
        Rule::Not(rule) => selections(rule, see),
        Rule::Selected { of, choice } => see(of, choice),
        Rule::Compare { .. } | Rule::Matches { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const FILES: [&str; 6] = [
        include_str!("../../forms/illegal-structure.json"),
        include_str!("../../forms/group-rental.json"),
        include_str!("../../forms/billboard.json"),
        include_str!("../../forms/more/waste-sorting.json"),
        include_str!("../../forms/more/construction-site.json"),
        include_str!("../../forms/more/street-order.json"),
    ];

    #[test]
    fn the_forms_of_this_project_are_usable() {
        for file in FILES {
            let usable = read(file.as_bytes()).unwrap();
            let again = serde_json::to_value(&usable.form).unwrap();
            let kept: Form = serde_json::from_value(again).unwrap();
            assert_eq!(kept, usable.form);
        }
    }

    /// A small form with one thing changed.
    fn changed(pointer: &str, value: Value) -> Result<Usable, FormError> {
        let label = json!({"zh": "甲", "en": "A"});
        let mut form = json!({
            "schema": "form/1", "kind": "k", "version": "1.0", "name": label, "short_name": label,
            "sections": [{"id": "s", "label": label}], "notes": [{"id": "n", "label": label, "before": "a"}],
            "common": [{"id": "address"}],
            "fields": [
                {"id": "a", "type": "choice", "label": label, "choices": [{"id": "x", "label": label}], "section": "s"},
                {"id": "b", "type": "text", "label": label, "shown_if": {"field": "a", "any_of": ["x"]},
                 "relevant": {"selected": {"of": {"field": "a"}, "choice": "x"}},
                 "constraint": {"rule": {"matches": {"of": "this", "pattern": "[0-9]+"}}, "message": label}, "max_length": 9, "hint": label}
            ],
            "shots": [{"id": "p", "label": label, "relevant": {"compare": {"left": {"field": "b"}, "is": "equal", "right": {"text": "1"}}}}],
            "item_codes": [{"code": "A-1", "label": label}]
        });
        *form.pointer_mut(pointer).unwrap() = value;
        read(&serde_json::to_vec(&form).unwrap())
    }

    #[test]
    fn one_thing_wrong_is_found() {
        assert!(changed("/kind", json!("k")).is_ok());
        let empty = json!({"zh": " ", "en": "A"});
        for (pointer, value) in [
            ("/schema", json!("form/2")),
            ("/kind", json!("void")),
            ("/kind", json!("a b")),
            ("/version", json!("1.0-beta")),
            ("/name", empty.clone()),
            ("/short_name/en", json!("x".repeat(61))),
            ("/sections/0/id", json!("t")),
            ("/sections", json!({})),
            ("/notes/0/before", json!("z")),
            ("/notes/0/label", empty.clone()),
            ("/common/0/id", json!("b")),
            ("/fields/0/id", json!("b")),
            ("/fields/0/id", json!("address")),
            ("/fields/0/choices", json!([])),
            ("/fields/0/type", json!("text")),
            ("/fields/0/type", json!("range")),
            ("/fields/1/shown_if/field", json!("z")),
            ("/fields/1/shown_if/any_of", json!(["z"])),
            ("/fields/1/relevant/selected/choice", json!("z")),
            ("/fields/1/relevant/selected/of", json!("this")),
            ("/fields/1/relevant", json!("x")),
            ("/fields/1/constraint/rule/matches/pattern", json!("(")),
            ("/fields/1/constraint/message", json!("x")),
            ("/fields/1/max_length", json!(0)),
            ("/fields/1/hint", json!("x")),
            ("/shots/0/relevant/compare/left/field", json!("z")),
            ("/shots/0/label", empty.clone()),
            ("/item_codes/0/label", empty),
        ] {
            assert!(
                changed(pointer, value.clone()).is_err(),
                "{pointer} {value}"
            );
        }
    }

    #[test]
    fn versions_have_an_order() {
        assert!(is_newer("1.10", "1.9.9"));
        assert!(is_newer("2026112301", "2026112300"));
        assert!(is_newer("1.0.0.1", "1"));
        assert!(!is_newer("1.2.0", "1.2"));
        assert!(!is_newer("1.x", "1"));
        assert_eq!(order("1..2"), None);
        assert_eq!(order(""), None);
        assert_eq!(order("1.2.3.4.5"), None);
    }
}
