//! A tablet's life from its enrolment to its end, and that of the one that takes over from it, with a real server.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use std::path::Path;
use std::sync::Arc;

use fieldseal_device::Engine;
use fieldseal_device::api::{CaptureArgs, Request};
use fieldseal_device::platform::Machine;
use fieldseal_server::admin::{DeviceRow, Ending};
use kit::{Bureau, HOUR, PIN, Tablet, eventually, jpeg};

/// Opened again, with a heartbeat five times a second.
fn beating(tablet: Tablet) -> Tablet {
    let Tablet {
        engine,
        dir,
        officers,
    } = tablet;
    drop(engine);
    let mut config = kit::config(&dir);
    config.heartbeat_ms = Some(200);
    let engine = Engine::open(config, Arc::new(Machine::new().unwrap())).unwrap();
    Tablet {
        engine,
        dir,
        officers,
    }
}

fn row(bureau: &Bureau, id: &str) -> DeviceRow {
    let rows = bureau.admin().devices().unwrap();
    rows.into_iter().find(|row| row.key.subject == id).unwrap()
}

fn id(tablet: &Tablet) -> String {
    let state = tablet.ok(Request::State);
    state["device"]["id"].as_str().unwrap().to_owned()
}

fn retire(tablet: &Tablet) -> Request {
    Request::Retire {
        officer: tablet.officers[0].clone(),
        pin: PIN.into(),
    }
}

fn wipe(tablet: &Tablet) -> Request {
    Request::Wipe {
        officer: tablet.officers[0].clone(),
        pin: PIN.into(),
    }
}

fn shoot(tablet: &Tablet) -> Result<(), String> {
    let args = CaptureArgs {
        source: "camera".into(),
        ..CaptureArgs::default()
    };
    let shot = tablet.engine.capture(args, &jpeg(9)[..]);
    shot.map(drop).map_err(|problem| problem.code)
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn heartbeats_go_on_while_locked_and_say_how_far_the_tablet_is() {
    let bureau = Bureau::open();
    let tablet = beating(bureau.tablet("t1"));
    tablet.unlock();
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    tablet.ok(Request::Lock);
    let id = id(&tablet);
    shoot(&tablet).unwrap();
    eventually("the photo taken while locked to be told", || {
        let contact = row(&bureau, &id).contact;
        contact.is_some_and(|contact| contact.capture_seq == 2 && contact.device_seq == 0)
    });
    tablet.unlock();
    let packet = tablet.seal(&draft)["summary"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    tablet.wait_for(&packet, "safe");
    eventually("the packet to be told", || {
        row(&bureau, &id).contact.unwrap().device_seq == 1
    });
    let row = row(&bureau, &id);
    assert_eq!((row.packets, row.captures), (1, 1));
    assert_eq!(row.captures_missing(), 1, "the other photo is in a draft");
    assert!(row.alarms.is_empty(), "{:?}", row.alarms);
    assert!(bureau.admin().fsck().unwrap().problems.is_empty());
}

#[test]
fn an_old_copy_of_a_tablet_gives_itself_away() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let copy = bureau.dir.path().join("copy");
    let tablet = {
        let Tablet {
            engine,
            dir,
            officers,
        } = tablet;
        drop(engine);
        copy_folder(&dir, &copy);
        beating(Tablet {
            engine: Tablet::open(&dir).engine,
            dir,
            officers,
        })
    };
    tablet.unlock();
    let id = id(&tablet);
    shoot(&tablet).unwrap();
    eventually("the photo to be told", || {
        row(&bureau, &id)
            .contact
            .is_some_and(|contact| contact.capture_seq == 1)
    });
    let officers = tablet.officers.clone();
    drop(tablet);
    let old = beating(Tablet {
        engine: Tablet::open(&copy).engine,
        dir: copy,
        officers,
    });
    old.unlock();
    let args = CaptureArgs {
        source: "camera".into(),
        ..CaptureArgs::default()
    };
    // Another photo under the number that is taken.
    old.engine.capture(args, &jpeg(77)[..]).unwrap();
    eventually("the alarm", || {
        row(&bureau, &id)
            .alarms
            .iter()
            .any(|alarm| alarm.code == "other-chain" && alarm.number == 1)
    });
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_tablet_retires_when_all_is_safe_refuses_photos_and_is_emptied() {
    let mut bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let (old, dir) = (id(&tablet), tablet.dir.clone());
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    let problem = tablet.call(retire(&tablet)).unwrap_err();
    assert_eq!(
        (problem.code.as_str(), problem.params["drafts"].as_str()),
        ("not-all-safe", "1")
    );
    bureau.stop();
    let packet = tablet.seal(&draft)["summary"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let left = tablet.ok(Request::Leaving);
    assert_eq!(
        (
            left["drafts"].as_u64(),
            left["unsafePackets"].as_u64(),
            left["ready"].as_bool()
        ),
        (Some(0), Some(1), Some(false))
    );
    assert_eq!(tablet.refused(retire(&tablet)), "not-all-safe");
    bureau.start();
    tablet.ok(Request::UploadNow { id: None });
    tablet.wait_for(&packet, "safe");
    assert_eq!(
        tablet.refused(wipe(&tablet)),
        "not-retired",
        "first retired, then emptied"
    );
    let wrong = Request::Retire {
        officer: tablet.officers[0].clone(),
        pin: "000000".into(),
    };
    assert_eq!(tablet.refused(wrong), "wrong-pin");
    let state = tablet.ok(retire(&tablet));
    assert!(state["retiredAt"].is_string());
    assert_eq!(row(&bureau, &old).key.status, "retired");
    assert!(row(&bureau, &old).alarms.is_empty());
    assert_eq!(shoot(&tablet), Err("retired".into()));
    assert_eq!(
        tablet.refused(Request::DraftOpen {
            kind: "billboard".into(),
            supplements: None
        }),
        "retired"
    );

    // It knows after a restart, before anybody unlocks it.
    let tablet = tablet.restart();
    assert_eq!(shoot(&tablet), Err("retired".into()));
    assert_eq!(tablet.refused(wipe(&tablet)), "locked");
    tablet.unlock();
    assert_eq!(
        tablet.state_of(&packet),
        "safe",
        "what it holds can still be looked at"
    );
    let state = tablet.ok(wipe(&tablet));
    assert_eq!(
        (
            state["enrolled"].as_bool(),
            state["device"].is_null(),
            state["retiredAt"].is_null()
        ),
        (Some(false), true, true)
    );
    let left = names(&dir);
    assert!(
        !left
            .iter()
            .any(|name| name.ends_with(".db") || name.starts_with("slots") || name == "wiping"),
        "{left:?}"
    );
    assert!(names(&dir.join("originals")).is_empty());

    // As new: enrolled again it is another device, which the register shows as the old one's successor.
    let admin = bureau.admin();
    let code = admin.replace(&old, Ending::Retired, HOUR).unwrap();
    let text = admin.enrol_text(&bureau.url(), &code);
    tablet.ok(Request::EnrolDevice { text });
    let person = admin.officer_code(&tablet.officers[0], HOUR).unwrap().code;
    tablet.ok(Request::EnrolOfficer {
        code: person,
        pin: PIN.into(),
    });
    let new = id(&tablet);
    assert_ne!(new, old);
    assert_eq!(
        row(&bureau, &old).replaced_by.as_deref(),
        Some(new.as_str())
    );
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(3));
    tablet.ok(Request::Party {
        id: draft.clone(),
        party: fieldseal_device::api::PartyInput {
            presence: "absent".into(),
            name: None,
            note: None,
        },
    });
    tablet.sign(&draft, 0);
    let sealed = tablet.ok(Request::Seal { id: draft })["summary"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    tablet.wait_for(&sealed, "safe");
    let packets = admin.packets().unwrap();
    assert_eq!(packets.len(), 2);
    assert!(
        packets.iter().all(|packet| packet.verdict != "failed"),
        "the old key's packet stays good beside the new one's"
    );
}

#[test]
fn a_tablet_retired_from_the_desk_hands_over_what_it_holds() {
    let mut bureau = Bureau::open();
    let tablet = beating(bureau.tablet("t1"));
    tablet.unlock();
    let id = id(&tablet);
    bureau.stop();
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    let open = tablet.draft();
    tablet.capture(Some(&open), &jpeg(2));
    let packet = tablet.seal(&draft)["summary"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    bureau.admin().retire(&id).unwrap();
    bureau.start();
    tablet.ok(Request::UploadNow { id: None });
    eventually("the tablet to hear of it", || {
        !tablet.ok(Request::State)["retiredAt"].is_null()
    });
    assert_eq!(shoot(&tablet), Err("retired".into()));
    tablet.wait_for(&packet, "safe");
    assert_eq!(
        tablet.refused(wipe(&tablet)),
        "not-all-safe",
        "a draft is still here"
    );
    // What was photographed before is evidence: it may be sealed and handed over.
    let last = tablet.seal(&open)["summary"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    tablet.wait_for(&last, "safe");
    let verdicts = bureau.admin().packets().unwrap();
    assert!(verdicts.iter().all(|packet| packet.verdict != "failed"));
    tablet.ok(wipe(&tablet));
}

#[test]
fn a_retirement_that_the_authority_did_not_sign_is_no_retirement() {
    let bureau = Bureau::open();
    let (tablet, other) = (bureau.tablet("t1"), bureau.tablet("t2"));
    other.ok(retire(&other));
    let read = |tablet: &Tablet| std::fs::read_to_string(tablet.dir.join("screen.json")).unwrap();
    // Another tablet's word, put into this one's file; and its own with another name in it.
    let word: serde_json::Value = serde_json::from_str(&read(&other)).unwrap();
    let (own, foreign) = (id(&tablet), id(&other));
    let forged = word["retired"].as_str().unwrap().replace(&foreign, &own);
    for note in [
        word["retired"].as_str().unwrap().to_owned(),
        forged,
        String::new(),
    ] {
        let mut file: serde_json::Value = serde_json::from_str(&read(&tablet)).unwrap();
        file["retired"] = note.into();
        std::fs::write(tablet.dir.join("screen.json"), file.to_string()).unwrap();
        let again = Tablet::open(&copied(&bureau, &tablet));
        assert!(again.ok(Request::State)["retiredAt"].is_null());
        shoot(&again).unwrap();
    }
}

/// A copy of the tablet's folder beside it, which can be opened while the tablet is.
fn copied(bureau: &Bureau, tablet: &Tablet) -> std::path::PathBuf {
    let count = names(bureau.dir.path()).len();
    let to = bureau.dir.path().join(format!("copy-{count}"));
    copy_folder(&tablet.dir, &to);
    to
}

#[test]
fn emptying_goes_on_after_a_stop() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let dir = tablet.dir.clone();
    tablet.ok(retire(&tablet));
    drop(tablet);
    // The mark is durable and the slots are gone, and then the power.
    std::fs::write(dir.join("wiping"), b"").unwrap();
    std::fs::remove_file(dir.join("slots.json")).unwrap();
    std::fs::write(dir.join("not-the-vaults"), b"kept").unwrap();
    let tablet = Tablet::open(&dir);
    let state = tablet.ok(Request::State);
    assert_eq!(
        (state["enrolled"].as_bool(), state["problem"].is_null()),
        (Some(false), true)
    );
    let left = names(&dir);
    assert!(
        left.contains(&"not-the-vaults".to_owned()),
        "only a vault's own files go"
    );
    assert!(
        !left
            .iter()
            .any(|name| name.contains(".db") || name == "wiping"),
        "{left:?}"
    );
    tablet.ok(Request::EnrolDevice {
        text: bureau.device_text(),
    });
}
