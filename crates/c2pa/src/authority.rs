//! The deployment's authority for sidecars: a certificate of its own, and under it the certificate of the server's signer, whose one allowed use is signing
//! C2PA claims. Nothing of it is in the trust file: that anchors packets, and sidecars prove nothing of a packet.
//!
//! The authority's key is wanted when a signer's certificate is made and never else; it belongs off the machine. There is no revocation: a signer's
//! certificate ends by itself, and who loses a key makes a new authority.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::certificate;

/// `c2pa-kp-claimSigning`: what a certificate must allow to sign claims.
pub const CLAIM_SIGNING: [u64; 9] = [1, 3, 6, 1, 4, 1, 62558, 2, 1];

/// How long an authority is good for, in days: thirty years.
const AUTHORITY_DAYS: i64 = 30 * 365;
/// How long a signer's certificate is good for, in days, unless the authority ends before.
///
/// Long, because a sidecar carries no timestamp: once the certificate has ended, readers say so and trust it no more.
const SIGNER_DAYS: i64 = 15 * 365;
/// Certificates begin an hour ago, in seconds: the clocks of those who read need not be ours.
const EARLIER: i64 = 3600;
/// Longest name of a deployment that fits a certificate's field (RFC 5280, ub-common-name).
const LONGEST_NAME: usize = 64;

/// No certificate was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// A time out of range.
    #[error("the clock is beyond what certificates can say")]
    Clock,
    /// A key that does not read.
    #[error("the authority's key does not read as a PKCS #8 key on P-256, in PEM")]
    Key(#[source] rcgen::Error),
    /// A certificate that does not read.
    #[error("the authority's certificate does not read as one certificate in PEM")]
    Certificate,
    /// Not the key of the certificate.
    #[error("the key is not that of the authority's certificate")]
    OtherKey,
    /// Certificate or key could not be made.
    #[error("the certificate could not be made")]
    Make(#[source] rcgen::Error),
}

/// An authority as it is kept.
pub struct Authority {
    /// Its certificate, PEM: what readers are given as a trust anchor.
    pub certificate: String,
    /// Its key, PKCS #8 in PEM.
    pub key: Zeroizing<String>,
}

/// A signer as it is kept.
pub struct Credentials {
    /// Its certificate, PEM.
    pub certificate: String,
    /// Its key, PKCS #8 in PEM.
    pub key: Zeroizing<String>,
}

/// Makes a deployment's authority. `now` in seconds since 1970.
pub fn make_authority(origin: &str, now: i64) -> Result<Authority, AuthorityError> {
    let key = new_key()?;
    let certificate = authority_parameters(origin, now)?
        .self_signed(&key)
        .map_err(AuthorityError::Make)?;
    Ok(Authority {
        certificate: certificate.pem(),
        key: Zeroizing::new(key.serialize_pem()),
    })
}

/// Makes a new key for the server's signer and its certificate under this authority, which ends with the authority at the latest.
pub fn make_signer(
    origin: &str,
    authority: &Authority,
    now: i64,
) -> Result<Credentials, AuthorityError> {
    let authority_key =
        KeyPair::from_pkcs8_pem_and_sign_algo(&authority.key, &PKCS_ECDSA_P256_SHA256)
            .map_err(AuthorityError::Key)?;
    let facts = certificate::facts_of_pem(&authority.certificate)
        .map_err(|_| AuthorityError::Certificate)?;
    if facts.public_key != authority_key.public_key_raw() {
        return Err(AuthorityError::OtherKey);
    }
    let key = new_key()?;
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name(origin, "C2PA signer");
    parameters.not_before = moment(now.saturating_sub(EARLIER))?;
    parameters.not_after = moment(facts.not_after.min(after(now, SIGNER_DAYS)?))?;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(CLAIM_SIGNING.to_vec())];
    parameters.use_authority_key_identifier_extension = true;
    parameters.is_ca = IsCa::ExplicitNoCa;
    let authority = Issuer::from_ca_cert_pem(&authority.certificate, authority_key)
        .map_err(AuthorityError::Make)?;
    let certificate = parameters
        .signed_by(&key, &authority)
        .map_err(AuthorityError::Make)?;
    Ok(Credentials {
        certificate: certificate.pem(),
        key: Zeroizing::new(key.serialize_pem()),
    })
}

fn authority_parameters(origin: &str, now: i64) -> Result<CertificateParams, AuthorityError> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name(origin, "C2PA authority");
    parameters.not_before = moment(now.saturating_sub(EARLIER))?;
    parameters.not_after = moment(after(now, AUTHORITY_DAYS)?)?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(parameters)
}

fn name(origin: &str, role: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    // Readers show the organisation as the one who signed.
    let short: String = origin.chars().take(LONGEST_NAME).collect();
    name.push(DnType::OrganizationName, short);
    name.push(DnType::CommonName, format!("Fieldseal {role}"));
    name
}

fn new_key() -> Result<KeyPair, AuthorityError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(AuthorityError::Make)
}

fn after(now: i64, days: i64) -> Result<i64, AuthorityError> {
    now.checked_add(days * 24 * 3600)
        .ok_or(AuthorityError::Clock)
}

fn moment(seconds: i64) -> Result<OffsetDateTime, AuthorityError> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| AuthorityError::Clock)
}
