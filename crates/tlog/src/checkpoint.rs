//! Checkpoints (C2SP `tlog-checkpoint`): the text of a signed note that states a tree's size and root.

use crate::encoding::{base64_encode, decimal, hash_decode};
use crate::merkle::Hash;
use crate::note::{LineCheck, Note, NoteError, Vkey};

/// Why a note's text is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Fewer than three lines, an empty line, or no newline at the end.
    #[error("a checkpoint has at least three lines and none of them empty")]
    Lines,
    /// The second line is no decimal number without leading zeros.
    #[error("the tree size is not a decimal number")]
    Size,
    /// The third line is not base64 of 32 bytes.
    #[error("the root hash is not base64 of 32 bytes")]
    Root,
}

/// Why signed bytes are not the log's checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Not a signed note.
    #[error("not a signed note")]
    Note(#[from] crate::note::ParseError),
    /// Not signed by the log's key.
    #[error("the checkpoint is not signed by the log")]
    Signature(#[from] NoteError),
    /// The text is no checkpoint.
    #[error("the note is not a checkpoint")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint speaks of another log than the key.
    #[error("the checkpoint's origin is not the log key's name")]
    Origin,
}

/// A tree's head. Unsigned: see [`open`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Names the log.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// Further lines, carried and not understood.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads a note's text. What is accepted comes back from [`Checkpoint::text`] byte for byte.
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if origin.is_empty() || extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Lines);
        }
        Ok(Checkpoint {
            origin: origin.to_owned(),
            size: decimal(size).ok_or(CheckpointError::Size)?,
            root: hash_decode(root).ok_or(CheckpointError::Root)?,
            extensions,
        })
    }

    /// The text to be signed, with its final newline.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            base64_encode(&self.root)
        );
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// Reads a signed checkpoint and accepts it when the log's key signed it and its origin is the key's name.
pub fn open(bytes: &[u8], log_key: &Vkey) -> Result<Checkpoint, OpenError> {
    open_by(bytes, std::slice::from_ref(log_key))
}

/// The same where the log has several keys, as while one takes over from another: at least one line by them is there, and each of
/// those is right.
pub fn open_by(bytes: &[u8], log_keys: &[Vkey]) -> Result<Checkpoint, OpenError> {
    let note = Note::parse(bytes)?;
    let mut signed = Err(NoteError::Missing);
    for line in &note.signatures {
        match note.check(line, log_keys) {
            LineCheck::Verified => signed = Ok(&line.name),
            LineCheck::UnknownKey => {}
            LineCheck::Unsupported => return Err(NoteError::Unsupported.into()),
            LineCheck::Invalid => return Err(NoteError::Invalid.into()),
        }
    }
    let name = signed?;
    let checkpoint = Checkpoint::parse(&note.text)?;
    if checkpoint.origin != *name {
        return Err(OpenError::Origin);
    }
    Ok(checkpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Ed25519Signer;

    const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn text_and_parse_are_inverse() {
        let text = format!("log.example/a b\n18446744073709551615\n{ZEROS}\nx 1\ny\n");
        let checkpoint = Checkpoint::parse(&text).unwrap();
        assert_eq!(
            (checkpoint.size, checkpoint.extensions.len()),
            (u64::MAX, 2)
        );
        assert_eq!(checkpoint.text(), text);
        assert_eq!(
            Checkpoint::parse(&format!("o\n0\n{ZEROS}\n")).unwrap().size,
            0
        );
    }

    #[test]
    fn other_spellings_are_refused() {
        let refused = [
            (String::new(), CheckpointError::Lines),
            ("o\n1\n".into(), CheckpointError::Lines),
            (format!("o\n1\n{ZEROS}"), CheckpointError::Lines),
            (format!("\n1\n{ZEROS}\n"), CheckpointError::Lines),
            (format!("o\n1\n{ZEROS}\n\n"), CheckpointError::Lines),
            (format!("o\n01\n{ZEROS}\n"), CheckpointError::Size),
            (format!("o\n+1\n{ZEROS}\n"), CheckpointError::Size),
            (format!("o\n\n{ZEROS}\n"), CheckpointError::Size),
            (
                format!("o\n18446744073709551616\n{ZEROS}\n"),
                CheckpointError::Size,
            ),
            ("o\n1\nAAAA\n".into(), CheckpointError::Root),
            (
                format!("o\n1\n{}\n", ZEROS.replace("AA=", "AB=")),
                CheckpointError::Root,
            ),
        ];
        for (text, error) in refused {
            assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn opening_needs_the_logs_own_signature_and_name() {
        let log = Ed25519Signer::from_seed("log.example", &[1; 32]).unwrap();
        let other = Ed25519Signer::from_seed("log.example", &[2; 32]).unwrap();
        let stranger = Ed25519Signer::from_seed("elsewhere.example", &[1; 32]).unwrap();
        let checkpoint = Checkpoint {
            origin: "log.example".into(),
            size: 3,
            root: [7; 32],
            extensions: vec![],
        };
        let signed = |signer| {
            Note::sign(&checkpoint.text(), &[signer])
                .unwrap()
                .to_bytes()
        };
        use crate::note::Signer as _;
        assert_eq!(open(&signed(&log), log.vkey()), Ok(checkpoint.clone()));
        assert_eq!(
            open(&signed(&other), log.vkey()),
            Err(OpenError::Signature(NoteError::Missing))
        );
        assert_eq!(
            open(&signed(&stranger), stranger.vkey()),
            Err(OpenError::Origin)
        );
        // Two keys of one log: each alone will do, and neither may be wrong.
        let both = [log.vkey().clone(), other.vkey().clone()];
        let two = Note::sign(&checkpoint.text(), &[&log, &other]).unwrap();
        for bytes in [signed(&log), signed(&other), two.to_bytes()] {
            assert_eq!(open_by(&bytes, &both), Ok(checkpoint.clone()));
        }
        let mut wrong = two.clone();
        wrong.signatures[1].signature[0] ^= 1;
        assert_eq!(
            open_by(&wrong.to_bytes(), &both),
            Err(OpenError::Signature(NoteError::Invalid))
        );
        assert!(open_by(&wrong.to_bytes(), &both[..1]).is_ok());
        let tampered = String::from_utf8(signed(&log))
            .unwrap()
            .replace("\n3\n", "\n4\n");
        assert_eq!(
            open(tampered.as_bytes(), log.vkey()),
            Err(OpenError::Signature(NoteError::Invalid))
        );
    }
}
