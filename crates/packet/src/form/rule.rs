//! Rules of a form as data: a small typed tree, no language. When a field is asked for, and what its value should be like.
//!
//! ```json
//! {"all": [{"selected": {"of": {"field": "problems"}, "choice": "mixed"}},
//!          {"compare": {"left": {"field": "bins"}, "is": "at-least", "right": {"number": 3}}}]}
//! ```
//!
//! A rule never fails: what can't be compared (words with a number, a field without a value with a number) does not hold.

use std::cmp::Ordering;

use regex_lite::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Deepest tree. So that a form stays within the 32 levels of JSON.
pub const MAX_DEPTH: usize = 10;
/// Most nodes of one rule.
pub const MAX_NODES: usize = 200;
/// Longest pattern, characters.
pub const MAX_PATTERN: usize = 200;
/// Most memory of a pattern, bytes.
const PATTERN_MEMORY: usize = 1 << 17;
/// Longest text that a pattern is held against, characters.
const PATTERN_INPUT: usize = 4000;

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Every one of these; none holds always.
    All(Vec<Rule>),
    /// One of these at least; none never holds.
    Any(Vec<Rule>),
    /// Not this.
    Not(Box<Rule>),
    /// Two values beside each other.
    Compare {
        /// One.
        left: Operand,
        /// How they should stand to each other.
        is: Relation,
        /// The other.
        right: Operand,
    },
    /// This choice is among the chosen ones.
    Selected {
        /// A field of choices, or of one choice.
        of: Operand,
        /// The choice's id.
        choice: String,
    },
    /// The whole text is of this pattern.
    Matches {
        /// A text.
        of: Operand,
        /// A regular expression without back references and look-around.
        pattern: String,
    },
}

/// How two values stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// =
    Equal,
    /// ≠
    NotEqual,
    /// <
    Less,
    /// ≤
    AtMost,
    /// >
    More,
    /// ≥
    AtLeast,
}

/// A value in a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operand {
    /// What this field holds.
    Field(String),
    /// What the field itself holds whose constraint this is.
    This,
    /// The day on which the form is filled in.
    Today,
    /// These words, a choice's id, or a day.
    Text(String),
    /// This number.
    Number(f64),
    /// How many characters.
    Length(Box<Operand>),
    /// How many choices are chosen.
    Count(Box<Operand>),
}

/// What rules are held against.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The facts so far.
    pub facts: &'a Map<String, Value>,
    /// Of the field whose constraint it is.
    pub this: Option<&'a Value>,
    /// `YYYY-MM-DD`.
    pub today: &'a str,
}

/// A value, as rules see it.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Text(String),
    Number(f64),
}

impl Seen {
    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text
                .trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite()),
        }
    }
}

fn chosen(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) if !one.is_empty() => vec![one],
        _ => Vec::new(),
    }
}

impl Operand {
    fn value<'a>(&self, known: &Known<'a>) -> Option<&'a Value> {
        match self {
            Self::Field(id) => known.facts.get(id),
            Self::This => known.this,
            _ => None,
        }
    }

    fn seen(&self, known: &Known<'_>) -> Seen {
        match self {
            Self::Today => Seen::Text(known.today.to_owned()),
            Self::Text(text) => Seen::Text(text.clone()),
            Self::Number(number) => Seen::Number(*number),
            Self::Length(of) => match of.seen(known) {
                Seen::Text(text) => Seen::Number(text.chars().count() as f64),
                Seen::Number(number) => Seen::Number(number.to_string().chars().count() as f64),
            },
            Self::Count(of) => Seen::Number(chosen(of.value(known)).len() as f64),
            Self::Field(_) | Self::This => match self.value(known) {
                Some(Value::String(text)) => Seen::Text(text.clone()),
                Some(Value::Number(number)) => number
                    .as_f64()
                    .map_or_else(|| Seen::Text(number.to_string()), Seen::Number),
                Some(Value::Bool(yes)) => Seen::Text(if *yes { "yes" } else { "no" }.to_owned()),
                Some(value @ Value::Array(_)) => Seen::Text(chosen(Some(value)).join(" ")),
                _ => Seen::Text(String::new()),
            },
        }
    }

    fn each(&self, see: &mut dyn FnMut(&Operand)) {
        see(self);
        if let Self::Length(of) | Self::Count(of) = self {
            of.each(see);
        }
    }
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

impl Relation {
    fn holds(self, left: &Seen, right: &Seen) -> bool {
        let order = match (left, right) {
            (Seen::Text(left), Seen::Text(right)) if is_day(left) && is_day(right) => {
                Some(left.cmp(right))
            }
            (Seen::Text(left), Seen::Text(right))
                if matches!(self, Self::Equal | Self::NotEqual) =>
            {
                Some(left.cmp(right))
            }
            _ => match (left.number(), right.number()) {
                (Some(left), Some(right)) => left.partial_cmp(&right),
                _ => None,
            },
        };
        match (self, order) {
            (Self::Equal, order) => order == Some(Ordering::Equal),
            (Self::NotEqual, order) => order != Some(Ordering::Equal),
            (_, None) => false,
            (Self::Less, Some(order)) => order.is_lt(),
            (Self::AtMost, Some(order)) => order.is_le(),
            (Self::More, Some(order)) => order.is_gt(),
            (Self::AtLeast, Some(order)) => order.is_ge(),
        }
    }
}

/// The pattern, held against whole texts.
pub fn pattern(text: &str) -> Option<Regex> {
    if text.chars().count() > MAX_PATTERN {
        return None;
    }
    RegexBuilder::new(&format!("^(?:{text})$"))
        .size_limit(PATTERN_MEMORY)
        .nest_limit(20)
        .build()
        .ok()
        // Alone as well: `a)(b` is no pattern.
        .filter(|_| Regex::new(text).is_ok())
}

impl Rule {
    /// Whether it holds.
    pub fn holds(&self, known: &Known<'_>) -> bool {
        match self {
            Self::All(rules) => rules.iter().all(|rule| rule.holds(known)),
            Self::Any(rules) => rules.iter().any(|rule| rule.holds(known)),
            Self::Not(rule) => !rule.holds(known),
            Self::Compare { left, is, right } => is.holds(&left.seen(known), &right.seen(known)),
            Self::Selected { of, choice } => chosen(of.value(known)).contains(&choice.as_str()),
            Self::Matches { of, pattern: text } => {
                let Seen::Text(value) = of.seen(known) else {
                    return false;
                };
                value.chars().count() <= PATTERN_INPUT
                    && pattern(text).is_some_and(|pattern| pattern.is_match(&value))
            }
        }
    }

    /// Whether it is within the limits and its patterns are patterns.
    pub fn is_sound(&self) -> bool {
        let mut nodes = 0;
        self.sound_within(MAX_DEPTH, &mut nodes)
    }

    fn sound_within(&self, depth: usize, nodes: &mut usize) -> bool {
        *nodes += 1;
        if depth == 0 || *nodes > MAX_NODES {
            return false;
        }
        match self {
            Self::All(rules) | Self::Any(rules) => {
                rules.iter().all(|rule| rule.sound_within(depth - 1, nodes))
            }
            Self::Not(rule) => rule.sound_within(depth - 1, nodes),
            Self::Matches { pattern: text, of } => pattern(text).is_some() && is_flat(of),
            Self::Compare { left, right, .. } => is_flat(left) && is_flat(right),
            Self::Selected { of, .. } => matches!(of, Operand::Field(_) | Operand::This),
        }
    }

    /// Every value that it looks at.
    pub fn each_operand(&self, see: &mut dyn FnMut(&Operand)) {
        match self {
            Self::All(rules) | Self::Any(rules) => {
                for rule in rules {
                    rule.each_operand(see);
                }
            }
            Self::Not(rule) => rule.each_operand(see),
            Self::Compare { left, right, .. } => {
                left.each(see);
                right.each(see);
            }
            Self::Selected { of, .. } | Self::Matches { of, .. } => of.each(see),
        }
    }

    /// Ids of the fields that it looks at.
    pub fn fields(&self) -> Vec<String> {
        let mut ids = Vec::new();
        self.each_operand(&mut |operand| {
            if let Operand::Field(id) = operand {
                ids.push(id.clone());
            }
        });
        ids
    }
}

/// A value, or the length or count of one; finite.
fn is_flat(operand: &Operand) -> bool {
    match operand {
        Operand::Length(of) | Operand::Count(of) => {
            matches!(**of, Operand::Field(_) | Operand::This)
        }
        Operand::Number(number) => number.is_finite(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(value: Value) -> Rule {
        let rule: Rule = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&rule).unwrap(), value, "one spelling");
        assert!(rule.is_sound());
        rule
    }

    fn compare(left: Value, is: &str, right: Value) -> Value {
        json!({"compare": {"left": left, "is": is, "right": right}})
    }

    #[test]
    fn values_are_compared_by_what_they_are() {
        let facts = json!({"n": 12, "d": 9.5, "t": "9", "w": "words", "day": "2026-11-23", "c": ["a", "b"], "yes": true});
        let facts = facts.as_object().unwrap();
        let known = Known {
            facts,
            this: None,
            today: "2026-11-24",
        };
        let field = |id: &str| json!({"field": id});
        for (left, is, right, holds) in [
            (field("n"), "more", field("d"), true),
            (field("n"), "less", field("t"), false),
            (field("t"), "at-least", json!({"number": 9.0}), true),
            (field("w"), "more", json!({"number": 1.0}), false),
            (field("w"), "at-most", json!({"number": 1.0}), false),
            (field("w"), "equal", json!({"text": "words"}), true),
            (field("gone"), "equal", json!({"text": ""}), true),
            (field("gone"), "less", json!({"number": 1.0}), false),
            (field("day"), "less", json!("today"), true),
            (field("day"), "equal", json!("today"), false),
            (
                json!({"count": field("c")}),
                "equal",
                json!({"number": 2.0}),
                true,
            ),
            (
                json!({"length": field("w")}),
                "at-most",
                json!({"number": 4.0}),
                false,
            ),
            (field("yes"), "equal", json!({"text": "yes"}), true),
            (json!("this"), "not-equal", json!({"text": "x"}), true),
        ] {
            let compared = rule(compare(left, is, right));
            assert_eq!(compared.holds(&known), holds, "{compared:?}");
        }
    }

    #[test]
    fn rules_are_put_together() {
        let facts = json!({"c": ["a", "b"], "one": "a"});
        let facts = facts.as_object().unwrap();
        let known = Known {
            facts,
            this: Some(&json!("ZJ-0417")),
            today: "2026-11-24",
        };
        let selected =
            |id: &str, choice: &str| json!({"selected": {"of": {"field": id}, "choice": choice}});
        for (value, holds) in [
            (json!({"all": []}), true),
            (json!({"any": []}), false),
            (
                json!({"all": [selected("c", "a"), selected("one", "a")]}),
                true,
            ),
            (
                json!({"all": [selected("c", "a"), {"not": selected("c", "b")}]}),
                false,
            ),
            (
                json!({"any": [selected("c", "z"), selected("c", "b")]}),
                true,
            ),
            (
                json!({"matches": {"of": "this", "pattern": "[A-Z]{2}-[0-9]+"}}),
                true,
            ),
            (
                json!({"matches": {"of": "this", "pattern": "[A-Z]{2}"}}),
                false,
            ),
        ] {
            assert_eq!(rule(value.clone()).holds(&known), holds, "{value}");
        }
    }

    #[test]
    fn what_is_too_much_is_not_sound() {
        let mut deep = json!({"any": []});
        for _ in 0..MAX_DEPTH {
            deep = json!({"not": deep});
        }
        let wide = json!({"all": vec![json!({"any": []}); MAX_NODES]});
        let long = "a".repeat(MAX_PATTERN + 1);
        let patterns = [
            "(",
            "a)(b",
            r"(a)\1",
            "(?=a)",
            "((a{90}){90}){90}",
            long.as_str(),
        ]
        .map(|text| json!({"matches": {"of": "this", "pattern": text}}));
        for value in patterns.into_iter().chain([deep, wide]) {
            let rule: Rule = serde_json::from_value(value.clone()).unwrap();
            assert!(!rule.is_sound(), "{value}");
        }
    }
}
