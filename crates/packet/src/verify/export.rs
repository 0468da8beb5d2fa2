//! Checks of an export: the outer bag, the packet in it byte for byte, and what the server gave along.

use super::bag;
use super::content::read_custody;
use super::heartbeats::HeartbeatFiles;
use super::keys::Keys;
use super::rotation::{LogFiles, follow};
use super::source::{Source, ZipSource, read_small};
use super::tokens::TokenFile;
use super::{
    File, Heartbeat, Inputs, LogEvidence, PacketCheck, Revocation, Token, ZipFacts, attestation,
    clock, verify_packet, zip_finding,
};
use crate::bag::SEAL;
use crate::custody::{Event, Head, Line};
use crate::entry::{Decision, MAX_LEAF, Revoked};
use crate::findings::{Code, Finding, Report};
use crate::trust::Trust;
use crate::{KeyName, KeyRole, PacketId, Sha256Digest};
use fieldseal_tlog::note::{LineCheck, MAX_NOTE_BYTES, Note, Vkey};
use fieldseal_tlog::proof::{MAX_PROOF_BYTES, TlogProof};

/// Whether `source` is an export rather than a packet: it holds a packet's zip or a receipt, and no seal of its own.
pub fn is_export(source: &dyn Source) -> bool {
    let files = source.files();
    let has = |test: fn(&str) -> bool| files.iter().any(|(path, _)| test(path));
    has(|path| packet_path(path) || path == "data/receipt/receipt") && !has(|path| path == SEAL)
}

fn packet_path(path: &str) -> bool {
    path.strip_prefix("data/packet-")
        .and_then(|rest| rest.strip_suffix(".zip"))
        .is_some()
}

/// Verifies an export and the packet in it.
pub fn verify_export(source: &dyn Source, trust: Option<&Trust>) -> Report {
    let outer = bag::check(source, &[], &[]);
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
    let tokens = TokenFile::all(source, &outer, "data/receipt/checkpoint");
    let tokens: Vec<Token<'_>> = tokens.iter().map(TokenFile::token).collect();
    let heartbeats = HeartbeatFiles::all(source, &outer);
    let stamps: Vec<Vec<Token<'_>>> = heartbeats.iter().map(HeartbeatFiles::tokens).collect();
    let heartbeats: Vec<Heartbeat<'_>> = heartbeats
        .iter()
        .zip(&stamps)
        .map(|(files, tokens)| files.heartbeat(tokens))
        .collect();
    let mut findings = Vec::new();
    let given = Given::read(source, &outer, &mut findings);
    let log_files = LogFiles::all(source, &outer);
    let rotations = log_files.rotations();
    let revocations = given.revocations(trust, &rotations);
    let chains = attestation::files(source, &outer);
    let attestations: Vec<File<'_>> = chains
        .iter()
        .map(|(path, bytes)| File {
            path,
            bytes: bytes.as_deref(),
        })
        .collect();
    let inputs = Inputs {
        trust,
        log_rotations: &rotations,
        continued: log_files.continued(),
        attestations: &attestations,
        hashed: &[],
        keys: &given.keys,
        entries: &given.entries,
        log: Some(LogEvidence {
            receipt: receipt.as_deref(),
            proof: proof.as_deref(),
            checkpoint: checkpoint.as_deref(),
            consistency: consistency.as_deref(),
            tokens: &tokens,
            leaf_index: proof
                .as_deref()
                .and_then(|proof| TlogProof::parse(proof).ok())
                .map(|proof| proof.index),
            heartbeats: &heartbeats,
        }),
        revocations: &revocations,
        zip: outer
            .digests
            .get(path)
            .zip(outer.sizes.get(path))
            .map(|(sha256, size)| ZipFacts {
                sha256: *sha256,
                size: *size,
            }),
    };
    let mut told = Report::new(None, Vec::new());
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
            super::children::check(source, &packet, &outer, &check, &inputs, &mut findings);
            findings.extend(super::folder_finding(&packet, &check));
            findings.extend(labels(path, outer.id.as_deref(), check.packet));
            told = check.report;
            told.id = check.packet.map(|packet| packet.to_string());
        }
    }
    for part in ["data/receipt/checkpoint", "data/custody-after.log"] {
        if !outer.sizes.contains_key(part) {
            findings.push(Finding::new(Code::ExportPartAbsent).about(part));
        }
    }
    findings.extend(
        outer
            .findings
            .into_iter()
            .map(|finding| match finding.code {
                Code::FilesOk => Finding::new(Code::ExportOk).with(outer.sizes.len()),
                _ => finding,
            }),
    );
    told.adding(findings)
}

/// The packet's file name and the bag's identifier are labels; the seal says which packet it is.
fn labels(path: &str, identifier: Option<&str>, packet: Option<PacketId>) -> Option<Finding> {
    let packet = packet?.to_string();
    let named = path == format!("data/packet-{packet}.zip");
    let identified = identifier.is_none_or(|id| id == packet || id == format!("evidence-{packet}"));
    let label = if named {
        identifier.unwrap_or_default()
    } else {
        path
    };
    (!named || !identified).then(|| Finding::new(Code::ExportPacketMismatch).with(label))
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
        let lines = read_custody(
            source,
            "data/custody-after.log",
            Head::after_seal(seal_sha256),
            findings,
        )
        .unwrap_or_default();
        clock::check_join(seal.closed_at, &lines, findings);
        let decided: Vec<Sha256Digest> = decision_notes(outer)
            .filter_map(|path| read_small(source, path, MAX_LEAF).ok().flatten())
            .filter_map(|bytes| Note::parse(&bytes).ok())
            .filter_map(|note| Decision::parse(&note.text).ok())
            .map(|body| body.document_sha256)
            .collect();
        if let Some(line) = contradiction(&lines, inputs, &decided) {
            findings.push(
                Finding::new(Code::CustodyAfterMismatch)
                    .about("data/custody-after.log")
                    .with(line),
            );
        }
    }
    for path in outer.sizes.keys().filter(|path| {
        let note = path
            .strip_suffix(".json")
            .map(|stem| format!("{stem}.note"));
        path.starts_with("data/decisions/")
            && note.is_some_and(|note| !outer.sizes.contains_key(&note))
    }) {
        findings.push(Finding::new(Code::DecisionInvalid).about(path));
    }
    let keys = Keys::gather(source, &seal.origin, inputs, &mut Vec::new());
    let decision_keys: Vec<Vkey> = keys
        .role(&seal.origin, KeyRole::Decisions)
        .cloned()
        .collect();
    for path in decision_notes(outer) {
        let code = decision(
            source,
            path,
            (&seal.origin, check.packet, seal_sha256),
            &decision_keys,
        );
        findings.push(Finding::new(code).about(path));
    }
}

fn decision_notes(outer: &bag::BagCheck) -> impl Iterator<Item = &String> {
    let paths = outer.sizes.keys();
    paths.filter(|path| path.starts_with("data/decisions/") && path.ends_with(".note"))
}

/// `decisions/<n>.note` is the leaf; `<n>.json` the document; `<n>.salt` its 32 bytes of salt.
fn decision(
    source: &dyn Source,
    path: &str,
    (origin, packet, seal_sha256): (&str, Option<PacketId>, Sha256Digest),
    keys: &[Vkey],
) -> Code {
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
        && body.origin == origin
        && body.document_sha256 == Sha256Digest::of(&salted)
        && body.seal_sha256 == seal_sha256
        && packet.is_none_or(|packet| packet == body.packet);
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

/// The line of the server's custody log that says something else than what is signed or in hand: the bytes received last,
/// the leaf's index, a decision of which there is no note.
fn contradiction(lines: &[Line], inputs: &Inputs<'_>, decided: &[Sha256Digest]) -> Option<u64> {
    let events: Vec<(u64, Event)> = lines
        .iter()
        .filter_map(|line| Some((line.n, line.known()?)))
        .collect();
    let received = events.iter().rev().find_map(|(n, event)| match event {
        Event::Received {
            zip_sha256,
            zip_size,
        } => Some((*n, *zip_sha256, *zip_size)),
        _ => None,
    });
    if let (Some((n, sha256, size)), Some(zip)) = (received, &inputs.zip)
        && (sha256, size) != (zip.sha256, zip.size)
    {
        return Some(n);
    }
    let index = inputs.log.as_ref().and_then(|log| log.leaf_index);
    let wrong = |event: &Event| match event {
        Event::Logged { leaf_index } => index.is_some_and(|index| index != *leaf_index),
        Event::Decided {
            document_sha256, ..
        } => !decided.contains(document_sha256),
        _ => false,
    };
    events
        .iter()
        .find(|(_, event)| wrong(event))
        .map(|(n, _)| *n)
}

/// What stands in an export's `receipt/keys/`.
struct Given {
    keys: Vec<Vkey>,
    entries: Vec<Vec<u8>>,
    /// Revocation leaves with their proofs of inclusion.
    revoked: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Given {
    fn read(source: &dyn Source, outer: &bag::BagCheck, findings: &mut Vec<Finding>) -> Self {
        let mut given = Self {
            keys: Vec::new(),
            entries: Vec::new(),
            revoked: Vec::new(),
        };
        let read = |path: &str, limit| read_small(source, path, limit).ok().flatten();
        let names = outer.sizes.keys();
        for name in names
            .filter(|path| path.starts_with("data/receipt/keys/"))
            .take(256)
        {
            if name.ends_with(".tlog-proof") {
                continue;
            }
            let bytes = read(name, MAX_LEAF).unwrap_or_default();
            if name.ends_with(".entry") {
                given.entries.push(bytes);
            } else if name.ends_with(".revoked") {
                let proof = read(&format!("{name}.tlog-proof"), MAX_PROOF_BYTES);
                given.revoked.push((bytes, proof));
            } else {
                match parse_vkeys(&bytes) {
                    Some(parsed) => given.keys.extend(parsed),
                    None => findings.push(Finding::new(Code::KeyMalformed).about(name)),
                }
            }
        }
        given
    }

    /// The revocations by the authority, with their places in the log where those are proved.
    fn revocations(&self, trust: Option<&Trust>, rotations: &[File<'_>]) -> Vec<Revocation> {
        let known: Vec<&Vkey> = match trust {
            Some(trust) => trust.keys.iter().collect(),
            None => self.keys.iter().collect(),
        };
        let place = |(note, proof): &(Vec<u8>, Option<Vec<u8>>)| {
            let parsed = Note::parse(note).ok()?;
            let body = Revoked::parse(&parsed.text).ok()?;
            let origin = &body.origin;
            let of_role = |role| {
                known.iter().copied().filter(move |key| {
                    KeyName::parse(origin, key.name()).is_ok_and(|name| name.role == role)
                })
            };
            let authorities: Vec<Vkey> = of_role(KeyRole::Authority).cloned().collect();
            authorities
                .iter()
                .find(|key| parsed.verify_by(key).is_ok())?;
            let mut logs: Vec<Vkey> = of_role(KeyRole::Log).cloned().collect();
            logs.extend(follow(
                origin,
                &logs,
                &authorities,
                rotations,
                &mut Vec::new(),
            ));
            let leaf = fieldseal_tlog::merkle::leaf_hash(note);
            let proof = proof
                .as_ref()
                .and_then(|proof| TlogProof::parse(proof).ok());
            let proved = proof.filter(|proof| proof.verify_by(&leaf, &logs).is_ok());
            Some(Revocation {
                key: Vkey::parse(&body.vkey).ok()?,
                leaf_index: proved.map(|proof| proof.index),
            })
        };
        self.revoked.iter().filter_map(place).collect()
    }
}
