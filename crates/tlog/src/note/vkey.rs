//! Verifier keys: `name+8 hex of the key id+base64(type ‖ key material)`.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use ed25519_dalek::VerifyingKey as Ed25519Key;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey as P256Key};
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use sha2::{Digest as _, Sha256};
use sm2::dsa::VerifyingKey as Sm2Key;

use super::{is_key_name, sm2 as sm2_keys};
use crate::encoding::{base64_decode, base64_encode};

/// Longest vkey line that is read, in bytes. Far above every known type (ML-DSA-44 needs 1,800).
const MAX_VKEY_BYTES: usize = 8 * 1024;

const ED25519: u8 = 0x01;
const ECDSA: u8 = 0x02;
const COSIGNATURE: u8 = 0x04;
const UNASSIGNED: u8 = 0xff;
/// Follows 0xff in the vkeys of SM2 keys, as the note format recommends for types it has no byte for.
const SM2: &[u8] = b"fieldseal.sm2.v1";

/// The signature type of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// 0x01: Ed25519 over the note's text.
    Ed25519,
    /// 0x02: ECDSA on P-256 with SHA-256, the signature in DER.
    EcdsaP256,
    /// 0x04: a witness's timestamped Ed25519 cosignature of a checkpoint.
    Cosignature,
    /// 0xff `fieldseal.sm2.v1`: SM2 with SM3, the signature in DER.
    Sm2,
    /// Any other type byte. Such keys can be listed and compared, not used.
    Unknown(u8),
}

/// Why a line is no verifier key, or key material none of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VkeyError {
    /// Not `name+hash+base64`, or too long.
    #[error("not a verifier key of the form name+hash+base64")]
    Form,
    /// An empty name, or one with a space, a plus or a control character.
    #[error("the key's name is empty or holds a space, a plus or a control character")]
    Name,
    /// The key bytes are none of their type.
    #[error("the key bytes are not a valid key of their type")]
    Material,
    /// The id in the line is not the one the key gives.
    #[error("the key's id does not belong to the key")]
    KeyId,
}

/// Why a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The key's type cannot be checked here: nothing is known about the signature.
    #[error("signatures of this type cannot be checked")]
    Unsupported,
    /// The bytes have not the form of a signature of this type.
    #[error("not a signature of the key's type")]
    Form,
    /// The key did not sign this message so.
    #[error("the signature does not verify")]
    Invalid,
}

#[derive(Clone)]
pub(super) enum Material {
    Ed25519(Ed25519Key),
    P256(Box<P256Key>),
    Cosignature(Ed25519Key),
    Sm2(Box<Sm2Key>),
    Opaque,
}

/// A public key under a name. Equal when name, id and key are.
#[derive(Clone)]
pub struct Vkey {
    name: String,
    key_id: u32,
    /// Type byte, long identifier if there is one, key material.
    encoded: Vec<u8>,
    material: Material,
}

impl Vkey {
    /// Reads one vkey line without its newline.
    pub fn parse(line: &str) -> Result<Vkey, VkeyError> {
        if line.len() > MAX_VKEY_BYTES {
            return Err(VkeyError::Form);
        }
        let mut parts = line.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VkeyError::Form);
        };
        if id.len() != 8
            || !id
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(VkeyError::Form);
        }
        let key_id = u32::from_str_radix(id, 16).map_err(|_| VkeyError::Form)?;
        let encoded = base64_decode(key).ok_or(VkeyError::Form)?;
        let vkey = Vkey::from_encoded(name, encoded, Some(key_id))?;
        if vkey.key_id != key_id {
            return Err(VkeyError::KeyId);
        }
        Ok(vkey)
    }

    /// An Ed25519 key.
    pub fn ed25519(name: &str, key: [u8; 32]) -> Result<Vkey, VkeyError> {
        Vkey::from_encoded(name, [&[ED25519], key.as_slice()].concat(), None)
    }

    /// A P-256 key, given as SubjectPublicKeyInfo in DER.
    pub fn p256(name: &str, spki_der: &[u8]) -> Result<Vkey, VkeyError> {
        Vkey::from_encoded(name, [&[ECDSA], spki_der].concat(), None)
    }

    /// A witness's cosignature key.
    pub fn cosignature(name: &str, key: [u8; 32]) -> Result<Vkey, VkeyError> {
        Vkey::from_encoded(name, [&[COSIGNATURE], key.as_slice()].concat(), None)
    }

    /// An SM2 key, given as SubjectPublicKeyInfo in DER.
    pub fn sm2(name: &str, spki_der: &[u8]) -> Result<Vkey, VkeyError> {
        Vkey::from_encoded(name, [&[UNASSIGNED], SM2, spki_der].concat(), None)
    }

    fn from_encoded(
        name: &str,
        encoded: Vec<u8>,
        stated_id: Option<u32>,
    ) -> Result<Vkey, VkeyError> {
        if !is_key_name(name) {
            return Err(VkeyError::Name);
        }
        let (&kind, key) = encoded.split_first().ok_or(VkeyError::Form)?;
        let material = match kind {
            ED25519 => Material::Ed25519(ed25519_key(key)?),
            COSIGNATURE => Material::Cosignature(ed25519_key(key)?),
            ECDSA => Material::P256(Box::new(p256_key(key)?)),
            UNASSIGNED => match key.strip_prefix(SM2) {
                Some(spki) => Material::Sm2(Box::new(sm2_keys::public_key(spki)?)),
                None => Material::Opaque,
            },
            _ => Material::Opaque,
        };
        let key_id = match (kind, stated_id) {
            (ECDSA, _) => first_four(Sha256::digest(key).into()),
            // The id of a type we do not know need not follow the recommendation.
            (ED25519 | COSIGNATURE, _) | (_, None) => recommended_id(name, &encoded),
            (UNASSIGNED, _) if key.starts_with(SM2) => recommended_id(name, &encoded),
            (_, Some(stated)) => stated,
        };
        Ok(Vkey {
            name: name.to_owned(),
            key_id,
            encoded,
            material,
        })
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id that signature lines carry.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The signature type.
    pub fn algorithm(&self) -> Algorithm {
        match self.encoded.first().copied() {
            Some(ED25519) => Algorithm::Ed25519,
            Some(ECDSA) => Algorithm::EcdsaP256,
            Some(COSIGNATURE) => Algorithm::Cosignature,
            Some(UNASSIGNED) if self.encoded[1..].starts_with(SM2) => Algorithm::Sm2,
            Some(other) => Algorithm::Unknown(other),
            None => Algorithm::Unknown(0),
        }
    }

    /// The key bytes: raw for Ed25519 and cosignature keys, SubjectPublicKeyInfo in DER for P-256 and SM2, what follows
    /// the type byte for any other.
    pub fn material(&self) -> &[u8] {
        let skip = if self.algorithm() == Algorithm::Sm2 {
            1 + SM2.len()
        } else {
            1
        };
        self.encoded.get(skip..).unwrap_or_default()
    }

    /// The key, ready to check with.
    pub(super) fn key_material(&self) -> &Material {
        &self.material
    }

    /// sha256 of [`Vkey::material`]: what people compare.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.material()).into()
    }

    /// Checks a signature over `message` (a note's text). For a cosignature key the message is the checkpoint's text
    /// and the signature is preceded by its 8-byte time.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        match &self.material {
            Material::Ed25519(key) => verify_ed25519(key, message, signature),
            Material::P256(key) => {
                let signature =
                    DerSignature::from_bytes(signature).map_err(|_| SignatureError::Form)?;
                key.verify(message, &signature)
                    .map_err(|_| SignatureError::Invalid)
            }
            Material::Cosignature(key) => {
                let (time, signature) = split_cosignature(signature)?;
                verify_ed25519(key, &cosigned_message(time, message), signature)
            }
            Material::Sm2(key) => sm2_keys::verify(key, message, signature),
            Material::Opaque => Err(SignatureError::Unsupported),
        }
    }
}

/// What a witness signs.
pub(super) fn cosigned_message(time: u64, checkpoint: &[u8]) -> Vec<u8> {
    let mut message = format!("cosignature/v1\ntime {time}\n").into_bytes();
    message.extend_from_slice(checkpoint);
    message
}

/// The time (seconds since 1970) inside a cosignature, and the signature behind it.
fn split_cosignature(signature: &[u8]) -> Result<(u64, &[u8]), SignatureError> {
    let (time, rest) = signature
        .split_first_chunk::<8>()
        .ok_or(SignatureError::Form)?;
    let time = u64::from_be_bytes(*time);
    if i64::try_from(time).is_err() {
        return Err(SignatureError::Form);
    }
    Ok((time, rest))
}

fn verify_ed25519(
    key: &Ed25519Key,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let signature =
        ed25519_dalek::Signature::from_slice(signature).map_err(|_| SignatureError::Form)?;
    // Strict: no small-order keys or commitments, so that no signature holds for two messages.
    key.verify_strict(message, &signature)
        .map_err(|_| SignatureError::Invalid)
}

fn ed25519_key(key: &[u8]) -> Result<Ed25519Key, VkeyError> {
    let bytes: [u8; 32] = key.try_into().map_err(|_| VkeyError::Material)?;
    let key = Ed25519Key::from_bytes(&bytes).map_err(|_| VkeyError::Material)?;
    if key.is_weak() {
        Err(VkeyError::Material)
    } else {
        Ok(key)
    }
}

fn p256_key(spki: &[u8]) -> Result<P256Key, VkeyError> {
    let key = P256Key::from_public_key_der(spki).map_err(|_| VkeyError::Material)?;
    // One key has one spelling (and so one id): the uncompressed point in DER.
    match key.to_public_key_der() {
        Ok(canonical) if canonical.as_bytes() == spki => Ok(key),
        _ => Err(VkeyError::Material),
    }
}

fn recommended_id(name: &str, encoded: &[u8]) -> u32 {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update(b"\n");
    hash.update(encoded);
    first_four(hash.finalize().into())
}

fn first_four(hash: [u8; 32]) -> u32 {
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}+{:08x}+{}",
            self.name,
            self.key_id,
            base64_encode(&self.encoded)
        )
    }
}

impl fmt::Debug for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vkey({self})")
    }
}

impl FromStr for Vkey {
    type Err = VkeyError;
    fn from_str(line: &str) -> Result<Vkey, VkeyError> {
        Vkey::parse(line)
    }
}

impl PartialEq for Vkey {
    fn eq(&self, other: &Vkey) -> bool {
        self.name == other.name && self.key_id == other.key_id && self.encoded == other.encoded
    }
}

impl Eq for Vkey {}

/// Why a key could not join a set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Another key has this name and id: a line by either could not be told apart.
    #[error("two different keys have the name {name} and the id {key_id:08x}")]
    Collision {
        /// The name both have.
        name: String,
        /// The id both have.
        key_id: u32,
    },
}

/// Keys of which no two share a name and an id. Derefs to a slice for [`super::Note::check`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Vkey>,
}

impl KeySet {
    /// A set of these keys; the same key twice is one.
    pub fn new(keys: impl IntoIterator<Item = Vkey>) -> Result<KeySet, KeySetError> {
        let mut set = KeySet::default();
        for key in keys {
            set.insert(key)?;
        }
        Ok(set)
    }

    /// Adds a key; `false` when it was there.
    pub fn insert(&mut self, key: Vkey) -> Result<bool, KeySetError> {
        match self.find(key.name(), key.key_id()) {
            None => {
                self.keys.push(key);
                Ok(true)
            }
            Some(known) if *known == key => Ok(false),
            Some(_) => Err(KeySetError::Collision {
                name: key.name,
                key_id: key.key_id,
            }),
        }
    }

    /// The key of this name and id.
    pub fn find(&self, name: &str, key_id: u32) -> Option<&Vkey> {
        self.keys
            .iter()
            .find(|key| key.key_id == key_id && key.name == name)
    }

    /// The keys of this name, whatever their id.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Vkey> {
        self.keys.iter().filter(move |key| key.name == name)
    }
}

impl Deref for KeySet {
    type Target = [Vkey];
    fn deref(&self) -> &[Vkey] {
        &self.keys
    }
}
