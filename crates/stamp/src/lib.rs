//! Timestamp tokens by RFC 3161: the request, the answer, and what a token proves by the roots that somebody trusts. And what else
//! there is of X.509 in a packet: detached CMS signatures ([`cms`]), makers' certificates of keys ([`chain`]), and the certificates
//! that a deployment makes for its own tablets ([`issue`]).
//!
//! Knows nobody of ours, and no clock: a token is judged at the time that it names, so that it stays good after its authority's
//! certificate has expired. Specification, with the order of the checks: `docs/spec/time.md`.
//!
//! Why not a library for CMS and X.509: the checks of a token are few and fixed, two verifiers have to agree on them to the finding, and the
//! libraries at hand are lenient in some places and silent about their order in others. Signatures are `ring`'s.

mod algorithm;
mod certificate;
pub mod chain;
pub mod cms;
mod der;
pub mod issue;
mod path;
mod pem;
mod request;
mod time;
mod token;

pub use pem::{certificate_to_pem, certificates_from_pem};
pub use request::{MAX_NONCE, check_response, request};

use algorithm::Digest;
use certificate::{Certificate, Purpose, is_named};
use der::tag;
use token::{CertificateId, Response, SignerId, Token};

/// Largest TimeStampResp that is read, bytes.
pub const MAX_TOKEN: usize = 64 * 1024;
/// Most certificates in a token.
pub const MAX_CERTIFICATES: usize = 16;
/// Most certificates from the signer's to the root, both counted.
pub const MAX_CHAIN: usize = 8;
/// Most roots that are looked at; further ones are passed over.
pub const MAX_ROOTS: usize = 64;

/// A certificate in DER.
pub type Der = Vec<u8>;

/// What a good token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// genTime, rounded down: milliseconds since 1970.
    pub time_ms: i64,
    /// genTime less the accuracy, rounded down: milliseconds since 1970.
    pub earliest_ms: i64,
    /// genTime and the accuracy, rounded up: milliseconds since 1970.
    pub latest_ms: i64,
    /// Microseconds; an absent one counts as zero.
    pub accuracy_us: Option<u64>,
    /// Object identifier of the authority's policy.
    pub policy: String,
    /// The token's serial number, hex.
    pub serial: String,
    /// Who signed it.
    pub signer: Signer,
}

/// The certificate that signed a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// Its common name, or what else its subject ends with; for people.
    pub name: String,
    /// sha256 of the certificate.
    pub sha256: [u8; 32],
    /// When it ends: milliseconds since 1970.
    pub not_after_ms: i64,
}

/// Why an answer is not a token that proves something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StampError {
    /// Its form.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The authority refused; its status.
    #[error("not granted, status {0}")]
    NotGranted(u64),
    /// It is over other bytes.
    #[error("the token is over other bytes")]
    OtherImprint,
    /// It answers another request.
    #[error("the token answers another request")]
    OtherNonce,
    /// Its signature, or the digest that it signs.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// It names another signer than the certificate with which it was signed.
    #[error("the token names another signer")]
    OtherSigner,
    /// No path to a trusted root, or no signer's certificate in it.
    #[error("the authority is not known")]
    UnknownAuthority,
    /// The authority is known, but a certificate of the path was not valid at the token's time.
    #[error("a certificate was not valid at the token's time")]
    CertificateNotValid,
    /// The signer's certificate is not for timestamps alone.
    #[error("the certificate is not one for timestamps")]
    WrongPurpose,
    /// An algorithm, kind of key or critical extension that isn't known here.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
}

/// Whether these bytes read as a certificate that a path can lead to or over.
pub fn is_certificate(der: &[u8]) -> bool {
    Certificate::read(der).is_ok()
}

/// Judges a TimeStampResp over `message` by `roots`, at the time that the token names.
pub fn verify(tsr: &[u8], message: &[u8], roots: &[Der]) -> Result<Stamp, StampError> {
    let Token {
        content,
        info,
        certificates,
        signer,
    } = Response::read(tsr)?.token;
    let (digest, imprint) = info.imprint;
    if digest.digest(message) != imprint {
        return Err(StampError::OtherImprint);
    }
    // A certificate that doesn't read is as good as none.
    let roots: Vec<Certificate<'_>> = roots
        .iter()
        .take(MAX_ROOTS)
        .filter_map(|der| Certificate::read(der).ok())
        .collect();
    let others: Vec<Certificate<'_>> = certificates
        .iter()
        .filter_map(|der| Certificate::read(der).ok())
        .collect();
    let own = others
        .iter()
        .chain(&roots)
        .find(|found| is_meant(found, &signer.certificate_ids[0]))
        .ok_or(StampError::UnknownAuthority)?;
    if !is_named_throughout(own, &signer.id, &signer.certificate_ids)? {
        return Err(StampError::OtherSigner);
    }
    if signer.digest.digest(content) != signer.message_digest {
        return Err(StampError::BadSignature);
    }
    own.key
        .ok_or(StampError::Unsupported("kind of key"))?
        .check(
            &signer.signature_algorithm,
            Some(signer.digest),
            &der::write(tag::SET, &[signer.attributes]),
            signer.signature,
        )?;
    if let Some(name) = info.authority {
        let subject = der::write(tag::context(4), &[own.subject]);
        if name != subject && !own.has_other_name(name) {
            return Err(StampError::OtherSigner);
        }
    }
    path::find(own, &others, &roots, info.time, Purpose::Timestamps)?;
    if !own.is_for_timestamps() {
        return Err(StampError::WrongPurpose);
    }
    let accuracy = i128::from(info.accuracy.unwrap_or(0)) * 1000;
    Ok(Stamp {
        time_ms: floor_ms(info.time),
        earliest_ms: floor_ms(info.time - accuracy),
        latest_ms: -floor_ms(-(info.time + accuracy)),
        accuracy_us: info.accuracy,
        policy: dotted(info.policy),
        serial: info
            .serial
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        signer: Signer {
            name: own.common_name(),
            sha256: sha256(own.whole),
            not_after_ms: floor_ms(own.not_after()),
        },
    })
}

/// Whether an ESSCertID's digest is this certificate's.
fn is_meant(certificate: &Certificate<'_>, id: &CertificateId<'_>) -> bool {
    let hash = match id.digest {
        Some(digest) => digest.digest(certificate.whole),
        None => algorithm::sha1(certificate.whole),
    };
    hash == id.hash
}

/// Whether SignerInfo and every signingCertificate attribute name this certificate, in each of the ways in which they do.
fn is_named_throughout(
    certificate: &Certificate<'_>,
    signer: &SignerId<'_>,
    ids: &[CertificateId<'_>],
) -> Result<bool, StampError> {
    let by_signer = is_signer(certificate, signer)?;
    let mut by_ids = true;
    for id in ids {
        by_ids &= is_meant(certificate, id);
        if let Some((issuer, serial)) = id.named {
            by_ids &= is_named(certificate, issuer, serial)?;
        }
    }
    Ok(by_signer && by_ids)
}

/// Whether a SignerInfo's sid means this certificate.
fn is_signer(certificate: &Certificate<'_>, signer: &SignerId<'_>) -> Result<bool, StampError> {
    match signer {
        SignerId::Named { issuer, serial } => is_named(certificate, issuer, serial),
        SignerId::KeyId(id) => Ok(certificate.key_id() == Some(*id)),
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Digest::Sha256.digest(bytes).try_into().unwrap_or([0; 32])
}

/// Milliseconds to nanoseconds.
fn nanos(ms: i64) -> i128 {
    i128::from(ms) * 1_000_000
}

/// Nanoseconds to milliseconds, towards the past. Four digits of a year always fit.
fn floor_ms(nanos: i128) -> i64 {
    i64::try_from(nanos.div_euclid(1_000_000)).unwrap_or(i64::MAX)
}

/// An object identifier as people write it; arcs beyond 64 bits stay out.
fn dotted(content: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut value: u64 = 0;
    for byte in content {
        value = value
            .saturating_mul(128)
            .saturating_add(u64::from(byte & 0x7f));
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (value / 40).min(2);
                arcs.push(first);
                value -= first * 40;
            }
            arcs.push(value);
            value = 0;
        }
    }
    let arcs: Vec<String> = arcs.iter().map(u64::to_string).collect();
    arcs.join(".")
}

#[cfg(test)]
mod tests {
    use super::algorithm::oid;

    #[test]
    fn object_identifiers_are_written_as_people_do() {
        assert_eq!(super::dotted(oid::TIME_STAMPING), "1.3.6.1.5.5.7.3.8");
        assert_eq!(super::dotted(oid::SHA256), "2.16.840.1.101.3.4.2.1");
        assert_eq!(super::dotted(&[]), "");
    }
}
