//! Seals, their lines, and the keys behind them.

use super::*;

pub(super) fn seals(c: &mut Cases) {
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
        &[&device, &one],
    );
    let stranger = key(&format!("{ORIGIN}/device/t-0001"), 99);
    c.lines(
        "device-key-unknown",
        "The tablet's line is by a key that nobody supplies.",
        &["device-key-unknown"],
        &[&stranger, &one, &two],
    );
    let other = key(&format!("{ORIGIN}/officer/o-0002"), 99);
    c.lines(
        "officer-key-unknown",
        "An officer's line is by a key that nobody supplies.",
        &["officer-key-unknown"],
        &[&device, &one, &other],
    );
    let second = key(&format!("{ORIGIN}/device/t-0002"), 1);
    c.lines(
        "second-device-line",
        "A line by another tablet is added beside the record's: reported, no verdict.",
        &[],
        &[&device, &one, &two, &second],
    );
    let tablet = key(&format!("{ORIGIN}/device/t-0002"), 1);
    c.lines(
        "another-device-signed",
        "Another tablet than the record names has signed.",
        &["record-device-mismatch"],
        &[&tablet, &one, &two],
    );
    c.files(
        "device-line-altered",
        "One bit of the tablet's signature is changed.",
        &["device-line-invalid"],
        |files| altered_line(files, 0),
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
            let first = note.signatures[1].signature.clone();
            note.signatures[1].signature =
                std::mem::replace(&mut note.signatures[2].signature, first);
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
        &["seen-token-mismatch"],
        |body| {
            body.seen_tsr = vec![("tsa-a".to_owned(), Sha256Digest::of(b"token"))];
        },
    );
    // There is one named, so that none is not what is found.
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
        "enrolment-other-kind",
        "An officer's key is enrolled as a tablet's.",
        &["enrolment-invalid", "officer-not-enrolled"],
        |content| {
            let entry = enrolment(
                SubjectKind::Device,
                &officer_key(2),
                &server_key("authority"),
            );
            content
                .keys
                .insert("seal/keys/officer-o-0002.entry".to_owned(), entry);
        },
    );
    c.content(
        "enrolment-by-rotation",
        "An officer's key came by rotation: as good as an enrolment.",
        &[],
        |content| {
            let body = Rotated {
                origin: ORIGIN.to_owned(),
                kind: SubjectKind::Officer,
                subject: officer_key(2).vkey().name().to_owned(),
                old_vkey: key(officer_key(2).vkey().name(), 50).vkey().to_string(),
                vkey: officer_key(2).vkey().to_string(),
                rotated_at: at(-60),
            };
            let note = Note::sign(&body.text(), &[&server_key("authority")]).unwrap();
            content
                .keys
                .insert("seal/keys/officer-o-0002.entry".to_owned(), note.to_bytes());
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
        seal_note(&body, &[&device, &officer_key(1), &officer_key(2)]),
    );
    c.add(
        "good-p256-device",
        "The tablet signs with a P-256 key.",
        true,
        ALONE,
        &[],
        zip(&files),
    );
    altered_line(&mut files, 0);
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
        seal_note(&seal_body(&files), &[&device_key(), &officer_key(1)]),
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
    content.record["officers"]
        .as_array_mut()
        .unwrap()
        .truncate(1);
    content.record["kind"] = json!("void");
    content.record["void_reason"] = json!("taken in error");
    let given_up = content.events.len() - 1;
    let meta = content.events[given_up].0.clone();
    let reason = "taken in error".to_owned();
    content
        .events
        .insert(given_up, (meta, Event::GivenUp { reason }));
    let mut files = content.bag();
    files.insert(
        SEAL.to_owned(),
        seal_note(&seal_body(&files), &[&device_key(), &officer_key(1)]),
    );
    c.add(
        "given-up-by-one-officer",
        "A draft given up by one officer: two are not proved.",
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
        seal_note(&seal_body(&files), &[&device_key(), &officer_key(1), &twin]),
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
