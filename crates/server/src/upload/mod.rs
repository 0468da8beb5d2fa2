//! Uploads by tus 1.0 (creation, checksum, termination, expiration), written here because the libraries looked at either never sync what they
//! acknowledge or can't resume a digest.
//!
//! What is acknowledged is durable: an offset goes into the database only after an fsync of the bytes that it covers. Bytes beyond it may be in the
//! file after a crash; the next request cuts them off. The digest is computed as bytes arrive, and after a restart by reading the partial file once.

pub mod metadata;
pub mod writer;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::Sha256;
use tokio::sync::{Notify, OwnedMutexGuard};

use crate::ambient::Millis;
use crate::store::{Db, StoreError, uploads};

/// How long a request waits for the one before it to let go of an upload.
const PATIENCE: Duration = Duration::from_secs(10);

/// A digest so far, and of how many bytes.
pub type Hashing = Option<(u64, Sha256)>;

/// One upload's lock: a later request takes over from an earlier one, whose connection may long be dead.
#[derive(Default)]
pub struct Slot {
    hashing: Arc<tokio::sync::Mutex<Hashing>>,
    /// Tells the holder to let go.
    pub takeover: Notify,
}

/// The uploads of this process.
pub struct Uploads {
    folder: PathBuf,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

impl Uploads {
    /// Files under this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            slots: Mutex::new(HashMap::new()),
        }
    }

    /// Where an upload's bytes are while they come.
    pub fn path(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// The slot of an upload.
    pub fn slot(&self, id: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(id.to_owned()).or_default())
    }

    /// Forgets an upload that is over.
    pub fn forget(&self, id: &str) {
        self.slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }

    /// Removes uploads whose time is over, and files that no row speaks of (a crash came between the two).
    pub fn sweep(&self, db: &Db, now: Millis) -> Result<usize, StoreError> {
        let gone = db.read_blocking(|c| uploads::expired(c, now))?;
        for id in &gone {
            db.write_blocking(|tx| uploads::remove(tx, id))?;
            self.forget(id);
            remove_file(&self.path(id));
        }
        Ok(gone.len())
    }

    /// Removes files of which no row speaks. For start-up only: nothing is being created then.
    pub fn sweep_orphans(&self, db: &Db) -> Result<(), StoreError> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Ok(());
        };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let known = db.read_blocking(|c| uploads::has_file(c, &name))?;
            if !known {
                remove_file(&entry.path());
            }
        }
        Ok(())
    }
}

impl Slot {
    /// Waits for the holder to let go. `None` when it does not within ten seconds.
    pub async fn hold(&self) -> Option<OwnedMutexGuard<Hashing>> {
        if let Ok(guard) = Arc::clone(&self.hashing).try_lock_owned() {
            return Some(guard);
        }
        // A permit, so that a holder that is just writing sees it when it comes back to its connection.
        self.takeover.notify_one();
        let held = tokio::time::timeout(PATIENCE, Arc::clone(&self.hashing).lock_owned()).await;
        // The permit may not have been used: it must not end the new holder.
        let _ = tokio::time::timeout(Duration::ZERO, self.takeover.notified()).await;
        held.ok()
    }
}

/// Removes a file that may not be there. That it stays is no harm: the sweep at start-up takes it.
pub fn remove_file(path: &std::path::Path) {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a file of an upload could not be removed"
        ),
    }
}
