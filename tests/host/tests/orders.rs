//! The administrator orders a tablet to lock, or to empty itself: signed, numbered, carried out with the next heartbeat, and
//! never at the cost of evidence.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use fieldseal_device::api::{CaptureArgs, Request};
use fieldseal_packet::desk::What;
use fieldseal_server::admin::OrderRow;
use kit::{Bureau, PIN, Tablet, eventually, jpeg};

fn beating(tablet: Tablet) -> Tablet {
    tablet.restart_with(|config| config.heartbeat_ms = Some(100))
}

fn id(tablet: &Tablet) -> String {
    let state = tablet.ok(Request::State);
    state["device"]["id"].as_str().unwrap().to_owned()
}

fn order(bureau: &Bureau, id: &str) -> OrderRow {
    let rows = bureau.admin().devices().unwrap();
    rows.into_iter()
        .find(|row| row.key.subject == id)
        .unwrap()
        .order
        .unwrap()
}

fn shoot(tablet: &Tablet) -> Result<String, String> {
    let args = CaptureArgs {
        source: "camera".into(),
        ..CaptureArgs::default()
    };
    let shot = tablet.engine.capture(args, &jpeg(9)[..]);
    shot.map(|shot| shot.draft).map_err(|problem| problem.code)
}

fn is_locked(tablet: &Tablet) -> bool {
    tablet.ok(Request::State)["locked"] == true
}

#[test]
fn a_lock_locks_once_and_capturing_goes_on() {
    let bureau = Bureau::open();
    let tablet = beating(bureau.tablet("t1"));
    let id = id(&tablet);
    tablet.unlock();
    bureau.admin().order(&id, What::Lock).unwrap();
    eventually("the lock", || is_locked(&tablet));
    assert_eq!(tablet.ok(Request::State)["order"]["what"], "lock");
    assert_eq!(tablet.refused(Request::Drafts), "locked");
    shoot(&tablet).unwrap();
    eventually("the server to hear of it", || {
        order(&bureau, &id).done_at.is_some()
    });
    tablet.unlock();
    assert!(tablet.ok(Request::State)["order"].is_null());
    // The same order comes with each heartbeat; it locks no second time, nor after a restart.
    let beats = || {
        let rows = bureau.admin().devices().unwrap();
        rows[0].contact.as_ref().unwrap().beat_at
    };
    let before = beats();
    eventually("another heartbeat", || beats() > before);
    assert!(!is_locked(&tablet));
    let tablet = beating(tablet);
    tablet.unlock();
    let before = beats();
    eventually("a heartbeat after the restart", || beats() > before);
    assert!(!is_locked(&tablet));
    assert_eq!(tablet.ok(Request::Drafts).as_array().unwrap().len(), 1);
    // A second one does.
    bureau.admin().order(&id, What::Lock).unwrap();
    eventually("the second lock", || is_locked(&tablet));
}

#[test]
fn emptying_waits_until_everything_is_safe_and_works_while_locked() {
    let bureau = Bureau::open();
    let tablet = beating(bureau.tablet("t1"));
    let id = id(&tablet);
    tablet.unlock();
    let draft = shoot(&tablet).unwrap();
    bureau.admin().order(&id, What::Wipe).unwrap();
    eventually("the tablet to hear of it", || {
        tablet.ok(Request::State)["order"]["what"] == "wipe"
    });
    assert_eq!(shoot(&tablet).unwrap_err(), "retired");
    assert!(order(&bureau, &id).done_at.is_none());
    assert_eq!(tablet.ok(Request::Drafts).as_array().unwrap().len(), 1);
    // The draft is somebody's to seal: until then nothing goes, locked or not.
    tablet.ok(Request::Lock);
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert!(tablet.ok(Request::State)["enrolled"] == true);
    tablet.unlock();
    let packet = tablet.seal(&draft)["summary"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let _ = tablet.call(Request::Lock);
    eventually("the tablet to be empty", || {
        tablet.ok(Request::State)["enrolled"] == false
    });
    assert!(order(&bureau, &id).done_at.is_some());
    assert!(!tablet.dir.join("slots.json").exists());
    let stored = bureau.admin().packets().unwrap();
    assert!(
        stored
            .iter()
            .any(|row| row.id == packet && row.leaf_index.is_some())
    );
    assert!(bureau.admin().fsck().unwrap().problems.is_empty());
}

#[test]
fn nothing_goes_while_a_packet_is_not_safe() {
    let mut bureau = Bureau::open();
    let tablet = beating(bureau.tablet("t1"));
    let id = id(&tablet);
    tablet.unlock();
    let draft = shoot(&tablet).unwrap();
    bureau.stop();
    let packet = tablet.seal(&draft)["summary"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let pause = |pause| Request::UploadPause {
        id: packet.clone(),
        pause,
    };
    tablet.ok(pause(true));
    bureau.start();
    tablet.ok(Request::UploadNow { id: None });
    bureau.admin().order(&id, What::Wipe).unwrap();
    eventually("the tablet to hear of it", || {
        tablet.ok(Request::State)["order"]["what"] == "wipe"
    });
    std::thread::sleep(std::time::Duration::from_millis(400));
    let state = tablet.ok(Request::State);
    assert_eq!(
        (&state["enrolled"], &state["unsafePackets"]),
        (&true.into(), &1.into())
    );
    // Withdrawn: everything may be safe, and it stays.
    bureau.admin().order(&id, What::Nothing).unwrap();
    eventually("the withdrawal", || {
        tablet.ok(Request::State)["order"].is_null()
    });
    tablet.ok(pause(false));
    eventually("the packet to be safe", || {
        tablet.ok(Request::State)["unsafePackets"] == 0
    });
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert_eq!(tablet.ok(Request::State)["enrolled"], true);
}

#[test]
fn a_revoked_tablet_can_be_ordered_nothing() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let id = id(&tablet);
    let name = format!("test.example/log/device/{id}");
    bureau.admin().revoke(&name, "stolen").unwrap();
    assert!(bureau.admin().order(&id, What::Lock).is_err());
    assert!(bureau.admin().order("d-nobody", What::Wipe).is_err());
    tablet.ok(Request::Unlock {
        officer: tablet.officers[0].clone(),
        pin: PIN.into(),
    });
}
