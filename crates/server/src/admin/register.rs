//! People, one-time codes, accounts, revocation.

use std::time::Duration;

use super::{Admin, AdminError};
use crate::access::password;
use crate::ambient::Millis;
use crate::app::millis;
use crate::codes::{self, OneTimeCode};
use crate::store::accounts::{self, Account};
use crate::store::custody;
use crate::store::keys::{self, KeyRow};
use crate::store::people::{self, Person};
use crate::tablets::Hand;

/// Longest name, badge or team, in characters.
const LONGEST: usize = 64;
/// What an account can be.
const ROLES: [&str; 5] = [
    "reviewer",
    "supervisor",
    "dispatcher",
    "administrator",
    "auditor",
];

/// An officer to be added.
pub struct NewPerson {
    /// Display name.
    pub name: String,
    /// 执法证号
    pub badge: String,
    /// 街道队
    pub team: Option<String>,
}

/// A tablet to be enrolled.
#[derive(Debug, Clone, Default)]
pub struct NewDevice {
    /// 街道队
    pub team: Option<String>,
}

/// An account to be made.
pub struct NewAccount {
    /// What is typed at sign-in.
    pub account: String,
    /// Name as shown.
    pub name: String,
    /// `reviewer`, `supervisor`, `dispatcher`, `administrator` or `auditor`.
    pub role: String,
    /// At least ten characters.
    pub password: String,
}

impl Admin {
    /// Adds an officer. Gives the pseudonymous id.
    pub fn add_person(&self, person: &NewPerson) -> Result<String, AdminError> {
        text(
            &person.name,
            "a person needs a name of at most 64 characters",
        )?;
        text(
            &person.badge,
            "a person needs a badge number of at most 64 characters",
        )?;
        let id = format!("o-{}", self.config.ambient.code(10)?.to_lowercase());
        let row = Person {
            id: id.clone(),
            name: person.name.clone(),
            badge: person.badge.clone(),
            team: person.team.clone(),
        };
        let now = self.config.ambient.now();
        self.db.write_blocking(|tx| people::add(tx, &row, now))?;
        Ok(id)
    }

    /// Everybody in the register.
    pub fn people(&self) -> Result<Vec<Person>, AdminError> {
        Ok(self.db.read_blocking(people::all)?)
    }

    /// Removes a person's names. Keys, leaves and packets stay, under the pseudonym.
    pub fn erase_person(&self, id: &str) -> Result<(), AdminError> {
        let (now, subject) = (self.config.ambient.now(), id.to_owned());
        let erased = self.db.write_blocking(|tx| {
            custody::audit(tx, now, "admin", "erased-person", &subject)?;
            people::erase(tx, &subject)
        })?;
        if erased {
            Ok(())
        } else {
            Err(AdminError::Unknown("person"))
        }
    }

    /// Every enrolled key.
    pub fn keys(&self) -> Result<Vec<KeyRow>, AdminError> {
        Ok(self.db.read_blocking(keys::all)?)
    }

    /// Whoever sits at the command line.
    pub(super) fn hand(&self) -> Hand<'_> {
        Hand {
            keys: &self.keys,
            origin: &self.origin,
            by: "admin",
            ambient: &self.config.ambient,
        }
    }

    pub(super) fn until(&self, lifetime: Duration) -> Millis {
        self.config.ambient.now() + millis(lifetime)
    }

    /// A code for a new tablet.
    pub fn device_code(
        &self,
        device: &NewDevice,
        lifetime: Duration,
    ) -> Result<OneTimeCode, AdminError> {
        let until = self.until(lifetime);
        Ok(self.db.write_blocking(|tx| {
            self.hand()
                .device_code(tx, device.team.clone(), None, until)
        })?)
    }

    /// A code for an officer's key on one tablet.
    pub fn officer_code(
        &self,
        person: &str,
        lifetime: Duration,
    ) -> Result<OneTimeCode, AdminError> {
        self.db
            .read_blocking(|c| people::find(c, person))?
            .ok_or(AdminError::Unknown("person"))?;
        let until = self.until(lifetime);
        Ok(self
            .db
            .write_blocking(|tx| self.hand().officer_code(tx, person, until))?)
    }

    /// The text of an enrolment QR.
    pub fn enrol_text(&self, server_url: &str, code: &OneTimeCode) -> String {
        codes::text(server_url, &code.code, &self.trust_sha256())
    }

    /// Makes an account, or gives one of that name a new password, name and role.
    pub fn add_account(&self, new: &NewAccount) -> Result<(), AdminError> {
        let simple =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        if new.account.is_empty() || new.account.len() > 32 || !new.account.bytes().all(simple) {
            return Err(AdminError::Field(
                "an account's name is 1 to 32 of a-z, 0-9, dot, dash and underscore",
            ));
        }
        text(
            &new.name,
            "an account needs a name to show, of at most 64 characters",
        )?;
        if !ROLES.contains(&new.role.as_str()) {
            return Err(AdminError::Field(
                "a role is reviewer, supervisor, dispatcher, administrator or auditor",
            ));
        }
        let password = password::hash(&new.password, &self.config.ambient)?;
        let account = Account {
            account: new.account.clone(),
            name: new.name.clone(),
            role: new.role.clone(),
            password,
            failures: 0,
            blocked_until: 0,
        };
        let now = self.config.ambient.now();
        self.db.write_blocking(|tx| {
            custody::audit(tx, now, "admin", "put-account", &account.account)?;
            accounts::put(tx, &account, now)
        })?;
        Ok(())
    }

    /// Closes an account at once. What it decided stays.
    pub fn disable_account(&self, account: &str) -> Result<(), AdminError> {
        let now = self.config.ambient.now();
        let closed = self.db.write_blocking(|tx| {
            custody::audit(tx, now, "admin", "disabled-account", account)?;
            accounts::disable(tx, account, now)
        })?;
        if closed {
            Ok(())
        } else {
            Err(AdminError::Unknown("account"))
        }
    }

    /// Revokes every key of this name, retired ones too, and with a tablet's the officers' keys that lie on it: refused from
    /// now on, and leaves as soon as the sequencer runs.
    pub fn revoke(&self, key_name: &str, reason: &str) -> Result<usize, AdminError> {
        let revoked = self.db.write_blocking(|tx| {
            let rows = keys::named(tx, key_name)?;
            match rows.iter().any(|row| row.kind == "device") {
                true => Ok(self.hand().revoke(tx, key_name, reason)?.keys),
                false => self.hand().revoke_keys(tx, &rows, reason),
            }
        })?;
        if revoked == 0 {
            Err(AdminError::Unknown("active key"))
        } else {
            Ok(revoked)
        }
    }
}

fn text(value: &str, sentence: &'static str) -> Result<(), AdminError> {
    let fits = !value.trim().is_empty()
        && value.chars().count() <= LONGEST
        && !value.chars().any(char::is_control);
    if fits {
        Ok(())
    } else {
        Err(AdminError::Field(sentence))
    }
}
