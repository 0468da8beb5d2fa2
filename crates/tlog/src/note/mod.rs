//! Signed notes (C2SP `signed-note`): a text and the signature lines under it.
//!
//! ```text
//! a text of one or more lines
//!
//! — name base64(key id ‖ signature)
//! ```
//!
//! The signed message is the text with its last newline, as stored. A note proves nothing until one of its lines has
//! been checked against a key the caller trusts: [`Note::parse`] checks the form alone.

mod many;
mod sign;
mod sm2;
mod vkey;

use std::fmt;

pub use many::{Signed, verify_each};
pub use sign::{
    CosignatureSigner, Ed25519Signer, P256Signer, SignError, Signer, sign_line, signer_of,
};
pub use sm2::{DISTID as SM2_DISTID, Sm2Signer};
pub use vkey::{Algorithm, KeySet, KeySetError, SignatureError, Vkey, VkeyError};

use crate::encoding::{base64_decode, base64_encode};

/// Largest note that is read, in bytes.
pub const MAX_NOTE_BYTES: usize = 64 * 1024;
/// Most signature lines that are read.
pub const MAX_SIGNATURES: usize = 64;

/// Starts every signature line: em dash, space.
const LINE_START: &str = "\u{2014} ";

/// Why bytes are no signed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// More than [`MAX_NOTE_BYTES`].
    #[error("the note is larger than {MAX_NOTE_BYTES} bytes")]
    TooLarge,
    /// Not UTF-8.
    #[error("the note is not UTF-8")]
    NotUtf8,
    /// A control character other than the newline.
    #[error("the note holds a control character")]
    ControlCharacter,
    /// No empty line, or nothing after it.
    #[error("the note has no signature part")]
    NoSignatures,
    /// A line after the empty line is not a signature line.
    #[error("a signature line is malformed")]
    SignatureLine,
    /// More than [`MAX_SIGNATURES`].
    #[error("the note has more than {MAX_SIGNATURES} signature lines")]
    TooManySignatures,
}

/// Why a note is not signed by a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// No line carries the key's name and id.
    #[error("the note has no signature line by this key")]
    Missing,
    /// A line by the key does not verify.
    #[error("a signature line by this key does not verify")]
    Invalid,
    /// This build cannot check signatures of the key's type.
    #[error("signatures of this key's type cannot be checked")]
    Unsupported,
}

/// What one signature line is worth against a set of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineCheck {
    /// Made by a key of the set over this text.
    Verified,
    /// No key of the set has this name and id.
    UnknownKey,
    /// The key is known, its signature type cannot be checked here.
    Unsupported,
    /// The key is known and did not make this signature over this text.
    Invalid,
}

/// One line `— name base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// The key's name.
    pub name: String,
    /// The key's id; with the name it identifies the key.
    pub key_id: u32,
    /// What the algorithm made; its layout depends on the key's type.
    pub signature: Vec<u8>,
}

impl SignatureLine {
    /// Reads one line without its newline.
    pub fn parse(line: &str) -> Result<SignatureLine, ParseError> {
        let (name, encoded) = line
            .strip_prefix(LINE_START)
            .and_then(|rest| rest.split_once(' '))
            .ok_or(ParseError::SignatureLine)?;
        let bytes = base64_decode(encoded).ok_or(ParseError::SignatureLine)?;
        let (key_id, signature) = bytes
            .split_first_chunk::<4>()
            .ok_or(ParseError::SignatureLine)?;
        if !is_key_name(name) || signature.is_empty() {
            return Err(ParseError::SignatureLine);
        }
        Ok(SignatureLine {
            name: name.to_owned(),
            key_id: u32::from_be_bytes(*key_id),
            signature: signature.to_vec(),
        })
    }
}

/// The line without its newline.
impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.key_id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.signature);
        write!(f, "{LINE_START}{} {}", self.name, base64_encode(&bytes))
    }
}

/// A text and its signature lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The signed text, with its final newline.
    pub text: String,
    /// The lines in the order they stand.
    pub signatures: Vec<SignatureLine>,
}

impl Note {
    /// Reads a note. What is accepted comes back from [`Note::to_bytes`] byte for byte.
    pub fn parse(bytes: &[u8]) -> Result<Note, ParseError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(ParseError::TooLarge);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| ParseError::NotUtf8)?;
        if has_control_character(note) {
            return Err(ParseError::ControlCharacter);
        }
        // The text may hold empty lines itself: the last one divides.
        let divide = note.rfind("\n\n").ok_or(ParseError::NoSignatures)?;
        let text = &note[..=divide];
        let lines = note[divide + 2..]
            .strip_suffix('\n')
            .ok_or(ParseError::NoSignatures)?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return Err(ParseError::TooManySignatures);
            }
            signatures.push(SignatureLine::parse(line)?);
        }
        Ok(Note {
            text: text.to_owned(),
            signatures,
        })
    }

    /// The note as it is stored and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.text.clone();
        out.push('\n');
        for line in &self.signatures {
            out.push_str(&line.to_string());
            out.push('\n');
        }
        out.into_bytes()
    }

    /// Signs `text` by each signer in turn.
    pub fn sign(text: &str, signers: &[&dyn Signer]) -> Result<Note, SignError> {
        let signatures = signers
            .iter()
            .map(|signer| sign_line(*signer, text))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Note {
            text: text.to_owned(),
            signatures,
        })
    }

    /// What `line` is worth for this text. Two different keys of one name and id (which a [`KeySet`] refuses to hold)
    /// must both verify, so that ambiguity is never an acceptance.
    pub fn check(&self, line: &SignatureLine, keys: &[Vkey]) -> LineCheck {
        let mut outcome = LineCheck::UnknownKey;
        for key in keys
            .iter()
            .filter(|key| key.name() == line.name && key.key_id() == line.key_id)
        {
            match key.verify(self.text.as_bytes(), &line.signature) {
                Ok(()) if outcome == LineCheck::UnknownKey => outcome = LineCheck::Verified,
                Ok(()) => {}
                Err(SignatureError::Unsupported) => outcome = LineCheck::Unsupported,
                Err(_) => return LineCheck::Invalid,
            }
        }
        outcome
    }

    /// Requires at least one line by `key`, and every line by it to verify.
    pub fn verify_by(&self, key: &Vkey) -> Result<(), NoteError> {
        let mut found = false;
        for line in &self.signatures {
            match self.check(line, std::slice::from_ref(key)) {
                LineCheck::Verified => found = true,
                LineCheck::UnknownKey => {}
                LineCheck::Unsupported => return Err(NoteError::Unsupported),
                LineCheck::Invalid => return Err(NoteError::Invalid),
            }
        }
        if found {
            Ok(())
        } else {
            Err(NoteError::Missing)
        }
    }
}

/// A key name: not empty, no Unicode space, no plus, no control character.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && !name
            .chars()
            .any(|c| c.is_whitespace() || c == '+' || c < ' ')
}

fn has_control_character(text: &str) -> bool {
    text.bytes().any(|byte| byte < 0x20 && byte != b'\n')
}

/// Whether `text` can be the text of a note: it ends with a newline and holds no other control character.
pub(crate) fn is_note_text(text: &str) -> bool {
    text.ends_with('\n') && !has_control_character(text)
}

#[cfg(test)]
mod tests;
