//! What the vault's tests share: a seeded generator, a disk that fails on demand, a vault with one officer.
#![allow(dead_code, reason = "each test file uses a part")]

pub mod to_packet;

use fieldseal_packet::context::CaptureContext;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp, custody};
use fieldseal_vault::*;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

pub const PIN: &str = "271828";

/// Repeatable bytes.
pub fn seeded(seed: u64) -> Arc<dyn Randomness> {
    let counter = AtomicU64::new(0);
    Arc::new(move |bytes: &mut [u8]| {
        for part in bytes.chunks_mut(32) {
            let n = counter.fetch_add(1, Ordering::Relaxed);
            let block = Sha256Digest::of(&[seed.to_le_bytes(), n.to_le_bytes()].concat());
            part.copy_from_slice(&block.0[..part.len()]);
        }
        Ok(())
    })
}

/// An empty folder, in memory where there is such a place: these tests are about order, not about the disk's speed.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// A generator that differs each time.
pub fn any_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish()
}

pub fn config() -> VaultConfig {
    VaultConfig::new(seeded(any_seed())).with_kdf(KdfParams::FOR_TESTS)
}

pub fn officer(id: &str) -> NewOfficer {
    NewOfficer {
        id: id.to_owned(),
        badge: format!("badge-{id}"),
        name: "李明".to_owned(),
        team: Some("一中队".to_owned()),
        pin: Zeroizing::new(PIN.to_owned()),
        seed: Secret::new([id.len() as u8; 32]),
    }
}

pub fn recovery_private() -> Secret {
    Secret::new([77; 32])
}

pub fn birth() -> Birth {
    Birth {
        officer: officer("lead"),
        device_seed: Secret::new([5; 32]),
        recovery_key: Some(public_key(&recovery_private()).unwrap()),
        plain: serde_json::json!({"device": "t1"}),
    }
}

pub fn created(dir: &Path) -> Vault {
    Vault::create(dir, birth(), config()).unwrap()
}

pub fn opened(dir: &Path) -> (Vault, Recovered) {
    Vault::open(dir, config()).unwrap()
}

/// Opened, unlocked, taken in, handed over.
pub fn ready(dir: &Path) -> Vault {
    let (vault, _) = opened(dir);
    vault.unlock("lead", PIN, &now(0)).unwrap();
    vault.take_in(&mut with_custody).unwrap();
    vault.hand_over().unwrap();
    vault
}

pub fn now(second: i64) -> Moment {
    Moment {
        at: at(second),
        boot_id: "boot-1".to_owned(),
        boot_ms: (second * 1000) as u64,
    }
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_763_862_087_000 + second * 1000)
}

pub fn packet(n: u8) -> PacketId {
    PacketId::from_parts(at(i64::from(n)), &[n; 10])
}

pub fn context() -> CaptureContext {
    CaptureContext {
        captured_at: at(1),
        zone: "Asia/Shanghai".to_owned(),
        boot_id: "boot-1".to_owned(),
        boot_ms: 1000,
        server_offset_ms: None,
        server_seen_at: None,
        fix: None,
        no_fix_reason: Some("unavailable".to_owned()),
        heading_deg: None,
        source: "camera".to_owned(),
        original_name: None,
        software: "test 1".to_owned(),
        device_model: None,
        challenge: None,
        recording: None,
        follows: None,
    }
}

pub fn meta(draft: PacketId) -> CaptureMeta {
    CaptureMeta {
        draft,
        kind: "illegal-structure".to_owned(),
        shot: None,
        media_type: "image/jpeg".to_owned(),
        context: context(),
    }
}

pub fn capture(vault: &Vault, draft: PacketId, bytes: &[u8]) -> Result<Captured, CaptureError> {
    let mut writer = vault.capture()?;
    writer.write_all(bytes).map_err(CaptureError::from_write)?;
    writer.finish(meta(draft))
}

pub fn read_all(vault: &Vault, capture_seq: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    vault
        .open_original(capture_seq)
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

/// Custody lines as the engine writes them.
pub fn with_custody(tx: &rusqlite::Transaction<'_>, taken: &TakenIn) -> Result<(), StoreError> {
    if taken.sealed {
        return Ok(());
    }
    let meta = custody::Meta {
        at: at(2),
        boot_id: None,
        boot_ms: None,
        actor: None,
    };
    let draft = taken.capture.draft;
    if let Some(kind) = &taken.draft_opened {
        let opened = custody::Event::Opened {
            packet: draft,
            kind: kind.clone(),
            supplements: None,
        };
        fieldseal_vault::custody::write(tx, draft, &meta, &opened)?;
    }
    fieldseal_vault::custody::write(tx, draft, &meta, &taken.capture.custody_event())
}

/// Which operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Create,
    Write,
    Sync,
    Rename,
    SyncDir,
    Remove,
    MakeDir,
}

pub const STEPS: [Step; 7] = [
    Step::Create,
    Step::Write,
    Step::Sync,
    Step::Rename,
    Step::SyncDir,
    Step::Remove,
    Step::MakeDir,
];

/// How it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Nothing was done.
    Lost,
    /// It was done, and an error came all the same.
    Done,
}

#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub step: Step,
    /// The how-manieth of its kind, from 0.
    pub nth: u64,
    pub how: How,
    pub error: io::ErrorKind,
}

/// The machine's disk, with one fault.
#[derive(Clone, Default)]
pub struct FaultyDisk {
    state: Arc<Mutex<FaultState>>,
}

#[derive(Default)]
struct FaultState {
    fault: Option<Fault>,
    hit: bool,
}

impl FaultyDisk {
    pub fn arm(&self, fault: Fault) {
        *self.state.lock().unwrap() = FaultState {
            fault: Some(fault),
            hit: false,
        };
    }

    pub fn disarm(&self) -> bool {
        std::mem::take(&mut *self.state.lock().unwrap()).hit
    }

    fn run<T>(&self, step: Step, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let strikes = {
            let mut state = self.state.lock().unwrap();
            match &mut state.fault {
                Some(fault) if fault.step == step && fault.nth == 0 => {
                    let strike = (fault.how, fault.error);
                    state.fault = None;
                    state.hit = true;
                    Some(strike)
                }
                Some(fault) if fault.step == step => {
                    fault.nth -= 1;
                    None
                }
                _ => None,
            }
        };
        match strikes {
            None => work(),
            Some((How::Lost, error)) => Err(error.into()),
            Some((How::Done, error)) => {
                work()?;
                Err(error.into())
            }
        }
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.run(Step::Create, || OsDisk.create(path))?;
        Ok(Box::new(FaultyFile {
            file,
            disk: self.clone(),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(Step::Rename, || OsDisk.rename(from, to))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.run(Step::SyncDir, || OsDisk.sync_dir(dir))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.run(Step::Remove, || OsDisk.remove(path))
    }

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        self.run(Step::MakeDir, || OsDisk.make_dir(path))
    }
}

struct FaultyFile {
    file: Box<dyn DiskFile>,
    disk: FaultyDisk,
}

impl DiskFile for FaultyFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = &mut self.file;
        self.disk.run(Step::Write, || file.write_all(bytes))
    }

    fn sync(&mut self) -> io::Result<()> {
        let file = &mut self.file;
        self.disk.run(Step::Sync, || file.sync())
    }
}
