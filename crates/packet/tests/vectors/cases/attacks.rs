//! What somebody would try who has the files and not the keys, or the keys and not the log.

use super::*;
use fieldseal_packet::entry::Revoked;
use fieldseal_tlog::merkle::{leaf_hash, prove_consistency, root_at};

pub(super) fn attacks(c: &mut Cases) {
    replays(c);
    exchanges(c);
    keys(c);
    names(c);
    foreign(c);
}

fn other_id() -> String {
    PacketId::from_parts(at(5), b"abcdefghij").to_string()
}

/// A bag made again with all that can be made without keys: manifests that fit, and the seal as it was.
fn remade(content: &Content, change: impl FnOnce(&mut Files)) -> Files {
    let seal = sealed(Content::new().bag())[SEAL].clone();
    let mut files = content.bag();
    change(&mut files);
    files.insert(SEAL.to_owned(), seal);
    files
}

fn replays(c: &mut Cases) {
    let id = other_id();
    let mut content = Content::new();
    content.record["packet"] = json!(id);
    if let Event::Opened { packet, .. } = &mut content.events[0].1 {
        *packet = id.parse().unwrap();
    }
    let files = remade(&content, |files| {
        let path = "bag-info.txt";
        let old = Sha256Digest::of(&files[path]).to_string();
        let info = replace_in(&files[path], &packet_id().to_string(), &id);
        let new = Sha256Digest::of(&info).to_string();
        let manifest = replace_in(&files[TAGMANIFEST], &old, &new);
        files.insert(path.to_owned(), info);
        files.insert(TAGMANIFEST.to_owned(), manifest);
    });
    let list: Vec<(String, Vec<u8>)> = files.into_iter().collect();
    c.add(
        "replayed-under-new-id",
        "A packet given out as another one: everything is written anew but the seal, which nobody else can make.",
        true,
        ALONE,
        &[
            "seal-packet-mismatch",
            "seal-tagmanifest-mismatch",
            "custody-not-closed",
            "zip-top-folder",
        ],
        zip_files(&format!("packet-{id}"), &list),
    );
    c.export(
        "export-of-another-packet",
        "Receipt, proof and custody are those of another packet.",
        EXPORTED,
        &[
            "receipt-mismatch",
            "log-inclusion-invalid",
            "custody-chain-broken",
            "custody-after-mismatch",
        ],
        |payload| {
            let mut content = Content::new();
            content.record["note"] = json!("another");
            let files = sealed(content.bag());
            payload.insert(format!("data/packet-{}.zip", packet_id()), zip(&files));
        },
    );
    let mut content = Content::new();
    content.record["note"] = json!("another");
    c.files(
        "seal-of-another-packet",
        "A right seal by the same tablet, of another packet of the same name.",
        &["seal-tagmanifest-mismatch"],
        |files| {
            files.insert(SEAL.to_owned(), sealed(content.bag())[SEAL].clone());
        },
    );
}

fn exchanges(c: &mut Cases) {
    let mut swapped = Content::new();
    let officers = swapped.record["officers"].as_array_mut().unwrap();
    let first = officers[0]["name"].take();
    officers[0]["name"] = officers[1]["name"].take();
    officers[1]["name"] = first;
    c.add(
        "officers-swapped",
        "The two officers' names have changed places in the record, and the manifests fit.",
        true,
        ALONE,
        &["seal-tagmanifest-mismatch"],
        zip(&remade(&swapped, |_| {})),
    );
    c.content(
        "officers-key-of-another",
        "The record names a third officer's key; the two who signed are others.",
        &["officer-line-absent"],
        |content| {
            let key = format!("{ORIGIN}/officer/o-0003");
            content.record["officers"][1]["key"] = json!(key);
        },
    );
    c.content(
        "officers-none",
        "The record names no officer.",
        &["second-officer-absent"],
        |content| content.record["officers"] = json!([]),
    );
    let mut changed = Content::new();
    changed.items[0].1 = b"\xff\xd8\xff\xe0 another photo".to_vec();
    c.add(
        "photo-exchanged",
        "A photo is exchanged, and the manifests fit: record, custody log and seal don't.",
        true,
        ALONE,
        &["seal-tagmanifest-mismatch", "record-item-mismatch"],
        zip(&remade(&changed, |_| {})),
    );
}

fn keys(c: &mut Cases) {
    let revoked = |signer: &dyn Signer| {
        let body = Revoked {
            origin: ORIGIN.to_owned(),
            subject: signer.vkey().name().to_owned(),
            vkey: signer.vkey().to_string(),
            reason: "stolen".to_owned(),
            revoked_at: at(-600),
        };
        Note::sign(&body.text(), &[&server_key("authority")])
            .unwrap()
            .to_bytes()
    };
    for (name, what, stem, note) in [
        (
            "device-revoked-before-seal",
            "The checkpoint that the seal names holds the tablet's revocation already.",
            "device-t-0001",
            revoked(&device_key()),
        ),
        (
            "officer-revoked-before-seal",
            "The checkpoint that the seal names holds an officer's revocation already.",
            "officer-o-0002",
            revoked(&officer_key(2)),
        ),
    ] {
        let mut seen = log_before();
        seen.push(leaf_hash(&note));
        let mut content = Content::new();
        content
            .seen
            .insert("seen/checkpoint".to_owned(), checkpoint(&seen));
        let mut files = content.bag();
        let mut body = seal_body(&files);
        body.seen_checkpoint = Some((seen.size(), root_at(seen.size(), &seen).unwrap()));
        let signers: [&dyn Signer; 3] = [&device_key(), &officer_key(1), &officer_key(2)];
        files.insert(SEAL.to_owned(), seal_note(&body, &signers));
        let mut payload = export_payload_with(&zip(&files), &files[SEAL], &|tree, seal| {
            tree.push(leaf_hash(&note));
            tree.push(leaf_hash(seal));
        });
        let mut tree = log_before();
        tree.push(leaf_hash(&note));
        tree.push(leaf_hash(&files[SEAL]));
        let between = fieldseal_packet::consistency::Consistency {
            old_size: 4,
            new_size: 5,
            hashes: prove_consistency(4, 5, &tree).unwrap(),
        };
        payload.insert(
            "data/receipt/consistency".to_owned(),
            between.text().into_bytes(),
        );
        let proof = payload.remove("proof of the note").unwrap();
        let path = format!("data/receipt/keys/{stem}.revoked");
        payload.insert(format!("{path}.tlog-proof"), proof);
        payload.insert(path, note);
        c.add(
            name,
            what,
            true,
            EXPORTED,
            &["key-revoked-before-seal"],
            export_zip(payload),
        );
    }
    c.export(
        "revocation-by-a-stranger",
        "A revocation that the authority has not signed: it says nothing.",
        EXPORTED,
        &[],
        |payload| {
            let note = Note::parse(&revoked(&officer_key(2))).unwrap();
            let stranger = key(&format!("{ORIGIN}/authority"), 9);
            let signed = Note::sign(&note.text, &[&stranger]).unwrap().to_bytes();
            payload.insert(
                "data/receipt/keys/officer-o-0002.revoked".to_owned(),
                signed,
            );
        },
    );
}

/// Names that readers of zips take apart differently.
fn names(c: &mut Cases) {
    let files = sealed(Content::new().bag());
    let good = zip(&files);
    let folder = fieldseal_packet::bag::packet_folder(&packet_id());
    let with = |path: &str, bytes: &[u8]| {
        let mut list: Vec<(String, Vec<u8>)> = files.clone().into_iter().collect();
        list.push((path.to_owned(), bytes.to_vec()));
        zip_files(&folder, &list)
    };
    let long = format!("data/{}", "x".repeat(520));
    for (name, what, path) in [
        ("zip-control-name", "A name with a line break.", "data/a\nb"),
        ("zip-colon-name", "A name with a colon.", "data/c:x"),
        (
            "zip-dot-name",
            "A name with a part that is a dot.",
            "data/./x",
        ),
        (
            "zip-delete-name",
            "A name with the character of deletion.",
            "data/a\u{7f}",
        ),
        ("zip-long-name", "A name of more than 512 bytes.", &long),
    ] {
        c.zip(name, what, &["zip-name-unsafe"], with(path, b"x"));
    }
    c.zip(
        "zip-collision-kelvin",
        "Two names that are one in lower case: K and the sign of the kelvin.",
        &["zip-name-duplicate"],
        {
            let mut list: Vec<(String, Vec<u8>)> = files.clone().into_iter().collect();
            list.push(("data/k".to_owned(), b"x".to_vec()));
            list.push(("data/\u{212a}".to_owned(), b"y".to_vec()));
            zip_files(&folder, &list)
        },
    );
    let first_of = |from: &[u8]| {
        good.windows(from.len())
            .position(|window| window == from)
            .unwrap()
    };
    let mut differ = good.clone();
    let path = format!("{folder}/data/items/0001.jpg");
    let name = first_of(path.as_bytes());
    differ[name + path.len() - 5] = b'9';
    c.zip(
        "zip-names-differ",
        "An entry has one name in front of it and another in the directory.",
        &["zip-malformed"],
        differ,
    );
    let mut local = good.clone();
    local[14] ^= 1;
    c.zip(
        "zip-crcs-differ",
        "An entry has one CRC in front of it and another in the directory.",
        &["zip-malformed"],
        local,
    );
    let end = good.len() - 22;
    let mut comment = good.clone();
    comment[end + 20] = 4;
    comment.extend(b"PK\x05\x06");
    c.zip(
        "zip-comment",
        "A comment stands at the end, and looks like an end of its own.",
        &["zip-malformed"],
        comment,
    );
    let mut count = good.clone();
    count[end + 8] -= 1;
    count[end + 10] -= 1;
    c.zip(
        "zip-count",
        "The end counts an entry less than the directory holds.",
        &["zip-malformed"],
        count,
    );
    let central = [b"PK\x01\x02".as_slice(), &[0x2d, 3, 20, 0, 0, 8, 0, 0]].concat();
    let streamed = [b"PK\x01\x02".as_slice(), &[0x2d, 3, 20, 0, 8, 8, 0, 0]].concat();
    c.zip(
        "zip-streamed",
        "Entries are said to have their sizes behind them.",
        &["zip-method"],
        patch(&good, &central, &streamed),
    );
}

/// Bags that others have made: bags they are, packets they are not.
fn foreign(c: &mut Cases) {
    let digest = |bytes: &[u8]| Sha256Digest::of(bytes).to_string();
    let hello = b"hello\n".as_slice();
    let bag = |change: &dyn Fn(&mut Files)| {
        let mut files = Files::new();
        files.insert("data/hello.txt".to_owned(), hello.to_vec());
        files.insert(
            "bagit.txt".to_owned(),
            b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_vec(),
        );
        files.insert(
            "bag-info.txt".to_owned(),
            b"Source-Organization: Elsewhere\nPayload-Oxum: 6.1\n".to_vec(),
        );
        let line = format!("{}  data/hello.txt\n", digest(hello));
        files.insert(MANIFEST.to_owned(), line.into_bytes());
        change(&mut files);
        let tags: String = files
            .iter()
            .filter(|(path, _)| !path.starts_with("data/"))
            .map(|(path, bytes)| format!("{}  {path}\n", digest(bytes)))
            .collect();
        files.insert(TAGMANIFEST.to_owned(), tags.into_bytes());
        let list: Vec<(String, Vec<u8>)> = files.into_iter().collect();
        zip_files("elsewhere", &list)
    };
    let no_packet = [
        "bag-info",
        "bag-info",
        "custody-missing",
        "record-missing",
        "record-missing",
        "seal-missing",
    ];
    let mut add = |name, what, more: &[&str], also: &[&str], bytes| {
        c.add(name, what, true, &no_packet, more, bytes);
        let case = c.0.last_mut().unwrap();
        case.also = also.iter().map(|code| (*code).to_owned()).collect();
    };
    add(
        "foreign-bag",
        "A valid bag by somebody else: its files are as its manifests say, and it is no packet.",
        &[],
        &["files-ok"],
        bag(&|_| {}),
    );
    add(
        "foreign-bag-two-algorithms",
        "A valid bag with a second manifest: that one is not checked, and it is said.",
        &[],
        &["files-ok", "manifest-not-checked"],
        {
            let hex = "e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931f94aae41edda2c2b207a36e10f8bcb8d45223e54878f5b316e7ce3b6bc019629";
            let line = format!("{hex}  data/hello.txt\n");
            bag(&|files| {
                files.insert("manifest-sha512.txt".to_owned(), line.clone().into_bytes());
            })
        },
    );
    add(
        "foreign-bag-changed",
        "A bag by somebody else, with a file changed.",
        &["file-mismatch"],
        &[],
        bag(&|files| {
            files.insert("data/hello.txt".to_owned(), b"hullo\n".to_vec());
        }),
    );
    add(
        "foreign-bag-incomplete",
        "A bag by somebody else, with a file gone.",
        &["file-missing", "bag-info"],
        &[],
        bag(&|files| {
            files.remove("data/hello.txt");
        }),
    );
    add(
        "foreign-bag-more",
        "A bag by somebody else, with a file that its manifest does not list.",
        &["file-unlisted", "bag-info"],
        &[],
        bag(&|files| {
            files.insert("data/more.txt".to_owned(), b"more\n".to_vec());
        }),
    );
    add(
        "foreign-bag-old",
        "A bag of an older version of BagIt.",
        &["bag-declaration"],
        &[],
        bag(&|files| {
            files.insert(
                "bagit.txt".to_owned(),
                b"BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n".to_vec(),
            );
        }),
    );
    add(
        "foreign-bag-escaping",
        "A bag whose manifest names a file outside of it.",
        &["file-missing", "file-unlisted"],
        &[],
        bag(&|files| {
            let line = format!("{}  data/../../hello.txt\n", digest(hello));
            files.insert(MANIFEST.to_owned(), line.into_bytes());
        }),
    );
}
