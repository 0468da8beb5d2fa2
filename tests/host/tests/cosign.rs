//! Two officers on two tablets of one bureau, with no network between them: only what stands on their screens.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use fieldseal_device::api::Request;
use fieldseal_packet::findings::Level;
use kit::{Bureau, PIN, Tablet, codes, jpeg};
use qrcode::{Color, EcLevel, QrCode};
use serde_json::Value;

/// What a camera makes of a text that stands on another screen as a QR code.
fn seen_by(tablet: &Tablet, text: &str) -> (String, Option<String>) {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
    let (quiet, scale) = (4, 5);
    let width = (code.width() + 2 * quiet) * scale;
    let dark = |at: usize| {
        let [x, y] = [at % width, at / width].map(|n| (n / scale).wrapping_sub(quiet));
        x < code.width() && y < code.width() && code[(x, y)] == Color::Dark
    };
    let luma: Vec<u8> = (0..width * width)
        .map(|at| if dark(at) { 20 } else { 240 })
        .collect();
    let seen = tablet.engine.scan(width, &luma).unwrap();
    (seen.found, seen.text)
}

fn read(tablet: &Tablet, code: &Value, kind: &str) -> String {
    let shown = code["text"].as_str().unwrap();
    let (found, text) = seen_by(tablet, shown);
    assert_eq!((&*found, text.as_deref()), (kind, Some(shown)));
    shown.to_owned()
}

struct Patrol {
    bureau: Bureau,
    /// With the lead's key alone.
    first: Tablet,
    /// The second officer's.
    second: Tablet,
}

/// The second officer's card has been read, and both are on duty.
fn patrol() -> Patrol {
    let bureau = Bureau::open();
    let (mut first, second) = (bureau.tablet("first"), bureau.tablet("second"));
    let guest = second.officers[0].clone();
    let card = second.ok(Request::OfficerCard {
        officer: guest.clone(),
    });
    let text = read(&first, &card, "officer");
    let met = first.ok(Request::MeetOfficer { text });
    assert_eq!(
        (met["id"].as_str(), met["guest"].as_bool()),
        (Some(&*guest), Some(true))
    );
    let lead = first.officers[0].clone();
    first.ok(Request::OnDuty {
        lead: lead.clone(),
        second: Some(guest),
    });
    first.officers = vec![lead];
    Patrol {
        bureau,
        first,
        second,
    }
}

impl Patrol {
    fn ask(&self, draft: &str) -> Value {
        self.first.ok(Request::CosignAsk {
            id: draft.into(),
            officer: self.second.officers[0].clone(),
        })
    }

    fn answer(&self, challenge: &str) -> Value {
        self.second.ok(Request::CosignSign {
            text: challenge.into(),
            officer: self.second.officers[0].clone(),
            pin: PIN.into(),
        })
    }

    fn take(&self, draft: &str, text: &str) -> Request {
        Request::CosignTake {
            id: draft.into(),
            text: text.into(),
        }
    }
}

#[test]
fn the_second_officer_signs_on_another_tablet() {
    let patrol = patrol();
    let (first, second) = (&patrol.first, &patrol.second);
    let draft = first.draft();
    for seed in 1..=3 {
        first.capture(Some(&draft), &jpeg(seed));
    }
    first.previews_done(&draft);
    first.sign(&draft, 0);

    let asked = patrol.ask(&draft);
    let challenge = read(second, &asked, "challenge");
    let shown = second.ok(Request::CosignRead {
        text: challenge.clone(),
    });
    assert_eq!(shown["items"], 3);
    assert_eq!(shown["packet"], *draft);
    assert_eq!(shown["compare"], asked["compare"]);
    assert_eq!(second.ok(Request::Cosigned), serde_json::json!([]));
    let answer = read(first, &patrol.answer(&challenge), "cosignature");
    // Kept before the answer was shown; the same given again is kept once.
    patrol.answer(&challenge);
    let kept = second.ok(Request::Cosigned);
    let [one] = kept.as_array().unwrap().as_slice() else {
        panic!("{kept}");
    };
    assert_eq!(one["packet"], *draft);
    assert_eq!(one["compare"], asked["compare"]);
    assert_eq!(one["items"], 3);
    assert_eq!(one["officer"], second.officers[0]);
    let (_, body) = challenge.split_once("\n\n").unwrap();
    let text = fieldseal_packet::Sha256Digest::of(body.as_bytes());
    assert_eq!(one["textSha256"], text.to_string());
    assert_eq!(first.ok(Request::Cosigned), serde_json::json!([]));
    let view = first.ok(patrol.take(&draft, &answer));
    assert_eq!(view["signatures"].as_array().unwrap().len(), 2);
    assert_eq!(
        first.refused(patrol.take(&draft, &answer)),
        "already-signed"
    );

    first.ok(Request::Seal { id: draft.clone() });
    first.wait_for(&draft, "safe");
    let report = first.verified(&draft, &patrol.bureau.trust());
    assert!(
        codes(&report, Level::Ok).contains(&"two-officers-ok"),
        "{report:?}"
    );
    assert_eq!(codes(&report, Level::Failed), Vec::<&str>::new());
}

#[test]
fn what_is_not_asked_or_not_signed_is_refused() {
    let patrol = patrol();
    let (first, second) = (&patrol.first, &patrol.second);
    let (one, other) = (first.draft(), first.draft());
    first.capture(Some(&one), &jpeg(1));
    first.capture(Some(&other), &jpeg(2));
    let challenge = patrol.ask(&one)["text"].as_str().unwrap().to_owned();

    // Another number of items, another officer, another deployment, a card for a challenge.
    let changed = |from: &str, to: &str| {
        assert!(challenge.contains(from));
        challenge.replacen(from, to, 1)
    };
    let ask = |text: String| second.refused(Request::CosignRead { text });
    assert_eq!(ask(changed("\nitems 1\n", "\nitems 2\n")), "not-this-code");
    let name = &second.officers[0];
    assert_eq!(
        ask(changed(
            &format!("/officer/{name}\n"),
            "/officer/o-nobody\n"
        )),
        "other-officer"
    );
    assert_eq!(
        ask(changed(
            "\n\ntest.example/log/packet-seal",
            "\n\nelse.example/log/packet-seal"
        )),
        "other-deployment"
    );
    assert_eq!(
        ask(challenge[..challenge.len() - 4].to_owned()),
        "not-this-code"
    );
    let wrong = Request::CosignSign {
        text: challenge.clone(),
        officer: second.officers[1].clone(),
        pin: PIN.into(),
    };
    assert_eq!(second.refused(wrong), "other-officer");
    let wrong = Request::CosignSign {
        text: challenge.clone(),
        officer: name.clone(),
        pin: "135791".into(),
    };
    assert_eq!(second.refused(wrong), "wrong-pin");

    // An answer for another packet, over an older text of this one, or by another officer of that tablet.
    let answer = patrol.answer(&challenge)["text"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(first.refused(patrol.take(&other, &answer)), "other-packet");
    first.ok(Request::Reopen { id: one.clone() });
    first.capture(Some(&one), &jpeg(3));
    let again = patrol.ask(&one)["text"].as_str().unwrap().to_owned();
    assert_eq!(first.refused(patrol.take(&one, &answer)), "other-packet");
    let answer = patrol.answer(&again)["text"].as_str().unwrap().to_owned();
    let by_another = answer.replace(name, &second.officers[1]);
    assert_eq!(
        first.refused(patrol.take(&one, &by_another)),
        "other-officer"
    );
    first.ok(patrol.take(&one, &answer));
}

#[test]
fn a_card_is_believed_by_the_authoritys_word_alone() {
    let bureau = Bureau::open();
    let (first, second) = (bureau.tablet("first"), bureau.tablet("second"));
    let card = second.ok(Request::OfficerCard {
        officer: second.officers[0].clone(),
    });
    let card = card["text"].as_str().unwrap();
    let meet = |text: String| first.refused(Request::MeetOfficer { text });
    let time = card.find("enrolled-at 2").unwrap() + "enrolled-at ".len();
    let mut altered = card.to_owned();
    altered.replace_range(time..time + 1, "1");
    assert_eq!(meet(altered), "not-this-code");

    let elsewhere = Bureau::open();
    let stranger = elsewhere.tablet("third");
    let forged = stranger.ok(Request::OfficerCard {
        officer: stranger.officers[0].clone(),
    });
    // Of the same name, by another authority.
    assert_eq!(
        meet(forged["text"].as_str().unwrap().to_owned()),
        "not-this-code"
    );
    let duty = Request::OnDuty {
        lead: first.officers[0].clone(),
        second: Some(stranger.officers[0].clone()),
    };
    assert_eq!(first.refused(duty), "unknown-officer");

    // Whoever was met may come to stay.
    let text = card.to_owned();
    first.ok(Request::MeetOfficer { text: text.clone() });
    let code = bureau
        .admin()
        .officer_code(&second.officers[0], kit::HOUR)
        .unwrap();
    let view = first.ok(Request::EnrolOfficer {
        code: code.code,
        pin: PIN.into(),
    });
    assert!(view.get("guest").is_none());
    assert_eq!(meet(text), "officer-enrolled");
}
