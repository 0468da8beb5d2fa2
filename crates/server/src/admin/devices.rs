//! Tablets: which there are, where they have got to, and how one ends: retired, or revoked and replaced.

use std::time::Duration;

use super::register::{REASONS, revoke_all};
use super::{Admin, AdminError, OneTimeCode};
use crate::ambient::Millis;
use crate::app::millis;
use crate::retirement::{RetireError, retire};
use crate::store::custody;
use crate::store::devices::{self, Alarm, Contact};
use crate::store::keys::{self, KeyRow};

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

impl Admin {
    /// Every tablet, in the order of enrolment.
    pub fn devices(&self) -> Result<Vec<DeviceRow>, AdminError> {
        let now = self.config.ambient.now();
        let silent_after = millis(self.config.limits.silent_after);
        Ok(self.db.read_blocking(|c| list(c, now, silent_after))?)
    }

    /// The tablet's full key name, from that or from its id.
    fn device_name(&self, device: &str) -> String {
        if device.contains('/') {
            device.to_owned()
        } else {
            format!("{}/device/{device}", self.origin)
        }
    }

    /// Retires a tablet, whatever it still holds; says what that is.
    pub fn retire(&self, device: &str) -> Result<Retired, AdminError> {
        let (name, now) = (self.device_name(device), self.config.ambient.now());
        self.db.write_blocking(|tx| {
            retire(tx, &self.keys, &self.origin, &name, "admin", now).map_err(refused)?;
            let (packets, _) = devices::here(tx, &name)?;
            let said = devices::contact(tx, &name)?.map_or(0, |contact| contact.device_seq);
            Ok(Retired {
                device: name.clone(),
                packets_missing: said.saturating_sub(packets),
            })
        })
    }

    /// Ends a tablet, and gives a code for another one that takes over from it: a new device with a new name and key. With
    /// a revocation the officers' keys that lie on it are revoked as well, and their keys on other tablets are not.
    pub fn replace(
        &self,
        device: &str,
        ending: Ending<'_>,
        lifetime: Duration,
    ) -> Result<OneTimeCode, AdminError> {
        let (name, now) = (self.device_name(device), self.config.ambient.now());
        let team = self.db.write_blocking(|tx| {
            let rows = keys::named(tx, &name)?;
            let old = rows
                .iter()
                .rev()
                .find(|row| row.kind == "device")
                .ok_or(AdminError::Unknown("device"))?;
            match ending {
                // Replaced once more, because the first code was not used in time: it is as it was.
                Ending::Retired if old.status == "revoked" => {}
                Ending::Retired => {
                    retire(tx, &self.keys, &self.origin, &name, "admin", now).map_err(refused)?;
                }
                Ending::Revoked(reason) if REASONS.contains(&reason) => {
                    let mut all = rows.clone();
                    all.extend(keys::on_device(tx, &name)?);
                    revoke_all(self, tx, &all, reason, now)?;
                }
                Ending::Revoked(_) => {
                    return Err(AdminError::Field(
                        "a reason is lost, stolen, left, compromised or other",
                    ));
                }
            }
            custody::audit(tx, now, "admin", "replaced", &name)?;
            Ok(old.team.clone())
        })?;
        let id = format!("d-{}", self.config.ambient.code(10)?.to_lowercase());
        self.code("device", id, team, Some(name), lifetime)
    }

    /// Somebody has looked at a tablet's alarms. Gives how many were open.
    pub fn alarms_seen(&self, device: &str, by: &str) -> Result<usize, AdminError> {
        let (name, now) = (self.device_name(device), self.config.ambient.now());
        Ok(self.db.write_blocking(|tx| {
            custody::audit(tx, now, by, "looked-at-alarms", &name)?;
            devices::alarms_seen(tx, &name, by, now)
        })?)
    }
}

fn refused(error: RetireError) -> AdminError {
    match error {
        RetireError::Store(error) => error.into(),
        RetireError::Sign(error) => error.into(),
        RetireError::Unknown | RetireError::Unsent(_) => {
            AdminError::NotNow("there is no such device, or it is revoked")
        }
    }
}

/// Every tablet with what is known of it.
pub fn list(
    c: &rusqlite::Connection,
    now: Millis,
    silent_after: Millis,
) -> Result<Vec<DeviceRow>, crate::store::StoreError> {
    let all = keys::all(c)?;
    let alarms = devices::alarms(c)?;
    let mut rows = Vec::new();
    for key in all.iter().filter(|key| key.kind == "device") {
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
            key: key.clone(),
            contact,
            packets,
            captures,
        });
    }
    rows.sort_by(|a, b| (a.key.enrolled_at, &a.key.name).cmp(&(b.key.enrolled_at, &b.key.name)));
    Ok(rows)
}
