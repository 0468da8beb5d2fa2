//! Judging a sidecar beside its photo: first by the profile, then by our own digest and the certificate's own words, and last by the C2PA library, whose
//! answer must be `Trusted`. The library is given nothing that the profile has not passed, no photo to take apart (only bytes to hash), and no network.

use std::io::{self, Read, Seek};
use std::sync::Arc;

use c2pa::{Context, Reader, ValidationState};
use serde_json::Value;

use crate::OFFLINE;
use crate::certificate;
use crate::profile::{self, NotOfProfile, PacketClaim};

/// As what the photo is given to the library: it would otherwise look for a manifest within.
const OPAQUE: &str = "application/octet-stream";
/// Status codes that are named of a sidecar that is not trusted.
const MOST_CODES: usize = 8;

/// The authority's file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// Not certificates.
    #[error("the authority's file does not read as certificates in PEM")]
    Certificates,
    /// A certificate that is no authority's.
    #[error("the authority's file has a certificate that may make no others")]
    NoAuthority,
    /// The library does not take them.
    #[error("the C2PA library does not take the settings")]
    Library(#[source] c2pa::Error),
}

/// A sidecar that proves nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// By the profile.
    #[error(transparent)]
    Profile(#[from] NotOfProfile),
    /// The photo can't be read.
    #[error("the photo can't be read")]
    Photo(#[source] io::Error),
    /// It binds other bytes.
    #[error("the sidecar is of another photo, or this one was changed")]
    OtherPhoto,
    /// The signer's certificate does not read.
    #[error("the signer's certificate does not read")]
    Certificate,
    /// It is one for other uses.
    #[error("the signer's certificate does not allow signing C2PA claims, and that alone")]
    Use,
    /// It has ended, or begins later.
    #[error("the signer's certificate has ended, or begins later")]
    Time,
    /// The library can't read it.
    #[error("the C2PA library can't read the sidecar")]
    Unreadable(#[source] Box<c2pa::Error>),
    /// The library does not trust it.
    #[error("the C2PA library does not trust the sidecar: {}", .0.join(", "))]
    NotTrusted(Vec<String>),
    /// The library sees another hash in it than we do.
    #[error("the C2PA library reads another hash in the sidecar than the profile")]
    ReadTwoWays,
}

/// Judges by one set of authorities.
pub struct Judge {
    context: Arc<Context>,
}

impl Judge {
    /// `authorities`: certificates in PEM, from somewhere else than the sidecars.
    pub fn new(authorities: &str) -> Result<Self, AnchorError> {
        let ders = certificate::ders(authorities).map_err(|_| AnchorError::Certificates)?;
        if ders.is_empty() {
            return Err(AnchorError::Certificates);
        }
        for der in &ders {
            let facts = certificate::facts(der).map_err(|_| AnchorError::Certificates)?;
            if !facts.is_authority {
                return Err(AnchorError::NoAuthority);
            }
        }
        let mut context = Context::new()
            .with_settings(OFFLINE)
            .map_err(AnchorError::Library)?;
        context.settings_mut().trust.trust_anchors = Some(authorities.to_owned());
        Ok(Self {
            context: context.into_shared(),
        })
    }

    /// What a sidecar says that is trusted and of this photo. `now` in seconds since 1970.
    pub fn judge(
        &self,
        sidecar: &[u8],
        mut photo: impl Read + Seek + Send,
        now: i64,
    ) -> Result<PacketClaim, Refused> {
        let read = profile::read(sidecar)?;
        let digest = profile::digest(&mut photo).map_err(Refused::Photo)?;
        if digest != read.sha256 {
            return Err(Refused::OtherPhoto);
        }
        let facts = certificate::facts(&read.certificate).map_err(|_| Refused::Certificate)?;
        if !facts.signs_claims || facts.is_authority {
            return Err(Refused::Use);
        }
        if !(facts.not_before..=facts.not_after).contains(&now) {
            return Err(Refused::Time);
        }
        photo.rewind().map_err(Refused::Photo)?;
        let reader = Reader::from_shared_context(&self.context)
            .with_manifest_data_and_stream(sidecar, OPAQUE, photo)
            .map_err(|error| Refused::Unreadable(Box::new(error)))?;
        let codes: Vec<String> = reader
            .validation_results()
            .and_then(|results| results.active_manifest())
            .map(|codes| codes.failure())
            .into_iter()
            .flatten()
            .take(MOST_CODES)
            .map(|status| status.code().to_owned())
            .collect();
        if reader.validation_state() != ValidationState::Trusted || !codes.is_empty() {
            return Err(Refused::NotTrusted(codes));
        }
        agrees(&reader)
            .then_some(read.packet)
            .ok_or(Refused::ReadTwoWays)
    }
}

/// Whether the library, too, reads one manifest with one hash that excepts nothing.
fn agrees(reader: &Reader) -> bool {
    let Ok(Value::Object(report)) = reader
        .detailed_json_checked()
        .map_err(|_| ())
        .and_then(|text| serde_json::from_str::<Value>(&text).map_err(|_| ()))
    else {
        return false;
    };
    let manifests: Vec<&Value> = report
        .get("manifests")
        .and_then(Value::as_object)
        .map(|manifests| manifests.values().collect())
        .unwrap_or_default();
    let [manifest] = manifests.as_slice() else {
        return false;
    };
    let Some(assertions) = manifest.get("assertion_store").and_then(Value::as_object) else {
        return false;
    };
    let mut hashes = assertions
        .iter()
        .filter(|(label, _)| label.starts_with("c2pa.hash."));
    let (Some((label, hash)), None) = (hashes.next(), hashes.next()) else {
        return false;
    };
    label == profile::BINDING
        && hash
            .get("exclusions")
            .is_none_or(|ranges| ranges.is_null() || ranges.as_array().is_some_and(Vec::is_empty))
}
