//! The party signs on the screen: a drawing becomes an item, labelled as what it is, before any officer signs.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use fieldseal_device::api::{CaptureArgs, CaptureView, PartyInput, ProblemView, Request};
use fieldseal_packet::findings::Level;
use kit::{Bureau, Tablet, codes, jpeg};
use serde_json::Value;

/// What a canvas gives: a PNG, another one for each seed.
fn drawing(seed: u8) -> Vec<u8> {
    let lines = image::GrayImage::from_fn(60, 30, |x, y| {
        image::Luma([if (x + y + u32::from(seed)) % 7 == 0 {
            20
        } else {
            255
        }])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    lines.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn draw(tablet: &Tablet, draft: &str, bytes: &[u8]) -> Result<CaptureView, ProblemView> {
    let args = CaptureArgs {
        draft: Some(draft.to_owned()),
        source: "party-drawing".into(),
        shot: Some("panorama".into()),
        ..CaptureArgs::default()
    };
    tablet.engine.capture(args, bytes)
}

fn refused(tablet: &Tablet, draft: &str, bytes: &[u8]) -> String {
    draw(tablet, draft, bytes).unwrap_err().code
}

fn party(tablet: &Tablet, draft: &str, presence: &str) -> Value {
    tablet.ok(Request::Party {
        id: draft.to_owned(),
        party: PartyInput {
            presence: presence.into(),
            name: Some("丙".into()),
            note: None,
        },
    })
}

/// Capture number, whether it counts.
fn drawings(view: &Value) -> Vec<(u64, bool)> {
    let photos = view["photos"].as_array().unwrap();
    photos
        .iter()
        .filter(|photo| photo["drawing"] == true)
        .map(|photo| {
            (
                photo["captureSeq"].as_u64().unwrap(),
                photo["voided"].is_null(),
            )
        })
        .collect()
}

#[test]
fn what_the_party_draws_is_sealed_as_what_it_is() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("one");
    tablet.on_duty();
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    party(&tablet, &draft, "present");
    let first = draw(&tablet, &draft, &drawing(1)).unwrap();
    let second = draw(&tablet, &draft, &drawing(2)).unwrap();
    let view = tablet.ok(Request::Draft { id: draft.clone() });
    let (first, second) = (u64::from(first.capture_seq), u64::from(second.capture_seq));
    assert_eq!(drawings(&view), [(first, false), (second, true)]);

    tablet.sign(&draft, 0);
    assert_eq!(refused(&tablet, &draft, &drawing(3)), "draft-closed");
    tablet.sign(&draft, 1);
    tablet.ok(Request::Seal { id: draft.clone() });
    tablet.wait_for(&draft, "safe");
    let report = tablet.verified(&draft, &bureau.trust());
    assert_eq!(codes(&report, Level::Failed), Vec::<&str>::new());
    let drawn: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.code.word() == "party-drawing")
        .map(|finding| finding.subject.as_str())
        .collect();
    assert_eq!(drawn, ["data/items/0003.png"]);
    assert!(codes(&report, Level::Info).contains(&"item-voided"));
}

#[test]
fn a_drawing_needs_a_present_party_an_open_draft_and_a_picture() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("one");
    tablet.on_duty();
    let draft = tablet.draft();
    let picture = drawing(1);
    assert_eq!(refused(&tablet, &draft, &picture), "fact-not-allowed");
    party(&tablet, &draft, "refused");
    assert_eq!(refused(&tablet, &draft, &picture), "fact-not-allowed");
    party(&tablet, &draft, "present");
    assert_eq!(refused(&tablet, &draft, b"<svg/>"), "fact-not-allowed");
    assert_eq!(refused(&tablet, &draft, &[]), "fact-not-allowed");
    let vast = [&picture[..], &vec![0; 3 << 20]].concat();
    assert_eq!(refused(&tablet, &draft, &vast), "too-large");
    assert_eq!(refused(&tablet, "no-draft", &picture), "not-found");

    // A drawing alone is no evidence of anything.
    draw(&tablet, &draft, &picture).unwrap();
    let sign = Request::Sign {
        id: draft.clone(),
        officer: tablet.officers[0].clone(),
        pin: kit::PIN.into(),
    };
    assert_eq!(tablet.refused(sign), "no-photos");

    // Who is recorded as refusing has signed nothing.
    let view = party(&tablet, &draft, "refused");
    assert!(drawings(&view).iter().all(|(_, counts)| !counts));
    tablet.ok(Request::Lock);
    assert_eq!(refused(&tablet, &draft, &picture), "locked");
}
