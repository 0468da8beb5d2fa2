//! XLSForm workbooks become forms: bytes in, a form and a list of what was not taken over out. No I/O.
//!
//! XLSForm is what survey tools share (ODK, Kobo, Ona): a workbook whose sheets `survey`, `choices` and `settings` describe
//! a form. A form of ours needs a part of it: text, integer, decimal, date, select one and multiple, photo (an image becomes
//! a shot of the shot list), note, relevant, constraint, required, and groups, which become sections. Everything else is
//! named with sheet, row and column. Nothing is dropped silently: whoever brings a form in sees what it loses, and says that
//! it may.
//!
//! Hostile files are expected: unpacked sizes, cells, rows and the depth of expressions have limits, and nothing panics.

mod expression;
mod labels;
mod problem;
mod sheets;
mod survey;

use fieldseal_packet::form::check;
use fieldseal_packet::json;
use serde_json::{Value, json};

pub use problem::{Kind, Problem};
pub use sheets::ReadError;

use labels::Languages;
use problem::Problems;
use sheets::{Sheet, Workbook};

/// What became of a workbook.
#[derive(Debug)]
pub struct Converted {
    /// A form/1 file; none while there is a [`Kind::Error`] among the problems.
    pub form: Option<Vec<u8>>,
    /// What was not taken over, and what was taken otherwise than written, in the order of sheets and rows.
    pub problems: Vec<Problem>,
}

impl Converted {
    /// Whether anything that the workbook says is missing in the form.
    pub fn loses(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.kind == Kind::Loss)
    }
}

/// The settings sheet.
struct Settings {
    kind: String,
    version: String,
    title: Option<Value>,
    short: Option<Value>,
    upload_within_hours: Option<u32>,
}

/// Converts a workbook.
pub fn convert(bytes: &[u8]) -> Result<Converted, ReadError> {
    let workbook = Workbook::read(bytes)?;
    let mut problems = Problems::default();
    let Some(survey) = workbook.sheet("survey") else {
        problems.error("survey", 0, "", "there is no sheet of this name");
        return Ok(Converted {
            form: None,
            problems: problems.list,
        });
    };
    for sheet in &workbook.sheets {
        let known = ["survey", "choices", "settings", "item_codes"].contains(&sheet.name.as_str());
        if !known && !sheet.rows.is_empty() {
            problems.loss(&sheet.name, 0, "", "a sheet that a form has no place for");
        }
    }
    let languages = Languages::of(&workbook);
    let settings = settings(workbook.sheet("settings"), &languages, &mut problems);
    let parts = survey::read(survey, workbook.sheet("choices"), &languages, &mut problems);
    let items = items(workbook.sheet("item_codes"), &languages, &mut problems);
    let title = settings
        .title
        .unwrap_or_else(|| json!({"zh": settings.kind, "en": settings.kind}));
    let mut form = json!({
        "schema": "form/1",
        "kind": settings.kind,
        "version": settings.version,
        "name": title,
        "short_name": settings.short.unwrap_or(title),
        "common": parts.common,
        "sections": parts.sections,
        "notes": parts.notes,
        "fields": parts.fields,
        "shots": parts.shots,
        "item_codes": items,
    });
    if let Some(hours) = settings.upload_within_hours {
        form["upload_within_hours"] = json!(hours);
    }
    Ok(Converted {
        form: finished(form, &mut problems),
        problems: problems.list,
    })
}

/// The form's bytes, if a tablet would take it.
fn finished(form: Value, problems: &mut Problems) -> Option<Vec<u8>> {
    if problems.has_errors() {
        return None;
    }
    let mut bytes = json::write_pretty(&form).ok()?;
    bytes.push(b'\n');
    match check::read(&bytes) {
        Ok(_) => Some(bytes),
        Err(error) => {
            problems.error("", 0, "", &error.to_string());
            None
        }
    }
}

fn settings(sheet: Option<&Sheet>, languages: &Languages, problems: &mut Problems) -> Settings {
    let mut settings = Settings {
        kind: String::new(),
        version: String::new(),
        title: None,
        short: None,
        upload_within_hours: None,
    };
    let Some((sheet, row)) = sheet.and_then(|sheet| Some((sheet, sheet.rows.first()?))) else {
        problems.error("settings", 0, "", "form_id and version are needed");
        return settings;
    };
    let mut used = vec!["default_language"];
    let text = |name: &str| row.text(name).unwrap_or_default().to_owned();
    settings.kind = text("form_id");
    settings.version = text("version");
    used.extend(["form_id", "version"]);
    for (name, value) in [("form_id", &settings.kind), ("version", &settings.version)] {
        if value.is_empty() {
            problems.error(&sheet.name, row.number, name, "is needed");
        }
    }
    settings.title = languages.label(sheet, row, "form_title", problems);
    settings.short = languages.label(sheet, row, "short_name", problems);
    used.extend(["form_title", "short_name"]);
    if let Some(hours) = row.text("upload_within_hours") {
        settings.upload_within_hours = hours.parse().ok();
        if settings.upload_within_hours.is_none() {
            problems.loss(
                &sheet.name,
                row.number,
                "upload_within_hours",
                "is no number",
            );
        }
        used.push("upload_within_hours");
    }
    problems.unused(sheet, row, &used);
    for row in sheet.rows.iter().skip(1) {
        problems.loss(
            &sheet.name,
            row.number,
            "",
            "only the first row of settings counts",
        );
    }
    settings
}

fn items(sheet: Option<&Sheet>, languages: &Languages, problems: &mut Problems) -> Vec<Value> {
    let mut items = Vec::new();
    let Some(sheet) = sheet else {
        return items;
    };
    for row in &sheet.rows {
        let code = row.text("code").unwrap_or_default();
        match languages.label(sheet, row, "label", problems) {
            Some(label) if !code.is_empty() => items.push(json!({"code": code, "label": label})),
            _ => problems.error(&sheet.name, row.number, "code", "code and label are needed"),
        }
        problems.unused(sheet, row, &["code", "label"]);
    }
    items
}

#[cfg(test)]
mod tests;
