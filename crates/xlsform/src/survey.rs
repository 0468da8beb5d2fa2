//! The survey sheet, row by row: questions become fields, shots and notes, groups become sections.

use std::collections::{BTreeMap, BTreeSet};

use fieldseal_packet::form::check::COMMON;
use fieldseal_packet::form::rule::Rule;
use serde_json::{Map, Value, json};

use crate::expression;
use crate::labels::Languages;
use crate::problem::Problems;
use crate::sheets::{Row, Sheet};

/// Deepest nesting of groups.
const MAX_GROUPS: usize = 20;

/// Parts of a form, in its own spelling.
#[derive(Default)]
pub(crate) struct Parts {
    pub common: Vec<Value>,
    pub sections: Vec<Value>,
    pub notes: Vec<Value>,
    pub fields: Vec<Value>,
    pub shots: Vec<Value>,
}

/// What a row of the survey is.
enum What<'a> {
    Field(&'static str),
    Select(&'static str, &'a str),
    Photo,
    Note,
    GroupBegins,
    GroupEnds,
    RepeatBegins,
    RepeatEnds,
    Unsupported,
}

fn what(text: &str) -> What<'_> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    match lower.as_slice() {
        ["text" | "string"] => What::Field("text"),
        ["integer" | "int"] => What::Field("integer"),
        ["decimal"] => What::Field("decimal"),
        ["date"] => What::Field("date"),
        ["image" | "photo"] => What::Photo,
        ["note"] => What::Note,
        ["select_one" | "select1", _] => What::Select("choice", words[1]),
        ["select", "one", "from", _] => What::Select("choice", words[3]),
        ["select_multiple", _] => What::Select("choices", words[1]),
        ["select", "multiple", "from", _] => What::Select("choices", words[3]),
        ["begin_group"] | ["begin", "group"] => What::GroupBegins,
        ["end_group"] | ["end", "group"] => What::GroupEnds,
        ["begin_repeat"] | ["begin", "repeat"] => What::RepeatBegins,
        ["end_repeat"] | ["end", "repeat"] => What::RepeatEnds,
        _ => What::Unsupported,
    }
}

struct Group {
    row: u32,
    /// Where its fields stand; none: nowhere but in the group around it.
    section: Option<String>,
    /// Of this group and those around it, as far as no section says it.
    own: Vec<Rule>,
    /// Of this group and those around it.
    all: Vec<Rule>,
}

struct Reading<'a> {
    survey: &'a Sheet,
    choices: BTreeMap<String, Vec<Value>>,
    languages: &'a Languages,
    problems: &'a mut Problems,
    parts: Parts,
    groups: Vec<Group>,
    /// Row in which the outermost open repeat begins, and how many are open.
    repeat: Option<(u32, usize)>,
    /// Names of the questions that can be asked about in expressions.
    known: BTreeSet<String>,
    /// Names that are in the workbook and not in the form.
    left_out: BTreeSet<String>,
    /// Where notes wait for the field behind them.
    waiting: Vec<usize>,
}

/// Reads the survey.
pub(crate) fn read(
    survey: &Sheet,
    choices: Option<&Sheet>,
    languages: &Languages,
    problems: &mut Problems,
) -> Parts {
    let choices = choices.map(|sheet| lists(sheet, languages, problems));
    let mut reading = Reading {
        survey,
        choices: choices.unwrap_or_default(),
        languages,
        problems,
        parts: Parts::default(),
        groups: Vec::new(),
        repeat: None,
        known: BTreeSet::new(),
        left_out: BTreeSet::new(),
        waiting: Vec::new(),
    };
    reading.names();
    for row in &survey.rows {
        reading.row(row);
    }
    for group in std::mem::take(&mut reading.groups) {
        reading.error_at(group.row, "type", "this group has no end");
    }
    if let Some((row, _)) = reading.repeat {
        reading.error_at(row, "type", "this repeat has no end");
    }
    let used = |id: &Value| {
        let of = |parts: &[Value]| parts.iter().any(|part| part["section"] == *id);
        of(&reading.parts.fields) || of(&reading.parts.notes)
    };
    let sections: Vec<Value> = (reading.parts.sections.iter())
        .filter(|section| used(&section["id"]))
        .cloned()
        .collect();
    Parts {
        sections,
        ..reading.parts
    }
}

/// The choices by list.
fn lists(
    sheet: &Sheet,
    languages: &Languages,
    problems: &mut Problems,
) -> BTreeMap<String, Vec<Value>> {
    let mut lists: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in &sheet.rows {
        let (Some(list), Some(name)) = (row.text("list_name"), row.text("name")) else {
            problems.error(
                &sheet.name,
                row.number,
                "list_name",
                "list and name are needed",
            );
            continue;
        };
        let label = languages
            .label(sheet, row, "label", problems)
            .unwrap_or_else(|| {
                problems.remark(
                    &sheet.name,
                    row.number,
                    "label",
                    "without a label: its name stands there",
                );
                json!({"zh": name, "en": name})
            });
        problems.unused(sheet, row, &["list_name", "name", "label"]);
        let list = lists.entry(list.to_owned()).or_default();
        list.push(json!({"id": name, "label": label}));
    }
    lists
}

impl<'a> Reading<'a> {
    fn error_at(&mut self, row: u32, column: &str, what: &str) {
        self.problems.error(&self.survey.name, row, column, what);
    }

    fn loss_at(&mut self, row: u32, column: &str, what: &str) {
        self.problems.loss(&self.survey.name, row, column, what);
    }

    /// Which names an expression can ask about: also of rows further down.
    fn names(&mut self) {
        let mut repeats = 0_usize;
        for row in &self.survey.rows {
            let name = row.text("name").unwrap_or_default().to_owned();
            match what(row.text("type").unwrap_or_default()) {
                What::RepeatBegins => repeats += 1,
                What::RepeatEnds => repeats = repeats.saturating_sub(1),
                What::Field(_) | What::Select(..) if repeats == 0 => {
                    self.known.insert(name);
                    continue;
                }
                _ => {}
            }
            self.left_out.insert(name);
        }
    }

    fn row(&mut self, row: &'a Row) {
        let kind = row.text("type").unwrap_or_default();
        let what = what(kind);
        if let Some((begins, open)) = self.repeat {
            self.repeat = match what {
                What::RepeatBegins => Some((begins, open + 1)),
                What::RepeatEnds if open == 1 => None,
                What::RepeatEnds => Some((begins, open - 1)),
                _ => {
                    self.loss_at(row.number, "type", "within a repeat: left out");
                    Some((begins, open))
                }
            };
            return;
        }
        if kind.is_empty() {
            return self.loss_at(row.number, "type", "a row without a type: left out");
        }
        let name = row.text("name").unwrap_or_default();
        let has_name = !matches!(
            what,
            What::GroupEnds | What::RepeatEnds | What::RepeatBegins | What::Unsupported
        );
        if has_name && name.is_empty() {
            return self.error_at(row.number, "name", "is needed");
        }
        match what {
            What::Field("text") if COMMON.contains(&name) => self.common(row, name),
            What::Field(_) | What::Select(..) if COMMON.contains(&name) => self.error_at(
                row.number,
                "name",
                "every kind has a field of this name, and it is a text",
            ),
            What::Field(of) => self.field(row, name, of, None),
            What::Select(of, list) => match self.choices.get(list).cloned() {
                Some(choices) => self.field(row, name, of, Some(choices)),
                None => self.error_at(
                    row.number,
                    "type",
                    "there is no list of choices of this name",
                ),
            },
            What::Photo => self.photo(row, name),
            What::Note => self.note(row, name),
            What::GroupBegins => self.group(row, name),
            What::GroupEnds => {
                if self.groups.pop().is_none() {
                    self.error_at(row.number, "type", "no group is open here");
                }
            }
            What::RepeatBegins => {
                self.loss_at(
                    row.number,
                    "type",
                    "repeats are not supported: left out with all that is in it",
                );
                self.repeat = Some((row.number, 1));
            }
            What::RepeatEnds => self.error_at(row.number, "type", "no repeat is open here"),
            What::Unsupported => {
                let of = kind.split_whitespace().next().unwrap_or_default();
                let what = if kind.ends_with("or_other") {
                    "or_other is not supported: left out".to_owned()
                } else {
                    format!("questions of type {of} are not supported: left out")
                };
                self.loss_at(row.number, "type", &what);
            }
        }
    }

    /// A rule; what it can't say is named, and so is what it asks about and the form has not.
    fn rule(&mut self, row: &Row, column: &str) -> Option<Rule> {
        let text = row.text(column)?;
        let rule = match expression::parse(text) {
            Ok(rule) => rule,
            Err(what) => {
                self.loss_at(row.number, column, &what);
                return None;
            }
        };
        for name in rule.fields() {
            if self.known.contains(&name) {
                continue;
            }
            let what = format!("${{{name}}} is no question that holds a value in the form");
            if self.left_out.contains(&name) {
                self.loss_at(row.number, column, &what);
            } else {
                self.error_at(row.number, column, &what);
            }
            return None;
        }
        Some(rule)
    }

    fn required(&mut self, row: &Row) -> bool {
        match row
            .text("required")
            .unwrap_or_default()
            .to_lowercase()
            .as_str()
        {
            "" | "no" | "false" | "false()" | "0" => false,
            "yes" | "true" | "true()" | "1" => true,
            _ => {
                self.loss_at(
                    row.number,
                    "required",
                    "only yes and no are supported: taken as no",
                );
                false
            }
        }
    }

    fn label(&mut self, row: &Row, base: &str) -> Option<Value> {
        self.languages.label(self.survey, row, base, self.problems)
    }

    /// The words of a question; its name where it has none.
    fn words(&mut self, row: &Row, name: &str) -> Value {
        self.label(row, "label").unwrap_or_else(|| {
            let sheet = &self.survey.name;
            self.problems.remark(
                sheet,
                row.number,
                "label",
                "without a label: its name stands there",
            );
            json!({"zh": name, "en": name})
        })
    }

    fn unused(&mut self, row: &Row, used: &[&str]) {
        let used = [&["type", "name", "label", "relevant"], used].concat();
        self.problems.unused(self.survey, row, &used);
    }

    fn section(&self) -> Option<String> {
        self.groups.last().and_then(|group| group.section.clone())
    }

    /// Its own rule, behind those of the groups around it that no section says.
    fn relevant(&mut self, row: &Row) -> Option<Rule> {
        let own = self.rule(row, "relevant");
        let around = self.groups.last().map(|group| group.own.clone());
        all(around.unwrap_or_default().into_iter().chain(own).collect())
    }

    /// The same for what stands in no section.
    fn relevant_everywhere(&mut self, row: &Row) -> Option<Rule> {
        let own = self.rule(row, "relevant");
        let around = self.groups.last().map(|group| group.all.clone());
        all(around.unwrap_or_default().into_iter().chain(own).collect())
    }

    fn field(&mut self, row: &Row, name: &str, of: &str, choices: Option<Vec<Value>>) {
        let mut field = Map::new();
        field.insert("id".to_owned(), json!(name));
        field.insert("type".to_owned(), json!(of));
        field.insert("label".to_owned(), self.words(row, name));
        let choices = choices.map(|choices| json!(choices));
        let expected = self.required(row);
        let hint = self.label(row, "hint");
        let relevant = self.relevant(row);
        let message = self.label(row, "constraint_message");
        let constraint = self.rule(row, "constraint").map(|rule| match message {
            Some(message) => json!({"rule": rule, "message": message}),
            None => json!({"rule": rule}),
        });
        field.insert("expected".to_owned(), json!(expected));
        for (key, value) in [
            ("choices", choices),
            ("hint", hint),
            ("section", self.section().map(|id| json!(id))),
            ("relevant", relevant.map(|rule| json!(rule))),
            ("constraint", constraint),
        ] {
            if let Some(value) = value {
                field.insert(key.to_owned(), value);
            }
        }
        self.parts.fields.push(Value::Object(field));
        for note in std::mem::take(&mut self.waiting) {
            if let Some(note) = self.parts.notes.get_mut(note) {
                note["before"] = json!(name);
            }
        }
        self.unused(
            row,
            &["hint", "required", "constraint", "constraint_message"],
        );
    }

    /// A field that every kind has: asked for by this one.
    fn common(&mut self, row: &Row, name: &str) {
        let sheet = &self.survey.name;
        self.problems.remark(
            sheet,
            row.number,
            "name",
            "is the field of this name that every kind has, with its own label; shown as missing while empty",
        );
        let relevant = self.relevant_everywhere(row);
        if self.required(row) {
            let mut common = json!({"id": name});
            if let Some(rule) = relevant {
                common["relevant"] = json!(rule);
            }
            self.parts.common.push(common);
        }
        self.unused(row, &["required"]);
    }

    fn photo(&mut self, row: &Row, name: &str) {
        let label = self.words(row, name);
        let mut shot = json!({"id": name, "label": label, "expected": self.required(row)});
        if let Some(rule) = self.relevant_everywhere(row) {
            shot["relevant"] = json!(rule);
        }
        self.parts.shots.push(shot);
        self.unused(row, &["required"]);
    }

    fn note(&mut self, row: &Row, name: &str) {
        let label = self.words(row, name);
        let mut note = json!({"id": name, "label": label});
        if let Some(rule) = self.relevant(row) {
            note["relevant"] = json!(rule);
        }
        if let Some(section) = self.section() {
            note["section"] = json!(section);
        }
        self.waiting.push(self.parts.notes.len());
        self.parts.notes.push(note);
        self.unused(row, &[]);
    }

    fn group(&mut self, row: &Row, name: &str) {
        if self.groups.len() >= MAX_GROUPS {
            return self.error_at(row.number, "type", "groups are nested too deeply");
        }
        let own = self.rule(row, "relevant");
        let label = self.label(row, "label");
        let (outer, mut within, mut around) = match self.groups.last() {
            Some(group) => (group.section.clone(), group.own.clone(), group.all.clone()),
            None => (None, Vec::new(), Vec::new()),
        };
        around.extend(own.clone());
        let section = match label {
            Some(label) => {
                let mut section = json!({"id": name, "label": label});
                if let Some(rule) = all(around.clone()) {
                    section["relevant"] = json!(rule);
                }
                self.parts.sections.push(section);
                within.clear();
                Some(name.to_owned())
            }
            // Without words there is no heading: its fields say its rule themselves.
            None => {
                within.extend(own);
                outer
            }
        };
        self.groups.push(Group {
            row: row.number,
            section,
            own: within,
            all: around,
        });
        self.unused(row, &[]);
    }
}

/// All of these; none: always.
fn all(mut rules: Vec<Rule>) -> Option<Rule> {
    match rules.len() {
        0 | 1 => rules.pop(),
        _ => Some(Rule::All(rules)),
    }
}
