//! Which keys there are, and which of them the authority has enrolled.

use super::source::{Source, read_small};
use super::{Inputs, rotation};
use crate::entry::{Enrolled, MAX_LEAF, Rotated, SubjectKind};
use crate::findings::{Code, Finding};
use crate::trust::Trust;
use crate::{KeyName, KeyRole, Sha256Digest, Timestamp};
use fieldseal_tlog::note::{KeySet, LineCheck, Note, Vkey};

/// At most this many key and entry files are read.
const MAX_FILES: usize = 256;

/// Keys and enrolments that a packet and its surroundings supply.
pub(crate) struct Keys<'a> {
    /// All keys by which lines can be checked.
    pub all: KeySet,
    /// Enrolments whose authority signature is right.
    enrolled: Vec<Enrolment>,
    /// Keys of the log that its known keys have named as their successors.
    followed: Vec<Vkey>,
    trust: Option<&'a Trust>,
    supplied: &'a [Vkey],
}

impl<'a> Keys<'a> {
    /// Gathers keys from the packet's `seal/keys/`, from what came along, and from the trust anchors.
    pub(crate) fn gather(
        source: &dyn Source,
        origin: &str,
        inputs: &Inputs<'a>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut keys = Self {
            all: KeySet::default(),
            enrolled: Vec::new(),
            followed: Vec::new(),
            trust: inputs.trust,
            supplied: inputs.keys,
        };
        let trusted = inputs.trust.iter().flat_map(|trust| trust.keys.iter());
        for key in trusted.chain(inputs.keys) {
            keys.insert(key.clone(), findings);
        }
        let of_role = |role| keys.role(origin, role).cloned().collect::<Vec<Vkey>>();
        let (logs, authorities) = (of_role(KeyRole::Log), of_role(KeyRole::Authority));
        keys.followed =
            rotation::follow(origin, &logs, &authorities, inputs.log_rotations, findings);
        let mut entries: Vec<Vec<u8>> = Vec::new();
        for (path, _) in source
            .files()
            .into_iter()
            .filter(|(path, _)| path.starts_with("seal/keys/"))
            .take(MAX_FILES)
        {
            let Ok(Some(bytes)) = read_small(source, &path, MAX_LEAF) else {
                findings.push(Finding::new(Code::KeyMalformed).about(path));
                continue;
            };
            if path.ends_with(".entry") {
                entries.push(bytes);
            } else if keys.read_vkeys(&bytes, findings).is_none() {
                findings.push(Finding::new(Code::KeyMalformed).about(path));
            }
        }
        for entry in entries.iter().chain(inputs.entries) {
            keys.enrolment(entry, origin, findings);
        }
        keys
    }

    fn insert(&mut self, key: Vkey, findings: &mut Vec<Finding>) {
        let name = key.name().to_owned();
        if self.all.insert(key).is_err() {
            findings.push(Finding::new(Code::KeyConflict).about(name));
        }
    }

    fn read_vkeys(&mut self, bytes: &[u8], findings: &mut Vec<Finding>) -> Option<()> {
        let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
        // A line that is no key spoils none of the others.
        let mut read = Some(());
        for line in text.split('\n') {
            match Vkey::parse(line) {
                Ok(key) => self.insert(key, findings),
                Err(_) => read = None,
            }
        }
        read
    }

    fn enrolment(&mut self, bytes: &[u8], origin: &str, findings: &mut Vec<Finding>) {
        let invalid = |subject: &str| Finding::new(Code::EnrolmentInvalid).about(subject);
        let Ok(note) = Note::parse(bytes) else {
            findings.push(invalid(""));
            return;
        };
        // An entry of another deployment claims nothing here.
        let Some(entry) = Binding::read(&note.text) else {
            findings.push(invalid(""));
            return;
        };
        if entry.origin != origin {
            return;
        }
        let role = KeyName::parse(origin, &entry.subject).map(|name| name.role);
        let expected = match entry.kind {
            SubjectKind::Device => KeyRole::Device,
            SubjectKind::Officer => KeyRole::Officer,
        };
        let key = Vkey::parse(&entry.vkey)
            .ok()
            .filter(|key| key.name() == entry.subject && role == Ok(expected));
        let Some(key) = key else {
            findings.push(invalid(&entry.subject));
            return;
        };
        let authorities: Vec<Vkey> = self.role(origin, KeyRole::Authority).cloned().collect();
        let checks: Vec<LineCheck> = note
            .signatures
            .iter()
            .map(|line| note.check(line, &authorities))
            .collect();
        if checks.contains(&LineCheck::Invalid) {
            findings.push(invalid(&entry.subject));
        } else if checks.contains(&LineCheck::Verified) {
            self.enrolled.push(Enrolment {
                key: key.clone(),
                entry: Sha256Digest::of(bytes),
                at: entry.at,
            });
        }
        self.insert(key, findings);
    }

    /// The keys of a role that belongs to the server: the trusted ones, or without trust anchors those that came along. Of the log, those
    /// that they lead to as well.
    pub(crate) fn role<'b>(
        &'b self,
        origin: &'b str,
        role: KeyRole,
    ) -> Box<dyn Iterator<Item = &'b Vkey> + 'b> {
        let is_of = move |key: &&'b Vkey| {
            KeyName::parse(origin, key.name()).is_ok_and(|name| name.role == role)
        };
        let followed = self.followed.iter().filter(is_of);
        match self.trust {
            Some(trust) => Box::new(trust.role(origin, role).chain(followed)),
            None => Box::new(self.supplied.iter().filter(is_of).chain(followed)),
        }
    }

    /// Whether the authority has enrolled this key, or the trust anchors name it.
    pub(crate) fn is_enrolled(&self, key: &Vkey) -> bool {
        let anchored = self
            .trust
            .is_some_and(|trust| trust.keys.iter().any(|known| known == key));
        anchored || self.enrolled.iter().any(|known| known.key == *key)
    }

    /// sha256 of each entry that enrols this key.
    pub(crate) fn entries_of<'b>(
        &'b self,
        key: &'b Vkey,
    ) -> impl Iterator<Item = Sha256Digest> + 'b {
        self.enrolled
            .iter()
            .filter(move |known| known.key == *key)
            .map(|known| known.entry)
    }

    /// When the authority says that it enrolled this key first.
    pub(crate) fn enrolled_at(&self, key: &Vkey) -> Option<Timestamp> {
        let enrolments = self.enrolled.iter().filter(|known| known.key == *key);
        enrolments.map(|known| known.at).min()
    }
}

/// A key that the authority has enrolled.
struct Enrolment {
    key: Vkey,
    /// sha256 of the entry.
    entry: Sha256Digest,
    at: Timestamp,
}

/// What an entry binds: an enrolment, or the key that a rotation begins.
struct Binding {
    origin: String,
    kind: SubjectKind,
    subject: String,
    vkey: String,
    at: Timestamp,
}

impl Binding {
    fn read(text: &str) -> Option<Self> {
        if let Ok(Enrolled {
            origin,
            kind,
            subject,
            vkey,
            enrolled_at: at,
        }) = Enrolled::parse(text)
        {
            return Some(Self {
                origin,
                kind,
                subject,
                vkey,
                at,
            });
        }
        let Rotated {
            origin,
            kind,
            subject,
            vkey,
            rotated_at: at,
            ..
        } = Rotated::parse(text).ok()?;
        Some(Self {
            origin,
            kind,
            subject,
            vkey,
            at,
        })
    }
}
