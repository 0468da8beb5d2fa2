use crate::ImageKind;
use crate::api::{CaptureArgs, FixInput, Request};
use crate::fake::{MINUTE, Tablet};

fn choose(tablet: &Tablet, minutes: u32) -> Result<serde_json::Value, String> {
    let request = Request::Settings {
        language: None,
        theme: None,
        auto_lock_min: Some(minutes),
    };
    tablet.engine.call(request).map_err(|problem| problem.code)
}

fn fix() -> Request {
    Request::Position {
        fix: FixInput {
            latitude: 31.24,
            longitude: 121.45,
            accuracy_m: 5.0,
            altitude_m: None,
            heading_deg: None,
            at_ms: 1_795_000_000_000.0,
            age_ms: None,
            mock: None,
            provider: None,
        },
    }
}

#[test]
fn what_screens_repeat_keeps_no_tablet_open_and_a_touch_does() {
    let tablet = Tablet::unlocked();
    for _ in 0..9 {
        tablet.pass(MINUTE);
        for request in [fix(), Request::Drafts, Request::Uploads, Request::State] {
            let _ = tablet.engine.call(request);
        }
    }
    assert!(!tablet.is_locked());
    tablet.engine.call(Request::Used).unwrap();
    tablet.pass(9 * MINUTE);
    assert!(!tablet.is_locked(), "a touch counts");
    tablet.engine.call(fix()).unwrap();
    tablet.pass(MINUTE);
    assert!(tablet.is_locked(), "a position does not");
}

#[test]
fn after_a_sleep_the_first_request_finds_it_locked_and_capturing_goes_on() {
    let tablet = Tablet::unlocked();
    tablet.engine.call(Request::Drafts).unwrap();
    tablet.pass(8 * 60 * MINUTE);
    let refused = tablet.engine.call(Request::Drafts).unwrap_err();
    assert_eq!(refused.code, "locked");
    let args = CaptureArgs {
        source: "camera".to_owned(),
        ..CaptureArgs::default()
    };
    let shot = tablet.engine.capture(args, &b"a photo"[..]).unwrap();
    assert_eq!(shot.count, 1);
    let seen = tablet
        .engine
        .image(ImageKind::Thumb, shot.capture_seq.into());
    assert_eq!(seen.unwrap_err().code, "locked", "looking waits for a PIN");
}

#[test]
fn a_sleeping_tablet_shows_no_picture_either() {
    let tablet = Tablet::unlocked();
    tablet.pass(10 * MINUTE);
    let seen = tablet.engine.image(ImageKind::Preview, 1);
    assert_eq!(seen.unwrap_err().code, "locked");
}

#[test]
fn the_time_is_chosen_by_whoever_unlocked_it() {
    let tablet = Tablet::unlocked();
    for wrong in [0, 31] {
        assert_eq!(choose(&tablet, wrong).unwrap_err(), "bad-request");
    }
    assert_eq!(choose(&tablet, 30).unwrap()["autoLockMin"], 30);
    tablet.pass(29 * MINUTE);
    assert!(!tablet.is_locked());
    assert_eq!(choose(&tablet, 1).unwrap()["autoLockMin"], 1);
    tablet.pass(MINUTE);
    assert!(tablet.is_locked());
    assert_eq!(choose(&tablet, 30).unwrap_err(), "locked");
}
