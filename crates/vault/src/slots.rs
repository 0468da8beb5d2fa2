//! `slots.json`: what must be readable before any key is known. No names, no secrets in the clear: the vault's id and
//! public key, the wrapped keys, one slot per officer with PIN, back-off counters, the administrator's recovery slot.
//!
//! The file is replaced as a whole. A copy (`slots.copy.json`) is written before it whenever a key changes, and the public
//! key lies in `capture.json` as well, so that no single broken file stops captures or locks the evidence up.

use crate::backoff::Tries;
use crate::disk::{Disk, replace_durably};
use crate::keys::{
    KdfParams, KeyError, SEALED_KEY, Secret, open_sealed, pin_keys, seal_to, unwrap, wrap,
};
use crate::random::{Randomness, fresh};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

pub(crate) const SLOTS: &str = "slots.json";
pub(crate) const SLOTS_COPY: &str = "slots.copy.json";
pub(crate) const CAPTURE: &str = "capture.json";
/// Larger files than this are not read.
const MOST_BYTES: u64 = 4 << 20;
/// Officers per tablet.
pub(crate) const MOST_OFFICERS: usize = 200;
pub(crate) const RECOVERY_INFO: &[u8] = b"fieldseal recovery/v1";

/// What captures need, and nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CaptureKey {
    pub(crate) schema: String,
    #[serde(with = "hex::serde")]
    pub(crate) vault: [u8; 16],
    #[serde(with = "hex::serde")]
    pub(crate) public_key: [u8; 32],
}

impl CaptureKey {
    pub(crate) const SCHEMA: &'static str = "fieldseal-capture-key/1";
}

/// The whole file.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slots {
    pub(crate) schema: String,
    #[serde(with = "hex::serde")]
    pub(crate) vault: [u8; 16],
    #[serde(with = "hex::serde")]
    pub(crate) public_key: [u8; 32],
    /// [`KeySet`] under the root key.
    #[serde(with = "hex::serde")]
    keys: Vec<u8>,
    /// Seed of the device key that is to take over, under the root key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_device: Option<String>,
    pub(crate) officers: Vec<Slot>,
    recovery: Option<RecoverySlot>,
    /// What screens show while locked: device id, origin, server. No names.
    pub(crate) plain: serde_json::Value,
}

/// One officer's slot.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) id: String,
    pub(crate) badge: String,
    kdf: KdfParams,
    #[serde(with = "hex::serde")]
    salt: [u8; 16],
    /// The platform's keystore has a part in this slot.
    platform: bool,
    /// The root key under the PIN.
    #[serde(with = "hex::serde")]
    root: Vec<u8>,
    /// The officer's own signing seed under the PIN: not under the root, so that no other officer can sign with it.
    #[serde(with = "hex::serde")]
    seed: Vec<u8>,
    /// The seed that is to take over, under the PIN as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(default)]
    pub(crate) tries: Tries,
}

impl Slot {
    /// Whether trying a PIN takes no more memory than this.
    pub(crate) fn costs_at_most(&self, memory_kib: u32) -> bool {
        self.kdf.memory_kib <= memory_kib
    }
}

/// The administrator's slot.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct RecoverySlot {
    #[serde(with = "hex::serde")]
    public_key: [u8; 32],
    /// The root key sealed to it by HPKE.
    #[serde(with = "hex::serde")]
    root: Vec<u8>,
}

/// What the root key opens.
pub(crate) struct KeySet {
    /// X25519: opens every original.
    pub(crate) private: Secret,
    /// SQLCipher key of `vault.db`.
    pub(crate) vault_db: Secret,
    /// SQLCipher key of `outbox.db`.
    pub(crate) outbox_db: Secret,
    /// Seed of the device key. Not bound to one person, and safe from a corrupt database.
    pub(crate) device_seed: Secret,
}

/// What a PIN opens.
pub(crate) struct Opened {
    pub(crate) root: Secret,
    pub(crate) seed: Secret,
    /// The signing seed that is to take over, if one was begun.
    pub(crate) next: Option<Secret>,
}

impl KeySet {
    fn to_bytes(&self) -> Zeroizing<[u8; 128]> {
        let mut bytes = Zeroizing::new([0; 128]);
        let parts = [
            &self.private,
            &self.vault_db,
            &self.outbox_db,
            &self.device_seed,
        ];
        for (place, part) in bytes.chunks_exact_mut(32).zip(parts) {
            place.copy_from_slice(part.as_ref());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; 128]) -> Self {
        let part = |n: usize| {
            let mut secret = Secret::default();
            secret.copy_from_slice(&bytes[n * 32..(n + 1) * 32]);
            secret
        };
        Self {
            private: part(0),
            vault_db: part(1),
            outbox_db: part(2),
            device_seed: part(3),
        }
    }
}

/// What wrapping needs from outside.
#[derive(Clone, Copy)]
pub(crate) struct Wrapping<'a> {
    pub(crate) kdf: KdfParams,
    pub(crate) platform: Option<&'a Secret>,
    pub(crate) random: &'a dyn Randomness,
}

impl Slots {
    pub(crate) const SCHEMA: &'static str = "fieldseal-slots/1";

    /// A new vault's slots, without an officer yet.
    pub(crate) fn new(
        vault: [u8; 16],
        root: &Secret,
        keys: &KeySet,
        recovery_key: Option<[u8; 32]>,
        plain: serde_json::Value,
        random: &dyn Randomness,
    ) -> Result<Self, KeyError> {
        let recovery = match recovery_key {
            Some(public_key) => {
                let root: [u8; SEALED_KEY] =
                    seal_to(&public_key, RECOVERY_INFO, &vault, root, random)?;
                Some(RecoverySlot {
                    public_key,
                    root: root.to_vec(),
                })
            }
            None => None,
        };
        Ok(Self {
            schema: Self::SCHEMA.to_owned(),
            vault,
            public_key: crate::keys::public_key(&keys.private)?,
            keys: wrap(
                root,
                &purpose(&vault, "keys", ""),
                keys.to_bytes().as_ref(),
                random,
            )?,
            next_device: None,
            officers: Vec::new(),
            recovery,
            plain,
        })
    }

    pub(crate) fn capture_key(&self) -> CaptureKey {
        CaptureKey {
            schema: CaptureKey::SCHEMA.to_owned(),
            vault: self.vault,
            public_key: self.public_key,
        }
    }

    pub(crate) fn slot(&self, officer: &str) -> Option<&Slot> {
        self.officers.iter().find(|slot| slot.id == officer)
    }

    pub(crate) fn slot_mut(&mut self, officer: &str) -> Option<&mut Slot> {
        self.officers.iter_mut().find(|slot| slot.id == officer)
    }

    pub(crate) fn open_keys(&self, root: &Secret) -> Result<KeySet, KeyError> {
        unwrap::<128>(root, &purpose(&self.vault, "keys", ""), &self.keys)
            .map(|bytes| KeySet::from_bytes(&bytes))
    }

    /// The seed of the device key that is to take over.
    pub(crate) fn open_next_device(&self, root: &Secret) -> Result<Option<Secret>, KeyError> {
        let Some(text) = &self.next_device else {
            return Ok(None);
        };
        let wrapped = hex::decode(text).map_err(|_| KeyError::DoesNotOpen)?;
        unwrap::<32>(root, &purpose(&self.vault, "next-device", ""), &wrapped).map(Some)
    }

    pub(crate) fn put_next_device(
        &mut self,
        root: &Secret,
        seed: &Secret,
        random: &dyn Randomness,
    ) -> Result<(), KeyError> {
        let purpose = purpose(&self.vault, "next-device", "");
        let wrapped = wrap(root, &purpose, seed.as_ref(), random)?;
        self.next_device = Some(hex::encode(wrapped));
        Ok(())
    }

    /// The device key is this one from now on.
    pub(crate) fn take_next_device(
        &mut self,
        root: &Secret,
        seed: &Secret,
        random: &dyn Randomness,
    ) -> Result<(), KeyError> {
        let mut keys = self.open_keys(root)?;
        keys.device_seed = seed.clone();
        let purpose = purpose(&self.vault, "keys", "");
        self.keys = wrap(root, &purpose, keys.to_bytes().as_ref(), random)?;
        self.next_device = None;
        Ok(())
    }

    /// Opens the root with the administrator's private key.
    pub(crate) fn open_recovery(&self, private: &Secret) -> Result<Secret, RecoveryUnusable> {
        let slot = self.recovery.as_ref().ok_or(RecoveryUnusable::None)?;
        open_sealed(private, RECOVERY_INFO, &self.vault, &slot.root)
            .map_err(|_| RecoveryUnusable::OtherKey)
    }

    /// The root key as it was sealed to the administrator.
    pub(crate) fn sealed_root(&self) -> Option<&[u8]> {
        self.recovery.as_ref().map(|slot| &slot.root[..])
    }

    pub(crate) fn has_recovery(&self) -> bool {
        self.recovery.is_some()
    }

    /// Makes or replaces an officer's slot.
    pub(crate) fn put(
        &mut self,
        id: &str,
        badge: &str,
        pin: &str,
        opened: &Opened,
        with: Wrapping<'_>,
    ) -> Result<(), KeyError> {
        let salt = *fresh::<16>(with.random)?;
        let keys = pin_keys(pin, &salt, with.kdf, with.platform)?;
        let next = opened.next.as_ref().map(|next| {
            let purpose = purpose(&self.vault, "next-seed", id);
            wrap(&keys.signing, &purpose, next.as_ref(), with.random).map(hex::encode)
        });
        let slot = Slot {
            id: id.to_owned(),
            badge: badge.to_owned(),
            kdf: with.kdf,
            salt,
            platform: with.platform.is_some(),
            root: wrap(
                &keys.root,
                &purpose(&self.vault, "root", id),
                opened.root.as_ref(),
                with.random,
            )?,
            seed: wrap(
                &keys.signing,
                &purpose(&self.vault, "seed", id),
                opened.seed.as_ref(),
                with.random,
            )?,
            next: next.transpose()?,
            tries: Tries::default(),
        };
        match self.slot_mut(id) {
            Some(old) => *old = slot,
            None => self.officers.push(slot),
        }
        Ok(())
    }

    /// Opens an officer's slot. Slow by design.
    pub(crate) fn open(
        &self,
        slot: &Slot,
        pin: &str,
        platform: Option<&Secret>,
    ) -> Result<Opened, KeyError> {
        let platform = if slot.platform {
            Some(platform.ok_or(KeyError::Unusable)?)
        } else {
            None
        };
        let keys = pin_keys(pin, &slot.salt, slot.kdf, platform)?;
        Ok(Opened {
            root: unwrap(
                &keys.root,
                &purpose(&self.vault, "root", &slot.id),
                &slot.root,
            )?,
            seed: unwrap(
                &keys.signing,
                &purpose(&self.vault, "seed", &slot.id),
                &slot.seed,
            )?,
            next: match &slot.next {
                None => None,
                Some(text) => {
                    let wrapped = hex::decode(text).map_err(|_| KeyError::DoesNotOpen)?;
                    let purpose = purpose(&self.vault, "next-seed", &slot.id);
                    Some(unwrap(&keys.signing, &purpose, &wrapped)?)
                }
            },
        })
    }

    /// Saves after a change of keys: copy, capture key, then the file itself. A crash in between leaves an older file
    /// whose keys still open everything: the root and what opens evidence never change, and a device key that was about to take over stands
    /// in the older file too.
    pub(crate) fn save(&self, disk: &dyn Disk, dir: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(self)?;
        replace_durably(disk, dir, SLOTS_COPY, &bytes)?;
        replace_durably(
            disk,
            dir,
            CAPTURE,
            &serde_json::to_vec_pretty(&self.capture_key())?,
        )?;
        replace_durably(disk, dir, SLOTS, &bytes)
    }

    /// Saves counters: the file itself only.
    pub(crate) fn save_tries(&self, disk: &dyn Disk, dir: &Path) -> io::Result<()> {
        replace_durably(disk, dir, SLOTS, &serde_json::to_vec_pretty(self)?)
    }

    /// Reads a slots file; `None` when its contents are not one.
    pub(crate) fn read(path: &Path) -> io::Result<Option<Self>> {
        Ok(read_bytes(path)?.and_then(|bytes| Self::parse(&bytes)))
    }

    /// The contents of a slots file; `None` when they are not one.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|slots: &Self| {
            slots.schema == Self::SCHEMA && slots.officers.len() <= MOST_OFFICERS
        })
    }
}

impl CaptureKey {
    pub(crate) fn read(path: &Path) -> io::Result<Option<Self>> {
        Ok(read_json::<Self>(path)?.filter(|key| key.schema == Self::SCHEMA))
    }
}

/// Why the recovery slot did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecoveryUnusable {
    None,
    OtherKey,
}

pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    Ok(read_bytes(path)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// `None` for a file that is too large.
fn read_bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    if std::fs::metadata(path)?.len() > MOST_BYTES {
        return Ok(None);
    }
    std::fs::read(path).map(Some)
}

/// Binds a wrapped key to its vault, its use and its owner.
fn purpose(vault: &[u8; 16], what: &str, whose: &str) -> Vec<u8> {
    format!(
        "fieldseal slots/v1\n{}\n{what}\n{whose}\n",
        hex::encode(vault)
    )
    .into_bytes()
}
