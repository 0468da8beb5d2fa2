//! The moment of a tap, and recordings: piece by piece into the vault, sealed and verified like any item.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use std::time::Duration;

use fieldseal_device::api::{CaptureArgs, PieceArgs, RecordingArgs, RecordingView, Request};
use fieldseal_device::media_part;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::findings::Level;
use kit::{Bureau, Tablet, codes, eventually, noise};
use serde_json::Value;

fn film(size: usize) -> Vec<u8> {
    let mut bytes = noise(5, size);
    bytes[..4].copy_from_slice(&[0x1a, 0x45, 0xdf, 0xa3]);
    bytes
}

fn begin(tablet: &Tablet, draft: Option<&str>, source: &str) -> String {
    let args = RecordingArgs {
        draft: draft.map(str::to_owned),
        source: source.into(),
        ..RecordingArgs::default()
    };
    let view = tablet.ok(Request::RecordBegin { args });
    view["id"].as_str().unwrap().to_owned()
}

fn piece(tablet: &Tablet, id: &str, offset: usize, bytes: &[u8]) -> RecordingView {
    let args = PieceArgs {
        recording: id.into(),
        offset: offset as u64,
    };
    tablet.engine.record(&args, bytes).unwrap()
}

fn photos(tablet: &Tablet, draft: &str) -> Vec<Value> {
    let view = tablet.ok(Request::Draft { id: draft.into() });
    view["photos"].as_array().unwrap().clone()
}

fn drafts(tablet: &Tablet) -> Vec<String> {
    let drafts = tablet.ok(Request::Drafts);
    let ids = drafts.as_array().unwrap().iter();
    ids.map(|draft| draft["id"].as_str().unwrap().to_owned())
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the outermost layer: what the engine says is compared with the clock"
)]
fn now() -> String {
    let ms = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    fieldseal_packet::Timestamp::from_millis(ms as i64).to_string()
}

#[test]
fn a_photo_has_the_moment_of_its_tap_and_the_order_of_its_coming() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let draft = tablet.draft();
    let mark = |name: &str| {
        tablet.ok(Request::Shutter { mark: name.into() });
        let at = now();
        std::thread::sleep(Duration::from_millis(20));
        at
    };
    let shoot = |mark: Option<&str>, source: &str, seed| {
        let args = CaptureArgs {
            draft: Some(draft.clone()),
            source: source.into(),
            mark: mark.map(str::to_owned),
            ..CaptureArgs::default()
        };
        tablet.engine.capture(args, &noise(seed, 900)[..]).unwrap();
    };
    let before = now();
    let (first, second) = (mark("first"), mark("second"));
    shoot(Some("second"), "camera", 1);
    shoot(Some("first"), "camera", 2);
    shoot(Some("unknown"), "camera", 3);
    shoot(Some("first"), "file-input", 4);
    let at: Vec<String> = photos(&tablet, &draft)
        .iter()
        .map(|photo| photo["capturedAt"].as_str().unwrap().to_owned())
        .collect();
    assert!(at[0] > first && at[0] <= second, "of its own tap: {at:?}");
    assert!(at[1] >= before && at[1] <= first, "{at:?}");
    assert!(at[2] > second && at[3] > second, "of their coming: {at:?}");
    assert_eq!(
        tablet.refused(Request::Shutter {
            mark: "x".repeat(41)
        }),
        "bad-request"
    );
    let packet = tablet.seal(&draft);
    let report = tablet.verified(packet["summary"]["id"].as_str().unwrap(), &bureau.trust());
    assert_eq!(codes(&report, Level::Failed), [""; 0]);
    assert!(!codes(&report, Level::Info).contains(&"clock-jump"));
}

#[test]
fn a_video_goes_in_by_pieces_and_is_an_item_like_any_other() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &kit::jpeg(1));
    let (bytes, id) = (film(300_000), begin(&tablet, Some(&draft), "camera"));
    let mut at = 0;
    for part in bytes.chunks(70_001) {
        let view = piece(&tablet, &id, at, part);
        at += part.len();
        assert_eq!((view.stored_bytes as usize, view.stop), (at, None));
        // Its answer was lost: handed over again, it is not taken twice.
        assert_eq!(
            piece(&tablet, &id, at - part.len(), part).stored_bytes as usize,
            at
        );
    }
    let gap = PieceArgs {
        recording: id.clone(),
        offset: at as u64 + 1,
    };
    assert_eq!(
        tablet.engine.record(&gap, b"x").unwrap_err().code,
        "bad-request"
    );
    let wrong = Request::RecordFinish {
        id: id.clone(),
        ended: "cut-off".into(),
    };
    assert_eq!(tablet.refused(wrong), "bad-request");
    let done = tablet.ok(Request::RecordFinish {
        id: id.clone(),
        ended: "stopped".into(),
    });
    assert_eq!(done["count"], 2);
    let finish = Request::RecordFinish {
        id,
        ended: "stopped".into(),
    };
    assert_eq!(tablet.refused(finish), "not-found");
    let item = &photos(&tablet, &draft)[1];
    assert_eq!(item["sha256"], Sha256Digest::of(&bytes).to_string());
    assert_eq!(item["mediaType"], "video/webm");
    assert_eq!(item["recorded"]["ended"], "stopped");
    assert_eq!(item["recorded"]["soundOnly"], false);

    let part = media_part(&tablet.engine, 2, Some("bytes=100-299"));
    assert_eq!((part.status, &part.bytes[..]), (206, &bytes[100..300]));
    assert!(
        part.headers
            .contains(&("content-range", "bytes 100-299/300000".to_owned()))
    );
    assert_eq!(
        media_part(&tablet.engine, 2, Some("bytes=300000-")).status,
        416
    );
    assert_eq!(
        media_part(&tablet.engine, 1, None).status,
        404,
        "photos never come this way"
    );
    tablet.ok(Request::Lock);
    assert_eq!(
        media_part(&tablet.engine, 2, None).status,
        404,
        "nor anything while locked"
    );
    tablet.unlock();

    let packet = tablet.seal(&draft);
    let packet = packet["summary"]["id"].as_str().unwrap();
    tablet.wait_for(packet, "safe");
    let report = tablet.verified(packet, &bureau.trust());
    assert_eq!(codes(&report, Level::Failed), [""; 0]);
}

#[test]
fn one_that_nobody_finishes_is_kept_as_cut_off() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let draft = tablet.draft();
    let video = begin(&tablet, Some(&draft), "camera");
    let voice = begin(&tablet, Some(&draft), "microphone");
    let more = Request::RecordBegin {
        args: RecordingArgs {
            source: "camera".into(),
            ..RecordingArgs::default()
        },
    };
    assert_eq!(tablet.refused(more), "recording-open");
    let bytes = film(100_000);
    piece(&tablet, &video, 0, &bytes);
    piece(&tablet, &voice, 0, b"OggS and what follows");
    // The app is closed in good order.
    let tablet = tablet.restart();
    tablet.unlock();
    let items = photos(&tablet, &draft);
    let video = items
        .iter()
        .find(|item| item["mediaType"] == "video/webm")
        .unwrap();
    let voice = items
        .iter()
        .find(|item| item["mediaType"] == "audio/ogg")
        .unwrap();
    assert_eq!(video["sha256"], Sha256Digest::of(&bytes).to_string());
    for item in [video, voice] {
        assert_eq!(item["recorded"]["ended"], "cut-off");
    }
    assert_eq!(voice["recorded"]["soundOnly"], true);
}

#[test]
fn while_locked_a_recording_starts_a_packet() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    tablet.ok(Request::Lock);
    let id = begin(&tablet, None, "microphone");
    piece(&tablet, &id, 0, &film(5_000));
    let done = tablet.ok(Request::RecordFinish {
        id,
        ended: "stopped".into(),
    });
    let empty = begin(&tablet, None, "camera");
    let finish = Request::RecordFinish {
        id: empty,
        ended: "stopped".into(),
    };
    assert_eq!(tablet.refused(finish), "nothing-recorded");
    tablet.unlock();
    assert_eq!(drafts(&tablet), [done["draft"].as_str().unwrap()]);
    eventually("the recording to be there", || {
        photos(&tablet, done["draft"].as_str().unwrap()).len() == 1
    });
}
