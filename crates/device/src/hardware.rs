//! The tablet's own key in hardware, where the platform has such a place.
//!
//! The vault keeps 32 secret bytes for the device's key, whatever its kind. For a key in hardware they are not the key: they give
//! its name in the platform's key store, so that nothing else has to be stored, a rotation works as for any key, and who does not
//! have the vault does not know which of a key store's keys it was. The key signs without a person's unlocking, since the tablet
//! uploads while nobody looks.
//!
//! A key that the hardware does not make (or makes in software) is made here, of the same kind, from the same bytes: it has no
//! maker's certificates, which is what the server sees.

use std::io;
use std::sync::Arc;

use fieldseal_packet::Sha256Digest;
use fieldseal_tlog::note::{Algorithm, SignError, Signer, Vkey, signer_of};
use fieldseal_vault::Secret;
use zeroize::Zeroizing;

use crate::core::Core;
use crate::identity;
use crate::platform::Platform;
use crate::problem::{Code, Problem};

/// P-256 keys that can't leave the hardware, each under a name.
pub trait HardwareKeys: Send + Sync {
    /// Makes the key unless it is there, and gives its SubjectPublicKeyInfo. None when the hardware makes none.
    fn make(&self, alias: &str) -> io::Result<Option<Vec<u8>>>;
    /// SubjectPublicKeyInfo of a key that is there.
    fn find(&self, alias: &str) -> io::Result<Option<Vec<u8>>>;
    /// ECDSA with SHA-256, in DER.
    fn sign(&self, alias: &str, message: &[u8]) -> io::Result<Vec<u8>>;
}

/// Name of the key that these bytes stand for.
fn alias(secret: &Secret) -> String {
    let mut text = Zeroizing::new(b"fieldseal-device-key/v1\n".to_vec());
    text.extend_from_slice(&secret[..]);
    format!("fieldseal-{}", Sha256Digest::of(&text))
}

/// A key in hardware, as a signer like any other.
struct HardwareSigner {
    platform: Arc<dyn Platform>,
    alias: String,
    vkey: Vkey,
}

impl Signer for HardwareSigner {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// What the hardware gives is checked before it is believed: a wrong line under a seal could never be taken back.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let keys = self
            .platform
            .hardware_keys()
            .ok_or_else(|| SignError::Key("the hardware is gone".into()))?;
        let signature = keys
            .sign(&self.alias, message)
            .map_err(|error| SignError::Key(error.into()))?;
        self.vkey
            .verify(message, &signature)
            .map_err(|error| SignError::Key(error.into()))?;
        Ok(signature)
    }
}

/// A signer of this public half, if the hardware has the key of this name.
fn in_hardware(
    platform: &Arc<dyn Platform>,
    vkey: &Vkey,
    secret: &Secret,
) -> Option<HardwareSigner> {
    if vkey.algorithm() != Algorithm::EcdsaP256 {
        return None;
    }
    let alias = alias(secret);
    let spki = platform.hardware_keys()?.find(&alias).ok().flatten()?;
    (spki == vkey.material()).then(|| HardwareSigner {
        platform: platform.clone(),
        alias,
        vkey: vkey.clone(),
    })
}

/// The device's signer whose public half is `vkey`, out of the secret that was kept; `key-missing` where it is another's.
pub(crate) fn device_signer_like(
    platform: &Arc<dyn Platform>,
    vkey: &str,
    secret: &Secret,
) -> Result<Box<dyn Signer>, Problem> {
    let parsed = Vkey::parse(vkey).map_err(|error| Problem::because(Code::KeyMissing, error))?;
    match in_hardware(platform, &parsed, secret) {
        Some(signer) => Ok(Box::new(signer)),
        None => identity::signer_like(vkey, secret),
    }
}

impl Core {
    /// A new device key of this kind and name: in hardware where there is some, else from the secret itself. The same secret gives
    /// the same key again.
    pub(crate) fn new_device_signer(
        &self,
        kind: Algorithm,
        name: &str,
        secret: &Secret,
    ) -> Result<Box<dyn Signer>, Problem> {
        if kind == Algorithm::EcdsaP256
            && let Some(keys) = self.platform.hardware_keys()
        {
            let alias = alias(secret);
            match keys.make(&alias) {
                Ok(Some(spki)) => {
                    let vkey = Vkey::p256(name, &spki)
                        .map_err(|error| Problem::because(Code::KeyMissing, error))?;
                    return Ok(Box::new(HardwareSigner {
                        platform: self.platform.clone(),
                        alias,
                        vkey,
                    }));
                }
                Ok(None) => tracing::warn!("the hardware makes no key; it is made in software"),
                Err(error) => {
                    tracing::warn!(%error, "the hardware made no key; it is made in software");
                }
            }
        }
        signer_of(kind, name, secret).map_err(|error| Problem::because(Code::KeyMissing, error))
    }
}

#[cfg(test)]
#[path = "hardware_tests.rs"]
mod tests;
