//! The tablets: which there are, where they have got to, and how one ends: retired, revoked, or replaced by another one. What
//! the command line and the console have in common; whoever acts is named in the audit trail.

use fieldseal_packet::Timestamp;
use fieldseal_packet::entry::Revoked;
use fieldseal_tlog::note::SignError;
use rusqlite::Transaction;

use crate::ambient::{Ambient, Millis, NoRandomness};
use crate::codes::{self, CodeError, OneTimeCode};
use crate::retirement::{RetireError, retire};
use crate::signing::{ServerKeys, signed};
use crate::store::devices::{self, Alarm, Contact};
use crate::store::keys::{self, KeyRow};
use crate::store::orders::{self, OrderRow};
use crate::store::{StoreError, custody, log, packets};

/// Why a key can be revoked.
pub const REASONS: [&str; 5] = ["lost", "stolen", "left", "compromised", "other"];

/// What was asked of a tablet was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TabletError {
    /// No tablet of this name.
    #[error("there is no device of that name")]
    Unknown,
    /// It has ended already, in another way.
    #[error("there is no such device, or it is revoked")]
    Ended,
    /// Not one of the words.
    #[error("a reason is lost, stolen, left, compromised or other")]
    Reason,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The authority's key did not sign.
    #[error("the authority's key did not sign")]
    Sign(#[from] SignError),
    /// No entropy.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl From<CodeError> for TabletError {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Store(error) => Self::Store(error),
            CodeError::NoRandomness(error) => Self::NoRandomness(error),
        }
    }
}

impl From<RetireError> for TabletError {
    fn from(error: RetireError) -> Self {
        match error {
            RetireError::Store(error) => Self::Store(error),
            RetireError::Sign(error) => Self::Sign(error),
            RetireError::Unknown | RetireError::Unsent(_) => Self::Ended,
        }
    }
}

/// A tablet as the list shows it.
pub struct DeviceRow {
    /// Its key's row.
    pub key: KeyRow,
    /// When it was here, and how far it said it was; none before its first contact.
    pub contact: Option<Contact>,
    /// Packets of it that are here.
    pub packets: u64,
    /// Captures of it that are here.
    pub captures: u64,
    /// Not revoked, not retired, and not here for longer than the limit.
    pub silent: bool,
    /// Id of the device that took over from it.
    pub replaced_by: Option<String>,
    /// Officers whose active keys lie on it.
    pub officers: Vec<String>,
    /// What it was ordered to do last.
    pub order: Option<OrderRow>,
    /// What contradicts.
    pub alarms: Vec<Alarm>,
}

impl DeviceRow {
    /// Packets that it said it had sealed, and that are not here.
    pub fn packets_missing(&self) -> u64 {
        let said = self
            .contact
            .as_ref()
            .map_or(0, |contact| contact.device_seq);
        said.saturating_sub(self.packets)
    }

    /// Captures that it said it had taken, and that are in no packet here: drafts, packets on their way, or gone.
    pub fn captures_missing(&self) -> u64 {
        let said = self
            .contact
            .as_ref()
            .map_or(0, |contact| contact.capture_seq);
        said.saturating_sub(self.captures)
    }

    /// Alarms that nobody has looked at.
    pub fn open_alarms(&self) -> usize {
        self.alarms
            .iter()
            .filter(|alarm| alarm.seen_at.is_none())
            .count()
    }
}

/// How a tablet ends that is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending<'a> {
    /// Worn out, broken, at the desk: nothing that it signed or still holds is doubted.
    Retired,
    /// Lost, stolen …: its keys are revoked, for this reason.
    Revoked(&'a str),
}

/// A tablet has been retired.
pub struct Retired {
    /// Key name.
    pub device: String,
    /// Packets that it said it had sealed, and that are not here. They may still come in.
    pub packets_missing: u64,
}

/// A tablet has been revoked.
pub struct RevokedTablet {
    /// Key name.
    pub device: String,
    /// How many keys, those of officers that lie on it among them. 0: they all were revoked before.
    pub keys: usize,
}

/// Somebody who may end tablets and let others in, at one moment.
pub struct Hand<'a> {
    /// The server's keys: the authority signs.
    pub keys: &'a ServerKeys,
    /// `<origin>`.
    pub origin: &'a str,
    /// Who: `admin` on the command line, `account/<name>` at the console.
    pub by: &'a str,
    /// Clock and randomness.
    pub ambient: &'a Ambient,
}

impl Hand<'_> {
    fn now(&self) -> Millis {
        self.ambient.now()
    }

    /// The tablet's full key name, from that or from its id.
    pub fn name(&self, device: &str) -> String {
        if device.contains('/') {
            device.to_owned()
        } else {
            format!("{}/device/{device}", self.origin)
        }
    }

    /// Retires a tablet, whatever it still holds; says what that is.
    pub fn retire(&self, tx: &Transaction<'_>, device: &str) -> Result<Retired, TabletError> {
        let name = self.name(device);
        retire(tx, self.keys, self.origin, &name, self.by, self.now())?;
        Ok(Retired {
            packets_missing: packets_missing(tx, &name)?,
            device: name,
        })
    }

    /// Revokes a tablet's key, and the officers' keys that lie on it; their keys on other tablets are not.
    pub fn revoke(
        &self,
        tx: &Transaction<'_>,
        device: &str,
        reason: &str,
    ) -> Result<RevokedTablet, TabletError> {
        let name = self.name(device);
        let mut all = keys::named(tx, &name)?;
        if !all.iter().any(|row| row.kind == "device") {
            return Err(TabletError::Unknown);
        }
        all.extend(keys::on_device(tx, &name)?);
        Ok(RevokedTablet {
            keys: self.revoke_keys(tx, &all, reason)?,
            device: name,
        })
    }

    /// Revokes those of these keys that are not yet: row, leaf-to-be, audit entry, and the packets about which it changes
    /// something. Gives how many.
    pub fn revoke_keys(
        &self,
        tx: &Transaction<'_>,
        rows: &[KeyRow],
        reason: &str,
    ) -> Result<usize, TabletError> {
        if !REASONS.contains(&reason) {
            return Err(TabletError::Reason);
        }
        let now = self.now();
        let mut revoked = 0;
        for row in rows.iter().filter(|row| row.status != "revoked") {
            let entry = Revoked {
                origin: self.origin.to_owned(),
                subject: row.name.clone(),
                vkey: row.vkey.clone(),
                reason: reason.to_owned(),
                revoked_at: Timestamp::from_millis(now),
            };
            keys::revoke(tx, &row.name, row.key_id, now)?;
            log::add_pending(tx, "revoked", &signed(&entry.text(), &self.keys.authority)?)?;
            custody::audit(tx, now, self.by, "revoked", &row.name)?;
            packets::judge_again_about(tx, &row.name)?;
            revoked += 1;
        }
        Ok(revoked)
    }

    /// Asks a tablet for a new key, with its next heartbeat. Gives its name.
    pub fn ask_rotation(&self, tx: &Transaction<'_>, device: &str) -> Result<String, TabletError> {
        let name = self.name(device);
        let rows = keys::named(tx, &name)?;
        let row = rows
            .iter()
            .rev()
            .find(|row| row.kind == "device" && row.status == "active")
            .ok_or(TabletError::Ended)?;
        keys::ask_rotation(tx, &name, row.key_id, self.now())?;
        custody::audit(tx, self.now(), self.by, "asked-for-rotation", &name)?;
        Ok(name)
    }

    /// Ends a tablet, and gives a code for another one that takes over from it: a new device with a new name and key. With
    /// a revocation the officers' keys that lie on it are revoked as well.
    pub fn replace(
        &self,
        tx: &Transaction<'_>,
        device: &str,
        ending: Ending<'_>,
        until: Millis,
    ) -> Result<OneTimeCode, TabletError> {
        let name = self.name(device);
        let old = keys::named(tx, &name)?
            .into_iter()
            .rev()
            .find(|row| row.kind == "device")
            .ok_or(TabletError::Unknown)?;
        match ending {
            // Replaced once more, because the first code was not used in time: it is as it was.
            Ending::Retired if old.status == "revoked" => {}
            Ending::Retired => {
                retire(tx, self.keys, self.origin, &name, self.by, self.now())?;
            }
            Ending::Revoked(reason) => {
                self.revoke(tx, &name, reason)?;
            }
        }
        custody::audit(tx, self.now(), self.by, "replaced", &name)?;
        self.device_code(tx, old.team, Some(name), until)
    }

    /// A code for a new tablet, which takes over from `replaces` where that is said.
    pub fn device_code(
        &self,
        tx: &Transaction<'_>,
        team: Option<String>,
        replaces: Option<String>,
        until: Millis,
    ) -> Result<OneTimeCode, TabletError> {
        let subject = format!("d-{}", self.ambient.code(10)?.to_lowercase());
        let row = keys::CodeRow {
            kind: "device".to_owned(),
            subject,
            team,
            expires_at: until,
            replaces,
        };
        Ok(codes::issue(tx, self.ambient, self.by, &row)?)
    }

    /// A code for an officer's key on one tablet.
    pub fn officer_code(
        &self,
        tx: &Transaction<'_>,
        person: &str,
        until: Millis,
    ) -> Result<OneTimeCode, TabletError> {
        let row = keys::CodeRow {
            kind: "officer".to_owned(),
            subject: person.to_owned(),
            team: None,
            expires_at: until,
            replaces: None,
        };
        Ok(codes::issue(tx, self.ambient, self.by, &row)?)
    }

    /// Somebody has looked at a tablet's alarms. Gives how many were open.
    pub fn alarms_seen(&self, tx: &Transaction<'_>, device: &str) -> Result<usize, TabletError> {
        let (name, now) = (self.name(device), self.now());
        if keys::named(tx, &name)?.is_empty() {
            return Err(TabletError::Unknown);
        }
        custody::audit(tx, now, self.by, "looked-at-alarms", &name)?;
        Ok(devices::alarms_seen(tx, &name, self.by, now)?)
    }
}

/// Packets that a tablet said it had sealed, and that are not here.
pub fn packets_missing(c: &rusqlite::Connection, name: &str) -> Result<u64, StoreError> {
    let (packets, _) = devices::here(c, name)?;
    let said = devices::contact(c, name)?.map_or(0, |contact| contact.device_seq);
    Ok(said.saturating_sub(packets))
}

/// Every tablet with what is known of it.
pub fn list(
    c: &rusqlite::Connection,
    now: Millis,
    silent_after: Millis,
) -> Result<Vec<DeviceRow>, StoreError> {
    let all = keys::all(c)?;
    let alarms = devices::alarms(c)?;
    let mut rows = Vec::new();
    for key in all
        .iter()
        .filter(|key| key.kind == "device" && !key.is_rotated_away())
    {
        let contact = devices::contact(c, &key.name)?;
        let (packets, captures) = devices::here(c, &key.name)?;
        let last = contact
            .as_ref()
            .map_or(key.enrolled_at, |contact| contact.seen_at);
        rows.push(DeviceRow {
            silent: key.status == "active" && now - last > silent_after,
            replaced_by: all
                .iter()
                .find(|other| other.replaces.as_ref() == Some(&key.name))
                .map(|other| other.subject.clone()),
            officers: all
                .iter()
                .filter(|other| {
                    other.on_device.as_ref() == Some(&key.name) && other.status == "active"
                })
                .map(|other| other.subject.clone())
                .collect(),
            alarms: alarms
                .iter()
                .filter(|alarm| alarm.device == key.name)
                .cloned()
                .collect(),
            order: orders::newest(c, &key.name)?,
            key: key.clone(),
            contact,
            packets,
            captures,
        });
    }
    rows.sort_by(|a, b| (a.key.enrolled_at, &a.key.name).cmp(&(b.key.enrolled_at, &b.key.name)));
    Ok(rows)
}
