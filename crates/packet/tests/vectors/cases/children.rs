//! Signed children in an export: the child, its note, the parent and the maker's key.

use super::*;
use fieldseal_packet::child::{Derived, MAX_NOTE};
use fieldseal_packet::entry::Revoked;

const CHILD: &str = "data/derived/0001-stamped.jpg";
const NOTE: &str = "data/derived/0001-stamped.jpg.note";
const BYTES: &[u8] = b"\xff\xd8\xff\xe0 a first photo, with a strip below it";

/// What is right about the first photo's stamped copy.
fn body(payload: &Files) -> Derived {
    let receipt = Note::parse(&payload["data/receipt/receipt"]).unwrap();
    let receipt = Receipt::parse(&receipt.text).unwrap();
    Derived {
        origin: ORIGIN.to_owned(),
        packet: packet_id(),
        seal_sha256: receipt.seal_sha256,
        parent_path: "data/items/0001.jpg".to_owned(),
        parent_sha256: Sha256Digest::of(&Content::new().items[0].1),
        child: "0001-stamped.jpg".to_owned(),
        child_sha256: Sha256Digest::of(BYTES),
        child_size: BYTES.len() as u64,
        kind: "stamped".to_owned(),
        tool: "fieldseal-server 0.1.0".to_owned(),
        steps: vec![
            "decoded as image/jpeg, 4000 x 3000 pixels".to_owned(),
            "加水印：时间、地点、执法人员、证据包编号、二维码".to_owned(),
        ],
        made_at: at(86_400),
        maker: "account/zhou".to_owned(),
    }
}

/// Puts the child and its note in, as `change` leaves the note's body.
fn child(payload: &mut Files, signer: &dyn Signer, change: impl Fn(&mut Derived)) {
    let mut body = body(payload);
    change(&mut body);
    let note = Note::sign(&body.text(), &[signer]).unwrap();
    payload.insert(CHILD.to_owned(), BYTES.to_vec());
    payload.insert(NOTE.to_owned(), note.to_bytes());
}

pub(super) fn children(c: &mut Cases) {
    c.export(
        "good-child",
        "The export brings a stamped copy that the server signed for an account.",
        EXPORTED,
        &[],
        |payload| child(payload, &server_key("decisions"), |_| {}),
    );
    c.expect(&["child-ok"], (None, None));
    makers(c);
    parents(c);
    files(c);
    signatures(c);
}

fn makers(c: &mut Cases) {
    for (name, what, signer) in [
        (
            "good-child-by-device",
            "The packet's tablet made the copy.",
            device_key(),
        ),
        (
            "good-child-by-officer",
            "An officer's key signed the copy.",
            officer_key(1),
        ),
    ] {
        c.export(name, what, EXPORTED, &[], |payload| {
            let maker = signer.vkey().name().to_owned();
            child(payload, &signer, |body| {
                body.maker = maker.clone();
                body.kind = "annotated".to_owned();
            });
        });
        c.expect(&["child-ok"], (None, None));
    }
    let mut unknown = |name, what, change: &dyn Fn(&mut Files)| {
        c.export(name, what, EXPORTED, &["child-key-unknown"], change);
    };
    unknown(
        "child-by-stranger",
        "A tablet that nobody enrolled made the copy; its key is there.",
        &|payload| {
            let stranger = key(&format!("{ORIGIN}/device/t-0009"), 77);
            let vkey = format!("{}\n", stranger.vkey());
            payload.insert(
                "data/receipt/keys/device-t-0009.vkey".to_owned(),
                vkey.into_bytes(),
            );
            let maker = stranger.vkey().name().to_owned();
            child(payload, &stranger, |body| body.maker = maker.clone());
        },
    );
    unknown(
        "child-by-revoked-officer",
        "The officer's key that signed the copy was revoked later: nothing says the copy was made before.",
        &|payload| {
            let officer = officer_key(3);
            let vkey = officer.vkey();
            let stem = "data/receipt/keys/officer-o-0003";
            let entry = enrolment(SubjectKind::Officer, &officer, &server_key("authority"));
            payload.insert(format!("{stem}.entry"), entry);
            let revoked = Revoked {
                origin: ORIGIN.to_owned(),
                subject: vkey.name().to_owned(),
                vkey: vkey.to_string(),
                reason: "lost".to_owned(),
                revoked_at: at(90_000),
            };
            let note = Note::sign(&revoked.text(), &[&server_key("authority")]).unwrap();
            payload.insert(format!("{stem}.revoked"), note.to_bytes());
            let maker = vkey.name().to_owned();
            child(payload, &officer, |body| body.maker = maker.clone());
        },
    );
    unknown(
        "child-by-another-than-its-maker",
        "The note names an officer as maker; the server's line is on it, which does not count.",
        &|payload| {
            let maker = officer_key(1).vkey().name().to_owned();
            child(payload, &server_key("decisions"), |body| {
                body.maker = maker.clone();
            });
        },
    );
    unknown(
        "child-by-another-decisions-key",
        "The note is by a decisions key that the trust file does not have.",
        &|payload| {
            let other = key(&format!("{ORIGIN}/decisions"), 78);
            child(payload, &other, |_| {});
        },
    );
}

fn parents(c: &mut Cases) {
    type Change = fn(&mut Derived);
    let cases: [(&str, &str, Change); 6] = [
        (
            "child-of-another-origin",
            "The note is of another deployment.",
            |body| body.origin = "other.example/log".to_owned(),
        ),
        (
            "child-of-another-packet",
            "The note names another packet.",
            |body| body.packet = PacketId::from_parts(at(5), b"abcdefghij"),
        ),
        (
            "child-of-another-seal",
            "The note names another packet digest.",
            |body| body.seal_sha256 = Sha256Digest::of(b"another"),
        ),
        (
            "child-parent-other-digest",
            "The parent's digest is of no item.",
            |body| body.parent_sha256 = Sha256Digest::of(b"no item"),
        ),
        (
            "child-parent-other-item",
            "The parent's digest is the second photo's, its path the first's.",
            |body| body.parent_sha256 = Sha256Digest::of(&Content::new().items[1].1),
        ),
        (
            "child-parent-no-item",
            "The parent is a file of the packet, but no item.",
            |body| {
                let content = Content::new();
                body.parent_path = "data/form.json".to_owned();
                let form = serde_json::to_vec(&content.form).unwrap();
                body.parent_sha256 = Sha256Digest::of(&form);
            },
        ),
    ];
    for (name, what, change) in cases {
        let codes = &["child-parent-unknown"];
        c.export(name, what, EXPORTED, codes, |payload| {
            // A note of another deployment that our key signed all the same.
            child(payload, &server_key("decisions"), change);
        });
    }
    let mut packet = sealed(Content::new().bag());
    flip(&mut packet, "data/items/0001.jpg");
    c.export(
        "child-of-an-altered-item",
        "The item in the packet was changed; the copy is of the one that was sealed.",
        EXPORTED,
        &[
            "item-mismatch",
            "record-item-mismatch",
            "receipt-mismatch",
            "custody-after-mismatch",
            "child-parent-unknown",
        ],
        |payload| {
            child(payload, &server_key("decisions"), |_| {});
            payload.insert(format!("data/packet-{}.zip", packet_id()), zip(&packet));
        },
    );
}

fn files(c: &mut Cases) {
    let mut add = |name, what, codes: &[&str], change: &dyn Fn(&mut Files)| {
        c.export(name, what, EXPORTED, codes, |payload| {
            child(payload, &server_key("decisions"), |_| {});
            change(payload);
        });
    };
    let mismatch = &["child-mismatch"];
    add(
        "child-altered",
        "One bit of the copy is changed; the export's manifests fit.",
        mismatch,
        &|payload| flip(payload, CHILD),
    );
    add(
        "child-missing",
        "The note is there, the copy is not.",
        mismatch,
        &|payload| {
            payload.remove(CHILD);
        },
    );
    add(
        "child-other-size",
        "The note gives another size.",
        mismatch,
        &|payload| {
            child(payload, &server_key("decisions"), |body| {
                body.child_size += 1
            });
        },
    );
    let unlisted = &["child-unlisted"];
    add(
        "child-without-note",
        "A copy without a note.",
        unlisted,
        &|payload| {
            payload.remove(NOTE);
        },
    );
    add(
        "child-in-a-folder",
        "A file in a folder among the children.",
        unlisted,
        &|payload| {
            payload.insert("data/derived/more/0002.jpg".to_owned(), BYTES.to_vec());
        },
    );
    let malformed = &["child-malformed"];
    add(
        "child-note-renamed",
        "The note of another file's name.",
        malformed,
        &|payload| {
            let note = payload.remove(NOTE).unwrap();
            payload.insert("data/derived/0002-stamped.jpg.note".to_owned(), note);
            let copy = payload.remove(CHILD).unwrap();
            payload.insert("data/derived/0002-stamped.jpg".to_owned(), copy);
        },
    );
    add(
        "child-note-not-a-note",
        "The note is no signed note.",
        malformed,
        &|payload| {
            payload.insert(NOTE.to_owned(), b"hello\n".to_vec());
        },
    );
    add(
        "child-note-too-large",
        "The note is larger than 16 KiB.",
        malformed,
        &|payload| {
            child(payload, &server_key("decisions"), |body| {
                body.steps = vec!["x".repeat(1024); 16];
            });
            assert!(payload[NOTE].len() > MAX_NOTE);
        },
    );
    type Change = fn(String) -> String;
    let texts: [(&str, &str, Change); 4] = [
        (
            "child-note-without-steps",
            "The note has no step.",
            |text| {
                let lines = text.split_inclusive('\n');
                lines.filter(|line| !line.starts_with("step ")).collect()
            },
        ),
        (
            "child-note-more-lines",
            "The note has a line that this version does not know.",
            |text| format!("{text}place 31.2\n"),
        ),
        (
            "child-note-path-in-name",
            "The child's name in the note is a path.",
            |text| text.replace("child 0001", "child ../0001"),
        ),
        (
            "child-note-too-many-steps",
            "The note has 65 steps.",
            |text| text.replace("made-at", &format!("{}made-at", "step x\n".repeat(63))),
        ),
    ];
    for (name, what, change) in texts {
        add(name, what, malformed, &|payload| {
            let text = change(body(payload).text());
            let note = Note::sign(&text, &[&server_key("decisions")]).unwrap();
            payload.insert(NOTE.to_owned(), note.to_bytes());
        });
    }
    add(
        "child-two",
        "Two copies, one of them altered: each note is judged by itself.",
        mismatch,
        &|payload| {
            let mut second = body(payload);
            second.child = "0001-redacted.jpg".to_owned();
            second.kind = "redacted".to_owned();
            let note = Note::sign(&second.text(), &[&server_key("decisions")]).unwrap();
            let path = "data/derived/0001-redacted.jpg";
            payload.insert(format!("{path}.note"), note.to_bytes());
            payload.insert(path.to_owned(), b"another picture".to_vec());
        },
    );
}

fn signatures(c: &mut Cases) {
    let invalid = &["child-signature-invalid"];
    let mut add = |name, what, change: &dyn Fn(&mut Files)| {
        c.export(name, what, EXPORTED, invalid, |payload| {
            child(payload, &server_key("decisions"), |_| {});
            change(payload);
        });
    };
    add(
        "child-line-altered",
        "One bit of the signature on the note is changed.",
        &|payload| {
            let mut note = Note::parse(&payload[NOTE]).unwrap();
            note.signatures[0].signature[10] ^= 1;
            payload.insert(NOTE.to_owned(), note.to_bytes());
        },
    );
    add(
        "child-note-altered",
        "A step is taken out of the note after it was signed.",
        &|payload| {
            let note = replace_in(
                &payload[NOTE],
                "step decoded as image/jpeg, 4000 x 3000 pixels\n",
                "",
            );
            payload.insert(NOTE.to_owned(), note);
        },
    );
    let mut unreadable = sealed(Content::new().bag());
    unreadable.remove(SEAL);
    c.export(
        "child-without-seal",
        "The packet has no seal: children are not judged.",
        &[],
        &["seal-missing"],
        |payload| {
            child(payload, &server_key("decisions"), |_| {});
            flip(payload, CHILD);
            payload.insert(format!("data/packet-{}.zip", packet_id()), zip(&unreadable));
        },
    );
}
