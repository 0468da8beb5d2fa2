//! CMS signatures and certificates of this crate, and `openssl`'s opinion of them; and the other way round.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[expect(dead_code, reason = "the other tests use the rest")]
mod tool;

use std::convert::Infallible;
use std::fs;
use std::path::Path;

use fieldseal_stamp::chain::{Chain, ChainError};
use fieldseal_stamp::cms::{self, CmsError};
use fieldseal_stamp::issue::{self, Subject};
use fieldseal_stamp::{certificate_to_pem, certificates_from_pem};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use sha2::{Digest as _, Sha256};
use tool::openssl;

const CONTENT: &[u8] = b"1712ecfb  bagit.txt\n";
/// 2026-11-23.
const NOW: i64 = 1_795_398_456_000;

struct Key(SigningKey);

impl Key {
    fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    fn spki(&self) -> Vec<u8> {
        let key = self.0.verifying_key().to_public_key_der().unwrap();
        key.as_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Infallible> {
        let signature: DerSignature = self.0.sign(message);
        Ok(signature.as_bytes().to_vec())
    }
}

/// An authority's certificate, and one under it for `key`.
fn certified(ca: &Key, key: &Key) -> (Vec<u8>, Vec<u8>) {
    let spki = ca.spki();
    let of = Subject {
        name: "bureau.example/log",
        spki: &spki,
        serial: [0xff; 16],
    };
    let root = issue::authority(&of, NOW, |tbs| ca.sign(tbs)).unwrap();
    let spki = key.spki();
    let of = Subject {
        name: &format!("bureau.example/{}/device/d-1", "long-".repeat(20)),
        spki: &spki,
        serial: [0; 16],
    };
    let own = issue::certificate(&root, &of, |tbs| ca.sign(tbs)).unwrap();
    (root, own)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn openssl_verifies(folder: &Path, cms: &[u8], content: &[u8], root: &[u8]) -> bool {
    fs::write(folder.join("p7s"), cms).unwrap();
    fs::write(folder.join("content"), content).unwrap();
    fs::write(folder.join("root.pem"), certificate_to_pem(root)).unwrap();
    openssl(
        folder,
        &[
            "cms", "-verify", "-binary", "-inform", "DER", "-in", "p7s", "-content", "content",
            "-CAfile", "root.pem", "-out", "signed",
        ],
    )
}

#[test]
fn openssl_accepts_what_is_made_here_and_refuses_it_when_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (ca, key) = (Key::new(1), Key::new(2));
    let (root, own) = certified(&ca, &key);
    assert!(issue::is_of(&own, &key.spki(), std::slice::from_ref(&root)));
    assert!(!issue::is_of(&own, &ca.spki(), std::slice::from_ref(&root)));
    assert!(!issue::is_of(&own, &key.spki(), &[]));
    let made = cms::make(&sha256(CONTENT), &own, |tbs| key.sign(tbs)).unwrap();
    assert!(openssl_verifies(folder.path(), &made, CONTENT, &root));
    assert!(!openssl_verifies(folder.path(), &made, b"other\n", &root));
    let (stranger, _) = certified(&Key::new(3), &key);
    assert!(!openssl_verifies(folder.path(), &made, CONTENT, &stranger));

    let by = |cms: &[u8], content: &[u8], expected: &Key, roots: &[Vec<u8>], at| {
        let expected = expected.spki();
        cms::verify(
            cms,
            Some(&sha256(content)),
            |spki| spki == expected,
            roots,
            at,
        )
    };
    let roots = [root.clone()];
    assert_eq!(by(&made, CONTENT, &key, &roots, NOW), Ok(()));
    assert_eq!(
        by(&made, b"other\n", &key, &roots, NOW),
        Err(CmsError::OtherContent)
    );
    assert_eq!(
        by(&made, CONTENT, &ca, &roots, NOW),
        Err(CmsError::OtherKey)
    );
    assert_eq!(by(&made, CONTENT, &key, &[], NOW), Err(CmsError::NoPath));
    assert_eq!(
        by(&made, CONTENT, &key, &roots, NOW - 2 * 86_400_000),
        Err(CmsError::NoPath)
    );
    assert_eq!(
        cms::verify(&made, None, |_| true, &roots, NOW),
        Err(CmsError::OtherContent)
    );
    // By another key under the same certificate.
    let forged = cms::make(&sha256(CONTENT), &own, |tbs| ca.sign(tbs)).unwrap();
    assert_eq!(
        by(&forged, CONTENT, &key, &roots, NOW),
        Err(CmsError::BadSignature)
    );
    // Each byte matters, or is nobody's business: never a panic, and never another good signer.
    for at in 0..made.len() {
        let mut changed = made.clone();
        changed[at] ^= 0x01;
        let _ = by(&changed, CONTENT, &key, &roots, NOW);
        assert!(by(&made[..at], CONTENT, &key, &roots, NOW).is_err());
    }
    // The authority can't make times: its certificate says so.
    fs::write(folder.path().join("root.pem"), certificate_to_pem(&root)).unwrap();
    let text = std::process::Command::new("openssl")
        .args(["x509", "-in", "root.pem", "-noout", "-text"])
        .current_dir(folder.path())
        .output();
    let text = String::from_utf8(text.unwrap().stdout).unwrap();
    assert!(text.contains("E-mail Protection") && !text.contains("Time Stamping"));
}

#[test]
fn what_openssl_makes_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let run = |arguments: &[&str]| assert!(openssl(at, arguments), "{arguments:?}");
    fs::write(at.join("content"), CONTENT).unwrap();
    run(&[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "key",
        "-out",
        "own.pem",
        "-subj",
        "/CN=own",
        "-days",
        "30",
    ]);
    run(&[
        "cms", "-sign", "-binary", "-in", "content", "-signer", "own.pem", "-inkey", "key", "-md",
        "sha256", "-outform", "DER", "-out", "p7s",
    ]);
    let pem = fs::read_to_string(at.join("own.pem")).unwrap();
    let roots = certificates_from_pem(&pem).unwrap();
    let key = Chain::read(&roots).unwrap().key().to_vec();
    let p7s = fs::read(at.join("p7s")).unwrap();
    let now = fs::metadata(at.join("p7s"))
        .unwrap()
        .modified()
        .unwrap()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    let judged = |content: &[u8]| {
        cms::verify(
            &p7s,
            Some(&sha256(content)),
            |spki| spki == key,
            &roots,
            now,
        )
    };
    assert_eq!(judged(CONTENT), Ok(()));
    assert_eq!(judged(b"x"), Err(CmsError::OtherContent));
    // With its content inside it is no detached signature.
    run(&[
        "cms",
        "-sign",
        "-binary",
        "-nodetach",
        "-in",
        "content",
        "-signer",
        "own.pem",
        "-inkey",
        "key",
        "-md",
        "sha256",
        "-outform",
        "DER",
        "-out",
        "p7m",
    ]);
    let p7m = fs::read(at.join("p7m")).unwrap();
    assert!(matches!(
        cms::verify(&p7m, Some(&sha256(CONTENT)), |_| true, &roots, now),
        Err(CmsError::Malformed(_))
    ));
    run(&[
        "cms", "-sign", "-binary", "-in", "content", "-signer", "own.pem", "-inkey", "key", "-md",
        "sha512", "-outform", "DER", "-out", "p7s",
    ]);
    let p7s = fs::read(at.join("p7s")).unwrap();
    assert!(matches!(
        cms::verify(&p7s, Some(&sha256(CONTENT)), |_| true, &roots, now),
        Err(CmsError::Unsupported(_))
    ));
}

const MAKER: &str = "\
[req]
distinguished_name = dn
prompt = no
[dn]
CN = maker
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[key]
keyUsage = critical,digitalSignature
";

/// A maker's root, one authority below it, and a key's certificate, each by `openssl`; DER, key first.
fn maker(folder: &Path) -> Vec<Vec<u8>> {
    fs::write(folder.join("conf"), MAKER).unwrap();
    let new = |arguments: &[&str]| {
        let all = [
            &[
                "req",
                "-config",
                "conf",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "30",
            ],
            arguments,
        ]
        .concat();
        assert!(openssl(folder, &all), "{all:?}");
    };
    let root = [
        "-extensions",
        "ca",
        "-keyout",
        "root.key",
        "-out",
        "root.pem",
    ];
    new(&[root.as_slice(), &["-subj", "/CN=root"]].concat());
    let middle = [
        "-extensions",
        "ca",
        "-CA",
        "root.pem",
        "-CAkey",
        "root.key",
        "-keyout",
        "middle.key",
        "-out",
        "middle.pem",
        "-subj",
        "/CN=middle",
    ];
    new(&middle);
    let own = [
        "-extensions",
        "key",
        "-CA",
        "middle.pem",
        "-CAkey",
        "middle.key",
        "-keyout",
        "own.key",
        "-out",
        "own.pem",
        "-subj",
        "/CN=key",
    ];
    new(&own);
    ["own.pem", "middle.pem", "root.pem"]
        .iter()
        .flat_map(|name| {
            let pem = fs::read_to_string(folder.join(name)).unwrap();
            certificates_from_pem(&pem).unwrap()
        })
        .collect()
}

#[test]
fn a_makers_chain_vouches_by_its_root_alone() {
    let folder = tempfile::tempdir().unwrap();
    let whole = maker(folder.path());
    let [own, middle, root] = whole.as_slice() else {
        panic!("three certificates");
    };
    let now = fs::metadata(folder.path().join("own.pem"))
        .unwrap()
        .modified()
        .unwrap()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    let judged = |chain: &[&Vec<u8>], roots: &[&Vec<u8>], at: Option<i64>| {
        let chain: Vec<Vec<u8>> = chain.iter().map(|der| (*der).clone()).collect();
        let roots: Vec<Vec<u8>> = roots.iter().map(|der| (*der).clone()).collect();
        Chain::read(&chain)?.judge(&roots, at)
    };
    assert_eq!(judged(&[own, middle, root], &[root], Some(now)), Ok(()));
    assert_eq!(judged(&[own, middle], &[root], Some(now)), Ok(()));
    // It ends with the first that is a root.
    assert_eq!(judged(&[own, middle, own], &[middle], Some(now)), Ok(()));
    let unknown = |why| Err(ChainError::Unknown(why));
    assert_eq!(
        judged(&[own, middle, root], &[], Some(now)),
        unknown("no trusted root")
    );
    assert_eq!(
        judged(&[own], &[root], Some(now)),
        unknown("no trusted root")
    );
    assert_eq!(
        judged(&[own, middle], &[root], None),
        unknown("no enrolment")
    );
    assert_eq!(
        judged(&[own, root], &[root], Some(now)),
        Err(ChainError::BrokenLink)
    );
    assert_eq!(
        judged(&[middle, own], &[root], Some(now)),
        Err(ChainError::BrokenLink)
    );
    assert_eq!(
        judged(&[own, middle], &[root], Some(now + 60 * 86_400_000)),
        Err(ChainError::NotValid)
    );
    assert_eq!(judged(&[], &[root], Some(now)), Err(ChainError::Malformed));
    assert_eq!(
        judged(&[own; 9], &[root], Some(now)),
        Err(ChainError::Malformed)
    );
    let mut changed = middle.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    assert_eq!(
        judged(&[own, &changed], &[root], Some(now)),
        unknown("no trusted root")
    );
    assert_eq!(
        judged(&[own, &changed, root], &[root], Some(now)),
        Err(ChainError::BrokenLink)
    );
}
