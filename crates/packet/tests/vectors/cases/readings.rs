//! Places where two readers of the specification might decide otherwise: each has a sentence there, and here a vector.

use super::tokens::both_ends;
use super::*;
use crate::support::maker::{Asks, Imprint};

pub(super) fn readings(c: &mut Cases) {
    words(c);
    keys(c);
    folders(c);
    forms_of_tokens(c);
}

fn words(c: &mut Cases) {
    c.content(
        "party-presence-of-another-word",
        "Record and custody log agree on a word for the party's presence that this version does not know.",
        &[],
        |content| {
            content.record["party"]["presence"] = json!("asleep");
            for (_, event) in &mut content.events {
                if let Event::Party { presence, .. } = event {
                    *presence = "asleep".to_owned();
                }
            }
        },
    );
    for (name, what, schema, code) in [
        (
            "record-major-with-zero",
            "The record's major version is written with a leading zero.",
            "record/01",
            "record-malformed",
        ),
        (
            "record-major-with-sign",
            "The record's major version is written with a sign.",
            "record/+1",
            "record-malformed",
        ),
        (
            "record-major-zero",
            "The record's major version is zero, which there is not.",
            "record/0",
            "record-malformed",
        ),
        (
            "record-major-last",
            "The record's major version is the largest there can be.",
            "record/4294967295",
            "schema-unknown",
        ),
        (
            "record-major-beyond",
            "The record's major version is larger than any can be.",
            "record/4294967296",
            "record-malformed",
        ),
    ] {
        c.content(name, what, &[code], |content| {
            content.record["schema"] = json!(schema);
        });
    }
    c.add(
        "seal-version-with-zero",
        "The seal's first line has its version with a leading zero.",
        true,
        &[],
        &["seal-malformed"],
        {
            let mut files = Content::new().bag();
            let text =
                seal_body(&files)
                    .text()
                    .replacen("/packet-seal/v1\n", "/packet-seal/v01\n", 1);
            let signers: [&dyn Signer; 3] = [&device_key(), &officer_key(1), &officer_key(2)];
            let note = Note::sign(&text, &signers).unwrap().to_bytes();
            files.insert(SEAL.to_owned(), note);
            zip(&files)
        },
    );
}

fn keys(c: &mut Cases) {
    let vkey = format!("{}\n", officer_key(2).vkey());
    c.content(
        "key-of-an-entry-that-is-wrong",
        "The tablet's key is known by its entry alone, which does not verify: it checks the line, and enrols nobody.",
        &["device-not-enrolled", "enrolment-invalid"],
        |content| {
            content.keys.remove("seal/keys/device-t-0001.vkey");
            flip_signature(&mut content.keys, "seal/keys/device-t-0001.entry");
        },
    );
    c.content(
        "key-file-with-a-wrong-line",
        "Of a packet's key file one line is no key: its other lines count.",
        &["key-malformed", "officer-not-enrolled"],
        |content| {
            content.keys.remove("seal/keys/officer-o-0002.entry");
            let bytes = format!("no key\n{vkey}").into_bytes();
            content
                .keys
                .insert("seal/keys/officer-o-0002.vkey".to_owned(), bytes);
        },
    );
    for (name, what, before, codes) in [
        (
            "export-key-file",
            "An officer's key comes with the export alone.",
            "",
            ["officer-not-enrolled"].as_slice(),
        ),
        (
            "export-key-file-with-a-wrong-line",
            "Of an export's key file one line is no key: none of its lines counts.",
            "no key\n",
            &["key-malformed", "officer-key-unknown"],
        ),
    ] {
        let mut content = Content::new();
        content.keys.remove("seal/keys/officer-o-0002.entry");
        content.keys.remove("seal/keys/officer-o-0002.vkey");
        let files = sealed(content.bag());
        let mut payload = export_payload(&zip(&files), &files[SEAL]);
        payload.insert(
            "data/receipt/keys/officers.vkey".to_owned(),
            format!("{before}{vkey}").into_bytes(),
        );
        c.add(name, what, true, EXPORTED, codes, export_zip(payload));
    }
}

/// Changes a bit of a note's signature; the note still reads.
fn flip_signature(files: &mut Files, path: &str) {
    let mut note = Note::parse(&files[path]).unwrap();
    note.signatures[0].signature[9] ^= 1;
    files.insert(path.to_owned(), note.to_bytes());
}

fn folders(c: &mut Cases) {
    let good = zip(&sealed(Content::new().bag()));
    let regular = (0o100_644u32 << 16).to_le_bytes();
    c.add(
        "zip-files-with-attributes-of-folders",
        "Entries whose names are files' have the attributes of folders: the name decides.",
        true,
        ALONE,
        &[],
        patch(&good, &regular, &(0o040_755u32 << 16).to_le_bytes()),
    );
    c.expect(&["zip-not-canonical"], (None, None));
    c.add(
        "zip-files-without-a-kind",
        "Entries have no file type in their attributes.",
        true,
        ALONE,
        &[],
        patch(&good, &regular, &(0o644u32 << 16).to_le_bytes()),
    );
    c.expect(&["zip-not-canonical"], (None, None));
    let pipe = (0o010_644u32 << 16).to_le_bytes();
    c.zip(
        "zip-pipe",
        "Entries are said to be pipes.",
        &["zip-entry-kind"],
        patch(&good, &regular, &pipe),
    );
}

fn forms_of_tokens(c: &mut Cases) {
    type Make = fn(&str, &[u8]) -> Vec<u8>;
    /// Of the seen token, and of the other.
    type Both = (&'static str, &'static str);
    let forms: [(Both, Both, Make); 4] = [
        (
            ("seen-token-sha384", "token-sha384"),
            (
                "The seen token's imprint is of SHA-384.",
                "The token's imprint is of SHA-384.",
            ),
            |time, text| {
                let asks = Asks {
                    imprint: Imprint::Sha384,
                    ..Asks::at(time)
                };
                alpha().stamp(&asks, text)
            },
        ),
        (
            ("seen-token-sha512", "token-sha512"),
            (
                "The seen token's imprint is of SHA-512.",
                "The token's imprint is of SHA-512.",
            ),
            |time, text| {
                let asks = Asks {
                    imprint: Imprint::Sha512,
                    ..Asks::at(time)
                };
                beta().stamp(&asks, text)
            },
        ),
        (
            ("seen-token-by-key-id", "token-by-key-id"),
            (
                "The seen token names its signer by the key's identifier.",
                "The token names its signer by the key's identifier.",
            ),
            |time, text| {
                let asks = Asks {
                    by_key_id: true,
                    ..Asks::at(time)
                };
                let named = alpha_with(|says| says.key_id = Some(b"a key id".to_vec()));
                named.stamp(&asks, text)
            },
        ),
        (
            (
                "seen-token-of-the-first-version",
                "token-of-the-first-version",
            ),
            (
                "The seen token binds its signer's certificate by SHA-1, as RFC 2634 has it.",
                "The token binds its signer's certificate by SHA-1, as RFC 2634 has it.",
            ),
            |time, text| {
                let asks = Asks {
                    first_version: true,
                    ..Asks::at(time)
                };
                alpha().stamp(&asks, text)
            },
        ),
    ];
    for (names, what, make) in forms {
        both_ends(c, names, what, (&[], &[]), make);
    }
}
