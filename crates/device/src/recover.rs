//! The administrator's way back in when an officer has forgotten the PIN: the recovery key opens the vault, the officer gets
//! a new PIN, and a new signing key that has to be enrolled again, since nobody but the officer ever held the old one.
//!
//! A crash after the slot was written leaves the new PIN in force and the old enrolment on record: signing then answers
//! `key-missing`, and recovering once more mends it.

use fieldseal_packet::KeyName;
use fieldseal_tlog::note::{Algorithm, Vkey, signer_of};
use fieldseal_vault::officers::{self, OfficerRecord};
use fieldseal_vault::{OfficerError, Secret};

use crate::core::Core;
use crate::enrol::check_pin;
use crate::problem::{Code, Problem};

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
        self.unlock(officer, pin)?;
        let name = KeyName::officer(&self.identity()?.origin, officer);
        let known = self
            .read(|c| Ok(officers::get(c, officer)?))?
            .ok_or(Code::UnknownOfficer)?;
        let before = known.vkey.as_deref().and_then(|old| Vkey::parse(old).ok());
        let kind = before.map_or(Algorithm::Ed25519, |old| old.algorithm());
        let signer = signer_of(kind, &name, &seed)
            .map_err(|error| Problem::because(Code::KeyMissing, error))?;
        let record = OfficerRecord {
            vkey: Some(signer.vkey().to_string()),
            entry: None,
            ..known
        };
        self.keep_officer(&*self.open_vault()?, &record)
    }
}
