//! The whole line in process: tablet and server, from the shutter to the decision.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use fieldseal_device::ImageKind;
use fieldseal_device::api::{CaptureArgs, Request};
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::findings::Level;
use kit::{Bureau, PIN, Tablet, codes, eventually, jpeg, noise};
use serde_json::Value;

#[test]
fn odd_files_are_evidence_all_the_same() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let draft = tablet.draft();
    let whole = jpeg(1);
    let files: [(&[u8], Option<&str>); 5] = [
        (&whole, None),
        (&whole[..whole.len() / 3], Some("not-decodable")),
        (b"", Some("empty")),
        (&noise(7, 5000), Some("unsupported-format")),
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic and then some",
            Some("unsupported-format"),
        ),
    ];
    for (bytes, _) in files {
        let captured = tablet.capture(Some(&draft), bytes);
        assert_eq!(captured.sha256, Sha256Digest::of(bytes).to_string());
    }
    let photos = tablet.previews_done(&draft);
    for ((_, problem), photo) in files.iter().zip(&photos) {
        assert_eq!(photo["previewProblem"].as_str(), *problem);
        let seq = photo["captureSeq"].as_u64().unwrap();
        assert_eq!(
            tablet.engine.image(ImageKind::Thumb, seq).is_ok(),
            problem.is_none()
        );
    }
    let sealed = tablet.seal(&draft);
    tablet.wait_for(&draft, "safe");
    let report = tablet.verified(&draft, &bureau.trust());
    assert_eq!(codes(&report, Level::Failed), Vec::<&str>::new());
    let rechecked = tablet.ok(Request::Recheck { id: draft.clone() });
    assert_eq!(rechecked["rechecked"]["equal"], true);
    assert_eq!(rechecked["photos"].as_array().unwrap().len(), 5);
    let stored = bureau.admin().packets().unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(
        stored[0].packet_digest,
        sealed["packetDigest"].as_str().unwrap()
    );
    assert_ne!(stored[0].verdict, "failed");
}

#[test]
fn offline_everything_works_and_the_rest_follows() {
    let mut bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    bureau.stop();
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    tablet.seal(&draft);
    eventually("the tablet to notice", || {
        tablet.ok(Request::State)["online"] == false
    });
    let state = tablet.ok(Request::State);
    assert_eq!(
        (
            state["unsafePackets"].as_u64(),
            state["unsafePhotos"].as_u64()
        ),
        (Some(1), Some(1))
    );
    // Neither a restart nor the lock keeps it from becoming safe later: the first unlock opens the outbox.
    let tablet = tablet.restart();
    let locked = tablet.ok(Request::State);
    assert_eq!(
        (locked["locked"].as_bool(), locked["unsafePackets"].as_u64()),
        (Some(true), Some(1))
    );
    tablet.unlock();
    tablet.ok(Request::Lock);
    bureau.start();
    eventually("the packet to be safe", || {
        tablet.ok(Request::State)["unsafePackets"] == 0
    });
    let state = tablet.ok(Request::State);
    assert_eq!(state["online"], true);
    assert!(state["contactAgeS"].is_number(), "{state}");
    let uploads = tablet.ok(Request::Uploads);
    assert_eq!(uploads["safeTotal"], 1);
    assert!(
        uploads["safeRecent"][0]["title"].is_null(),
        "no address while locked"
    );
}

#[test]
fn an_upload_cut_in_the_middle_goes_on_where_it_was() {
    let mut bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &noise(3, 24 << 20));
    tablet.seal(&draft);
    let sent =
        |tablet: &Tablet| tablet.ok(Request::Uploads)["unsafePackets"][0]["sentBytes"].as_f64();
    eventually("the upload to have begun", || {
        sent(&tablet).is_none_or(|bytes| bytes > 0.0)
    });
    bureau.stop();
    let before = sent(&tablet).expect("the server went away before the upload's end");
    assert!(before > 0.0 && before < (24 << 20) as f64);
    let tablet = tablet.restart();
    tablet.unlock();
    assert!(
        sent(&tablet).is_some_and(|bytes| bytes > 0.0),
        "what was sent is remembered"
    );
    bureau.start();
    tablet.wait_for(&draft, "safe");
    assert_eq!(bureau.admin().packets().unwrap().len(), 1);
}

#[test]
fn two_tablets_at_once() {
    let bureau = Bureau::open();
    let tablets = [bureau.tablet("t1"), bureau.tablet("t2")];
    let packets: Vec<Vec<String>> = std::thread::scope(|scope| {
        let runs = tablets.each_ref().map(|tablet| {
            scope.spawn(move || {
                let seal = |n: u8| {
                    let draft = tablet.draft();
                    (0..3).for_each(|photo| {
                        tablet.capture(Some(&draft), &jpeg(n * 10 + photo));
                    });
                    tablet.seal(&draft);
                    draft
                };
                (0..4).map(seal).collect::<Vec<_>>()
            })
        });
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for (tablet, packets) in tablets.iter().zip(&packets) {
        packets
            .iter()
            .for_each(|packet| tablet.wait_for(packet, "safe"));
        let last = tablet.ok(Request::Packet {
            id: packets[3].clone(),
        });
        assert_eq!(last["deviceSeq"], 4);
    }
    for tablet in &tablets {
        let checks = tablet.ok(Request::SelfCheck);
        let check = checks
            .as_array()
            .unwrap()
            .iter()
            .find(|check| check["code"] == "checkpoint");
        assert_eq!(
            check.unwrap()["sentence"],
            "ok",
            "an older checkpoint in a proof contradicts nothing"
        );
    }
    let stored = bureau.admin().packets().unwrap();
    assert_eq!(stored.len(), 8);
    assert!(
        stored
            .iter()
            .all(|packet| packet.verdict != "failed" && packet.leaf_index.is_some())
    );
}

#[test]
fn a_returned_packet_is_a_task_and_its_supplement_names_it() {
    let bureau = Bureau::open_with(|config| config.return_days = Some(3));
    let tablet = bureau.tablet("t1");
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    let sealed = tablet.seal(&draft);
    tablet.wait_for(&draft, "safe");
    bureau.decide(&draft, "returned", "缺门牌照片");
    tablet.wait_for(&draft, "returned");
    let tasks = tablet.ok(Request::Tasks);
    assert_eq!(tasks[0]["reason"], "缺门牌照片");
    assert_eq!(tasks[0]["reviewer"], "法制员");
    assert!(tasks[0]["answerBy"].is_string(), "{tasks}");
    assert_eq!(tablet.ok(Request::State)["tasks"], 1);

    let kind = "illegal-structure".to_owned();
    // One that was begun and given up answers nothing.
    let begun = tablet.ok(Request::DraftOpen {
        kind: kind.clone(),
        supplements: Some(draft.clone()),
    });
    tablet.ok(Request::GiveUp {
        id: begun["id"].as_str().unwrap().to_owned(),
        reason: "拍错地方".to_owned(),
        officer: tablet.officers[0].clone(),
        pin: PIN.to_owned(),
    });
    let tasks = tablet.ok(Request::Tasks);
    assert_eq!(tasks[0]["supplement"], Value::Null);
    assert_eq!(tablet.ok(Request::State)["tasks"], 1);
    let opened = tablet.ok(Request::DraftOpen {
        kind,
        supplements: Some(draft.clone()),
    });
    let supplement = opened["id"].as_str().unwrap().to_owned();
    tablet.capture(Some(&supplement), &jpeg(2));
    let task = &tablet.ok(Request::Tasks)[0];
    assert_eq!(task["supplement"].as_str(), Some(supplement.as_str()));
    assert_eq!(task["supplementState"], "open");
    tablet.seal(&supplement);
    assert_eq!(tablet.ok(Request::State)["tasks"], 0);
    tablet.wait_for(&supplement, "safe");
    let mut zip = Vec::new();
    tablet.engine.export_zip(&supplement, &mut zip).unwrap();
    // Stored, not compressed: the record stands in it as it is.
    let digest = sealed["packetDigest"].as_str().unwrap();
    for text in [draft.as_str(), digest] {
        assert!(
            zip.windows(text.len())
                .any(|window| window == text.as_bytes()),
            "{text}"
        );
    }
    // The console shows each beside the other.
    let related = |id: &str| {
        let path = format!("/api/v1/review/packets/{id}");
        let (status, detail) = bureau.reviewer().bytes(&path);
        assert_eq!(status, 200);
        let detail: Value = serde_json::from_slice(&detail).unwrap();
        detail["related"].as_array().unwrap().clone()
    };
    let [completed] = &related(&supplement)[..] else {
        panic!("one is completed");
    };
    assert_eq!(completed["relation"], "completes");
    assert_eq!(completed["same_seal"], true);
    assert_eq!(completed["reason"], "缺门牌照片");
    let of_first = related(&draft);
    let (given_up, completing) = (&of_first[0], &of_first[of_first.len() - 1]);
    assert_eq!(completing["relation"], "completed-by", "{given_up}");
    assert_eq!(completing["packet"]["id"], supplement.as_str());
    bureau.decide(&supplement, "accepted", "");
    tablet.wait_for(&supplement, "accepted");
}

#[test]
fn captures_while_locked_and_from_a_cold_start() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1").restart();
    let first = tablet.capture(None, &jpeg(1));
    let second = tablet.capture(Some(&first.draft), &jpeg(2));
    assert_eq!((first.capture_seq, second.capture_seq), (1, 2));
    assert_eq!(
        (second.draft.as_str(), second.count),
        (first.draft.as_str(), 2)
    );
    assert!(
        tablet.engine.image(ImageKind::Thumb, 1).is_err(),
        "looking needs a PIN"
    );
    assert_eq!(
        tablet.refused(Request::Draft {
            id: first.draft.clone()
        }),
        "locked"
    );
    // The app is closed before anybody unlocks.
    let tablet = tablet.restart();
    assert_eq!(tablet.ok(Request::State)["recoveredPhotos"], 2);
    let read = tablet.ok(Request::RecoveredRead);
    assert!(read["recoveredPhotos"].is_null(), "told once");
    tablet.unlock();
    let draft = tablet.ok(Request::Draft {
        id: first.draft.clone(),
    });
    assert_eq!(draft["photos"].as_array().unwrap().len(), 2);
    let sealed = tablet.seal(&first.draft);
    let events: Vec<&str> = sealed["custody"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(events[..4], ["opened", "captured", "captured", "recovered"]);
    tablet.wait_for(&first.draft, "safe");
    assert_eq!(
        codes(
            &tablet.verified(&first.draft, &bureau.trust()),
            Level::Failed
        ),
        Vec::<&str>::new()
    );
}

#[test]
fn an_open_draft_goes_on_while_locked() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    tablet.ok(Request::Lock);
    assert_eq!(tablet.capture(Some(&draft), &jpeg(2)).draft, draft);
    tablet.unlock();
    let view = tablet.ok(Request::Draft { id: draft });
    assert_eq!(view["photos"].as_array().unwrap().len(), 2);
}

#[test]
fn a_photo_after_a_signature_voids_it() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    tablet.sign(&draft, 0);
    let args = CaptureArgs {
        draft: Some(draft.clone()),
        source: "camera".into(),
        ..CaptureArgs::default()
    };
    assert_eq!(
        tablet.engine.capture(args, &jpeg(2)[..]).unwrap().draft,
        draft
    );
    let view = tablet.ok(Request::Draft { id: draft.clone() });
    assert_eq!(
        (
            view["stage"].as_str(),
            view["signatures"].as_array().unwrap().len()
        ),
        (Some("open"), 0)
    );
    tablet.seal(&draft);
    assert_eq!(
        codes(&tablet.verified(&draft, &bureau.trust()), Level::Failed),
        Vec::<&str>::new()
    );
}

#[test]
fn a_draft_given_up_is_a_packet_with_its_photos() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let give_up = |draft: &str| {
        tablet.ok(Request::GiveUp {
            id: draft.into(),
            reason: "重复".into(),
            officer: tablet.officers[0].clone(),
            pin: PIN.into(),
        })
    };
    let open = tablet.draft();
    tablet.capture(Some(&open), &jpeg(1));
    let given_up = give_up(&open);
    assert_eq!(given_up["summary"]["photos"], 1);
    assert_eq!(given_up["summary"]["kind"], "void");
    let signed = tablet.draft();
    tablet.capture(Some(&signed), &jpeg(2));
    tablet.sign(&signed, 1);
    assert_eq!(give_up(&signed)["summary"]["photos"], 1);
    // Nothing was taken: the number is used up all the same, so that no gap needs an explanation.
    let empty = tablet.draft();
    assert_eq!(give_up(&empty)["deviceSeq"], 3);
    for draft in [open, signed, empty] {
        tablet.wait_for(&draft, "safe");
        let report = tablet.verified(&draft, &bureau.trust());
        assert_eq!(codes(&report, Level::Failed), Vec::<&str>::new());
    }
}

#[test]
fn screens_ask_all_at_once() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let done = std::sync::atomic::AtomicBool::new(false);
    let asking = |request: fn() -> Request| {
        while !done.load(std::sync::atomic::Ordering::SeqCst) {
            tablet.ok(request());
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| asking(|| Request::State));
        scope.spawn(|| asking(|| Request::Uploads));
        scope.spawn(|| asking(|| Request::Tasks));
        scope.spawn(|| {
            asking(|| Request::Packets {
                page: 0,
                filter: None,
            })
        });
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for n in 0..6 {
                let draft = tablet.draft();
                tablet.capture(Some(&draft), &jpeg(n));
                tablet.seal(&draft);
                tablet.wait_for(&draft, "safe");
            }
        }));
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        worked.unwrap();
    });
    assert_eq!(tablet.ok(Request::State)["unsafePackets"], 0);
}
