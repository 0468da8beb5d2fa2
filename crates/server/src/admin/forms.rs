//! Kinds and their forms, from the command line.

use super::{Admin, AdminError};
use crate::forms::{self, Taken};
use crate::store::StoreError;
use crate::store::forms::FormRow;

/// Every version that is here, oldest first, and the kinds that are retired.
pub struct Forms {
    /// Every version.
    pub versions: Vec<FormRow>,
    /// Ids of kinds.
    pub retired: Vec<String>,
}

impl Admin {
    /// Takes a form in: tablets get it with their next heartbeat.
    pub fn import_form(&self, bytes: &[u8]) -> Result<Taken, AdminError> {
        let now = self.config.ambient.now();
        Ok(self
            .db
            .write_blocking(|tx| forms::import(tx, bytes, "admin", now))?)
    }

    /// What is here.
    pub fn forms(&self) -> Result<Forms, AdminError> {
        Ok(self.db.read_blocking(|c| {
            Ok::<_, StoreError>(Forms {
                versions: crate::store::forms::all(c)?,
                retired: crate::store::forms::retired(c)?,
            })
        })?)
    }

    /// No new packets of this kind are to be begun; `back` takes that back.
    pub fn retire_kind(&self, kind: &str, back: bool) -> Result<(), AdminError> {
        let now = self.config.ambient.now();
        Ok(self.db.write_blocking(|tx| match back {
            false => forms::retire(tx, kind, "admin", now),
            true => forms::bring_back(tx, kind, "admin", now),
        })?)
    }
}
