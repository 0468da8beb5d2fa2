//! Digests and signature algorithms: which there are, by their object identifiers, and how they are checked.

use crate::StampError;
use crate::der::{Element, Reader, tag, whole_bytes};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use sha2::Digest as _;

/// DER content of the object identifiers that are known here.
pub(crate) mod oid {
    pub const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
    pub const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
    pub const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
    pub const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    pub const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    pub const RSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
    pub const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
    pub const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    pub const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    pub const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
    pub const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    pub const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
    pub const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    pub const TST_INFO: &[u8] = &[
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04,
    ];
    pub const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
    pub const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
    pub const SIGNING_CERTIFICATE: &[u8] = &[
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c,
    ];
    pub const SIGNING_CERTIFICATE_V2: &[u8] = &[
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f,
    ];
    pub const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
    pub const EMAIL_PROTECTION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04];
    pub const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
    pub const ANY_EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
    pub const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    pub const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
    pub const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
    pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    pub const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
    pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
    pub const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 0x20];
    pub const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
}

/// An AlgorithmIdentifier: the object identifier, and its parameters where they are neither absent nor NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Algorithm<'a> {
    pub oid: &'a [u8],
    pub parameters: Option<Element<'a>>,
}

impl<'a> Algorithm<'a> {
    /// Reads what is in the SEQUENCE.
    pub(crate) fn read(element: &Element<'a>) -> Result<Self, StampError> {
        let mut inside = element.inside();
        let oid = inside.take(tag::OID)?.content;
        let parameters = if inside.is_empty() {
            None
        } else {
            Some(inside.any()?).filter(|found| found.whole != [tag::NULL, 0])
        };
        inside.end()?;
        Ok(Self { oid, parameters })
    }

    /// Its identifier where it has no parameters.
    fn plain(&self) -> Option<&'a [u8]> {
        self.parameters.is_none().then_some(self.oid)
    }
}

/// A digest algorithm that signatures and imprints may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub(crate) fn of(algorithm: &Algorithm<'_>) -> Result<Self, StampError> {
        match algorithm.plain() {
            Some(oid::SHA256) => Ok(Self::Sha256),
            Some(oid::SHA384) => Ok(Self::Sha384),
            Some(oid::SHA512) => Ok(Self::Sha512),
            _ => Err(StampError::Unsupported("digest algorithm")),
        }
    }

    pub(crate) fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
        }
    }
}

/// SHA-1, for the certificate's digest in the older of the two signingCertificate attributes alone.
pub(crate) fn sha1(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes)
        .as_ref()
        .to_vec()
}

/// A public key as signatures are checked with it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PublicKey<'a> {
    Rsa(&'a [u8]),
    P256(&'a [u8]),
    P384(&'a [u8]),
}

impl<'a> PublicKey<'a> {
    /// From the SubjectPublicKeyInfo's SEQUENCE; none when it is of a kind that isn't known here.
    pub(crate) fn read(spki: &Element<'a>) -> Result<Option<Self>, StampError> {
        let mut inside = spki.inside();
        let algorithm = Algorithm::read(&inside.take(tag::SEQUENCE)?)?;
        let bits = inside.take(tag::BIT_STRING)?.content;
        inside.end()?;
        let key = whole_bytes(bits)?;
        let curve = algorithm
            .parameters
            .filter(|found| found.tag == tag::OID)
            .map(|found| found.content);
        Ok(match (algorithm.oid, curve) {
            (oid::RSA, None) if algorithm.parameters.is_none() => Some(Self::Rsa(key)),
            (oid::EC, Some(oid::P256)) => Some(Self::P256(key)),
            (oid::EC, Some(oid::P384)) => Some(Self::P384(key)),
            _ => None,
        })
    }

    /// Checks a signature. `digest`: named beside the algorithm, where that alone doesn't say it.
    pub(crate) fn check(
        &self,
        algorithm: &Algorithm<'_>,
        digest: Option<Digest>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), StampError> {
        let (bytes, verification) = self
            .algorithm(algorithm, digest)
            .ok_or(StampError::Unsupported("signature algorithm"))?;
        UnparsedPublicKey::new(verification, bytes)
            .verify(message, signature)
            .map_err(|_| StampError::BadSignature)
    }

    fn algorithm(
        &self,
        algorithm: &Algorithm<'_>,
        digest: Option<Digest>,
    ) -> Option<(&'a [u8], &'static dyn VerificationAlgorithm)> {
        let (named, is_rsa) = match algorithm.plain()? {
            oid::RSA_SHA256 => (Digest::Sha256, true),
            oid::RSA_SHA384 => (Digest::Sha384, true),
            oid::RSA_SHA512 => (Digest::Sha512, true),
            oid::RSA => (digest?, true),
            oid::ECDSA_SHA256 => (Digest::Sha256, false),
            oid::ECDSA_SHA384 => (Digest::Sha384, false),
            _ => return None,
        };
        // A signature over the one digest by an algorithm of the other is nothing that anybody makes.
        if digest.is_some_and(|digest| digest != named) {
            return None;
        }
        let verification: &'static dyn VerificationAlgorithm = match (self, is_rsa, named) {
            (Self::Rsa(_), true, Digest::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Self::Rsa(_), true, Digest::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Self::Rsa(_), true, Digest::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Self::P256(_), false, Digest::Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Self::P256(_), false, Digest::Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Self::P384(_), false, Digest::Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
            (Self::P384(_), false, Digest::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
            _ => return None,
        };
        let (Self::Rsa(bytes) | Self::P256(bytes) | Self::P384(bytes)) = *self;
        Some((bytes, verification))
    }
}

/// An AlgorithmIdentifier at the reader's place.
pub(crate) fn algorithm<'a>(reader: &mut Reader<'a>) -> Result<Algorithm<'a>, StampError> {
    Algorithm::read(&reader.take(tag::SEQUENCE)?)
}
