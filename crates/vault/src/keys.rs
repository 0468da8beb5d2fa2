//! Keys: how they are made from PINs, wrapped, and sealed to a public key. Nothing here touches a disk.

use crate::random::{Drawn, Randomness, fresh};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use serde::{Deserialize, Serialize};
use std::io;
use zeroize::Zeroizing;

/// 32 secret bytes, wiped when dropped.
pub type Secret = Zeroizing<[u8; 32]>;

/// What an HPKE-sealed 32-byte key takes: encapsulated key, ciphertext, tag.
pub(crate) const SEALED_KEY: usize = 32 + 32 + 16;

const WRAP_NONCE: usize = 24;

/// Cost of turning a PIN into a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KdfParams {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl KdfParams {
    /// 64 MiB, three passes, one lane: a fifth to half of a second on a tablet.
    pub const STANDARD: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };
    /// As cheap as Argon2 allows. For tests: it protects nothing.
    pub const FOR_TESTS: Self = Self {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };
    /// More than this is refused when read from a file: a hostile file must not exhaust the memory.
    const MOST: Self = Self {
        memory_kib: 1024 * 1024,
        passes: 64,
        lanes: 16,
    };
}

/// Why a key operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key does not open this, or the bytes were changed.
    #[error("a wrapped key does not open")]
    DoesNotOpen,
    /// Costs that Argon2 refuses, or that are beyond the limits.
    #[error("the key derivation's parameters are out of range")]
    Parameters,
    /// Not a usable public or private key.
    #[error("not a usable key")]
    Unusable,
    /// The machine gave no randomness.
    #[error("no randomness")]
    Randomness(#[from] io::Error),
}

/// The two keys an officer's PIN gives: one for the vault, which all officers share, one for their own signing key.
pub(crate) struct PinKeys {
    pub(crate) root: Secret,
    pub(crate) signing: Secret,
}

/// Argon2id over the PIN; `platform` is the secret of the platform's keystore, where there is one.
pub(crate) fn pin_keys(
    pin: &str,
    salt: &[u8],
    params: KdfParams,
    platform: Option<&Secret>,
) -> Result<PinKeys, KeyError> {
    let most = KdfParams::MOST;
    if params.memory_kib > most.memory_kib
        || params.passes > most.passes
        || params.lanes > most.lanes
    {
        return Err(KeyError::Parameters);
    }
    let costs = Params::new(params.memory_kib, params.passes, params.lanes, Some(64))
        .map_err(|_| KeyError::Parameters)?;
    let argon2 = match platform {
        Some(secret) => {
            Argon2::new_with_secret(secret.as_ref(), Algorithm::Argon2id, Version::V0x13, costs)
                .map_err(|_| KeyError::Parameters)?
        }
        None => Argon2::new(Algorithm::Argon2id, Version::V0x13, costs),
    };
    let mut both = Zeroizing::new([0u8; 64]);
    argon2
        .hash_password_into(pin.as_bytes(), salt, both.as_mut())
        .map_err(|_| KeyError::Parameters)?;
    let mut keys = PinKeys {
        root: Secret::default(),
        signing: Secret::default(),
    };
    keys.root.copy_from_slice(&both[..32]);
    keys.signing.copy_from_slice(&both[32..]);
    Ok(keys)
}

/// Wraps `plain` under `key`; `purpose` is bound in, so that one wrapped key can't stand in for another.
pub(crate) fn wrap(
    key: &Secret,
    purpose: &[u8],
    plain: &[u8],
    random: &dyn Randomness,
) -> Result<Vec<u8>, KeyError> {
    let nonce = fresh::<WRAP_NONCE>(random)?;
    let sealed = XChaCha20Poly1305::new((&**key).into())
        .encrypt(
            (&*nonce).into(),
            Payload {
                msg: plain,
                aad: purpose,
            },
        )
        .map_err(|_| KeyError::DoesNotOpen)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Undoes [`wrap`].
pub(crate) fn unwrap<const N: usize>(
    key: &Secret,
    purpose: &[u8],
    wrapped: &[u8],
) -> Result<Zeroizing<[u8; N]>, KeyError> {
    let (nonce, sealed) = wrapped
        .split_first_chunk::<WRAP_NONCE>()
        .ok_or(KeyError::DoesNotOpen)?;
    let plain = XChaCha20Poly1305::new((&**key).into())
        .decrypt(
            nonce.into(),
            Payload {
                msg: sealed,
                aad: purpose,
            },
        )
        .map(Zeroizing::new)
        .map_err(|_| KeyError::DoesNotOpen)?;
    let mut bytes = Zeroizing::new([0; N]);
    if plain.len() != N {
        return Err(KeyError::DoesNotOpen);
    }
    bytes.copy_from_slice(&plain);
    Ok(bytes)
}

/// The public key of an X25519 private key.
pub fn public_key(private: &Secret) -> Result<[u8; 32], KeyError> {
    let private = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(private.as_ref())
        .map_err(|_| KeyError::Unusable)?;
    Ok(X25519HkdfSha256::sk_to_pk(&private).to_bytes().into())
}

/// Seals a key to an X25519 public key (HPKE base mode, RFC 9180: X25519, HKDF-SHA256, ChaCha20-Poly1305).
pub(crate) fn seal_to(
    public: &[u8; 32],
    info: &[u8],
    aad: &[u8],
    key: &Secret,
    random: &dyn Randomness,
) -> Result<[u8; SEALED_KEY], KeyError> {
    let public =
        <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(public).map_err(|_| KeyError::Unusable)?;
    let mut drawn = Drawn::from(random);
    let sealed = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        info,
        key.as_ref(),
        aad,
        &mut drawn,
    );
    drawn.outcome()?;
    let (encapsulated, ciphertext) = sealed.map_err(|_| KeyError::Unusable)?;
    let mut bytes = [0; SEALED_KEY];
    let (first, second) = bytes.split_at_mut(32);
    first.copy_from_slice(&encapsulated.to_bytes());
    if second.len() != ciphertext.len() {
        return Err(KeyError::Unusable);
    }
    second.copy_from_slice(&ciphertext);
    Ok(bytes)
}

/// Undoes [`seal_to`].
pub(crate) fn open_sealed(
    private: &Secret,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Secret, KeyError> {
    let (encapsulated, ciphertext) = sealed.split_at_checked(32).ok_or(KeyError::DoesNotOpen)?;
    let private = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(private.as_ref())
        .map_err(|_| KeyError::Unusable)?;
    let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)
        .map_err(|_| KeyError::DoesNotOpen)?;
    let plain = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &private,
        &encapsulated,
        info,
        ciphertext,
        aad,
    )
    .map(Zeroizing::new)
    .map_err(|_| KeyError::DoesNotOpen)?;
    let mut key = Secret::default();
    if plain.len() != key.len() {
        return Err(KeyError::DoesNotOpen);
    }
    key.copy_from_slice(&plain);
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;

    #[test]
    fn wrapped_keys_open_with_key_and_purpose_only() {
        let random = SeededRandom::new(1);
        let key = Secret::new([1; 32]);
        let wrapped = wrap(&key, b"root", &[5; 32], &random).unwrap();
        assert_eq!(*unwrap::<32>(&key, b"root", &wrapped).unwrap(), [5; 32]);
        assert!(unwrap::<32>(&key, b"seed", &wrapped).is_err());
        assert!(unwrap::<32>(&Secret::new([2; 32]), b"root", &wrapped).is_err());
        assert!(unwrap::<31>(&key, b"root", &wrapped).is_err());
        assert!(unwrap::<32>(&key, b"root", &wrapped[..20]).is_err());
    }

    #[test]
    fn sealed_keys_open_with_the_private_key() {
        let random = SeededRandom::new(2);
        let private = Secret::new([9; 32]);
        let public = public_key(&private).unwrap();
        let sealed = seal_to(&public, b"info", b"aad", &Secret::new([4; 32]), &random).unwrap();
        assert_eq!(
            *open_sealed(&private, b"info", b"aad", &sealed).unwrap(),
            [4; 32]
        );
        assert!(open_sealed(&private, b"info", b"other", &sealed).is_err());
        assert!(open_sealed(&private, b"info", b"aad", &sealed[..40]).is_err());
        assert!(open_sealed(&Secret::new([8; 32]), b"info", b"aad", &sealed).is_err());
    }

    #[test]
    fn no_randomness_is_an_error_not_a_weak_key() {
        let dry = |_: &mut [u8]| Err(io::Error::other("dry"));
        let public = public_key(&Secret::new([9; 32])).unwrap();
        assert!(matches!(
            seal_to(&public, b"", b"", &Secret::new([4; 32]), &dry),
            Err(KeyError::Randomness(_))
        ));
        assert!(matches!(
            wrap(&Secret::new([1; 32]), b"", b"", &dry),
            Err(KeyError::Randomness(_))
        ));
    }

    #[test]
    fn pins_salts_costs_and_platform_secrets_all_matter() {
        let of = |pin, salt: &[u8; 16], passes, platform: Option<&Secret>| {
            pin_keys(
                pin,
                salt,
                KdfParams {
                    passes,
                    ..KdfParams::FOR_TESTS
                },
                platform,
            )
            .unwrap()
            .root
        };
        let first = of("123456", &[1; 16], 1, None);
        assert_eq!(first, of("123456", &[1; 16], 1, None));
        assert_ne!(first, of("123457", &[1; 16], 1, None));
        assert_ne!(first, of("123456", &[2; 16], 1, None));
        assert_ne!(first, of("123456", &[1; 16], 2, None));
        assert_ne!(
            first,
            of("123456", &[1; 16], 1, Some(&Secret::new([0; 32])))
        );
        let huge = KdfParams {
            memory_kib: u32::MAX,
            ..KdfParams::STANDARD
        };
        assert!(matches!(
            pin_keys("1", &[1; 16], huge, None),
            Err(KeyError::Parameters)
        ));
    }
}
