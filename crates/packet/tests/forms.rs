//! The built-in kinds, field by field and shot by shot, against the list written down here. A form is data: whoever changes
//! one changes what officers are asked for in the field, and sees it in this file.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use fieldseal_packet::form::{Condition, FieldType, Form, Label};
use fieldseal_packet::json;

/// `id: type`, `?` where it may stay empty, then the condition under which it is asked for.
const STRUCTURE: &[&str] = &[
    "stage: choice = suspected confirmed demolishing removed",
    "stock: choice = stock new",
    "structure-form: choice = brick-concrete steel-frame colour-steel-sheet aluminium-glass timber canopy fence excavation other",
    "storeys: integer 0..99",
    "area-m2: decimal 0..100000",
    "area-basis: choice = measured estimated",
    "use: choice = dwelling let business storage production vacant other",
    "attribute-check: choice = unchanged changed not-registered not-checked",
    "attribute-note: text? if attribute-check is changed not-registered",
    "removed-on: date if stage is removed",
];
const STRUCTURE_SHOTS: &[&str] = &[
    "panorama 全景",
    "close-up 近景",
    "door-plate 门牌",
    "dimensions 测量",
    "credentials 出示证件",
    "same-view-after 拆后同一视角 if stage is removed",
];
const RENTAL: &[&str] = &[
    "compound: text",
    "building: text",
    "rooms-designed: integer 0..99",
    "rooms-partitioned: integer 0..199",
    "beds: integer 0..499",
    "occupants: integer 0..499",
    "let-by: choice = landlord sub-tenant agency unknown",
    "landlord-known: yes-no",
    "agent-known: yes-no if let-by is agency sub-tenant",
    "fire-hazards: choices = none! wiring bottled-gas cooking-in-room e-bike-charging blocked-exit no-extinguisher barred-window",
];
const RENTAL_SHOTS: &[&str] = &[
    "door-plate 门牌",
    "partition 隔断",
    "beds 床位",
    "sockets-cooking 插座与灶具",
    "corridor 走道",
    "credentials? 出示证件",
];
const BILLBOARD: &[&str] = &[
    "advertiser: text",
    "permit: choice = none valid expired differs not-shown",
    "permit-number: text if permit is valid expired differs",
    "permit-from: date? if permit is valid expired differs",
    "permit-to: date if permit is valid expired differs",
    "width-m: decimal 0..500",
    "height-m: decimal 0..500",
    "above-ground-m: decimal 0..700",
    "fixing: choice = wall roof column facade-projecting ground window vehicle other",
    "road: text",
    "content: choice = shop-sign commercial property medical education recruitment public-service other",
];
const BILLBOARD_SHOTS: &[&str] = &[
    "panorama 全景",
    "full-face 牌面",
    "fixing 固定结构",
    "permit 许可证件 if permit is valid expired differs",
    "no-permit 无许可现场记录 if permit is none not-shown",
    "credentials? 出示证件",
];

/// Point number, floor and unit are fields of every kind; a kind names those that it asks for.
type Kind = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);
const KINDS: [Kind; 3] = [
    (
        include_str!("../forms/illegal-structure.json"),
        &["address", "point if stock is stock", "item_code"],
        STRUCTURE,
        STRUCTURE_SHOTS,
    ),
    (
        include_str!("../forms/group-rental.json"),
        &["address", "unit", "floor", "item_code"],
        RENTAL,
        RENTAL_SHOTS,
    ),
    (
        include_str!("../forms/billboard.json"),
        &["address", "item_code"],
        BILLBOARD,
        BILLBOARD_SHOTS,
    ),
];

fn read(text: &str) -> Form {
    json::parse_strict_as(text.as_bytes()).unwrap()
}

fn only_if(condition: Option<&Condition>) -> String {
    condition.map_or_else(String::new, |condition| {
        format!(" if {} is {}", condition.field, condition.any_of.join(" "))
    })
}

fn fields(form: &Form) -> Vec<String> {
    let type_name = |field_type| match field_type {
        FieldType::Choice => "choice",
        FieldType::Choices => "choices",
        FieldType::Integer => "integer",
        FieldType::Decimal => "decimal",
        FieldType::Text => "text",
        FieldType::Date => "date",
        FieldType::YesNo => "yes-no",
    };
    form.fields
        .iter()
        .map(|field| {
            let optional = if field.expected { "" } else { "?" };
            let choices: String = field
                .choices
                .iter()
                .map(|choice| format!(" {}{}", choice.id, if choice.alone { "!" } else { "" }))
                .collect();
            let equals = if choices.is_empty() { "" } else { " =" };
            let range = match (field.min, field.max) {
                (Some(min), Some(max)) => format!(" {min}..{max}"),
                _ => String::new(),
            };
            format!(
                "{}: {}{optional}{range}{equals}{choices}{}",
                field.id,
                type_name(field.field_type),
                only_if(field.shown_if.as_ref())
            )
        })
        .collect()
}

fn shots(form: &Form) -> Vec<String> {
    form.shots
        .iter()
        .map(|shot| {
            let optional = if shot.expected { "" } else { "?" };
            format!(
                "{}{optional} {}{}",
                shot.id,
                shot.label.zh,
                only_if(shot.shown_if.as_ref())
            )
        })
        .collect()
}

#[test]
fn each_kind_asks_for_what_is_written_here() {
    for (text, common, expected_fields, expected_shots) in KINDS {
        let form = read(text);
        let asked: Vec<String> = form
            .common
            .iter()
            .map(|common| format!("{}{}", common.id, only_if(common.shown_if.as_ref())))
            .collect();
        assert_eq!(asked, common, "{}", form.kind);
        assert_eq!(fields(&form), expected_fields, "{}", form.kind);
        assert_eq!(shots(&form), expected_shots, "{}", form.kind);
    }
}

#[test]
fn every_label_is_there_in_both_languages() {
    for (text, ..) in KINDS {
        let form = read(text);
        let mut labels: Vec<(&str, &Label)> =
            vec![("name", &form.name), ("short_name", &form.short_name)];
        for field in &form.fields {
            labels.push((&field.id, &field.label));
            labels.extend(field.unit.iter().map(|unit| (field.id.as_str(), unit)));
            labels.extend(
                field
                    .choices
                    .iter()
                    .map(|choice| (choice.id.as_str(), &choice.label)),
            );
        }
        labels.extend(
            form.shots
                .iter()
                .map(|shot| (shot.id.as_str(), &shot.label)),
        );
        labels.extend(
            form.item_codes
                .iter()
                .map(|item| (item.code.as_str(), &item.label)),
        );
        assert!(form.item_codes.len() >= 4, "{}", form.kind);
        for (id, label) in labels {
            let unit = ["m", "m²"].contains(&label.zh.as_str());
            assert!(
                unit || has_han(&label.zh),
                "{} {id}: {}",
                form.kind,
                label.zh
            );
            assert!(
                !label.en.trim().is_empty() && !has_han(&label.en),
                "{} {id}: {}",
                form.kind,
                label.en
            );
        }
    }
}

fn has_han(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}
