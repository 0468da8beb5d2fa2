//! What witnesses have cosigned. Rows are only added.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// Keeps a witness's line over a checkpoint. The first line of a witness over a checkpoint stays.
pub fn add(
    tx: &Transaction<'_>,
    size: u64,
    checkpoint: &[u8],
    witness: &str,
    line: &str,
    at: Millis,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO cosigned_checkpoint (size, checkpoint) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?
    .execute(params![size, checkpoint])?;
    tx.prepare_cached(
        "INSERT INTO cosignature (size, witness, line, kept_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?
    .execute(params![size, witness, line, at])?;
    Ok(())
}

/// The lines over the checkpoint of this size, by the witness's name.
pub fn lines(connection: &Connection, size: u64) -> Result<Vec<String>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT line FROM cosignature WHERE size = ?1 ORDER BY witness")?;
    Ok(statement
        .query_map([size], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// The size that this witness cosigned last; 0 before the first.
pub fn newest_of(connection: &Connection, witness: &str) -> Result<u64, StoreError> {
    let size: Option<u64> = connection
        .prepare_cached("SELECT max(size) FROM cosignature WHERE witness = ?1")?
        .query_row([witness], |row| row.get(0))?;
    Ok(size.unwrap_or(0))
}

/// The smallest checkpoint above a size that was chosen to be stamped: those are cosigned first, so that one checkpoint has both.
pub fn next_stamped(
    connection: &Connection,
    above: u64,
) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT size, checkpoint FROM stamp_checkpoint WHERE size > ?1 ORDER BY size LIMIT 1",
        )?
        .query_row([above], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// The smallest checkpoint that holds the leaf and that at least `enough` witnesses have cosigned; `stamped`: and an authority stamped.
pub fn cosigned_checkpoint_for(
    connection: &Connection,
    leaf: u64,
    enough: u32,
    stamped: bool,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT checkpoint FROM cosigned_checkpoint AS c
             WHERE size > ?1 AND (SELECT count(*) FROM cosignature AS l WHERE l.size = c.size) >= ?2
               AND (NOT ?3 OR EXISTS (SELECT 1 FROM stamp_token AS t WHERE t.size = c.size))
             ORDER BY size LIMIT 1",
        )?
        .query_row(params![leaf, enough, stamped], |row| row.get(0))
        .optional()?)
}

/// When this checkpoint has cosignatures enough: packets that it is the first such one to hold, and whose findings miss a witness, are to be looked at
/// again. Each is found so once.
pub fn judge_again(tx: &Transaction<'_>, size: u64, enough: u32) -> Result<usize, StoreError> {
    const ENOUGH: &str = "(SELECT count(*) FROM cosignature AS l WHERE l.size = c.size) >= ?2";
    let has = tx
        .prepare_cached(&format!(
            "SELECT 1 FROM cosigned_checkpoint AS c WHERE size = ?1 AND {ENOUGH}"
        ))?
        .exists(params![size, enough])?;
    if !has {
        return Ok(0);
    }
    Ok(tx.execute(
        &format!(
            "UPDATE packet SET judged = 0 WHERE judged = 1 AND instr(findings, '\"witness-absent\"') > 0 AND leaf_index < ?1
             AND leaf_index >= (SELECT coalesce(max(size), 0) FROM cosigned_checkpoint AS c WHERE size < ?1 AND {ENOUGH})"
        ),
        params![size, enough],
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Db;
    use crate::store::stamps::{self, Chosen, Token};

    #[test]
    fn the_smallest_with_what_is_asked_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("server.db"), true).unwrap();
        db.write_blocking(|tx| {
            for (size, witness) in [(3, "w1"), (5, "w1"), (5, "w2"), (8, "w1"), (8, "w2")] {
                let checkpoint = size.to_string().into_bytes();
                add(
                    tx,
                    size,
                    &checkpoint,
                    witness,
                    &format!("{witness} {size}"),
                    1,
                )?;
                add(tx, size, &checkpoint, witness, "a second one", 2)?;
            }
            let row = Chosen {
                size: 8,
                checkpoint: b"8".to_vec(),
                chosen_at: 1,
            };
            stamps::choose(tx, &row)?;
            let token = Token {
                authority: "a".to_owned(),
                n: 0,
                given_by: "a".to_owned(),
                der: vec![0x30],
                stamped_at: 1,
                good_until: None,
            };
            stamps::add(tx, 8, &token)
        })
        .unwrap();
        db.read_blocking(|c| {
            let found = |leaf, enough, stamped| {
                cosigned_checkpoint_for(c, leaf, enough, stamped)
                    .map(|found| found.map(|bytes| String::from_utf8(bytes).unwrap()))
            };
            assert_eq!(found(0, 1, false)?.as_deref(), Some("3"));
            assert_eq!(found(0, 2, false)?.as_deref(), Some("5"));
            assert_eq!(found(0, 1, true)?.as_deref(), Some("8"));
            assert_eq!(found(5, 1, false)?.as_deref(), Some("8"));
            assert_eq!(found(8, 1, false)?, None);
            assert_eq!(found(0, 3, false)?, None);
            assert_eq!(lines(c, 5)?, ["w1 5", "w2 5"]);
            assert_eq!((newest_of(c, "w1")?, newest_of(c, "w3")?), (8, 0));
            assert_eq!(next_stamped(c, 7)?, Some((8, b"8".to_vec())));
            assert_eq!(next_stamped(c, 8)?, None);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    }
}
