//! A maker's certificates of a key in hardware: from the key's own certificate to a root of the maker's. Specification, with the
//! order of the checks: `docs/spec/attestation.md`.

use crate::certificate::{Certificate, Purpose};
use crate::{Der, MAX_CHAIN, MAX_ROOTS, StampError, nanos};

/// Largest file of certificates that is read, bytes.
pub const MAX_FILE: usize = 64 * 1024;
/// Largest chain that comes with an enrolment, bytes of DER.
pub const MAX_ENROLLED: usize = 32 * 1024;

/// Why a chain does not vouch for a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// No certificates, too many, or one that does not read.
    #[error("not a chain of certificates")]
    Malformed,
    /// It is of another key.
    #[error("it is of another key")]
    OtherKey,
    /// A certificate was not issued by the next one.
    #[error("a certificate is not by the one after it")]
    BrokenLink,
    /// One of them was not valid then.
    #[error("a certificate was not valid when the key was enrolled")]
    NotValid,
    /// The chain holds together, and leads to nobody who is trusted; or it can't be judged. Nothing speaks against it.
    #[error("{0}")]
    Unknown(&'static str),
}

/// A chain whose certificates read, the key's own first.
#[derive(Debug)]
pub struct Chain<'a>(Vec<Certificate<'a>>);

impl<'a> Chain<'a> {
    /// Reads certificates.
    pub fn read(ders: &'a [Der]) -> Result<Self, ChainError> {
        if ders.is_empty() || ders.len() > MAX_CHAIN {
            return Err(ChainError::Malformed);
        }
        let read: Result<Vec<_>, StampError> =
            ders.iter().map(|der| Certificate::read(der)).collect();
        read.map(Self).map_err(|_| ChainError::Malformed)
    }

    /// SubjectPublicKeyInfo of the key that the chain is of.
    pub fn key(&self) -> &'a [u8] {
        self.0.first().map(|own| own.spki).unwrap_or_default()
    }

    /// Whom the last certificate names as its issuer, for people.
    pub fn ends_with(&self) -> String {
        self.0
            .last()
            .map(Certificate::common_name)
            .unwrap_or_default()
    }

    /// Judges it by these roots, at the time when the key was enrolled.
    pub fn judge(&self, roots: &[Der], enrolled_ms: Option<i64>) -> Result<(), ChainError> {
        let roots: Vec<Certificate<'_>> = roots
            .iter()
            .take(MAX_ROOTS)
            .filter_map(|der| Certificate::read(der).ok())
            .collect();
        let is_root = |one: &Certificate<'_>| roots.iter().any(|root| root.whole == one.whole);
        let end = self.0.iter().position(is_root);
        let chain = &self.0[..end.map_or(self.0.len(), |end| end + 1)];
        for (between, pair) in chain.windows(2).enumerate() {
            if !issued(&pair[0], &pair[1], between)? {
                return Err(ChainError::BrokenLink);
            }
        }
        if !chain.iter().all(Certificate::is_understood) {
            return Err(ChainError::Unknown("a critical extension"));
        }
        let at = nanos(enrolled_ms.ok_or(ChainError::Unknown("no enrolment"))?);
        if !chain.iter().all(|one| one.is_valid_at(at)) {
            return Err(ChainError::NotValid);
        }
        let vouched = |root: &Certificate<'_>| {
            let usable = root.is_understood() && root.is_valid_at(at);
            chain.last().is_some_and(|last| {
                usable && issued(last, root, chain.len() - 1).is_ok_and(|issued| issued)
            })
        };
        if end.is_some() || roots.iter().any(vouched) {
            Ok(())
        } else {
            Err(ChainError::Unknown("no trusted root"))
        }
    }
}

/// Whether `issuer` has issued `one`, with `between` certificates between it and the key's own.
fn issued(
    one: &Certificate<'_>,
    issuer: &Certificate<'_>,
    between: usize,
) -> Result<bool, ChainError> {
    if issuer.subject != one.issuer || !issuer.may_issue(between, Purpose::Any) {
        return Ok(false);
    }
    match one.is_signed_by(issuer) {
        Ok(()) => Ok(true),
        Err(StampError::Unsupported(_)) => Err(ChainError::Unknown("an algorithm")),
        Err(_) => Ok(false),
    }
}
