//! Tablets, from the command line.

use std::time::Duration;

use fieldseal_packet::desk::What;
use fieldseal_packet::trust::Trust;

use super::{Admin, AdminError};
use crate::app::millis;
use crate::attestation;
use crate::codes::OneTimeCode;
use crate::tablets::{DeviceRow, Ending, Retired, list};

impl Admin {
    /// Every tablet, in the order of enrolment.
    pub fn devices(&self) -> Result<Vec<DeviceRow>, AdminError> {
        let now = self.config.ambient.now();
        let silent_after = millis(self.config.limits.silent_after);
        Ok(self.db.read_blocking(|c| list(c, now, silent_after))?)
    }

    /// Retires a tablet, whatever it still holds; says what that is.
    pub fn retire(&self, device: &str) -> Result<Retired, AdminError> {
        Ok(self
            .db
            .write_blocking(|tx| self.hand().retire(tx, device))?)
    }

    /// Ends a tablet, and gives a code for another one that takes over from it: a new device with a new name and key.
    pub fn replace(
        &self,
        device: &str,
        ending: Ending<'_>,
        lifetime: Duration,
    ) -> Result<OneTimeCode, AdminError> {
        let until = self.until(lifetime);
        Ok(self
            .db
            .write_blocking(|tx| self.hand().replace(tx, device, ending, until))?)
    }

    /// Asks a tablet for a new key, with its next heartbeat. Gives its name.
    pub fn ask_rotation(&self, device: &str) -> Result<String, AdminError> {
        Ok(self
            .db
            .write_blocking(|tx| self.hand().ask_rotation(tx, device))?)
    }

    /// Orders a tablet to do something, with its next heartbeat. Gives its name.
    pub fn order(&self, device: &str, what: What) -> Result<String, AdminError> {
        Ok(self
            .db
            .write_blocking(|tx| self.hand().order(tx, device, what))?)
    }

    /// How a tablet's attestation looks by this deployment's own trust file: `none`, `attested`, `root-unknown` or `invalid`.
    pub fn attestation(&self, row: &DeviceRow) -> &'static str {
        Trust::parse(self.trust.as_bytes())
            .map_or("none", |trust| attestation::standing(&row.key, &trust))
    }

    /// Somebody has looked at a tablet's alarms. Gives how many were open.
    pub fn alarms_seen(&self, device: &str) -> Result<usize, AdminError> {
        Ok(self
            .db
            .write_blocking(|tx| self.hand().alarms_seen(tx, device))?)
    }
}
