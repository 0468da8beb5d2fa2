//! Heartbeats: a tablet's signed word of how far it has got, and what it contradicts.
//!
//! A heartbeat names the newest packet and the newest capture with its link in the device's chain. So a photo that a tablet
//! once had can't be left out later without a contradiction in the log: the number goes back, or the link is another one.
//! Both raise an alarm, which stays until an administrator has looked at it; neither keeps any evidence from coming in.
//!
//! The heartbeat, its leaf-to-be and what it raises are one transaction. The same bytes twice are one heartbeat.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::beat::Beat;
use fieldseal_packet::custody::{self, Event};
use fieldseal_packet::entry::{Heartbeat, MAX_LEAF};
use fieldseal_packet::verify::ZipSource;
use fieldseal_packet::zipread::ReadAt;
use fieldseal_tlog::note::Note;
use fieldseal_wire::ProblemCode;
use rusqlite::Transaction;

use crate::access::device::accepted_key;
use crate::ambient::Millis;
use crate::intake::examine;
use crate::problem::Failure;
use crate::store::devices::{self, Contact};
use crate::store::{Db, StoreError, log};

/// The custody log's place in a packet.
const CUSTODY: &str = "data/custody.log";
/// A number lower than one said before.
pub const WENT_BACK: &str = "went-back";
/// The same capture with another link.
pub const OTHER_CHAIN: &str = "other-chain";
/// Retired, though captures that it once had never came.
pub const CAPTURES_MISSING: &str = "captures-missing";

/// An older heartbeat that was held up on its way says less than a newer one, for as long as this.
const LATE_MS: Millis = 5 * 60_000;

/// What a heartbeat came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// It becomes a leaf.
    pub logged: bool,
    /// It raised an alarm.
    pub alarmed: bool,
}

/// Reads a heartbeat and its signature by this device's own key.
pub fn read(db: &Db, origin: &str, device: &str, note: &str) -> Result<Beat, Failure> {
    let refused = |why: &'static str| Failure::bad_request(why);
    if note.len() > MAX_LEAF {
        return Err(refused("a leaf has at most 16 KiB"));
    }
    let parsed = Note::parse(note.as_bytes()).map_err(|_| refused("not a signed note"))?;
    let beat = Beat::parse(&parsed.text).map_err(|_| refused("not a heartbeat"))?;
    if beat.head.origin != origin || beat.head.device != device || parsed.signatures.len() != 1 {
        return Err(refused("a heartbeat of another device"));
    }
    let key = db
        .read_blocking(|c| accepted_key(c, device))?
        .ok_or(Failure::new(ProblemCode::KeyNotAccepted))?;
    parsed
        .verify_by(&key)
        .map_err(|_| Failure::new(ProblemCode::KeyNotAccepted))?;
    Ok(beat)
}

/// Takes a heartbeat in: when it came, what it contradicts, and, at most once in `leaf_every_ms`, its leaf. One that
/// contradicts is a leaf in any case: it is the evidence.
pub fn take(
    db: &Db,
    heard: &Beat,
    note: &str,
    leaf_every_ms: Millis,
    now: Millis,
) -> Result<Heard, StoreError> {
    let (heard, note) = (heard.clone(), note.to_owned());
    db.write_in_company(move |tx| {
        let beat = &heard.head;
        let device = beat.device.as_str();
        devices::seen(tx, device, now)?;
        let digest = Sha256Digest::of(note.as_bytes());
        if log::leaf_index(tx, &digest.0)?.is_some() {
            return Ok(Heard {
                logged: true,
                alarmed: false,
            });
        }
        let before = devices::contact(tx, device)?.unwrap_or_default();
        let alarmed = contradictions(tx, &heard, &before, now)?;
        let due = before
            .logged_at
            .is_none_or(|last| now - last >= leaf_every_ms);
        let logged = due || alarmed;
        if logged {
            log::add_pending(tx, "heartbeat", note.as_bytes())?;
            devices::set_newest_beat(tx, device, &digest.0)?;
            for (capture_seq, link) in heard.links() {
                devices::bound(tx, device, capture_seq, &link.0, &digest.0)?;
            }
        }
        let further =
            beat.device_seq >= before.device_seq && beat.capture_seq >= before.capture_seq;
        devices::set_contact(
            tx,
            device,
            &Contact {
                seen_at: now,
                beat_at: Some(now),
                logged_at: if logged { Some(now) } else { before.logged_at },
                claimed_at: if further {
                    Some(beat.at.as_millis())
                } else {
                    before.claimed_at
                },
                device_seq: before.device_seq.max(beat.device_seq),
                capture_seq: before.capture_seq.max(beat.capture_seq),
            },
        )?;
        Ok(Heard { logged, alarmed })
    })
}

fn contradictions(
    tx: &Transaction<'_>,
    heard: &Beat,
    before: &Contact,
    now: Millis,
) -> Result<bool, StoreError> {
    let beat: &Heartbeat = &heard.head;
    let device = beat.device.as_str();
    let mut alarmed = false;
    for (capture_seq, link) in heard.links() {
        if !devices::keep_link(tx, device, capture_seq, &link.0, false)? {
            alarmed |= devices::alarm(tx, device, OTHER_CHAIN, capture_seq, now)?;
        }
    }
    let back = beat.capture_seq < before.capture_seq || beat.device_seq < before.device_seq;
    let late = before
        .claimed_at
        .is_some_and(|at| beat.at.as_millis() <= at)
        && before.beat_at.is_some_and(|at| now - at <= LATE_MS);
    if back && !late {
        alarmed |= devices::alarm(tx, device, WENT_BACK, beat.capture_seq, now)?;
    }
    Ok(alarmed)
}

/// The captures of a packet by their links, as its custody log has them; none when that can't be read.
pub fn captures(file: &dyn ReadAt) -> Vec<(u64, [u8; 32])> {
    let custody = ZipSource::open(file)
        .ok()
        .and_then(|source| examine::read(&source, CUSTODY, custody::MAX_LOG));
    let (lines, _) = custody::read(&custody.unwrap_or_default(), custody::Head::START);
    let captured = lines.iter().filter_map(|line| match line.known()? {
        Event::Captured(captured) => Some((captured.capture_seq, captured.link().0)),
        _ => None,
    });
    captured.collect()
}

/// The captures of an admitted packet are here. What contradicts a heartbeat, or a packet before, raises an alarm.
pub fn arrived(
    tx: &Transaction<'_>,
    device: &str,
    captures: &[(u64, [u8; 32])],
    now: Millis,
) -> Result<(), StoreError> {
    for (capture_seq, link) in captures {
        if !devices::keep_link(tx, device, *capture_seq, link, true)? {
            devices::alarm(tx, device, OTHER_CHAIN, *capture_seq, now)?;
        }
    }
    Ok(())
}
