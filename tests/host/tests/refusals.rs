//! What is refused, with which code, and that nothing is lost by it.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use fieldseal_device::api::{CaptureArgs, PartyInput, Request};
use kit::{Bureau, PIN, Tablet, eventually, jpeg};
use serde_json::json;

fn enrol_officer(tablet: &Tablet, code: &str, pin: &str) -> String {
    match tablet.call(Request::EnrolOfficer {
        code: code.into(),
        pin: pin.into(),
    }) {
        Ok(_) => "enrolled".into(),
        Err(problem) => problem.code,
    }
}

#[test]
fn a_wrong_pin_opens_and_signs_nothing_and_waits() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    let officer = tablet.officers[1].clone();
    let sign = |pin: &str| Request::Sign {
        id: draft.clone(),
        officer: officer.clone(),
        pin: pin.into(),
    };
    assert_eq!(tablet.refused(sign("000000")), "wrong-pin");
    let view = tablet.ok(Request::Draft { id: draft.clone() });
    assert_eq!(view["stage"], "open", "a wrong PIN closes nothing");
    for _ in 0..2 {
        assert_eq!(tablet.refused(sign("000000")), "wrong-pin");
    }
    let problem = tablet.call(sign(PIN)).unwrap_err();
    assert_eq!(problem.code, "pin-wait");
    assert!(problem.params["wait_s"].parse::<u32>().unwrap() > 0);
    // The wait outlives a restart, and is one officer's alone.
    let tablet = tablet.restart();
    assert_eq!(
        tablet.refused(Request::Unlock {
            officer,
            pin: PIN.into()
        }),
        "pin-wait"
    );
    tablet.unlock();
    assert_eq!(
        tablet.ok(Request::Draft { id: draft })["photos"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn codes_work_once_and_for_what_they_are() {
    let bureau = Bureau::open();
    let tablet = Tablet::open(&bureau.dir.path().join("t1"));
    let text = bureau.device_text();
    assert_eq!(
        tablet.refused(Request::EnrolLookup {
            text: "anything".into()
        }),
        "qr-not-recognised"
    );
    let other_trust = text.replace(&text[text.len() - 8..], "00000000");
    assert_eq!(
        tablet.refused(Request::EnrolDevice { text: other_trust }),
        "trust-mismatch"
    );
    let preview = tablet.ok(Request::EnrolLookup { text: text.clone() });
    assert_eq!(preview["kind"], "device");
    let state = tablet.ok(Request::EnrolDevice { text: text.clone() });
    assert_eq!(
        (
            state["enrolled"].as_bool(),
            state["device"]["id"].is_string()
        ),
        (Some(false), true)
    );
    assert_eq!(
        tablet.refused(Request::EnrolDevice { text: text.clone() }),
        "already-enrolled"
    );
    let second = Tablet::open(&bureau.dir.path().join("t2"));
    assert_eq!(
        second.refused(Request::EnrolDevice { text }),
        "code-invalid"
    );

    // Between the tablet's enrolment and its first officer it may be restarted.
    let tablet = tablet.restart();
    let code = bureau.officer_code("甲");
    assert_eq!(enrol_officer(&tablet, &code, "12345"), "pin-too-short");
    assert_eq!(enrol_officer(&tablet, &code, PIN), "enrolled");
    assert_eq!(enrol_officer(&tablet, &code, PIN), "code-invalid");
    assert_eq!(enrol_officer(&tablet, "NO-SUCH-CODE", PIN), "code-invalid");
}

#[test]
fn drafts_refuse_what_does_not_fit() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let draft = tablet.draft();
    let describe = |facts: serde_json::Value| Request::Describe {
        id: draft.clone(),
        facts: facts.as_object().unwrap().clone(),
    };
    assert_eq!(
        tablet.refused(describe(json!({"stage": "gone"}))),
        "fact-not-allowed"
    );
    assert_eq!(
        tablet.refused(describe(json!({"storeys": -1}))),
        "fact-not-allowed"
    );
    let view = tablet.ok(describe(
        json!({"stage": "removed", "address": "某路 1 号"}),
    ));
    assert_eq!(view["facts"]["stage"], "removed");
    assert!(
        view["missingShots"]
            .as_array()
            .unwrap()
            .iter()
            .any(|shot| shot == "same-view-after")
    );
    let party = PartyInput {
        presence: "asleep".into(),
        name: None,
        note: None,
    };
    assert_eq!(
        tablet.refused(Request::Party {
            id: draft.clone(),
            party
        }),
        "fact-not-allowed"
    );
    let officer = tablet.officers[0].clone();
    let sign = Request::Sign {
        id: draft.clone(),
        officer: officer.clone(),
        pin: PIN.into(),
    };
    assert_eq!(tablet.refused(sign), "no-photos");
    let photo = tablet.capture(Some(&draft), &jpeg(1));
    let void = |reason: &str| Request::Void {
        id: draft.clone(),
        capture_seq: photo.capture_seq.into(),
        reason: reason.into(),
    };
    assert_eq!(tablet.refused(void("  ")), "reason-missing");
    assert_eq!(tablet.ok(void("模糊"))["photos"][0]["voided"], "模糊");
    assert_eq!(tablet.refused(void("again")), "already-voided");
    assert_eq!(
        tablet.refused(Request::Seal { id: draft.clone() }),
        "draft-not-closed"
    );
    assert_eq!(
        tablet.refused(Request::Reopen { id: draft.clone() }),
        "draft-not-closed"
    );
    tablet.sign(&draft, 0);
    let again = Request::Sign {
        id: draft.clone(),
        officer,
        pin: PIN.into(),
    };
    assert_eq!(tablet.refused(again), "already-signed");
    assert_eq!(
        tablet.refused(describe(json!({"stage": "confirmed"}))),
        "draft-closed"
    );

    let other = tablet.draft();
    tablet.capture(Some(&other), &jpeg(2));
    let sign = Request::Sign {
        id: other,
        officer: tablet.officers[0].clone(),
        pin: PIN.into(),
    };
    let problem = tablet.call(sign).unwrap_err();
    assert_eq!(
        (problem.code.as_str(), &problem.params["draft"]),
        ("another-draft-closing", &draft)
    );
    assert_eq!(tablet.refused(Request::Packet { id: draft }), "not-found");
}

#[test]
fn an_impostor_with_other_keys_makes_nothing_safe() {
    let mut bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    bureau.stop();
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    tablet.seal(&draft);
    // Another server at the same address: it does not know this tablet.
    let real = std::mem::replace(
        &mut bureau.config,
        fieldseal_server::Config::new(bureau.dir.path().join("impostor")),
    );
    let init = fieldseal_server::admin::Init {
        origin: Some("test.example/log".into()),
    };
    fieldseal_server::admin::init(&bureau.config, &init).unwrap();
    bureau.start();
    tablet.wait_for(&draft, "wedged");
    assert_eq!(
        tablet.ok(Request::Uploads)["unsafePackets"][0]["cause"],
        "key-unknown"
    );
    // Its checkpoint is not believed either: the newest one seen stays what it was.
    let checks = tablet.ok(Request::SelfCheck);
    let unsent = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["code"] == "unsent")
        .unwrap();
    assert_eq!(unsent["sentence"], "wedged");
    bureau.stop();
    bureau.config = real;
    bureau.start();
    tablet.ok(Request::UploadNow { id: None });
    tablet.wait_for(&draft, "safe");
}

#[test]
fn held_uploads_wait_until_they_are_let_go() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    tablet.ok(Request::UploadHold { hold: true });
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    tablet.seal(&draft);
    let tablet = tablet.restart();
    tablet.unlock();
    eventually("the server to be asked", || {
        tablet.ok(Request::State)["online"] == true
    });
    assert_eq!(tablet.ok(Request::Uploads)["held"], true);
    assert_eq!(bureau.admin().packets().unwrap().len(), 0);
    tablet.ok(Request::UploadHold { hold: false });
    tablet.wait_for(&draft, "safe");
}

#[test]
fn a_vault_that_cannot_be_read_is_said_and_kept() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    let dir = tablet.dir.clone();
    drop(tablet);
    for name in ["slots.json", "slots.copy.json"] {
        std::fs::write(dir.join(name), b"not what it was").unwrap();
    }
    let tablet = Tablet::open(&dir);
    let state = tablet.ok(Request::State);
    assert_eq!(state["problem"]["code"], "vault-damaged", "{state}");
    // Without the slots nobody could ever open a new photo, so none is called stored.
    let args = CaptureArgs {
        source: "camera".into(),
        ..CaptureArgs::default()
    };
    let refused = tablet.engine.capture(args, &jpeg(2)[..]).unwrap_err();
    assert_eq!(refused.code, "vault-damaged");
    drop(tablet);
    assert!(dir.join("vault.db").exists());
}

#[test]
fn a_damaged_database_costs_no_photo_and_no_packet() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    tablet.ok(Request::UploadHold { hold: true });
    let sealed = tablet.draft();
    tablet.capture(Some(&sealed), &jpeg(1));
    let digest = tablet.seal(&sealed)["packetDigest"].clone();
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(2));
    let (dir, officers) = (tablet.dir.clone(), tablet.officers.clone());
    drop(tablet);
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(dir.join(format!("vault.db{suffix}")));
    }
    std::fs::write(dir.join("vault.db"), b"this is no database any more").unwrap();

    let mut tablet = Tablet::open(&dir);
    tablet.officers = officers;
    tablet.unlock();
    let checks = tablet.ok(Request::SelfCheck);
    let check = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["code"] == "vault");
    assert_eq!(check.unwrap()["sentence"], "rebuilt");
    // The officer reads what came back, and is told no more.
    let back = tablet.ok(Request::Rebuilt);
    assert_eq!(back["packets"], 1);
    let drafts = back["drafts"].as_array().unwrap();
    assert_eq!(drafts.len(), 1);
    assert_eq!(
        (&drafts[0]["id"], &drafts[0]["photos"]),
        (&draft.clone().into(), &1.into())
    );
    tablet.ok(Request::RebuiltRead);
    assert!(tablet.ok(Request::Rebuilt).is_null());
    assert!(
        std::fs::read_dir(dir.join("set-aside")).unwrap().count() > 0,
        "kept, not deleted"
    );
    assert_eq!(tablet.ok(Request::State)["officers"][0]["name"], "甲");
    let packet = tablet.ok(Request::Packet { id: sealed.clone() });
    assert_eq!(packet["packetDigest"], digest);
    // The draft's photo is there again, and can be sealed by the same two officers.
    assert_eq!(
        tablet.ok(Request::Draft { id: draft.clone() })["photos"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let next = tablet.seal(&draft);
    assert_eq!(next["deviceSeq"], 2);
    tablet.ok(Request::UploadHold { hold: false });
    tablet.wait_for(&sealed, "safe");
    tablet.wait_for(&draft, "safe");
    let failed = kit::codes(
        &tablet.verified(&draft, &bureau.trust()),
        fieldseal_packet::findings::Level::Failed,
    );
    assert_eq!(failed, Vec::<&str>::new());
}
