//! What `fieldseal verify --json` says, read as a stranger's program would read it.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::{Outcome, fieldseal, run};

/// One packet's or export's report.
#[derive(Debug, Clone)]
pub struct Report {
    /// As given on the command line.
    pub path: String,
    /// `verified`, `failed` or `not-proved`.
    pub verdict: String,
    /// Code, level and subject of each finding.
    pub findings: Vec<(String, String, String)>,
}

impl Report {
    /// The codes that count against it, sorted.
    pub fn weighty(&self) -> Vec<&str> {
        let counts = |level: &str| matches!(level, "failed" | "not-proved");
        let mut codes: Vec<&str> = self
            .findings
            .iter()
            .filter(|(_, level, _)| counts(level))
            .map(|(code, ..)| code.as_str())
            .collect();
        codes.sort_unstable();
        codes
    }

    /// Whether there is such a finding, about this subject.
    pub fn says(&self, code: &str, subject: &str) -> bool {
        self.findings
            .iter()
            .any(|(is, _, about)| is == code && about == subject)
    }
}

/// Runs `fieldseal verify --json` and gives its exit code and its reports.
pub fn verify(paths: &[&Path], trust: Option<&Path>) -> Result<(i32, Vec<Report>)> {
    let mut command = fieldseal()?;
    command
        .args(["verify", "--json", "--lang", "en"])
        .args(paths);
    if let Some(trust) = trust {
        command.arg("--trust").arg(trust);
    }
    let outcome = run(&mut command)?;
    let reports = parse(&outcome).with_context(|| format!("{outcome:?}"))?;
    ensure!(
        reports.len() == paths.len(),
        "{} reports for {} paths",
        reports.len(),
        paths.len()
    );
    Ok((outcome.code, reports))
}

/// One path's report; its exit code must be the one of its verdict.
pub fn verify_one(path: &Path, trust: Option<&Path>) -> Result<Report> {
    let (code, mut reports) = verify(&[path], trust)?;
    let report = reports.pop().context("one report")?;
    let expected = match report.verdict.as_str() {
        "verified" => 0,
        "failed" => 1,
        "not-proved" => 3,
        other => bail!("no such verdict: {other}"),
    };
    ensure!(code == expected, "exit {code} for {}", report.verdict);
    Ok(report)
}

fn parse(outcome: &Outcome) -> Result<Vec<Report>> {
    let document: Value =
        serde_json::from_str(&outcome.stdout).context("stdout is one JSON document")?;
    document["packets"]
        .as_array()
        .context("packets")?
        .iter()
        .map(report)
        .collect()
}

fn report(value: &Value) -> Result<Report> {
    let text = |value: &Value, field: &str| -> Result<String> {
        Ok(value[field]
            .as_str()
            .with_context(|| format!("{field} in {value}"))?
            .to_owned())
    };
    for field in ["id", "sealed_after", "logged_before"] {
        ensure!(
            value
                .get(field)
                .is_some_and(|value| value.is_null() || value.is_string()),
            "{field} in {value}"
        );
    }
    let finding = |value: &Value| -> Result<(String, String, String)> {
        ensure!(
            !text(value, "text")?.is_empty(),
            "a finding without a sentence"
        );
        Ok((
            text(value, "code")?,
            text(value, "level")?,
            text(value, "subject")?,
        ))
    };
    Ok(Report {
        path: text(value, "path")?,
        verdict: text(value, "verdict")?,
        findings: value["findings"]
            .as_array()
            .context("findings")?
            .iter()
            .map(finding)
            .collect::<Result<_>>()?,
    })
}
