//! The administrator's way back in when an officer has forgotten the PIN: the recovery key opens the vault, the officer gets
//! a new PIN, and a new signing key that has to be enrolled again, since nobody but the officer ever held the old one. Either
//! with the vault's folder at hand (here), or by a request and its answer (`pin_reset`).
//!
//! A crash after the slot was written leaves the new PIN in force and the old enrolment on record: signing then answers
//! `key-missing`, and recovering once more mends it.

use fieldseal_packet::{KeyName, Timestamp};
use fieldseal_tlog::note::{Algorithm, Vkey, signer_of};
use fieldseal_vault::officers::{self, OfficerRecord};
use fieldseal_vault::{OfficerError, Secret, settings};
use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::enrol::check_pin;
use crate::problem::{Code, Problem};

/// Key of the list in the vault's settings.
const RESETS: &str = "pins-reset";
/// As many are kept.
const MOST_RESETS: usize = 50;

/// A PIN was set anew by the administrator's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PinReset {
    pub officer: String,
    pub at: Timestamp,
}

impl Core {
    pub fn recover(&self, key: &Secret, officer: &str, pin: &str) -> Result<(), Problem> {
        check_pin(pin)?;
        let vault = self.vault()?;
        let seed = self.seed()?;
        vault
            .recover(key, officer, pin, seed.clone())
            .map_err(|error| match error {
                OfficerError::NoRecovery | OfficerError::OtherRecoveryKey => {
                    Problem::because(Code::KeyMissing, error)
                }
                other => other.into(),
            })?;
        self.let_back_in(officer, pin, &seed)
    }

    /// The slot is new: opens the vault, notes the new signing key, which no entry binds yet, and that the PIN was reset.
    pub(crate) fn let_back_in(
        &self,
        officer: &str,
        pin: &str,
        seed: &Secret,
    ) -> Result<(), Problem> {
        self.unlock(officer, pin)?;
        let name = KeyName::officer(&self.identity()?.origin, officer);
        let known = self
            .read(|c| Ok(officers::get(c, officer)?))?
            .ok_or(Code::UnknownOfficer)?;
        let before = known.vkey.as_deref().and_then(|old| Vkey::parse(old).ok());
        let kind = before.map_or(Algorithm::Ed25519, |old| old.algorithm());
        let signer = signer_of(kind, &name, seed)
            .map_err(|error| Problem::because(Code::KeyMissing, error))?;
        let record = OfficerRecord {
            vkey: Some(signer.vkey().to_string()),
            entry: None,
            ..known
        };
        self.keep_officer(&*self.open_vault()?, &record)?;
        let mut resets = self.pin_resets()?;
        resets.push(PinReset {
            officer: officer.to_owned(),
            at: self.platform.now(),
        });
        let excess = resets.len().saturating_sub(MOST_RESETS);
        resets.drain(..excess);
        let value = serde_json::to_value(&resets)
            .map_err(|error| Problem::because(Code::Internal, error))?;
        self.write(|tx| Ok(settings::set(tx, RESETS, &value)?))
    }

    /// Which PINs were set anew by the administrator's key, oldest first.
    pub(crate) fn pin_resets(&self) -> Result<Vec<PinReset>, Problem> {
        let stored = self.read(|c| Ok(settings::get(c, RESETS)?))?;
        Ok(stored
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or_default())
    }
}
