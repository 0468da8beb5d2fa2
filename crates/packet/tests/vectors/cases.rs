//! The cases: a good packet, and one change each.

use crate::support::*;
use fieldseal_packet::bag::{MANIFEST, SEAL, TAGMANIFEST};
use fieldseal_packet::custody::{Event, Head};
use fieldseal_packet::entry::SubjectKind;
use fieldseal_packet::receipt::Receipt;
use fieldseal_packet::seal::{Ranges, SealBody};
use fieldseal_packet::{PacketId, Sha256Digest};
use fieldseal_tlog::note::{Note, Signer};
use fieldseal_tlog::proof::TlogProof;
use serde_json::json;

/// One vector.
pub struct Case {
    pub name: &'static str,
    pub what: &'static str,
    /// Whether it is checked with the trust anchors.
    pub trust: bool,
    /// Failed and not-proved codes, sorted.
    pub codes: Vec<String>,
    pub bytes: Vec<u8>,
}

impl Case {
    pub fn verdict(&self) -> &'static str {
        use fieldseal_packet::findings::{Code, Level};
        let level = |word: &String| {
            Code::ALL
                .iter()
                .find(|code| code.word() == word)
                .map(|code| code.level())
        };
        match self.codes.iter().filter_map(level).max() {
            Some(Level::Failed) => "failed",
            Some(Level::NotProved) => "not-proved",
            _ => "verified",
        }
    }
}

/// What a packet by itself can't prove yet.
const ALONE: &[&str] = &[
    "log-inclusion-absent",
    "lower-bound-none",
    "timestamp-absent",
];
/// What an export can't prove without timestamps.
const EXPORTED: &[&str] = &["lower-bound-none", "timestamp-absent"];

struct Cases(Vec<Case>);

impl Cases {
    fn add(
        &mut self,
        name: &'static str,
        what: &'static str,
        trust: bool,
        base: &[&str],
        more: &[&str],
        bytes: Vec<u8>,
    ) {
        let mut codes: Vec<String> = base
            .iter()
            .chain(more)
            .map(|code| (*code).to_owned())
            .collect();
        codes.sort();
        self.0.push(Case {
            name,
            what,
            trust,
            codes,
            bytes,
        });
    }

    /// A packet changed before its manifests are made, sealed in good faith.
    fn content(
        &mut self,
        name: &'static str,
        what: &'static str,
        more: &[&str],
        change: impl FnOnce(&mut Content),
    ) {
        let mut content = Content::new();
        change(&mut content);
        self.add(name, what, true, ALONE, more, zip(&sealed(content.bag())));
    }

    /// A packet changed after it was sealed.
    fn files(
        &mut self,
        name: &'static str,
        what: &'static str,
        more: &[&str],
        change: impl FnOnce(&mut Files),
    ) {
        let mut files = sealed(Content::new().bag());
        change(&mut files);
        self.add(name, what, true, ALONE, more, zip(&files));
    }

    /// A packet with another seal text, signed by all three.
    fn body(
        &mut self,
        name: &'static str,
        what: &'static str,
        more: &[&str],
        change: impl FnOnce(&mut SealBody),
    ) {
        let mut files = Content::new().bag();
        let mut body = seal_body(&files);
        change(&mut body);
        let note = seal_note(&body, &[&officer_key(1), &officer_key(2), &device_key()]);
        files.insert(SEAL.to_owned(), note);
        self.add(name, what, true, ALONE, more, zip(&files));
    }

    /// A packet with other signature lines.
    fn lines(
        &mut self,
        name: &'static str,
        what: &'static str,
        more: &[&str],
        signers: &[&dyn Signer],
    ) {
        let mut files = Content::new().bag();
        files.insert(SEAL.to_owned(), seal_note(&seal_body(&files), signers));
        self.add(name, what, true, ALONE, more, zip(&files));
    }

    /// A zip that is refused as such, or changed as a zip.
    fn zip(&mut self, name: &'static str, what: &'static str, codes: &[&str], bytes: Vec<u8>) {
        self.add(name, what, true, &[], codes, bytes);
    }

    /// An export changed before its manifests are made.
    fn export(
        &mut self,
        name: &'static str,
        what: &'static str,
        base: &[&str],
        more: &[&str],
        change: impl FnOnce(&mut Files),
    ) {
        let files = sealed(Content::new().bag());
        let mut payload = export_payload(&zip(&files), &files[SEAL]);
        change(&mut payload);
        self.add(name, what, true, base, more, export_zip(payload));
    }
}

fn flip(files: &mut Files, path: &str) {
    let bytes = files.get_mut(path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
}

fn replace_in(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

/// Finds `from` in raw bytes everywhere and puts `to`, of the same length, in its place.
fn patch(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = bytes.to_vec();
    let mut at = 0;
    let mut count = 0;
    while let Some(found) = out[at..]
        .windows(from.len())
        .position(|window| window == from)
    {
        out[at + found..at + found + to.len()].copy_from_slice(to);
        at += found + to.len();
        count += 1;
    }
    assert!(count > 0);
    out
}

pub fn cases() -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    good(&mut cases);
    files(&mut cases);
    seals(&mut cases);
    contents(&mut cases);
    zips(&mut cases);
    exports(&mut cases);
    cases.0
}

fn good(c: &mut Cases) {
    c.files(
        "good-packet",
        "A packet as the tablet makes it, with the trust anchors.",
        &[],
        |_| {},
    );
    let packet = zip(&sealed(Content::new().bag()));
    c.add(
        "good-packet-no-trust",
        "The same without trust anchors: its own keys prove no anchor and no enrolment.",
        false,
        ALONE,
        &[
            "trust-anchor-self-supplied",
            "device-not-enrolled",
            "officer-not-enrolled",
            "officer-not-enrolled",
            "log-key-unknown",
        ],
        packet,
    );
    c.export(
        "good-export",
        "An export: packet, receipt, proof, server's custody log.",
        EXPORTED,
        &[],
        |_| {},
    );
    c.content(
        "good-no-items",
        "A packet without photos: the record alone.",
        &[],
        |content| {
            content.items.clear();
            content.record["items"] = json!([]);
            content
                .events
                .retain(|(_, event)| !matches!(event, Event::Captured(_)));
        },
    );
    c.0.last_mut()
        .unwrap()
        .codes
        .push("seal-captures-mismatch".to_owned());
    c.0.last_mut().unwrap().codes.sort();
    c.0.last_mut().unwrap().what = "No photos, yet the seal names captures.";
    c.0.last_mut().unwrap().name = "seal-captures-without-items";
}

fn files(c: &mut Cases) {
    c.files(
        "item-flipped-byte",
        "One bit of a photo is changed.",
        &["item-mismatch", "record-item-mismatch"],
        |files| {
            flip(files, "data/items/0001.jpg");
        },
    );
    c.files(
        "item-removed",
        "A photo is gone.",
        &["file-missing", "bag-info", "record-item-mismatch"],
        |files| {
            files.remove("data/items/0002.jpg");
        },
    );
    c.files(
        "item-added",
        "A photo is added.",
        &["file-unlisted", "bag-info", "record-item-mismatch"],
        |files| {
            files.insert(
                "data/items/0003.jpg".to_owned(),
                b"\xff\xd8\xff\xe0 added".to_vec(),
            );
        },
    );
    c.files(
        "items-swapped",
        "Two photos have changed places.",
        &[
            "item-mismatch",
            "item-mismatch",
            "record-item-mismatch",
            "record-item-mismatch",
        ],
        |files| {
            let first = files["data/items/0001.jpg"].clone();
            let second = files
                .insert("data/items/0002.jpg".to_owned(), first)
                .unwrap();
            files.insert("data/items/0001.jpg".to_owned(), second);
        },
    );
    c.files(
        "tag-file-added",
        "A file is added beside the bag's own.",
        &["file-unlisted"],
        |files| {
            files.insert("notes.txt".to_owned(), b"hello\n".to_vec());
        },
    );
    c.files(
        "seal-file-added",
        "A file is added in seal/.",
        &["file-unlisted"],
        |files| {
            files.insert("seal/packet.seal.bak".to_owned(), b"hello\n".to_vec());
        },
    );
    c.files(
        "payload-added-outside-items",
        "A file is added in data/.",
        &["file-unlisted", "bag-info"],
        |files| {
            files.insert("data/readme.txt".to_owned(), b"hello\n".to_vec());
        },
    );
    c.files(
        "record-changed",
        "The record is changed after the seal.",
        &["file-mismatch"],
        |files| {
            let changed = replace_in(&files["data/record.json"], "3.5", "9.5");
            files.insert("data/record.json".to_owned(), changed);
        },
    );
    c.files(
        "form-removed",
        "The form is gone.",
        &["file-missing", "bag-info", "record-missing"],
        |files| {
            files.remove("data/form.json");
        },
    );
    c.files(
        "bagit-missing",
        "bagit.txt is gone.",
        &["bag-declaration", "file-missing"],
        |files| {
            files.remove("bagit.txt");
        },
    );
    c.files(
        "bagit-other-version",
        "bagit.txt names another version.",
        &["bag-declaration", "file-mismatch"],
        |files| {
            let changed = replace_in(&files["bagit.txt"], "1.0", "0.9");
            files.insert("bagit.txt".to_owned(), changed);
        },
    );
    c.files(
        "manifest-missing",
        "The payload manifest is gone.",
        &["manifest-missing", "file-missing"],
        |files| {
            files.remove(MANIFEST);
        },
    );
    c.files(
        "manifest-line-removed",
        "A line of the payload manifest is gone.",
        &["file-mismatch", "file-unlisted"],
        |files| {
            let text = String::from_utf8(files[MANIFEST].clone()).unwrap();
            let kept: String = text
                .split_inclusive('\n')
                .filter(|line| !line.contains("0002.jpg"))
                .collect();
            files.insert(MANIFEST.to_owned(), kept.into_bytes());
        },
    );
    c.files(
        "manifest-rewritten",
        "A photo and the manifest are changed to fit one another.",
        &["file-mismatch", "record-item-mismatch"],
        |files| {
            let before = Sha256Digest::of(&files["data/items/0001.jpg"]);
            flip(files, "data/items/0001.jpg");
            let after = Sha256Digest::of(&files["data/items/0001.jpg"]);
            let changed = replace_in(&files[MANIFEST], &before.to_string(), &after.to_string());
            files.insert(MANIFEST.to_owned(), changed);
        },
    );
    c.files(
        "manifests-rewritten",
        "Photo, manifest and tag manifest are changed to fit one another.",
        &["seal-tagmanifest-mismatch", "record-item-mismatch"],
        |files| {
            let before = Sha256Digest::of(&files["data/items/0001.jpg"]);
            flip(files, "data/items/0001.jpg");
            let after = Sha256Digest::of(&files["data/items/0001.jpg"]);
            let manifest_before = Sha256Digest::of(&files[MANIFEST]);
            let manifest = replace_in(&files[MANIFEST], &before.to_string(), &after.to_string());
            let tags = replace_in(
                &files[TAGMANIFEST],
                &manifest_before.to_string(),
                &Sha256Digest::of(&manifest).to_string(),
            );
            files.insert(MANIFEST.to_owned(), manifest);
            files.insert(TAGMANIFEST.to_owned(), tags);
        },
    );
    c.files(
        "tagmanifest-missing",
        "The tag manifest is gone.",
        &["manifest-missing", "seal-tagmanifest-mismatch"],
        |files| {
            files.remove(TAGMANIFEST);
        },
    );
    c.files(
        "tagmanifest-duplicate-line",
        "The tag manifest names a file twice.",
        &["manifest-malformed", "seal-tagmanifest-mismatch"],
        |files| {
            let mut bytes = files[TAGMANIFEST].clone();
            bytes.extend(files[TAGMANIFEST].clone());
            files.insert(TAGMANIFEST.to_owned(), bytes);
        },
    );
    c.files(
        "manifest-not-digest",
        "A line of the payload manifest has no digest.",
        &["manifest-malformed", "file-mismatch"],
        |files| {
            files.insert(
                MANIFEST.to_owned(),
                b"not a digest  data/items/0001.jpg\n".to_vec(),
            );
        },
    );
    c.files(
        "key-file-changed",
        "A key file is changed after the seal.",
        &["file-mismatch", "key-malformed"],
        |files| {
            files.insert(
                "seal/keys/officer-o-0002.vkey".to_owned(),
                b"not a key\n".to_vec(),
            );
        },
    );
}

fn seals(c: &mut Cases) {
    let (one, two, device) = (officer_key(1), officer_key(2), device_key());
    let without_seal = |c: &mut Cases, name, what, codes: &[&str], seal: Option<Vec<u8>>| {
        let mut files = Content::new().bag();
        files.extend(seal.map(|seal| (SEAL.to_owned(), seal)));
        c.zip(name, what, codes, zip(&files));
    };
    without_seal(
        c,
        "seal-missing",
        "There is no seal.",
        &["seal-missing"],
        None,
    );
    let seal = sealed(Content::new().bag())[SEAL].clone();
    let text = |from: &str, to: &str| Some(replace_in(&seal, from, to));
    without_seal(
        c,
        "seal-not-a-note",
        "The seal is not a signed note.",
        &["seal-malformed"],
        Some(b"hello\n".to_vec()),
    );
    without_seal(
        c,
        "seal-unknown-line",
        "The seal has a line that v1 does not know.",
        &["seal-malformed"],
        text("seen-tsr none\n", "seen-tsr none\nmore 1\n"),
    );
    without_seal(
        c,
        "seal-line-out-of-order",
        "Two lines of the seal have changed places.",
        &["seal-malformed"],
        text("device-seq 1\n", ""),
    );
    without_seal(
        c,
        "seal-other-spelling",
        "A number on the seal is spelt with a zero before it.",
        &["seal-malformed"],
        text("device-seq 1\n", "device-seq 01\n"),
    );
    without_seal(
        c,
        "seal-empty-line",
        "The seal's text has an empty line.",
        &["seal-malformed"],
        text("device-seq 1\n", "\ndevice-seq 1\n"),
    );
    c.files(
        "seal-text-changed",
        "The seal's text is changed: no line fits any more.",
        &[
            "device-line-invalid",
            "officer-line-invalid",
            "officer-line-invalid",
        ],
        |files| {
            let changed = replace_in(
                &files[SEAL],
                "closed-at 2026-11-23T01:42:57.000Z",
                "closed-at 2026-11-22T01:42:57.000Z",
            );
            files.insert(SEAL.to_owned(), changed);
        },
    );
    c.lines(
        "device-line-absent",
        "The tablet has not signed.",
        &["device-line-absent"],
        &[&one, &two],
    );
    c.lines(
        "officer-line-absent",
        "The second officer, whom the record names, has not signed.",
        &["officer-line-absent"],
        &[&one, &device],
    );
    let stranger = key(&format!("{ORIGIN}/device/t-0001"), 99);
    c.lines(
        "device-key-unknown",
        "The tablet's line is by a key that nobody supplies.",
        &["device-key-unknown"],
        &[&one, &two, &stranger],
    );
    let other = key(&format!("{ORIGIN}/officer/o-0002"), 99);
    c.lines(
        "officer-key-unknown",
        "An officer's line is by a key that nobody supplies.",
        &["officer-key-unknown"],
        &[&one, &other, &device],
    );
    let tablet = key(&format!("{ORIGIN}/device/t-0002"), 1);
    c.lines(
        "another-device-signed",
        "Another tablet than the record names has signed.",
        &["device-key-unknown", "record-device-mismatch"],
        &[&one, &two, &tablet],
    );
    c.files(
        "device-line-altered",
        "One bit of the tablet's signature is changed.",
        &["device-line-invalid"],
        |files| altered_line(files, 2),
    );
    c.files(
        "officer-line-altered",
        "One bit of an officer's signature is changed.",
        &["officer-line-invalid"],
        |files| altered_line(files, 1),
    );
    c.files(
        "lines-swapped",
        "Two officers' signatures stand under one another's names.",
        &["officer-line-invalid", "officer-line-invalid"],
        |files| {
            let mut note = Note::parse(&files[SEAL]).unwrap();
            let first = note.signatures[0].signature.clone();
            note.signatures[0].signature =
                std::mem::replace(&mut note.signatures[1].signature, first);
            files.insert(SEAL.to_owned(), note.to_bytes());
        },
    );
    c.files(
        "foreign-line-added",
        "A line by an unknown key is added: reported, no verdict.",
        &[],
        |files| {
            let added = with_line(&files[SEAL], &key("elsewhere.example/x", 5));
            files.insert(SEAL.to_owned(), added);
        },
    );
    c.body(
        "seal-other-packet",
        "The seal is of another packet.",
        &[
            "seal-packet-mismatch",
            "custody-not-closed",
            "zip-top-folder",
        ],
        |body| {
            body.packet = PacketId::from_parts(at(5), b"abcdefghij");
        },
    );
    c.body(
        "seal-other-tagmanifest",
        "The seal names another tag manifest.",
        &["seal-tagmanifest-mismatch"],
        |body| {
            body.tagmanifest_sha256 = Sha256Digest::of(b"other");
        },
    );
    c.body(
        "seal-captures-too-many",
        "The seal names a capture that the custody log lacks.",
        &["seal-captures-mismatch"],
        |body| {
            body.captures = Ranges::of([3, 4, 5]);
        },
    );
    c.body(
        "device-prev-mismatch",
        "The first packet does not follow the enrolment.",
        &["device-prev-mismatch"],
        |body| {
            body.device_prev = Sha256Digest::of(b"something else");
        },
    );
    c.body(
        "device-second-packet",
        "A second packet: whether one is missing shows with the others.",
        &[],
        |body| {
            body.device_seq = 2;
            body.device_prev = Sha256Digest::of(b"the packet before");
        },
    );
    c.body(
        "seen-checkpoint-other-root",
        "The seal names another root than the seen checkpoint's.",
        &["seen-checkpoint-invalid"],
        |body| {
            body.seen_checkpoint = Some((3, [7; 32]));
        },
    );
    c.body(
        "seen-token-missing",
        "The seal names a timestamp token that is not there.",
        &["seen-token-mismatch", "lower-bound-not-checked"],
        |body| {
            body.seen_tsr = vec![("tsa-a".to_owned(), Sha256Digest::of(b"token"))];
        },
    );
    // The lower bound is then not checked, rather than absent.
    c.0.last_mut()
        .unwrap()
        .codes
        .retain(|code| code != "lower-bound-none");
    c.content(
        "key-id-of-another",
        "A key file claims the id of another key.",
        &["key-malformed"],
        |content| {
            content.keys.insert(
                "seal/keys/device-x.vkey".to_owned(),
                vkey_with_id_of_another(),
            );
        },
    );
    c.content(
        "enrolment-by-another",
        "An enrolment entry's authority line is wrong.",
        &["enrolment-invalid", "device-not-enrolled"],
        |content| {
            let path = "seal/keys/device-t-0001.entry";
            let changed = replace_in(
                &content.keys[path],
                "enrolled-at 2026-11-22",
                "enrolled-at 2026-11-21",
            );
            content.keys.insert(path.to_owned(), changed);
        },
    );
    c.content(
        "enrolment-absent",
        "An officer met offline has no enrolment yet.",
        &["officer-not-enrolled"],
        |content| {
            content.keys.remove("seal/keys/officer-o-0002.entry");
        },
    );
    c.content(
        "enrolment-by-stranger",
        "An enrolment entry is signed by another authority.",
        &["officer-not-enrolled"],
        |content| {
            let stranger = key(&format!("{ORIGIN}/authority"), 77);
            let entry = enrolment(SubjectKind::Officer, &officer_key(2), &stranger);
            content
                .keys
                .insert("seal/keys/officer-o-0002.entry".to_owned(), entry);
        },
    );
    p256(c);
    one_officer(c);
}

fn vkey_with_id_of_another() -> Vec<u8> {
    let name = format!("{ORIGIN}/device/t-0001");
    let id = device_key().vkey().key_id();
    let mut material = vec![0xff];
    material.extend(b"fieldseal.sm2.v1 a key that claims the id of another");
    use base64::{Engine, engine::general_purpose::STANDARD};
    format!("{name}+{id:08x}+{}\n", STANDARD.encode(material)).into_bytes()
}

fn altered_line(files: &mut Files, index: usize) {
    let mut note = Note::parse(&files[SEAL]).unwrap();
    note.signatures[index].signature[10] ^= 1;
    files.insert(SEAL.to_owned(), note.to_bytes());
}

fn p256(c: &mut Cases) {
    let device = p256_device_key();
    let mut content = Content::new();
    content.keys.insert(
        "seal/keys/device-t-0001.vkey".to_owned(),
        format!("{}\n", device.vkey()).into_bytes(),
    );
    let entry = enrolment(SubjectKind::Device, &device, &server_key("authority"));
    content
        .keys
        .insert("seal/keys/device-t-0001.entry".to_owned(), entry.clone());
    let mut files = content.bag();
    let mut body = seal_body(&files);
    body.device_prev = Sha256Digest::of(&entry);
    files.insert(
        SEAL.to_owned(),
        seal_note(&body, &[&officer_key(1), &officer_key(2), &device]),
    );
    c.add(
        "good-p256-device",
        "The tablet signs with a P-256 key.",
        true,
        ALONE,
        &[],
        zip(&files),
    );
    altered_line(&mut files, 2);
    c.add(
        "p256-line-altered",
        "One bit of a P-256 signature is changed.",
        true,
        ALONE,
        &["device-line-invalid"],
        zip(&files),
    );
}

fn one_officer(c: &mut Cases) {
    let mut content = Content::new();
    content.record["officers"]
        .as_array_mut()
        .unwrap()
        .truncate(1);
    let mut files = content.bag();
    files.insert(
        SEAL.to_owned(),
        seal_note(&seal_body(&files), &[&officer_key(1), &device_key()]),
    );
    c.add(
        "one-officer",
        "One officer alone: two are not proved, nothing failed.",
        true,
        ALONE,
        &["second-officer-absent"],
        zip(&files),
    );
    let mut content = Content::new();
    let twin = fieldseal_tlog::note::Ed25519Signer::from_seed(
        &format!("{ORIGIN}/officer/o-0002"),
        &officer_key(1).seed(),
    )
    .unwrap();
    content.keys.insert(
        "seal/keys/officer-o-0002.vkey".to_owned(),
        format!("{}\n", twin.vkey()).into_bytes(),
    );
    content.keys.insert(
        "seal/keys/officer-o-0002.entry".to_owned(),
        enrolment(SubjectKind::Officer, &twin, &server_key("authority")),
    );
    let mut files = content.bag();
    files.insert(
        SEAL.to_owned(),
        seal_note(&seal_body(&files), &[&officer_key(1), &twin, &device_key()]),
    );
    c.add(
        "officers-same-key",
        "Two officers' names, one key.",
        true,
        ALONE,
        &["officers-same-key"],
        zip(&files),
    );
}

fn contents(c: &mut Cases) {
    c.content(
        "record-other-packet",
        "The record is of another packet.",
        &["record-packet-mismatch"],
        |content| {
            content.record["packet"] = json!(PacketId::from_parts(at(5), b"abcdefghij"));
        },
    );
    c.content(
        "record-other-digest",
        "The record gives another digest for a photo.",
        &["record-item-mismatch", "custody-item-mismatch"],
        |content| {
            content.record["items"][0]["sha256"] = json!(Sha256Digest::of(b"other"));
        },
    );
    c.content(
        "record-item-forgotten",
        "The record leaves a photo out.",
        &["record-item-mismatch", "custody-item-mismatch"],
        |content| {
            content.record["items"].as_array_mut().unwrap().pop();
        },
    );
    c.content(
        "record-item-twice",
        "The record names a photo twice.",
        &["record-item-mismatch", "custody-item-mismatch"],
        |content| {
            let first = content.record["items"][0].clone();
            content.record["items"].as_array_mut().unwrap().push(first);
        },
    );
    c.content(
        "record-unknown-major",
        "The record's schema is of a later major version: not proved.",
        &["schema-unknown"],
        |content| {
            content.record["schema"] = json!("record/2");
        },
    );
    c.content(
        "record-unknown-field",
        "The record has a field that this version does not know: kept.",
        &[],
        |content| {
            content.record["later"] = json!({"a": 1});
        },
    );
    c.content(
        "form-other-kind",
        "The form is of another kind.",
        &["record-malformed"],
        |content| {
            content.form["kind"] = json!("group-rental");
        },
    );
    c.content(
        "custody-other-item",
        "The custody log captured other bytes.",
        &["custody-item-mismatch", "capture-chain-broken"],
        |content| {
            if let Event::Captured(captured) = &mut content.events[1].1 {
                captured.sha256 = Sha256Digest::of(b"other");
            }
        },
    );
    c.content(
        "custody-capture-chain",
        "A capture does not follow the one before.",
        &["capture-chain-broken"],
        |content| {
            if let Event::Captured(captured) = &mut content.events[2].1 {
                captured.capture_prev = Sha256Digest::of(b"other");
            }
        },
    );
    c.content(
        "custody-not-closed",
        "The custody log does not end with closed.",
        &["custody-not-closed"],
        |content| {
            content.events.pop();
        },
    );
    c.content(
        "custody-not-opened",
        "The custody log does not begin with opened.",
        &["custody-not-closed"],
        |content| {
            content.events.remove(0);
        },
    );
    c.content(
        "custody-closed-twice",
        "A closed log goes on without being reopened.",
        &["custody-not-closed"],
        |content| {
            let closed = content.events.last().unwrap().clone();
            content.events.push(closed);
        },
    );
    c.content(
        "custody-reopened",
        "A log that was closed, reopened and closed.",
        &[],
        |content| {
            let closed = content.events.last().unwrap().clone();
            content.events.push((
                closed.0.clone(),
                Event::Reopened {
                    voided: vec![officer_key(1).vkey().name().to_owned()],
                },
            ));
            content.events.push(closed);
        },
    );
    let custody = |c: &mut Cases, name, what, more: &[&str], change: &dyn Fn(String) -> String| {
        let content = Content::new();
        let changed = change(String::from_utf8(content.custody()).unwrap()).into_bytes();
        c.add(
            name,
            what,
            true,
            ALONE,
            more,
            zip(&sealed(content.bag_with_custody(changed))),
        );
    };
    custody(
        c,
        "custody-chain-broken",
        "A line of the custody log was changed before the seal.",
        &["custody-chain-broken"],
        &|text| text.replacen("\"presence\":\"refused\"", "\"presence\":\"present\"", 1),
    );
    custody(
        c,
        "custody-line-removed",
        "A line of the custody log was removed before the seal.",
        &["custody-chain-broken"],
        &|text| {
            text.split_inclusive('\n')
                .filter(|line| !line.contains("\"party\""))
                .collect()
        },
    );
    custody(
        c,
        "custody-not-json",
        "A line of the custody log is not JSON.",
        &["custody-malformed", "custody-chain-broken"],
        &|text| text.replacen("\"event\":\"party\"", "\"event\":party", 1),
    );
    custody(
        c,
        "custody-truncated",
        "The custody log's last line has no end.",
        &["custody-malformed"],
        &|mut text| {
            text.pop();
            text
        },
    );
    custody(
        c,
        "custody-unknown-event",
        "The custody log has an event that this version does not know: kept.",
        &[],
        &|text| {
            let mut head = Head::START;
            let mut out = String::new();
            for line in text.lines() {
                let line = line.replacen("\"event\":\"party\"", "\"event\":\"later\"", 1);
                let start = line.find("\"prev\":\"").unwrap() + 8;
                let line = format!("{}{}{}\n", &line[..start], head.prev, &line[start + 64..]);
                head = Head {
                    n: head.n + 1,
                    prev: Sha256Digest::of(line.as_bytes()),
                };
                out.push_str(&line);
            }
            out
        },
    );
    let raw_record = |c: &mut Cases, name, what, more: &[&str], from: &str, to: &str| {
        let content = Content::new();
        let mut payload = content.bag();
        let changed = replace_in(&payload["data/record.json"], from, to);
        payload.insert("data/record.json".to_owned(), changed);
        let (payload, tags): (Files, Files) = payload
            .into_iter()
            .filter(|(path, _)| path.contains('/'))
            .partition(|(path, _)| path.starts_with("data/"));
        c.add(
            name,
            what,
            true,
            ALONE,
            more,
            zip(&sealed(manifests(payload, tags.into_iter().collect()))),
        );
    };
    raw_record(
        c,
        "record-duplicate-key",
        "The record has a key twice.",
        &["record-malformed"],
        "\"facts\":",
        "\"facts\":{},\"facts\":",
    );
    raw_record(
        c,
        "record-not-json",
        "The record is not JSON.",
        &["record-malformed"],
        "\"facts\":",
        "facts:",
    );
    raw_record(
        c,
        "record-wrong-type",
        "A field of the record has another type.",
        &["record-malformed"],
        "\"size\":18",
        "\"size\":\"18\"",
    );
}

fn zips(c: &mut Cases) {
    let files = sealed(Content::new().bag());
    let good = zip(&files);
    let folder = fieldseal_packet::bag::packet_folder(&packet_id());
    let mut list: Vec<(String, Vec<u8>)> = files.clone().into_iter().collect();
    c.add(
        "zip-other-order",
        "Another tool has packed the zip again: reported, no verdict.",
        true,
        ALONE,
        &[],
        zip_files(&folder, &list),
    );
    c.add(
        "zip-other-folder",
        "The top folder has another name.",
        true,
        ALONE,
        &["zip-top-folder"],
        zip_files("packet-x", &list),
    );
    let with = |extra: &[(&str, &[u8])]| {
        let mut list: Vec<(String, Vec<u8>)> = files.clone().into_iter().collect();
        list.extend(
            extra
                .iter()
                .map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())),
        );
        zip_files(&folder, &list)
    };
    c.zip(
        "zip-duplicate-name",
        "Two entries of one name.",
        &["zip-name-duplicate"],
        with(&[("data/items/0001.jpg", b"x")]),
    );
    c.zip(
        "zip-case-collision",
        "Two names that differ in case alone.",
        &["zip-name-duplicate"],
        with(&[("data/items/0001.JPG", b"x")]),
    );
    c.zip(
        "zip-nfc-collision",
        "Two names that differ in Unicode form alone.",
        &["zip-name-duplicate"],
        with(&[("data/\u{e9}", b"x"), ("data/e\u{301}", b"y")]),
    );
    c.zip(
        "zip-parent-escape",
        "A name with `..`.",
        &["zip-name-unsafe"],
        with(&[("../x", b"x")]),
    );
    c.zip(
        "zip-absolute-name",
        "A name with an empty part.",
        &["zip-name-unsafe"],
        with(&[("/etc/x", b"x")]),
    );
    c.zip(
        "zip-backslash-name",
        "A name with a backslash.",
        &["zip-name-unsafe"],
        with(&[("data\\x", b"x")]),
    );
    list.truncate(2);
    let mut two = list
        .iter()
        .map(|(path, bytes)| (format!("{folder}/{path}"), bytes.clone()))
        .collect::<Vec<_>>();
    two.push(("other/x".to_owned(), b"x".to_vec()));
    c.zip(
        "zip-two-folders",
        "Two top folders.",
        &["zip-top-folder"],
        without_folder(&two),
    );
    c.zip(
        "zip-truncated",
        "The zip's last 100 bytes are gone.",
        &["zip-malformed"],
        good[..good.len() - 100].to_vec(),
    );
    c.zip(
        "zip-prefix",
        "Bytes stand before the first entry.",
        &["zip-malformed"],
        [b"MZ".as_slice(), &good].concat(),
    );
    c.zip(
        "zip-suffix",
        "Bytes stand after the end.",
        &["zip-malformed"],
        [good.as_slice(), b"\0"].concat(),
    );
    c.zip(
        "zip-random",
        "Not a zip.",
        &["zip-malformed"],
        vec![0x5a; 4096],
    );
    c.zip(
        "zip-empty",
        "No bytes at all.",
        &["zip-malformed"],
        Vec::new(),
    );
    let bagit = [b"PK\x01\x02".as_slice(), &[0x2d, 3, 20, 0, 0, 8, 0, 0]].concat();
    let deflated = [b"PK\x01\x02".as_slice(), &[0x2d, 3, 20, 0, 0, 8, 8, 0]].concat();
    c.zip(
        "zip-deflated",
        "Entries are said to be compressed: how a bomb would begin.",
        &["zip-method"],
        patch(&good, &bagit, &deflated),
    );
    let encrypted = [b"PK\x01\x02".as_slice(), &[0x2d, 3, 20, 0, 1, 8, 0, 0]].concat();
    c.zip(
        "zip-encrypted",
        "Entries are said to be encrypted.",
        &["zip-method"],
        patch(&good, &bagit, &encrypted),
    );
    let regular = (0o100_644u32 << 16).to_le_bytes();
    let symlink = (0o120_777u32 << 16).to_le_bytes();
    c.zip(
        "zip-symlink",
        "Entries are said to be symbolic links.",
        &["zip-entry-kind"],
        patch(&good, &regular, &symlink),
    );
    let size = (files["bagit.txt"].len() as u32).to_le_bytes();
    let huge = [&size[..], &size[..]].concat();
    let lie = [&0xf000_0000u32.to_le_bytes()[..], &size[..]].concat();
    c.zip(
        "zip-size-lies",
        "An entry's two sizes differ.",
        &["zip-malformed"],
        patch(&good, &huge, &lie),
    );
    let crc = crc32fast::hash(&files["bagit.txt"]).to_le_bytes();
    c.add(
        "zip-crc",
        "The CRC of an entry does not fit its bytes.",
        true,
        ALONE,
        &["zip-crc-mismatch"],
        patch(&good, &crc, &[1, 2, 3, 4]),
    );
}

fn without_folder(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    use fieldseal_packet::ziplayout::{Layout, LayoutEntry};
    use std::io::{Cursor, Read};
    let entry = |(path, bytes): &(String, Vec<u8>)| LayoutEntry {
        path: path.clone(),
        size: bytes.len() as u64,
        crc32: crc32fast::hash(bytes),
    };
    let layout = Layout::new(&files.iter().map(entry).collect::<Vec<_>>()).unwrap();
    let open = |index: usize, offset: u64| -> std::io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Cursor::new(&files[index].1[offset as usize..])))
    };
    let mut zip = Vec::new();
    layout.reader(0, open).read_to_end(&mut zip).unwrap();
    zip
}

fn exports(c: &mut Cases) {
    let receipt = "data/receipt/receipt";
    let proof = "data/receipt/packet.tlog-proof";
    let rewrite = |payload: &mut Files, change: &dyn Fn(&mut Receipt)| {
        let note = Note::parse(&payload[receipt]).unwrap();
        let mut body = Receipt::parse(&note.text).unwrap();
        change(&mut body);
        payload.insert(receipt.to_owned(), seal_receipt(&body));
    };
    c.export(
        "receipt-altered",
        "The receipt's text is changed.",
        EXPORTED,
        &["receipt-invalid"],
        |payload| {
            let changed = replace_in(&payload[receipt], "copies 1", "copies 3");
            payload.insert(receipt.to_owned(), changed);
        },
    );
    c.export(
        "receipt-other-zip",
        "The receipt is for other bytes.",
        EXPORTED,
        &["receipt-mismatch"],
        |payload| {
            rewrite(payload, &|receipt| {
                receipt.zip_sha256 = Sha256Digest::of(b"other")
            });
        },
    );
    c.export(
        "receipt-other-leaf",
        "The receipt names another leaf than the proof.",
        EXPORTED,
        &["receipt-mismatch"],
        |payload| {
            rewrite(payload, &|receipt| receipt.leaf_index = 0);
        },
    );
    c.export(
        "receipt-other-key",
        "The receipt is by a key that nobody trusts.",
        EXPORTED,
        &["receipt-key-unknown"],
        |payload| {
            let note = Note::parse(&payload[receipt]).unwrap();
            let stranger = key(&format!("{ORIGIN}/receipts"), 9);
            payload.insert(
                receipt.to_owned(),
                Note::sign(&note.text, &[&stranger]).unwrap().to_bytes(),
            );
        },
    );
    c.export(
        "receipt-not-a-note",
        "The receipt is not a signed note.",
        EXPORTED,
        &["receipt-malformed"],
        |payload| {
            payload.insert(receipt.to_owned(), b"hello\n".to_vec());
        },
    );
    c.export(
        "proof-of-another-leaf",
        "The proof of inclusion is of another leaf.",
        EXPORTED,
        &["log-inclusion-invalid"],
        |payload| {
            let mut parsed = TlogProof::parse(&payload[proof]).unwrap();
            parsed.index = 4;
            payload.insert(proof.to_owned(), parsed.to_bytes());
        },
    );
    c.export(
        "proof-absent",
        "There is no proof of inclusion.",
        EXPORTED,
        &["log-inclusion-absent"],
        |payload| {
            payload.remove(proof);
        },
    );
    c.export(
        "proof-malformed",
        "The proof of inclusion has a hash of 31 bytes.",
        EXPORTED,
        &["proof-malformed"],
        |payload| {
            let text = String::from_utf8(payload[proof].clone()).unwrap();
            let mut lines: Vec<&str> = text.split('\n').collect();
            lines[2] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
            payload.insert(proof.to_owned(), lines.join("\n").into_bytes());
        },
    );
    c.export(
        "checkpoint-altered",
        "The checkpoint in the proof is changed.",
        EXPORTED,
        &["checkpoint-invalid", "checkpoint-invalid"],
        |payload| {
            let changed = replace_in(
                &payload[proof],
                &format!("{ORIGIN}\n5\n"),
                &format!("{ORIGIN}\n6\n"),
            );
            payload.insert(proof.to_owned(), changed);
        },
    );
    c.export(
        "checkpoint-differs",
        "The checkpoint file is not the proof's.",
        EXPORTED,
        &["checkpoint-invalid"],
        |payload| {
            payload.insert(
                "data/receipt/checkpoint".to_owned(),
                checkpoint(&log_before()),
            );
        },
    );
    c.export(
        "consistency-altered",
        "The consistency proof is changed.",
        EXPORTED,
        &["consistency-invalid"],
        |payload| {
            payload.insert("data/receipt/consistency".to_owned(), b"3 5\n".to_vec());
        },
    );
    c.export(
        "custody-after-of-another",
        "The server's custody log belongs to another seal.",
        EXPORTED,
        &["custody-chain-broken"],
        |payload| {
            let changed = replace_in(
                &payload["data/custody-after.log"],
                "\"prev\":\"",
                "\"prev\":\"f",
            );
            let text = String::from_utf8(changed).unwrap();
            let start = text.find("\"prev\":\"").unwrap() + 8;
            let first = format!("{}{}", &text[..start + 64], &text[start + 65..]);
            payload.insert("data/custody-after.log".to_owned(), first.into_bytes());
        },
    );
    c.export(
        "export-without-packet",
        "The export holds no packet.",
        &[],
        &[],
        |payload| {
            payload.retain(|path, _| !path.ends_with(".zip"));
        },
    );
    // Without a packet zip it is read as a packet, of which it has none of the parts.
    let last = c.0.last_mut().unwrap();
    last.codes = [
        "custody-missing",
        "record-missing",
        "record-missing",
        "seal-missing",
    ]
    .map(str::to_owned)
    .to_vec();
    c.export(
        "export-packet-changed",
        "The packet in the export is changed; the export's manifests fit.",
        EXPORTED,
        &["item-mismatch", "record-item-mismatch", "receipt-mismatch"],
        |payload| {
            let mut files = sealed(Content::new().bag());
            flip(&mut files, "data/items/0001.jpg");
            payload.insert(format!("data/packet-{}.zip", packet_id()), zip(&files));
        },
    );
}
