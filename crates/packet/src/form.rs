//! A form: one kind of evidence as data. A packet carries the form it was made with (`data/form.json`), so that its record
//! can be read in ten years.
//!
//! What a form says beyond fields and shots (sections, notes, hints, rules of relevance and constraints) stands here as it
//! was written: whoever verifies a packet has no use for it and judges none of it. Who fills a form in reads it with
//! [`plan::Plan`], strictly.

pub mod check;
pub mod plan;
pub mod rule;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Largest form file, bytes.
pub const MAX_FORM: usize = 1 << 20;

/// A name in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// 中文
    pub zh: String,
    /// English
    pub en: String,
}

/// A whole form file, `schema` `form/1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// `form/1`
    pub schema: String,
    /// Kind's id, such as `illegal-structure`.
    pub kind: String,
    /// The form's own version.
    pub version: String,
    /// Kind's name.
    pub name: Label,
    /// For chips.
    pub short_name: Label,
    /// Fields that all kinds have and this one asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub common: Vec<Common>,
    /// In the order asked.
    pub fields: Vec<Field>,
    /// Shot list.
    pub shots: Vec<Shot>,
    /// Headings under which fields stand together: [`plan::Section`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sections: Option<Value>,
    /// Words between the fields: [`plan::Note`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Value>,
    /// A packet of this kind should be on the server so many hours after it was sealed: the order of uploads goes by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_within_hours: Option<u32>,
    /// Items of the competence catalogue 事项编码 that fit this kind.
    #[serde(default)]
    pub item_codes: Vec<ItemCode>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldType {
    /// One of the choices; a string.
    Choice,
    /// Some of the choices; an array of strings.
    Choices,
    /// A whole number.
    Integer,
    /// A number.
    Decimal,
    /// Words.
    Text,
    /// `YYYY-MM-DD`.
    Date,
    /// A boolean.
    YesNo,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Key in the record's `facts`.
    pub id: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Label.
    pub label: Label,
    /// Unit as shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Label>,
    /// For `choice` and `choices`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Shown as missing when empty; never blocks.
    #[serde(default)]
    pub expected: bool,
    /// Shown only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_if: Option<Condition>,
    /// Least number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Most characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// Id of the section that it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Value>,
    /// A sentence beside it: a [`Label`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Value>,
    /// Shown only while this rule holds: [`rule::Rule`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevant: Option<Value>,
    /// What a value should be like: [`plan::Constraint`]. Said where it is not; never blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<Value>,
}

/// A field that all kinds have (address, floor, point number, item code …), shown as missing when empty; never blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Common {
    /// Which.
    pub id: String,
    /// Asked for only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_if: Option<Condition>,
    /// Shown only while this rule holds: [`rule::Rule`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevant: Option<Value>,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Stored.
    pub id: String,
    /// Shown.
    pub label: Label,
    /// Rules the others out: "none found" can't stand beside a finding.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
}

/// True when another field has one of these values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The other field's id.
    pub field: String,
    /// Any of these.
    pub any_of: Vec<String>,
}

/// One shot of the shot list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shot {
    /// Stored with the item.
    pub id: String,
    /// Shown.
    pub label: Label,
    /// Shown as missing when there is none.
    #[serde(default)]
    pub expected: bool,
    /// Asked for only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_if: Option<Condition>,
    /// Shown only while this rule holds: [`rule::Rule`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevant: Option<Value>,
}

/// An item of the competence catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemCode {
    /// As in the catalogue.
    pub code: String,
    /// Its words.
    pub label: Label,
}
