//! The schema's versions, each a frozen file of SQL. `PRAGMA user_version` says how many have been applied.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

const MIGRATIONS: [&str; 12] = [
    include_str!("../../migrations/0001_first.sql"),
    include_str!("../../migrations/0002_devices.sql"),
    include_str!("../../migrations/0003_stamps.sql"),
    include_str!("../../migrations/0004_witnesses.sql"),
    include_str!("../../migrations/0005_keys_and_erasure.sql"),
    include_str!("../../migrations/0006_second_look.sql"),
    include_str!("../../migrations/0007_certificates.sql"),
    include_str!("../../migrations/0008_capture_bounds.sql"),
    include_str!("../../migrations/0009_registers.sql"),
    include_str!("../../migrations/0010_forms.sql"),
    include_str!("../../migrations/0011_orders.sql"),
    include_str!("../../migrations/0012_completes.sql"),
];

/// Applies what is missing. A crash in the middle of one leaves the version before it.
pub fn apply(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = MIGRATIONS.len() as u32;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (number, sql) in (1..).zip(MIGRATIONS).skip(found as usize) {
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_schema_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(
            apply(&mut connection),
            Err(StoreError::NewerSchema { found: 99, .. })
        ));
    }

    #[test]
    fn applying_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection).unwrap();
        apply(&mut connection).unwrap();
    }

    #[test]
    fn supplements_that_are_there_already_are_found() {
        let connection = Connection::open_in_memory().unwrap();
        let rows = r#"CREATE TABLE packet (seal_sha256 BLOB PRIMARY KEY, findings TEXT NOT NULL) STRICT;
            INSERT INTO packet VALUES
              (x'01', '[{"code":"seal-ok"},{"code":"supplement-of","subject":"an-id"}]'),
              (x'02', '[{"code":"supplement-of","subject":""},{"code":"seal-ok","subject":"other"}]'),
              (x'03', '[]'),
              (x'04', 'no JSON')"#;
        connection.execute_batch(rows).unwrap();
        connection.execute_batch(MIGRATIONS[11]).unwrap();
        let found: Vec<(Vec<u8>, String)> = connection
            .prepare("SELECT seal_sha256, packet FROM completes")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(found, [(vec![1], "an-id".to_owned())]);
    }
}
