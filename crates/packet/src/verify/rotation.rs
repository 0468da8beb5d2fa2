//! What an export says of the log itself: to which keys its key was rotated, and which log it continues. Rules, in this order:
//! `docs/spec/log.md`, "Rotation of the log's key" and "Continuation under a new origin".

use super::bag::BagCheck;
use super::keys::Keys;
use super::seal::Seal;
use super::source::{Source, read_small};
use super::{File, Inputs};
use crate::KeyRole;
use crate::entry::{Continued, LogRotated, MAX_LEAF};
use crate::findings::{Code, Finding};
use fieldseal_tlog::checkpoint::OpenError;
use fieldseal_tlog::merkle::leaf_hash;
use fieldseal_tlog::note::{Algorithm, LineCheck, Note, NoteError, Vkey};
use fieldseal_tlog::proof::{MAX_PROOF_BYTES, TlogProof, VerifyError};

/// Where the files stand in an export.
const FOLDER: &str = "data/receipt/log/";
/// At most this many rotations are followed.
const MAX_ROTATIONS: usize = 16;
/// The first leaf of a log that continues another.
const CONTINUED: &str = "data/receipt/log/continued";

/// The files of an export that are about the log itself.
#[derive(Default)]
pub(crate) struct LogFiles {
    rotations: Vec<(String, Option<Vec<u8>>)>,
    continued: Option<ContinuedFiles>,
}

/// The leaf and its proof of inclusion, as far as they could be read.
struct ContinuedFiles {
    note: Option<Vec<u8>>,
    proof: Option<Vec<u8>>,
}

impl LogFiles {
    pub(crate) fn all(source: &dyn Source, outer: &BagCheck) -> Self {
        let read = |path: &str, limit| read_small(source, path, limit).ok().flatten();
        let mut files = Self::default();
        for number in 1..=MAX_ROTATIONS {
            let path = format!("{FOLDER}{number}.rotated");
            if !outer.sizes.contains_key(&path) {
                break;
            }
            let bytes = read(&path, MAX_LEAF);
            files.rotations.push((path, bytes));
        }
        if outer.sizes.contains_key(CONTINUED) {
            let proof = format!("{CONTINUED}.tlog-proof");
            files.continued = Some(ContinuedFiles {
                note: read(CONTINUED, MAX_LEAF),
                proof: read(&proof, MAX_PROOF_BYTES),
            });
        }
        files
    }

    pub(crate) fn rotations(&self) -> Vec<File<'_>> {
        let files = self.rotations.iter();
        files
            .map(|(path, bytes)| File {
                path,
                bytes: bytes.as_deref(),
            })
            .collect()
    }

    /// The continuation as the verifier takes it.
    pub(crate) fn continued(&self) -> Option<Continuation<'_>> {
        let given = self.continued.as_ref()?;
        Some(Continuation {
            note: given.note.as_deref(),
            proof: given.proof.as_deref(),
        })
    }
}

/// The first leaf of a log that continues another, with its proof. None: it could not be read, is too large or is not there.
#[derive(Debug, Clone, Copy)]
pub struct Continuation<'a> {
    /// The leaf.
    pub note: Option<&'a [u8]>,
    /// Its proof of inclusion.
    pub proof: Option<&'a [u8]>,
}

/// Follows the log's key from those that are known. Gives those that are known by it.
pub(crate) fn follow(
    origin: &str,
    logs: &[Vkey],
    authorities: &[Vkey],
    files: &[File<'_>],
    findings: &mut Vec<Finding>,
) -> Vec<Vkey> {
    let mut known = logs.to_vec();
    for file in files {
        let step = file
            .bytes
            .ok_or(Wrong("malformed"))
            .and_then(|bytes| one(origin, &known, authorities, bytes));
        match step {
            Ok(None) => {}
            Ok(Some(key)) => {
                findings.push(Finding::new(Code::LogRotated).about(file.path));
                if !known.contains(&key) {
                    known.push(key);
                }
            }
            Err(Wrong(why)) => findings.push(
                Finding::new(Code::LogRotationInvalid)
                    .about(file.path)
                    .with(why),
            ),
        }
    }
    known.split_off(logs.len())
}

/// The keys of a log to which these leaves lead from those that are known, oldest first: what a tablet believes.
pub fn followed_log_keys(
    origin: &str,
    logs: &[Vkey],
    authorities: &[Vkey],
    notes: &[&[u8]],
) -> Vec<Vkey> {
    let files: Vec<File<'_>> = notes
        .iter()
        .map(|bytes| File {
            path: "",
            bytes: Some(bytes),
        })
        .collect();
    follow(origin, logs, authorities, &files, &mut Vec::new())
}

/// Why a leaf is wrong.
struct Wrong(&'static str);

/// The key that a rotation leads to; none when nobody who is known vouches for it.
fn one(
    origin: &str,
    logs: &[Vkey],
    authorities: &[Vkey],
    bytes: &[u8],
) -> Result<Option<Vkey>, Wrong> {
    let malformed = Wrong("malformed");
    let Some(note) = Note::parse(bytes).ok().filter(|_| bytes.len() <= MAX_LEAF) else {
        return Err(malformed);
    };
    let Ok(body) = LogRotated::parse(&note.text) else {
        return Err(malformed);
    };
    let key = |text: &str| {
        Vkey::parse(text)
            .ok()
            .filter(|key| key.name() == origin && key.algorithm() == Algorithm::Ed25519)
    };
    let (Some(old), Some(new)) = (key(&body.old_vkey), key(&body.vkey)) else {
        return Err(Wrong("keys"));
    };
    let clash = |known: &Vkey| known.key_id() == new.key_id() && *known != new;
    if body.origin != origin || body.subject != origin || old == new || logs.iter().any(clash) {
        return Err(Wrong("keys"));
    }
    let by_logs = lines_by(&note, logs)?;
    let by_authority = !lines_by(&note, authorities)?.is_empty();
    let by_old = by_logs.contains(&old.key_id()) && logs.contains(&old);
    Ok((by_old && by_authority).then_some(new))
}

/// Ids of these keys that have right lines on the note; a wrong one spoils it.
fn lines_by(note: &Note, keys: &[Vkey]) -> Result<Vec<u32>, Wrong> {
    let mut ids = Vec::new();
    for line in &note.signatures {
        match note.check(line, keys) {
            LineCheck::Verified => ids.push(line.key_id),
            LineCheck::Invalid => return Err(Wrong("signature")),
            LineCheck::UnknownKey | LineCheck::Unsupported => {}
        }
    }
    Ok(ids)
}

/// Whether the log is said to continue another, and whether that holds.
pub(crate) fn check_continued(
    seal: &Seal,
    keys: &Keys<'_>,
    inputs: &Inputs<'_>,
    findings: &mut Vec<Finding>,
) {
    let Some(given) = &inputs.continued else {
        return;
    };
    let origin = &seal.body.origin;
    match continued(given, origin, keys) {
        Ok(None) => {}
        Ok(Some(body)) => findings.push(
            Finding::new(Code::LogContinued)
                .about(body.old_origin)
                .with(body.old_size),
        ),
        Err(Wrong(why)) => findings.push(
            Finding::new(Code::LogContinuationInvalid)
                .about(CONTINUED)
                .with(why),
        ),
    }
}

fn continued(
    given: &Continuation<'_>,
    origin: &str,
    keys: &Keys<'_>,
) -> Result<Option<Continued>, Wrong> {
    let note = given.note.filter(|bytes| bytes.len() <= MAX_LEAF);
    let leaf = note.ok_or(Wrong("malformed"))?;
    let note = Note::parse(leaf).map_err(|_| Wrong("malformed"))?;
    let body = Continued::parse(&note.text).map_err(|_| Wrong("malformed"))?;
    let proof = given
        .proof
        .and_then(|bytes| TlogProof::parse(bytes).ok())
        .ok_or(Wrong("proof"))?;
    if body.origin != origin || body.old_origin == origin || proof.index != 0 {
        return Err(Wrong("place"));
    }
    let authority =
        |origin: &str| -> Vec<Vkey> { keys.role(origin, KeyRole::Authority).cloned().collect() };
    lines_by(&note, &authority(&body.old_origin))?;
    if lines_by(&note, &authority(origin))?.is_empty() {
        return Ok(None);
    }
    let logs: Vec<Vkey> = keys.role(origin, KeyRole::Log).cloned().collect();
    match proof.verify_by(&leaf_hash(leaf), &logs) {
        Ok(_) => Ok(Some(body)),
        Err(VerifyError::Checkpoint(OpenError::Signature(NoteError::Missing))) => Ok(None),
        Err(_) => Err(Wrong("proof")),
    }
}
