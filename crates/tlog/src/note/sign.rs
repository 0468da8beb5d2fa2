//! Signing keys. Their bytes come from the caller (this crate has no randomness) and are wiped when dropped.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey as Ed25519Key};
use p256::ecdsa::{DerSignature, SigningKey as P256Key};
use p256::pkcs8::EncodePublicKey as _;
use zeroize::Zeroizing;

use super::{Algorithm, SignatureLine, Vkey, VkeyError, is_note_text};

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The text has no final newline, or a control character.
    #[error("the text cannot be the text of a note")]
    Text,
    /// The key could not be used; the source says why.
    #[error("the key could not sign")]
    Key(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Something that signs under a name: a key in memory, or one that a keystore keeps.
pub trait Signer: Send + Sync {
    /// The public half.
    fn vkey(&self) -> &Vkey;
    /// The signature of `message` in the layout of the key's type.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

impl<S: Signer + ?Sized> Signer for std::sync::Arc<S> {
    fn vkey(&self) -> &Vkey {
        (**self).vkey()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        (**self).sign(message)
    }
}

impl<S: Signer + ?Sized> Signer for Box<S> {
    fn vkey(&self) -> &Vkey {
        (**self).vkey()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        (**self).sign(message)
    }
}

/// The signature line for `text`, which must end with a newline.
pub fn sign_line(signer: &dyn Signer, text: &str) -> Result<SignatureLine, SignError> {
    if !is_note_text(text) {
        return Err(SignError::Text);
    }
    Ok(SignatureLine {
        name: signer.vkey().name().to_owned(),
        key_id: signer.vkey().key_id(),
        signature: signer.sign(text.as_bytes())?,
    })
}

/// The key of this type that 32 secret bytes give. [`VkeyError::Material`] where they give none (of 2^32 random ones at most
/// one), or where the type is none that signs notes.
pub fn signer_of(
    algorithm: Algorithm,
    name: &str,
    secret: &[u8; 32],
) -> Result<Box<dyn Signer>, VkeyError> {
    Ok(match algorithm {
        Algorithm::Ed25519 => Box::new(Ed25519Signer::from_seed(name, secret)?),
        Algorithm::EcdsaP256 => Box::new(P256Signer::from_scalar(name, secret)?),
        Algorithm::Sm2 => Box::new(super::Sm2Signer::from_scalar(name, secret)?),
        _ => return Err(VkeyError::Material),
    })
}

/// An Ed25519 key in memory.
pub struct Ed25519Signer {
    key: Ed25519Key,
    vkey: Vkey,
}

impl Ed25519Signer {
    /// The key of this 32-byte seed.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Ed25519Signer, VkeyError> {
        let key = Ed25519Key::from_bytes(seed);
        let vkey = Vkey::ed25519(name, key.verifying_key().to_bytes())?;
        Ok(Ed25519Signer { key, vkey })
    }

    /// The seed, to be wrapped and stored.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes())
    }
}

impl Signer for Ed25519Signer {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.key.sign(message).to_bytes().to_vec())
    }
}

/// A P-256 key in memory. Its signatures are deterministic (RFC 6979).
pub struct P256Signer {
    key: P256Key,
    vkey: Vkey,
}

impl P256Signer {
    /// The key of this 32-byte big-endian scalar, which must not be 0 or above the group's order.
    pub fn from_scalar(name: &str, scalar: &[u8; 32]) -> Result<P256Signer, VkeyError> {
        let key = P256Key::from_slice(scalar).map_err(|_| VkeyError::Material)?;
        let spki = key
            .verifying_key()
            .to_public_key_der()
            .map_err(|_| VkeyError::Material)?;
        let vkey = Vkey::p256(name, spki.as_bytes())?;
        Ok(P256Signer { key, vkey })
    }

    /// The scalar, to be wrapped and stored.
    pub fn scalar(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes().into())
    }
}

impl Signer for P256Signer {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature: DerSignature = self
            .key
            .try_sign(message)
            .map_err(|error| SignError::Key(error.into()))?;
        Ok(signature.as_bytes().to_vec())
    }
}

/// A witness's key (C2SP `tlog-cosignature`, version 1). No [`Signer`]: what it signs is a checkpoint at a time, and nothing else.
pub struct CosignatureSigner {
    key: Ed25519Key,
    vkey: Vkey,
}

impl CosignatureSigner {
    /// The key of this 32-byte seed.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<CosignatureSigner, VkeyError> {
        let key = Ed25519Key::from_bytes(seed);
        let vkey = Vkey::cosignature(name, key.verifying_key().to_bytes())?;
        Ok(CosignatureSigner { key, vkey })
    }

    /// The public half.
    pub fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// The line that says: this witness saw this checkpoint at this time (seconds since 1970), consistent with all that it had seen before.
    pub fn cosign(
        &self,
        checkpoint: &crate::checkpoint::Checkpoint,
        time: u32,
    ) -> Result<SignatureLine, SignError> {
        let text = checkpoint.text();
        if !is_note_text(&text) {
            return Err(SignError::Text);
        }
        let time = u64::from(time);
        let message = super::vkey::cosigned_message(time, text.as_bytes());
        let mut signature = time.to_be_bytes().to_vec();
        signature.extend_from_slice(&self.key.sign(&message).to_bytes());
        Ok(SignatureLine {
            name: self.vkey.name().to_owned(),
            key_id: self.vkey.key_id(),
            signature,
        })
    }
}

impl fmt::Debug for CosignatureSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosignatureSigner({})", self.vkey)
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519Signer({})", self.vkey)
    }
}

impl fmt::Debug for P256Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P256Signer({})", self.vkey)
    }
}
