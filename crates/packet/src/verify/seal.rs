//! Checks of the seal: it names this bag, and its lines are by the device and the officers whom the record names.

use super::Inputs;
use super::bag::BagCheck;
use super::keys::Keys;
use crate::bag::{MANIFEST_SM3, TAGMANIFEST, TAGMANIFEST_SM3};
use crate::findings::{Code, Finding};
use crate::record::Record;
use crate::seal::SealBody;
use crate::{KeyName, KeyRole};
use fieldseal_tlog::note::{LineCheck, Note, SignatureLine, Vkey};

/// A seal that could be read.
pub(crate) struct Seal {
    pub bytes: Vec<u8>,
    pub note: Note,
    pub body: SealBody,
}

impl Seal {
    pub(crate) fn read(bytes: Vec<u8>) -> Result<Self, Finding> {
        let malformed = |why: String| Finding::new(Code::SealMalformed).with(why);
        if bytes.len() > crate::seal::MAX_SEAL {
            return Err(malformed("too large".to_owned()));
        }
        let note = Note::parse(&bytes).map_err(|error| malformed(error.to_string()))?;
        let body = SealBody::parse(&note.text).map_err(|error| malformed(error.to_string()))?;
        Ok(Self { bytes, note, body })
    }
}

/// What the seal's text says of the bag.
pub(crate) fn check_body(seal: &Seal, bag: &BagCheck, findings: &mut Vec<Finding>) {
    let before = findings.len();
    let packet = seal.body.packet.to_string();
    if bag.id.as_deref() != Some(packet.as_str()) {
        findings.push(Finding::new(Code::SealPacketMismatch).about(packet));
    }
    if bag.digests.get(TAGMANIFEST) != Some(&seal.body.tagmanifest_sha256) {
        findings.push(Finding::new(Code::SealTagmanifestMismatch));
    }
    // The second tag manifest stands in no manifest: the seal alone vouches for it.
    match (
        &seal.body.tagmanifest_sm3,
        bag.digests.contains_key(TAGMANIFEST_SM3),
    ) {
        (None, true) => findings.push(Finding::new(Code::FileUnlisted).about(TAGMANIFEST_SM3)),
        (Some(_), false) => findings.push(Finding::new(Code::FileMissing).about(TAGMANIFEST_SM3)),
        (Some(named), true)
            if bag
                .sm3
                .get(TAGMANIFEST_SM3)
                .is_some_and(|found| found != named) =>
        {
            findings.push(Finding::new(Code::SealTagmanifestMismatch).about(TAGMANIFEST_SM3));
        }
        _ => {}
    }
    if seal.body.tagmanifest_sm3.is_some() && !bag.digests.contains_key(MANIFEST_SM3) {
        findings.push(Finding::new(Code::ManifestMissing).about(MANIFEST_SM3));
    }
    if findings.len() == before {
        findings.push(Finding::new(Code::SealOk));
    }
}

/// The seal's lines, against the keys and the officers and device that the record names. Gives the keys by which lines of the device are right.
pub(crate) fn check_lines(
    seal: &Seal,
    keys: &Keys<'_>,
    record: Option<&Record>,
    inputs: &Inputs<'_>,
    findings: &mut Vec<Finding>,
) -> Vec<Vkey> {
    let origin = &seal.body.origin;
    let role_of = |line: &SignatureLine| {
        KeyName::parse(origin, &line.name)
            .ok()
            .map(|name| name.role)
    };
    let with_role = |role: KeyRole| {
        seal.note
            .signatures
            .iter()
            .filter(move |line| role_of(line) == Some(role))
    };

    let devices: Vec<&SignatureLine> = with_role(KeyRole::Device).collect();
    if devices.is_empty() {
        findings.push(Finding::new(Code::DeviceLineAbsent));
    }
    let mut judge = Judge {
        seal,
        keys,
        inputs,
        findings,
    };
    // A line that was added beside those of the record's device and officers neither helps nor harms.
    let is_named = |line: &SignatureLine| record.is_none_or(|record| record.device == line.name);
    let mut device_keys: Vec<Vkey> = Vec::new();
    for line in &devices {
        if !is_named(line) {
            judge
                .findings
                .push(Finding::new(Code::SignatureUnknown).about(&line.name));
        } else if let Some(key) = judge.line(line, &DEVICE) {
            judge.sequence(&key);
            device_keys.push(key);
        }
    }
    let officers: Vec<&SignatureLine> = with_role(KeyRole::Officer).collect();
    let mut signed: Vec<Vkey> = Vec::new();
    for line in &officers {
        let named = record.is_none_or(|record| {
            record
                .officers
                .iter()
                .any(|officer| officer.key == line.name)
        });
        if named {
            signed.extend(judge.line(line, &OFFICER));
        } else if judge.check(line) == LineCheck::Invalid {
            judge
                .findings
                .push(Finding::new(Code::OfficerLineInvalid).about(&line.name));
        } else {
            judge
                .findings
                .push(Finding::new(Code::SignatureUnknown).about(&line.name));
        }
    }
    for line in seal
        .note
        .signatures
        .iter()
        .filter(|line| !matches!(role_of(line), Some(KeyRole::Device | KeyRole::Officer)))
    {
        findings.push(Finding::new(Code::SignatureUnknown).about(&line.name));
    }
    if let Some(record) = record {
        if !devices.is_empty() && !devices.iter().any(|line| line.name == record.device) {
            findings.push(Finding::new(Code::RecordDeviceMismatch).about(&record.device));
        }
        named_officers(record, &officers, &signed, &device_keys, findings);
    }
    device_keys
}

fn named_officers(
    record: &Record,
    lines: &[&SignatureLine],
    signed: &[Vkey],
    device_keys: &[Vkey],
    findings: &mut Vec<Finding>,
) {
    let mut names: Vec<&str> = record
        .officers
        .iter()
        .map(|officer| officer.key.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in &names {
        if !lines.iter().any(|line| line.name == *name) {
            findings.push(Finding::new(Code::OfficerLineAbsent).about(*name));
        }
    }
    let mut materials: Vec<&[u8]> = signed.iter().map(Vkey::material).collect();
    materials.sort_unstable();
    materials.dedup();
    let mut signers: Vec<&str> = signed.iter().map(Vkey::name).collect();
    signers.sort_unstable();
    signers.dedup();
    let by_device = device_keys
        .iter()
        .any(|key| materials.contains(&key.material()));
    if materials.len() < signers.len() || by_device {
        findings.push(Finding::new(Code::OfficersSameKey));
    } else if names.len() < 2 {
        findings.push(Finding::new(Code::SecondOfficerAbsent));
    } else if signers.len() >= 2 {
        findings.push(Finding::new(Code::TwoOfficersOk));
    }
}

/// The codes of one role.
struct RoleCodes {
    ok: Code,
    unknown: Code,
    invalid: Code,
    enrolled: Code,
    not_enrolled: Code,
}

const DEVICE: RoleCodes = RoleCodes {
    ok: Code::DeviceLineOk,
    unknown: Code::DeviceKeyUnknown,
    invalid: Code::DeviceLineInvalid,
    enrolled: Code::DeviceEnrolled,
    not_enrolled: Code::DeviceNotEnrolled,
};

const OFFICER: RoleCodes = RoleCodes {
    ok: Code::OfficerLineOk,
    unknown: Code::OfficerKeyUnknown,
    invalid: Code::OfficerLineInvalid,
    enrolled: Code::OfficerEnrolled,
    not_enrolled: Code::OfficerNotEnrolled,
};

struct Judge<'a, 'b> {
    seal: &'a Seal,
    keys: &'a Keys<'b>,
    inputs: &'a Inputs<'b>,
    findings: &'a mut Vec<Finding>,
}

impl Judge<'_, '_> {
    fn check(&self, line: &SignatureLine) -> LineCheck {
        self.seal.note.check(line, &self.keys.all)
    }

    /// Judges one line; gives its key when it verified.
    fn line(&mut self, line: &SignatureLine, codes: &RoleCodes) -> Option<Vkey> {
        let code = match self.check(line) {
            LineCheck::Verified => codes.ok,
            LineCheck::UnknownKey => codes.unknown,
            LineCheck::Unsupported => Code::SignatureUnsupported,
            LineCheck::Invalid => codes.invalid,
        };
        self.findings.push(Finding::new(code).about(&line.name));
        if code != codes.ok {
            return None;
        }
        let key = self.keys.all.find(&line.name, line.key_id)?.clone();
        let enrolment = if self.keys.is_enrolled(&key) {
            codes.enrolled
        } else {
            codes.not_enrolled
        };
        self.findings
            .push(Finding::new(enrolment).about(&line.name));
        self.revocation(&key);
        Some(key)
    }

    /// Logged before a revocation: nothing to say. Failed only if the checkpoint that the seal names holds the revocation.
    fn revocation(&mut self, key: &Vkey) {
        let seen = self.seal.body.seen_checkpoint.map_or(0, |(size, _)| size);
        let logged = self.inputs.log.as_ref().and_then(|log| log.leaf_index);
        let revoked = self.inputs.revocations.iter();
        let revoked: Vec<Option<u64>> = revoked
            .filter(|revocation| &revocation.key == key)
            .map(|revocation| revocation.leaf_index)
            .collect();
        if revoked.iter().flatten().any(|index| *index < seen) {
            self.findings
                .push(Finding::new(Code::KeyRevokedBeforeSeal).about(key.name()));
        } else if revoked
            .iter()
            // Without a place in the log nothing says that it came afterwards.
            .any(|index| index.is_none_or(|index| logged.is_none_or(|logged| index < logged)))
        {
            self.findings
                .push(Finding::new(Code::KeyRevokedBeforeLogging).about(key.name()));
        }
    }

    /// The first packet follows the device's enrolment; a later one follows a packet that isn't here.
    fn sequence(&mut self, key: &Vkey) {
        let body = &self.seal.body;
        let mut entries = self.keys.entries_of(key).peekable();
        let finding = if body.device_seq != 1 || entries.peek().is_none() {
            Finding::new(Code::DeviceSequence).with(body.device_seq)
        } else if entries.any(|entry| entry == body.device_prev) {
            Finding::new(Code::DeviceFirst)
        } else {
            Finding::new(Code::DevicePrevMismatch).about(key.name())
        };
        self.findings.push(finding);
    }
}
