//! Certificates that a deployment makes for its own tablets' P-256 keys: one authority, and under it one certificate a key. They have no
//! end: whether a key is still good is said by the log. The authority is for signed data alone, so that nobody takes it for a
//! timestamp authority. Specification: `docs/spec/seal.md`, "CMS".

use crate::algorithm::oid;
use crate::certificate::Certificate;
use crate::der::{Reader, tag, write};
use crate::time::civil;
use crate::{Der, MAX_ROOTS, StampError, nanos, sha256};

/// Longest common name, characters (RFC 5280).
const LONGEST_NAME: usize = 64;
/// RFC 5280, 4.1.2.5: no well-defined end.
const NO_END: &[u8] = b"99991231235959Z";

/// No certificate was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError<E> {
    /// The authority's certificate or the key does not read.
    #[error("the authority's certificate or the key does not read")]
    Malformed,
    /// The authority's key did not sign.
    #[error("the authority's key did not sign")]
    Sign(#[source] E),
}

/// What a new certificate is of.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Of which the last 64 characters become its common name.
    pub name: &'a str,
    /// SubjectPublicKeyInfo.
    pub spki: &'a [u8],
    /// Random.
    pub serial: [u8; 16],
}

/// Makes an authority: self-signed, from a day before `now_ms`. `sign` is ECDSA on P-256 with SHA-256 by its own key, DER.
pub fn authority<E>(
    of: &Subject<'_>,
    now_ms: i64,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Der, IssueError<E>> {
    let since = time(now_ms - 86_400_000);
    let own_id = key_id(of.spki).ok_or(IssueError::Malformed)?;
    let name = common_name(of.name);
    let extensions = [
        extension(
            oid::BASIC_CONSTRAINTS,
            true,
            &write(
                tag::SEQUENCE,
                &[
                    &write(tag::BOOLEAN, &[&[0xff]]),
                    &write(tag::INTEGER, &[&[0]]),
                ],
            ),
        ),
        // keyCertSign, cRLSign
        extension(oid::KEY_USAGE, true, &write(tag::BIT_STRING, &[&[1, 0x06]])),
        extension(oid::EXTENDED_KEY_USAGE, false, &mail()),
        extension(
            oid::SUBJECT_KEY_ID,
            false,
            &write(tag::OCTET_STRING, &[&own_id]),
        ),
    ];
    signed(of, &name, &name, &since, &extensions, sign)
}

/// Makes a certificate for a tablet's key. `sign` is by the authority's key.
pub fn certificate<E>(
    authority: &[u8],
    of: &Subject<'_>,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Der, IssueError<E>> {
    let issuer = Certificate::read(authority).map_err(|_| IssueError::Malformed)?;
    let own_id = key_id(of.spki).ok_or(IssueError::Malformed)?;
    let issuer_id = issuer.key_id().ok_or(IssueError::Malformed)?;
    let extensions = [
        extension(oid::BASIC_CONSTRAINTS, true, &write(tag::SEQUENCE, &[])),
        // digitalSignature, nonRepudiation
        extension(oid::KEY_USAGE, true, &write(tag::BIT_STRING, &[&[6, 0xc0]])),
        extension(oid::EXTENDED_KEY_USAGE, false, &mail()),
        extension(
            oid::SUBJECT_KEY_ID,
            false,
            &write(tag::OCTET_STRING, &[&own_id]),
        ),
        extension(
            oid::AUTHORITY_KEY_ID,
            false,
            &write(
                tag::SEQUENCE,
                &[&write(tag::context_primitive(0), &[issuer_id])],
            ),
        ),
    ];
    let name = common_name(of.name);
    signed(of, issuer.subject, &name, issuer.since, &extensions, sign)
}

/// Whether `certificate` is of this key, and by one of these roots: what a tablet asks before it uses one.
pub fn is_of(certificate: &[u8], spki: &[u8], roots: &[Der]) -> bool {
    let Ok(own) = Certificate::read(certificate) else {
        return false;
    };
    let by = |root: &Der| {
        Certificate::read(root)
            .is_ok_and(|root| root.subject == own.issuer && own.is_signed_by(&root).is_ok())
    };
    own.spki == spki && own.is_for_signed_data() && roots.iter().take(MAX_ROOTS).any(by)
}

fn signed<E>(
    of: &Subject<'_>,
    issuer: &[u8],
    subject: &[u8],
    since: &[u8],
    extensions: &[Vec<u8>],
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Der, IssueError<E>> {
    // Positive, and of full length whatever comes.
    let mut serial = of.serial;
    serial[0] = (serial[0] & 0x3f) | 0x40;
    let algorithm = write(tag::SEQUENCE, &[&write(tag::OID, &[oid::ECDSA_SHA256])]);
    let extensions = write(tag::SEQUENCE, &[&extensions.concat()]);
    let tbs = write(
        tag::SEQUENCE,
        &[
            &write(tag::context(0), &[&write(tag::INTEGER, &[&[2]])]),
            &write(tag::INTEGER, &[&serial]),
            &algorithm,
            issuer,
            &write(
                tag::SEQUENCE,
                &[since, &write(tag::GENERALIZED_TIME, &[NO_END])],
            ),
            subject,
            of.spki,
            &write(tag::context(3), &[&extensions]),
        ],
    );
    let signature = sign(&tbs).map_err(IssueError::Sign)?;
    let made = write(
        tag::SEQUENCE,
        &[
            &tbs,
            &algorithm,
            &write(tag::BIT_STRING, &[&[0], &signature]),
        ],
    );
    match Certificate::read(&made) {
        Ok(_) => Ok(made),
        Err(_) => Err(IssueError::Malformed),
    }
}

/// `CN=` the name's end.
fn common_name(name: &str) -> Vec<u8> {
    let length = name.chars().count();
    let end: String = name
        .chars()
        .skip(length.saturating_sub(LONGEST_NAME))
        .collect();
    let pair = write(
        tag::SEQUENCE,
        &[
            &write(tag::OID, &[oid::COMMON_NAME]),
            &write(tag::UTF8_STRING, &[end.as_bytes()]),
        ],
    );
    write(tag::SEQUENCE, &[&write(tag::SET, &[&pair])])
}

fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = write(tag::BOOLEAN, &[&[0xff]]);
    write(
        tag::SEQUENCE,
        &[
            &write(tag::OID, &[id]),
            if critical { &flag } else { &[] },
            &write(tag::OCTET_STRING, &[value]),
        ],
    )
}

fn mail() -> Vec<u8> {
    write(tag::SEQUENCE, &[&write(tag::OID, &[oid::EMAIL_PROTECTION])])
}

/// The first 20 bytes of the sha256 of the key's bits (RFC 7093).
fn key_id(spki: &[u8]) -> Option<[u8; 20]> {
    let read = || -> Result<[u8; 32], StampError> {
        let mut inside = Reader::only(spki, tag::SEQUENCE)?.inside();
        inside.take(tag::SEQUENCE)?;
        let bits = crate::der::whole_bytes(inside.take(tag::BIT_STRING)?.content)?;
        Ok(sha256(bits))
    };
    read().ok()?.first_chunk().copied()
}

/// UTCTime up to 2049, GeneralizedTime beyond.
fn time(ms: i64) -> Vec<u8> {
    let seconds = i64::try_from(nanos(ms) / crate::time::SECOND).unwrap_or(0);
    let (year, rest) = civil(seconds);
    if (1950..2050).contains(&year) {
        write(
            tag::UTC_TIME,
            &[format!("{:02}{rest}Z", year % 100).as_bytes()],
        )
    } else {
        write(
            tag::GENERALIZED_TIME,
            &[format!("{year:04}{rest}Z").as_bytes()],
        )
    }
}
