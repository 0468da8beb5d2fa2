//! The signatures: every line of every leaf, many at a time ([`verify_each`]), each named when it is wrong.

use std::collections::HashMap;

use fieldseal_packet::entry::{
    Decision, Enrolled, Heartbeat, MAX_LEAF, Quarantined, Retired, Revoked, Rotated, SubjectKind,
    Tombstone,
};
use fieldseal_packet::seal::SealBody;
use fieldseal_packet::trust::Trust;
use fieldseal_packet::{KeyName, KeyRole};
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::note::{Note, SignatureError, SignatureLine, Signed, Vkey, verify_each};
use fieldseal_tlog::tile::TILE_WIDTH;

use super::{Files, Outcome};
use crate::verify::in_order;

/// Bytes of bundles that are looked at together: the more, the more signatures share a key's table.
const TOGETHER: u64 = 64 << 20;

/// Who may sign, by the name and id that a line carries.
pub struct Keys<'a> {
    origin: &'a str,
    keys: HashMap<(String, u32), Vkey>,
}

impl<'a> Keys<'a> {
    /// The trusted keys, and those that the trusted authority has enrolled in this log.
    pub fn gather(
        origin: &'a str,
        trust: &Trust,
        enrolments: Vec<(u64, Note)>,
        outcome: &mut Outcome,
    ) -> Self {
        let mut keys = Self {
            origin,
            keys: HashMap::new(),
        };
        for key in trust.keys.iter() {
            keys.insert(key.clone());
        }
        let by_authority =
            |line: &&SignatureLine| keys.role(&line.name) == Some(KeyRole::Authority);
        let lines: Vec<(&Note, &Vkey, &SignatureLine)> = enrolments
            .iter()
            .flat_map(|(_, note)| {
                note.signatures
                    .iter()
                    .filter(by_authority)
                    .map(move |line| (note, line))
            })
            .filter_map(|(note, line)| Some((note, keys.find(line)?, line)))
            .collect();
        let signed: Vec<Signed<'_>> = lines
            .iter()
            .map(|(note, key, line)| Signed {
                key,
                message: note.text.as_bytes(),
                signature: &line.signature,
            })
            .collect();
        // A wrong line is a problem of its leaf, found when all lines are looked at.
        let good = lines
            .iter()
            .zip(verify_each(&signed))
            .filter(|(_, answer)| answer.is_ok());
        let bound: Vec<Vkey> = good
            .filter_map(|((note, ..), _)| binding(origin, &note.text))
            .collect();
        for key in bound {
            let name = key.name().to_owned();
            if !keys.insert(key) {
                outcome.problem(format!("two different keys of {name} have one id"));
            }
        }
        keys
    }

    /// False when another key has this name and id.
    fn insert(&mut self, key: Vkey) -> bool {
        let place = (key.name().to_owned(), key.key_id());
        *self.keys.entry(place).or_insert_with(|| key.clone()) == key
    }

    fn find(&self, line: &SignatureLine) -> Option<&Vkey> {
        self.keys.get(&(line.name.clone(), line.key_id))
    }

    fn role(&self, name: &str) -> Option<KeyRole> {
        KeyName::parse(self.origin, name).ok().map(|name| name.role)
    }
}

/// The key that an enrolment or a rotation binds, when it is of the name and the kind that it says.
fn binding(origin: &str, text: &str) -> Option<Vkey> {
    let (of, kind, subject, vkey) = match Enrolled::parse(text) {
        Ok(entry) => (entry.origin, entry.kind, entry.subject, entry.vkey),
        Err(_) => {
            let entry = Rotated::parse(text).ok()?;
            (entry.origin, entry.kind, entry.subject, entry.vkey)
        }
    };
    let role = match kind {
        SubjectKind::Device => KeyRole::Device,
        SubjectKind::Officer => KeyRole::Officer,
    };
    let key = Vkey::parse(&vkey).ok()?;
    let named = KeyName::parse(origin, &subject).is_ok_and(|name| name.role == role);
    (of == origin && named && key.name() == subject).then_some(key)
}

/// What one group of bundles came to.
#[derive(Default)]
struct Group {
    verified: u64,
    unknown: u64,
    unsupported: u64,
    problems: Vec<String>,
}

/// Checks all lines of all leaves.
pub fn check(files: &Files, head: &Checkpoint, keys: &Keys<'_>, outcome: &mut Outcome) {
    let groups = groups(files, head.size);
    let taken = in_order(
        groups.len(),
        |n| {
            groups
                .get(n)
                .map(|(first, last)| group(files, head, keys, *first..*last))
                .unwrap_or_default()
        },
        |_, group| {
            outcome.verified += group.verified;
            outcome.unknown += group.unknown;
            outcome.unsupported += group.unsupported;
            group
                .problems
                .into_iter()
                .for_each(|problem| outcome.problem(problem));
            Ok(())
        },
    );
    if let Err(error) = taken {
        outcome.problem(format!("the signatures could not be looked at: {error}"));
    }
}

/// Neighbouring bundles, [`TOGETHER`] bytes at a time, and so many groups that no core is without work.
fn groups(files: &Files, size: u64) -> Vec<(u64, u64)> {
    let count = Files::bundles(size);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    let most = count.div_ceil(cores).max(1);
    let mut groups = Vec::new();
    let (mut first, mut bytes) = (0, 0);
    for index in 0..count {
        let (path, _) = files.bundle_path(index, size);
        bytes += path.metadata().map_or(0, |file| file.len());
        if bytes >= TOGETHER || index + 1 - first >= most || index + 1 == count {
            groups.push((first, index + 1));
            (first, bytes) = (index + 1, 0);
        }
    }
    groups
}

fn group(
    files: &Files,
    head: &Checkpoint,
    keys: &Keys<'_>,
    bundles: std::ops::Range<u64>,
) -> Group {
    let mut group = Group::default();
    let mut notes: Vec<(u64, Note)> = Vec::new();
    for index in bundles {
        // A bundle that does not read has been told with the tree.
        let leaves = files.bundle(index, head.size).unwrap_or_default();
        for (place, leaf) in (index * u64::from(TILE_WIDTH)..).zip(leaves) {
            let note = Some(leaf)
                .filter(|leaf| leaf.len() <= MAX_LEAF)
                .and_then(|leaf| Note::parse(&leaf).ok());
            match note {
                Some(note) => notes.push((place, note)),
                None => group.problems.push(format!(
                    "leaf {place} is no signed note of at most {MAX_LEAF} bytes"
                )),
            }
        }
    }
    let mut lines: Vec<(u64, &SignatureLine)> = Vec::new();
    let mut signed = Vec::new();
    for (place, note) in &notes {
        if let Some(role) = signer_of(keys.origin, &note.text)
            && !note
                .signatures
                .iter()
                .any(|line| keys.role(&line.name) == Some(role))
        {
            group.problems.push(format!(
                "leaf {place} has no line by a key that may sign it"
            ));
        }
        for line in &note.signatures {
            match keys.find(line) {
                None => group.unknown += 1,
                Some(key) => {
                    lines.push((*place, line));
                    signed.push(Signed {
                        key,
                        message: note.text.as_bytes(),
                        signature: &line.signature,
                    });
                }
            }
        }
    }
    for ((place, line), answer) in lines.into_iter().zip(verify_each(&signed)) {
        match answer {
            Ok(()) => group.verified += 1,
            Err(SignatureError::Unsupported) => group.unsupported += 1,
            Err(_) => group.problems.push(format!(
                "leaf {place}: the signature by {} does not verify",
                line.name
            )),
        }
    }
    group
}

/// Whose line a leaf must have, by its first line; none for types that are not known here.
fn signer_of(origin: &str, text: &str) -> Option<KeyRole> {
    let first = text
        .lines()
        .next()?
        .strip_prefix(origin)?
        .strip_prefix('/')?;
    match first {
        Enrolled::KIND | Rotated::KIND | Revoked::KIND | Retired::KIND | Tombstone::KIND => {
            Some(KeyRole::Authority)
        }
        Decision::KIND => Some(KeyRole::Decisions),
        Quarantined::KIND => Some(KeyRole::Receipts),
        SealBody::KIND | Heartbeat::KIND | "heartbeat/v2" => Some(KeyRole::Device),
        _ => None,
    }
}
