use fieldseal_packet::form::check;
use fieldseal_packet::form::{FieldType, Form};

use super::*;

// Made by tests/e2e/xlsform/make.py, which also says what stands in them.
const WHOLE: &[u8] = include_bytes!("../../../tests/fuzz/corpus/xlsform/whole.xlsx");
const PLAIN: &[u8] = include_bytes!("../../../tests/fuzz/corpus/xlsform/plain.xlsx");
const LOSSY: &[u8] = include_bytes!("../../../tests/fuzz/corpus/xlsform/lossy.xlsx");

fn form(bytes: &[u8]) -> (Form, Vec<Problem>) {
    let converted = convert(bytes).unwrap();
    let form = converted
        .form
        .unwrap_or_else(|| panic!("{:?}", converted.problems));
    (check::read(&form).unwrap().form, converted.problems)
}

#[test]
fn what_a_form_has_a_place_for_is_taken_without_loss() {
    let (form, problems) = form(WHOLE);
    assert!(
        problems.iter().all(|problem| problem.kind == Kind::Remark),
        "{problems:?}"
    );
    assert_eq!(
        (form.kind.as_str(), form.version.as_str()),
        ("street-xls", "2026112301")
    );
    let fields: Vec<(&str, FieldType, bool)> = (form.fields.iter())
        .map(|field| (field.id.as_str(), field.field_type, field.expected))
        .collect();
    assert_eq!(
        fields,
        [
            ("matter", FieldType::Choice, true),
            ("seen", FieldType::Choices, true),
            ("bikes", FieldType::Integer, true),
            ("area", FieldType::Decimal, false),
            ("shop", FieldType::Text, true),
            ("warned", FieldType::Date, false),
        ]
    );
    assert_eq!(form.fields[1].label.zh, "所见");
    assert_eq!(form.fields[1].label.en, "Seen");
    assert_eq!(form.fields[1].choices[2].id, "3");
    let shots: Vec<&str> = form.shots.iter().map(|shot| shot.id.as_str()).collect();
    assert_eq!(shots, ["front", "panorama"]);
    assert_eq!(form.common[0].id, "address");
    let sections = form.sections.unwrap();
    assert_eq!(sections[1]["relevant"]["compare"]["is"], "not-equal");
    // A group without words is no heading: its field stands in the one around it.
    assert_eq!(form.fields[5].section, Some(json!("who")));
    // A shot stands in no section: it says the group's rule itself.
    assert_eq!(
        form.shots[0].relevant.as_ref().unwrap()["all"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(form.notes.unwrap()[0]["before"], "matter");
}

#[test]
fn words_of_one_language_stand_for_both_and_that_is_said() {
    let (form, problems) = form(PLAIN);
    assert_eq!(form.fields[0].label.zh, "Plate");
    assert!(
        problems
            .iter()
            .any(|problem| problem.kind == Kind::Remark && problem.row == 2)
    );
}

#[test]
fn what_is_not_supported_is_named_by_sheet_row_and_column() {
    let converted = convert(LOSSY).unwrap();
    assert!(
        converted.loses() && converted.form.is_some(),
        "{:?}",
        converted.problems
    );
    let lost: Vec<String> = (converted.problems.iter())
        .filter(|problem| problem.kind == Kind::Loss)
        .map(ToString::to_string)
        .collect();
    for wanted in [
        "survey, row 2, type: questions of type start",
        "survey, row 3, appearance: is not supported",
        "survey, row 3, default: is not supported",
        "survey, row 3, label::Français (fr): forms are in Chinese and English",
        "survey, row 4, type: questions of type geopoint",
        "survey, row 5, type: questions of type calculate",
        "survey, row 6, relevant: ${where} is no question",
        "survey, row 6, constraint: mod is not supported",
        "survey, row 6, required: only yes and no",
        "survey, row 7, type: repeats",
        "survey, row 8, type: within a repeat",
        "survey, row 10, type: or_other",
        "survey, row 11, label: a value within words",
        "survey, row 11, relevant: if is not supported",
        "survey, row 12, type: questions of type audio",
        "choices, row 2, image: is not supported",
        "settings, row 2, style: is not supported",
    ] {
        assert!(
            lost.iter().any(|said| said.starts_with(wanted)),
            "{wanted}: {lost:#?}"
        );
    }
    let form = check::read(&converted.form.unwrap()).unwrap().form;
    let ids: Vec<&str> = form.fields.iter().map(|field| field.id.as_str()).collect();
    assert_eq!(ids, ["who", "n", "length"]);
}

#[test]
fn what_is_no_workbook_is_refused() {
    for bytes in [
        &b""[..],
        b"PK\x03\x04",
        b"not a workbook",
        &WHOLE[..WHOLE.len() / 2],
    ] {
        assert!(convert(bytes).is_err());
    }
}

#[test]
fn a_workbook_that_unpacks_to_too_much_is_refused() {
    use std::io::{Cursor, Write as _};
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let packed = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("xl/workbook.xml", packed).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..65 {
        zip.write_all(&zeros).unwrap();
    }
    let bomb = zip.finish().unwrap().into_inner();
    assert!(bomb.len() < 1 << 20);
    assert!(matches!(convert(&bomb), Err(ReadError::TooLarge(_))));
}
