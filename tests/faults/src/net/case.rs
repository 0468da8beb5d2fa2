//! One fault in one phase: what the tablet says while it lasts, and what is there once it is over.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use fieldseal_device::api::Request;
use serde_json::Value;

use super::fault::{Fault, Phase};
use super::stand::{PATIENT_MS, PEOPLE, Running, Stand};
use crate::ctx::Ctx;
use crate::ledger::Ledger;
use crate::oracle::look;
use crate::rng::Rng;
use crate::site::Officer;
use crate::tablet::{Tablet, code_of, photo};

/// For a tablet whose network keeps it waiting.
const HURRIED_MS: u64 = 400;
/// Of a photo: more than two chunks.
const PHOTO_BYTES: usize = 72 << 10;
const LOOK_EVERY: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(40);
/// Attempts that may fail for want of time once the fault is over.
const AFTERWARDS: u32 = 20;
/// Exchanges that meet the fault before it is lifted.
const HITS: u64 = 2;

/// Runs one case; gives what is wrong.
pub fn run(ctx: &Ctx, stand: &Stand, phase: Phase, fault: Fault, seed: u64) -> Vec<String> {
    match one(ctx, stand, phase, fault, seed) {
        Ok(failures) => failures,
        Err(error) => vec![format!("{error:#}")],
    }
}

fn one(
    ctx: &Ctx,
    stand: &Stand,
    phase: Phase,
    fault: Fault,
    seed: u64,
) -> anyhow::Result<Vec<String>> {
    let waits = matches!(fault, Fault::HalfOpen | Fault::Stall);
    let patience = if waits { HURRIED_MS } else { PATIENT_MS };
    let mut running = stand.start(ctx, phase != Phase::Enrol, patience)?;
    let mut ledger = Ledger::default();
    let done = if phase == Phase::Enrol {
        enrol(&mut running, fault)
            .and_then(|tablet| line(&running, tablet, None, &mut ledger, seed))
    } else {
        let tablet = Tablet::unlocked(&running.site)?;
        line(&running, tablet, Some((phase, fault)), &mut ledger, seed)
    };
    let hits = running.proxy.hits();
    let site = running.stop()?;
    done?;
    ensure!(hits > 0, "the fault was never met");
    let mut failures = look(&site, &mut ledger);
    let keys = ledger.leaves.iter().filter(|leaf| is_key(leaf)).count();
    let wanted = 1 + PEOPLE.len();
    if keys != wanted {
        failures.push(format!(
            "{keys} keys are in the log where {wanted} were enrolled"
        ));
    }
    site.remove()?;
    Ok(failures)
}

fn is_key(leaf: &[u8]) -> bool {
    let first = leaf.split(|byte| *byte == b'\n').next().unwrap_or_default();
    first.ends_with(b"/enrolled/v1")
}

/// Enrols tablet and officers; each request of each enrolment meets the fault once.
fn enrol(running: &mut Running, fault: Fault) -> anyhow::Result<Tablet> {
    let tablet = Tablet::open(&running.site)?;
    let text = running.device_text()?;
    insist(running, fault, 3, || tablet.enrol_device(&text)).context("the tablet")?;
    for person in PEOPLE {
        let (id, code) = running.officer(person)?;
        insist(running, fault, 2, || tablet.enrol_officer(&code, person.2))
            .context("an officer")?;
        running.site.officers.push(Officer {
            id,
            pin: person.2.to_owned(),
        });
    }
    tablet.on_duty(&running.site.officers)?;
    running.site.save()?;
    // As after a restart of the app: the officers are known from the site now.
    drop(tablet);
    Tablet::unlocked(&running.site)
}

/// Tries with the fault at each of so many requests, and then without.
fn insist(
    running: &Running,
    fault: Fault,
    requests: u64,
    mut attempt: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for pass in 0..requests {
        running.proxy.set(Phase::Enrol, fault, pass);
        let mut tried = attempt();
        if let (Some(cause), Err(_)) = (fault.needed_cause(), &tried) {
            tried = attempt();
            let said = tried.as_ref().err().and_then(code_of);
            ensure!(
                said == Some(cause),
                "at request {pass} the tablet said {said:?}"
            );
        }
        running.proxy.lift();
        match tried {
            Ok(()) if fault.is_passable() => return Ok(()),
            Ok(()) => bail!("enrolled through {} at request {pass}", fault.name()),
            Err(error) => {
                let code = code_of(&error).unwrap_or("other");
                ensure!(
                    fault.true_problems().contains(&code),
                    "at request {pass} the tablet said {code}: {error:#}"
                );
            }
        }
    }
    // A machine that is busy keeps a hurried tablet waiting too.
    let mut last = attempt();
    for _ in 0..AFTERWARDS {
        if last.as_ref().err().and_then(code_of) != Some("offline") {
            break;
        }
        last = attempt();
    }
    last.context("not enrolled once the fault was over")
}

/// Takes a photo, seals it, and brings it over; the fault is lifted once it was met and the tablet has said why it waits.
fn line(
    running: &Running,
    tablet: Tablet,
    broken: Option<(Phase, Fault)>,
    ledger: &mut Ledger,
    seed: u64,
) -> anyhow::Result<()> {
    if let Some((phase, fault)) = broken {
        running.proxy.set(phase, fault, 0);
    }
    let (seq, sha256) = tablet.capture(None, &large_photo(seed))?;
    ledger.saved(seq, &sha256);
    tablet.seal_all(&mut |id, digest| ledger.sealed(id, digest))?;
    tablet.ask(Request::UploadNow { id: None })?;
    if let Some((phase, fault)) = broken {
        watch(running, &tablet, phase, fault)?;
        running.proxy.lift();
    }
    tablet.sync_all(PATIENCE, &mut |id, leaf| ledger.safe(id, leaf))
}

/// Looks on while the fault lasts.
fn watch(running: &Running, tablet: &Tablet, phase: Phase, fault: Fault) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    let mut said = BTreeSet::new();
    loop {
        let uploads = tablet.ask(Request::Uploads)?;
        let waiting = uploads["unsafePackets"].as_array().cloned();
        let waiting = waiting.unwrap_or_default();
        let Some(packet) = waiting.first() else {
            ensure!(
                fault.is_passable_in(phase),
                "called safe while the fault lasts"
            );
            break;
        };
        ensure!(
            packet["packet"]["state"] != "wedged",
            "wedged: {}",
            packet["cause"]
        );
        for cause in causes(&uploads, packet, fault) {
            ensure!(
                fault.true_causes().contains(&cause.as_str()),
                "the tablet said {cause}"
            );
            said.insert(cause);
        }
        // Where nobody listens, nobody counts.
        let met = running.proxy.hits() >= if fault == Fault::Refuse { 1 } else { HITS };
        let enough = match fault.needed_cause() {
            Some(cause) => said.contains(cause),
            None => !said.is_empty(),
        };
        if !fault.is_passable_in(phase) && enough && met {
            break;
        }
        ensure!(
            Instant::now() < until,
            "after {} s: met {} times, said {said:?}",
            PATIENCE.as_secs(),
            running.proxy.hits()
        );
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

/// What the upload screen says: of the packet, and of the connection.
fn causes(uploads: &Value, packet: &Value, fault: Fault) -> Vec<String> {
    let mut causes = Vec::new();
    for said in [&packet["cause"], &uploads["link"]] {
        causes.extend(said.as_str().map(str::to_owned));
    }
    // Before the first contact it is not connected either: that counts where it is the truth, and says nothing elsewhere.
    if uploads["online"] == false && fault.true_causes().contains(&"offline") {
        causes.push("offline".to_owned());
    }
    causes
}

/// A photo and, behind its end, what an odd camera writes there: some chunks long, and no other seed's.
fn large_photo(seed: u64) -> Vec<u8> {
    let mut bytes = photo(seed);
    let mut rng = Rng::new(seed ^ 0x5eed);
    while bytes.len() < PHOTO_BYTES {
        bytes.extend_from_slice(&rng.draw().to_le_bytes());
    }
    bytes
}
