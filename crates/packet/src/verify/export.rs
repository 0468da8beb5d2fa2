//! Checks of an export: the outer bag, the packet in it byte for byte, and what the server gave along.

use super::bag;
use super::content::read_custody;
use super::keys::Keys;
use super::source::{Source, ZipSource, read_small};
use super::{Inputs, LogEvidence, PacketCheck, ZipFacts, verify_packet, zip_finding};
use crate::custody::Head;
use crate::entry::{Decision, MAX_LEAF};
use crate::findings::{Code, Finding, Report};
use crate::trust::Trust;
use crate::{KeyRole, Sha256Digest};
use fieldseal_tlog::note::{LineCheck, MAX_NOTE_BYTES, Note, Vkey};
use fieldseal_tlog::proof::MAX_PROOF_BYTES;

/// Whether `source` is an export rather than a packet.
pub fn is_export(source: &dyn Source) -> bool {
    source.files().iter().any(|(path, _)| packet_path(path))
}

fn packet_path(path: &str) -> bool {
    path.strip_prefix("data/packet-")
        .and_then(|rest| rest.strip_suffix(".zip"))
        .is_some()
}

/// Verifies an export and the packet in it.
pub fn verify_export(source: &dyn Source, trust: Option<&Trust>) -> Report {
    let outer = bag::check(source, &[]);
    let mut packets = outer.sizes.keys().filter(|path| packet_path(path));
    let (Some(path), None) = (packets.next(), packets.next()) else {
        let mut findings = outer.findings;
        findings.push(Finding::new(Code::ExportPacketMissing));
        return Report::new(outer.id, findings);
    };
    let file = |name: &str, limit: usize| {
        read_small(source, &format!("data/{name}"), limit)
            .ok()
            .flatten()
    };
    let receipt = file("receipt/receipt", MAX_NOTE_BYTES);
    let proof = file("receipt/packet.tlog-proof", MAX_PROOF_BYTES);
    let checkpoint = file("receipt/checkpoint", MAX_NOTE_BYTES);
    let consistency = file("receipt/consistency", MAX_NOTE_BYTES);
    let tokens = outer
        .sizes
        .keys()
        .filter(|path| path.starts_with("data/receipt/checkpoint."))
        .count();
    let (mut keys, mut entries, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for name in outer
        .sizes
        .keys()
        .filter(|path| path.starts_with("data/receipt/keys/"))
        .take(256)
    {
        let bytes = read_small(source, name, MAX_LEAF)
            .ok()
            .flatten()
            .unwrap_or_default();
        if name.ends_with(".entry") {
            entries.push(bytes);
        } else {
            match parse_vkeys(&bytes) {
                Some(parsed) => keys.extend(parsed),
                None => findings.push(Finding::new(Code::KeyMalformed).about(name)),
            }
        }
    }
    let inputs = Inputs {
        trust,
        keys: &keys,
        entries: &entries,
        log: Some(LogEvidence {
            receipt: receipt.as_deref(),
            proof: proof.as_deref(),
            checkpoint: checkpoint.as_deref(),
            consistency: consistency.as_deref(),
            tokens,
            leaf_index: None,
        }),
        revocations: &[],
        zip: outer
            .digests
            .get(path)
            .zip(outer.sizes.get(path))
            .map(|(sha256, size)| ZipFacts {
                sha256: *sha256,
                size: *size,
            }),
    };
    let inner = source.open(path);
    let opened = inner.as_ref().map_err(|error| {
        Finding::new(Code::FileUnreadable)
            .about(path)
            .with(error.kind())
    });
    match opened.and_then(|file| ZipSource::open(&**file).map_err(|error| zip_finding(&error))) {
        Err(finding) => findings.push(finding),
        Ok(packet) => {
            let check = verify_packet(&packet, &inputs);
            around(source, &outer, &check, &inputs, &mut findings);
            findings.extend(super::folder_finding(&packet, &check));
            findings.extend(check.report.findings);
        }
    }
    // The outer bag's good news would repeat the packet's.
    findings.extend(
        outer
            .findings
            .into_iter()
            .filter(|finding| finding.code != Code::FilesOk),
    );
    let id = path
        .strip_prefix("data/packet-")
        .and_then(|rest| rest.strip_suffix(".zip"))
        .map(str::to_owned);
    Report::new(id, findings)
}

/// The server's custody log and the decisions.
fn around(
    source: &dyn Source,
    outer: &bag::BagCheck,
    check: &PacketCheck,
    inputs: &Inputs<'_>,
    findings: &mut Vec<Finding>,
) {
    let (Some(seal_sha256), Some(seal)) = (check.seal_sha256, &check.seal) else {
        return;
    };
    if outer.sizes.contains_key("data/custody-after.log") {
        read_custody(
            source,
            "data/custody-after.log",
            Head::after_seal(seal_sha256),
            findings,
        );
    }
    let keys = Keys::gather(source, &seal.origin, inputs, &mut Vec::new());
    let decision_keys: Vec<Vkey> = keys
        .role(&seal.origin, KeyRole::Decisions)
        .cloned()
        .collect();
    for path in outer
        .sizes
        .keys()
        .filter(|path| path.starts_with("data/decisions/") && path.ends_with(".note"))
    {
        let code = decision(source, path, seal_sha256, &decision_keys);
        findings.push(Finding::new(code).about(path));
    }
}

/// `decisions/<n>.note` is the leaf; `<n>.json` the document; `<n>.salt` its 32 bytes of salt.
fn decision(source: &dyn Source, path: &str, seal_sha256: Sha256Digest, keys: &[Vkey]) -> Code {
    let stem = path.strip_suffix(".note").unwrap_or(path);
    let read = |path: &str| read_small(source, path, 1 << 20).ok().flatten();
    let note = read(path).and_then(|bytes| Note::parse(&bytes).ok());
    let body = note
        .as_ref()
        .and_then(|note| Decision::parse(&note.text).ok());
    let document = read(&format!("{stem}.salt")).zip(read(&format!("{stem}.json")));
    let (Some(note), Some(body), Some((mut salted, document))) = (note, body, document) else {
        return Code::DecisionInvalid;
    };
    let salt_fits = salted.len() == 32;
    salted.extend(document);
    let fits = salt_fits
        && body.document_sha256 == Sha256Digest::of(&salted)
        && body.seal_sha256 == seal_sha256;
    let checks: Vec<LineCheck> = note
        .signatures
        .iter()
        .map(|line| note.check(line, keys))
        .collect();
    if !fits || checks.contains(&LineCheck::Invalid) {
        Code::DecisionInvalid
    } else if checks.contains(&LineCheck::Verified) {
        Code::DecisionOk
    } else {
        Code::DecisionKeyUnknown
    }
}

fn parse_vkeys(bytes: &[u8]) -> Option<Vec<Vkey>> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.lines().map(|line| Vkey::parse(line).ok()).collect()
}
