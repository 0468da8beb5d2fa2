//! The device's key, while another one takes over from it: the next seed is durable before anybody is told of the key, and takes its
//! place in one step with what the readable facts say of it. A crash at any point leaves the old seed, with the next one beside it, or
//! the new seed alone. Specification: `docs/spec/intake.md`, "Rotation".

use std::io;

use crate::keys::{KeyError, Secret};
use crate::slots::Slots;
use crate::vault::{Vault, hold};

/// The device's key could not be read or changed; it is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceKeyError {
    /// No officer has unlocked: the root key is not at hand.
    #[error("the vault is locked")]
    Locked,
    /// Neither slots file can be read.
    #[error("the vault's slots are lost")]
    SlotsLost,
    /// No next key was kept before.
    #[error("there is no next key")]
    NoNext,
    /// A wrapped key does not open.
    #[error("the keys could not be opened")]
    Keys(#[from] KeyError),
    /// The slots could not be written.
    #[error("the vault could not be written")]
    Io(#[from] io::Error),
}

impl Vault {
    /// The seed of the key that is to take over, if one was kept.
    pub fn next_device_seed(&self) -> Result<Option<Secret>, DeviceKeyError> {
        self.with_slots(|slots, root| Ok(slots.open_next_device(root)?))
    }

    /// Keeps the seed of the key that is to take over: durable when this returns.
    pub fn keep_next_device_seed(&self, seed: &Secret) -> Result<(), DeviceKeyError> {
        self.with_slots(|slots, root| {
            let mut changed = slots.clone();
            changed.put_next_device(root, seed, &*self.config.random)?;
            changed.save(&*self.config.disk, self.folder.root())?;
            *slots = changed;
            Ok(())
        })
    }

    /// The next key takes over, and the readable facts with it, in one step. The old seed is forgotten.
    pub fn take_next_device_seed(&self, plain: serde_json::Value) -> Result<(), DeviceKeyError> {
        let seed = self.with_slots(|slots, root| {
            let seed = slots
                .open_next_device(root)?
                .ok_or(DeviceKeyError::NoNext)?;
            let mut changed = slots.clone();
            changed.take_next_device(root, &seed, &*self.config.random)?;
            changed.plain = plain;
            changed.save(&*self.config.disk, self.folder.root())?;
            *slots = changed;
            Ok(seed)
        })?;
        if let Some(outbox) = hold(&self.outbox).as_mut() {
            outbox.device_seed = seed;
        }
        Ok(())
    }

    fn with_slots<T>(
        &self,
        work: impl FnOnce(&mut Slots, &Secret) -> Result<T, DeviceKeyError>,
    ) -> Result<T, DeviceKeyError> {
        let mut slots = hold(&self.slots);
        let slots = slots.as_mut().ok_or(DeviceKeyError::SlotsLost)?;
        let root = hold(&self.open)
            .as_ref()
            .map(|open| open.root.clone())
            .ok_or(DeviceKeyError::Locked)?;
        work(slots, &root)
    }
}
