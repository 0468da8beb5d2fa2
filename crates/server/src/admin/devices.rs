//! Tablets, from the command line.

use std::time::Duration;

use super::{Admin, AdminError};
use crate::app::millis;
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

    /// Somebody has looked at a tablet's alarms. Gives how many were open.
    pub fn alarms_seen(&self, device: &str) -> Result<usize, AdminError> {
        Ok(self
            .db
            .write_blocking(|tx| self.hand().alarms_seen(tx, device))?)
    }
}
