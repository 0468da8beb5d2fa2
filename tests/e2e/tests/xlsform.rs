//! XLSForm: workbooks that pyxform takes, held against what pyxform makes of them. Every question, choice, `required` and
//! `relevant` of its conversion is in our form, or was named as lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use fieldseal_e2e::{pyxform, workspace};
use fieldseal_packet::form::check;
use fieldseal_xlsform::{Kind, Problem, convert};
use serde_json::Value;

fn said(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}

fn script(name: &str) -> Result<Command> {
    let mut python = pyxform()?;
    python.arg(workspace().join("tests/e2e/xlsform").join(name));
    Ok(python)
}

fn of_pyxform(workbook: &Path) -> Result<Value> {
    let json = said(script("convert.py")?.arg(workbook))?;
    serde_json::from_slice(&json).context("what pyxform said")
}

/// Where the survey names a question.
fn is_named(problems: &[Problem], what: &str) -> bool {
    problems
        .iter()
        .any(|problem| problem.kind == Kind::Loss && problem.what.contains(what))
}

#[test]
fn pyxform_takes_the_workbooks_and_nothing_of_its_conversion_is_missing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    said(script("make.py")?.arg(folder.path()))?;
    let mut compared = 0;
    for name in ["whole", "plain", "lossy"] {
        let path = folder.path().join(format!("{name}.xlsx"));
        let theirs = of_pyxform(&path)?;
        let xform = theirs["xform"].as_str().unwrap_or_default();
        ensure!(xform.contains("<h:html"), "{name}: pyxform made no XForm");
        let converted = convert(&std::fs::read(&path)?)?;
        let bytes = converted
            .form
            .with_context(|| format!("{name}: {:?}", converted.problems))?;
        let usable = check::read(&bytes)?;
        let (form, plan) = (usable.form, usable.plan);
        ensure!(theirs["id"] == form.kind.as_str() && theirs["version"] == form.version.as_str());
        let shots: BTreeMap<&str, usize> = (form.shots.iter().enumerate())
            .map(|(at, shot)| (shot.id.as_str(), at))
            .collect();
        for question in theirs["questions"].as_array().context("questions")? {
            let id = question["name"].as_str().context("a name")?;
            let kind = question["type"].as_str().unwrap_or_default();
            let required = question["bind"]["required"] == "yes";
            let own = question["bind"]["relevant"].is_string();
            let around = question["relevant"]
                .as_array()
                .is_some_and(|groups| !groups.is_empty());
            compared += 1;
            if let Some(at) = form.fields.iter().position(|field| field.id == id) {
                let (field, rules) = (&form.fields[at], &plan.fields[at]);
                ensure!(field.expected == required, "{name} {id}: required");
                let of_section = plan.sections.iter().any(|section| {
                    Some(&section.id) == rules.section.as_ref() && section.relevant.is_some()
                });
                let lost = is_named(&converted.problems, "is not supported")
                    || is_named(&converted.problems, "is no question");
                ensure!(
                    !own || rules.relevant.is_some() || lost,
                    "{name} {id}: relevant"
                );
                ensure!(
                    !around || of_section || rules.relevant.is_some(),
                    "{name} {id}: its group's relevant"
                );
                let constraint = question["bind"]["constraint"].is_string();
                ensure!(
                    !constraint || rules.constraint.is_some() || lost,
                    "{name} {id}: constraint"
                );
                let theirs: Vec<&str> = (question["choices"].as_array().into_iter().flatten())
                    .filter_map(Value::as_str)
                    .collect();
                let ours: Vec<&str> = field
                    .choices
                    .iter()
                    .map(|choice| choice.id.as_str())
                    .collect();
                ensure!(ours == theirs, "{name} {id}: {ours:?} {theirs:?}");
                let label = &question["label"];
                let words = label["中文 (zh)"]
                    .as_str()
                    .or(label["default"].as_str())
                    .or(label.as_str());
                ensure!(words == Some(&field.label.zh), "{name} {id}: {label}");
            } else if let Some(at) = shots.get(id) {
                ensure!(
                    kind == "photo" && form.shots[*at].expected == required,
                    "{name} {id}: shot"
                );
                ensure!(
                    !(own || around) || plan.shots[*at].is_some(),
                    "{name} {id}: relevant"
                );
            } else if let Some(common) = form.common.iter().find(|common| common.id == id) {
                ensure!(required, "{name} {}: asked for", common.id);
            } else if kind == "note" {
                ensure!(
                    plan.notes.iter().any(|note| note.id == id),
                    "{name} {id}: note"
                );
            } else {
                let what = match kind {
                    "select one" => "or_other".to_owned(),
                    // In a repeat, or what or_other brings with it.
                    "text" if id == "person" => "within a repeat".to_owned(),
                    "text" if id == "size_other" => "or_other".to_owned(),
                    kind => format!("questions of type {kind}"),
                };
                ensure!(
                    is_named(&converted.problems, &what),
                    "{name} {id} ({kind}) is missing and was not named"
                );
            }
        }
    }
    ensure!(compared >= 20, "only {compared} questions were compared");
    Ok(())
}

/// The committed workbooks are those that the script makes.
#[test]
fn the_committed_workbooks_say_what_the_script_says() -> Result<()> {
    let folder = tempfile::tempdir()?;
    said(script("make.py")?.arg(folder.path()))?;
    for name in ["whole", "plain", "lossy"] {
        let file = format!("{name}.xlsx");
        let made = convert(&std::fs::read(folder.path().join(&file))?)?;
        let kept = convert(&std::fs::read(
            workspace().join("tests/fuzz/corpus/xlsform").join(&file),
        )?)?;
        ensure!(
            made.form == kept.form && made.problems == kept.problems,
            "{name}"
        );
    }
    Ok(())
}
