//! The officers of a tablet: new ones, changed PINs, and the administrator's way when a PIN is forgotten.
//!
//! The root key never changes: whoever has an old copy of the slots *and* an old PIN can still open them. Against a
//! copied folder stands the platform's keystore, where there is one.

use crate::create::{NewOfficer, check_officer, check_pin};
use crate::db::StoreError;
use crate::keys::{KeyError, Secret};
use crate::moment::Moment;
use crate::slots::{MOST_OFFICERS, Opened, RecoveryUnusable, Slots};
use crate::store::officers;
use crate::unlock::UnlockError;
use crate::vault::{Vault, hold};
use std::io;

/// Why an officer could not be added or a PIN not be set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfficerError {
    /// There is an officer of this id already.
    #[error("there is an officer of this id already")]
    Exists,
    /// There is none.
    #[error("no such officer on this tablet")]
    UnknownOfficer,
    /// As many as a tablet takes.
    #[error("too many officers on this tablet")]
    TooMany,
    /// The id, badge, name or PIN is not acceptable.
    #[error("not acceptable: {0}")]
    NotAcceptable(&'static str),
    /// The old PIN.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// This vault was made without a recovery key.
    #[error("the vault has no recovery slot")]
    NoRecovery,
    /// Not the recovery key of this vault.
    #[error("not this vault's recovery key")]
    OtherRecoveryKey,
    /// Nothing was asked, or it was forgotten since.
    #[error("no request waits for an answer")]
    NoRequest,
    /// A key could not be wrapped.
    #[error("the key could not be wrapped")]
    Keys(#[from] KeyError),
    /// The database.
    #[error("the officer could not be stored")]
    Store(#[from] StoreError),
    /// The slots could not be written; they are as before.
    #[error("the slots could not be written")]
    Io(#[from] io::Error),
}

impl Vault {
    /// Adds an officer; the vault must be unlocked. The name is stored first: a crash leaves a name without a slot.
    pub fn add_officer(&self, officer: &NewOfficer) -> Result<(), OfficerError> {
        self.put_officer(officer, false)
    }

    /// As [`Vault::add_officer`], in place of a slot of the same id, if there is one. The old signing key is lost.
    pub fn replace_officer(&self, officer: &NewOfficer) -> Result<(), OfficerError> {
        self.put_officer(officer, true)
    }

    fn put_officer(&self, officer: &NewOfficer, replace: bool) -> Result<(), OfficerError> {
        check_officer(officer).map_err(OfficerError::NotAcceptable)?;
        let mut guard = hold(&self.slots);
        let slots = guard.as_mut().ok_or(UnlockError::SlotsLost)?;
        let exists = slots.slot(&officer.id).is_some();
        if exists && !replace {
            return Err(OfficerError::Exists);
        }
        if !exists && slots.officers.len() >= MOST_OFFICERS {
            return Err(OfficerError::TooMany);
        }
        let root = {
            let mut open = hold(&self.open);
            let open = open.as_mut().ok_or(StoreError::Locked)?;
            open.database
                .write(|tx| officers::put(tx, &officer.record()))?;
            open.root.clone()
        };
        let opened = Opened {
            root,
            seed: officer.seed.clone(),
            next: None,
        };
        let mut changed = slots.clone();
        changed.put(
            &officer.id,
            &officer.badge,
            &officer.pin,
            &opened,
            self.config.wrapping(),
        )?;
        self.replace_slots(slots, changed)
    }

    /// Sets a new PIN against the old one; the signing key stays.
    pub fn change_pin(
        &self,
        officer: &str,
        old: &str,
        new: &str,
        now: &Moment,
    ) -> Result<(), OfficerError> {
        check_pin(new).map_err(OfficerError::NotAcceptable)?;
        let mut guard = hold(&self.slots);
        let slots = guard.as_mut().ok_or(UnlockError::SlotsLost)?;
        let opened = self.try_pin(slots, officer, old, now)?;
        self.put_opened(slots, officer, new, &opened)
    }

    /// The officer's signing seed, and the one that is to take over from it: `fresh`, unless another was begun before. Durable when this returns.
    pub fn begin_officer_rotation(
        &self,
        officer: &str,
        pin: &str,
        now: &Moment,
        fresh: Secret,
    ) -> Result<(Secret, Secret), OfficerError> {
        let mut guard = hold(&self.slots);
        let slots = guard.as_mut().ok_or(UnlockError::SlotsLost)?;
        let mut opened = self.try_pin(slots, officer, pin, now)?;
        if let Some(next) = opened.next {
            return Ok((opened.seed, next));
        }
        opened.next = Some(fresh.clone());
        self.put_opened(slots, officer, pin, &opened)?;
        Ok((opened.seed, fresh))
    }

    /// The seed that was begun takes the old one's place, which is forgotten. Nothing happens where none was begun.
    pub fn take_officer_rotation(
        &self,
        officer: &str,
        pin: &str,
        now: &Moment,
    ) -> Result<(), OfficerError> {
        let mut guard = hold(&self.slots);
        let slots = guard.as_mut().ok_or(UnlockError::SlotsLost)?;
        let mut opened = self.try_pin(slots, officer, pin, now)?;
        let Some(next) = opened.next.take() else {
            return Ok(());
        };
        opened.seed = next;
        self.put_opened(slots, officer, pin, &opened)
    }

    fn put_opened(
        &self,
        slots: &mut Slots,
        officer: &str,
        pin: &str,
        opened: &Opened,
    ) -> Result<(), OfficerError> {
        let badge = slots
            .slot(officer)
            .map(|slot| slot.badge.clone())
            .ok_or(OfficerError::UnknownOfficer)?;
        let mut changed = slots.clone();
        changed.put(officer, &badge, pin, opened, self.config.wrapping())?;
        self.replace_slots(slots, changed)
    }

    /// The administrator's way: with the recovery key an officer gets a new PIN and a *new* signing key, to be enrolled
    /// again, since nobody but the officer ever held the old one. All evidence stays readable.
    pub fn recover(
        &self,
        recovery_private: &Secret,
        officer: &str,
        new_pin: &str,
        new_seed: Secret,
    ) -> Result<(), OfficerError> {
        check_pin(new_pin).map_err(OfficerError::NotAcceptable)?;
        let mut guard = hold(&self.slots);
        let slots = guard.as_mut().ok_or(UnlockError::SlotsLost)?;
        let badge = slots
            .slot(officer)
            .map(|slot| slot.badge.clone())
            .ok_or(OfficerError::UnknownOfficer)?;
        let root = slots
            .open_recovery(recovery_private)
            .map_err(|unusable| match unusable {
                RecoveryUnusable::None => OfficerError::NoRecovery,
                RecoveryUnusable::OtherKey => OfficerError::OtherRecoveryKey,
            })?;
        let mut changed = slots.clone();
        let opened = Opened {
            root,
            seed: new_seed,
            next: None,
        };
        changed.put(officer, &badge, new_pin, &opened, self.config.wrapping())?;
        self.replace_slots(slots, changed)
    }

    fn replace_slots(&self, slots: &mut Slots, changed: Slots) -> Result<(), OfficerError> {
        changed.save(&*self.config.disk, self.folder.root())?;
        *slots = changed;
        Ok(())
    }
}
