//! Looking at an upload: is it a packet that can be admitted, and what does the verifier say of it.
//!
//! Admission asks three things only: a readable zip within the limits, a seal, and a line of an enrolled device on it that verifies. Everything
//! else is findings.

use fieldseal_packet::bag::SEAL;
use fieldseal_packet::entry::Revoked;
use fieldseal_packet::seal::{MAX_SEAL, SealBody};
use fieldseal_packet::trust::Trust;
use fieldseal_packet::verify::{
    File, FileDigests, Inputs, LogEvidence, PacketCheck, Revocation, Source as _, ZipFacts,
    ZipSource, verify_zip, zip_finding,
};
use fieldseal_packet::zipread::{ReadAt, Stretch};
use fieldseal_packet::{KeyName, KeyRole, Sha256Digest};
use fieldseal_tlog::note::{Note, Vkey};
use rusqlite::Connection;

use crate::store::{StoreError, keys, log};

/// Not admitted: a stable word, and the key whose enrolment would change that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Stable word, listed in `docs/spec/findings.md`.
    pub reason: String,
    /// Name of the key that is not enrolled.
    pub missing_key: Option<String>,
}

/// A seal that admits its packet.
#[derive(Debug)]
pub struct Admissible {
    /// `packet.seal`, byte for byte.
    pub bytes: Vec<u8>,
    /// Its text, taken apart.
    pub body: SealBody,
    /// The note.
    pub note: Note,
    /// Name of the device whose line verified.
    pub device: String,
}

/// Reads the seal and decides on admission. The outer error is the store's, the inner one the packet's.
pub fn admissible(
    connection: &Connection,
    file: &dyn ReadAt,
    origin: &str,
) -> Result<Result<Admissible, Refused>, StoreError> {
    let (bytes, note, body) = match read_seal(file, origin) {
        Ok(read) => read,
        Err(reason) => {
            return Ok(Err(Refused {
                reason,
                missing_key: None,
            }));
        }
    };
    let mut refused = Refused {
        reason: "device-line-absent".to_owned(),
        missing_key: None,
    };
    for line in &note.signatures {
        if KeyName::parse(origin, &line.name).map(|name| name.role) != Ok(KeyRole::Device) {
            continue;
        }
        let rows = keys::named(connection, &line.name)?;
        let known = rows.iter().find(|row| row.key_id == line.key_id);
        let Some(row) = known else {
            refused = Refused {
                reason: "device-not-enrolled".to_owned(),
                // A device has one key: when there is another of this name, none will come that lets this in.
                missing_key: rows.is_empty().then(|| line.name.clone()),
            };
            continue;
        };
        let key = Vkey::parse(&row.vkey).map_err(|_| StoreError::Malformed("vkey"))?;
        if note.verify_by(&key).is_ok() {
            return Ok(Ok(Admissible {
                device: line.name.clone(),
                bytes,
                body,
                note,
            }));
        }
        refused = Refused {
            reason: "device-line-invalid".to_owned(),
            missing_key: None,
        };
    }
    Ok(Err(refused))
}

fn read_seal(file: &dyn ReadAt, origin: &str) -> Result<(Vec<u8>, Note, SealBody), String> {
    let source =
        ZipSource::open(file).map_err(|error| zip_finding(&error).code.word().to_owned())?;
    let bytes = read(&source, SEAL, MAX_SEAL).ok_or("seal-missing")?;
    let note = Note::parse(&bytes).map_err(|_| "seal-malformed")?;
    let body = SealBody::parse(&note.text).map_err(|_| "seal-malformed")?;
    if body.origin != origin {
        return Err("origin-unknown".to_owned());
    }
    Ok((bytes, note, body))
}

/// A small file of a packet.
pub fn read(source: &ZipSource<'_>, path: &str, limit: usize) -> Option<Vec<u8>> {
    let file = source.open(path).ok()?;
    let size = file.size().ok().filter(|size| *size <= limit as u64)?;
    let mut bytes = Vec::with_capacity(usize::try_from(size).ok()?);
    std::io::Read::read_to_end(&mut Stretch::new(&*file, 0, size), &mut bytes).ok()?;
    Some(bytes)
}

/// What the register and the log know that bears on a packet.
pub struct Known {
    /// Trust anchors.
    pub trust: Trust,
    /// Keys on the seal that are enrolled.
    pub keys: Vec<Vkey>,
    /// Their entries.
    pub entries: Vec<Vec<u8>>,
    /// Revocations in the log.
    pub revocations: Vec<Revocation>,
    /// Makers' certificates of the keys.
    pub attestations: Vec<(String, Vec<u8>)>,
}

impl Known {
    /// Of the keys that have a line on this seal.
    pub fn gather(connection: &Connection, trust: &str, note: &Note) -> Result<Self, StoreError> {
        let trust =
            Trust::parse(trust.as_bytes()).map_err(|_| StoreError::Malformed("trust file"))?;
        let (mut vkeys, mut entries) = (Vec::new(), Vec::new());
        let mut attestations = Vec::new();
        for line in &note.signatures {
            for row in keys::named(connection, &line.name)? {
                vkeys.push(Vkey::parse(&row.vkey).map_err(|_| StoreError::Malformed("vkey"))?);
                entries.push(row.entry);
                let chain = row.attestation.filter(|_| row.key_id == line.key_id);
                attestations.extend(chain.map(|pem| (format!("{}.pem", row.subject), pem)));
            }
        }
        let mut revocations = Vec::new();
        for (leaf_index, note) in log::revocations(connection)? {
            let revoked = Note::parse(&note)
                .ok()
                .and_then(|note| Revoked::parse(&note.text).ok());
            let key = revoked
                .and_then(|revoked| Vkey::parse(&revoked.vkey).ok())
                .ok_or(StoreError::Malformed("revocation"))?;
            revocations.push(Revocation {
                key,
                leaf_index: Some(leaf_index),
            });
        }
        Ok(Self {
            trust,
            keys: vkeys,
            entries,
            revocations,
            attestations,
        })
    }

    /// The anchors alone, for a packet whose seal does not read.
    pub fn anchors(trust: &str) -> Result<Self, StoreError> {
        let trust =
            Trust::parse(trust.as_bytes()).map_err(|_| StoreError::Malformed("trust file"))?;
        Ok(Self {
            trust,
            keys: Vec::new(),
            entries: Vec::new(),
            revocations: Vec::new(),
            attestations: Vec::new(),
        })
    }

    /// Runs the verifier. `hashed`: what an earlier look at the same bytes found of the files in them.
    pub fn verify(
        &self,
        file: &dyn ReadAt,
        zip: ZipFacts,
        log: Option<LogEvidence<'_>>,
        hashed: &[FileDigests],
    ) -> PacketCheck {
        let attestations: Vec<File<'_>> = self
            .attestations
            .iter()
            .map(|(path, bytes)| File {
                path,
                bytes: Some(bytes),
            })
            .collect();
        let inputs = Inputs {
            trust: Some(&self.trust),
            attestations: &attestations,
            keys: &self.keys,
            entries: &self.entries,
            log,
            revocations: &self.revocations,
            zip: Some(zip),
            hashed,
            ..Inputs::default()
        };
        verify_zip(file, &inputs)
    }
}

/// sha256 of the seal's text: what identifies a packet.
pub fn body_digest(note: &Note) -> [u8; 32] {
    Sha256Digest::of(note.text.as_bytes()).0
}
