//! A detached CMS signature (RFC 5652) over a file of which the sha256 is in hand: judged, and made. Specification, with the order of
//! the checks: `docs/spec/seal.md`, "CMS".

use crate::algorithm::{Algorithm, Digest, algorithm, oid};
use crate::certificate::{Certificate, Purpose};
use crate::der::{Element, Reader, small, tag, write};
use crate::token::{SignerId, certificates};
use crate::{Der, MAX_ROOTS, StampError, is_signer, nanos, path};

/// Largest signature that is read, bytes.
pub const MAX_CMS: usize = 64 * 1024;

/// Why a signature is not the expected signer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CmsError {
    /// Its form.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// An algorithm or a kind of key that isn't known here.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
    /// It is over other bytes.
    #[error("it is over other bytes")]
    OtherContent,
    /// The signature itself.
    #[error("the signature is wrong")]
    BadSignature,
    /// The signer's certificate did not come along.
    #[error("without the signer's certificate")]
    NoCertificate,
    /// Somebody else's key.
    #[error("by another key")]
    OtherKey,
    /// The certificate is not for signed data, or no path leads from it to a root.
    #[error("by a certificate that no trusted root vouches for")]
    NoPath,
}

impl From<StampError> for CmsError {
    fn from(error: StampError) -> Self {
        match error {
            StampError::Malformed(what) => Self::Malformed(what),
            StampError::Unsupported(what) => Self::Unsupported(what),
            _ => Self::BadSignature,
        }
    }
}

/// A SignedData without its content, with its one signer.
struct Detached<'a> {
    certificates: Vec<&'a [u8]>,
    id: SignerId<'a>,
    /// The signed attributes' content; their signature is over it as a SET.
    attributes: &'a [u8],
    message_digest: &'a [u8],
    algorithm: Algorithm<'a>,
    signature: &'a [u8],
}

impl<'a> Detached<'a> {
    fn read(der: &'a [u8]) -> Result<Self, StampError> {
        if der.len() > MAX_CMS {
            return Err(StampError::Malformed("larger than 64 KiB"));
        }
        let mut outer = Reader::only(der, tag::SEQUENCE)?.inside();
        if outer.take(tag::OID)?.content != oid::SIGNED_DATA {
            return Err(StampError::Malformed("not signed data"));
        }
        let wrapped = outer.take(tag::context(0))?.content;
        outer.end()?;
        let mut inside = Reader::only(wrapped, tag::SEQUENCE)?.inside();
        if !(1..=5).contains(&small(inside.integer()?)?) {
            return Err(StampError::Malformed("version of the signed data"));
        }
        inside.take(tag::SET)?;
        let mut content = inside.take(tag::SEQUENCE)?.inside();
        if content.take(tag::OID)?.content != oid::DATA || !content.is_empty() {
            return Err(StampError::Malformed("not a detached signature"));
        }
        let certificates = match inside.optional(tag::context(0))? {
            Some(set) => certificates(&set)?,
            None => Vec::new(),
        };
        inside.optional(tag::context(1))?;
        let signers = inside.take(tag::SET)?;
        inside.end()?;
        let mut signer = Reader::only(signers.content, tag::SEQUENCE)?.inside();
        if !matches!(small(signer.integer()?)?, 1 | 3) {
            return Err(StampError::Malformed("version of the signer"));
        }
        let id = SignerId::read(&signer.any()?)?;
        if Digest::of(&algorithm(&mut signer)?)? != Digest::Sha256 {
            return Err(StampError::Unsupported("digest algorithm"));
        }
        let attributes = signer.take(tag::context(0))?;
        let algorithm = algorithm(&mut signer)?;
        let signature = signer.take(tag::OCTET_STRING)?.content;
        signer.optional(tag::context(1))?;
        signer.end()?;
        Ok(Self {
            certificates,
            id,
            attributes: attributes.content,
            message_digest: message_digest(&attributes)?,
            algorithm,
            signature,
        })
    }
}

/// The signed attributes that count: content type and message digest.
fn message_digest<'a>(set: &Element<'a>) -> Result<&'a [u8], StampError> {
    let mut seen: Vec<&[u8]> = Vec::new();
    let (mut is_data, mut digest) = (false, None);
    let mut inside = set.inside();
    while !inside.is_empty() {
        let mut attribute = inside.take(tag::SEQUENCE)?.inside();
        let id = attribute.take(tag::OID)?.content;
        let values = attribute.take(tag::SET)?.content;
        attribute.end()?;
        if seen.contains(&id) {
            return Err(StampError::Malformed("a signed attribute twice"));
        }
        seen.push(id);
        match id {
            oid::CONTENT_TYPE => is_data = Reader::only(values, tag::OID)?.content == oid::DATA,
            oid::MESSAGE_DIGEST => {
                digest = Some(Reader::only(values, tag::OCTET_STRING)?.content);
            }
            _ => {}
        }
    }
    if !is_data {
        return Err(StampError::Malformed("signed content type"));
    }
    digest.ok_or(StampError::Malformed("no message digest"))
}

/// Judges a signature over the file of this sha256: by one of the keys that `is_expected` knows (SubjectPublicKeyInfo), whose
/// certificate was good for it at `at_ms` by one of `roots`.
pub fn verify(
    cms: &[u8],
    content_sha256: Option<&[u8; 32]>,
    is_expected: impl Fn(&[u8]) -> bool,
    roots: &[Der],
    at_ms: i64,
) -> Result<(), CmsError> {
    let signed = Detached::read(cms)?;
    if content_sha256.is_none_or(|digest| signed.message_digest != digest.as_slice()) {
        return Err(CmsError::OtherContent);
    }
    // A certificate that doesn't read is as good as none.
    let others: Vec<Certificate<'_>> = signed
        .certificates
        .iter()
        .filter_map(|der| Certificate::read(der).ok())
        .collect();
    let own = others
        .iter()
        .find(|found| is_signer(found, &signed.id).is_ok_and(|is| is))
        .ok_or(CmsError::NoCertificate)?;
    own.key.ok_or(CmsError::Unsupported("kind of key"))?.check(
        &signed.algorithm,
        Some(Digest::Sha256),
        &write(tag::SET, &[signed.attributes]),
        signed.signature,
    )?;
    if !is_expected(own.spki) {
        return Err(CmsError::OtherKey);
    }
    let roots: Vec<Certificate<'_>> = roots
        .iter()
        .take(MAX_ROOTS)
        .filter_map(|der| Certificate::read(der).ok())
        .collect();
    let found = path::find(own, &others, &roots, nanos(at_ms), Purpose::SignedData);
    if found.is_err() || !own.is_for_signed_data() {
        return Err(CmsError::NoPath);
    }
    Ok(())
}

/// No signature was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError<E> {
    /// The certificate does not read.
    #[error("the certificate does not read")]
    Certificate,
    /// The key did not sign.
    #[error("the key did not sign")]
    Sign(#[source] E),
}

/// Makes a signature over the file of this sha256 by the key of a P-256 certificate. `sign` gives an ECDSA signature with SHA-256, DER.
pub fn make<E>(
    content_sha256: &[u8; 32],
    certificate: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, MakeError<E>> {
    let own = Certificate::read(certificate).map_err(|_| MakeError::Certificate)?;
    let attribute = |id: &[u8], value: &[u8]| {
        write(
            tag::SEQUENCE,
            &[&write(tag::OID, &[id]), &write(tag::SET, &[value])],
        )
    };
    // A SET's elements stand in the order of their bytes: the shorter first.
    let attributes = [
        attribute(oid::CONTENT_TYPE, &write(tag::OID, &[oid::DATA])),
        attribute(
            oid::MESSAGE_DIGEST,
            &write(tag::OCTET_STRING, &[content_sha256]),
        ),
    ]
    .concat();
    let signature = sign(&write(tag::SET, &[&attributes])).map_err(MakeError::Sign)?;
    let named = |id: &[u8]| write(tag::SEQUENCE, &[&write(tag::OID, &[id])]);
    let one = write(tag::INTEGER, &[&[1]]);
    let signer = write(
        tag::SEQUENCE,
        &[
            &one,
            &write(
                tag::SEQUENCE,
                &[own.issuer, &write(tag::INTEGER, &[own.serial])],
            ),
            &named(oid::SHA256),
            &write(tag::context(0), &[&attributes]),
            &named(oid::ECDSA_SHA256),
            &write(tag::OCTET_STRING, &[&signature]),
        ],
    );
    let signed = write(
        tag::SEQUENCE,
        &[
            &one,
            &write(tag::SET, &[&named(oid::SHA256)]),
            &named(oid::DATA),
            &write(tag::context(0), &[certificate]),
            &write(tag::SET, &[&signer]),
        ],
    );
    Ok(write(
        tag::SEQUENCE,
        &[
            &write(tag::OID, &[oid::SIGNED_DATA]),
            &write(tag::context(0), &[&signed]),
        ],
    ))
}
