//! What was measured, against what, and whether the goal is met: as lines for people, as JSON, as rows for a document.

use std::io::{self, Write as _};

use serde::Serialize;

/// One line of the table. Without a `ratio` nothing was measured, and `note` says why: that is never a pass.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// Ours, with its unit.
    pub ours: Option<String>,
    /// What it is compared with, with its value.
    pub against: String,
    /// Ours divided by theirs, or the value that the goal speaks of.
    pub ratio: Option<f64>,
    /// The goal: at most this.
    pub goal: Option<f64>,
    /// Whether the goal is met; none where there is no goal or nothing was measured.
    pub met: Option<bool>,
    /// What else there is to say.
    pub note: Option<String>,
}

impl Row {
    /// A measured one.
    pub fn new(
        what: impl Into<String>,
        ours: impl Into<String>,
        against: impl Into<String>,
        ratio: f64,
        goal: Option<f64>,
    ) -> Self {
        Self {
            what: what.into(),
            ours: Some(ours.into()),
            against: against.into(),
            ratio: Some(ratio),
            goal,
            met: goal.map(|goal| ratio <= goal),
            note: None,
        }
    }

    /// One that could not be measured here.
    pub fn missing(what: impl Into<String>, goal: Option<f64>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ours: None,
            against: String::new(),
            ratio: None,
            goal,
            met: None,
            note: Some(format!("not measured: {}", why.into())),
        }
    }

    /// With a remark.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    fn line(&self) -> String {
        let Some(ratio) = self.ratio else {
            return format!(
                "  --     {}: {}",
                self.what,
                self.note.as_deref().unwrap_or_default()
            );
        };
        let goal = match (self.goal, self.met) {
            (Some(goal), Some(true)) => format!("  [goal {goal}: met]"),
            (Some(goal), Some(false)) => format!("  [goal {goal}: MISSED]"),
            _ => String::new(),
        };
        let note = self
            .note
            .as_ref()
            .map(|note| format!("\n           {note}"))
            .unwrap_or_default();
        format!(
            "{ratio:>7.3}  {}: {} against {}{goal}{note}",
            self.what,
            self.ours.as_deref().unwrap_or_default(),
            self.against
        )
    }

    fn cells(&self) -> String {
        let number = |n: Option<f64>| n.map_or_else(|| "–".to_owned(), |n| format!("{n:.2}"));
        let verdict = match (self.ratio, self.met) {
            (None, _) => self.note.clone().unwrap_or_default(),
            (_, Some(true)) => "met".to_owned(),
            (_, Some(false)) => "**missed**".to_owned(),
            (_, None) => "–".to_owned(),
        };
        format!(
            "| {} | {} | {} | {} | ≤ {} | {verdict} |",
            self.what,
            self.ours.as_deref().unwrap_or("–"),
            self.against,
            number(self.ratio),
            number(self.goal),
        )
    }
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Lines,
    /// One document.
    Json,
    /// Rows for a document.
    Markdown,
}

/// Writes the table; a closed pipe ends it quietly.
pub fn write(form: Form, rounds: u32, rows: &[Row]) -> io::Result<()> {
    let mut out = io::stdout();
    let written = match form {
        Form::Json => writeln!(
            out,
            "{}",
            serde_json::json!({ "rounds": rounds, "rows": rows })
        ),
        Form::Lines => rows
            .iter()
            .try_for_each(|row| writeln!(out, "{}", row.line())),
        Form::Markdown => writeln!(
            out,
            "| what | ours | against | ratio | goal | |\n|---|---|---|---|---|---|"
        )
        .and_then(|()| {
            rows.iter()
                .try_for_each(|row| writeln!(out, "{}", row.cells()))
        }),
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Milliseconds, readably.
pub fn ms(seconds: f64) -> String {
    if seconds >= 10.0 {
        format!("{seconds:.1} s")
    } else if seconds >= 0.1 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{:.2} ms", seconds * 1e3)
    }
}

/// MiB of KiB.
pub fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_no_pass() {
        let row = Row::missing("intake", Some(2.5), "nginx is not installed");
        assert_eq!(row.met, None);
        assert!(row.line().contains("not measured: nginx is not installed"));
        assert!(!row.cells().contains("met |"));
    }

    #[test]
    fn goals_are_upper_bounds() {
        let row = |ratio| Row::new("a", "1", "b", ratio, Some(1.5)).met;
        assert_eq!((row(1.5), row(1.51)), (Some(true), Some(false)));
    }
}
