//! Timestamp tokens as files of an export: those over one checkpoint, each with its renewals behind it.

use super::Token;
use super::bag::BagCheck;
use super::source::{Source, read_small};
use super::time::{MAX_RENEWALS, MAX_TOKENS, renewal_path, token_id};

/// A timestamp token of the export.
pub(crate) struct TokenFile {
    path: String,
    bytes: Option<Vec<u8>>,
    /// Which of the files before it renews.
    renews: Option<usize>,
}

impl TokenFile {
    /// The tokens `<stem>.<tsa-id>.tsr`, in order of path, each with its renewals behind it.
    pub(crate) fn all(source: &dyn Source, outer: &BagCheck, stem: &str) -> Vec<Self> {
        let read = |path: &str| {
            let bytes = read_small(source, path, fieldseal_stamp::MAX_TOKEN);
            bytes.ok().flatten()
        };
        let mut files: Vec<Self> = Vec::new();
        for path in outer
            .sizes
            .keys()
            .filter(|path| token_id(path, stem).is_some())
            .take(MAX_TOKENS)
        {
            files.push(Self {
                bytes: read(path),
                path: path.clone(),
                renews: None,
            });
            for number in 1..=MAX_RENEWALS {
                let renewal = renewal_path(path, number);
                if !outer.sizes.contains_key(&renewal) {
                    break;
                }
                files.push(Self {
                    bytes: read(&renewal),
                    path: renewal,
                    renews: Some(files.len() - 1),
                });
            }
        }
        files
    }

    /// As the verifier takes it.
    pub(crate) fn token(&self) -> Token<'_> {
        Token {
            path: &self.path,
            bytes: self.bytes.as_deref(),
            renews: self.renews,
        }
    }
}
