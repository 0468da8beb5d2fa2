//! What a witness keeps.
//!
//! ```text
//! W/key                       its name and its Ed25519 seed
//! W/pass                      what the log's server asks for before it serves leaves, if the witness has one
//! W/logs                      the logs that it watches: one vkey a line
//! W/heads/<log>               the newest checkpoint that it cosigned; <log>: the first 32 hex digits of sha256 of the origin
//! W/refused/<log>.forked      two checkpoints of one size, both signed by the log: kept until somebody has taken the file away
//! W/refused/<log>.unproved    the newest checkpoint that was not proved to continue; gone when one of its size or above was
//! W/witness.lock              held by the one process that answers
//! ```
//!
//! A head is written before anything is answered that says so. A head that can't be read is never taken for "none yet": whoever forgets what
//! they cosigned would cosign its opposite.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_tlog::checkpoint::{self, Checkpoint};
use fieldseal_tlog::note::{CosignatureSigner, MAX_NOTE_BYTES, Vkey, VkeyError};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::files;

const FIRST_LINE: &str = "fieldseal-witness-key/v1 ed25519";
/// Logs that one witness watches.
const MAX_LOGS: usize = 1000;
const MAX_LOGS_FILE: usize = 1 << 20;

/// The folder can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// No key in it.
    #[error("there is no witness in this folder: run `fieldseal witness init` first")]
    NotInitialised,
    /// `init` where there is one.
    #[error("there is a witness in this folder already")]
    AlreadyInitialised,
    /// The name can't be a key's.
    #[error("a witness's name is a word such as witness.example/w1, without spaces and plus")]
    Name(#[source] VkeyError),
    /// A file can't be read or written.
    #[error("{what} can't be read or written")]
    Io {
        /// Which part.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The key's file is not one that `init` wrote.
    #[error("the witness's key file does not read as one")]
    Key,
    /// It was given none.
    #[error("this witness has no pass to read leaves: run `fieldseal witness pass` first")]
    NoPass,
    /// A line of the list is no key that can sign checkpoints.
    #[error("line {0} of the list of logs is not the key of a log")]
    Log(usize),
    /// Another process answers for this witness.
    #[error("another process is running on this folder")]
    Locked,
    /// What was cosigned can't be read.
    #[error(
        "the checkpoint that was cosigned last for {0} can't be read or is not by its key: nothing is cosigned until it is put right, since \
         a witness that has forgotten could cosign the opposite"
    )]
    Head(String),
}

/// Attaches which part failed.
pub(crate) trait Naming<T> {
    fn of(self, what: &'static str) -> Result<T, FolderError>;
}

impl<T> Naming<T> for io::Result<T> {
    fn of(self, what: &'static str) -> Result<T, FolderError> {
        self.map_err(|source| FolderError::Io { what, source })
    }
}

/// A witness's folder.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// A folder that is there or will be made.
    pub fn new(root: impl Into<PathBuf>) -> Folder {
        Folder { root: root.into() }
    }

    /// Makes the witness's key from a seed, once. Gives its vkey.
    pub fn init(&self, name: &str, seed: &[u8; 32]) -> Result<Vkey, FolderError> {
        let signer = CosignatureSigner::from_seed(name, seed).map_err(FolderError::Name)?;
        if self.key().exists() {
            return Err(FolderError::AlreadyInitialised);
        }
        for folder in [self.root.clone(), self.heads(), self.refused()] {
            fs::create_dir_all(&folder).of("the witness's folder")?;
            files::sync_folder_of(&folder).of("the witness's folder")?;
        }
        let text = Zeroizing::new(format!("{FIRST_LINE}\n{name}\n{}\n", STANDARD.encode(seed)));
        files::replace(&self.key(), text.as_bytes()).of("the key file")?;
        Ok(signer.vkey().clone())
    }

    /// Makes the pass by which this witness may read leaves, from a seed; it replaces one that is there. Gives its sha256 in hex, which is what the
    /// log's server is told.
    pub fn make_pass(&self, seed: &[u8; 32]) -> Result<String, FolderError> {
        self.signer()?;
        let pass = Zeroizing::new(hex::encode(seed));
        let text = Zeroizing::new(format!("{}\n", *pass));
        files::replace(&self.pass_file(), text.as_bytes()).of("the pass")?;
        Ok(hex::encode(Sha256::digest(pass.as_bytes())))
    }

    /// The pass.
    pub fn pass(&self) -> Result<Zeroizing<String>, FolderError> {
        let bytes = Zeroizing::new(
            files::read(&self.pass_file(), 4096)
                .of("the pass")?
                .ok_or(FolderError::NoPass)?,
        );
        let text = std::str::from_utf8(&bytes).map_err(|_| FolderError::NoPass)?;
        Ok(Zeroizing::new(text.trim_end().to_owned()))
    }

    /// The witness's key.
    pub fn signer(&self) -> Result<CosignatureSigner, FolderError> {
        let bytes = Zeroizing::new(
            files::read(&self.key(), 4096)
                .of("the key file")?
                .ok_or(FolderError::NotInitialised)?,
        );
        let text = std::str::from_utf8(&bytes).map_err(|_| FolderError::Key)?;
        let mut lines = text.lines();
        let (Some(FIRST_LINE), Some(name), Some(encoded), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(FolderError::Key);
        };
        let mut seed = Zeroizing::new([0; 32]);
        match STANDARD.decode_slice(encoded, seed.as_mut_slice()) {
            Ok(32) => CosignatureSigner::from_seed(name, &seed).map_err(FolderError::Name),
            _ => Err(FolderError::Key),
        }
    }

    /// The keys of the logs that are watched.
    pub fn logs(&self) -> Result<Vec<Vkey>, FolderError> {
        let bytes = files::read(&self.list(), MAX_LOGS_FILE).of("the list of logs")?;
        let bytes = bytes.unwrap_or_default();
        let text = std::str::from_utf8(&bytes).map_err(|_| FolderError::Log(1))?;
        let mut keys = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            if number > MAX_LOGS {
                return Err(FolderError::Log(number));
            }
            keys.push(Vkey::parse(line).map_err(|_| FolderError::Log(number))?);
        }
        Ok(keys)
    }

    /// Watches a log by one more key. A log whose key was rotated has several. False when it was there.
    pub fn add_log(&self, key: &Vkey) -> Result<bool, FolderError> {
        let mut keys = self.logs()?;
        if keys.contains(key) {
            return Ok(false);
        }
        if keys.len() >= MAX_LOGS {
            return Err(FolderError::Log(MAX_LOGS + 1));
        }
        keys.push(key.clone());
        let text: String = keys.iter().map(|key| format!("{key}\n")).collect();
        files::replace(&self.list(), text.as_bytes()).of("the list of logs")?;
        Ok(true)
    }

    /// The newest checkpoint that was cosigned for a log.
    pub fn head(&self, origin: &str, keys: &[Vkey]) -> Result<Option<Checkpoint>, FolderError> {
        let bytes = files::read(&self.head_file(origin), MAX_NOTE_BYTES)
            .map_err(|_| FolderError::Head(origin.to_owned()))?;
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        keys.iter()
            .filter(|key| key.name() == origin)
            .find_map(|key| checkpoint::open(&bytes, key).ok())
            .map(Some)
            .ok_or(FolderError::Head(origin.to_owned()))
    }

    /// Keeps a checkpoint as the newest, durably.
    pub(crate) fn set_head(&self, origin: &str, note: &[u8]) -> io::Result<()> {
        fs::create_dir_all(self.heads())?;
        files::replace(&self.head_file(origin), note)
    }

    /// Whether it is proved that this log has forked.
    pub fn is_forked(&self, origin: &str) -> bool {
        self.forked_file(origin).exists()
    }

    /// Keeps the proof of a fork: both checkpoints, one after the other.
    pub(crate) fn keep_fork(&self, origin: &str, other: &[u8]) -> io::Result<()> {
        let mut both = files::read(&self.head_file(origin), MAX_NOTE_BYTES)?.unwrap_or_default();
        both.push(b'\n');
        both.extend_from_slice(other);
        fs::create_dir_all(self.refused())?;
        files::replace(&self.forked_file(origin), &both)
    }

    /// The size of the newest checkpoint that was not proved to continue what was cosigned.
    pub fn unproved(&self, origin: &str) -> Option<u64> {
        let bytes = files::read(&self.unproved_file(origin), MAX_NOTE_BYTES).ok()??;
        let note = fieldseal_tlog::note::Note::parse(&bytes).ok()?;
        Some(Checkpoint::parse(&note.text).ok()?.size)
    }

    pub(crate) fn keep_unproved(&self, origin: &str, note: &[u8]) -> io::Result<()> {
        fs::create_dir_all(self.refused())?;
        files::replace(&self.unproved_file(origin), note)
    }

    pub(crate) fn clear_unproved(&self, origin: &str) {
        // Left behind it only warns once more.
        let _ = fs::remove_file(self.unproved_file(origin));
    }

    /// Makes this process the one that answers. None while another is.
    pub(crate) fn lock(&self) -> Result<fs::File, FolderError> {
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.root.join("witness.lock"))
            .of("the lock file")?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(FolderError::Locked),
            Err(fs::TryLockError::Error(error)) => Err(error).of("the lock file"),
        }
    }

    fn key(&self) -> PathBuf {
        self.root.join("key")
    }
    fn pass_file(&self) -> PathBuf {
        self.root.join("pass")
    }
    fn list(&self) -> PathBuf {
        self.root.join("logs")
    }
    fn heads(&self) -> PathBuf {
        self.root.join("heads")
    }
    fn refused(&self) -> PathBuf {
        self.root.join("refused")
    }
    fn head_file(&self, origin: &str) -> PathBuf {
        self.heads().join(stem(origin))
    }
    /// Where the proof of a fork is.
    pub fn forked_file(&self, origin: &str) -> PathBuf {
        self.refused().join(format!("{}.forked", stem(origin)))
    }
    fn unproved_file(&self, origin: &str) -> PathBuf {
        self.refused().join(format!("{}.unproved", stem(origin)))
    }
    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// An origin as a file's name.
fn stem(origin: &str) -> String {
    let mut digits = hex::encode(Sha256::digest(origin.as_bytes()));
    digits.truncate(32);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_comes_back_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::new(folder.path().join("w"));
        assert!(matches!(folder.signer(), Err(FolderError::NotInitialised)));
        let vkey = folder.init("witness.example/w1", &[7; 32]).unwrap();
        assert_eq!(folder.signer().unwrap().vkey(), &vkey);
        assert!(matches!(
            folder.init("witness.example/w2", &[8; 32]),
            Err(FolderError::AlreadyInitialised)
        ));
        assert!(folder.add_log(&vkey).unwrap() && !folder.add_log(&vkey).unwrap());
        assert_eq!(folder.logs().unwrap(), [vkey]);
        let lock = folder.lock().unwrap();
        assert!(matches!(folder.lock(), Err(FolderError::Locked)));
        drop(lock);
    }

    #[test]
    fn a_head_that_cant_be_read_is_never_none() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::new(folder.path());
        let key = folder.init("witness.example/w1", &[7; 32]).unwrap();
        let keys = std::slice::from_ref(&key);
        assert_eq!(folder.head("log.example", keys).unwrap(), None);
        folder.set_head("log.example", b"torn").unwrap();
        assert!(matches!(
            folder.head("log.example", keys),
            Err(FolderError::Head(_))
        ));
    }
}
