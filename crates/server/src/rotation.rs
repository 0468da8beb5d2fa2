//! A key takes over from another one of the same name: signed for by both, bound by the authority, a leaf of the log.
//!
//! No code of the administrator's is needed: whoever holds the old key could sign anything anyway, and can't get more by it. The old key stays good
//! for what it signed; it is not doubted, and no longer the one that its owner uses. One transaction: rows, leaf-to-be, audit. The same two keys again get the
//! same note, so that a lost answer is asked for again; and when the new key was lost with the answer, the old one may name another.

use fieldseal_packet::entry::{Rotated, SubjectKind};
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_tlog::note::{Algorithm, Vkey};
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::ROTATE_CONTEXT;

use crate::ambient::Millis;
use crate::attestation;
use crate::enrol::{EnrolledKey, certify};
use crate::problem::Failure;
use crate::signing::{ServerKeys, signed};
use crate::store::keys::{self, KeyRow};
use crate::store::{Db, custody, log, packets};

/// What both keys sign.
pub fn proof_text(origin: &str, old_vkey: &str, vkey: &str) -> String {
    format!("{ROTATE_CONTEXT}\n{origin}\n{old_vkey}\n{vkey}\n")
}

/// A key that is to take over.
pub struct Rotation<'a> {
    /// The key that ends.
    pub old_vkey: &'a str,
    /// The key that begins.
    pub vkey: &'a str,
    /// Signature by the old key over [`proof_text`].
    pub old_proof: &'a [u8],
    /// Signature by the new key over it.
    pub proof: &'a [u8],
    /// Key name of the tablet that asks.
    pub device: &'a str,
    /// The maker's certificates of the new key, DER.
    pub attestation: &'a [Vec<u8>],
}

/// Lets the new key take over.
pub fn rotate(
    db: &Db,
    server: &ServerKeys,
    origin: &str,
    new: &Rotation<'_>,
    now: Millis,
) -> Result<EnrolledKey, Failure> {
    let refused = || Failure::new(ProblemCode::KeyNotAccepted);
    let parse = |line: &str| {
        Vkey::parse(line)
            .ok()
            .filter(|key| key.to_string() == line)
            .ok_or_else(refused)
    };
    let (old, key) = (parse(new.old_vkey)?, parse(new.vkey)?);
    let usable = matches!(
        key.algorithm(),
        Algorithm::Ed25519 | Algorithm::EcdsaP256 | Algorithm::Sm2
    );
    if !usable || key.name() != old.name() || key == old {
        return Err(refused().detail("the new key must be another one of the same name"));
    }
    let text = proof_text(origin, new.old_vkey, new.vkey);
    for (key, proof) in [(&old, new.old_proof), (&key, new.proof)] {
        key.verify(text.as_bytes(), proof)
            .map_err(|_| refused().detail("both keys must sign for it"))?;
    }
    let attestation = attestation::check(origin, &key, new.attestation, now)?;
    let name = key.name().to_owned();
    db.write_blocking(|tx| {
        let rows = keys::named(tx, &name)?;
        let row = rows
            .iter()
            .find(|row| row.vkey == new.old_vkey)
            .ok_or_else(refused)?;
        // Retired with a note: its owner has stopped. Retired without one: it was rotated before.
        let ended = row.status == "revoked" || row.retired.is_some();
        let here = row.name == new.device || row.on_device.as_deref() == Some(new.device);
        if ended || !here {
            return Err(refused());
        }
        if let Some(same) = rows.iter().find(|row| row.vkey == new.vkey) {
            let this = same.status == "active" && same.rotated_from == Some(row.key_id);
            return if this {
                Ok(EnrolledKey::of(same))
            } else {
                Err(Failure::new(ProblemCode::Conflict).detail("this key was used before"))
            };
        }
        if rows.iter().any(|row| row.key_id == key.key_id()) {
            return Err(Failure::new(ProblemCode::Conflict).detail("this key's id was used before"));
        }
        let kind = if row.kind == "device" {
            SubjectKind::Device
        } else {
            SubjectKind::Officer
        };
        let entry = Rotated {
            origin: origin.to_owned(),
            kind,
            subject: name.clone(),
            old_vkey: new.old_vkey.to_owned(),
            vkey: new.vkey.to_owned(),
            rotated_at: Timestamp::from_millis(now),
        };
        let entry =
            signed(&entry.text(), &server.authority).map_err(|error| Failure::internal(&error))?;
        log::add_pending(tx, "rotated", &entry)?;
        // The old one, and what the old one had named before and was lost.
        for ending in rows
            .iter()
            .filter(|other| other.key_id == row.key_id || other.rotated_from == Some(row.key_id))
        {
            keys::rotated_away(tx, &name, ending.key_id, now)?;
        }
        let next = KeyRow {
            key_id: key.key_id(),
            vkey: new.vkey.to_owned(),
            status: "active".to_owned(),
            enrolled_at: now,
            revoked_at: None,
            retired_at: None,
            retired: None,
            rotated_from: Some(row.key_id),
            certificate: certify(server, kind, &key, &entry)?,
            attestation: attestation.clone(),
            rotation_asked_at: None,
            entry: entry.clone(),
            ..row.clone()
        };
        keys::add(tx, &next, &Sha256Digest::of(&entry).0)?;
        custody::audit(tx, now, new.device, "rotated", &name)?;
        packets::judge_again_about(tx, &name)?;
        Ok(EnrolledKey::of(&next))
    })
}
