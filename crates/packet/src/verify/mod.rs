//! The verifier: everything that can be said of a packet or an export, as findings. It never stops at the first problem, and
//! it returns a report, not an error: a broken packet is a result.

mod bag;
mod children;
mod clock;
mod content;
mod export;
mod keys;
mod log;
mod seal;
mod sm3;
mod source;
mod time;

pub use export::{is_export, verify_export};
pub use source::{Source, Window, ZipSource};

use crate::bag::SEAL;
use crate::custody::{Head, Line};
use crate::findings::{Code, Finding, Report};
use crate::form::Form;
use crate::record::Record;
use crate::seal::SealBody;
use crate::trust::Trust;
use crate::zipread::{ReadAt, ZipError};
use crate::{PacketId, Sha256Digest};
use fieldseal_tlog::note::Vkey;

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
}

/// A timestamp token as a file: a TimeStampResp.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    /// Where it stands.
    pub path: &'a str,
    /// None: it could not be read, or is larger than any token.
    pub bytes: Option<&'a [u8]>,
    /// The token that it renews, as a file. None: it is over the checkpoint's text.
    pub renews: Option<&'a [u8]>,
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
}

/// Verifies a packet's zip, its own form included.
pub fn verify_zip(file: &dyn ReadAt, inputs: &Inputs<'_>) -> PacketCheck {
    let source = match ZipSource::open(file) {
        Ok(source) => source,
        Err(error) => return PacketCheck::unreadable(zip_finding(&error)),
    };
    let mut check = verify_packet(&source, inputs);
    let mut findings = std::mem::take(&mut check.report.findings);
    findings.extend(folder_finding(&source, &check));
    check.report = Report {
        sealed_after: check.report.sealed_after,
        logged_before: check.report.logged_before,
        ..Report::new(check.report.id.take(), findings)
    };
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
        }
    }
}

/// Verifies an opened packet. The name of its folder is not checked.
pub fn verify_packet(source: &dyn Source, inputs: &Inputs<'_>) -> PacketCheck {
    let mut bag = bag::check(source, bag::PACKET_UNLISTED);
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
    let mut interval = time::Interval::default();
    if let Some(seal) = &seal {
        seal::check_body(seal, &bag, &mut findings);
        let keys = keys::Keys::gather(source, &seal.body.origin, inputs, &mut findings);
        seal::check_lines(seal, &keys, record.as_ref(), inputs, &mut findings);
        findings.push(anchor(&seal.body.origin, inputs.trust));
        log::check_seen(source, seal, &keys, &mut findings);
        let included = log::check_log(seal, &keys, inputs, &mut findings);
        interval = time::check(source, &bag, seal, inputs, included, &mut findings);
    }
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
            sealed_after: interval.sealed_after,
            logged_before: interval.logged_before,
            ..Report::new(packet.map(|packet| packet.to_string()).or(bag.id), findings)
        },
        packet,
        seal_sha256,
        seal: seal.map(|seal| seal.body),
        record,
        form,
        custody,
        files,
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
