//! `receipt/consistency` of an export: a line with the two sizes, smaller first, then the proof's hashes in base64, one a line.

use base64::{Engine, engine::general_purpose::STANDARD};
use fieldseal_tlog::merkle::Hash;

/// Longest proof: two hashes a level of a tree of 2^64 leaves.
pub const MAX_HASHES: usize = 128;

/// A consistency proof with the sizes it is between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// Size of the checkpoint that the tablet had seen.
    pub old_size: u64,
    /// Size of the checkpoint in the export.
    pub new_size: u64,
    /// As RFC 6962 section 2.1.2 orders them.
    pub hashes: Vec<Hash>,
}

/// A text that is not of that form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a consistency file is a line of two sizes, and hashes in base64, one a line")]
pub struct ConsistencyError;

impl Consistency {
    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = format!("{} {}\n", self.old_size, self.new_size);
        for hash in &self.hashes {
            text.push_str(&STANDARD.encode(hash));
            text.push('\n');
        }
        text
    }

    /// Reads the file.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConsistencyError> {
        let text = std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.strip_suffix('\n'))
            .ok_or(ConsistencyError)?;
        let mut lines = text.split('\n');
        let size = |text: &str| {
            text.parse::<u64>()
                .ok()
                .filter(|size| size.to_string() == text)
        };
        let sizes = lines.next().and_then(|line| line.split_once(' '));
        let sizes = sizes.and_then(|(old, new)| size(old).zip(size(new)));
        let (old_size, new_size) = sizes.ok_or(ConsistencyError)?;
        let hash = |line: &str| {
            STANDARD
                .decode(line)
                .ok()
                .and_then(|bytes| bytes.try_into().ok())
        };
        let hashes: Vec<Hash> = lines
            .take(MAX_HASHES + 1)
            .map(hash)
            .collect::<Option<_>>()
            .ok_or(ConsistencyError)?;
        if hashes.len() > MAX_HASHES {
            return Err(ConsistencyError);
        }
        Ok(Self {
            old_size,
            new_size,
            hashes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let proof = Consistency {
            old_size: 3,
            new_size: 7,
            hashes: vec![[1; 32], [2; 32]],
        };
        assert_eq!(Consistency::parse(proof.text().as_bytes()), Ok(proof));
        for bad in ["", "3\n", "3 07\n", "3 7\nAAAA\n", "3 7"] {
            assert!(Consistency::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
