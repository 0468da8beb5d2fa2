//! Making sidecars. The digest of the photo comes from the sealed packet, so that the photo is not read again here; the caller has compared the two.

use std::fmt;
use std::sync::Arc;

use c2pa::assertions::DataHash;
use c2pa::{Builder, Context, SigningAlg};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::json;

use crate::authority::Credentials;
use crate::certificate::{self, Facts};
use crate::profile::{self, NotOfProfile, PacketClaim};
use crate::{OFFLINE, is_signable};

/// What `digitalSourceType` says of a photo: that the device took it. A claim like the time beside it.
const DIGITAL_CAPTURE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture";

/// The signer's files can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The certificate.
    #[error("the signer's certificate does not read as one certificate in PEM")]
    Certificate,
    /// Its use.
    #[error("the signer's certificate does not allow signing C2PA claims, and that alone")]
    Use,
    /// The key.
    #[error("the signer's key does not read as a PKCS #8 key on P-256, in PEM")]
    Key,
    /// Certificate and key are not a pair.
    #[error("the signer's key is not that of its certificate")]
    OtherKey,
    /// The library does not take them.
    #[error("the C2PA library does not take the settings")]
    Library(#[source] c2pa::Error),
}

/// A sidecar was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// See [`is_signable`].
    #[error("no sidecars are made for this media type")]
    MediaType,
    /// The certificate has ended, or begins later.
    #[error("the signer's certificate is not good at this time")]
    Time,
    /// The library refused.
    #[error("the C2PA library made no manifest")]
    Library(#[source] Box<c2pa::Error>),
    /// The library made something that we would not accept from others.
    #[error("the manifest that was made is not of the profile")]
    Profile(#[from] NotOfProfile),
}

/// A photo of a packet.
#[derive(Debug, Clone)]
pub struct Photo<'a> {
    /// Its media type.
    pub media_type: &'a str,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Where it belongs.
    pub packet: PacketClaim,
}

/// Makes sidecars by one signer.
pub struct SidecarSigner {
    context: Arc<Context>,
    facts: Facts,
}

impl fmt::Debug for SidecarSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SidecarSigner").finish_non_exhaustive()
    }
}

impl SidecarSigner {
    /// With the files that [`make_signer`](crate::authority::make_signer) made.
    pub fn new(credentials: &Credentials) -> Result<Self, SignerError> {
        let chain =
            certificate::ders(&credentials.certificate).map_err(|_| SignerError::Certificate)?;
        let [certificate] = chain.as_slice() else {
            return Err(SignerError::Certificate);
        };
        let facts = certificate::facts(certificate).map_err(|_| SignerError::Certificate)?;
        if !facts.signs_claims || facts.is_authority {
            return Err(SignerError::Use);
        }
        let key = zeroize::Zeroizing::new(
            certificate::ders(&credentials.key).map_err(|_| SignerError::Key)?,
        );
        let [key] = key.as_slice() else {
            return Err(SignerError::Key);
        };
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &SystemRandom::new())
                .map_err(|_| SignerError::Key)?;
        if ring::signature::KeyPair::public_key(&key).as_ref() != facts.public_key {
            return Err(SignerError::OtherKey);
        }
        let context = Context::new()
            .with_settings(OFFLINE)
            .map_err(SignerError::Library)?
            .with_signer(Es256 { key, chain })
            .into_shared();
        Ok(Self { context, facts })
    }

    /// When the certificate ends, in seconds since 1970.
    pub fn ends(&self) -> i64 {
        self.facts.not_after
    }

    /// Makes a sidecar. `now` in seconds since 1970.
    pub fn sidecar(&self, photo: &Photo<'_>, now: i64) -> Result<Vec<u8>, SignError> {
        if !is_signable(photo.media_type) {
            return Err(SignError::MediaType);
        }
        if !(self.facts.not_before..=self.facts.not_after).contains(&now) {
            return Err(SignError::Time);
        }
        let made = self
            .manifest(photo)
            .map_err(|error| SignError::Library(Box::new(error)))?;
        // What we make, we accept: a library that begins to write otherwise is found out here and not in court.
        let read = profile::read(&made)?;
        if read.sha256 != photo.sha256 || read.packet != photo.packet {
            return Err(SignError::Profile(NotOfProfile::Packet));
        }
        Ok(made)
    }

    fn manifest(&self, photo: &Photo<'_>) -> c2pa::Result<Vec<u8>> {
        let claimed = &photo.packet.claimed;
        let definition = json!({
            "title": photo.packet.item.rsplit('/').next(),
            "format": photo.media_type,
            "claim_generator_info": [{"name": "Fieldseal", "version": env!("CARGO_PKG_VERSION")}],
            "assertions": [
                {
                    "label": profile::ACTIONS,
                    "created": true,
                    "data": {"actions": [{
                        "action": "c2pa.created",
                        "when": claimed.captured_at,
                        "digitalSourceType": DIGITAL_CAPTURE,
                        "description": format!(
                            "As the device claims, and nobody vouches for: time by its clock, source {}. What is proved of the packet is in the packet.",
                            claimed.source
                        ),
                    }]},
                },
                {"label": profile::PACKET, "kind": "Json", "data": photo.packet},
            ],
        });
        let mut builder =
            Builder::from_shared_context(&self.context).with_definition(definition)?;
        builder.set_no_embed(true);
        // Over the whole photo, with nothing excepted.
        let mut hash = DataHash::new("whole photo", "sha256");
        hash.set_hash(photo.sha256.to_vec());
        builder.add_assertion(DataHash::LABEL, &hash)?;
        builder.sign_embeddable("application/c2pa")
    }
}

/// ECDSA on P-256, as COSE wants it: two numbers of 32 bytes.
struct Es256 {
    key: EcdsaKeyPair,
    chain: Vec<Vec<u8>>,
}

impl c2pa::Signer for Es256 {
    fn sign(&self, data: &[u8]) -> c2pa::Result<Vec<u8>> {
        self.key
            .sign(&SystemRandom::new(), data)
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| c2pa::Error::CoseSignature)
    }

    fn alg(&self) -> SigningAlg {
        SigningAlg::Es256
    }

    fn certs(&self) -> c2pa::Result<Vec<Vec<u8>>> {
        Ok(self.chain.clone())
    }

    fn reserve_size(&self) -> usize {
        512 + self.chain.iter().map(Vec::len).sum::<usize>()
    }
}
