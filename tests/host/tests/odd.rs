//! Odd clocks and odd names: a tablet whose clock is wrong by a day or by two centuries, and words from every corner of
//! Unicode. Evidence is taken, sealed, uploaded and verified all the same, and what is doubtful is said.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod kit;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use fieldseal_device::Engine;
use fieldseal_device::api::{CaptureArgs, PartyInput, Request};
use fieldseal_device::platform::{Boot, Machine, Platform};
use fieldseal_packet::Timestamp;
use fieldseal_packet::findings::Level;
use kit::{Bureau, PIN, Tablet, codes, config, jpeg};
use serde_json::json;

const DAY_MS: i64 = 24 * 3600 * 1000;
const YEAR_MS: i64 = 365 * DAY_MS;

/// This machine with a wall clock that is wrong.
struct Wrong {
    machine: Machine,
    by_ms: Arc<AtomicI64>,
}

impl Platform for Wrong {
    fn now(&self) -> Timestamp {
        let by = self.by_ms.load(Ordering::SeqCst);
        Timestamp::from_millis(self.machine.now().as_millis() + by)
    }
    fn zone(&self) -> String {
        self.machine.zone()
    }
    fn boot(&self) -> Boot {
        self.machine.boot()
    }
    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.machine.random(bytes)
    }
    fn free_bytes(&self, dir: &Path) -> Option<u64> {
        self.machine.free_bytes(dir)
    }
    fn battery(&self) -> Option<f64> {
        self.machine.battery()
    }
    fn device_model(&self) -> Option<String> {
        self.machine.device_model()
    }
}

/// A tablet with two officers and a clock that can be set.
fn tablet(bureau: &Bureau, by_ms: i64) -> (Tablet, Arc<AtomicI64>) {
    let by_ms = Arc::new(AtomicI64::new(by_ms));
    let platform = Wrong {
        machine: Machine::new().unwrap(),
        by_ms: Arc::clone(&by_ms),
    };
    let dir = bureau.dir.path().join("tablet");
    let mut tablet = Tablet {
        engine: Engine::open(config(&dir), Arc::new(platform)).unwrap(),
        dir,
        officers: vec![],
    };
    tablet.ok(Request::EnrolDevice {
        text: bureau.device_text(),
    });
    for officer in ["甲", "乙"] {
        let view = tablet.ok(Request::EnrolOfficer {
            code: bureau.officer_code(officer),
            pin: PIN.into(),
        });
        tablet
            .officers
            .push(view["id"].as_str().unwrap().to_owned());
    }
    tablet.on_duty();
    (tablet, by_ms)
}

/// Two photos, with the clock set anew between them; the packet must be safe, and nothing of it may fail.
fn goes_through(before_ms: i64, after_ms: i64) {
    let bureau = Bureau::open();
    let (tablet, by_ms) = tablet(&bureau, before_ms);
    let draft = tablet.draft();
    assert_eq!(tablet.capture(Some(&draft), &jpeg(1)).capture_seq, 1);
    by_ms.store(after_ms, Ordering::SeqCst);
    assert_eq!(tablet.capture(Some(&draft), &jpeg(2)).capture_seq, 2);
    let sealed = tablet.seal(&draft);
    let packet = sealed["summary"]["id"].as_str().unwrap().to_owned();
    tablet.wait_for(&packet, "safe");
    let report = tablet.verified(&packet, &bureau.trust());
    assert_eq!(codes(&report, Level::Failed), [""; 0], "{report:?}");
    assert!(
        codes(&report, Level::Ok).contains(&"files-ok"),
        "{report:?}"
    );
    // Two more, so that the wrong clock was not just tolerated once.
    let next = tablet.draft();
    tablet.capture(Some(&next), &jpeg(3));
    let sealed = tablet.seal(&next);
    tablet.wait_for(sealed["summary"]["id"].as_str().unwrap(), "safe");
}

#[test]
fn a_clock_that_is_turned_back_a_day() {
    goes_through(0, -DAY_MS);
}

/// For the tablet a server whose clock is years behind or ahead looks the same.
#[test]
fn a_clock_that_is_ten_years_off_and_then_right() {
    goes_through(10 * YEAR_MS, 0);
    goes_through(-10 * YEAR_MS, 0);
}

#[test]
fn a_clock_two_centuries_off() {
    goes_through(-200 * YEAR_MS, -200 * YEAR_MS);
    goes_through(200 * YEAR_MS, 200 * YEAR_MS);
}

/// Decomposed and composed letters, letters outside the first plane, writing from the right, marks that turn the reading
/// direction, joined emoji, what looks like a path, what ends lines, and more than any file system takes.
fn odd_words() -> Vec<String> {
    let mut words: Vec<String> = [
        "Cafe\u{301} é.jpg",
        "𠮷野家 𝒜.jpg",
        "شارع الملك.jpg",
        "photo\u{202e}gpj.exe",
        "👩\u{200d}👧\u{200d}👦🏽.jpg",
        "../../../etc/passwd",
        "C:\\photos\\a.jpg",
        "line\nbreak\r\ttab\u{0}.jpg",
        "\u{feff}\u{200b}\u{2028}.jpg",
        "\"},{\"sha256\":\"0\"}",
        "<img src=x onerror=alert(1)>",
        "",
    ]
    .map(str::to_owned)
    .to_vec();
    words.push("长".repeat(60));
    words
}

#[test]
fn names_from_every_corner_of_unicode() {
    let bureau = Bureau::open();
    let (tablet, _) = tablet(&bureau, 0);
    let draft = tablet.draft();
    let words = odd_words();
    for (seed, word) in words.iter().enumerate() {
        let args = CaptureArgs {
            draft: Some(draft.clone()),
            source: "file-input".into(),
            original_name: Some(word.clone()),
            ..CaptureArgs::default()
        };
        let bytes = jpeg(u8::try_from(seed).unwrap());
        tablet.engine.capture(args, &bytes[..]).unwrap();
    }
    // Where words are refused, it is with a reason, and the draft is what it was.
    for word in &words {
        for field in ["address", "note"] {
            let facts = json!({ field: word }).as_object().unwrap().clone();
            let _ = tablet.call(Request::Describe {
                id: draft.clone(),
                facts,
            });
        }
    }
    let party = PartyInput {
        presence: "refused".into(),
        name: Some(words[0].clone()),
        note: Some(words[3].clone()),
    };
    tablet.ok(Request::Party {
        id: draft.clone(),
        party,
    });
    (0..2).for_each(|officer| tablet.sign(&draft, officer));
    let sealed = tablet.ok(Request::Seal { id: draft.clone() });
    let packet = sealed["summary"]["id"].as_str().unwrap().to_owned();
    tablet.wait_for(&packet, "safe");
    let report = tablet.verified(&packet, &bureau.trust());
    assert_eq!(codes(&report, Level::Failed), [""; 0], "{report:?}");
}
