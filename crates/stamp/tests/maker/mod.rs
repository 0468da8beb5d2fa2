//! Makes certificates and timestamp tokens from fixed keys, good ones and bad ones, the same bytes every time. Test keys alone: whoever
//! has this repository has them, and no trust file of anybody's may name them.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "several tests take from it what they need, and stop where it fails"
)]

use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::EncodePublicKey as _;
use sha2::{Digest as _, Sha256};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTETS: u8 = 0x04;
const BITS: u8 = 0x03;
const INTEGER: u8 = 0x02;
const OID: u8 = 0x06;
const TIME: u8 = 0x18;

/// One element of DER.
pub fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..0x80 => out.push(length as u8),
        0x80..0x100 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(content);
    out
}

/// An object identifier, from its numbers.
pub fn oid(numbers: &[u64]) -> Vec<u8> {
    let mut content = Vec::new();
    let first = numbers[0] * 40 + numbers[1];
    for number in std::iter::once(&first).chain(&numbers[2..]) {
        let mut digits = vec![(number & 0x7f) as u8];
        let mut rest = number >> 7;
        while rest > 0 {
            digits.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        digits.reverse();
        content.extend(digits);
    }
    der(OID, &[&content])
}

const SHA256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
const SIGNED_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 2];
const TST_INFO: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 1, 4];
const CONTENT_TYPE: &[u64] = &[1, 2, 840, 113549, 1, 9, 3];
const MESSAGE_DIGEST: &[u64] = &[1, 2, 840, 113549, 1, 9, 4];
const SIGNING_CERTIFICATE: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 2, 12];
const SIGNING_CERTIFICATE_V2: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 2, 47];
pub const TIME_STAMPING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 8];
pub const CODE_SIGNING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 3];

/// A signing key.
pub enum Key {
    P256(p256::ecdsa::SigningKey),
    Rsa(ring::signature::RsaKeyPair),
}

impl Key {
    /// The same for the same label.
    pub fn p256(label: &str) -> Self {
        let scalar = Sha256::digest(format!("timestamp test key {label}"));
        Self::P256(p256::ecdsa::SigningKey::from_slice(&scalar).unwrap())
    }

    /// The one RSA key.
    pub fn rsa() -> Self {
        let bytes = include_bytes!("rsa-2048-test-key.der");
        Self::Rsa(ring::signature::RsaKeyPair::from_der(bytes).unwrap())
    }

    fn spki(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.verifying_key().to_public_key_der().unwrap().into_vec(),
            Self::Rsa(key) => {
                let algorithm = der(SEQUENCE, &[&oid(&[1, 2, 840, 113549, 1, 1, 1]), &[0x05, 0]]);
                der(
                    SEQUENCE,
                    &[&algorithm, &der(BITS, &[&[0], key.public().as_ref()])],
                )
            }
        }
    }

    fn algorithm(&self) -> Vec<u8> {
        match self {
            Self::P256(_) => der(SEQUENCE, &[&oid(&[1, 2, 840, 10045, 4, 3, 2])]),
            Self::Rsa(_) => der(
                SEQUENCE,
                &[&oid(&[1, 2, 840, 113549, 1, 1, 11]), &[0x05, 0]],
            ),
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let random = ring::rand::SystemRandom::new();
                // PKCS #1 v1.5 is deterministic; randomness only blinds the computation.
                key.sign(
                    &ring::signature::RSA_PKCS1_SHA256,
                    &random,
                    message,
                    &mut signature,
                )
                .unwrap();
                signature
            }
        }
    }
}

/// A name with one common name in it.
pub fn name(common: &str) -> Vec<u8> {
    let pair = der(
        SEQUENCE,
        &[&oid(&[2, 5, 4, 3]), &der(0x0c, &[common.as_bytes()])],
    );
    der(SEQUENCE, &[&der(SET, &[&pair])])
}

/// What a certificate shall say.
#[derive(Clone)]
pub struct Says {
    pub subject: String,
    pub issuer: String,
    pub serial: u8,
    /// `YYYYMMDDHHMMSSZ`.
    pub not_before: String,
    pub not_after: String,
    /// cA and pathLenConstraint.
    pub authority: Option<Option<u8>>,
    pub key_usage: Option<u8>,
    pub purposes: Vec<&'static [u64]>,
    pub purposes_critical: bool,
    /// A critical extension that nobody knows.
    pub odd_extension: bool,
    /// subjectKeyIdentifier.
    pub key_id: Option<Vec<u8>>,
}

impl Says {
    pub fn root(subject: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            issuer: subject.to_owned(),
            serial: 1,
            not_before: "20200101000000Z".to_owned(),
            not_after: "20400101000000Z".to_owned(),
            authority: Some(None),
            key_usage: Some(0x06),
            purposes: Vec::new(),
            purposes_critical: false,
            odd_extension: false,
            key_id: None,
        }
    }

    pub fn stamping(subject: &str, issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            serial: 2,
            not_before: "20260101000000Z".to_owned(),
            not_after: "20270101000000Z".to_owned(),
            authority: None,
            key_usage: Some(0x80),
            purposes: vec![TIME_STAMPING],
            purposes_critical: true,
            ..Self::root(subject)
        }
    }
}

/// UTCTime to 2049, as RFC 5280 wants it.
fn bound(time: &str) -> Vec<u8> {
    if &time[..4] < "2050" {
        der(0x17, &[&time.as_bytes()[2..]])
    } else {
        der(TIME, &[time.as_bytes()])
    }
}

fn extension(id: &[u64], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[0x01, 1, 0xff] } else { &[] };
    der(SEQUENCE, &[&oid(id), flag, &der(OCTETS, &[value])])
}

/// A certificate for `key`, signed by `by`.
pub fn certificate(says: &Says, key: &Key, by: &Key) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(limit) = says.authority {
        let limit = limit.map(|limit| der(INTEGER, &[&[limit]]));
        let value = der(
            SEQUENCE,
            &[&[0x01, 1, 0xff], limit.as_deref().unwrap_or_default()],
        );
        extensions.push(extension(&[2, 5, 29, 19], true, &value));
    }
    if let Some(usage) = says.key_usage {
        let unused = usage.trailing_zeros() as u8;
        extensions.push(extension(
            &[2, 5, 29, 15],
            true,
            &der(BITS, &[&[unused, usage]]),
        ));
    }
    if !says.purposes.is_empty() {
        let purposes: Vec<u8> = says
            .purposes
            .iter()
            .flat_map(|purpose| oid(purpose))
            .collect();
        let value = der(SEQUENCE, &[&purposes]);
        extensions.push(extension(&[2, 5, 29, 37], says.purposes_critical, &value));
    }
    if let Some(id) = &says.key_id {
        extensions.push(extension(&[2, 5, 29, 14], false, &der(OCTETS, &[id])));
    }
    if says.odd_extension {
        extensions.push(extension(&[2, 999, 7], true, &[0x05, 0]));
    }
    let tbs = der(
        SEQUENCE,
        &[
            &der(0xa0, &[&[INTEGER, 1, 2]]),
            &der(INTEGER, &[&[says.serial]]),
            &by.algorithm(),
            &name(&says.issuer),
            &der(
                SEQUENCE,
                &[&bound(&says.not_before), &bound(&says.not_after)],
            ),
            &name(&says.subject),
            &key.spki(),
            &der(0xa3, &[&der(SEQUENCE, &[&extensions.concat()])]),
        ],
    );
    let signature = by.sign(&tbs);
    der(
        SEQUENCE,
        &[&tbs, &by.algorithm(), &der(BITS, &[&[0], &signature])],
    )
}

/// A digest of an imprint.
#[derive(Clone, Copy)]
pub enum Imprint {
    Sha256,
    Sha384,
    Sha512,
}

impl Imprint {
    fn algorithm(self) -> Vec<u8> {
        let last = match self {
            Self::Sha256 => 1,
            Self::Sha384 => 2,
            Self::Sha512 => 3,
        };
        let id = oid(&[2, 16, 840, 1, 101, 3, 4, 2, last]);
        der(SEQUENCE, &[&id, &[0x05, 0]])
    }

    fn digest(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &ring::digest::SHA256,
            Self::Sha384 => &ring::digest::SHA384,
            Self::Sha512 => &ring::digest::SHA512,
        };
        ring::digest::digest(algorithm, message).as_ref().to_vec()
    }
}

/// What a token shall be.
#[derive(Clone)]
pub struct Asks {
    pub time: String,
    /// Seconds.
    pub accuracy: Option<u8>,
    pub serial: u8,
    pub status: u8,
    pub nonce: Option<u8>,
    /// The `tsa` field's common name.
    pub authority: Option<String>,
    /// Certificates beside the signer's.
    pub more: Vec<Vec<u8>>,
    /// Whether the signer's is in it.
    pub with_signer: bool,
    pub imprint: Imprint,
    /// Whether the signer is named by its subjectKeyIdentifier.
    pub by_key_id: bool,
    /// Whether signingCertificate (of SHA-1) stands in place of signingCertificateV2.
    pub first_version: bool,
}

impl Asks {
    pub fn at(time: &str) -> Self {
        Self {
            time: time.to_owned(),
            accuracy: Some(1),
            serial: 7,
            status: 0,
            nonce: None,
            authority: None,
            more: Vec::new(),
            with_signer: true,
            imprint: Imprint::Sha256,
            by_key_id: false,
            first_version: false,
        }
    }
}

/// The authority that signs: its certificate, what that says, and its key.
pub struct Signer {
    pub says: Says,
    pub certificate: Vec<u8>,
    pub key: Key,
}

/// A TimeStampResp over `message`.
pub fn response(asks: &Asks, message: &[u8], by: &Signer) -> Vec<u8> {
    let mut status = der(INTEGER, &[&[asks.status]]);
    if asks.status > 1 {
        // failInfo: systemFailure.
        status.extend(der(BITS, &[&[6, 0, 0, 0, 0x40]]));
        return der(SEQUENCE, &[&der(SEQUENCE, &[&status])]);
    }
    status = der(SEQUENCE, &[&status]);
    let algorithm = der(SEQUENCE, &[&oid(SHA256), &[0x05, 0]]);
    let imprint = der(
        SEQUENCE,
        &[
            &asks.imprint.algorithm(),
            &der(OCTETS, &[&asks.imprint.digest(message)]),
        ],
    );
    let accuracy = asks
        .accuracy
        .map(|seconds| der(SEQUENCE, &[&der(INTEGER, &[&[seconds]])]));
    let nonce = asks.nonce.map(|nonce| der(INTEGER, &[&[nonce]]));
    let authority = asks
        .authority
        .as_deref()
        .map(|common| der(0xa0, &[&der(0xa4, &[&name(common)])]));
    let info = der(
        SEQUENCE,
        &[
            &der(INTEGER, &[&[1]]),
            &oid(&[2, 999, 1]),
            &imprint,
            &der(INTEGER, &[&[asks.serial]]),
            &der(TIME, &[asks.time.as_bytes()]),
            &accuracy.unwrap_or_default(),
            &nonce.unwrap_or_default(),
            &authority.unwrap_or_default(),
        ],
    );
    let attribute = |id: &[u64], value: &[u8]| der(SEQUENCE, &[&oid(id), &der(SET, &[value])]);
    let (attribute_id, certificate_hash) = if asks.first_version {
        let sha1 = &ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
        let hash = ring::digest::digest(sha1, &by.certificate);
        (SIGNING_CERTIFICATE, hash.as_ref().to_vec())
    } else {
        let hash = Sha256::digest(&by.certificate);
        (SIGNING_CERTIFICATE_V2, hash.to_vec())
    };
    let ess = der(SEQUENCE, &[&der(OCTETS, &[&certificate_hash])]);
    let mut attributes = [
        attribute(CONTENT_TYPE, &oid(TST_INFO)),
        attribute(MESSAGE_DIGEST, &der(OCTETS, &[&Sha256::digest(&info)])),
        attribute(attribute_id, &der(SEQUENCE, &[&der(SEQUENCE, &[&ess])])),
    ];
    attributes.sort();
    let attributes = attributes.concat();
    let signature = by.key.sign(&der(SET, &[&attributes]));
    let serial = der(INTEGER, &[&[by.says.serial]]);
    let (version, sid) = match &by.says.key_id {
        Some(id) if asks.by_key_id => (3, der(0x80, &[id])),
        _ => (1, der(SEQUENCE, &[&name(&by.says.issuer), &serial])),
    };
    let signer = der(
        SEQUENCE,
        &[
            &der(INTEGER, &[&[version]]),
            &sid,
            &algorithm,
            &der(0xa0, &[&attributes]),
            &by.key.algorithm(),
            &der(OCTETS, &[&signature]),
        ],
    );
    let mut certificates = asks.more.clone();
    if asks.with_signer {
        certificates.push(by.certificate.clone());
    }
    certificates.sort();
    let certificates = if certificates.is_empty() {
        Vec::new()
    } else {
        der(0xa0, &[&certificates.concat()])
    };
    let content = der(
        SEQUENCE,
        &[&oid(TST_INFO), &der(0xa0, &[&der(OCTETS, &[&info])])],
    );
    let signed = der(
        SEQUENCE,
        &[
            &der(INTEGER, &[&[3]]),
            &der(SET, &[&algorithm]),
            &content,
            &certificates,
            &der(SET, &[&signer]),
        ],
    );
    let token = der(SEQUENCE, &[&oid(SIGNED_DATA), &der(0xa0, &[&signed])]);
    der(SEQUENCE, &[&status, &token])
}

/// A root and a signer under it.
pub struct Authority {
    pub root: Vec<u8>,
    pub root_key: Key,
    pub root_name: String,
    pub signer: Signer,
}

impl Authority {
    /// The signer's key is RSA or P-256; the root's is P-256 by its name.
    pub fn new(label: &str, key: Key) -> Self {
        Self::with(label, key, |_| {})
    }

    /// The same with another signer's certificate.
    pub fn with(label: &str, key: Key, change: impl FnOnce(&mut Says)) -> Self {
        let root_name = format!("{label} test root");
        let root_key = Key::p256(&root_name);
        let root = certificate(&Says::root(&root_name), &root_key, &root_key);
        let mut says = Says::stamping(&format!("{label} test timestamps"), &root_name);
        change(&mut says);
        let certificate = certificate(&says, &key, &root_key);
        Self {
            root,
            root_key,
            root_name,
            signer: Signer {
                says,
                certificate,
                key,
            },
        }
    }

    pub fn stamp(&self, asks: &Asks, message: &[u8]) -> Vec<u8> {
        response(asks, message, &self.signer)
    }
}
