//! Keys that hand over to new ones, with a real server: a tablet's when a heartbeat's answer asks for it, an officer's against their PIN, and what
//! remains of either when the tablet is killed in between.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use fieldseal_device::api::Request;
use fieldseal_packet::findings::Level;
use fieldseal_packet::trust::Trust;
use kit::{Bureau, PIN, Tablet, codes, eventually, jpeg};

const CHILD_DIR: &str = "FIELDSEAL_TEST_ROTATING";
const CHILD_OFFICER: &str = "FIELDSEAL_TEST_ROTATING_OFFICER";
/// Milliseconds between two heartbeats.
const BEAT_MS: u64 = 100;

fn device(tablet: &Tablet, what: &str) -> String {
    let state = tablet.ok(Request::State);
    state["device"][what].as_str().unwrap().to_owned()
}

fn rotate_officer(officer: &str, pin: &str) -> Request {
    Request::RotateOfficer {
        officer: officer.into(),
        pin: pin.into(),
    }
}

/// A packet, sealed and safe, in which every line is by an enrolled key.
fn delivered(tablet: &Tablet, trust: &Trust, seed: u8) -> String {
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(seed));
    tablet.seal(&draft);
    tablet.wait_for(&draft, "safe");
    holds(tablet, trust, &draft);
    draft
}

fn holds(tablet: &Tablet, trust: &Trust, packet: &str) {
    let report = tablet.verified(packet, trust);
    assert!(codes(&report, Level::Failed).is_empty(), "{report:?}");
    let ok = codes(&report, Level::Ok);
    for code in ["device-enrolled", "two-officers-ok"] {
        assert!(ok.contains(&code), "{code}: {report:?}");
    }
}

/// Whether an officer's key in this packet is one that took over.
fn has_rotated_officer(tablet: &Tablet, packet: &str) -> bool {
    let mut file = tempfile::tempfile().unwrap();
    tablet.engine.export_zip(packet, &mut file).unwrap();
    file.rewind().unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    let wanted = b"/rotated/v1\nkind officer\n";
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

/// The child: sends heartbeats, or hands over an officer's key again and again, until it is killed. Without the folder it is nothing.
#[test]
fn child_at_work() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let officer = std::env::var(CHILD_OFFICER).unwrap();
    let (who, by_hand) = officer.split_once(' ').unwrap();
    let mut tablet =
        Tablet::open(Path::new(&dir)).restart_with(|config| config.heartbeat_ms = Some(BEAT_MS));
    tablet.officers = vec![who.to_owned()];
    tablet.unlock();
    let mut out = std::io::stdout();
    writeln!(out, "at work").unwrap();
    out.flush().unwrap();
    loop {
        if by_hand == "officer" {
            tablet.ok(rotate_officer(who, PIN));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Lets the child work for a moment, and kills it.
fn killed(dir: &Path, work: &str, moment: Duration) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "child_at_work",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD_DIR, dir)
        .env(CHILD_OFFICER, work)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("at work")));
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_heartbeat_asks_for_a_new_key_and_a_kill_in_between_costs_nothing() {
    let bureau = Bureau::open();
    let mut tablet = bureau.tablet("t1");
    let (trust, id) = (bureau.trust(), device(&tablet, "id"));
    let (dir, officers) = (tablet.dir.clone(), tablet.officers.clone());
    let mut packets = vec![delivered(&tablet, &trust, 1)];
    let mut keys = BTreeSet::from([device(&tablet, "fingerprint")]);
    for (seed, moment) in (2..).zip([60, 90, 110, 125, 140, 160, 190, 260]) {
        bureau.admin().ask_rotation(&id).unwrap();
        drop(tablet);
        killed(
            &dir,
            &format!("{} heartbeats", officers[0]),
            Duration::from_millis(moment),
        );
        tablet = Tablet::open(&dir);
        tablet.officers.clone_from(&officers);
        tablet.unlock();
        // Wherever it was stopped: the packet is by the old key or by the new one, and safe.
        packets.push(delivered(&tablet, &trust, seed));
        keys.insert(device(&tablet, "fingerprint"));
    }
    let before = device(&tablet, "fingerprint");
    bureau.admin().ask_rotation(&id).unwrap();
    tablet = tablet.restart_with(|config| config.heartbeat_ms = Some(BEAT_MS));
    // Locked, it can't; it is asked again with each heartbeat.
    tablet.unlock();
    eventually("the key to be another one", || {
        device(&tablet, "fingerprint") != before
    });
    packets.push(delivered(&tablet, &trust, 99));
    keys.insert(device(&tablet, "fingerprint"));
    for packet in &packets {
        holds(&tablet, &trust, packet);
    }
    assert!(keys.len() >= 2, "no rotation at all");
    // What was asked for is done, and no alarm came of it.
    let rows = bureau.admin().devices().unwrap();
    let row = rows.into_iter().find(|row| row.key.subject == id).unwrap();
    assert_eq!(row.key.rotation_asked_at, None);
    assert!(row.alarms.is_empty());
    assert_eq!(row.packets, packets.len() as u64);
}

#[test]
fn an_officer_takes_a_new_key_against_their_own_pin() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let trust = bureau.trust();
    let before = delivered(&tablet, &trust, 1);
    assert!(!has_rotated_officer(&tablet, &before));
    let lead = tablet.officers[0].clone();
    assert_eq!(tablet.refused(rotate_officer(&lead, "000000")), "wrong-pin");
    assert_eq!(
        tablet.refused(rotate_officer("nobody", PIN)),
        "unknown-officer"
    );
    // A draft that is signed by one names the key: first it is sealed, or opened again.
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(2));
    tablet.sign(&draft, 1);
    assert_eq!(
        tablet.refused(rotate_officer(&lead, PIN)),
        "another-draft-closing"
    );
    tablet.ok(Request::Reopen { id: draft.clone() });
    tablet.ok(rotate_officer(&lead, PIN));
    tablet.seal(&draft);
    tablet.wait_for(&draft, "safe");
    assert!(has_rotated_officer(&tablet, &draft));
    // The other officer's key is as it was; after a restart, and another rotation, everything still holds.
    let tablet = tablet.restart();
    tablet.unlock();
    tablet.ok(rotate_officer(&lead, PIN));
    let after = delivered(&tablet, &trust, 3);
    for packet in [&before, &draft, &after] {
        holds(&tablet, &trust, packet);
    }
    // Another tablet takes the officer's card with the key that took over.
    let other = bureau.tablet("t2");
    let card = tablet.ok(Request::OfficerCard {
        officer: lead.clone(),
    });
    let text = card["text"].as_str().unwrap().to_owned();
    let met = other.ok(Request::MeetOfficer { text });
    assert_eq!(met["id"].as_str(), Some(&*lead));
}

#[test]
fn an_officer_can_sign_wherever_a_rotation_was_killed() {
    let bureau = Bureau::open();
    let mut tablet = bureau.tablet("t1");
    let trust = bureau.trust();
    let (dir, officers) = (tablet.dir.clone(), tablet.officers.clone());
    let mut packets = Vec::new();
    for (seed, moment) in (1..).zip([0, 3, 7, 12, 18, 25, 33, 42]) {
        drop(tablet);
        killed(
            &dir,
            &format!("{} officer", officers[0]),
            Duration::from_millis(moment),
        );
        tablet = Tablet::open(&dir);
        tablet.officers.clone_from(&officers);
        tablet.unlock();
        packets.push(delivered(&tablet, &trust, seed));
    }
    tablet.ok(rotate_officer(&officers[0], PIN));
    packets.push(delivered(&tablet, &trust, 99));
    for packet in &packets {
        holds(&tablet, &trust, packet);
    }
}
