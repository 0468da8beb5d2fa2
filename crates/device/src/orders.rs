//! What the administrator orders this tablet to do: lock, or empty itself once everything is safe. Comes with the answer to a
//! heartbeat, is believed by the pinned authority's signature alone, and the highest number counts: `docs/spec/desk.md`.
//!
//! The order is kept in the outbox before it is acted on. A crash in between acts at the next heartbeat. Emptying itself goes the
//! way that an officer's wish goes (`retirement`), with the vault's own refusal as its last word; the server is told before.

use fieldseal_packet::KeyRole;
use fieldseal_packet::desk::{Order, What};
use fieldseal_tlog::note::Note;
use fieldseal_vault::outbox;

use crate::api::OrderView;
use crate::core::{Core, lock};
use crate::identity::one_key;
use crate::problem::{Code, Problem};

/// The newest order's note, and the number of the newest that was carried out, in the outbox.
const ORDER: &str = "order";
const DONE: &str = "order-done";

/// The newest order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    order: Option<Order>,
    /// It was carried out, and the server told.
    done: bool,
    /// A lock that nobody has come in since.
    fresh: bool,
}

impl Core {
    /// What was ordered last, from memory, or once a run from the outbox.
    fn known_order(&self) -> Option<Known> {
        if let Some(known) = lock(&self.live).order.clone() {
            return Some(known);
        }
        let vault = self.vault().ok().filter(|vault| vault.outbox_is_open())?;
        let (note, done) = vault
            .outbox_read(|c| Ok::<_, Problem>((outbox::fact(c, ORDER)?, outbox::fact(c, DONE)?)))
            .ok()?;
        let order = note.and_then(|note| self.check_order(std::str::from_utf8(&note).ok()?).ok());
        let number = order.as_ref().map(|order| order.number);
        let known = Known {
            done: number.is_some() && number == done.as_deref().and_then(number_in),
            order,
            fresh: false,
        };
        lock(&self.live).order = Some(known.clone());
        Some(known)
    }

    /// The authority's, and to this tablet.
    fn check_order(&self, note: &str) -> Result<Order, Problem> {
        let identity = self.identity()?;
        let authority = one_key(&identity.trust, &identity.origin, KeyRole::Authority)
            .ok_or(Code::TrustMismatch)?;
        let note = Note::parse(note.as_bytes())
            .map_err(|error| Problem::because(Code::ServerAnswer, error))?;
        note.verify_by(&authority)
            .map_err(|error| Problem::because(Code::TrustMismatch, error))?;
        let order = Order::parse(&note.text)
            .map_err(|error| Problem::because(Code::ServerAnswer, error))?;
        if order.origin == identity.origin && order.device == identity.key_name() {
            Ok(order)
        } else {
            Err(Code::ServerAnswer.into())
        }
    }

    /// Keeps an order that is newer than the one known. Anything else changes nothing.
    pub fn take_order(&self, note: &str) -> Result<(), Problem> {
        let order = self.check_order(note)?;
        let known = self.known_order().ok_or(Code::Locked)?;
        if !is_news(known.order.as_ref(), &order) {
            return Ok(());
        }
        self.vault()?
            .outbox_write(|tx| Ok::<_, Problem>(outbox::put_fact(tx, ORDER, note.as_bytes())?))?;
        tracing::info!(what = order.what.word(), "an order of the administrator's");
        lock(&self.live).order = Some(Known {
            order: Some(order),
            done: false,
            fresh: true,
        });
        Ok(())
    }

    /// What the next heartbeat says is carried out. Of emptying: that nothing stands in its way any more.
    pub fn order_done(&self) -> Option<u64> {
        let known = self.known_order().filter(|known| !known.done)?;
        let order = known.order?;
        let ready = match order.what {
            // It is acted on as it is heard.
            What::Lock | What::Nothing => true,
            What::Wipe => {
                self.retired_at().is_some()
                    && !self.is_recording()
                    && self.holds().is_ok_and(|holds| holds.is_nothing())
            }
        };
        ready.then_some(order.number)
    }

    /// Acts by the newest order. `told` is what the server has been told to be carried out.
    pub fn carry_out(&self, told: Option<u64>) -> Result<(), Problem> {
        let Some(known) = self.known_order().filter(|known| !known.done) else {
            return Ok(());
        };
        let Some(order) = known.order else {
            return Ok(());
        };
        let was_told = told == Some(order.number);
        match order.what {
            What::Lock if known.fresh && !was_told => self.lock_vault()?,
            What::Wipe if was_told && self.retired_at().is_some() => return self.empty(),
            What::Lock | What::Wipe | What::Nothing => {}
        }
        if was_told && order.what != What::Wipe {
            let number = order.number.to_string();
            self.vault()?.outbox_write(|tx| {
                Ok::<_, Problem>(outbox::put_fact(tx, DONE, number.as_bytes())?)
            })?;
            if let Some(known) = &mut lock(&self.live).order {
                known.done = true;
            }
        }
        Ok(())
    }

    /// Somebody came in by a PIN after a lock.
    pub fn order_was_seen(&self) {
        if let Some(known) = &mut lock(&self.live).order {
            known.fresh = false;
        }
    }

    /// For the screens: a lock until somebody comes in, emptying until it is done or withdrawn.
    pub fn order_view(&self) -> Option<OrderView> {
        let known = self.known_order()?;
        let order = known.order?;
        let shown = match order.what {
            What::Lock => known.fresh,
            What::Wipe => true,
            What::Nothing => false,
        };
        shown.then(|| OrderView {
            what: order.what.word().to_owned(),
            at: order.ordered_at.to_string(),
        })
    }
}

/// One sent again, or an older one of a server that was put back from a backup, changes nothing.
fn is_news(known: Option<&Order>, order: &Order) -> bool {
    known.is_none_or(|known| known.number < order.number)
}

fn number_in(bytes: &[u8]) -> Option<u64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_packet::Timestamp;

    #[test]
    fn the_highest_number_counts() {
        let order = |number, what| Order {
            origin: "a.example/log".into(),
            device: "a.example/log/device/d-1".into(),
            number,
            what,
            ordered_at: Timestamp::from_millis(0),
        };
        let withdrawn = order(2, What::Nothing);
        assert!(is_news(None, &withdrawn));
        assert!(!is_news(Some(&withdrawn), &order(1, What::Wipe)));
        assert!(!is_news(Some(&withdrawn), &order(2, What::Wipe)));
        assert!(is_news(Some(&withdrawn), &order(3, What::Wipe)));
        assert_eq!(number_in(b"3"), Some(3));
        assert_eq!(number_in(b""), None);
    }
}
