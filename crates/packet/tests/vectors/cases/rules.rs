//! Rules of the data that nothing else in a packet contradicts: bag-info, the boot clock, coordinates, characters.

use super::*;

/// Puts other bytes in place of a tag file, with manifests and seal that fit.
fn retagged(path: &str, bytes: Vec<u8>) -> Files {
    let mut files = Content::new().bag();
    let old = Sha256Digest::of(&files[path]).to_string();
    let new = Sha256Digest::of(&bytes).to_string();
    let manifest = replace_in(&files[TAGMANIFEST], &old, &new);
    files.insert(path.to_owned(), bytes);
    files.insert(TAGMANIFEST.to_owned(), manifest);
    sealed(files)
}

pub(super) fn rules(c: &mut Cases) {
    info(c);
    boot_clock(c);
    coordinates(c);
    characters(c);
}

fn info(c: &mut Cases) {
    let path = "bag-info.txt";
    let good = Content::new().bag()[path].clone();
    for (name, what, from, to, more) in [
        (
            "bag-info-no-date",
            "bag-info.txt has no Bagging-Date.",
            "Bagging-Date: 2026-11-23\n",
            "",
            &["bag-info"][..],
        ),
        (
            "bag-info-odd-date",
            "The Bagging-Date is no day.",
            "2026-11-23",
            "2026-02-29",
            &["bag-info"],
        ),
        (
            "bag-info-no-profile",
            "bag-info.txt names no profile.",
            "BagIt-Profile-Identifier: urn:fieldseal:bagit-profile:packet:1\n",
            "",
            &["bag-info"],
        ),
        (
            "bag-info-other-profile",
            "bag-info.txt names an export's profile.",
            "profile:packet:1",
            "profile:export:1",
            &["bag-info"],
        ),
        (
            "bag-info-oxum",
            "The Payload-Oxum counts another file.",
            ".5\n",
            ".6\n",
            &["bag-info"],
        ),
        (
            "bag-info-no-identifier",
            "bag-info.txt does not say which packet it is.",
            "External-Identifier: ",
            "Internal-Identifier: ",
            &["record-packet-mismatch", "seal-packet-mismatch"],
        ),
    ] {
        let files = retagged(path, replace_in(&good, from, to));
        c.add(name, what, true, ALONE, more, zip(&files));
    }
    let mut files = Content::new().bag();
    files.remove(path);
    let manifest = String::from_utf8(files[TAGMANIFEST].clone()).unwrap();
    let rest: String = manifest
        .split_inclusive('\n')
        .filter(|line| !line.ends_with("  bag-info.txt\n"))
        .collect();
    files.insert(TAGMANIFEST.to_owned(), rest.into_bytes());
    c.add(
        "bag-info-missing",
        "There is no bag-info.txt, and no manifest lists one.",
        true,
        ALONE,
        &["bag-info", "record-packet-mismatch", "seal-packet-mismatch"],
        zip(&sealed(files)),
    );
}

fn boot_clock(c: &mut Cases) {
    let malformed = &["custody-malformed"];
    c.content(
        "custody-without-boot-id",
        "A line of the tablet's custody log does not say since which start.",
        malformed,
        |content| content.events[3].0.boot_id = None,
    );
    c.content(
        "custody-without-boot-clock",
        "A line of the tablet's custody log has no boot clock.",
        malformed,
        |content| content.events[3].0.boot_ms = None,
    );
}

fn coordinates(c: &mut Cases) {
    let fix = |content: &mut Content, latitude: &str, longitude: &str| {
        for (_, event) in &mut content.events {
            if let Event::Captured(captured) = event {
                let fix = captured.context.fix.as_mut().unwrap();
                fix.latitude = latitude.to_owned();
                fix.longitude = longitude.to_owned();
            }
        }
    };
    for (name, what, latitude, longitude) in [
        (
            "capture-beyond-the-pole",
            "A photo's latitude is above 90 degrees.",
            "90.00001",
            "121.4",
        ),
        (
            "capture-around-the-world",
            "A photo's longitude is below -180 degrees.",
            "31.2",
            "-180.1",
        ),
        (
            "capture-coordinate-exponent",
            "A photo's latitude is written with an exponent.",
            "3.12e1",
            "121.4",
        ),
        (
            "capture-coordinate-plus",
            "A photo's latitude is written with a plus sign.",
            "+31.2",
            "121.4",
        ),
        (
            "capture-coordinate-empty",
            "A photo's latitude is empty.",
            "",
            "121.4",
        ),
    ] {
        c.content(name, what, &["custody-malformed"], |content| {
            fix(content, latitude, longitude);
        });
    }
    c.content(
        "coordinates-at-the-edge",
        "The south pole, on the date line: as good as any place.",
        &[],
        |content| fix(content, "-90", "180.000"),
    );
    c.content(
        "capture-accuracy-negative",
        "A photo's accuracy is below zero.",
        &["custody-malformed"],
        |content| {
            for (_, event) in &mut content.events {
                if let Event::Captured(captured) = event {
                    captured.context.fix.as_mut().unwrap().accuracy_m = -1.0;
                }
            }
        },
    );
    c.content(
        "record-beyond-the-pole",
        "The record's place is above 90 degrees, and that of no photo.",
        &["record-malformed", "record-custody-mismatch"],
        |content| {
            let fix = context(10).fix.unwrap();
            let mut place = serde_json::to_value(fix).unwrap();
            place["latitude"] = json!("91.0");
            content.record["where"]["fix"] = place;
        },
    );
}

/// The packet with other bytes in its record, sealed in good faith.
fn with_record(from: &str, to: &str) -> Vec<u8> {
    let content = Content::new();
    let mut payload = content.bag();
    payload.retain(|path, _| path.starts_with("data/"));
    let path = "data/record.json";
    let changed = replace_in(&payload[path], from, to);
    payload.insert(path.to_owned(), changed);
    let tags = content
        .keys
        .iter()
        .chain(&content.seen)
        .map(|(path, bytes)| (path.clone(), bytes.clone()))
        .collect();
    zip(&sealed(manifests(payload, tags)))
}

fn characters(c: &mut Cases) {
    let malformed = &["record-malformed"][..];
    for (name, what, codes, from, to) in [
        (
            "record-noncharacter",
            "The record holds U+FFFE, which is no character.",
            malformed,
            "示例路1号",
            "示例路\u{fffe}号",
        ),
        (
            "record-noncharacter-escaped",
            "The record holds U+1FFFF, which is no character, as two escapes.",
            malformed,
            "示例路1号",
            "\\ud83f\\udfff",
        ),
        (
            "record-noncharacter-name",
            "A field's name in the record holds U+FDD0, which is no character.",
            malformed,
            "\"address\"",
            "\"addr\\ufdd0ess\"",
        ),
        (
            "record-lone-surrogate",
            "The record holds half of a pair of escapes.",
            malformed,
            "示例路1号",
            "\\ud83f",
        ),
        (
            "record-private-use",
            "The record holds a character for private use, and one beyond the first plane.",
            &[],
            "示例路1号",
            "\u{e000}\\ud83d\\ude00",
        ),
        (
            "record-integer-too-large",
            "The record holds an integer beyond 2^53 - 1.",
            malformed,
            "\"facts\":{",
            "\"facts\":{\"n\":9007199254740992,",
        ),
        (
            "record-byte-order-mark",
            "The record begins with a byte order mark.",
            malformed,
            "{\"",
            "\u{feff}{\"",
        ),
    ] {
        c.add(name, what, true, ALONE, codes, with_record(from, to));
    }
}
