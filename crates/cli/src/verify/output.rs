//! Reports as text for people or as one JSON document for programs. Written as they come, nothing is held back.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};
use std::path::Path;

use fieldseal_packet::findings::{Language, Level, Report, Verdict};
use serde::Serialize;

use super::gaps::is_gap;

/// Where reports go.
pub struct Output {
    to: BufWriter<Stdout>,
    form: Form,
    language: Language,
    written: usize,
    /// What is missing among the packets: said again at the end, where it is seen.
    gaps: Vec<String>,
}

/// Most sentences that are said again.
const MOST_GAPS: usize = 200;

enum Form {
    Json,
    Text { colour: bool },
}

#[derive(Serialize)]
struct JsonReport<'a> {
    path: &'a str,
    id: Option<&'a str>,
    verdict: &'static str,
    sealed_after: Option<String>,
    logged_before: Option<String>,
    findings: Vec<JsonFinding<'a>>,
    /// What is known of single captures beside that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    captures: Vec<JsonCapture<'a>>,
}

#[derive(Serialize)]
struct JsonCapture<'a> {
    path: &'a str,
    captured_before: Option<String>,
    challenge: Option<JsonChallenge<'a>>,
}

#[derive(Serialize)]
struct JsonChallenge<'a> {
    word: &'a str,
    after: String,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    code: &'static str,
    level: &'static str,
    subject: &'a str,
    text: String,
}

impl Output {
    /// To stdout; in colour when that is a terminal and `NO_COLOR` is not set.
    pub fn new(json: bool, language: Language) -> Output {
        let colour = || {
            io::stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        };
        let form = if json {
            Form::Json
        } else {
            Form::Text { colour: colour() }
        };
        Output {
            to: BufWriter::new(io::stdout()),
            form,
            language,
            written: 0,
            gaps: Vec::new(),
        }
    }

    /// What stands before the first report.
    pub fn begin(&mut self) -> io::Result<()> {
        match self.form {
            Form::Json => self.to.write_all(b"{\"packets\":["),
            Form::Text { .. } => Ok(()),
        }
    }

    /// One report.
    pub fn report(&mut self, path: &Path, report: &Report) -> io::Result<()> {
        match self.form {
            Form::Json => self.json(path, report)?,
            Form::Text { colour } => self.text(path, report, colour)?,
        }
        self.written += 1;
        self.to.flush()
    }

    /// What stands after the last one.
    pub fn end(&mut self, verified: usize, not_proved: usize, failed: usize) -> io::Result<()> {
        match (&self.form, self.language) {
            (Form::Json, _) => self.to.write_all(b"\n]}\n")?,
            (Form::Text { .. }, _) if self.written < 2 => {}
            (Form::Text { .. }, Language::En) => {
                writeln!(
                    self.to,
                    "{verified} verified, {not_proved} not proved in full, {failed} failed"
                )?;
            }
            (Form::Text { .. }, Language::Zh) => {
                writeln!(
                    self.to,
                    "核验通过 {verified}，有未证明之处 {not_proved}，核验不符 {failed}"
                )?;
            }
        }
        if let Form::Text { colour } = self.form {
            for gap in &self.gaps {
                let line = format!("! {}", visible(gap));
                let (on, off) = if colour {
                    ("\x1b[1;33m", "\x1b[0m")
                } else {
                    ("", "")
                };
                writeln!(self.to, "{on}{line}{off}")?;
            }
        }
        self.to.flush()
    }

    fn json(&mut self, path: &Path, report: &Report) -> io::Result<()> {
        let findings = report.findings.iter().map(|finding| JsonFinding {
            code: finding.code.word(),
            level: finding.code.level().word(),
            subject: &finding.subject,
            text: finding.text(self.language),
        });
        let captures = report.captures.iter().map(|capture| JsonCapture {
            path: &capture.path,
            captured_before: capture.captured_before.map(|time| time.to_string()),
            challenge: capture
                .challenge
                .as_ref()
                .map(|(word, after)| JsonChallenge {
                    word,
                    after: after.to_string(),
                }),
        });
        let document = JsonReport {
            path: &path.to_string_lossy(),
            id: report.id.as_deref(),
            verdict: report.verdict.word(),
            sealed_after: report.sealed_after.map(|time| time.to_string()),
            logged_before: report.logged_before.map(|time| time.to_string()),
            findings: findings.collect(),
            captures: captures.collect(),
        };
        self.to
            .write_all(if self.written == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut self.to, &document).map_err(io::Error::from)
    }

    fn text(&mut self, path: &Path, report: &Report, colour: bool) -> io::Result<()> {
        let paint = |level: Level, text: &str| match (colour, level) {
            (false, _) | (_, Level::Info) => text.to_owned(),
            (_, Level::Ok) => format!("\x1b[32m{text}\x1b[0m"),
            (_, Level::NotProved) => format!("\x1b[33m{text}\x1b[0m"),
            (_, Level::Failed) => format!("\x1b[1;31m{text}\x1b[0m"),
        };
        let (level, verdict) = verdict_words(report.verdict, self.language);
        writeln!(self.to, "{}: {}", plain(path), paint(level, verdict))?;
        let room = MOST_GAPS.saturating_sub(self.gaps.len());
        let gaps = report
            .findings
            .iter()
            .filter(|finding| is_gap(finding.code));
        self.gaps
            .extend(gaps.take(room).map(|finding| finding.text(self.language)));
        for finding in &report.findings {
            let level = finding.code.level();
            writeln!(
                self.to,
                "  {} {}",
                paint(level, mark(level)),
                visible(&finding.text(self.language))
            )?;
        }
        let bounds = [
            ("sealed after", "封存晚于", report.sealed_after),
            ("logged before", "入库早于", report.logged_before),
        ];
        for (english, chinese, time) in bounds {
            if let Some(time) = time {
                writeln!(
                    self.to,
                    "  {} {time}",
                    if self.language == Language::Zh {
                        chinese
                    } else {
                        english
                    }
                )?;
            }
        }
        Ok(())
    }
}

pub(super) fn verdict_words(verdict: Verdict, language: Language) -> (Level, &'static str) {
    match (verdict, language) {
        (Verdict::Verified, Language::En) => (Level::Ok, "verified"),
        (Verdict::Verified, Language::Zh) => (Level::Ok, "核验通过"),
        (Verdict::NotProved, Language::En) => {
            (Level::NotProved, "not proved in full, nothing failed")
        }
        (Verdict::NotProved, Language::Zh) => (Level::NotProved, "有未证明之处，没有不符"),
        (Verdict::Failed, Language::En) => (Level::Failed, "failed"),
        (Verdict::Failed, Language::Zh) => (Level::Failed, "核验不符"),
    }
}

pub(super) fn mark(level: Level) -> &'static str {
    match level {
        Level::Failed => "✗",
        Level::NotProved => "?",
        Level::Ok => "✓",
        Level::Info => "·",
    }
}

/// A path for people.
pub fn plain(path: &Path) -> String {
    visible(&path.to_string_lossy())
}

/// Text out of a packet, harmless on a terminal: no control characters, nothing that turns the writing direction.
pub(super) fn visible(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| {
            if c.is_control() || turns(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_packet_says_cannot_drive_the_terminal() {
        assert_eq!(
            visible("a\x1b[2Jb\u{202e}c\n中文"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}中文"
        );
    }
}
