//! Schemas and how old ones become new. Migration files are frozen once released: a change is a new file. A fresh
//! database runs the same files, so there is one way to every schema; `user_version` counts them.

use super::StoreError;
use rusqlite::{Connection, TransactionBehavior};

/// A database's kind: its migrations, oldest first.
pub(crate) struct Schema {
    application_id: i32,
    migrations: &'static [&'static str],
}

impl Schema {
    /// The officers' database.
    pub(crate) const VAULT: Self = Self {
        application_id: 0x4653_5601,
        migrations: &[
            include_str!("vault_0001.sql"),
            include_str!("vault_0002.sql"),
            include_str!("vault_0003.sql"),
            include_str!("vault_0004.sql"),
        ],
    };
    /// The outbox.
    pub(crate) const OUTBOX: Self = Self {
        application_id: 0x4653_4f01,
        migrations: &[
            include_str!("outbox_0001.sql"),
            include_str!("outbox_0002.sql"),
            include_str!("outbox_0003.sql"),
        ],
    };
    /// The registers.
    pub(crate) const REGISTERS: Self = Self {
        application_id: 0x4653_5201,
        migrations: &[include_str!("registers_0001.sql")],
    };

    /// Brings a database up to the newest version. One transaction: a crash leaves the version before.
    pub(crate) fn bring_up(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: usize = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let application: i32 =
            transaction.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        if version > self.migrations.len() {
            return Err(StoreError::LaterVersion);
        }
        if version > 0 && application != self.application_id {
            return Err(StoreError::Unreadable("application id"));
        }
        if version == self.migrations.len() {
            return Ok(());
        }
        for migration in &self.migrations[version..] {
            transaction.execute_batch(&crate::teeth::schema(migration))?;
        }
        transaction.pragma_update(None, "user_version", self.migrations.len())?;
        transaction.pragma_update(None, "application_id", self.application_id)?;
        transaction.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_packet::Sha256Digest;

    /// Digests of the released migrations. A line is added with a new file, never changed.
    const FROZEN: &[(&str, &str, &str)] = &[
        (
            "vault_0001.sql",
            include_str!("vault_0001.sql"),
            "f82fefb7de0a86269956aef3b60470540f2e2572ab5f0529ff40edfec6139a38",
        ),
        (
            "outbox_0001.sql",
            include_str!("outbox_0001.sql"),
            "b7c56f74fd5b3f4e7b9aa62a09e2a3d5332ab7f6c579407969198a3890592847",
        ),
        (
            "vault_0002.sql",
            include_str!("vault_0002.sql"),
            "fb5b55c227729f0ad8e07547bd95c6d1706c04fb297c0857815c11f2aa81818e",
        ),
        (
            "outbox_0002.sql",
            include_str!("outbox_0002.sql"),
            "06ffdc9573c3214ff639e19dfaf009d510b3845a75c668f11367a106d5a3aded",
        ),
        (
            "vault_0003.sql",
            include_str!("vault_0003.sql"),
            "5373318aa43130f747c0bf4cc335c8144ba02b7c786e97b999f4aea2acd81c7c",
        ),
        (
            "outbox_0003.sql",
            include_str!("outbox_0003.sql"),
            "6304d2615b975b2a46b9b43c7b5ef4252346602152961e554c88729c34943424",
        ),
        (
            "registers_0001.sql",
            include_str!("registers_0001.sql"),
            "c3a97f28900f82fe6753fe9bf569c83bd499ab1e8ac6af3e1dc4bb7b5609a22c",
        ),
        (
            "vault_0004.sql",
            include_str!("vault_0004.sql"),
            "22a0526f7bfc99bd0efd80cec6ea8b666cee118993e0cc1339d05011a06f9d2a",
        ),
    ];

    fn described(connection: &Connection) -> Vec<(String, String)> {
        let mut statement = connection
            .prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")
            .unwrap();
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn migrations_are_frozen() {
        for (name, text, digest) in FROZEN {
            assert_eq!(
                Sha256Digest::of(text.as_bytes()).to_string(),
                *digest,
                "{name} was changed"
            );
        }
        assert_eq!(
            FROZEN.len(),
            [Schema::VAULT, Schema::OUTBOX, Schema::REGISTERS]
                .iter()
                .map(|schema| schema.migrations.len())
                .sum::<usize>()
        );
    }

    /// From every version there was, step by step, the schema becomes that of a fresh database.
    #[test]
    fn a_migrated_schema_equals_a_fresh_one() {
        for schema in [Schema::VAULT, Schema::OUTBOX, Schema::REGISTERS] {
            let mut fresh = Connection::open_in_memory().unwrap();
            schema.bring_up(&mut fresh).unwrap();
            for from in 0..=schema.migrations.len() {
                let older = Schema {
                    application_id: schema.application_id,
                    migrations: &schema.migrations[..from],
                };
                let mut migrated = Connection::open_in_memory().unwrap();
                older.bring_up(&mut migrated).unwrap();
                schema.bring_up(&mut migrated).unwrap();
                schema.bring_up(&mut migrated).unwrap();
                assert_eq!(
                    described(&migrated),
                    described(&fresh),
                    "from version {from}"
                );
            }
            fresh.pragma_update(None, "user_version", 99).unwrap();
            assert!(matches!(
                schema.bring_up(&mut fresh),
                Err(StoreError::LaterVersion)
            ));
        }
    }

    #[test]
    fn the_bundled_sqlite_is_new_enough() {
        assert!(
            rusqlite::version_number() >= super::super::LEAST_SQLITE,
            "{}",
            rusqlite::version()
        );
    }
}
