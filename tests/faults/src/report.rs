//! What a campaign found, and how it is said.

use std::fmt;
use std::time::Duration;

/// Failures told one by one; more are only counted.
const MOST_TOLD: usize = 20;

/// What one campaign found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Its name.
    pub campaign: &'static str,
    /// Runs made: each is one fault (or several) and one look at everything.
    pub runs: u64,
    /// Different points at which a fault was set.
    pub points: u64,
    /// Points whose fault never came: another order of threads, or the run ended before.
    pub not_reached: u64,
    /// Each with what is needed to repeat it.
    pub failures: Vec<String>,
    /// Why it could not be run here. A campaign that was not run has not passed.
    pub skipped: Option<String>,
    /// Longest start-up of tablet or server after a fault.
    pub slowest_start: Duration,
    /// Figures worth telling.
    pub notes: Vec<String>,
}

impl Report {
    /// An empty one.
    pub fn new(campaign: &'static str) -> Self {
        Self {
            campaign,
            ..Self::default()
        }
    }

    /// It can't be run here.
    pub fn not_run(campaign: &'static str, why: impl Into<String>) -> Self {
        Self {
            campaign,
            skipped: Some(why.into()),
            ..Self::default()
        }
    }

    /// A start-up took so long.
    pub fn started_in(&mut self, took: Duration) {
        self.slowest_start = self.slowest_start.max(took);
    }

    /// Threads may come in another order than in the count, so that a fault never comes; more than a fifth can't.
    pub fn most_must_be_reached(&mut self) {
        if self.not_reached * 5 > self.runs {
            self.failures
                .push("more than a fifth of the faults never came".to_owned());
        }
    }

    /// Whether it ran and found nothing.
    pub fn passed(&self) -> bool {
        self.skipped.is_none() && self.failures.is_empty() && self.runs > 0
    }

    /// Passed, failed and skipped, for the closing line: a campaign counts as one, however many runs it has.
    pub fn counts(&self) -> (u64, u64, u64) {
        match (&self.skipped, self.passed()) {
            (Some(_), _) => (0, 0, 1),
            (None, true) => (1, 0, 0),
            (None, false) => (0, 1, 0),
        }
    }

    /// What [`Report::json`] wrote in another process; none when it is not that.
    pub fn from_json(campaign: &'static str, json: &serde_json::Value) -> Option<Self> {
        let number = |field: &str| json[field].as_u64();
        let words = |field: &str| {
            let list = json[field].as_array()?.iter();
            list.map(|word| word.as_str().map(str::to_owned))
                .collect::<Option<Vec<String>>>()
        };
        Some(Self {
            campaign,
            runs: number("runs")?,
            points: number("points")?,
            not_reached: number("not_reached")?,
            failures: words("failures")?,
            skipped: json["not_run"].as_str().map(str::to_owned),
            slowest_start: Duration::from_millis(number("slowest_start_ms")?),
            notes: words("notes")?,
        })
    }

    /// As one JSON value.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "campaign": self.campaign,
            "passed": self.passed(),
            "runs": self.runs,
            "points": self.points,
            "not_reached": self.not_reached,
            "failures": self.failures,
            "not_run": self.skipped,
            "slowest_start_ms": u64::try_from(self.slowest_start.as_millis()).unwrap_or(u64::MAX),
            "notes": self.notes,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.skipped {
            return write!(f, "{}: not run: {why}", self.campaign);
        }
        write!(
            f,
            "{}: {} runs at {} points, {} failures; slowest start-up {} ms",
            self.campaign,
            self.runs,
            self.points,
            self.failures.len(),
            self.slowest_start.as_millis()
        )?;
        if self.not_reached > 0 {
            write!(f, "; {} points not reached", self.not_reached)?;
        }
        for note in &self.notes {
            write!(f, "\n  {note}")?;
        }
        for failure in self.failures.iter().take(MOST_TOLD) {
            write!(f, "\n  FAILED {failure}")?;
        }
        if self.failures.len() > MOST_TOLD {
            write!(f, "\n  … and {} more", self.failures.len() - MOST_TOLD)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn what_was_not_run_has_not_passed() {
        assert!(!Report::not_run("power", "no loop mounts").passed());
        assert_eq!(Report::not_run("power", "").counts(), (0, 0, 1));
        assert!(!Report::new("kill").passed(), "no run is no proof");
        assert_eq!(Report::new("kill").counts(), (0, 1, 0));
    }

    #[test]
    fn a_report_is_handed_from_process_to_process() {
        let report = Report {
            runs: 3,
            failures: vec!["a".to_owned()],
            skipped: Some("why".to_owned()),
            slowest_start: std::time::Duration::from_millis(7),
            ..Report::new("power")
        };
        let read = Report::from_json("power", &report.json()).unwrap();
        assert_eq!(read.json(), report.json());
        assert!(Report::from_json("power", &serde_json::Value::Null).is_none());
    }

    #[test]
    fn a_campaign_counts_as_one() {
        let report = Report {
            runs: 10,
            failures: vec!["a".to_owned(), "b".to_owned()],
            ..Report::new("kill")
        };
        assert_eq!(report.counts(), (0, 1, 0));
        assert!(!report.passed());
    }
}
