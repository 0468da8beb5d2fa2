//! The vault: opening it, and handing out its databases.
//!
//! Locks are taken in this order, and only while needed: registers, slots, open, outbox, chain. The closures that [`Vault::read`]
//! and its siblings run must not call the vault again.

use crate::chain::{CaptureHead, Chain, Recovered, SetAside, recover};
use crate::create::VaultConfig;
use crate::db::{Database, StoreError, damage_was_seen};
use crate::disk::{Disk, replace_durably};
use crate::folder::{Folder, LOCK, SUSPECT, names};
use crate::keys::Secret;
use crate::recording::CutShort;
use crate::set_aside::{AsideReason, set_aside};
use crate::slots::{CAPTURE, CaptureKey, SLOTS, SLOTS_COPY, Slots};
use crate::store::{drafts, sequence};
use crate::suite::Suite;
use rusqlite::{Connection, Transaction};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Why a vault could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is none.
    #[error("there is no vault")]
    NotAVault,
    /// Another program holds the folder.
    #[error("the vault is in use by another program")]
    InUse,
    /// The folder could not be read, or what was found could not be put in order.
    #[error("the vault could not be read")]
    Io(#[from] io::Error),
}

/// What unlocking keeps in memory.
pub(crate) struct Open {
    pub(crate) database: Database,
    pub(crate) root: Secret,
    pub(crate) private: Secret,
    pub(crate) officer: String,
    /// The database was lost: what is taken in now was recovered.
    pub(crate) rebuilt: bool,
}

/// What stays in memory once a vault was unlocked.
pub(crate) struct Outbox {
    pub(crate) database: Database,
    pub(crate) device_seed: Secret,
}

/// The tablet's store. Locked it takes captures; unlocked it gives them back.
pub struct Vault {
    pub(crate) folder: Folder,
    pub(crate) config: VaultConfig,
    pub(crate) suite: Suite,
    pub(crate) capture_key: Mutex<CaptureKey>,
    /// None when neither slots file can be read: captures go on, unlocking can't.
    pub(crate) slots: Mutex<Option<Slots>>,
    pub(crate) open: Mutex<Option<Open>>,
    pub(crate) outbox: Mutex<Option<Outbox>>,
    /// Opened when it is first asked for, while unlocked.
    pub(crate) registers: Mutex<Option<Database>>,
    pub(crate) chain: Mutex<Chain>,
    /// Names of the recordings that a crash cut off, until an unlock has made captures of them.
    pub(crate) cut_off: Mutex<Vec<CutShort>>,
    /// Drafts when it was locked: nothing but captures, which wait, can come until it is unlocked again.
    pub(crate) drafts_at_lock: Mutex<Option<usize>>,
    pub(crate) _lock: File,
}

/// Takes a lock. A panic of another thread can't have left these values half changed: each is replaced as a whole.
pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Vault {
    /// Whether there is a vault in this folder, be it damaged.
    pub fn exists(dir: &Path) -> bool {
        [SLOTS, SLOTS_COPY, CAPTURE]
            .iter()
            .any(|name| dir.join(name).exists())
    }

    /// Opens a vault, locked, and puts in order what an unexpected stop left. Broken slots are set aside when there is
    /// a copy; without any, captures still work as long as the public key is readable.
    pub fn open(dir: &Path, config: VaultConfig) -> Result<(Self, Recovered), OpenError> {
        if !Self::exists(dir) {
            return Err(OpenError::NotAVault);
        }
        let lock = take_lock(dir)?.ok_or(OpenError::InUse)?;
        let folder = Folder::new(dir);
        let disk = &*config.disk;
        let mut broken = Vec::new();
        let (slots, capture_key) = read_keys(disk, dir, &mut broken)?;
        let capture_key = capture_key.ok_or(OpenError::NotAVault)?;
        let (head, mut recovered) = recover(disk, &folder, capture_key.vault)?;
        let cut_off = std::mem::take(&mut recovered.cut_off)
            .into_iter()
            .map(CutShort::found)
            .collect();
        recovered.set_aside.extend(broken);
        let vault = Self {
            suite: config.suite.unwrap_or_else(Suite::by_cpu),
            capture_key: Mutex::new(capture_key),
            slots: Mutex::new(slots),
            open: Mutex::new(None),
            outbox: Mutex::new(None),
            registers: Mutex::new(None),
            chain: Mutex::new(Chain {
                head,
                broken: false,
                guessed: recovered.chain_break,
            }),
            cut_off: Mutex::new(cut_off),
            drafts_at_lock: Mutex::new(None),
            folder,
            config,
            _lock: lock,
        };
        Ok((vault, recovered))
    }

    /// Whether looking at evidence needs a PIN first.
    pub fn is_locked(&self) -> bool {
        hold(&self.open).is_none()
    }

    /// Id of the officer who unlocked.
    pub fn unlocked_by(&self) -> Option<String> {
        hold(&self.open).as_ref().map(|open| open.officer.clone())
    }

    /// Closes the database and forgets the keys to it. Captures and uploads go on.
    pub fn lock(&self) {
        let mut open = hold(&self.open);
        if let Some(open) = &*open {
            *hold(&self.drafts_at_lock) = self.drafts_left(open);
        }
        *open = None;
        drop(open);
        *hold(&self.registers) = None;
    }

    /// How many drafts there are; none when that can't be told, or when something sealed is not in the outbox yet.
    fn drafts_left(&self, open: &Open) -> Option<usize> {
        let outbox = hold(&self.outbox);
        let (here, there) = (
            open.database.connection(),
            outbox.as_ref()?.database.connection(),
        );
        let all_handed_over = sequence::not_in(here, there).ok()?.is_empty();
        let left = drafts::list(here).ok()?.len();
        all_handed_over.then_some(left)
    }

    /// Whether the outbox can be read: once a vault was unlocked, until the program ends.
    pub fn outbox_is_open(&self) -> bool {
        hold(&self.outbox).is_some()
    }

    /// The device key's seed, once the vault was unlocked.
    pub fn device_seed(&self) -> Option<Secret> {
        hold(&self.outbox)
            .as_ref()
            .map(|outbox| outbox.device_seed.clone())
    }

    /// The last capture: number and link.
    pub fn capture_head(&self) -> CaptureHead {
        hold(&self.chain).head
    }

    /// How many captures wait to be taken into the database.
    pub fn waiting(&self) -> io::Result<usize> {
        let names = names(&self.folder.inbox())?;
        Ok(names
            .iter()
            .filter(|name| crate::segment::seq_of(name).is_some())
            .count())
    }

    /// What may be read while locked.
    pub fn plain(&self) -> serde_json::Value {
        hold(&self.slots)
            .as_ref()
            .map_or(serde_json::Value::Null, |slots| slots.plain.clone())
    }

    /// Replaces what may be read while locked. No names.
    pub fn set_plain(&self, plain: serde_json::Value) -> io::Result<()> {
        let mut guard = hold(&self.slots);
        let slots = guard.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let mut changed = slots.clone();
        changed.plain = plain;
        changed.save(&*self.config.disk, self.folder.root())?;
        *slots = changed;
        Ok(())
    }

    /// Reads the officers' database.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.watched(|| {
            let open = hold(&self.open);
            let open = open.as_ref().ok_or(StoreError::Locked)?;
            work(open.database.connection())
        })
    }

    /// Writes to the officers' database: durable as a whole when this returns `Ok`, undone otherwise.
    pub fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.watched(|| {
            let mut open = hold(&self.open);
            let open = open.as_mut().ok_or(StoreError::Locked)?;
            open.database.write(work)
        })
    }

    /// Reads the outbox.
    pub fn outbox_read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.watched(|| {
            let outbox = hold(&self.outbox);
            let outbox = outbox.as_ref().ok_or(StoreError::Locked)?;
            work(outbox.database.connection())
        })
    }

    /// Writes to the outbox: durable as a whole when this returns `Ok`, undone otherwise.
    pub fn outbox_write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.watched(|| {
            let mut outbox = hold(&self.outbox);
            let outbox = outbox.as_mut().ok_or(StoreError::Locked)?;
            outbox.database.write(work)
        })
    }

    /// Runs `work` on a database. When SQLite reports damage or a failing disk, the vault is locked, and the next unlock
    /// opens both databases anew, checks every page of them and sets a corrupt one aside.
    pub(crate) fn watched<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        damage_was_seen();
        let outcome = work();
        if outcome.is_err() && damage_was_seen() {
            // Should the mark not be written, the next damaged page gives another chance.
            let _ = replace_durably(
                &*self.config.disk,
                self.folder.root(),
                SUSPECT,
                b"checked at the next unlock\n",
            );
            self.lock();
        }
        outcome
    }
}

/// The folder's lock, unless another program has it.
pub(crate) fn take_lock(dir: &Path) -> io::Result<Option<File>> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Slots and public key, from whichever file reads. What is broken is set aside, then all are written again from what
/// reads: nothing is overwritten that was not set aside.
fn read_keys(
    disk: &dyn Disk,
    dir: &Path,
    broken: &mut Vec<SetAside>,
) -> io::Result<(Option<Slots>, Option<CaptureKey>)> {
    let present = |name: &str| dir.join(name).exists();
    let read = |name: &str| {
        if present(name) {
            Slots::read(&dir.join(name))
        } else {
            Ok(None)
        }
    };
    let (main, copy) = (read(SLOTS)?, read(SLOTS_COPY)?);
    let stored = if present(CAPTURE) {
        CaptureKey::read(&dir.join(CAPTURE))?
    } else {
        None
    };
    let (main_reads, copy_reads) = (main.is_some(), copy.is_some());
    let slots = main.or(copy);
    let right = slots.as_ref().map(Slots::capture_key);
    let key_is_right = stored.is_some() && (right.is_none() || stored == right);
    let files = [
        (SLOTS, main_reads),
        (SLOTS_COPY, copy_reads),
        (CAPTURE, key_is_right),
    ];
    for (name, _) in files.iter().filter(|(name, reads)| !reads && present(name)) {
        set_aside(disk, dir, dir, name, AsideReason::CorruptSlots)?;
        broken.push(SetAside {
            reason: AsideReason::CorruptSlots,
            capture_seq: None,
        });
    }
    if let Some(slots) = &slots
        && files.iter().any(|(_, reads)| !reads)
    {
        slots.save(disk, dir)?;
    }
    Ok((slots, right.or(stored)))
}
