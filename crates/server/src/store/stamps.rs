//! Stamped checkpoints: what was chosen to be stamped, and what the timestamp authorities said. Rows are only added.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// A checkpoint that was chosen to be stamped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Leaves in it.
    pub size: u64,
    /// The signed checkpoint, byte for byte.
    pub checkpoint: Vec<u8>,
    /// When it was chosen.
    pub chosen_at: Millis,
}

/// One timestamp response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The authority's id: a part of the file's name.
    pub authority: String,
    /// 0: over the checkpoint's text. Above: over the response of the number before.
    pub n: u32,
    /// Id of the authority that gave it.
    pub given_by: String,
    /// The response, DER.
    pub der: Vec<u8>,
    /// The authority's time in it.
    pub stamped_at: Millis,
    /// When the certificate that signed it ends, where that is known.
    pub good_until: Option<Millis>,
}

impl Token {
    /// Its file's name behind the checkpoint's: `checkpoint.<this>.tsr`.
    pub fn stem(&self) -> String {
        match self.n {
            0 => self.authority.clone(),
            n => format!("{}.renewed-{n}", self.authority),
        }
    }
}

/// A checkpoint with what covers it, sorted by authority, renewals behind what they renew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// Leaves in it.
    pub size: u64,
    /// The signed checkpoint, byte for byte as it was published.
    pub checkpoint: Vec<u8>,
    /// At least one.
    pub tokens: Vec<Token>,
}

fn chosen(row: &Row<'_>) -> rusqlite::Result<Chosen> {
    Ok(Chosen {
        size: row.get(0)?,
        checkpoint: row.get(1)?,
        chosen_at: row.get(2)?,
    })
}

/// Chooses a checkpoint. The same size again changes nothing: it is the same tree.
pub fn choose(tx: &Transaction<'_>, chosen: &Chosen) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO stamp_checkpoint (size, checkpoint, chosen_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?
    .execute(params![chosen.size, chosen.checkpoint, chosen.chosen_at])?;
    Ok(())
}

/// The newest checkpoint that was chosen, stamped or not.
pub fn newest_chosen(connection: &Connection) -> Result<Option<Chosen>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT size, checkpoint, chosen_at FROM stamp_checkpoint ORDER BY size DESC LIMIT 1",
        )?
        .query_row([], chosen)
        .optional()?)
}

/// Keeps a token. The first one of an authority over a checkpoint stays: a second is of no use.
pub fn add(tx: &Transaction<'_>, size: u64, token: &Token) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO stamp_token (size, authority, n, given_by, token, stamped_at, good_until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        size,
        token.authority,
        token.n,
        token.given_by,
        token.der,
        token.stamped_at,
        token.good_until
    ])?;
    Ok(())
}

/// Whether this authority has stamped the checkpoint of this size.
pub fn has(connection: &Connection, size: u64, authority: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM stamp_token WHERE size = ?1 AND authority = ?2")?
        .exists(params![size, authority])?)
}

/// Every token of one checkpoint.
pub fn tokens(connection: &Connection, size: u64) -> Result<Vec<Token>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT authority, n, given_by, token, stamped_at, good_until FROM stamp_token WHERE size = ?1 ORDER BY authority, n",
    )?;
    let rows = statement.query_map([size], |row| {
        Ok(Token {
            authority: row.get(0)?,
            n: row.get(1)?,
            given_by: row.get(2)?,
            der: row.get(3)?,
            stamped_at: row.get(4)?,
            good_until: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn stamped(connection: &Connection, row: Option<Chosen>) -> Result<Option<Stamped>, StoreError> {
    row.map(|row| {
        Ok(Stamped {
            size: row.size,
            tokens: tokens(connection, row.size)?,
            checkpoint: row.checkpoint,
        })
    })
    .transpose()
}

/// The newest checkpoint that at least one authority has stamped.
pub fn newest_stamped(connection: &Connection) -> Result<Option<Stamped>, StoreError> {
    let row = connection
        .prepare_cached(
            "SELECT size, checkpoint, chosen_at FROM stamp_checkpoint
             WHERE size = (SELECT max(size) FROM stamp_token)",
        )?
        .query_row([], chosen)
        .optional()?;
    stamped(connection, row)
}

/// The oldest stamped checkpoint that holds the leaf: the earliest proof of when it was logged.
pub fn stamped_checkpoint_for(
    connection: &Connection,
    leaf: u64,
) -> Result<Option<Stamped>, StoreError> {
    let row = connection
        .prepare_cached(
            "SELECT size, checkpoint, chosen_at FROM stamp_checkpoint
             WHERE size = (SELECT min(size) FROM stamp_token WHERE size > ?1)",
        )?
        .query_row([leaf], chosen)
        .optional()?;
    stamped(connection, row)
}

/// Size of the newest stamped checkpoint below this size; 0 when there is none.
pub fn stamped_below(connection: &Connection, size: u64) -> Result<u64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(size), 0) FROM stamp_token WHERE size < ?1")?
        .query_row([size], |row| row.get(0))?)
}

/// When the newest stamp was made, by its authority's clock.
pub fn newest_at(connection: &Connection) -> Result<Option<Millis>, StoreError> {
    Ok(
        connection.query_row("SELECT max(stamped_at) FROM stamp_token", [], |row| {
            row.get(0)
        })?,
    )
}

/// Tokens that nothing renews yet and whose certificate ends before `end`, those that end first in front: size and token.
pub fn ending(
    connection: &Connection,
    end: Millis,
    most: u32,
) -> Result<Vec<(u64, Token)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT authority, n, given_by, token, stamped_at, good_until, size FROM stamp_token AS t
         WHERE good_until < ?1 AND NOT EXISTS (
           SELECT 1 FROM stamp_token AS later WHERE later.size = t.size AND later.authority = t.authority AND later.n > t.n)
         ORDER BY good_until, size LIMIT ?2",
    )?;
    let rows = statement.query_map(params![end, most], |row| {
        Ok((
            row.get(6)?,
            Token {
                authority: row.get(0)?,
                n: row.get(1)?,
                given_by: row.get(2)?,
                der: row.get(3)?,
                stamped_at: row.get(4)?,
                good_until: row.get(5)?,
            },
        ))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Db;

    fn token(authority: &str, n: u32, good_until: Option<Millis>) -> Token {
        Token {
            authority: authority.to_owned(),
            n,
            given_by: authority.to_owned(),
            der: vec![0x30, n as u8],
            stamped_at: i64::from(n) + 10,
            good_until,
        }
    }

    #[test]
    fn the_oldest_stamped_one_that_holds_a_leaf_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("server.db"), true).unwrap();
        db.write_blocking(|tx| {
            for size in [3, 5, 9, 12] {
                let checkpoint = size.to_string().into_bytes();
                let row = Chosen {
                    size,
                    checkpoint,
                    chosen_at: 1,
                };
                choose(tx, &row)?;
                choose(tx, &row)?;
            }
            add(tx, 5, &token("b", 0, Some(100)))?;
            add(tx, 5, &token("a", 0, Some(50)))?;
            add(tx, 5, &token("a", 1, Some(200)))?;
            add(tx, 9, &token("a", 0, None))?;
            // A second answer is of no use.
            add(tx, 9, &token("a", 0, Some(1)))
        })
        .unwrap();
        db.read_blocking(|c| {
            let sizes = |leaf| {
                stamped_checkpoint_for(c, leaf).map(|found| found.map(|stamped| stamped.size))
            };
            assert_eq!(sizes(0)?, Some(5));
            assert_eq!(sizes(4)?, Some(5));
            assert_eq!(sizes(5)?, Some(9));
            assert_eq!(sizes(9)?, None);
            let five = stamped_checkpoint_for(c, 4)?.unwrap();
            let stems: Vec<String> = five.tokens.iter().map(Token::stem).collect();
            assert_eq!(stems, ["a", "a.renewed-1", "b"]);
            assert_eq!(newest_stamped(c)?.unwrap().size, 9);
            assert_eq!(newest_chosen(c)?.unwrap().size, 12);
            assert_eq!(newest_at(c)?, Some(11));
            assert!(has(c, 9, "a")? && !has(c, 9, "b")?);
            let due = ending(c, 150, 10)?;
            assert_eq!(due, [(5, token("b", 0, Some(100)))]);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    }
}
