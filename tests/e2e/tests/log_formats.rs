//! Notes, checkpoints, proofs and tile paths of ours, checked by Go's sumdb packages and by OpenSSL.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_e2e::{check, go_check, openssl, run};
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::{MemoryTree, leaf_hash, prove_consistency, prove_inclusion, root_at};
use fieldseal_tlog::note::{Ed25519Signer, Note, P256Signer, SM2_DISTID, Signer, Sm2Signer, Vkey};
use fieldseal_tlog::proof::TlogProof;
use fieldseal_tlog::tile::{TilePath, encode_bundle, hash_tile, new_bundles, new_tiles};

const ORIGIN: &str = "bureau.example/log";

fn log() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, &[7; 32]).unwrap()
}

fn leaf(n: u64) -> Vec<u8> {
    format!("{ORIGIN}/heartbeat/v1\nn {n}\n").into_bytes()
}

fn tree(size: u64) -> MemoryTree {
    (0..size).map(|n| leaf_hash(&leaf(n))).collect()
}

fn checkpoint(size: u64) -> Vec<u8> {
    let root = root_at(size, &tree(size)).unwrap();
    let text = Checkpoint {
        origin: ORIGIN.into(),
        size,
        root,
        extensions: vec![],
    }
    .text();
    Note::sign(&text, &[&log()]).unwrap().to_bytes()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn go_opens_our_notes_and_refuses_changed_ones() {
    let folder = tempfile::tempdir().unwrap();
    let officer = P256Signer::from_scalar("bureau.example/officer/2", &[9; 32]).unwrap();
    let note = Note::sign("第一行\n\nlast line\n", &[&log(), &officer])
        .unwrap()
        .to_bytes();
    let good = write(folder.path(), "note", &note);
    let vkey = log().vkey().to_string();
    check(go_check().unwrap().args(["note", &vkey]).arg(good)).unwrap();
    let changed = String::from_utf8(note).unwrap().replace("last", "lost");
    let changed = write(folder.path(), "changed", changed.as_bytes());
    run(go_check().unwrap().args(["note", &vkey]).arg(changed))
        .unwrap()
        .refused()
        .unwrap();
}

#[test]
fn go_reads_our_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    for size in [0, 1, 2, 7, 256, 1000] {
        let path = write(folder.path(), "checkpoint", &checkpoint(size));
        let said = check(
            go_check()
                .unwrap()
                .args(["checkpoint", &log().vkey().to_string()])
                .arg(path),
        )
        .unwrap();
        let root = root_at(size, &tree(size)).unwrap();
        assert_eq!(said.trim(), format!("{size} {}", STANDARD.encode(root)));
    }
}

#[test]
fn go_accepts_our_inclusion_proofs_of_these_bytes_only() {
    let folder = tempfile::tempdir().unwrap();
    let vkey = log().vkey().to_string();
    for (index, size) in [(0, 1), (0, 8), (6, 7), (255, 257), (700, 701)] {
        let hashes = prove_inclusion(index, size, &tree(size)).unwrap();
        let proof = TlogProof {
            index,
            hashes,
            extra: None,
            checkpoint: checkpoint(size),
        };
        let proof = write(folder.path(), "proof", &proof.to_bytes());
        let ours = write(folder.path(), "leaf", &leaf(index));
        let other = write(folder.path(), "other", &leaf(index + 1));
        check(
            go_check()
                .unwrap()
                .args(["inclusion", &vkey])
                .arg(&proof)
                .arg(ours),
        )
        .unwrap();
        run(go_check()
            .unwrap()
            .args(["inclusion", &vkey])
            .arg(&proof)
            .arg(other))
        .unwrap()
        .refused()
        .unwrap();
    }
}

#[test]
fn go_accepts_our_consistency_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let vkey = log().vkey().to_string();
    for (old, new) in [(1, 2), (3, 7), (4, 7), (7, 8), (256, 700), (300, 701)] {
        let hashes = prove_consistency(old, new, &tree(new)).unwrap();
        let list: String = hashes
            .iter()
            .map(|hash| STANDARD.encode(hash) + "\n")
            .collect();
        let before = write(folder.path(), "before", &checkpoint(old));
        let after = write(folder.path(), "after", &checkpoint(new));
        let hashes = write(folder.path(), "hashes", list.as_bytes());
        check(
            go_check()
                .unwrap()
                .args(["consistency", &vkey])
                .args([&before, &after, &hashes]),
        )
        .unwrap();
        run(go_check()
            .unwrap()
            .args(["consistency", &vkey])
            .args([&after, &before, &hashes]))
        .unwrap()
        .refused()
        .unwrap();
    }
}

#[test]
fn go_names_tiles_as_we_do() {
    // Go puts the tile height into the path (tile/8/…), C2SP leaves it out.
    for (level, index, width) in [(0, 0, 256), (0, 1_234_067, 256), (2, 999, 17), (1, 1000, 1)] {
        let said = check(go_check().unwrap().arg("tile").args([
            level.to_string(),
            index.to_string(),
            width.to_string(),
        ]))
        .unwrap();
        let ours = TilePath::Hashes {
            level,
            index,
            width,
        }
        .to_string();
        assert_eq!(said.trim().replace("tile/8/", "tile/"), ours);
    }
}

/// Writes a log of `size` leaves as files.
fn write_log(folder: &Path, size: u64) {
    let tree = tree(size);
    for path in new_tiles(0, size).into_iter().chain(new_bundles(0, size)) {
        let bytes = match path {
            TilePath::Hashes {
                level,
                index,
                width,
            } => hash_tile(level, index, width, &tree).unwrap(),
            TilePath::Entries { index, width } => {
                let first = index * 256;
                let leaves: Vec<_> = (first..first + u64::from(width)).map(leaf).collect();
                encode_bundle(&leaves).unwrap()
            }
        };
        let place = folder.join(path.to_string());
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, bytes).unwrap();
    }
    write(folder, "checkpoint", &checkpoint(size));
}

#[test]
fn go_audits_a_log_from_its_files() {
    let vkey = log().vkey().to_string();
    for size in [1, 255, 256, 257, 700] {
        let folder = tempfile::tempdir().unwrap();
        write_log(folder.path(), size);
        let said = check(go_check().unwrap().args(["log", &vkey]).arg(folder.path())).unwrap();
        assert_eq!(said.trim(), format!("{size} entries"));
    }
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 300);
    let bundle = folder.path().join("tile/entries/001.p/44");
    let mut bytes = std::fs::read(&bundle).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&bundle, bytes).unwrap();
    run(go_check().unwrap().args(["log", &vkey]).arg(folder.path()))
        .unwrap()
        .refused()
        .unwrap();
}

#[test]
fn openssl_verifies_both_kinds_of_line() {
    let folder = tempfile::tempdir().unwrap();
    let officer = P256Signer::from_scalar("bureau.example/officer/2", &[9; 32]).unwrap();
    let note = Note::sign("what is signed\n", &[&log(), &officer]).unwrap();
    let text = write(folder.path(), "text", note.text.as_bytes());
    let changed = write(folder.path(), "changed", b"what is signet\n");
    let signature = write(folder.path(), "ed25519.sig", &note.signatures[0].signature);
    // SubjectPublicKeyInfo of an Ed25519 key is this prefix and the raw key (RFC 8410).
    let spki = [
        hex::decode("302a300506032b6570032100").unwrap().as_slice(),
        log().vkey().material(),
    ]
    .concat();
    let key = write(folder.path(), "ed25519.der", &spki);
    let verify = |text: &PathBuf| {
        let mut command = openssl().unwrap();
        command
            .args([
                "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey",
            ])
            .arg(&key);
        run(command.arg("-sigfile").arg(&signature).arg("-in").arg(text)).unwrap()
    };
    verify(&text).accepted().unwrap();
    verify(&changed).refused().unwrap();

    let signature = write(folder.path(), "p256.sig", &note.signatures[1].signature);
    let key = write(folder.path(), "p256.der", officer.vkey().material());
    let verify = |text: &PathBuf| {
        let mut command = openssl().unwrap();
        command
            .args(["dgst", "-sha256", "-keyform", "DER", "-verify"])
            .arg(&key);
        run(command.arg("-signature").arg(&signature).arg(text)).unwrap()
    };
    verify(&text).accepted().unwrap();
    verify(&changed).refused().unwrap();
}

#[test]
fn openssl_verifies_an_sm2_line_and_makes_one() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("key.pem");
    let make = ["genpkey", "-algorithm", "SM2", "-out"];
    check(openssl().unwrap().args(make).arg(&secret)).unwrap();
    let text = write(folder.path(), "text", b"what is signed\n");
    let changed = write(folder.path(), "changed", b"what is signet\n");
    let sm2 = ["-rawin", "-digest", "sm3", "-pkeyopt"];
    let distid = format!("distid:{SM2_DISTID}");

    // Ours, read by the tool.
    let officer = Sm2Signer::from_scalar("bureau.example/officer/2", &[9; 32]).unwrap();
    let note = Note::sign("what is signed\n", &[&officer]).unwrap();
    let signature = write(folder.path(), "signature", &note.signatures[0].signature);
    let key = write(folder.path(), "key.der", officer.vkey().material());
    let verify = |text: &PathBuf| {
        let mut command = openssl().unwrap();
        command.args(["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey"]);
        command.arg(&key).args(sm2).arg(&distid);
        run(command.arg("-sigfile").arg(&signature).arg("-in").arg(text)).unwrap()
    };
    verify(&text).accepted().unwrap();
    verify(&changed).refused().unwrap();

    // The tool's, read by us.
    let public = folder.path().join("public.der");
    let mut export = openssl().unwrap();
    export
        .args(["pkey", "-pubout", "-outform", "DER", "-in"])
        .arg(&secret);
    check(export.arg("-out").arg(&public)).unwrap();
    let key = Vkey::sm2("bureau.example/device/4", &std::fs::read(public).unwrap()).unwrap();
    for _ in 0..8 {
        let out = folder.path().join("made");
        let mut sign = openssl().unwrap();
        sign.args(["pkeyutl", "-sign", "-inkey"])
            .arg(&secret)
            .args(sm2)
            .arg(&distid);
        check(sign.arg("-in").arg(&text).arg("-out").arg(&out)).unwrap();
        let made = std::fs::read(out).unwrap();
        assert_eq!(key.verify(b"what is signed\n", &made), Ok(()));
        assert!(key.verify(b"what is signet\n", &made).is_err());
    }
}

#[test]
fn a_line_signed_by_openssl_verifies_here() {
    use fieldseal_tlog::note::SignatureLine;
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("key.pem");
    let mut make = openssl().unwrap();
    check(
        make.args([
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
        ])
        .arg(&secret),
    )
    .unwrap();
    let public = folder.path().join("key.der");
    let mut export = openssl().unwrap();
    check(
        export
            .args(["pkey", "-pubout", "-outform", "DER", "-in"])
            .arg(&secret)
            .arg("-out")
            .arg(&public),
    )
    .unwrap();
    let key = Vkey::p256("bureau.example/device/4", &std::fs::read(public).unwrap()).unwrap();
    let text = write(folder.path(), "text", b"what is signed\n");
    // About half of all signatures have the larger of the two S values, which some verifiers refuse.
    for _ in 0..8 {
        let signature = folder.path().join("signature");
        let mut sign = openssl().unwrap();
        check(
            sign.args(["dgst", "-sha256", "-sign"])
                .arg(&secret)
                .arg("-out")
                .arg(&signature)
                .arg(&text),
        )
        .unwrap();
        let line = SignatureLine {
            name: key.name().to_owned(),
            key_id: key.key_id(),
            signature: std::fs::read(signature).unwrap(),
        };
        let note = Note {
            text: "what is signed\n".into(),
            signatures: vec![line],
        };
        assert_eq!(
            Note::parse(&note.to_bytes()).unwrap().verify_by(&key),
            Ok(())
        );
    }
}
