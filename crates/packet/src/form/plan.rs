//! How a form is filled in: its sections, notes and rules, read strictly. What is shown for given facts, and what is
//! said about values that are not as they should be. A value that breaks a constraint is kept: it is what was found.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rule::{Known, Rule};
use super::{Condition, Form, Label};

/// A heading under which fields stand together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// What fields name it by.
    pub id: String,
    /// Shown.
    pub label: Label,
    /// Its fields, notes and shots are shown only while this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevant: Option<Rule>,
}

/// Words between the fields: nothing to fill in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Its own id.
    pub id: String,
    /// Shown.
    pub label: Label,
    /// Stands before this field; at the end where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Id of the section that it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Shown only while this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevant: Option<Rule>,
}

/// What a value should be like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    /// Holds for a value as it should be; never asked where there is no value.
    pub rule: Rule,
    /// Said where it does not hold; a plain sentence of the screen's where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Label>,
}

/// What the form says about one field beyond its type.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldPlan {
    /// Id of its section.
    pub section: Option<String>,
    /// A sentence beside it.
    pub hint: Option<Label>,
    /// Shown only while this holds.
    pub relevant: Option<Rule>,
    /// What its value should be like.
    pub constraint: Option<Constraint>,
}

/// A form's own way of being filled in. `fields`, `shots` and `common` are in the form's order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Headings.
    pub sections: Vec<Section>,
    /// Words.
    pub notes: Vec<Note>,
    /// One for each field.
    pub fields: Vec<FieldPlan>,
    /// Relevance of each shot.
    pub shots: Vec<Option<Rule>>,
    /// Relevance of each field that all kinds have.
    pub common: Vec<Option<Rule>>,
}

/// Something of a form does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Unread {
    /// Id of the field, or which part of the form.
    pub place: String,
    /// What.
    pub problem: &'static str,
}

/// A value that is not as the form says it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Id of the field.
    pub field: String,
    /// In the form's words.
    pub message: Option<Label>,
}

/// What is not asked for, given the facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Ids of fields, those that all kinds have among them.
    pub fields: Vec<String>,
    /// Ids of shots.
    pub shots: Vec<String>,
    /// Ids of notes.
    pub notes: Vec<String>,
}

fn part<T: DeserializeOwned>(
    value: Option<&Value>,
    place: &str,
    problem: &'static str,
) -> Result<Option<T>, Unread> {
    value
        .map(|value| {
            T::deserialize(value).map_err(|_| Unread {
                place: place.chars().take(64).collect(),
                problem,
            })
        })
        .transpose()
}

/// Whether a condition holds for these facts.
pub fn condition_holds(condition: Option<&Condition>, facts: &Map<String, Value>) -> bool {
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

/// No value, in any of the ways to have none.
pub fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(values)) => values.is_empty(),
        Some(_) => false,
    }
}

impl Plan {
    /// Reads it.
    pub fn of(form: &Form) -> Result<Self, Unread> {
        let rule = |value: &Option<Value>, place: &str| {
            part::<Rule>(value.as_ref(), place, "a rule does not read")
        };
        let fields = form.fields.iter().map(|field| {
            let id = field.id.as_str();
            Ok(FieldPlan {
                section: part(field.section.as_ref(), id, "a section's id is text")?,
                hint: part(field.hint.as_ref(), id, "a hint is text in both languages")?,
                relevant: rule(&field.relevant, id)?,
                constraint: part(field.constraint.as_ref(), id, "a constraint does not read")?,
            })
        });
        Ok(Self {
            sections: part(
                form.sections.as_ref(),
                "sections",
                "the sections do not read",
            )?
            .unwrap_or_default(),
            notes: part(form.notes.as_ref(), "notes", "the notes do not read")?.unwrap_or_default(),
            fields: fields.collect::<Result<_, Unread>>()?,
            shots: (form.shots.iter())
                .map(|shot| rule(&shot.relevant, &shot.id))
                .collect::<Result<_, Unread>>()?,
            common: (form.common.iter())
                .map(|common| rule(&common.relevant, &common.id))
                .collect::<Result<_, Unread>>()?,
        })
    }

    /// Every rule, and whether `this` means something in it.
    pub fn rules(&self) -> impl Iterator<Item = (&Rule, bool)> {
        let plain = (self.sections.iter().map(|section| &section.relevant))
            .chain(self.notes.iter().map(|note| &note.relevant))
            .chain(self.fields.iter().map(|field| &field.relevant))
            .chain(&self.shots)
            .chain(&self.common)
            .flatten();
        let constraints = self.fields.iter().flat_map(|field| &field.constraint);
        plain
            .map(|rule| (rule, false))
            .chain(constraints.map(|constraint| (&constraint.rule, true)))
    }

    /// What is not asked for. A field that is not asked for counts as empty for those after it; for those before it, and for
    /// shots, as well once it is known to be hidden. One pass in the form's order: every reader comes to the same.
    pub fn hidden(&self, form: &Form, facts: &Map<String, Value>, today: &str) -> Hidden {
        let mut facts = facts.clone();
        let mut hidden = Hidden::default();
        for (field, plan) in form.fields.iter().zip(&self.fields) {
            let shown = self.section_holds(plan.section.as_deref(), &facts, today)
                && condition_holds(field.shown_if.as_ref(), &facts)
                && holds(plan.relevant.as_ref(), &facts, today);
            if !shown {
                facts.remove(&field.id);
                hidden.fields.push(field.id.clone());
            }
        }
        for (common, rule) in form.common.iter().zip(&self.common) {
            if !(condition_holds(common.shown_if.as_ref(), &facts)
                && holds(rule.as_ref(), &facts, today))
            {
                hidden.fields.push(common.id.clone());
            }
        }
        for (shot, rule) in form.shots.iter().zip(&self.shots) {
            if !(condition_holds(shot.shown_if.as_ref(), &facts)
                && holds(rule.as_ref(), &facts, today))
            {
                hidden.shots.push(shot.id.clone());
            }
        }
        for note in &self.notes {
            if !(self.section_holds(note.section.as_deref(), &facts, today)
                && holds(note.relevant.as_ref(), &facts, today))
            {
                hidden.notes.push(note.id.clone());
            }
        }
        hidden
    }

    fn section_holds(&self, id: Option<&str>, facts: &Map<String, Value>, today: &str) -> bool {
        let section = id.and_then(|id| self.sections.iter().find(|section| section.id == id));
        section.is_none_or(|section| holds(section.relevant.as_ref(), facts, today))
    }

    /// Values that are shown and not as they should be, in the form's order.
    pub fn violations(
        &self,
        form: &Form,
        facts: &Map<String, Value>,
        today: &str,
    ) -> Vec<Violation> {
        let hidden = self.hidden(form, facts, today);
        let mut facts = facts.clone();
        facts.retain(|id, _| !hidden.fields.contains(id));
        let mut violations = Vec::new();
        for (field, plan) in form.fields.iter().zip(&self.fields) {
            let this = facts.get(&field.id);
            let Some(constraint) = plan.constraint.as_ref().filter(|_| !is_empty(this)) else {
                continue;
            };
            let known = Known {
                facts: &facts,
                this,
                today,
            };
            if !constraint.rule.holds(&known) {
                violations.push(Violation {
                    field: field.id.clone(),
                    message: constraint.message.clone(),
                });
            }
        }
        violations
    }
}

fn holds(rule: Option<&Rule>, facts: &Map<String, Value>, today: &str) -> bool {
    let known = Known {
        facts,
        this: None,
        today,
    };
    rule.is_none_or(|rule| rule.holds(&known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TODAY: &str = "2026-11-23";

    fn form() -> Form {
        let label = json!({"zh": "甲", "en": "A"});
        let choice = |id: &str| json!({"id": id, "label": {"zh": id, "en": id}});
        let is = |field: &str, choice: &str| json!({"selected": {"of": {"field": field}, "choice": choice}});
        serde_json::from_value(json!({
            "schema": "form/1", "kind": "waste", "version": "1", "name": label, "short_name": label,
            "sections": [{"id": "s", "label": label, "relevant": is("a", "x")}],
            "notes": [{"id": "n", "label": label, "section": "s"}, {"id": "m", "label": label, "before": "a"}],
            "fields": [
                {"id": "a", "type": "choice", "label": label, "choices": [choice("x"), choice("y")]},
                {"id": "b", "type": "choice", "label": label, "choices": [choice("x")], "section": "s"},
                {"id": "c", "type": "integer", "label": label, "relevant": is("b", "x"),
                 "constraint": {"rule": {"compare": {"left": "this", "is": "at-most", "right": {"number": 5.0}}}, "message": label}}
            ],
            "shots": [{"id": "p", "label": label, "expected": true, "relevant": is("b", "x")}],
            "common": [{"id": "unit", "relevant": is("a", "y")}]
        }))
        .unwrap()
    }

    fn hidden(facts: Value) -> Hidden {
        let form = form();
        Plan::of(&form)
            .unwrap()
            .hidden(&form, facts.as_object().unwrap(), TODAY)
    }

    #[test]
    fn what_hangs_on_something_hidden_is_hidden_too() {
        let shown = hidden(json!({"a": "x", "b": "x"}));
        assert_eq!(
            (shown.fields, shown.shots, shown.notes),
            (vec!["unit".to_owned()], vec![], vec![])
        );
        // `b` still has its value, but its section is gone.
        let gone = hidden(json!({"a": "y", "b": "x"}));
        assert_eq!(gone.fields, ["b", "c"]);
        assert_eq!(
            (gone.shots, gone.notes),
            (vec!["p".to_owned()], vec!["n".to_owned()])
        );
    }

    #[test]
    fn a_value_that_is_not_as_it_should_be_is_said_while_it_is_shown() {
        let form = form();
        let plan = Plan::of(&form).unwrap();
        let said = |facts: Value| {
            plan.violations(&form, facts.as_object().unwrap(), TODAY)
                .len()
        };
        assert_eq!(said(json!({"a": "x", "b": "x", "c": 6})), 1);
        assert_eq!(said(json!({"a": "x", "b": "x", "c": 5})), 0);
        assert_eq!(said(json!({"a": "x", "b": "x"})), 0);
        assert_eq!(said(json!({"a": "y", "b": "x", "c": 6})), 0);
    }

    #[test]
    fn what_does_not_read_is_named() {
        let mut form = form();
        form.fields[2].relevant = Some(json!({"xor": []}));
        let error = Plan::of(&form).unwrap_err();
        assert_eq!(error.place, "c");
    }
}
