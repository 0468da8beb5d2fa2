//! What the custody log shows of the tablet's clock: starts, jumps, and how far it was from the server's. Information, never a verdict:
//! `docs/spec/time.md`, "The tablet's clock".

use crate::Timestamp;
use crate::custody::{Event, Line};
use crate::findings::{Code, Finding};
use std::collections::HashMap;

/// Wall clock and boot clock may drift apart by this much between two lines, milliseconds.
const JUMP_MS: i64 = 2000;
/// A wall clock that is further from the server's is worth a word, milliseconds.
const OFFSET_MS: i64 = 60_000;

/// The tablet's log.
pub(crate) fn check(lines: &[Line], path: &str, findings: &mut Vec<Finding>) {
    let mut told = |code, line: Option<u64>| {
        findings.extend(line.map(|line| Finding::new(code).about(path).with(line)));
    };
    told(Code::ClockRestart, restart(lines));
    told(Code::ClockJump, jump(lines));
    let beyond = |line: &&Line| match line.known() {
        Some(Event::Captured(captured)) => captured
            .context
            .server_offset_ms
            .is_some_and(|offset| offset.unsigned_abs() > OFFSET_MS.unsigned_abs()),
        _ => false,
    };
    told(
        Code::ClockOffset,
        lines.iter().find(beyond).map(|line| line.n),
    );
}

/// The server's log begins before the tablet says that it had closed.
pub(crate) fn check_join(closed_at: Timestamp, after: &[Line], findings: &mut Vec<Finding>) {
    let Some(first) = after.first() else { return };
    let early = closed_at
        .as_millis()
        .saturating_sub(first.meta.at.as_millis());
    if early > OFFSET_MS {
        findings.push(
            Finding::new(Code::ClockOffset)
                .about("data/custody-after.log")
                .with(first.n),
        );
    }
}

fn restart(lines: &[Line]) -> Option<u64> {
    let mut before: Option<&str> = None;
    for line in lines {
        let Some(boot) = line.meta.boot_id.as_deref() else {
            continue;
        };
        if before.is_some_and(|before| before != boot) {
            return Some(line.n);
        }
        before = Some(boot);
    }
    None
}

fn jump(lines: &[Line]) -> Option<u64> {
    let mut starts: HashMap<&str, i128> = HashMap::new();
    for line in lines {
        let (Some(boot), Some(since)) = (line.meta.boot_id.as_deref(), line.meta.boot_ms) else {
            continue;
        };
        let start = i128::from(line.meta.at.as_millis()) - i128::from(since);
        let before = starts.insert(boot, start);
        if before
            .is_some_and(|before| (start - before).unsigned_abs() > JUMP_MS.unsigned_abs().into())
        {
            return Some(line.n);
        }
    }
    None
}
