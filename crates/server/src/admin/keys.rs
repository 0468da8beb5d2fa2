//! The deployment's own keys: the authority for CMS signatures, makers' roots, and the rotation of the log's key. A running server takes a change
//! up at its next start.

use std::fs;
use std::path::{Path, PathBuf};

use fieldseal_packet::Timestamp;
use fieldseal_packet::entry::{Continued, LogKind, LogRotated};
use fieldseal_stamp::{certificate_to_pem, certificates_from_pem, is_certificate};
use fieldseal_tlog::checkpoint::{self, Checkpoint};
use fieldseal_tlog::note::{Note, Signer, Vkey};

use super::{Admin, AdminError};
use crate::config::Config;
use crate::files;
use crate::signing::ServerKeys;
use crate::stamping::roots;
use crate::store::{Db, StoreError, custody, keys, log};

/// Who does it, in the audit trail.
const BY: &str = "admin";

impl Admin {
    /// Makes the authority for CMS signatures, once, and renews the trust file. Gives its certificate, PEM.
    pub fn make_cms_authority(&mut self) -> Result<String, AdminError> {
        ServerKeys::make_cms(&self.layout.keys(), &self.origin, &self.config.ambient)?;
        self.reload()?;
        let cms = self.keys.cms.as_ref();
        let pem = cms.map(|cms| certificate_to_pem(&cms.certificate));
        self.audit("made-cms-authority")?;
        Ok(pem.unwrap_or_default())
    }

    /// Takes these makers' roots for keys in hardware in place of those before, and renews the trust file. Gives how many there are.
    pub fn set_attestation_roots(&mut self, pem: &str) -> Result<usize, AdminError> {
        let roots = certificates_from_pem(pem)
            .filter(|roots| roots.iter().all(|root| is_certificate(root)))
            .ok_or(AdminError::Field(
                "the file holds something else than certificates",
            ))?;
        // Only what is read: a mark between the blocks must not give them another use.
        let text: String = roots.iter().map(|der| certificate_to_pem(der)).collect();
        files::replace(&self.layout.attestation_roots(), text.as_bytes())?;
        self.reload()?;
        self.audit("set-attestation-roots")?;
        Ok(roots.len())
    }

    /// Begins to rotate the log's key: the next key is made, named by a leaf that the present one and the authority sign, and listed in the
    /// trust file. Gives it. Asked again, it goes on where it was.
    pub fn rotate_log_key(&mut self) -> Result<Vkey, AdminError> {
        let folder = self.layout.keys();
        let next = ServerKeys::make_log_next(&folder, &self.origin, &self.config.ambient)?;
        let now = self.config.ambient.now();
        let entry = LogRotated {
            origin: self.origin.clone(),
            kind: LogKind::Log,
            subject: self.origin.clone(),
            old_vkey: self.keys.log.vkey().to_string(),
            vkey: next.vkey().to_string(),
            rotated_at: Timestamp::from_millis(now),
        };
        let signers: [&dyn Signer; 2] = [&self.keys.log, &self.keys.authority];
        let note = Note::sign(&entry.text(), &signers)?.to_bytes();
        self.db.write_blocking(|tx| {
            let named = |note: &Vec<u8>| names(note, next.vkey());
            let there = log::rotations(tx)?.iter().any(named)
                || log::pending_of(tx, "log-rotated")?.iter().any(named);
            if !there {
                log::add_pending(tx, "log-rotated", &note)?;
                custody::audit(tx, now, BY, "rotated", &self.origin)?;
            }
            Ok::<_, StoreError>(())
        })?;
        self.reload()?;
        Ok(next.vkey().clone())
    }

    /// Ends the overlap: the next key signs alone. Refused until the leaf that names it is in the log.
    pub fn end_log_key(&mut self) -> Result<Vkey, AdminError> {
        let next = self.keys.log_next.clone();
        let next = next.ok_or(AdminError::NotNow("the log's key is not being rotated"))?;
        let rotations = self.db.read_blocking(log::rotations)?;
        if !rotations.iter().any(|note| names(note, next.vkey())) {
            return Err(AdminError::NotNow(
                "the leaf that names the log's next key is not in the log yet: start the server, and try again",
            ));
        }
        self.keys.end_log_key(&self.layout.keys())?;
        self.reload()?;
        self.audit("ended-log-key")?;
        Ok(self.keys.log.vkey().clone())
    }

    fn reload(&mut self) -> Result<(), AdminError> {
        self.keys = ServerKeys::load(&self.layout.keys(), &self.origin)?;
        self.trust = roots::renew(&self.keys, &self.layout)?;
        Ok(())
    }

    fn audit(&self, what: &str) -> Result<(), AdminError> {
        let now = self.config.ambient.now();
        self.db
            .write_blocking(|tx| custody::audit(tx, now, BY, what, &self.origin))?;
        Ok(())
    }
}

/// Whether this leaf names this key as the log's next.
fn names(note: &[u8], key: &Vkey) -> bool {
    let body = Note::parse(note)
        .ok()
        .and_then(|note| LogRotated::parse(&note.text).ok());
    body.is_some_and(|body| body.vkey == key.to_string())
}

/// A deployment whose log was closed: what the first leaf of the next one says of it.
pub struct ClosedLog {
    head: Checkpoint,
    authority: std::sync::Arc<fieldseal_tlog::note::Ed25519Signer>,
}

impl ClosedLog {
    /// Reads it from its data folder: the newest checkpoint that its keys have signed, wherever it is kept.
    pub fn read(config: &Config) -> Result<Self, AdminError> {
        let layout = config.layout();
        let db = Db::open(&layout.database(), false)?;
        let (origin, _) = db
            .read_blocking(keys::deployment)?
            .ok_or(AdminError::NotInitialised)?;
        let keys = ServerKeys::load(&layout.keys(), &origin)?;
        let kept: [PathBuf; 2] = [
            config.checkpoint_copy.clone(),
            layout.log().join("checkpoint"),
        ];
        let mut heads: Vec<Vec<u8>> = kept.iter().filter_map(|path| read_if_there(path)).collect();
        heads.push(db.read_blocking(log::head)?.checkpoint);
        let logs = keys.log_vkeys();
        let head = heads
            .iter()
            .filter_map(|bytes| checkpoint::open_by(bytes, &logs).ok())
            .max_by_key(|head| head.size)
            .ok_or(AdminError::NotNow("the old log has no signed checkpoint"))?;
        Ok(Self {
            head,
            authority: keys.authority,
        })
    }

    /// The leaf by which the log of `origin` takes its place.
    pub(super) fn leaf(
        &self,
        origin: &str,
        authority: &dyn Signer,
        now: i64,
    ) -> Result<Vec<u8>, AdminError> {
        let body = Continued {
            origin: origin.to_owned(),
            old_origin: self.head.origin.clone(),
            old_size: self.head.size,
            old_root: self.head.root,
            continued_at: Timestamp::from_millis(now),
        };
        let signers: [&dyn Signer; 2] = [authority, &self.authority];
        Ok(Note::sign(&body.text(), &signers)?.to_bytes())
    }

    /// Its origin: the new one's must be another.
    pub(super) fn origin(&self) -> &str {
        &self.head.origin
    }
}

fn read_if_there(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}
