//! The verifier: everything that can be said of a packet or an export, as findings. It never stops at the first problem, and
//! it returns a report, not an error: a broken packet is a result.

mod attestation;
mod bag;
mod captures;
mod children;
mod clock;
mod cms;
mod content;
mod export;
mod heartbeats;
mod keys;
mod log;
mod rotation;
mod seal;
mod sm3;
mod source;
mod time;
mod tokens;

pub use export::{is_export, verify_export};
pub use rotation::{Continuation, followed_log_keys};
pub use source::{Source, Window, ZipSource};

use crate::bag::SEAL;
use crate::custody::{Head, Line};
use crate::findings::{Code, Finding, Report};
use crate::form::Form;
use crate::record::Record;
use crate::seal::SealBody;
use crate::trust::Trust;
use crate::zipread::{ReadAt, ZipError};
use crate::{PacketId, Sha256Digest, Sm3Digest};
use fieldseal_tlog::note::Vkey;
use serde::{Deserialize, Serialize};

/// What a packet is checked against, beside itself.
#[derive(Default)]
pub struct Inputs<'a> {
    /// Trust anchors; without them self-supplied keys leave the anchor not proved.
    pub trust: Option<&'a Trust>,
    /// Further keys that came along.
    pub keys: &'a [Vkey],
    /// Further enrolment entries that came along: signed notes.
    pub entries: &'a [Vec<u8>],
    /// What the log and the server gave.
    pub log: Option<LogEvidence<'a>>,
    /// Revocations known from the log.
    pub revocations: &'a [Revocation],
    /// The zip as a file, for the receipt.
    pub zip: Option<ZipFacts>,
    /// Leaves by which the log's key was rotated, oldest first.
    pub log_rotations: &'a [File<'a>],
    /// The first leaf of a log that continues another.
    pub continued: Option<Continuation<'a>>,
    /// Makers' certificates of the device's key.
    pub attestations: &'a [File<'a>],
    /// What an earlier look at the very same zip found of its files: they are not read for it again. Nothing else of that look is taken over.
    pub hashed: &'a [FileDigests],
}

/// What a file of a packet was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigests {
    /// Where it stands.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Of its bytes.
    pub sha256: Sha256Digest,
    /// Of its bytes, where the packet has an SM3 manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm3: Option<Sm3Digest>,
    /// Of its bytes, where a zip claims one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc32: Option<u32>,
}

/// A small file that came along.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Where it stands.
    pub path: &'a str,
    /// None: it could not be read, or is too large.
    pub bytes: Option<&'a [u8]>,
}

/// What the log and the server gave for a packet, as stored bytes.
#[derive(Default)]
pub struct LogEvidence<'a> {
    /// Receipt note.
    pub receipt: Option<&'a [u8]>,
    /// tlog-proof.
    pub proof: Option<&'a [u8]>,
    /// Checkpoint note; must be the proof's.
    pub checkpoint: Option<&'a [u8]>,
    /// Consistency proof from the seen checkpoint to the proof's.
    pub consistency: Option<&'a [u8]>,
    /// Timestamp tokens on that checkpoint.
    pub tokens: &'a [Token<'a>],
    /// Leaf's index, where the caller knows it from the log itself.
    pub leaf_index: Option<u64>,
    /// Heartbeats of the device, by their index.
    pub heartbeats: &'a [Heartbeat<'a>],
}

/// A timestamp token as a file: a TimeStampResp.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    /// Where it stands.
    pub path: &'a str,
    /// None: it could not be read, or is larger than any token.
    pub bytes: Option<&'a [u8]>,
    /// The token that it renews, by its place before this one among those given. None: it is over the checkpoint's text.
    pub renews: Option<usize>,
}

/// A heartbeat that came along, as stored bytes.
#[derive(Debug, Clone, Copy)]
pub struct Heartbeat<'a> {
    /// Where the note stands: `<index>.note`; its proof stands beside it.
    pub path: &'a str,
    /// The leaf's index in the log.
    pub index: u64,
    /// The leaf.
    pub note: &'a [u8],
    /// Its proof of inclusion.
    pub proof: Option<&'a [u8]>,
    /// Timestamp tokens on the proof's checkpoint.
    pub tokens: &'a [Token<'a>],
}

/// A key that was revoked, and where in the log.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// The key.
    pub key: Vkey,
    /// Index of the revocation's leaf, where it is proved.
    pub leaf_index: Option<u64>,
}

/// A packet's zip as a file.
#[derive(Debug, Clone, Copy)]
pub struct ZipFacts {
    /// Of the zip.
    pub sha256: Sha256Digest,
    /// Bytes.
    pub size: u64,
}

/// The report on a packet, with what could be read from it.
pub struct PacketCheck {
    /// Findings and verdict.
    pub report: Report,
    /// Packet's id, by the seal.
    pub packet: Option<PacketId>,
    /// Packet digest: sha256 of the file `packet.seal`.
    pub seal_sha256: Option<Sha256Digest>,
    /// The seal's text.
    pub seal: Option<SealBody>,
    /// The record.
    pub record: Option<Record>,
    /// The form that it was made with.
    pub form: Option<Form>,
    /// The custody log.
    pub custody: Vec<Line>,
    /// Every file: path, size, digest where it could be read.
    pub files: Vec<(String, u64, Option<Sha256Digest>)>,
    /// What each file that could be read was found to be: for a later look at the same zip.
    pub hashed: Vec<FileDigests>,
}

/// Verifies a packet's zip, its own form included.
pub fn verify_zip(file: &dyn ReadAt, inputs: &Inputs<'_>) -> PacketCheck {
    let source = match ZipSource::open(file) {
        Ok(source) => source,
        Err(error) => return PacketCheck::unreadable(zip_finding(&error)),
    };
    let mut check = verify_packet(&source, inputs);
    let named = folder_finding(&source, &check);
    check.report = check.report.adding(named);
    check
}

/// What the zip's form adds: its top folder is named by the packet, and whether the zip is as this product writes it.
fn folder_finding(source: &ZipSource<'_>, check: &PacketCheck) -> Vec<Finding> {
    let named = check
        .packet
        .is_none_or(|packet| source.folder == crate::bag::packet_folder(&packet));
    let mut findings = vec![Finding::new(if named {
        Code::ZipOk
    } else {
        Code::ZipTopFolder
    })];
    if !source.canonical || !in_order(source) {
        findings.push(Finding::new(Code::ZipNotCanonical));
    }
    findings
}

fn in_order(source: &ZipSource<'_>) -> bool {
    source
        .in_file_order()
        .is_sorted_by_key(|path| crate::bag::order_key(path))
}

/// The finding for a zip that was refused.
pub fn zip_finding(error: &ZipError) -> Finding {
    let code = match error {
        ZipError::Io(_) => Code::FileUnreadable,
        ZipError::Malformed(_) => Code::ZipMalformed,
        ZipError::Method => Code::ZipMethod,
        ZipError::Limit(_) => Code::ZipLimit,
        ZipError::Name => Code::ZipNameUnsafe,
        ZipError::Duplicate => Code::ZipNameDuplicate,
        ZipError::Kind => Code::ZipEntryKind,
        ZipError::TopFolder => Code::ZipTopFolder,
    };
    let detail = match error {
        ZipError::Io(error) => error.kind().to_string(),
        ZipError::Malformed(what) | ZipError::Limit(what) => (*what).to_owned(),
        _ => String::new(),
    };
    Finding::new(code).with(detail)
}

impl PacketCheck {
    /// A packet of which nothing could be read but that it can't be.
    pub fn unreadable(finding: Finding) -> Self {
        Self {
            report: Report::new(None, vec![finding]),
            packet: None,
            seal_sha256: None,
            seal: None,
            record: None,
            form: None,
            custody: Vec::new(),
            files: Vec::new(),
            hashed: Vec::new(),
        }
    }
}

/// Verifies an opened packet. The name of its folder is not checked.
pub fn verify_packet(source: &dyn Source, inputs: &Inputs<'_>) -> PacketCheck {
    let mut bag = bag::check(source, bag::PACKET_UNLISTED, inputs.hashed);
    let mut findings = std::mem::take(&mut bag.findings);
    findings.extend(bag::packet_info(source));
    let seal = match source::read_small(source, SEAL, crate::seal::MAX_SEAL) {
        Ok(Some(bytes)) => seal::Seal::read(bytes),
        Ok(None) => Err(Finding::new(Code::SealMissing)),
        Err(error) => Err(Finding::new(Code::SealMalformed).with(error.kind())),
    };
    let seal = seal.map_err(|finding| findings.push(finding)).ok();
    let (record, form) = content::record_and_form(source, &bag, &mut findings);
    let packet = seal.as_ref().map(|seal| seal.body.packet);
    let custody = content::read_custody(source, content::CUSTODY, Head::START, &mut findings)
        .unwrap_or_default();
    if !custody.is_empty() {
        clock::check(&custody, content::CUSTODY, &mut findings);
        content::check_custody(
            &custody,
            packet.as_ref(),
            record.as_ref(),
            seal.as_ref(),
            &mut findings,
        );
    }
    let mut times = time::Times::default();
    let mut captures = Default::default();
    let mut device_keys = Vec::new();
    if let Some(seal) = &seal {
        seal::check_body(seal, &bag, &mut findings);
        let keys = keys::Keys::gather(source, &seal.body.origin, inputs, &mut findings);
        device_keys = seal::check_lines(seal, &keys, record.as_ref(), inputs, &mut findings);
        findings.push(anchor(&seal.body.origin, inputs.trust));
        log::check_seen(source, seal, &keys, &mut findings);
        let logged = log::check_log(seal, &keys, inputs, &mut findings);
        times = time::check(
            source,
            &bag,
            seal,
            inputs,
            logged.by_the_file,
            &mut findings,
        );
        let around = captures::Around {
            bag: &bag,
            seal,
            keys: &keys,
            device_keys: &device_keys,
            logged: &logged,
            seen: &times.seen,
            record: record.as_ref(),
        };
        captures = captures::check(&custody, &around, inputs, &mut findings);
        rotation::check_continued(seal, &keys, inputs, &mut findings);
        attestation::check(&device_keys, &keys, inputs, &mut findings);
    }
    cms::check(
        source,
        &bag,
        seal.as_ref(),
        &device_keys,
        inputs,
        &mut findings,
    );
    unused_anchor(&mut findings);
    if let Some(record) = &record {
        content::reported(record, &mut findings);
    }
    items(record.as_ref(), &bag, &mut findings);
    let seal_sha256 = seal.as_ref().map(|seal| Sha256Digest::of(&seal.bytes));
    let files = bag
        .sizes
        .iter()
        .map(|(path, size)| (path.clone(), *size, bag.digests.get(path).copied()))
        .collect();
    PacketCheck {
        report: Report {
            sealed_after: times.interval.sealed_after,
            logged_before: times.interval.logged_before,
            captures: captures.0,
            progress: captures.1,
            ..Report::new(packet.map(|packet| packet.to_string()).or(bag.id), findings)
        },
        packet,
        seal_sha256,
        seal: seal.map(|seal| seal.body),
        record,
        form,
        custody,
        files,
        hashed: bag.hashed,
    }
}

fn anchor(origin: &str, trust: Option<&Trust>) -> Finding {
    match trust {
        None => Finding::new(Code::TrustAnchorSelfSupplied),
        Some(trust) if trust.knows_origin(origin) => Finding::new(Code::TrustAnchorOk),
        Some(_) => Finding::new(Code::TrustAnchorOtherOrigin).about(origin),
    }
}

/// A trust file of the same name whose keys made nothing here anchors nothing.
fn unused_anchor(findings: &mut [Finding]) {
    let by_anchor = [
        Code::DeviceEnrolled,
        Code::OfficerEnrolled,
        Code::LogInclusionOk,
        Code::ReceiptOk,
        Code::SeenCheckpointOk,
    ];
    let used = findings
        .iter()
        .any(|finding| by_anchor.contains(&finding.code));
    for finding in findings {
        if finding.code == Code::TrustAnchorOk && !used {
            finding.code = Code::TrustAnchorUnused;
        }
    }
}

fn items(record: Option<&Record>, bag: &bag::BagCheck, findings: &mut Vec<Finding>) {
    let Some(record) = record.filter(|record| !record.items.is_empty()) else {
        return;
    };
    if record
        .items
        .iter()
        .all(|item| bag.digests.get(&item.path) == Some(&item.sha256))
    {
        findings.push(Finding::new(Code::ItemsOk).with(record.items.len()));
    }
}
