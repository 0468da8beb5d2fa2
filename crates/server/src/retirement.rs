//! Retiring a tablet: its key, and the officers' keys that lie on it, are in good order no longer used.
//!
//! Retired is not revoked: nothing that these keys signed is doubted, earlier or later, and what the tablet still holds may
//! come in. It takes no new photos (it refuses them itself, by the signed note), takes on no officers, and sends no
//! heartbeats. A tablet that is lost or stolen is revoked.

use fieldseal_packet::Timestamp;
use fieldseal_packet::entry::{Heartbeat, Retired};
use fieldseal_tlog::note::SignError;
use rusqlite::Transaction;

use crate::ambient::Millis;
use crate::presence::CAPTURES_MISSING;
use crate::signing::{ServerKeys, signed};
use crate::store::{StoreError, custody, devices, keys, log};

/// A tablet was not retired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetireError {
    /// No device of this name, or it is revoked.
    #[error("there is no device of that name that could be retired")]
    Unknown,
    /// It says itself that there is more than what is here.
    #[error("{0} packets of this tablet are not here yet")]
    Unsent(u64),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The authority's key did not sign.
    #[error("the authority's key did not sign")]
    Sign(#[from] SignError),
}

/// Retires a device and the officers' keys on it; gives the device's signed `retired` note. A device that is retired
/// already gets the note that it has.
pub fn retire(
    tx: &Transaction<'_>,
    server: &ServerKeys,
    origin: &str,
    device: &str,
    by: &str,
    now: Millis,
) -> Result<Vec<u8>, RetireError> {
    let rows = keys::named(tx, device)?;
    let row = rows
        .iter()
        .rev()
        .find(|row| row.kind == "device" && row.status != "revoked")
        .ok_or(RetireError::Unknown)?;
    if let Some(note) = &row.retired {
        return Ok(note.clone());
    }
    let mut of_device = None;
    for row in std::iter::once(row).chain(&keys::on_device(tx, device)?) {
        if row.status != "active" {
            continue;
        }
        let entry = Retired {
            origin: origin.to_owned(),
            subject: row.name.clone(),
            vkey: row.vkey.clone(),
            retired_at: Timestamp::from_millis(now),
        };
        let note = signed(&entry.text(), &server.authority)?;
        keys::retire(tx, &row.name, row.key_id, &note, now)?;
        log::add_pending(tx, "retired", &note)?;
        custody::audit(tx, now, by, "retired", &row.name)?;
        of_device.get_or_insert(note);
    }
    of_device.ok_or(RetireError::Unknown)
}

/// At the tablet's own wish, with its last heartbeat: only when every packet that it sealed is here and has its receipt.
/// Captures that it once had and that are in none of them raise an alarm: nobody can bring them any more.
pub fn retire_by_itself(
    tx: &Transaction<'_>,
    server: &ServerKeys,
    origin: &str,
    last: &Heartbeat,
    now: Millis,
) -> Result<Vec<u8>, RetireError> {
    let (packets, captures) = devices::here(tx, &last.device)?;
    let missing =
        last.device_seq.saturating_sub(packets) + devices::without_receipt(tx, &last.device)?;
    if missing > 0 {
        return Err(RetireError::Unsent(missing));
    }
    if captures < last.capture_seq {
        devices::alarm(
            tx,
            &last.device,
            CAPTURES_MISSING,
            last.capture_seq - captures,
            now,
        )?;
    }
    retire(tx, server, origin, &last.device, &last.device, now)
}
