//! The record's fields in the words of the form that it was made with.

use fieldseal_packet::form::{Field, FieldType, Form};
use fieldseal_packet::record::Record;
use fieldseal_wire::console::{FieldView, Text};
use serde_json::Value;

use super::words::{self, both, label, same};

/// Every fact: the form's fields in the form's order, then what the form does not know, then the fields that all kinds have.
pub fn labelled(record: &Record, form: Option<&Form>) -> Vec<FieldView> {
    let known: &[Field] = form.map_or(&[], |form| &form.fields);
    let mut views: Vec<FieldView> = known
        .iter()
        .filter_map(|field| {
            let value = record
                .facts
                .get(&field.id)
                .filter(|value| !value.is_null())?;
            Some(FieldView {
                id: field.id.clone(),
                label: label(&field.label),
                value: shown(field, value),
            })
        })
        .collect();
    let unknown = record
        .facts
        .iter()
        .filter(|(id, value)| !value.is_null() && !known.iter().any(|field| field.id == **id));
    views.extend(unknown.map(|(id, value)| FieldView {
        id: id.clone(),
        label: same(id.clone()),
        value: plain(value),
    }));
    views.extend(common(record, form));
    views
}

fn common(record: &Record, form: Option<&Form>) -> Vec<FieldView> {
    let place = &record.place;
    let code = record.item_code.as_ref().map(|code| {
        let words = form
            .into_iter()
            .flat_map(|form| &form.item_codes)
            .find(|item| item.code == *code);
        words.map_or_else(
            || same(code.clone()),
            |item| {
                both(
                    format!("{code} {}", item.label.zh),
                    format!("{code} {}", item.label.en),
                )
            },
        )
    });
    let party = record.party.as_ref();
    let rows = [
        (
            "point",
            both("点位编号", "Point"),
            place.point.clone().map(same),
        ),
        (
            "ticket",
            both("诉件编号", "Ticket"),
            place.ticket.clone().map(same),
        ),
        (
            "campaign",
            both("专项", "Campaign"),
            place.campaign.clone().map(same),
        ),
        ("item_code", both("事项编码", "Item code"), code),
        (
            "party_name",
            both("当事人", "Party"),
            party.and_then(|party| party.name.clone()).map(same),
        ),
        (
            "party_note",
            both("当事人情况", "About the party"),
            party
                .and_then(|party| party.note.as_deref())
                .map(words::refusal),
        ),
        ("note", both("备注", "Note"), record.note.clone().map(same)),
        (
            "supplements",
            both("补充的证据包", "Supplements packet"),
            record
                .supplements
                .as_ref()
                .map(|other| same(other.packet.to_string())),
        ),
        (
            "void_reason",
            both("作废原因", "Given up because"),
            record.void_reason.clone().map(same),
        ),
    ];
    rows.into_iter()
        .filter_map(|(id, label, value)| {
            Some(FieldView {
                id: id.to_owned(),
                label,
                value: value?,
            })
        })
        .collect()
}

fn shown(field: &Field, value: &Value) -> Text {
    let choice = |id: &str| {
        field
            .choices
            .iter()
            .find(|choice| choice.id == id)
            .map_or_else(|| same(id), |choice| label(&choice.label))
    };
    match (field.field_type, value) {
        (FieldType::Choice, Value::String(id)) => choice(id),
        (FieldType::Choices, Value::Array(ids)) => {
            let parts: Vec<Text> = ids
                .iter()
                .map(|id| id.as_str().map_or_else(|| plain(id), choice))
                .collect();
            let join = |of: fn(&Text) -> &str, between: &str| {
                parts.iter().map(of).collect::<Vec<_>>().join(between)
            };
            both(join(|text| &text.zh, "、"), join(|text| &text.en, ", "))
        }
        (FieldType::YesNo, Value::Bool(yes)) => {
            if *yes {
                both("是", "yes")
            } else {
                both("否", "no")
            }
        }
        (_, value) => {
            let text = plain(value);
            match &field.unit {
                Some(unit) => both(
                    format!("{} {}", text.zh, unit.zh),
                    format!("{} {}", text.en, unit.en),
                ),
                None => text,
            }
        }
    }
}

fn plain(value: &Value) -> Text {
    match value {
        Value::String(text) => same(text.clone()),
        other => same(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_shown_in_the_forms_words() {
        let field = |kind: &str| -> Field {
            serde_json::from_value(json!({
                "id": "f", "type": kind, "label": {"zh": "阶段", "en": "Stage"}, "unit": {"zh": "平方米", "en": "m²"},
                "choices": [{"id": "a", "label": {"zh": "甲", "en": "A"}}, {"id": "b", "label": {"zh": "乙", "en": "B"}}]
            }))
            .unwrap()
        };
        assert_eq!(shown(&field("choice"), &json!("a")), both("甲", "A"));
        assert_eq!(shown(&field("choice"), &json!("gone")), same("gone"));
        assert_eq!(
            shown(&field("choices"), &json!(["a", "b"])),
            both("甲、乙", "A, B")
        );
        assert_eq!(shown(&field("yes-no"), &json!(true)), both("是", "yes"));
        assert_eq!(
            shown(&field("decimal"), &json!(12.5)),
            both("12.5 平方米", "12.5 m²")
        );
    }
}
