//! Which packets one of the two databases has and the other lacks, told without reading either as a whole.
//!
//! Both keep each packet's place in the device's sequence and its digest, in tables of one form. Places begin at 1 and have
//! no gaps, and each seal names the digest of the one before it: a database that holds as many packets as its newest place
//! says holds all of them, and where two agree about one digest they agree about all before it. What is not so (a database
//! made anew, one that lost a row) is compared packet by packet.

use super::columns;
use crate::db::StoreError;
use fieldseal_packet::{PacketId, Sha256Digest};
use rusqlite::Connection;
use std::collections::HashSet;

/// Packets of `from` that `to` lacks, in the device's order.
pub(crate) fn not_in(from: &Connection, to: &Connection) -> Result<Vec<PacketId>, StoreError> {
    let (ours, theirs) = (newest(from)?, newest(to)?);
    let common = ours.min(theirs);
    let count: u64 = to
        .prepare_cached("SELECT count(*) FROM packets")?
        .query_row([], |row| row.get(0))?;
    let one_history =
        count == theirs && (common == 0 || digest_at(from, common)? == digest_at(to, common)?);
    if one_history {
        return behind(from, common);
    }
    let there: HashSet<PacketId> = behind(to, 0)?.into_iter().collect();
    let mut missing = behind(from, 0)?;
    missing.retain(|packet| !there.contains(packet));
    Ok(missing)
}

/// The newest place, 0 before the first.
fn newest(connection: &Connection) -> Result<u64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(device_seq), 0) FROM packets")?
        .query_row([], |row| row.get(0))?)
}

fn digest_at(connection: &Connection, device_seq: u64) -> Result<Option<Sha256Digest>, StoreError> {
    columns::first(
        connection,
        "SELECT digest FROM packets WHERE device_seq = ?",
        [device_seq],
        |row| columns::digest(row, "digest"),
    )
}

fn behind(connection: &Connection, device_seq: u64) -> Result<Vec<PacketId>, StoreError> {
    columns::all(
        connection,
        "SELECT packet FROM packets WHERE device_seq > ? ORDER BY device_seq",
        [device_seq],
        |row| columns::packet(row, "packet"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_packet::Timestamp;

    fn id(n: u8) -> PacketId {
        PacketId::from_parts(Timestamp::from_millis(1_790_000_000_000), &[n; 10])
    }

    /// A database that holds the packets of these places; each digest says the place and the history.
    fn holding(places: &[u8], history: u8) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE packets (packet TEXT PRIMARY KEY, device_seq INTEGER NOT NULL UNIQUE, digest BLOB NOT NULL)",
            )
            .unwrap();
        for place in places {
            connection
                .execute(
                    "INSERT INTO packets VALUES (?, ?, ?)",
                    rusqlite::params![
                        id(place ^ history).to_string(),
                        place,
                        [*place, history].repeat(16)
                    ],
                )
                .unwrap();
        }
        connection
    }

    fn missing(from: &[u8], to: &[u8]) -> Vec<PacketId> {
        not_in(&holding(from, 0), &holding(to, 0)).unwrap()
    }

    #[test]
    fn what_is_behind_is_missing() {
        assert_eq!(missing(&[], &[]), []);
        assert_eq!(missing(&[1, 2, 3], &[]), [id(1), id(2), id(3)]);
        assert_eq!(missing(&[1, 2, 3], &[1, 2]), [id(3)]);
        assert_eq!(missing(&[1, 2, 3], &[1, 2, 3]), []);
        assert_eq!(missing(&[1, 2], &[1, 2, 3]), []);
        assert_eq!(missing(&[], &[1, 2, 3]), []);
    }

    #[test]
    fn a_gap_is_seen() {
        assert_eq!(missing(&[1, 2, 3], &[1, 3]), [id(2)]);
        assert_eq!(missing(&[1, 2, 3], &[2, 3]), [id(1)]);
        assert_eq!(missing(&[1, 2, 3], &[2]), [id(1), id(3)]);
        assert_eq!(missing(&[1, 2, 3, 4], &[1, 4]), [id(2), id(3)]);
    }

    #[test]
    fn another_history_is_seen() {
        let (from, to) = (holding(&[1, 2], 0), holding(&[1, 2], 64));
        assert_eq!(not_in(&from, &to).unwrap(), [id(1), id(2)]);
        let to = holding(&[1, 2, 3], 64);
        assert_eq!(not_in(&from, &to).unwrap(), [id(1), id(2)]);
    }
}
