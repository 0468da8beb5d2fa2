//! Binding a key to a device or an officer.
//!
//! The code is spent, the key registered and its signed entry left for the log in one transaction: a crash leaves either an unused code or an enrolled
//! key. When the answer is lost on its way, the same key may ask again with the same code and gets the same entry. The answer is given when the entry is a leaf of a published checkpoint.

use fieldseal_packet::entry::{Enrolled, SubjectKind};
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_tlog::note::{Algorithm, Vkey};
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::ENROL_CONTEXT;

use crate::ambient::Millis;
use crate::attestation;
use crate::problem::Failure;
use crate::signing::{ServerKeys, signed};
use crate::store::keys::{self, CodeRow, KeyRow};
use crate::store::{Db, log, packets};

/// Letters and digits of a code as typed, in upper case: what its digest is made of. Letters that are easily confused count as one.
pub fn normalise(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// What is kept of a code, and what the proof signs.
pub fn code_digest(code: &str) -> [u8; 32] {
    Sha256Digest::of(normalise(code).as_bytes()).0
}

/// The name that a code's key will have.
pub fn key_name(origin: &str, code: &CodeRow) -> String {
    format!("{origin}/{}/{}", code.kind, code.subject)
}

/// What a new key signs.
pub fn proof_text(origin: &str, code_sha256: &[u8; 32], vkey: &str) -> String {
    format!(
        "{ENROL_CONTEXT}\n{origin}\n{}\n{vkey}\n",
        hex::encode(code_sha256)
    )
}

/// A key to be enrolled.
pub struct NewKey<'a> {
    /// Digest of the code.
    pub code_sha256: [u8; 32],
    /// The vkey line.
    pub vkey: &'a str,
    /// Signature by that key over [`proof_text`].
    pub proof: &'a [u8],
    /// What the device says it is.
    pub claim: Option<String>,
    /// Key name of the tablet that asks, for an officer's key.
    pub on_device: Option<String>,
    /// The maker's certificates, DER.
    pub attestation: &'a [Vec<u8>],
}

/// A key that is enrolled, or has taken over.
pub struct EnrolledKey {
    /// The authority's note.
    pub entry: Vec<u8>,
    /// Its name.
    pub name: String,
    /// Its certificate for CMS signatures, DER.
    pub certificate: Option<Vec<u8>>,
}

impl EnrolledKey {
    /// Of a row of the register.
    pub fn of(row: &KeyRow) -> Self {
        Self {
            entry: row.entry.clone(),
            name: row.name.clone(),
            certificate: row.certificate.clone(),
        }
    }
}

/// The certificate of a device's P-256 key, where the deployment has an authority for it.
pub fn certify(
    server: &ServerKeys,
    kind: SubjectKind,
    key: &Vkey,
    entry: &[u8],
) -> Result<Option<Vec<u8>>, Failure> {
    let is_one = kind == SubjectKind::Device && key.algorithm() == Algorithm::EcdsaP256;
    let authority = server.cms.as_ref().filter(|_| is_one);
    authority
        .map(|authority| authority.issue(key, entry))
        .transpose()
        .map_err(|error| Failure::internal(&error))
}

/// Uses the code up and enrols the key. Gives its signed entry.
pub fn enrol(
    db: &Db,
    server: &ServerKeys,
    origin: &str,
    new: &NewKey<'_>,
    now: Millis,
) -> Result<EnrolledKey, Failure> {
    let refused = || Failure::new(ProblemCode::KeyNotAccepted);
    let key = Vkey::parse(new.vkey).map_err(|_| refused())?;
    let signs = matches!(
        key.algorithm(),
        Algorithm::Ed25519 | Algorithm::EcdsaP256 | Algorithm::Sm2
    );
    if !signs || key.to_string() != new.vkey {
        return Err(refused().detail("the key must be Ed25519, P-256 or SM2"));
    }
    key.verify(
        proof_text(origin, &new.code_sha256, new.vkey).as_bytes(),
        new.proof,
    )
    .map_err(|_| refused().detail("the proof is not by this key"))?;
    let attestation = attestation::check(origin, &key, new.attestation, now)?;
    db.write_blocking(|tx| {
        let code = keys::usable_code(tx, &new.code_sha256, Some(new.vkey), now)?
            .ok_or(Failure::new(ProblemCode::CodeInvalid))?;
        let name = key_name(origin, &code);
        if key.name() != name {
            return Err(refused().detail("the key's name is not the one that the code is for"));
        }
        let there = keys::named(tx, &name)?;
        if let Some(row) = there.iter().find(|row| row.vkey == new.vkey) {
            return if row.status == "active" {
                Ok(EnrolledKey::of(row))
            } else {
                Err(refused())
            };
        }
        if there.iter().any(|row| row.key_id == key.key_id())
            || (code.kind == "device" && !there.is_empty())
        {
            return Err(
                Failure::new(ProblemCode::Conflict).detail("there is a key of this name already")
            );
        }
        // A retired tablet takes no officer on.
        if let Some(device) = &new.on_device
            && !keys::named(tx, device)?
                .iter()
                .any(|row| row.status == "active")
        {
            return Err(refused());
        }
        if !keys::use_code(tx, &new.code_sha256, new.vkey, now)? {
            return Err(Failure::new(ProblemCode::CodeInvalid));
        }
        let kind = if code.kind == "device" {
            SubjectKind::Device
        } else {
            SubjectKind::Officer
        };
        let entry = Enrolled {
            origin: origin.to_owned(),
            kind,
            subject: name.clone(),
            vkey: new.vkey.to_owned(),
            enrolled_at: Timestamp::from_millis(now),
        };
        let entry =
            signed(&entry.text(), &server.authority).map_err(|error| Failure::internal(&error))?;
        log::add_pending(tx, "enrolled", &entry)?;
        let row = KeyRow {
            name: name.clone(),
            key_id: key.key_id(),
            kind: code.kind,
            subject: code.subject,
            vkey: new.vkey.to_owned(),
            team: code.team,
            claim: new.claim.clone(),
            status: "active".to_owned(),
            enrolled_at: now,
            revoked_at: None,
            replaces: code.replaces,
            on_device: new.on_device.clone(),
            retired_at: None,
            retired: None,
            rotated_from: None,
            certificate: certify(server, kind, &key, &entry)?,
            attestation,
            rotation_asked_at: None,
            entry: entry.clone(),
        };
        keys::add(tx, &row, &Sha256Digest::of(&entry).0)?;
        // A packet may have come before the enrolment of an officer who signed it.
        packets::judge_again_about(tx, &name)?;
        Ok(EnrolledKey::of(&row))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        assert_eq!(normalise(" 0abc-defgh_7 "), "0ABCDEFGH7");
        assert_eq!(code_digest("ab-cd"), code_digest("ABCD"));
    }
}
