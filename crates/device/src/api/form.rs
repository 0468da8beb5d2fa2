//! The forms as the screens draw them: fields, shots and items of each kind.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct LabelView {
    pub zh: String,
    pub en: String,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct FormView {
    /// `illegal-structure`, `group-rental`, `billboard`, …
    pub kind: String,
    pub version: String,
    /// New drafts may be of this kind.
    pub offered: bool,
    pub name: LabelView,
    pub short_name: LabelView,
    /// Fields of all kinds that this one asks for.
    pub common: Vec<CommonDef>,
    pub sections: Vec<SectionDef>,
    pub notes: Vec<NoteDef>,
    pub fields: Vec<FieldDef>,
    pub shots: Vec<ShotDef>,
    pub items: Vec<ItemCode>,
    /// What is not asked for while nothing is filled in.
    pub hidden: HiddenView,
}

/// A heading under which fields stand together.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct SectionDef {
    pub id: String,
    pub label: LabelView,
}

/// Words between the fields.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct NoteDef {
    pub id: String,
    pub label: LabelView,
    /// Stands before this field; at the end where there is none.
    pub before: Option<String>,
    pub section: Option<String>,
}

/// Ids of what is not asked for.
#[derive(Debug, Clone, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct HiddenView {
    /// Those that all kinds have among them.
    pub fields: Vec<String>,
    pub shots: Vec<String>,
    pub notes: Vec<String>,
}

/// A value that is kept, and is not as the form says it should be.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ViolationView {
    pub field: String,
    /// In the form's words.
    pub message: Option<LabelView>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct FieldDef {
    pub id: String,
    /// `choice`, `choices`, `integer`, `decimal`, `text`, `date`, `yes-no`.
    pub field_type: String,
    pub label: LabelView,
    pub hint: Option<LabelView>,
    /// Id of its section.
    pub section: Option<String>,
    /// `m²`, `m`, `人` …
    pub unit: Option<LabelView>,
    pub choices: Vec<ChoiceDef>,
    /// Missing is shown, never blocks.
    pub expected: bool,
    /// Only shown when another field has one of these values.
    pub shown_if: Option<ShownIf>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub max_length: Option<u32>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ShownIf {
    pub field: String,
    pub any_of: Vec<String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ChoiceDef {
    pub id: String,
    pub label: LabelView,
    /// Rules the others out.
    pub alone: bool,
}

/// A field that every kind has, asked for by this one: missing is shown, never blocks.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct CommonDef {
    pub id: String,
    pub shown_if: Option<ShownIf>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ShotDef {
    pub id: String,
    pub label: LabelView,
    pub expected: bool,
    pub shown_if: Option<ShownIf>,
}

/// An item of the competence catalogue 事项编码.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ItemCode {
    pub code: String,
    pub label: LabelView,
}
