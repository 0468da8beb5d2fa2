//! Checks of the signed children that an export brings: each note against the packet, the child's bytes and the maker's key.
//! What a child shows is not looked at; the verdict on the original is the verdict on the packet.

use std::collections::BTreeMap;

use super::bag::BagCheck;
use super::keys::Keys;
use super::source::{Source, read_small};
use super::{Inputs, PacketCheck};
use crate::child::{Derived, FOLDER, MAX_NOTE, NOTE};
use crate::findings::{Code, Finding};
use crate::seal::SealBody;
use crate::{KeyRole, Sha256Digest};
use fieldseal_tlog::note::{LineCheck, Note, Vkey};

/// Judges everything below `data/derived/`. `packet` is the packet's own source, for the keys that stand in it.
pub(super) fn check(
    source: &dyn Source,
    packet: &dyn Source,
    outer: &BagCheck,
    check: &PacketCheck,
    inputs: &Inputs<'_>,
    findings: &mut Vec<Finding>,
) {
    let (Some(seal_sha256), Some(seal)) = (check.seal_sha256, &check.seal) else {
        return;
    };
    let children = || outer.sizes.keys().filter(|path| path.starts_with(FOLDER));
    if children().next().is_none() {
        return;
    }
    // Two keys of one name are told where the packet itself is judged.
    let keys = Keys::gather(packet, &seal.origin, inputs, &mut Vec::new());
    let items: BTreeMap<&str, Sha256Digest> = check
        .files
        .iter()
        .filter(|(path, ..)| path.starts_with("data/items/"))
        .filter_map(|(path, _, digest)| Some((path.as_str(), (*digest)?)))
        .collect();
    let judge = Judge {
        outer,
        seal,
        seal_sha256,
        items,
        keys,
        inputs,
    };
    for path in children() {
        if path.ends_with(NOTE) {
            let bytes = read_small(source, path, MAX_NOTE).ok().flatten();
            findings.push(Finding::new(judge.note(path, bytes.as_deref())).about(path));
        } else if !outer.sizes.contains_key(&format!("{path}{NOTE}")) {
            findings.push(Finding::new(Code::ChildUnlisted).about(path));
        }
    }
}

struct Judge<'a> {
    outer: &'a BagCheck,
    seal: &'a SealBody,
    seal_sha256: Sha256Digest,
    /// The packet's items by path: digests of the bytes that are there.
    items: BTreeMap<&'a str, Sha256Digest>,
    keys: Keys<'a>,
    inputs: &'a Inputs<'a>,
}

impl Judge<'_> {
    /// The first that does not hold, in the order of the specification.
    fn note(&self, path: &str, bytes: Option<&[u8]>) -> Code {
        let note = bytes.and_then(|bytes| Note::parse(bytes).ok());
        let body = note
            .as_ref()
            .and_then(|note| Derived::parse(&note.text).ok())
            .filter(|body| body.note_path() == path);
        let (Some(note), Some(body)) = (note, body) else {
            return Code::ChildMalformed;
        };
        if !self.is_of_this_packet(&body) {
            Code::ChildParentUnknown
        } else if !self.is_the_child(&body) {
            Code::ChildMismatch
        } else {
            self.signature(&note, &body)
        }
    }

    fn is_of_this_packet(&self, body: &Derived) -> bool {
        body.origin == self.seal.origin
            && body.packet == self.seal.packet
            && body.seal_sha256 == self.seal_sha256
            && self.items.get(body.parent_path.as_str()) == Some(&body.parent_sha256)
    }

    fn is_the_child(&self, body: &Derived) -> bool {
        let path = format!("{FOLDER}{}", body.child);
        self.outer.digests.get(&path) == Some(&body.child_sha256)
            && self.outer.sizes.get(&path) == Some(&body.child_size)
    }

    fn signature(&self, note: &Note, body: &Derived) -> Code {
        let (role, name) = body.signer();
        let known: Vec<Vkey> = match role {
            KeyRole::Decisions => self.keys.role(&self.seal.origin, role).cloned().collect(),
            _ => self.keys.all.named(&name).cloned().collect(),
        };
        let mut made_by_one_who_may = false;
        for line in note.signatures.iter().filter(|line| line.name == name) {
            match note.check(line, &known) {
                LineCheck::Invalid => return Code::ChildSignatureInvalid,
                LineCheck::Verified => {
                    let key = known.iter().find(|key| key.key_id() == line.key_id);
                    made_by_one_who_may |= key.is_some_and(|key| self.may_make(role, key));
                }
                LineCheck::UnknownKey | LineCheck::Unsupported => {}
            }
        }
        if made_by_one_who_may {
            Code::ChildOk
        } else {
            Code::ChildKeyUnknown
        }
    }

    /// A child is not logged: nothing says that it was made before its maker's key was revoked.
    fn may_make(&self, role: KeyRole, key: &Vkey) -> bool {
        let revoked = || {
            let mut revocations = self.inputs.revocations.iter();
            revocations.any(|revocation| revocation.key == *key)
        };
        role == KeyRole::Decisions || (self.keys.is_enrolled(key) && !revoked())
    }
}
