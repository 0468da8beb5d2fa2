//! PINs: unlocking, and the officers' signing keys.

use crate::chain::SetAside;
use crate::db::{Database, Schema, StoreError};
use crate::folder::{OUTBOX_DB, SUSPECT, VAULT_DB};
use crate::keys::{KeyError, Secret};
use crate::moment::Moment;
use crate::set_aside::{AsideReason, set_aside};
use crate::slots::{KeySet, Opened, Slots};
use crate::vault::{Open, Outbox, Vault, hold};
use std::io;

/// An officer, as far as can be told while locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficerSlot {
    /// Pseudonymous id.
    pub id: String,
    /// Badge number 执法证号.
    pub badge: String,
}

/// Why a PIN opened nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// There is no officer of this id on this tablet.
    #[error("no such officer on this tablet")]
    UnknownOfficer,
    /// Not the PIN.
    #[error("wrong PIN")]
    WrongPin {
        /// Until another one may be tried.
        wait_ms: u64,
    },
    /// Too many wrong ones; this one was not tried.
    #[error("wait before trying another PIN")]
    Wait {
        /// Until another one may be tried.
        wait_ms: u64,
    },
    /// Neither slots file can be read.
    #[error("the vault's slots are lost")]
    SlotsLost,
    /// The slot needs the platform's keystore, or its keys don't open.
    #[error("the keys could not be opened")]
    Keys(#[source] KeyError),
    /// A database could not be opened, though it is not damaged.
    #[error("the databases could not be opened")]
    Store(#[from] StoreError),
    /// The counter of wrong PINs could not be written, or a broken file not be set aside.
    #[error("the vault could not be written")]
    Io(#[from] io::Error),
}

/// What unlocking found. Call [`Vault::take_in`] and [`Vault::hand_over`] next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unlocked {
    /// Databases that were corrupt, set aside and made anew.
    pub set_aside: Vec<SetAside>,
    /// The officers' database is new: taking in rebuilds drafts and captures from the segments.
    pub rebuilt: bool,
    /// Sealed packets taken back from the outbox into a rebuilt database.
    pub taken_back: usize,
    /// Somebody had put another public key in place; captures made with it can't be opened.
    pub public_key_replaced: bool,
}

impl Vault {
    /// The officers with a PIN on this tablet.
    pub fn officers(&self) -> Vec<OfficerSlot> {
        let slots = hold(&self.slots);
        let all = slots.iter().flat_map(|slots| &slots.officers);
        all.map(|slot| OfficerSlot {
            id: slot.id.clone(),
            badge: slot.badge.clone(),
        })
        .collect()
    }

    /// Whether the administrator's key can open this vault.
    pub fn has_recovery(&self) -> bool {
        hold(&self.slots).as_ref().is_some_and(Slots::has_recovery)
    }

    /// Milliseconds until another PIN of this officer may be tried.
    pub fn wait_ms(&self, officer: &str, now: &Moment) -> u64 {
        let slots = hold(&self.slots);
        slots
            .as_ref()
            .and_then(|slots| slots.slot(officer))
            .map_or(0, |slot| slot.tries.wait_ms(now))
    }

    /// Opens the vault for looking. Corrupt databases are set aside; what can be is rebuilt.
    pub fn unlock(&self, officer: &str, pin: &str, now: &Moment) -> Result<Unlocked, UnlockError> {
        let mut slots = hold(&self.slots);
        let slots = slots.as_mut().ok_or(UnlockError::SlotsLost)?;
        let opened = self.try_pin(slots, officer, pin, now)?;
        let keys = slots.open_keys(&opened.root).map_err(UnlockError::Keys)?;
        let mut found = Unlocked {
            public_key_replaced: self.restore_public_key(slots, &keys)?,
            ..Unlocked::default()
        };
        self.open_with(keys, opened.root, officer, &mut found)?;
        Ok(found)
    }

    /// The officer's signing seed. Counts wrong PINs as unlocking does; works while locked.
    pub fn officer_seed(
        &self,
        officer: &str,
        pin: &str,
        now: &Moment,
    ) -> Result<Secret, UnlockError> {
        Ok(self.officer_seeds(officer, pin, now)?.0)
    }

    /// The same, and the seed that is to take over, if one was begun.
    pub fn officer_seeds(
        &self,
        officer: &str,
        pin: &str,
        now: &Moment,
    ) -> Result<(Secret, Option<Secret>), UnlockError> {
        let mut slots = hold(&self.slots);
        let slots = slots.as_mut().ok_or(UnlockError::SlotsLost)?;
        let opened = self.try_pin(slots, officer, pin, now)?;
        Ok((opened.seed, opened.next))
    }

    /// Tries a PIN. The try is counted durably first; the right PIN clears the count.
    pub(crate) fn try_pin(
        &self,
        slots: &mut Slots,
        officer: &str,
        pin: &str,
        now: &Moment,
    ) -> Result<Opened, UnlockError> {
        let slot = slots.slot_mut(officer).ok_or(UnlockError::UnknownOfficer)?;
        let rebased = slot.tries.is_ahead_of(now);
        if rebased {
            slot.tries.rebase(now);
        }
        let wait_ms = slot.tries.wait_ms(now);
        if wait_ms > 0 {
            if rebased {
                self.save_tries(slots)?;
            }
            return Err(UnlockError::Wait { wait_ms });
        }
        slot.tries.count(now);
        let wait_ms = slot.tries.wait_ms(now);
        let slot = slot.clone();
        self.save_tries(slots)?;
        match slots.open(&slot, pin, self.config.platform_secret.as_ref()) {
            Ok(opened) => {
                if let Some(slot) = slots.slot_mut(officer) {
                    slot.tries.clear();
                }
                self.save_tries(slots)?;
                Ok(opened)
            }
            Err(KeyError::DoesNotOpen) => Err(UnlockError::WrongPin { wait_ms }),
            Err(error) => Err(UnlockError::Keys(error)),
        }
    }

    /// Makes the counters durable. A full disk must not lock the officers out of the evidence that fills it: then the
    /// counters hold in memory only.
    fn save_tries(&self, slots: &Slots) -> io::Result<()> {
        match slots.save_tries(&*self.config.disk, self.folder.root()) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                ) =>
            {
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// The wrapped private key decides which public key is right.
    fn restore_public_key(&self, slots: &mut Slots, keys: &KeySet) -> Result<bool, UnlockError> {
        let right = crate::keys::public_key(&keys.private).map_err(UnlockError::Keys)?;
        if slots.public_key == right {
            return Ok(false);
        }
        slots.public_key = right;
        slots.save(&*self.config.disk, self.folder.root())?;
        *hold(&self.capture_key) = slots.capture_key();
        Ok(true)
    }

    fn open_with(
        &self,
        keys: KeySet,
        root: Secret,
        officer: &str,
        found: &mut Unlocked,
    ) -> Result<(), UnlockError> {
        let suspect = self.folder.path(SUSPECT).exists();
        let mut open = hold(&self.open);
        let mut outbox = hold(&self.outbox);
        if suspect
            || outbox
                .as_ref()
                .is_some_and(|outbox| outbox.database.is_spent())
        {
            *outbox = None;
        }
        if outbox.is_none() {
            let (database, _) =
                self.database(OUTBOX_DB, &keys.outbox_db, &Schema::OUTBOX, suspect, found)?;
            *outbox = Some(Outbox {
                database,
                device_seed: keys.device_seed,
            });
        }
        *open = None;
        let (database, rebuilt) =
            self.database(VAULT_DB, &keys.vault_db, &Schema::VAULT, suspect, found)?;
        if suspect {
            self.config.disk.remove(&self.folder.path(SUSPECT))?;
        }
        let mut opened = Open {
            database,
            root,
            private: keys.private,
            officer: officer.to_owned(),
            rebuilt,
        };
        if let Some(outbox) = &mut *outbox {
            found.taken_back = crate::handover::take_back(&mut opened.database, &outbox.database)?;
            crate::reclaim::finish(&*self.config.disk, &self.folder, &mut outbox.database)?;
        }
        found.rebuilt = rebuilt;
        *open = Some(opened);
        Ok(())
    }

    /// Opens a database; a corrupt or missing one is set aside and made anew, which the flag says.
    fn database(
        &self,
        name: &str,
        key: &Secret,
        schema: &Schema,
        suspect: bool,
        found: &mut Unlocked,
    ) -> Result<(Database, bool), UnlockError> {
        let path = self.folder.path(name);
        let missing = !path.exists();
        let opened = Database::open(&path, key, schema).and_then(|database| {
            if suspect {
                database.check_all()?;
            }
            Ok(database)
        });
        match opened {
            Ok(database) => Ok((database, missing)),
            Err(StoreError::Corrupt) => {
                let (disk, root) = (&*self.config.disk, self.folder.root());
                for suffix in ["", "-wal", "-shm"] {
                    let part = format!("{name}{suffix}");
                    if root.join(&part).exists() {
                        set_aside(disk, root, root, &part, AsideReason::CorruptDatabase)?;
                    }
                }
                found.set_aside.push(SetAside {
                    reason: AsideReason::CorruptDatabase,
                    capture_seq: None,
                });
                Ok((Database::open(&path, key, schema)?, true))
            }
            Err(error) => Err(error.into()),
        }
    }
}
