//! The path from a signer's certificate to a root that the caller trusts, by way of the certificates that came along.

use crate::certificate::{Certificate, Purpose};
use crate::{MAX_CHAIN, StampError};

/// Looks for a path from `signer` to one of `roots` through `others`, every certificate of it valid at `time`.
///
/// Breadth first, each certificate of the token once, at its shortest distance: so the work is bounded by the square of their number,
/// however they are crossed. Names must be equal byte by byte.
pub(crate) fn find(
    signer: &Certificate<'_>,
    others: &[Certificate<'_>],
    roots: &[Certificate<'_>],
    time: i128,
    purpose: Purpose,
) -> Result<(), StampError> {
    match search(signer, others, roots, Some(time), purpose) {
        Err(StampError::UnknownAuthority | StampError::Unsupported(_)) => {}
        found => return found,
    }
    // Would there be one if time were no matter?
    match search(signer, others, roots, None, purpose) {
        Ok(()) => Err(StampError::CertificateNotValid),
        none => none,
    }
}

fn search(
    signer: &Certificate<'_>,
    others: &[Certificate<'_>],
    roots: &[Certificate<'_>],
    time: Option<i128>,
    purpose: Purpose,
) -> Result<(), StampError> {
    let valid =
        |certificate: &Certificate<'_>| time.is_none_or(|time| certificate.is_valid_at(time));
    let mut unsupported = None;
    let usable = |certificate: &Certificate<'_>, unsupported: &mut Option<StampError>| {
        if !certificate.is_understood() {
            unsupported.get_or_insert(StampError::Unsupported("critical extension"));
        }
        certificate.is_understood() && valid(certificate)
    };
    if !usable(signer, &mut unsupported) {
        return Err(unsupported.unwrap_or(StampError::UnknownAuthority));
    }
    if roots.iter().any(|root| root.whole == signer.whole) {
        return Ok(());
    }
    let mut visited = vec![false; others.len()];
    for (index, other) in others.iter().enumerate() {
        visited[index] = other.whole == signer.whole;
    }
    let mut level = vec![signer];
    // `between`: how many authorities stand between the signer and the next one looked for. Signer, those, and the root are the path.
    for between in 0..=MAX_CHAIN - 2 {
        let mut next = Vec::new();
        for child in level {
            let mut issues = |issuer: &Certificate<'_>| {
                let fits = issuer.subject == child.issuer && issuer.may_issue(between, purpose);
                if !fits || !usable(issuer, &mut unsupported) {
                    return false;
                }
                match child.is_signed_by(issuer) {
                    Ok(()) => true,
                    Err(error @ StampError::Unsupported(_)) => {
                        unsupported.get_or_insert(error);
                        false
                    }
                    Err(_) => false,
                }
            };
            if roots.iter().any(&mut issues) {
                return Ok(());
            }
            for (index, other) in others.iter().enumerate() {
                if !visited[index] && issues(other) {
                    visited[index] = true;
                    next.push(other);
                }
            }
        }
        level = next;
    }
    Err(unsupported.unwrap_or(StampError::UnknownAuthority))
}
