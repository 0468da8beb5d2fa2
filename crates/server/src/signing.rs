//! The server's own keys: log, receipts, enrolment authority and decisions. Each is an Ed25519 seed in its own file under `D/keys` (mode 0600), so
//! that any of them can move into another process or a module later without touching the others.
//!
//! While the log's key is being rotated there are two: `log`, and `log-next`, which signs beside it. `log-before` has the public halves of
//! those that came before. `cms` and `cms.pem` are the authority for tablets' CMS signatures, where there is one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_stamp::issue::{self, IssueError, Subject};
use fieldseal_tlog::note::{
    Ed25519Signer, Note, P256Signer, SignError, Signer as _, Vkey, VkeyError,
};
use zeroize::Zeroizing;

use fieldseal_packet::Sha256Digest;

use crate::ambient::{Ambient, NoRandomness};
use crate::files;

const FIRST_LINE: &str = "fieldseal-key/v1 ed25519";
const LOG: &str = "log";
const LOG_NEXT: &str = "log-next";
const LOG_BEFORE: &str = "log-before";
const FIRST_LINE_P256: &str = "fieldseal-key/v1 p256";
/// Certificate of the authority for CMS signatures, in the folder of keys.
const CMS_CERTIFICATE: &str = "cms.pem";

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
    /// There is an authority for CMS signatures already.
    #[error("there is an authority for CMS signatures already")]
    CmsExists,
    /// The certificate could not be made.
    #[error("the certificate could not be made")]
    Certificate(#[from] IssueError<SignError>),
}

/// The deployment's authority for CMS signatures by tablets.
pub struct CmsAuthority {
    key: P256Signer,
    /// Self-signed, DER.
    pub certificate: Vec<u8>,
}

impl CmsAuthority {
    /// The certificate of a tablet's P-256 key. The same for the same key and entry, so that a lost answer is given again.
    pub fn issue(&self, key: &Vkey, entry: &[u8]) -> Result<Vec<u8>, IssueError<SignError>> {
        let digest = Sha256Digest::of(entry).0;
        let mut serial = [0; 16];
        serial.copy_from_slice(&digest[..16]);
        let subject = Subject {
            name: key.name(),
            spki: key.material(),
            serial,
        };
        issue::certificate(&self.certificate, &subject, |tbs| self.key.sign(tbs))
    }
}

/// The keys. Cheap to clone.
#[derive(Clone)]
pub struct ServerKeys {
    /// Signs checkpoints.
    pub log: Arc<Ed25519Signer>,
    /// Signs them as well, while it takes over.
    pub log_next: Option<Arc<Ed25519Signer>>,
    /// Signed them before, oldest first.
    log_before: Vec<Vkey>,
    /// Signs receipts and quarantine notes.
    pub receipts: Arc<Ed25519Signer>,
    /// Signs enrolments and revocations.
    pub authority: Arc<Ed25519Signer>,
    /// Signs decisions.
    pub decisions: Arc<Ed25519Signer>,
    /// Certifies tablets' keys for CMS signatures, where the administrator has made it.
    pub cms: Option<Arc<CmsAuthority>>,
}

impl ServerKeys {
    /// Makes four new keys in `folder`, which must not hold any.
    pub fn make(folder: &Path, origin: &str, ambient: &Ambient) -> Result<Self, KeyFileError> {
        for name in [LOG, "receipts", "authority", "decisions"] {
            make(folder, name, ambient)?;
        }
        Self::load(folder, origin)
    }

    /// Reads the keys of `folder`.
    pub fn load(folder: &Path, origin: &str) -> Result<Self, KeyFileError> {
        Ok(Self {
            log: load(folder, LOG, origin)?,
            log_next: if folder.join(LOG_NEXT).exists() {
                Some(load(folder, LOG_NEXT, origin)?)
            } else {
                None
            },
            log_before: load_before(folder, origin)?,
            receipts: load(folder, "receipts", &format!("{origin}/receipts"))?,
            authority: load(folder, "authority", &format!("{origin}/authority"))?,
            decisions: load(folder, "decisions", &format!("{origin}/decisions"))?,
            cms: load_cms(folder, origin)?.map(Arc::new),
        })
    }

    /// Makes the authority for CMS signatures, once. Its certificate is written last: without it there is none.
    pub fn make_cms(folder: &Path, origin: &str, ambient: &Ambient) -> Result<(), KeyFileError> {
        let certificate = folder.join(CMS_CERTIFICATE);
        if certificate.exists() {
            return Err(KeyFileError::CmsExists);
        }
        let secret = Zeroizing::new(ambient.bytes::<32>()?);
        let key = P256Signer::from_scalar(&format!("{origin}/cms"), &secret)?;
        let text = Zeroizing::new(format!(
            "{FIRST_LINE_P256}\n{}\n",
            STANDARD.encode(secret.as_slice())
        ));
        let io = |source| KeyFileError::Io {
            name: "cms",
            source,
        };
        files::replace_private(&folder.join("cms"), text.as_bytes()).map_err(io)?;
        let subject = Subject {
            name: origin,
            spki: key.vkey().material(),
            serial: ambient.bytes::<16>()?,
        };
        let made = issue::authority(&subject, ambient.now(), |tbs| key.sign(tbs))?;
        let pem = fieldseal_stamp::certificate_to_pem(&made);
        files::replace(&certificate, pem.as_bytes()).map_err(io)
    }

    /// The trust file: what a verifier needs, and whose sha256 the enrolment QR carries.
    pub fn trust_file(&self) -> String {
        self.trust_file_with("quorum none\n")
    }

    /// The trust file with these lines on witnesses (`witness`, `group`, `quorum`).
    pub fn trust_file_with(&self, policy: &str) -> String {
        let origin = self.log.vkey().name();
        let logs: String = self
            .log_vkeys()
            .iter()
            .map(|key| format!("log {key}\n"))
            .collect();
        format!(
            "# Fieldseal trust anchors of {origin}\n{logs}{policy}{}\n{}\n{}\n",
            self.receipts.vkey(),
            self.authority.vkey(),
            self.decisions.vkey()
        )
    }

    /// All public keys of the log, oldest first.
    pub fn log_vkeys(&self) -> Vec<Vkey> {
        let mut all = self.log_before.clone();
        for key in std::iter::once(&self.log).chain(&self.log_next) {
            if !all.contains(key.vkey()) {
                all.push(key.vkey().clone());
            }
        }
        all
    }

    /// The keys by which the log signs now, the older first.
    pub fn log_signers(&self) -> Vec<Arc<Ed25519Signer>> {
        let mut signers = vec![self.log.clone()];
        signers.extend(self.log_next.clone());
        signers
    }

    /// Makes the log's next key, which signs beside the present one from the server's next start. Gives the one that is there already.
    pub fn make_log_next(
        folder: &Path,
        origin: &str,
        ambient: &Ambient,
    ) -> Result<Arc<Ed25519Signer>, KeyFileError> {
        if !folder.join(LOG_NEXT).exists() {
            make(folder, LOG_NEXT, ambient)?;
        }
        load(folder, LOG_NEXT, origin)
    }

    /// The next key takes the present one's place; of that only the public half is kept. Again after a crash, it goes on.
    pub fn end_log_key(&self, folder: &Path) -> Result<(), KeyFileError> {
        let io = |source| KeyFileError::Io {
            name: LOG_BEFORE,
            source,
        };
        let mut before = self.log_before.clone();
        if !before.contains(self.log.vkey()) {
            before.push(self.log.vkey().clone());
        }
        let text: String = before.iter().map(|key| format!("{key}\n")).collect();
        files::replace(&folder.join(LOG_BEFORE), text.as_bytes()).map_err(io)?;
        fs::rename(folder.join(LOG_NEXT), folder.join(LOG)).map_err(io)?;
        files::sync_folder_of(&folder.join(LOG)).map_err(io)
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

fn make(folder: &Path, name: &'static str, ambient: &Ambient) -> Result<(), KeyFileError> {
    let seed = Zeroizing::new(ambient.bytes::<32>()?);
    let text = Zeroizing::new(format!(
        "{FIRST_LINE}\n{}\n",
        STANDARD.encode(seed.as_slice())
    ));
    files::replace_private(&folder.join(name), text.as_bytes())
        .map_err(|source| KeyFileError::Io { name, source })
}

fn load_before(folder: &Path, origin: &str) -> Result<Vec<Vkey>, KeyFileError> {
    let text = match fs::read_to_string(folder.join(LOG_BEFORE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(KeyFileError::Io {
                name: LOG_BEFORE,
                source,
            });
        }
    };
    text.lines()
        .map(|line| {
            Vkey::parse(line)
                .ok()
                .filter(|key| key.name() == origin)
                .ok_or(KeyFileError::Malformed(LOG_BEFORE))
        })
        .collect()
}

fn load_cms(folder: &Path, origin: &str) -> Result<Option<CmsAuthority>, KeyFileError> {
    let malformed = || KeyFileError::Malformed("cms");
    let io = |source| KeyFileError::Io {
        name: "cms",
        source,
    };
    let pem = match fs::read_to_string(folder.join(CMS_CERTIFICATE)) {
        Ok(pem) => pem,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io(source)),
    };
    let found = fieldseal_stamp::certificates_from_pem(&pem);
    let [certificate] = found.as_deref().ok_or_else(malformed)? else {
        return Err(malformed());
    };
    let text = Zeroizing::new(fs::read_to_string(folder.join("cms")).map_err(io)?);
    let mut lines = text.lines();
    let (Some(FIRST_LINE_P256), Some(encoded), None) = (lines.next(), lines.next(), lines.next())
    else {
        return Err(malformed());
    };
    let mut secret = Zeroizing::new([0; 32]);
    if STANDARD.decode_slice(encoded, secret.as_mut_slice()) != Ok(32) {
        return Err(malformed());
    }
    let key = P256Signer::from_scalar(&format!("{origin}/cms"), &secret)?;
    if !is_its(certificate, &key) {
        return Err(malformed());
    }
    Ok(Some(CmsAuthority {
        key,
        certificate: certificate.clone(),
    }))
}

/// Whether the authority's certificate is of this key.
fn is_its(certificate: &[u8], key: &P256Signer) -> bool {
    let one = [certificate.to_vec()];
    fieldseal_stamp::chain::Chain::read(&one)
        .is_ok_and(|chain| chain.key() == key.vkey().material())
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
