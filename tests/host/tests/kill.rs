//! kill -9 of a tablet that captures, signs and seals, at seeded points: nothing acknowledged is lost, nothing is doubled,
//! and what was sealed comes out whole. (The page cache survives a kill; that the disk was told is the vault's own test.)

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use fieldseal_device::api::Request;
use fieldseal_packet::findings::Level;
use kit::{Bureau, Tablet, codes, noise};
use serde_json::Value;

const ROUNDS: u64 = 20;
const CHILD_DIR: &str = "FIELDSEAL_TEST_VAULT";
const CHILD_OFFICERS: &str = "FIELDSEAL_TEST_OFFICERS";

/// SplitMix64.
fn roll(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The child: works until it is killed, and says what was acknowledged.
#[test]
#[ignore = "started by the other test, to be killed"]
fn child_at_work() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let mut tablet = Tablet::open(Path::new(&dir));
    tablet.officers = std::env::var(CHILD_OFFICERS)
        .unwrap()
        .split(',')
        .map(str::to_owned)
        .collect();
    let mut out = std::io::stdout();
    let mut say = |line: String| {
        writeln!(out, "{line}").unwrap();
        out.flush().unwrap();
    };
    let mut seed = u64::from(std::process::id());
    // Some captures while locked, then the work of a patrol.
    for n in 0u64.. {
        if n % 3 == 1 {
            tablet.unlock();
            finish_what_was_left(&tablet);
        }
        let locked = tablet.ok(Request::State)["locked"] == true;
        let mut draft = if locked { None } else { Some(tablet.draft()) };
        for _ in 0..3 {
            let size = (roll(&mut seed) % 60_000) as usize;
            let captured = tablet.capture(draft.as_deref(), &noise(roll(&mut seed), size));
            say(format!(
                "stored {} {} {}",
                captured.capture_seq, captured.sha256, captured.draft
            ));
            draft = Some(captured.draft);
        }
        if !locked {
            let sealed = tablet.seal(&draft.unwrap());
            say(format!(
                "sealed {} {}",
                sealed["summary"]["id"].as_str().unwrap(),
                sealed["packetDigest"].as_str().unwrap()
            ));
        }
    }
}

/// A kill between the first signature and the seal leaves a closed draft: an officer would sign on, or reopen it.
fn finish_what_was_left(tablet: &Tablet) {
    for draft in tablet.ok(Request::Drafts).as_array().unwrap() {
        if draft["stage"] == "closed" {
            let id = draft["id"].as_str().unwrap().to_owned();
            tablet.ok(Request::Reopen { id: id.clone() });
            tablet.seal(&id);
        }
    }
}

/// What a child acknowledged before it was killed, `lines` lines and a moment after its start.
fn killed_child(tablet_dir: &Path, officers: &str, lines: u64, moment: Duration) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "child_at_work",
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD_DIR, tablet_dir)
        .env(CHILD_OFFICERS, officers)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = |line: &String| line.starts_with("stored ") || line.starts_with("sealed ");
    let mut said: Vec<String> = reader
        .by_ref()
        .map_while(Result::ok)
        .filter(told)
        .take(lines as usize)
        .collect();
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    // What it still managed to say was acknowledged as well; a line cut off in the middle was not.
    said.extend(
        reader
            .map_while(Result::ok)
            .filter(told)
            .filter(|line| line.split(' ').all(|word| !word.is_empty())),
    );
    said
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_doubled() {
    let seed = std::env::var("FIELDSEAL_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_261_123);
    eprintln!("seed {seed}");
    let mut state: u64 = seed;
    let mut bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    bureau.stop();
    let officers = tablet.officers.clone();
    let dir = tablet.dir.clone();
    drop(tablet);
    let (mut stored, mut sealed) = (BTreeMap::new(), BTreeMap::new());
    for round in 0..ROUNDS {
        let lines = 1 + roll(&mut state) % 12;
        let moment = Duration::from_micros(roll(&mut state) % 20_000);
        for line in killed_child(&dir, &officers.join(","), lines, moment) {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["stored", seq, sha256, draft] if sha256.len() == 64 => {
                    let before = stored.insert(
                        seq.parse::<u64>().unwrap(),
                        (sha256.to_string(), draft.to_string()),
                    );
                    assert_eq!(before, None, "round {round}: number {seq} was given twice");
                }
                ["sealed", id, digest] if digest.len() == 64 => {
                    sealed.insert(id.to_string(), digest.to_string());
                }
                // Cut off by the kill.
                _ => {}
            }
        }
        let mut tablet = Tablet::open(&dir);
        tablet.officers = officers.clone();
        tablet.unlock();
        let found = everything(&tablet);
        for (seq, (sha256, draft)) in &stored {
            let photo = found
                .get(seq)
                .unwrap_or_else(|| panic!("round {round}: photo {seq} is gone"));
            assert_eq!(
                (photo["sha256"].as_str(), photo["draft"].as_str()),
                (Some(sha256.as_str()), Some(draft.as_str()))
            );
        }
        // Without a gap: a number that was given to nobody would look like a photo that vanished.
        assert_eq!(
            found.keys().copied().collect::<Vec<_>>(),
            (1..=found.len() as u64).collect::<Vec<_>>()
        );
        for (id, digest) in &sealed {
            assert_eq!(
                tablet.ok(Request::Packet { id: id.clone() })["packetDigest"].as_str(),
                Some(digest.as_str())
            );
        }
    }
    eprintln!("{} photos, {} packets", stored.len(), sealed.len());
    assert!(
        stored.len() >= ROUNDS as usize && !sealed.is_empty(),
        "the children did some work"
    );
    // All of it reaches the server, once.
    bureau.start();
    let mut tablet = Tablet::open(&dir);
    tablet.officers = officers;
    tablet.unlock();
    let trust = bureau.trust();
    let packets = packets(&tablet);
    for (n, id) in packets.iter().enumerate() {
        tablet.wait_for(id, "safe");
        let packet = tablet.ok(Request::Recheck { id: id.clone() });
        assert_eq!(packet["rechecked"]["equal"], true);
        assert_eq!(
            packet["deviceSeq"].as_u64(),
            Some((packets.len() - n) as u64),
            "no gap in the device's sequence"
        );
        assert_eq!(
            codes(&tablet.verified(id, &trust), Level::Failed),
            Vec::<&str>::new()
        );
    }
    assert_eq!(bureau.admin().packets().unwrap().len(), packets.len());
}

/// Packet ids, newest first.
fn packets(tablet: &Tablet) -> Vec<String> {
    let mut ids = vec![];
    for page in 0.. {
        let view = tablet.ok(Request::Packets { page, filter: None });
        let here = view["packets"].as_array().unwrap();
        if here.is_empty() {
            break;
        }
        ids.extend(
            here.iter()
                .map(|packet| packet["id"].as_str().unwrap().to_owned()),
        );
    }
    ids
}

/// Every photo of drafts and packets by its number, with its draft; a number twice is a failure.
fn everything(tablet: &Tablet) -> BTreeMap<u64, Value> {
    let drafts = tablet.ok(Request::Drafts);
    let drafts = drafts
        .as_array()
        .unwrap()
        .iter()
        .map(|draft| draft["id"].as_str().unwrap().to_owned());
    let mut found = BTreeMap::new();
    let mut add = |id: &str, view: Value| {
        for photo in view["photos"].as_array().unwrap() {
            let mut photo = photo.clone();
            photo["draft"] = id.into();
            let seq = photo["captureSeq"].as_u64().unwrap();
            assert!(
                found.insert(seq, photo).is_none(),
                "photo {seq} is there twice"
            );
        }
    };
    drafts.for_each(|id| add(&id, tablet.ok(Request::Draft { id: id.clone() })));
    packets(tablet)
        .iter()
        .for_each(|id| add(id, tablet.ok(Request::Packet { id: id.clone() })));
    found
}
