//! What we make, judged by a reader that is not ours: c2pa-python of PyPI, whose library is newer than the one that is built in here.
//!
//! `FIELDSEAL_C2PA_PYTHON` names a Python that has it; left out, the one that `./x test c2pa` installs. Missing, it fails.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Deployment, OTHER, PHOTO};

fn python() -> PathBuf {
    std::env::var_os("FIELDSEAL_C2PA_PYTHON").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/c2pa/bin/python"),
        PathBuf::from,
    )
}

/// State and codes.
fn judged(authority: &str, sidecar: &[u8], photo: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("authority.pem"), authority).unwrap();
    std::fs::write(path("sidecar"), sidecar).unwrap();
    std::fs::write(path("photo.jpg"), photo).unwrap();
    let said = Command::new(python())
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outside.py"))
        .args(["authority.pem", "sidecar", "photo.jpg"].map(path))
        .output()
        .expect("a Python with c2pa-python: `./x test c2pa` installs it");
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    String::from_utf8(said.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_public_reader_trusts_our_sidecars() {
    let deployment = Deployment::new();
    let sidecar = deployment.sidecar(PHOTO);
    let authority = &deployment.authority.certificate;
    assert_eq!(judged(authority, &sidecar, PHOTO), ["Trusted"]);
}

/// The forgery of `sidecars.rs`: its library is new enough not to fall for it.
#[test]
fn a_public_reader_refuses_the_forgery() {
    let deployment = Deployment::new();
    let (manifest, embedded) = deployment.embedded(PHOTO);
    let (start, length) = deployment.excepted(&manifest, &embedded);
    let mut forged = embedded;
    forged[start..start + length].fill(0x20);
    let said = judged(&deployment.authority.certificate, &manifest, &forged);
    assert_eq!(said, ["Invalid", "assertion.dataHash.mismatch"]);
}

#[test]
fn a_public_reader_refuses_what_we_refuse() {
    let deployment = Deployment::new();
    let sidecar = deployment.sidecar(PHOTO);
    let authority = &deployment.authority.certificate;
    assert_eq!(
        judged(authority, &sidecar, OTHER),
        ["Invalid", "assertion.dataHash.mismatch"]
    );
    let stranger = Deployment::new().authority.certificate;
    assert_eq!(
        judged(&stranger, &sidecar, PHOTO),
        ["Valid", "signingCredential.untrusted"]
    );
    // One letter of the claimed time.
    let mut tampered = sidecar.clone();
    let place = tampered
        .windows(4)
        .position(|window| window == b"2026")
        .unwrap();
    tampered[place + 3] = b'5';
    let said = judged(authority, &tampered, PHOTO);
    assert_eq!(said[0], "Invalid");
    assert!(
        said.contains(&"assertion.hashedURI.mismatch".to_owned()),
        "{said:?}"
    );
}
