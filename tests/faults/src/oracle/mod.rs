//! What must hold after any fault, once everything was restarted through the product's own start-up:
//!
//! * every acknowledged capture is on the tablet, or under a verified receipt on the server, with the digest that was told
//! * every acknowledged packet is there, once, with exactly one leaf
//! * no row without its bytes; no bytes without a row
//! * no gap and no double in the device's two sequences
//! * the log is one log: its tiles are those of its leaves, its head is signed, and it begins with every leaf seen before
//! * start-up is quick

mod server;
mod tablet;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use crate::ledger::Ledger;
use crate::rng::Rng;
use crate::serving::Serving;
use crate::site::Site;
use crate::tablet::{Tablet, photo};

pub use server::{ServerListing, audit_server};
pub use tablet::{CaptureLine, PacketLine, TabletListing, audit_tablet};

/// Far beyond what a start may take; below it a slow start is reported, not a failure.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Until everything is safe after a restart. Where a fault is planted it is known that something will not be.
const PATIENCE: Duration = Duration::from_secs(if cfg!(feature = "teeth") { 8 } else { 30 });

/// How the line is finished.
#[derive(Debug, Clone, Copy)]
pub struct Finish {
    /// Of the photo that is taken after the restart.
    pub seed: u64,
    /// Also give back what is safe.
    pub reclaim: bool,
}

/// What a look at everything found.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// Empty: all holds.
    pub failures: Vec<String>,
    /// Of tablet and server, the slower.
    pub slowest_start: Duration,
}

/// Restarts server and tablet, finishes the line, stops both, and looks at everything.
pub fn examine(site: &Site, ledger: &mut Ledger, finish: Finish) -> Verdict {
    let mut verdict = Verdict::default();
    if let Err(error) = settle(site, ledger, finish, &mut verdict) {
        verdict.failures.push(format!(
            "the line did not go on after the restart: {error:#}"
        ));
        return verdict;
    }
    verdict.failures.extend(look(site, ledger));
    verdict
}

/// Restarts both and goes on as officers would: one more photo, everything sealed, everything safe.
fn settle(
    site: &Site,
    ledger: &mut Ledger,
    finish: Finish,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    let serving = Serving::start(site)?;
    let tablet = Tablet::unlocked(site)?;
    verdict.slowest_start = serving.took.max(tablet.took);
    if verdict.slowest_start > START_LIMIT {
        verdict.failures.push(format!(
            "a start took {} s",
            verdict.slowest_start.as_secs()
        ));
    }
    // Somebody may have held them before the fault; that outlives a restart.
    tablet.hold_uploads(false)?;
    let photo = photo(Rng::new(finish.seed).draw());
    let (seq, sha256) = tablet.capture(None, &photo)?;
    ledger.saved(seq, &sha256);
    tablet.seal_all(&mut |id, digest| ledger.sealed(id, digest))?;
    tablet.sync_all(PATIENCE, &mut |id, leaf| ledger.safe(id, leaf))?;
    if finish.reclaim {
        tablet.give_back(&mut |id| {
            ledger.freed.insert(id.to_owned());
        })?;
    }
    drop(tablet);
    serving.stop()
}

/// Looks at everything; nothing may be running.
pub fn look(site: &Site, ledger: &mut Ledger) -> Vec<String> {
    let mut failures = std::mem::take(&mut ledger.contradictions);
    let tablet = match audit_tablet(site) {
        Ok(listing) => listing,
        Err(error) => {
            failures.push(format!("the vault can't be looked at: {error:#}"));
            return failures;
        }
    };
    let server = match audit_server(site) {
        Ok(listing) => listing,
        Err(error) => {
            failures.push(format!("the server can't be looked at: {error:#}"));
            return failures;
        }
    };
    failures.extend(tablet.problems.iter().cloned());
    failures.extend(server.problems.iter().cloned());
    compare(ledger, &tablet, &server, &mut failures);
    if server.leaves.len() >= ledger.leaves.len() {
        ledger.leaves = server.leaves;
    }
    failures
}

/// What was acknowledged against what is there.
fn compare(
    ledger: &Ledger,
    tablet: &TabletListing,
    server: &ServerListing,
    failures: &mut Vec<String>,
) {
    let mut fail = |what: String| failures.push(what);
    for (seq, sha256) in &ledger.saved {
        match tablet.captures.iter().find(|line| line.capture_seq == *seq) {
            None => fail(format!(
                "LOST: capture {seq} was acknowledged and has no row"
            )),
            Some(line) if line.sha256 != *sha256 => {
                fail(format!("LOST: capture {seq} is not the one acknowledged"));
            }
            Some(line) => {
                let here = line.bytes_sha256.as_deref() == Some(sha256);
                let there = server.receipted_items.contains(sha256);
                if !here && !there {
                    fail(format!("LOST: the bytes of capture {seq} are nowhere"));
                }
            }
        }
    }
    let mut seen = BTreeSet::new();
    for line in &tablet.captures {
        if !seen.insert(&line.sha256) {
            fail(format!(
                "DOUBLED: the bytes of capture {}",
                line.capture_seq
            ));
        }
    }
    for (id, digest) in &ledger.sealed {
        match tablet.packets.iter().find(|line| line.id == *id) {
            Some(line) if line.digest == *digest => {}
            Some(_) => fail(format!("packet {id} is not the one that was sealed")),
            None => fail(format!("LOST: packet {id} was sealed and is not there")),
        }
    }
    for (id, leaf) in &ledger.safe {
        let line = tablet.packets.iter().find(|line| line.id == *id);
        if line.is_none_or(|line| line.leaf != Some(*leaf)) {
            fail(format!(
                "packet {id} was safe under leaf {leaf} and is not any more"
            ));
        }
    }
    for line in &tablet.packets {
        let leaves = server.leaves_of(&line.digest);
        let wanted = usize::from(line.leaf.is_some());
        if leaves.len() > 1 || leaves.len() < wanted {
            fail(format!("packet {} has {} leaves", line.id, leaves.len()));
        }
        if let Some(leaf) = line.leaf
            && leaves.first() != Some(&leaf)
        {
            fail(format!(
                "packet {} is not under the leaf of its receipt",
                line.id
            ));
        }
        if line.leaf.is_some() && !server.packets.contains(&line.id) {
            fail(format!(
                "packet {} is safe and the server does not have it",
                line.id
            ));
        }
    }
    for id in &ledger.freed {
        if !ledger.safe.contains_key(id) && !server.packets.contains(id) {
            fail(format!("packet {id} was given back without a receipt"));
        }
    }
    let before = &ledger.leaves;
    if server.leaves.len() < before.len() || server.leaves[..before.len()] != before[..] {
        fail("the log does not begin with the leaves that were seen before".to_owned());
    }
}
