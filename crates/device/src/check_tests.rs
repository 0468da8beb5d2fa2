use fieldseal_packet::Timestamp;
use serde_json::Value;

use super::{PHOTO_BYTES, STORAGE_LOW, act};
use crate::api::{FixInput, Request};
use crate::core::lock;
use crate::fake::Tablet;
use crate::prefs::Contact;
use crate::room::{ONE_PHOTO_BYTES, RESERVE_BYTES};

fn item(tablet: &Tablet, code: &str) -> Value {
    let checks = tablet.ok(Request::SelfCheck);
    let all = checks.as_array().unwrap();
    all.iter()
        .find(|check| check["code"] == code)
        .unwrap()
        .clone()
}

/// What it says, and the button under it.
fn found(tablet: &Tablet, code: &str) -> (String, Option<String>) {
    let check = item(tablet, code);
    assert_eq!(
        check["level"] == "look",
        !check["act"].is_null(),
        "a button for what is wrong, and for nothing else: {check}"
    );
    let word = |name: &str| check[name].as_str().map(str::to_owned);
    (word("sentence").unwrap(), word("act"))
}

fn says(tablet: &Tablet, code: &str, sentence: &str, act: Option<&str>) {
    assert_eq!(
        found(tablet, code),
        (sentence.to_owned(), act.map(str::to_owned)),
        "{code}"
    );
}

#[test]
fn battery_and_room_for_photos() {
    let tablet = Tablet::unlocked();
    says(&tablet, "battery", "unknown", None);
    says(&tablet, "storage", "unknown", None);
    tablet.say(|said| {
        said.battery = Some(0.31);
        said.free = Some(STORAGE_LOW);
    });
    says(&tablet, "battery", "ok", None);
    says(&tablet, "storage", "ok", None);
    tablet.say(|said| {
        said.battery = Some(0.29);
        said.free = Some(RESERVE_BYTES + ONE_PHOTO_BYTES + 7 * PHOTO_BYTES + 1);
    });
    says(&tablet, "battery", "low", Some("again"));
    says(&tablet, "storage", "low", Some("upload"));
    assert_eq!(item(&tablet, "storage")["params"]["photos"], "7");
    tablet.say(|said| said.free = Some(RESERVE_BYTES));
    says(&tablet, "storage", "full", Some("upload"));
    assert_eq!(item(&tablet, "storage")["params"]["photos"], "0");
}

#[test]
fn the_clock_against_the_last_word_of_the_server() {
    let tablet = Tablet::unlocked();
    let now = Timestamp::from_millis(1_795_000_000_000);
    tablet.say(|said| said.now = Some(now));
    says(&tablet, "clock", "never-compared", Some("connect"));
    let day = 24 * 3_600_000;
    for (offset_ms, age_ms, sentence) in [
        (59_999, 0, "ok"),
        (-59_999, 0, "ok"),
        (60_000, 0, "fast"),
        (-60_000, 0, "slow"),
        (0, 7 * day, "ok"),
        (0, 7 * day + 1, "old"),
    ] {
        lock(&tablet.engine.core.prefs).contact = Some(Contact {
            seen_at: Timestamp::from_millis(now.as_millis() - age_ms),
            offset_ms,
        });
        let act = (sentence != "ok").then_some("connect");
        says(&tablet, "clock", sentence, act);
    }
}

#[test]
fn the_place() {
    let tablet = Tablet::unlocked();
    says(&tablet, "location", "not-asked", Some("locate"));
    let none = |reason: &str| Request::NoPosition {
        reason: reason.to_owned(),
    };
    tablet.ok(none("timeout"));
    says(&tablet, "location", "none-yet", Some("locate"));
    tablet.ok(none("denied"));
    says(&tablet, "location", "denied", Some("locate"));
    tablet.ok(none("unavailable"));
    says(&tablet, "location", "unavailable", None);
    for (mock, sentence, act) in [(false, "ok", None), (true, "mock", Some("again"))] {
        tablet.ok(Request::Position {
            fix: FixInput {
                latitude: 31.24,
                longitude: 121.45,
                accuracy_m: 5.0,
                altitude_m: None,
                heading_deg: None,
                at_ms: 1_795_000_000_000.0,
                age_ms: None,
                mock: Some(mock),
                provider: None,
            },
        });
        says(&tablet, "location", sentence, act);
    }
}

#[test]
fn what_waits_and_what_is_stuck_point_to_the_uploads() {
    let tablet = Tablet::unlocked();
    says(&tablet, "unsent", "ok", None);
    for (packets, wedged, sentence) in [(3, 0, "some"), (3, 1, "wedged")] {
        {
            let mut prefs = lock(&tablet.engine.core.prefs);
            prefs.counts.unsafe_packets = packets;
            prefs.counts.wedged = wedged;
        }
        says(&tablet, "unsent", sentence, Some("upload"));
    }
}

#[test]
fn a_rebuilt_database_is_said_until_an_officer_has_read_what_came_back() {
    let tablet = Tablet::unlocked();
    says(&tablet, "vault", "ok", None);
    assert!(tablet.ok(Request::Rebuilt).is_null());
    lock(&tablet.engine.core.prefs).rebuilt_at = Some(Timestamp::from_millis(1_795_000_000_000));
    says(&tablet, "vault", "rebuilt", Some("rebuilt"));
    assert_eq!(tablet.ok(Request::Rebuilt)["drafts"], serde_json::json!([]));
    tablet.engine.core.vault().unwrap().lock();
    let refused = tablet.engine.call(Request::RebuiltRead).unwrap_err();
    assert_eq!(refused.code, "locked", "nobody has read it");
    tablet.unlock();
    tablet.engine.core.rebuilt_read().unwrap();
    says(&tablet, "vault", "ok", None);
    assert!(tablet.ok(Request::Rebuilt).is_null());
}

/// Those that a test without a server does not bring about.
#[test]
fn keys_checkpoint_and_forms_have_a_button_that_helps() {
    for (code, sentence, expected) in [
        ("keys", "one-officer", "officers"),
        ("keys", "not-all-enrolled", "officers"),
        ("keys", "missing", "tell"),
        ("keys", "locked", "again"),
        ("checkpoint", "old", "connect"),
        ("checkpoint", "none", "connect"),
        ("checkpoint", "contradicts", "tell"),
        ("checkpoint", "locked", "again"),
        ("map", "coming", "again"),
        ("forms", "refused", "tell"),
    ] {
        assert_eq!(act(code, sentence), expected, "{code} {sentence}");
    }
}
