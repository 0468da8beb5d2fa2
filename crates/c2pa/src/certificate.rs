//! What a certificate says of itself, as far as sidecars ask: its key, its time, and what it may be used for.

use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer as _;

use crate::authority::CLAIM_SIGNING;

/// It does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the certificate does not read")]
pub struct Unreadable;

/// What is asked of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// First second, since 1970.
    pub not_before: i64,
    /// Last second, since 1970.
    pub not_after: i64,
    /// The bits of its public key.
    pub public_key: Vec<u8>,
    /// Signing C2PA claims is the one use that it allows.
    pub signs_claims: bool,
    /// It may make other certificates.
    pub is_authority: bool,
}

/// Of a certificate in DER.
pub fn facts(der: &[u8]) -> Result<Facts, Unreadable> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| Unreadable)?;
    if !rest.is_empty() {
        return Err(Unreadable);
    }
    let wanted = CLAIM_SIGNING.map(|part| part.to_string()).join(".");
    let uses = certificate.extended_key_usage().map_err(|_| Unreadable)?;
    let signs_claims = uses.is_some_and(|uses| {
        let uses = uses.value;
        let named = uses.any
            || uses.server_auth
            || uses.client_auth
            || uses.code_signing
            || uses.email_protection
            || uses.time_stamping
            || uses.ocsp_signing;
        !named && matches!(uses.other.as_slice(), [only] if only.to_id_string() == wanted)
    });
    Ok(Facts {
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
        public_key: certificate
            .public_key()
            .subject_public_key
            .data
            .clone()
            .into_owned(),
        signs_claims,
        is_authority: certificate.is_ca(),
    })
}

/// Of the one certificate in a PEM file.
pub fn facts_of_pem(pem: &str) -> Result<Facts, Unreadable> {
    match ders(pem).as_deref() {
        Ok([der]) => facts(der),
        _ => Err(Unreadable),
    }
}

/// What stands in a PEM file, whatever it is.
pub fn ders(pem: &str) -> Result<Vec<Vec<u8>>, Unreadable> {
    Pem::iter_from_buffer(pem.as_bytes())
        .map(|block| block.map(|block| block.contents).map_err(|_| Unreadable))
        .collect()
}
