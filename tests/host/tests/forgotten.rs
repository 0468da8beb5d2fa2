//! A forgotten PIN, with a real server: the tablet asks, the administrator answers where the recovery key is, and the officer is
//! in under the PIN that was chosen before. Nothing of it helps anybody else.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use fieldseal_device::api::Request;
use fieldseal_packet::desk::{self, PinRequest};
use fieldseal_vault::{RecoveryAsk, Secret, answer_recovery};
use kit::{Bureau, HOUR, PIN, Tablet, jpeg};
use serde_json::Value;

const NEW: &str = "975310";

fn ask(tablet: &Tablet, officer: usize) -> Value {
    tablet.ok(Request::PinAsk {
        officer: tablet.officers[officer].clone(),
        pin: NEW.into(),
    })
}

fn answer(text: &str, pin: &str) -> Request {
    Request::PinAnswer {
        text: text.into(),
        pin: pin.into(),
    }
}

/// The key that `admin init` wrote.
fn recovery_key(bureau: &Bureau) -> Secret {
    let text = std::fs::read_to_string(&bureau.config.recovery_out).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("fieldseal-recovery-key/v1 "))
        .unwrap();
    Secret::new(desk::bytes(line.trim()).unwrap())
}

/// What `fieldseal admin recover-pin` does.
fn answered(bureau: &Bureau, key: &Secret, text: &str) -> Result<String, String> {
    let request = PinRequest::parse(text).unwrap();
    let ask = RecoveryAsk {
        vault: hex::decode(&request.vault).unwrap().try_into().unwrap(),
        to: desk::bytes(&request.to).unwrap(),
        root: desk::bytes::<{ desk::SEALED }>(&request.root)
            .unwrap()
            .to_vec(),
    };
    let random = |bytes: &mut [u8]| {
        bytes.fill(3);
        Ok(())
    };
    let root = answer_recovery(key, &ask, text, &random).map_err(|error| error.to_string())?;
    let note = bureau
        .admin()
        .answer_pin_request(&request, &root)
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8(note).unwrap())
}

#[test]
fn the_officer_comes_in_under_the_new_pin_and_the_evidence_is_there() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    tablet.unlock();
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    let tablet = tablet.restart();
    assert!(tablet.ok(Request::PinAsked).is_null());
    let asked = ask(&tablet, 0);
    let text = asked["text"].as_str().unwrap();
    assert_eq!(asked["compare"].as_str().unwrap(), desk::compare(text));
    let note = answered(&bureau, &recovery_key(&bureau), text).unwrap();

    // Closed and opened in between; a photo is taken meanwhile.
    let tablet = tablet.restart();
    assert_eq!(tablet.ok(Request::PinAsked)["text"].as_str(), Some(text));
    tablet.capture(None, &jpeg(2));
    assert_eq!(tablet.refused(answer(&note, PIN)), "wrong-pin");
    let pasted = format!("  {}\n\n", note.trim());
    let state = tablet.ok(answer(&pasted, NEW));
    assert_eq!(state["locked"], false);
    assert_eq!(state["unlockedBy"].as_str(), Some(&*tablet.officers[0]));
    let reset = &state["officers"][0];
    assert!(reset["pinResetAt"].is_string(), "{reset}");
    assert_eq!(reset["enrolled"], false, "a new signing key");
    assert_eq!(
        tablet.ok(Request::Draft { id: draft.clone() })["photos"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(tablet.ok(Request::PinAsked).is_null(), "asked no longer");
    assert_eq!(tablet.refused(answer(&note, NEW)), "no-pin-request");

    tablet.ok(Request::Lock);
    let unlock = |pin: &str| Request::Unlock {
        officer: tablet.officers[0].clone(),
        pin: pin.into(),
    };
    assert_eq!(tablet.refused(unlock(PIN)), "wrong-pin");
    tablet.ok(unlock(NEW));
    // Enrolled anew, the officer signs again; the packet verifies.
    let code = bureau
        .admin()
        .officer_code(&tablet.officers[0], HOUR)
        .unwrap()
        .code;
    tablet.ok(Request::EnrolOfficer {
        code,
        pin: NEW.into(),
    });
    let sign = |officer: usize, pin: &str| Request::Sign {
        id: draft.clone(),
        officer: tablet.officers[officer].clone(),
        pin: pin.into(),
    };
    tablet.ok(sign(0, NEW));
    tablet.ok(sign(1, PIN));
    let packet = tablet.ok(Request::Seal { id: draft.clone() })["summary"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    tablet.wait_for(&packet, "safe");
    let report = tablet.verified(&packet, &bureau.trust());
    assert!(
        kit::codes(&report, fieldseal_packet::findings::Level::Failed).is_empty(),
        "{:?}",
        report.findings
    );
}

#[test]
fn an_answer_helps_no_other_tablet_request_or_key() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let other = bureau.tablet("t2");
    let key = recovery_key(&bureau);
    let text = |asked: &Value| asked["text"].as_str().unwrap().to_owned();
    let first = text(&ask(&tablet, 0));
    let note = answered(&bureau, &key, &first).unwrap();
    let _ = ask(&other, 0);
    assert_eq!(other.refused(answer(&note, NEW)), "other-pin-answer");
    // Asked again: the first answer is worth nothing.
    let second = text(&ask(&tablet, 0));
    assert_ne!(first, second);
    assert_eq!(tablet.refused(answer(&note, NEW)), "other-pin-answer");
    assert!(
        answered(&bureau, &Secret::new([1; 32]), &second)
            .unwrap_err()
            .contains("recovery key")
    );
    // The authority of another deployment, and what is no answer at all.
    let elsewhere = Bureau::open();
    let stranger = elsewhere.tablet("t1");
    let theirs = text(&ask(&stranger, 0));
    assert!(answered(&bureau, &key, &theirs).is_err());
    let foreign = answered(&elsewhere, &recovery_key(&elsewhere), &theirs).unwrap();
    for wrong in [foreign.as_str(), "", "hello", &second, &"x".repeat(10_000)] {
        assert_eq!(tablet.refused(answer(wrong, NEW)), "other-pin-answer");
    }
    // Who remembers the PIN needs no answer any more.
    let note = answered(&bureau, &key, &second).unwrap();
    tablet.unlock();
    assert_eq!(tablet.refused(answer(&note, NEW)), "no-pin-request");
    let _ = ask(&tablet, 0);
    tablet.ok(Request::PinForget);
    assert!(tablet.ok(Request::PinAsked).is_null());
}

#[test]
fn a_revoked_tablet_gets_no_answer() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let asked = ask(&tablet, 0);
    let text = asked["text"].as_str().unwrap();
    let name = PinRequest::parse(text).unwrap().device;
    bureau.admin().revoke(&name, "stolen").unwrap();
    assert!(
        answered(&bureau, &recovery_key(&bureau), text)
            .unwrap_err()
            .contains("revoked")
    );
}
