//! Answering a tablet's request for an officer who forgot the PIN. What the answer carries is made where the recovery key is,
//! outside the server; here it is held against the register, signed by the authority, and noted in the audit trail.

use fieldseal_packet::desk::{PinAnswer, PinRequest, base64};
use fieldseal_packet::{KeyName, Sha256Digest, Timestamp};

use super::{Admin, AdminError};
use crate::signing::signed;
use crate::store::{custody, keys, people};

/// Whom a request is about, by the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedFor {
    /// The officer's name; none when it was erased.
    pub name: Option<String>,
    /// Badge number.
    pub badge: Option<String>,
}

impl Admin {
    /// Holds a request against the register: a tablet of this deployment that is not revoked, and an officer whose key lies
    /// on it.
    pub fn check_pin_request(&self, request: &PinRequest) -> Result<AskedFor, AdminError> {
        if request.origin != self.origin {
            return Err(AdminError::NotNow("the request is of another deployment"));
        }
        self.db.read_blocking(|c| {
            let rows = keys::named(c, &request.device)?;
            if !rows
                .iter()
                .any(|row| row.kind == "device" && row.status != "revoked")
            {
                return Err(AdminError::NotNow(
                    "there is no such tablet, or it is revoked",
                ));
            }
            let officer = KeyName::officer(&self.origin, &request.officer);
            let on_it = keys::on_device(c, &request.device)?;
            if !on_it
                .iter()
                .any(|row| row.name == officer && row.status != "revoked")
            {
                return Err(AdminError::NotNow(
                    "no key of this officer lies on that tablet, or it is revoked",
                ));
            }
            let person = people::find(c, &request.officer)?;
            Ok(AskedFor {
                name: person.as_ref().map(|person| person.name.clone()),
                badge: person.map(|person| person.badge),
            })
        })
    }

    /// Signs the answer to a request that holds, and notes it. `root` is the vault's root key, sealed to the request's key.
    pub fn answer_pin_request(
        &self,
        request: &PinRequest,
        root: &[u8],
    ) -> Result<Vec<u8>, AdminError> {
        self.check_pin_request(request)?;
        let now = self.config.ambient.now();
        let answer = PinAnswer {
            origin: self.origin.clone(),
            request: Sha256Digest::of(request.text().as_bytes()),
            device: request.device.clone(),
            officer: request.officer.clone(),
            made_at: Timestamp::from_millis(now),
            root: base64(root),
        };
        let note = signed(&answer.text(), &self.keys.authority)?;
        let officer = KeyName::officer(&self.origin, &request.officer);
        self.db.write_blocking(|tx| {
            custody::audit(tx, now, "admin", "answered-pin-request", &request.device)?;
            custody::audit(tx, now, "admin", "let-back-in", &officer)
        })?;
        Ok(note)
    }
}
