//! A device is enrolled before any officer has a PIN, so before there is a vault. Until then its key waits here, in a
//! file that only this user can read; making the vault wraps the key and removes the file.

use crate::disk::{Disk, make_dir_durably, replace_durably};
use crate::keys::Secret;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

pub(crate) const FILE: &str = "pending.json";

/// A device between its enrolment and its first officer.
#[derive(Clone)]
pub struct PendingDevice {
    /// Seed of the device's Ed25519 key.
    pub seed: Secret,
    /// What the engine has to remember: server, origin, answers of the enrolment. No names.
    pub facts: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    seed: String,
    facts: serde_json::Value,
}

/// Keeps it, in place of an earlier one: durable when this returns, so that a one-time code is not used up in vain.
pub fn write(disk: &dyn Disk, dir: &Path, pending: &PendingDevice) -> io::Result<()> {
    make_dir_durably(disk, dir)?;
    let stored = Stored {
        seed: hex::encode(pending.seed.as_ref()),
        facts: pending.facts.clone(),
    };
    let bytes = serde_json::to_vec(&stored).map(Zeroizing::new);
    drop(Zeroizing::new(stored.seed));
    let bytes = bytes?;
    replace_durably(disk, dir, FILE, &bytes)
}

/// The one that waits, if any.
pub fn read(dir: &Path) -> io::Result<Option<PendingDevice>> {
    let bytes = match std::fs::read(dir.join(FILE)) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let stored: Stored = serde_json::from_slice(&bytes)?;
    let digits = Zeroizing::new(stored.seed);
    let mut seed = Secret::default();
    hex::decode_to_slice(digits.as_str(), seed.as_mut()).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Some(PendingDevice {
        seed,
        facts: stored.facts,
    }))
}

pub(crate) fn remove(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    if dir.join(FILE).exists() {
        disk.remove(&dir.join(FILE))?;
        disk.sync_dir(dir)?;
    }
    Ok(())
}
