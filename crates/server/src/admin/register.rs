//! People, one-time codes, accounts, revocation.

use std::time::Duration;

use fieldseal_packet::Timestamp;
use fieldseal_packet::entry::Revoked;

use super::{Admin, AdminError};
use crate::access::password;
use crate::ambient::rfc3339;
use crate::app::millis;
use crate::enrol::code_digest;
use crate::signing::signed;
use crate::store::accounts::{self, Account};
use crate::store::keys::{self, CodeRow, KeyRow};
use crate::store::people::{self, Person};
use crate::store::{custody, log, packets};

/// Longest name, badge or team, in characters.
const LONGEST: usize = 64;
/// Why a key can be revoked.
pub(super) const REASONS: [&str; 5] = ["lost", "stolen", "left", "compromised", "other"];
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

/// A code that enrols one key, once.
pub struct OneTimeCode {
    /// As shown: `XXXXX-XXXXX-XXXXX-XXXXX`.
    pub code: String,
    /// Pseudonymous id that the key will have.
    pub id: String,
    /// When it ends, RFC 3339.
    pub expires_at: String,
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

    /// A code for a new tablet.
    pub fn device_code(
        &self,
        device: &NewDevice,
        lifetime: Duration,
    ) -> Result<OneTimeCode, AdminError> {
        let id = format!("d-{}", self.config.ambient.code(10)?.to_lowercase());
        self.code("device", id, device.team.clone(), None, lifetime)
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
        self.code("officer", person.to_owned(), None, None, lifetime)
    }

    pub(super) fn code(
        &self,
        kind: &str,
        subject: String,
        team: Option<String>,
        replaces: Option<String>,
        lifetime: Duration,
    ) -> Result<OneTimeCode, AdminError> {
        let plain = self.config.ambient.code(20)?;
        let code = [&plain[..5], &plain[5..10], &plain[10..15], &plain[15..]].join("-");
        let expires_at = self.config.ambient.now() + millis(lifetime);
        let row = CodeRow {
            kind: kind.to_owned(),
            subject: subject.clone(),
            team,
            expires_at,
            replaces,
        };
        self.db
            .write_blocking(|tx| keys::add_code(tx, &code_digest(&code), &row))?;
        Ok(OneTimeCode {
            code,
            id: subject,
            expires_at: rfc3339(expires_at),
        })
    }

    /// The text of an enrolment QR.
    pub fn enrol_text(&self, server_url: &str, code: &OneTimeCode) -> String {
        format!(
            "fieldseal:enrol?u={}&c={}&t={}",
            percent(server_url),
            code.code,
            self.trust_sha256()
        )
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

    /// Revokes every key of this name, retired ones too: refused from now on, and a leaf as soon as the sequencer runs.
    pub fn revoke(&self, key_name: &str, reason: &str) -> Result<usize, AdminError> {
        if !REASONS.contains(&reason) {
            return Err(AdminError::Field(
                "a reason is lost, stolen, left, compromised or other",
            ));
        }
        let now = self.config.ambient.now();
        let revoked = self.db.write_blocking(|tx| {
            let rows = keys::named(tx, key_name)?;
            revoke_all(self, tx, &rows, reason, now)
        })?;
        if revoked == 0 {
            Err(AdminError::Unknown("active key"))
        } else {
            Ok(revoked)
        }
    }
}

/// Revokes those of these keys that are not yet: row, leaf-to-be, audit entry, and the packets about which it changes something.
pub(super) fn revoke_all(
    admin: &Admin,
    tx: &rusqlite::Transaction<'_>,
    rows: &[KeyRow],
    reason: &str,
    now: crate::ambient::Millis,
) -> Result<usize, AdminError> {
    let mut revoked = 0;
    for row in rows.iter().filter(|row| row.status != "revoked") {
        let entry = Revoked {
            origin: admin.origin.clone(),
            subject: row.name.clone(),
            vkey: row.vkey.clone(),
            reason: reason.to_owned(),
            revoked_at: Timestamp::from_millis(now),
        };
        keys::revoke(tx, &row.name, row.key_id, now)?;
        log::add_pending(
            tx,
            "revoked",
            &signed(&entry.text(), &admin.keys.authority)?,
        )?;
        custody::audit(tx, now, "admin", "revoked", &row.name)?;
        packets::judge_again_about(tx, &row.name)?;
        revoked += 1;
    }
    Ok(revoked)
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

/// Percent-encodes what has a meaning in the QR's text.
fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_qr() {
        assert_eq!(
            percent("http://127.0.0.1:8443/a b"),
            "http%3A%2F%2F127.0.0.1%3A8443%2Fa%20b"
        );
    }
}
