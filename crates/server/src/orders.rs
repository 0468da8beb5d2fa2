//! Orders to tablets: lock, or empty yourself once everything is safe. Signed by the authority, numbered for each tablet, told
//! with the answer to a heartbeat. Specification: `docs/spec/desk.md`.
//!
//! A tablet whose key is revoked can't be told anything any more: who wants a stolen tablet to lock or empty itself orders that
//! first, and revokes it afterwards.

use fieldseal_packet::Timestamp;
use fieldseal_packet::desk::{Order, What};
use rusqlite::Transaction;

use crate::ambient::Millis;
use crate::retirement::retire;
use crate::signing::signed;
use crate::store::orders::{self, OrderRow};
use crate::store::{StoreError, custody, keys};
use crate::tablets::{Hand, TabletError};

/// What can be ordered, by its word.
pub fn what(word: &str) -> Option<What> {
    [What::Lock, What::Wipe, What::Nothing]
        .into_iter()
        .find(|what| what.word() == word)
}

impl Hand<'_> {
    /// Orders a tablet to do something; gives its name. To empty itself a tablet is retired first: it takes no new photos from
    /// then on. Withdrawing says so only where something was ordered.
    pub fn order(
        &self,
        tx: &Transaction<'_>,
        device: &str,
        what: What,
    ) -> Result<String, TabletError> {
        let name = self.name(device);
        let rows = keys::named(tx, &name)?;
        let row = rows
            .iter()
            .rev()
            .find(|row| row.kind == "device")
            .ok_or(TabletError::Unknown)?;
        if row.status == "revoked" {
            return Err(TabletError::Ended);
        }
        let before = orders::newest(tx, &name)?;
        let now = self.ambient.now();
        match what {
            What::Nothing if before.as_ref().is_none_or(|order| order.what == "nothing") => {
                return Ok(name);
            }
            What::Wipe => {
                retire(tx, self.keys, self.origin, &name, self.by, now)?;
            }
            What::Lock | What::Nothing => {}
        }
        let number = before.map_or(0, |order| order.number) + 1;
        let order = Order {
            origin: self.origin.to_owned(),
            device: name.clone(),
            number,
            what,
            ordered_at: Timestamp::from_millis(now),
        };
        orders::add(
            tx,
            &name,
            &OrderRow {
                number,
                what: what.word().to_owned(),
                ordered_at: now,
                ordered_by: self.by.to_owned(),
                note: signed(&order.text(), &self.keys.authority)?,
                told_at: None,
                done_at: None,
            },
        )?;
        custody::audit(tx, now, self.by, &format!("ordered-{}", what.word()), &name)?;
        Ok(name)
    }
}

/// What a heartbeat says is done, and what its answer has to tell. A withdrawn order is told as well, once and for all: a tablet
/// that has heard the one before must hear this.
pub fn exchange(
    tx: &Transaction<'_>,
    device: &str,
    done: Option<u64>,
    now: Millis,
) -> Result<Option<OrderRow>, StoreError> {
    if let Some(number) = done
        && orders::done(tx, device, number, now)?
    {
        custody::audit(tx, now, device, "order-done", device)?;
    }
    let Some(order) = orders::newest(tx, device)? else {
        return Ok(None);
    };
    if orders::told(tx, device, order.number, now)? {
        custody::audit(tx, now, device, "order-told", device)?;
    }
    Ok(Some(order))
}
