//! One line for each thing done: how long the whole has been running, and what comes now.

use std::time::{Duration, Instant};

/// Counts from the start of the command.
pub struct Progress {
    started: Instant,
}

impl Progress {
    pub fn start() -> Progress {
        Progress {
            started: Instant::now(),
        }
    }

    /// `[ 1:05] what`
    pub fn say(&self, what: &str) {
        eprintln!("[{}] {what}", clock(self.started.elapsed()));
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Minutes and seconds.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:2}:{:02}", seconds / 60, seconds % 60)
}
