//! The registers' own encrypted database, beside that of the officers. What is in it came from the server and can be fetched
//! again, so it stays out of the database that holds evidence: it makes that one neither larger nor slower to check, a register
//! is replaced in one transaction without keeping anybody from reading, and a damaged one is thrown away.
//!
//! Its key lies in `vault.db`, so it opens only while the vault is unlocked. A crash while a register is being replaced leaves
//! the one before it.

use rusqlite::{Connection, Transaction};
use zeroize::Zeroizing;

use crate::db::{Database, Schema, StoreError, damage_was_seen};
use crate::folder::REGISTERS_DB;
use crate::keys::Secret;
use crate::random::fresh;
use crate::store::settings;
use crate::vault::{Vault, hold};

/// Under which `vault.db` keeps the key.
const KEY: &str = "registers-key";

impl Vault {
    /// Reads the registers. [`StoreError::Locked`] while the vault is.
    pub fn registers_read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let key = self.registers_key()?;
        let mut open = hold(&self.registers);
        // Locked meanwhile: nothing may be opened behind it.
        if self.is_locked() {
            return Err(StoreError::Locked.into());
        }
        let database = match &mut *open {
            Some(database) => database,
            none => none.insert(self.open_registers(&key)?),
        };
        let outcome = work(database.connection());
        if outcome.is_err() && damage_was_seen() {
            *open = None;
            self.discard_registers();
        }
        outcome
    }

    /// Changes the registers in one transaction, on a connection of its own: who reads meanwhile sees what was there before.
    pub fn registers_write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let key = self.registers_key()?;
        damage_was_seen();
        let mut database = self.open_registers(&key)?;
        let outcome = database.write(work);
        if outcome.is_err() && damage_was_seen() {
            drop(database);
            *hold(&self.registers) = None;
            self.discard_registers();
        } else if outcome.is_ok() {
            *hold(&self.registers) = None;
        }
        outcome
    }

    fn open_registers(&self, key: &Secret) -> Result<Database, StoreError> {
        let path = self.folder.path(REGISTERS_DB);
        match Database::open(&path, key, &Schema::REGISTERS) {
            // Of another key, damaged, or of a later version: the server has it all.
            Err(StoreError::Corrupt | StoreError::LaterVersion | StoreError::Unreadable(_)) => {
                damage_was_seen();
                self.discard_registers();
                Database::open(&path, key, &Schema::REGISTERS)
            }
            outcome => outcome,
        }
    }

    fn discard_registers(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let path = self.folder.path(&format!("{REGISTERS_DB}{suffix}"));
            // What can't be removed shows at the next opening.
            let _ = self.config.disk.remove(&path);
        }
    }

    fn registers_key(&self) -> Result<Secret, StoreError> {
        let stored = self.read(|c| settings::get(c, KEY))?;
        let read = stored.as_ref().and_then(serde_json::Value::as_str);
        let mut key = Secret::default();
        if let Some(text) = read
            && hex::decode_to_slice(text, key.as_mut()).is_ok()
        {
            return Ok(key);
        }
        let key: Secret =
            fresh(&*self.config.random).map_err(|_| StoreError::Unreadable("randomness"))?;
        let text = Zeroizing::new(hex::encode(key.as_ref()));
        self.write(|tx| settings::set(tx, KEY, &serde_json::Value::from(text.as_str())))?;
        Ok(key)
    }
}
