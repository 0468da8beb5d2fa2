//! Letting an officer back in who forgot the PIN, without the administrator's key ever coming near the tablet.
//!
//! The tablet makes a key pair for one request, and gives out its public half with the root key as it was sealed to the
//! administrator when the vault was made. Whoever holds the recovery key opens that and seals the root once more, to the request's
//! key. The private half waits here under the *new* PIN, chosen before the request was made: who finds the answer, or the
//! folder, or both, still has to know that PIN.
//!
//! A crash while asking leaves the request before, or this one. A crash while answering leaves the old slot, or the new one with a
//! request that asks for nothing more; [`Vault::forget_recovery`] is called once the officer has come in.

use crate::backoff::Tries;
use crate::create::check_pin;
use crate::disk::replace_durably;
use crate::keys::{
    KdfParams, KeyError, SEALED_KEY, Secret, open_sealed, pin_keys, public_key, seal_to, unwrap,
    wrap,
};
use crate::moment::Moment;
use crate::people::OfficerError;
use crate::random::{Randomness, fresh};
use crate::slots::{Opened, RECOVERY_INFO, Slots, read_json};
use crate::unlock::UnlockError;
use crate::vault::{Vault, hold};
use serde::{Deserialize, Serialize};
use std::io;

pub(crate) const FILE: &str = "pin-request.json";
const ANSWER_INFO: &[u8] = b"fieldseal pin answer/v1";
/// Longest text of a request.
const MOST_TEXT: usize = 4096;

/// What a request is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryAsk {
    /// The vault's id.
    pub vault: [u8; 16],
    /// Public key of this request alone.
    pub to: [u8; 32],
    /// The root key, sealed to the administrator.
    pub root: Vec<u8>,
}

/// A request that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryAsked {
    /// Whose PIN was forgotten.
    pub officer: String,
    /// As it was given out.
    pub text: String,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    schema: String,
    officer: String,
    text: String,
    kdf: KdfParams,
    #[serde(with = "hex::serde")]
    salt: [u8; 16],
    platform: bool,
    /// The request's private key under the new PIN.
    #[serde(with = "hex::serde")]
    private: Vec<u8>,
    #[serde(default)]
    tries: Tries,
}

impl Stored {
    const SCHEMA: &'static str = "fieldseal-pin-request/1";
}

impl Vault {
    /// Makes a request in place of an earlier one, durably. `text` writes it as it is given out.
    pub fn ask_recovery(
        &self,
        officer: &str,
        new_pin: &str,
        text: impl FnOnce(&RecoveryAsk) -> String,
    ) -> Result<RecoveryAsked, OfficerError> {
        check_pin(new_pin).map_err(OfficerError::NotAcceptable)?;
        let guard = hold(&self.slots);
        let slots = guard.as_ref().ok_or(UnlockError::SlotsLost)?;
        slots.slot(officer).ok_or(OfficerError::UnknownOfficer)?;
        let root = slots
            .sealed_root()
            .ok_or(OfficerError::NoRecovery)?
            .to_vec();
        let with = self.config.wrapping();
        let private: Secret = fresh::<32>(with.random)?;
        let text = text(&RecoveryAsk {
            vault: slots.vault,
            to: public_key(&private)?,
            root,
        });
        let salt = *fresh::<16>(with.random)?;
        let keys = pin_keys(new_pin, &salt, with.kdf, with.platform)?;
        let stored = Stored {
            schema: Stored::SCHEMA.to_owned(),
            officer: officer.to_owned(),
            private: wrap(
                &keys.root,
                &purpose(slots, officer),
                private.as_ref(),
                with.random,
            )?,
            text,
            kdf: with.kdf,
            salt,
            platform: with.platform.is_some(),
            tries: Tries::default(),
        };
        self.keep_request(&stored)?;
        Ok(stored.asked())
    }

    /// The request that waits, if there is one that can be read.
    pub fn recovery_asked(&self) -> Option<RecoveryAsked> {
        self.stored_request().map(Stored::asked)
    }

    /// Forgets the request: an answer to it is worth nothing from then on.
    pub fn forget_recovery(&self) -> io::Result<()> {
        let path = self.folder.path(FILE);
        if !path.exists() {
            return Ok(());
        }
        self.config.disk.remove(&path)?;
        self.config.disk.sync_dir(self.folder.root())
    }

    /// Takes the answer: the officer gets the PIN that was chosen with the request, and a *new* signing key. A wrong PIN counts
    /// as one at the lock does. Gives the officer.
    pub fn finish_recovery(
        &self,
        new_pin: &str,
        sealed_root: &[u8],
        new_seed: Secret,
        now: &Moment,
    ) -> Result<String, OfficerError> {
        let mut guard = hold(&self.slots);
        let slots = guard.as_mut().ok_or(UnlockError::SlotsLost)?;
        let mut stored = self.stored_request().ok_or(OfficerError::NoRequest)?;
        let wait_ms = stored.tries.wait_ms(now);
        if wait_ms > 0 {
            return Err(UnlockError::Wait { wait_ms }.into());
        }
        stored.tries.count(now);
        let wait_ms = stored.tries.wait_ms(now);
        self.keep_request(&stored)?;
        let private = self
            .request_key(slots, &stored, new_pin)
            .map_err(|error| match error {
                KeyError::DoesNotOpen => UnlockError::WrongPin { wait_ms }.into(),
                error => OfficerError::Keys(error),
            })?;
        stored.tries.clear();
        self.keep_request(&stored)?;
        let aad = answer_binding(&stored.text);
        let root = open_sealed(&private, ANSWER_INFO, &aad, sealed_root)
            .map_err(|_| OfficerError::OtherRecoveryKey)?;
        // An answer with another root would make a slot that opens nothing.
        slots
            .open_keys(&root)
            .map_err(|_| OfficerError::OtherRecoveryKey)?;
        let badge = slots
            .slot(&stored.officer)
            .map(|slot| slot.badge.clone())
            .ok_or(OfficerError::UnknownOfficer)?;
        let opened = Opened {
            root,
            seed: new_seed,
            next: None,
        };
        let mut changed = slots.clone();
        changed.put(
            &stored.officer,
            &badge,
            new_pin,
            &opened,
            self.config.wrapping(),
        )?;
        changed.save(&*self.config.disk, self.folder.root())?;
        *slots = changed;
        Ok(stored.officer)
    }

    fn request_key(&self, slots: &Slots, stored: &Stored, pin: &str) -> Result<Secret, KeyError> {
        let platform = match (stored.platform, self.config.platform_secret.as_ref()) {
            (false, _) => None,
            (true, Some(secret)) => Some(secret),
            (true, None) => return Err(KeyError::Unusable),
        };
        let keys = pin_keys(pin, &stored.salt, stored.kdf, platform)?;
        unwrap::<32>(
            &keys.root,
            &purpose(slots, &stored.officer),
            &stored.private,
        )
    }

    fn stored_request(&self) -> Option<Stored> {
        read_json::<Stored>(&self.folder.path(FILE))
            .ok()
            .flatten()
            .filter(|stored| stored.schema == Stored::SCHEMA && stored.text.len() <= MOST_TEXT)
    }

    fn keep_request(&self, stored: &Stored) -> Result<(), OfficerError> {
        let bytes = serde_json::to_vec(stored).map_err(io::Error::from)?;
        replace_durably(&*self.config.disk, self.folder.root(), FILE, &bytes)?;
        Ok(())
    }
}

impl Stored {
    fn asked(self) -> RecoveryAsked {
        RecoveryAsked {
            officer: self.officer,
            text: self.text,
        }
    }
}

/// The administrator's part: opens a request's root with the recovery key, and seals it to the request's own key. The
/// text is bound in, so that the answer opens for this request and no other.
pub fn answer_recovery(
    recovery_private: &Secret,
    ask: &RecoveryAsk,
    text: &str,
    random: &dyn Randomness,
) -> Result<[u8; SEALED_KEY], OfficerError> {
    let root = open_sealed(recovery_private, RECOVERY_INFO, &ask.vault, &ask.root)
        .map_err(|_| OfficerError::OtherRecoveryKey)?;
    Ok(seal_to(
        &ask.to,
        ANSWER_INFO,
        &answer_binding(text),
        &root,
        random,
    )?)
}

fn answer_binding(text: &str) -> [u8; 32] {
    fieldseal_packet::Sha256Digest::of(text.as_bytes()).0
}

fn purpose(slots: &Slots, officer: &str) -> Vec<u8> {
    format!(
        "fieldseal pin request/v1\n{}\n{officer}\n",
        hex::encode(slots.vault)
    )
    .into_bytes()
}
