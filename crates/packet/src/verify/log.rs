//! Checks of what the log and the server say: inclusion, checkpoint, witnesses, receipt, and the checkpoint seen before.

use super::keys::Keys;
use super::seal::Seal;
use super::source::{Source, read_small};
use super::{Inputs, LogEvidence};
use crate::consistency::Consistency;
use crate::findings::{Code, Finding};
use crate::receipt::Receipt;
use crate::trust::Trust;
use crate::{KeyRole, Sha256Digest};
use fieldseal_tlog::checkpoint::{self, Checkpoint, OpenError};
use fieldseal_tlog::merkle;
use fieldseal_tlog::note::{LineCheck, MAX_NOTE_BYTES, Note, NoteError, Vkey};
use fieldseal_tlog::proof::{TlogProof, VerifyError};
use std::collections::HashSet;

/// The checkpoint that the tablet had seen before it sealed.
pub(crate) fn check_seen(
    source: &dyn Source,
    seal: &Seal,
    keys: &Keys<'_>,
    findings: &mut Vec<Finding>,
) {
    let file = read_small(source, "seen/checkpoint", MAX_NOTE_BYTES)
        .ok()
        .flatten();
    match (&seal.body.seen_checkpoint, file) {
        (None, None) => {}
        (Some((size, root)), Some(bytes)) => {
            let text = Note::parse(&bytes)
                .ok()
                .and_then(|note| Checkpoint::parse(&note.text).ok());
            let same = text.is_some_and(|seen| {
                (seen.size, seen.root, seen.origin.as_str())
                    == (*size, *root, seal.body.origin.as_str())
            });
            let code = match same.then(|| open(&bytes, &seal.body.origin, keys)) {
                Some(Opened::ByTheLog) => Code::SeenCheckpointOk,
                Some(Opened::UnknownKey) => Code::LogKeyUnknown,
                Some(Opened::Invalid) | None => Code::SeenCheckpointInvalid,
            };
            findings.push(Finding::new(code).with(size));
        }
        _ => findings.push(Finding::new(Code::SeenCheckpointInvalid)),
    }
}

enum Opened {
    ByTheLog,
    UnknownKey,
    Invalid,
}

fn open(bytes: &[u8], origin: &str, keys: &Keys<'_>) -> Opened {
    let logs: Vec<Vkey> = keys.role(origin, KeyRole::Log).cloned().collect();
    match checkpoint::open_by(bytes, &logs) {
        Ok(_) => Opened::ByTheLog,
        Err(OpenError::Signature(NoteError::Missing)) => Opened::UnknownKey,
        Err(_) => Opened::Invalid,
    }
}

/// Where the seal is proved to be logged.
#[derive(Default)]
pub(crate) struct Logged {
    /// The checkpoint of the proof.
    pub checkpoint: Option<Checkpoint>,
    /// Whether the checkpoint that came along as a file is that one.
    pub by_the_file: bool,
}

/// The proof of inclusion, the receipt, and the consistency with the checkpoint seen before.
pub(crate) fn check_log(
    seal: &Seal,
    keys: &Keys<'_>,
    inputs: &Inputs<'_>,
    findings: &mut Vec<Finding>,
) -> Logged {
    let nothing = LogEvidence::default();
    let evidence = inputs.log.as_ref().unwrap_or(&nothing);
    let leaf = merkle::leaf_hash(&seal.bytes);
    let mut logged = None;
    match evidence.proof.map(TlogProof::parse) {
        None => findings.push(Finding::new(Code::LogInclusionAbsent)),
        Some(Err(error)) => findings.push(Finding::new(Code::ProofMalformed).with(error)),
        Some(Ok(proof)) => logged = inclusion(&proof, &leaf, seal, keys, findings),
    }
    if let Some((index, checkpoint, proof)) = &logged {
        witnesses(&proof.checkpoint, inputs.trust, findings);
        consistency(seal, *index, checkpoint, evidence.consistency, findings);
    }
    if let (Some(file), Some(proof)) = (evidence.checkpoint, evidence.proof)
        && TlogProof::parse(proof).is_ok_and(|proof| proof.checkpoint != file)
    {
        findings.push(Finding::new(Code::CheckpointInvalid));
    }
    match evidence.receipt {
        None => findings.push(Finding::new(Code::ReceiptAbsent)),
        Some(bytes) => receipt(
            bytes,
            seal,
            keys,
            inputs,
            logged.as_ref().map(|(index, ..)| *index),
            findings,
        ),
    }
    match logged {
        None => Logged::default(),
        Some((_, checkpoint, proof)) => Logged {
            checkpoint: Some(checkpoint),
            by_the_file: evidence.checkpoint == Some(&proof.checkpoint),
        },
    }
}

fn inclusion(
    proof: &TlogProof,
    leaf: &merkle::Hash,
    seal: &Seal,
    keys: &Keys<'_>,
    findings: &mut Vec<Finding>,
) -> Option<(u64, Checkpoint, TlogProof)> {
    let logs: Vec<Vkey> = keys
        .role(&seal.body.origin, KeyRole::Log)
        .cloned()
        .collect();
    let code = match proof.verify_by(leaf, &logs) {
        Ok(checkpoint) => {
            findings.push(Finding::new(Code::LogInclusionOk).with(proof.index));
            return Some((proof.index, checkpoint, proof.clone()));
        }
        Err(VerifyError::Checkpoint(OpenError::Signature(NoteError::Missing))) => {
            Code::LogKeyUnknown
        }
        Err(VerifyError::Inclusion(_)) => Code::LogInclusionInvalid,
        Err(_) => Code::CheckpointInvalid,
    };
    findings.push(Finding::new(code));
    None
}

/// Between the checkpoint that the seal names and the one that proves inclusion. Sizes and roots in hand are compared
/// before any file is asked for: whoever leaves the proof out must not be able to hide a fork.
fn consistency(
    seal: &Seal,
    index: u64,
    new: &Checkpoint,
    proof: Option<&[u8]>,
    findings: &mut Vec<Finding>,
) {
    let Some((old_size, old_root)) = &seal.body.seen_checkpoint else {
        return;
    };
    // The seal names a tree of this size, so its own leaf comes after it.
    let in_order = *old_size <= index && *old_size <= new.size;
    let same = *old_size == new.size && *old_root == new.root;
    let verified = || {
        let proof = proof.and_then(|bytes| Consistency::parse(bytes).ok())?;
        let sizes = (proof.old_size, proof.new_size) == (*old_size, new.size);
        let verdict =
            merkle::verify_consistency(*old_size, old_root, new.size, &new.root, &proof.hashes);
        (sizes && verdict.is_ok()).then_some(())
    };
    let code = if !in_order || (*old_size == new.size && !same) {
        Code::ConsistencyInvalid
    } else if same || verified().is_some() {
        Code::ConsistencyOk
    } else if proof.is_some() {
        Code::ConsistencyInvalid
    } else {
        Code::ConsistencyAbsent
    };
    findings.push(Finding::new(code));
}

fn receipt(
    bytes: &[u8],
    seal: &Seal,
    keys: &Keys<'_>,
    inputs: &Inputs<'_>,
    logged: Option<u64>,
    findings: &mut Vec<Finding>,
) {
    let parsed = Note::parse(bytes)
        .map_err(|error| error.to_string())
        .and_then(|note| {
            let receipt = Receipt::parse(&note.text).map_err(|error| error.to_string())?;
            Ok((note, receipt))
        });
    let (note, receipt) = match parsed {
        Ok(parsed) => parsed,
        Err(why) => {
            findings.push(Finding::new(Code::ReceiptMalformed).with(why));
            return;
        }
    };
    let receipt_keys: Vec<Vkey> = keys
        .role(&seal.body.origin, KeyRole::Receipts)
        .cloned()
        .collect();
    let checks: Vec<LineCheck> = note
        .signatures
        .iter()
        .map(|line| note.check(line, &receipt_keys))
        .collect();
    if checks.contains(&LineCheck::Invalid) {
        findings.push(Finding::new(Code::ReceiptInvalid));
        return;
    }
    let mut differs = Vec::new();
    let mut compare = |field: &'static str, same: bool| {
        if !same {
            differs.push(field);
        }
    };
    compare("origin", receipt.origin == seal.body.origin);
    compare("packet", receipt.packet == seal.body.packet);
    compare(
        "seal-sha256",
        receipt.seal_sha256 == Sha256Digest::of(&seal.bytes),
    );
    compare(
        "leaf-index",
        logged.is_none_or(|logged| logged == receipt.leaf_index),
    );
    if let Some(zip) = &inputs.zip {
        compare("zip-sha256", zip.sha256 == receipt.zip_sha256);
        compare("zip-size", zip.size == receipt.zip_size);
    }
    if !differs.is_empty() {
        findings.push(Finding::new(Code::ReceiptMismatch).with(differs.join(", ")));
    } else if checks.contains(&LineCheck::Verified) {
        findings.push(Finding::new(Code::ReceiptOk));
    } else {
        findings.push(Finding::new(Code::ReceiptKeyUnknown));
    }
}

/// Whether the witnesses that the policy asks for have cosigned.
fn witnesses(checkpoint: &[u8], trust: Option<&Trust>, findings: &mut Vec<Finding>) {
    let Some((trust, quorum)) = trust.and_then(|trust| Some((trust, trust.quorum.as_deref()?)))
    else {
        return;
    };
    let Ok(note) = Note::parse(checkpoint) else {
        return;
    };
    let cosigned = |key: &Vkey| {
        let key = std::slice::from_ref(key);
        note.signatures
            .iter()
            .any(|line| note.check(line, key) == LineCheck::Verified)
    };
    let mut satisfied: HashSet<&str> = trust
        .witnesses
        .iter()
        .filter(|(_, key)| cosigned(key))
        .map(|(name, _)| name.as_str())
        .collect();
    // A group refers only to names on lines before its own, so one pass in order is enough.
    for group in &trust.groups {
        let [name, rule, members @ ..] = group.as_slice() else {
            continue;
        };
        let count = members
            .iter()
            .filter(|member| satisfied.contains(member.as_str()))
            .count();
        let needed = match rule.as_str() {
            "all" => members.len(),
            "any" => 1,
            number => number.parse().unwrap_or(usize::MAX),
        };
        if count >= needed && needed > 0 {
            satisfied.insert(name);
        }
    }
    let code = if satisfied.contains(quorum) {
        Code::WitnessOk
    } else {
        Code::WitnessAbsent
    };
    findings.push(Finding::new(code));
}
