//! What the demonstration says: in plain words, what was proved, what was not, and how to check it without us.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::ensure;
use fieldseal_packet::findings::{Language, Level, Report, Verdict};
use fieldseal_packet::trust::Trust;

/// Speaks one of two languages on stdout; a closed pipe ends it quietly.
pub(crate) struct Say {
    zh: bool,
    /// Says nothing but one document at the end.
    json: bool,
}

impl Say {
    pub fn new(zh: bool, json: bool) -> Self {
        Self { zh, json }
    }

    fn language(&self) -> Language {
        if self.zh { Language::Zh } else { Language::En }
    }

    pub fn line(&self, zh: impl AsRef<str>, en: impl AsRef<str>) -> io::Result<()> {
        match (self.json, self.zh) {
            (true, _) => Ok(()),
            (false, true) => print(zh.as_ref()),
            (false, false) => print(en.as_ref()),
        }
    }
}

fn print(text: &str) -> io::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// One packet, done.
pub(crate) struct Done {
    pub id: String,
    pub zip: PathBuf,
    pub evidence: PathBuf,
}

/// Verifies what was left and says what that shows. Errors when anything failed: then the job did not run.
pub(crate) fn proved(say: &Say, dir: &Path, done: &[Done], trust: &Trust) -> anyhow::Result<()> {
    let reports: Vec<Report> = done
        .iter()
        .map(|done| crate::verify::verify_path(&done.evidence, Some(trust)))
        .collect();
    for (done, report) in done.iter().zip(&reports) {
        say.line("", "")?;
        let verdict = match report.verdict {
            Verdict::Verified => ("已证实", "verified"),
            Verdict::NotProved => (
                "没有发现矛盾；部分未能证明",
                "nothing contradicts; some things are not proved",
            ),
            Verdict::Failed => ("核验不符", "FAILED"),
        };
        say.line(
            format!("证据包 {}：{}", done.id, verdict.0),
            format!("Packet {}: {}", done.id, verdict.1),
        )?;
        for (level, zh, en) in [
            (Level::Failed, "核验不符：", "Failed:"),
            (Level::Ok, "已证实：", "Proved:"),
            (
                Level::NotProved,
                "未能证明（不等于不符）：",
                "Not proved (which is not failed):",
            ),
            (Level::Info, "只是报告，不作结论：", "Reported, no verdict:"),
        ] {
            sentences(say, report, level, zh, en)?;
        }
    }
    commands(say, dir, done)?;
    if say.json {
        print(&serde_json::to_string_pretty(&document(
            dir, done, &reports,
        ))?)?;
    }
    let failed = reports
        .iter()
        .filter(|report| report.verdict == Verdict::Failed)
        .count();
    ensure!(
        failed == 0,
        "{failed} of {} exports failed their verification",
        reports.len()
    );
    Ok(())
}

fn document(dir: &Path, done: &[Done], reports: &[Report]) -> serde_json::Value {
    let packets: Vec<_> = done
        .iter()
        .zip(reports)
        .map(|(done, report)| {
            serde_json::json!({
                "id": done.id,
                "zip": done.zip,
                "evidence": done.evidence,
                "verdict": report.verdict.word(),
            })
        })
        .collect();
    serde_json::json!({"dir": dir, "trust": dir.join("trust"), "packets": packets})
}

/// Sentences of one kind that are said one by one; of more, the first stands for all.
const SAID_EACH: usize = 3;

fn sentences(say: &Say, report: &Report, level: Level, zh: &str, en: &str) -> io::Result<()> {
    let mut said: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let of_level = report
        .findings
        .iter()
        .filter(|finding| finding.code.level() == level);
    for finding in of_level {
        said.entry(finding.code.word())
            .or_default()
            .push(finding.text(say.language()));
    }
    if said.is_empty() {
        return Ok(());
    }
    say.line(format!("  {zh}"), format!("  {en}"))?;
    for texts in said.values() {
        let shown = if texts.len() > SAID_EACH {
            1
        } else {
            texts.len()
        };
        for text in texts.iter().take(shown) {
            say.line(format!("    - {text}"), format!("    - {text}"))?;
        }
        if let rest @ 1.. = texts.len() - shown {
            say.line(
                format!("      （同样的另有 {rest} 条）"),
                format!("      (and {rest} more like it)"),
            )?;
        }
    }
    Ok(())
}

fn commands(say: &Say, dir: &Path, done: &[Done]) -> io::Result<()> {
    let Some(first) = done.first() else {
        return Ok(());
    };
    let folder = shell_word(&dir.display().to_string());
    let id = &first.id;
    let evidence = first
        .evidence
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let zip = first
        .zip
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    say.line("", "")?;
    say.line(
        "不用我们的程序，自己核对：",
        "Check it by hand, with nothing of ours:",
    )?;
    let lines = [
        format!("cd {folder}"),
        format!(
            "(cd {evidence} && sha256sum -c --strict --quiet manifest-sha256.txt && sha256sum -c --strict --quiet tagmanifest-sha256.txt)"
        ),
        format!(
            "python3 -m zipfile -e {zip} unpacked/ && (cd unpacked/packet-{id} && sha256sum -c --strict --quiet manifest-sha256.txt && sha256sum -c --strict --quiet tagmanifest-sha256.txt)"
        ),
        format!("bagit.py --validate {evidence} unpacked/packet-{id}"),
        format!(
            "sha256sum {zip} unpacked/packet-{id}/tagmanifest-sha256.txt   # zip-sha256 in {evidence}/data/receipt/receipt; tagmanifest-sha256 in unpacked/packet-{id}/seal/packet.seal"
        ),
    ];
    for line in lines.into_iter().chain(timestamps(dir, first)) {
        say.line(format!("  {line}"), format!("  {line}"))?;
    }
    say.line(
        "  # 签名（设备、两名队员、回执、检查点）用 openssl 逐行核对的命令在：",
        "  # the openssl commands for each signature line (device, officers, receipt, checkpoint) are in:",
    )?;
    say.line(
        format!("  less {evidence}/data/VERIFY.txt"),
        format!("  less {evidence}/data/VERIFY.txt"),
    )?;
    say.line("用我们的核验程序：", "With our verifier:")?;
    let verify = format!(
        "  fieldseal verify {folder}/evidence-* {folder}/packet-*.zip --trust {folder}/trust"
    );
    say.line(&verify, &verify)
}

/// The timestamps over the checkpoint that the seal names, and over the one that holds it; none when it went without.
fn timestamps(dir: &Path, done: &Done) -> Vec<String> {
    if !dir.join("timestamps").is_dir() {
        return Vec::new();
    }
    let evidence = done.evidence.file_name().unwrap_or_default().display();
    [
        format!("unpacked/packet-{}/seen/checkpoint", done.id),
        format!("{evidence}/data/receipt/checkpoint"),
    ]
    .iter()
    .flat_map(|checkpoint| {
        [
            format!("sed '/^$/,$d' {checkpoint} > text"),
            format!("for t in {checkpoint}.*.tsr; do openssl ts -reply -in $t -text | grep 'Time stamp:'; openssl ts -verify -data text -in $t -CAfile trust; done"),
        ]
    })
    .collect()
}

/// Quoted where a shell would take it apart.
fn shell_word(text: &str) -> String {
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn folders_survive_the_shell() {
        assert_eq!(shell_word("/tmp/a-b_c.d"), "/tmp/a-b_c.d");
        assert_eq!(shell_word("it's here"), "'it'\\''s here'");
    }
}
