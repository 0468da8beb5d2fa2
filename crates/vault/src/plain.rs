//! The registers in a database without encryption: what the benchmark compares the encrypted one with. Nothing else opens one.

use crate::db::{Schema, StoreError};
use rusqlite::{Connection, Transaction};
use std::path::Path;

/// The same tables and the same queries, on a plain SQLite.
pub struct PlainRegisters(Connection);

impl PlainRegisters {
    /// Makes one.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path)?;
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.set_prepared_statement_cache_capacity(64);
        Schema::REGISTERS.bring_up(&mut connection)?;
        Ok(Self(connection))
    }

    /// Reads it.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        work(&self.0)
    }

    /// Changes it in one transaction.
    pub fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.0.transaction()?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}
