//! `fieldseal admin import-form`, `forms` and `retire-kind`: kinds as data, in words.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::form::MAX_FORM;
use fieldseal_server::admin::Admin;
use fieldseal_server::ambient::rfc3339;
use fieldseal_xlsform::Kind;
use serde_json::{Value, json};

use super::Answer;

/// Largest file that is read, bytes.
const MAX_FILE: u64 = 16 << 20;

/// Takes a form in, from the project's own JSON or from an XLSForm workbook.
pub(super) fn import(admin: &Admin, file: &Path, allow_loss: bool) -> anyhow::Result<Answer> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .with_context(|| format!("{} can't be read", file.display()))?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{} can't be read", file.display()))?;
    if bytes.starts_with(b"PK") {
        return workbook(admin, &bytes, allow_loss);
    }
    if bytes.len() > MAX_FORM {
        bail!("a form has at most {MAX_FORM} bytes");
    }
    taken(admin, &bytes, &[])
}

/// A workbook: refused as long as something of it would be lost and nobody has said that it may.
fn workbook(admin: &Admin, bytes: &[u8], allow_loss: bool) -> anyhow::Result<Answer> {
    let converted = fieldseal_xlsform::convert(bytes)?;
    let mut said = String::new();
    for problem in &converted.problems {
        let mark = match problem.kind {
            Kind::Error => "error ",
            Kind::Loss => "lost  ",
            _ => "note  ",
        };
        // Writing to a string does not fail.
        let _ = writeln!(said, "{mark}{problem}");
    }
    let Some(form) = &converted.form else {
        bail!("the workbook is no form:\n{said}");
    };
    if converted.loses() && !allow_loss {
        bail!("something of the workbook would be lost; --allow-loss takes the rest:\n{said}");
    }
    let problems: Vec<Value> = (converted.problems.iter())
        .map(|problem| json!({"sheet": problem.sheet, "row": problem.row, "column": problem.column, "what": problem.what, "lost": problem.kind == Kind::Loss}))
        .collect();
    let mut answer = taken(admin, form, &problems)?;
    answer.text.insert_str(0, &said);
    Ok(answer)
}

fn taken(admin: &Admin, form: &[u8], problems: &[Value]) -> anyhow::Result<Answer> {
    let taken = admin.import_form(form)?;
    let text = format!(
        "{} {}  sha256 {}\n{}\n",
        taken.kind,
        taken.version,
        taken.sha256,
        if taken.was_here {
            "was here already"
        } else {
            "tablets get it with their next heartbeat"
        }
    );
    let json = json!({"kind": taken.kind, "version": taken.version, "sha256": taken.sha256.to_string(), "wasHere": taken.was_here, "problems": problems});
    Ok(Answer::new(text, json))
}

/// Every version that is here.
pub(super) fn list(admin: &Admin) -> anyhow::Result<Answer> {
    let forms = admin.forms()?;
    let mut text = String::new();
    for row in &forms.versions {
        let mark = if forms.retired.contains(&row.kind) {
            "  RETIRED"
        } else {
            ""
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{}  {}  {}  {} bytes  {}{mark}",
            row.kind,
            row.version,
            rfc3339(row.imported_at),
            row.size,
            Sha256Digest(row.sha256)
        );
    }
    let brought = |kind: &&String| forms.versions.iter().any(|row| row.kind == **kind);
    for kind in forms.retired.iter().filter(|kind| !brought(kind)) {
        let _ = writeln!(text, "{kind}  built in  RETIRED");
    }
    if text.is_empty() {
        text.push_str("none but the built-in kinds\n");
    }
    let rows = forms.versions.iter().map(|row| {
        json!({"kind": row.kind, "version": row.version, "sha256": Sha256Digest(row.sha256).to_string(), "bytes": row.size, "importedAt": rfc3339(row.imported_at)})
    });
    Ok(Answer::new(
        text,
        json!({"forms": rows.collect::<Vec<_>>(), "retired": forms.retired}),
    ))
}

/// Retires a kind, or takes that back.
pub(super) fn retire(admin: &Admin, kind: &str, back: bool) -> anyhow::Result<Answer> {
    admin.retire_kind(kind, back)?;
    let text = if back {
        format!("{kind} is offered again, with each tablet's next heartbeat\n")
    } else {
        format!("{kind} is no longer offered, from each tablet's next heartbeat on\n")
    };
    Ok(Answer::new(text, json!({"kind": kind, "retired": !back})))
}
