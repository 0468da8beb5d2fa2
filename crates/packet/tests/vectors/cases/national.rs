//! The national suite: SM2 lines, and SM3 manifests beside those of SHA-256.

use super::*;
use fieldseal_packet::Sm3Digest;
use fieldseal_packet::bag::{BagInput, MANIFEST_SM3, PROFILE, PayloadFile, TAGMANIFEST_SM3};
use fieldseal_packet::sm3::assemble_with_sm3;
use fieldseal_tlog::note::Sm2Signer;

fn key(name: &str) -> Sm2Signer {
    let name = format!("{ORIGIN}/{name}");
    let secret = Sha256Digest::of(format!("sm2 test key of {name}").as_bytes());
    Sm2Signer::from_scalar(&name, &secret.0).unwrap()
}

/// Two officers and a tablet, all with SM2 keys.
struct National {
    keys: [Sm2Signer; 3],
    content: Content,
}

impl National {
    fn new() -> Self {
        let keys = [
            key("device/t-0001"),
            key("officer/o-0001"),
            key("officer/o-0002"),
        ];
        let mut content = Content::new();
        for key in &keys {
            let (kind, stem) = match key.vkey().name().rsplit_once('/').unwrap() {
                (name, id) if name.ends_with("device") => {
                    (SubjectKind::Device, format!("device-{id}"))
                }
                (_, id) => (SubjectKind::Officer, format!("officer-{id}")),
            };
            let path = |extension| format!("seal/keys/{stem}.{extension}");
            let vkey = format!("{}\n", key.vkey()).into_bytes();
            content.keys.insert(path("vkey"), vkey);
            let entry = enrolment(kind, key, &server_key("authority"));
            content.keys.insert(path("entry"), entry);
        }
        Self { keys, content }
    }

    /// The bag, with what `change` does to the list of SM3 digests before the manifests are made.
    fn bag(&self, change: impl Fn(&mut Vec<(String, Sm3Digest)>)) -> Files {
        let mut files = self.content.bag();
        files.retain(|path, _| path.starts_with("data/"));
        let payload: Vec<PayloadFile> = files
            .iter()
            .map(|(path, bytes)| PayloadFile {
                path: path.clone(),
                size: bytes.len() as u64,
                sha256: Sha256Digest::of(bytes),
            })
            .collect();
        let mut sm3: Vec<_> = files
            .iter()
            .map(|(path, bytes)| (path.clone(), Sm3Digest::of(bytes)))
            .collect();
        change(&mut sm3);
        let tags = self.content.keys.iter().chain(&self.content.seen);
        let tags: Vec<_> = tags
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect();
        let input = BagInput {
            id: &packet_id().to_string(),
            profile: PROFILE,
            at: at(90),
            payload: &payload,
            tags: &tags,
        };
        let (made, _) = assemble_with_sm3(&input, &sm3);
        files.extend(tags);
        files.extend(made.files);
        files
    }

    fn sealed(&self, mut files: Files, change: impl Fn(&mut SealBody)) -> Files {
        let mut body = seal_body(&files);
        body.tagmanifest_sm3 = files.get(TAGMANIFEST_SM3).map(|bytes| Sm3Digest::of(bytes));
        body.device_prev = Sha256Digest::of(&self.content.keys["seal/keys/device-t-0001.entry"]);
        change(&mut body);
        let signers = self.keys.each_ref().map(|key| key as &dyn Signer);
        files.insert(SEAL.to_owned(), seal_note(&body, &signers));
        files
    }
}

pub(super) fn national(c: &mut Cases) {
    let packet = National::new();
    let good = packet.sealed(packet.bag(|_| {}), |_| {});
    let mut add = |name, what, codes: &[&str], files: &Files| {
        c.add(name, what, true, ALONE, codes, zip(files));
    };
    add(
        "good-national",
        "Tablet and officers sign with SM2, and SM3 manifests stand beside those of SHA-256.",
        &[],
        &good,
    );
    for (name, what, index, code) in [
        (
            "sm2-device-line-altered",
            "One bit of the tablet's SM2 signature is changed.",
            0,
            "device-line-invalid",
        ),
        (
            "sm2-officer-line-altered",
            "One bit of an officer's SM2 signature is changed.",
            1,
            "officer-line-invalid",
        ),
    ] {
        let mut files = good.clone();
        let mut note = Note::parse(&files[SEAL]).unwrap();
        note.signatures[index].signature[10] ^= 1;
        files.insert(SEAL.to_owned(), note.to_bytes());
        add(name, what, &[code], &files);
    }
    let other = packet.bag(|sm3| sm3[0].1 = Sm3Digest::of(b"another"));
    add(
        "sm3-digest-other",
        "The SM3 manifest gives another digest than the file has; SHA-256 fits.",
        &["sm3-mismatch"],
        &packet.sealed(other, |_| {}),
    );
    let left_out = packet.bag(|sm3| sm3.truncate(sm3.len() - 1));
    add(
        "sm3-file-left-out",
        "The SM3 manifest leaves a payload file out.",
        &["sm3-mismatch"],
        &packet.sealed(left_out, |_| {}),
    );
    let too_many = packet.bag(|sm3| sm3.push(("data/items/9999.jpg".into(), Sm3Digest::of(b""))));
    add(
        "sm3-file-too-many",
        "The SM3 manifest names a file that is not there.",
        &["sm3-mismatch"],
        &packet.sealed(too_many, |_| {}),
    );
    let mut files = good.clone();
    files.remove(TAGMANIFEST_SM3);
    add(
        "sm3-tagmanifest-removed",
        "The seal names an SM3 tag manifest that is not there.",
        &["file-missing"],
        &files,
    );
    let mut files = good.clone();
    flip(&mut files, TAGMANIFEST_SM3);
    add(
        "sm3-tagmanifest-altered",
        "One bit of a digest in the SM3 tag manifest is changed.",
        &["seal-tagmanifest-mismatch", "sm3-mismatch", "sm3-mismatch"],
        &files,
    );
    add(
        "sm3-seal-names-other",
        "The seal names another SM3 tag manifest.",
        &["seal-tagmanifest-mismatch"],
        &packet.sealed(packet.bag(|_| {}), |body| {
            body.tagmanifest_sm3 = Some(Sm3Digest::of(b"another"));
        }),
    );
    let mut bad = packet.bag(|_| {});
    let mut text = bad[MANIFEST_SM3].clone();
    text[0] = b'x';
    bad.insert(MANIFEST_SM3.to_owned(), text);
    add(
        "sm3-manifest-malformed",
        "The SM3 manifest's first line is no digest and path.",
        &["manifest-malformed", "file-mismatch", "sm3-mismatch"],
        &packet.sealed(bad, |_| {}),
    );
}
