//! Several packets in one run: what they say of each other. The packets of one tablet are right by themselves, unless said otherwise.

use crate::support::*;
use fieldseal_packet::PacketId;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::bag::SEAL;
use fieldseal_packet::custody::Event;
use fieldseal_packet::entry::SubjectKind;
use fieldseal_packet::seal::{Ranges, SealBody};
use fieldseal_tlog::note::{Ed25519Signer, Note, Signer};
use serde_json::{Value, json};

/// One run.
pub struct Run {
    pub name: &'static str,
    what: &'static str,
    trust: bool,
    given: Vec<Value>,
}

impl Run {
    pub fn expectation(&self) -> Vec<u8> {
        let value = json!({"what": self.what, "trust": self.trust, "given": self.given});
        let mut text = serde_json::to_string_pretty(&value).unwrap();
        text.push('\n');
        text.into_bytes()
    }
}

/// The runs, and the zips that they are given.
pub struct Several {
    pub runs: Vec<Run>,
    pub zips: Vec<(&'static str, Vec<u8>)>,
}

fn device(number: u8) -> Ed25519Signer {
    key(&format!("{ORIGIN}/device/t-000{number}"), number)
}

/// A packet of the tablet `device`, with its place among that tablet's.
struct Made {
    content: Content,
    device: Ed25519Signer,
    seq: u64,
    captures: [u64; 2],
    prev: Option<Sha256Digest>,
}

impl Made {
    fn new(number: u8, seq: u64, captures: [u64; 2], prev: Option<&Files>) -> Self {
        let id = PacketId::from_parts(at(seq as i64 * 1000), b"0123456789");
        let mut content = Content::of(id);
        let device = device(number);
        let name = device.vkey().name().to_owned();
        content.record["device"] = json!(name);
        content
            .keys
            .retain(|path, _| !path.starts_with("seal/keys/device-"));
        let stem = format!("seal/keys/device-t-000{number}");
        content.keys.insert(
            format!("{stem}.vkey"),
            format!("{}\n", device.vkey()).into_bytes(),
        );
        content.keys.insert(
            format!("{stem}.entry"),
            enrolment(SubjectKind::Device, &device, &server_key("authority")),
        );
        let mut before = Sha256Digest::of(b"the capture before");
        let mut place = 0;
        for (_, event) in &mut content.events {
            match event {
                Event::Captured(captured) => {
                    captured.capture_seq = captures[place];
                    captured.capture_prev = before;
                    before = captured.link();
                    content.record["items"][place]["capture_seq"] = json!(captures[place]);
                    place += 1;
                }
                Event::Closed { captures: said, .. } => *said = Ranges::of(captures).to_string(),
                _ => {}
            }
        }
        Self {
            content,
            device,
            seq,
            captures,
            prev: prev.map(|files| Sha256Digest::of(&files[SEAL])),
        }
    }

    fn sealed(self, change: impl FnOnce(&mut SealBody)) -> Files {
        let mut files = self.content.bag();
        let mut body = seal_body(&files);
        body.packet = self.content.id;
        body.captures = Ranges::of(self.captures);
        body.device_seq = self.seq;
        let entry = enrolment(SubjectKind::Device, &self.device, &server_key("authority"));
        body.device_prev = self.prev.unwrap_or_else(|| Sha256Digest::of(&entry));
        change(&mut body);
        let note = seal_note(&body, &[&self.device, &officer_key(1), &officer_key(2)]);
        files.insert(SEAL.to_owned(), note);
        files
    }

    fn files(self) -> Files {
        self.sealed(|_| {})
    }
}

/// Of a tablet's packets, by the file's name and their bytes.
struct Zips(Vec<(&'static str, Vec<u8>)>);

impl Zips {
    fn add(&mut self, name: &'static str, seq: u64, files: &Files) {
        let id = PacketId::from_parts(at(seq as i64 * 1000), b"0123456789");
        self.0.push((name, zip_of(&id, files)));
    }
}

fn zips() -> Vec<(&'static str, Vec<u8>)> {
    let mut zips = Zips(Vec::new());
    let first = Made::new(1, 1, [3, 4], None).files();
    zips.add("1.zip", 1, &first);
    let second = Made::new(1, 2, [5, 6], Some(&first)).files();
    zips.add("2.zip", 2, &second);
    zips.add("3.zip", 3, &Made::new(1, 3, [9, 12], Some(&second)).files());
    let again = Made::new(1, 1, [3, 4], None);
    zips.add(
        "1-other-text.zip",
        1,
        &again.sealed(|body| body.closed_at = at(91)),
    );
    let mut more = first.clone();
    let line = with_line(&more[SEAL], &key("elsewhere.example/x", 1));
    more.insert(SEAL.to_owned(), line);
    zips.add("1-line-added.zip", 1, &more);
    zips.add(
        "2-of-another.zip",
        2,
        &Made::new(1, 2, [5, 6], Some(&second)).files(),
    );
    let mut forged = Made::new(1, 1, [5, 6], None);
    forged.device = key(&format!("{ORIGIN}/device/t-0001"), 9);
    let vkey = format!("{}\n", forged.device.vkey()).into_bytes();
    forged
        .content
        .keys
        .insert("seal/keys/forged.vkey".to_owned(), vkey);
    zips.add("1-forged-key.zip", 1, &forged.files());
    let mut wrong = second.clone();
    let mut note = Note::parse(&wrong[SEAL]).unwrap();
    note.signatures[0].signature[9] ^= 1;
    wrong.insert(SEAL.to_owned(), note.to_bytes());
    zips.add("2-line-wrong.zip", 2, &wrong);
    zips.add(
        "another-5.zip",
        5,
        &Made::new(2, 5, [20, 22], Some(&first)).files(),
    );
    zips.0
}

const OPEN: &str = "not-proved";
const FAILED: &str = "failed";
const PACKETS: &str = "packets-missing";
const CAPTURES: &str = "captures-missing";
const PREV: &str = "device-prev-mismatch";
const TWICE: &str = "seal-equivocation";

type Given<'a> = (&'a str, &'a str, &'a [(&'a str, u8, &'a str)]);

fn run(name: &'static str, what: &'static str, trust: bool, given: &[Given]) -> Run {
    let among = |(code, number, detail): &(&str, u8, &str)| json!({"code": code, "subject": format!("{ORIGIN}/device/t-000{number}"), "detail": detail});
    let given = given.iter().map(|(path, verdict, said)| {
        json!({"path": path, "verdict": verdict, "among": said.iter().map(among).collect::<Vec<_>>()})
    });
    Run {
        name,
        what,
        trust,
        given: given.collect(),
    }
}

pub fn several() -> Several {
    let runs = vec![
        run(
            "one-after-the-other",
            "Two packets of one tablet: the second follows the first.",
            true,
            &[("1.zip", OPEN, &[]), ("2.zip", OPEN, &[])],
        ),
        run(
            "the-later-one-first",
            "The same in the other order.",
            true,
            &[("2.zip", OPEN, &[]), ("1.zip", OPEN, &[])],
        ),
        run(
            "the-same-twice",
            "One packet given twice contradicts nothing.",
            true,
            &[("1.zip", OPEN, &[]), ("1.zip", OPEN, &[])],
        ),
        run(
            "one-missing",
            "The second packet is not there, and so its captures and some more.",
            true,
            &[
                ("3.zip", OPEN, &[]),
                (
                    "1.zip",
                    OPEN,
                    &[(CAPTURES, 1, "5-8,10-11"), (PACKETS, 1, "2")],
                ),
            ],
        ),
        run(
            "one-alone",
            "Of one packet alone nothing is missing, though its captures have a gap.",
            true,
            &[("3.zip", OPEN, &[])],
        ),
        run(
            "two-tablets",
            "Two tablets: each has its own gaps, told with its last packet.",
            true,
            &[
                ("1.zip", OPEN, &[]),
                ("another-5.zip", OPEN, &[(CAPTURES, 2, "21")]),
                (
                    "3.zip",
                    OPEN,
                    &[(CAPTURES, 1, "5-8,10-11"), (PACKETS, 1, "2")],
                ),
            ],
        ),
        run(
            "two-under-one-number",
            "Two seals of one tablet under one number, with different texts.",
            true,
            &[
                ("1.zip", OPEN, &[]),
                ("1-other-text.zip", FAILED, &[(TWICE, 1, "")]),
            ],
        ),
        run(
            "second-of-another",
            "The second packet names another predecessor than the first.",
            true,
            &[
                ("1.zip", OPEN, &[]),
                ("2-of-another.zip", FAILED, &[(PREV, 1, "")]),
            ],
        ),
        run(
            "second-of-another-first",
            "The same in the other order: told with the one that was given later.",
            true,
            &[
                ("2-of-another.zip", OPEN, &[]),
                ("1.zip", FAILED, &[(PREV, 1, "")]),
            ],
        ),
        run(
            "predecessor-with-a-line-more",
            "A copy of the first packet has one more line: the second follows the other copy.",
            true,
            &[
                ("1-line-added.zip", OPEN, &[]),
                ("1.zip", OPEN, &[]),
                ("2.zip", OPEN, &[]),
            ],
        ),
        run(
            "key-of-nobody",
            "A seal by a key of the tablet's name that nobody enrolled discredits no packet of the tablet, and fills no gap.",
            true,
            &[
                ("1-forged-key.zip", OPEN, &[]),
                ("1.zip", OPEN, &[]),
                (
                    "3.zip",
                    OPEN,
                    &[(CAPTURES, 1, "5-8,10-11"), (PACKETS, 1, "2")],
                ),
            ],
        ),
        run(
            "key-of-nobody-no-trust",
            "Without trust anchors nobody says which of the two keys is the tablet's.",
            false,
            &[
                ("1-forged-key.zip", OPEN, &[]),
                ("1.zip", FAILED, &[(TWICE, 1, "")]),
            ],
        ),
        run(
            "line-wrong",
            "A seal whose device line is wrong fills no gap, and the gap is told with it where it comes last.",
            true,
            &[
                ("1.zip", OPEN, &[]),
                ("3.zip", OPEN, &[]),
                (
                    "2-line-wrong.zip",
                    FAILED,
                    &[(CAPTURES, 1, "5-8,10-11"), (PACKETS, 1, "2")],
                ),
            ],
        ),
    ];
    Several { runs, zips: zips() }
}
