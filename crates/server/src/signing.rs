//! The server's own keys: log, receipts, enrolment authority and decisions. Each is an Ed25519 seed in its own file under `D/keys` (mode 0600), so
//! that any of them can move into another process or a module later without touching the others.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_tlog::note::{Ed25519Signer, Note, SignError, Signer as _, Vkey, VkeyError};
use zeroize::Zeroizing;

use crate::ambient::{Ambient, NoRandomness};
use crate::files;

const FIRST_LINE: &str = "fieldseal-key/v1 ed25519";

/// A key file can't be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Reading or writing failed.
    #[error("the key file {name} can't be read or written")]
    Io {
        /// Its name within the folder.
        name: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not one that `init` wrote.
    #[error("the key file {0} does not read as a key")]
    Malformed(&'static str),
    /// The origin can't be a key's name.
    #[error("the origin can't be the name of a key")]
    Name(#[from] VkeyError),
    /// No entropy.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// The four keys. Cheap to clone.
#[derive(Clone)]
pub struct ServerKeys {
    /// Signs checkpoints.
    pub log: Arc<Ed25519Signer>,
    /// Signs receipts and quarantine notes.
    pub receipts: Arc<Ed25519Signer>,
    /// Signs enrolments and revocations.
    pub authority: Arc<Ed25519Signer>,
    /// Signs decisions.
    pub decisions: Arc<Ed25519Signer>,
}

impl ServerKeys {
    /// Makes four new keys in `folder`, which must not hold any.
    pub fn make(folder: &Path, origin: &str, ambient: &Ambient) -> Result<Self, KeyFileError> {
        for name in ["log", "receipts", "authority", "decisions"] {
            let seed = Zeroizing::new(ambient.bytes::<32>()?);
            let text = Zeroizing::new(format!(
                "{FIRST_LINE}\n{}\n",
                STANDARD.encode(seed.as_slice())
            ));
            files::replace_private(&folder.join(name), text.as_bytes())
                .map_err(|source| KeyFileError::Io { name, source })?;
        }
        Self::load(folder, origin)
    }

    /// Reads the keys of `folder`.
    pub fn load(folder: &Path, origin: &str) -> Result<Self, KeyFileError> {
        Ok(Self {
            log: load(folder, "log", origin)?,
            receipts: load(folder, "receipts", &format!("{origin}/receipts"))?,
            authority: load(folder, "authority", &format!("{origin}/authority"))?,
            decisions: load(folder, "decisions", &format!("{origin}/decisions"))?,
        })
    }

    /// The trust file: what a verifier needs, and whose sha256 the enrolment QR carries.
    pub fn trust_file(&self) -> String {
        self.trust_file_with("quorum none\n")
    }

    /// The trust file with these lines on witnesses (`witness`, `group`, `quorum`).
    pub fn trust_file_with(&self, policy: &str) -> String {
        let origin = self.log.vkey().name();
        format!(
            "# Fieldseal trust anchors of {origin}\nlog {}\n{policy}{}\n{}\n{}\n",
            self.log.vkey(),
            self.receipts.vkey(),
            self.authority.vkey(),
            self.decisions.vkey()
        )
    }

    /// The public keys, log first.
    pub fn vkeys(&self) -> [&Vkey; 4] {
        [
            self.log.vkey(),
            self.receipts.vkey(),
            self.authority.vkey(),
            self.decisions.vkey(),
        ]
    }
}

/// A note of this text with one signature, as bytes.
pub fn signed(text: &str, signer: &Ed25519Signer) -> Result<Vec<u8>, SignError> {
    Ok(Note::sign(text, &[signer])?.to_bytes())
}

fn load(
    folder: &Path,
    file: &'static str,
    key_name: &str,
) -> Result<Arc<Ed25519Signer>, KeyFileError> {
    let path: PathBuf = folder.join(file);
    let text = Zeroizing::new(
        fs::read_to_string(&path).map_err(|source| KeyFileError::Io { name: file, source })?,
    );
    let mut lines = text.lines();
    let (Some(FIRST_LINE), Some(encoded), None) = (lines.next(), lines.next(), lines.next()) else {
        return Err(KeyFileError::Malformed(file));
    };
    let mut seed = Zeroizing::new([0; 32]);
    match STANDARD.decode_slice(encoded, seed.as_mut_slice()) {
        Ok(32) => Ok(Arc::new(Ed25519Signer::from_seed(key_name, &seed)?)),
        _ => Err(KeyFileError::Malformed(file)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_and_are_four() {
        let folder = tempfile::tempdir().unwrap();
        let made = ServerKeys::make(folder.path(), "log.example", &Ambient::default()).unwrap();
        let loaded = ServerKeys::load(folder.path(), "log.example").unwrap();
        assert_eq!(made.trust_file(), loaded.trust_file());
        let distinct: std::collections::HashSet<_> = made
            .vkeys()
            .iter()
            .map(|key| key.material().to_vec())
            .collect();
        assert_eq!(distinct.len(), 4);
    }

    #[test]
    fn a_broken_key_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        ServerKeys::make(folder.path(), "log.example", &Ambient::default()).unwrap();
        fs::write(folder.path().join("authority"), "garbage").unwrap();
        assert!(matches!(
            ServerKeys::load(folder.path(), "log.example"),
            Err(KeyFileError::Malformed("authority"))
        ));
    }
}
