use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{LOOK_EVERY_BYTES, ONE_PHOTO_BYTES, RESERVE_BYTES};
use crate::api::{CaptureArgs, Request};
use crate::platform::{Boot, Machine, Platform};
use crate::{Engine, EngineConfig};
use fieldseal_packet::Timestamp;
use fieldseal_vault::{Birth, KdfParams, NewOfficer, Secret, Vault, VaultConfig};

/// This machine with a disk that has so much room; `u64::MAX`: it can't tell.
struct Disk {
    machine: Machine,
    free: Arc<AtomicU64>,
}

impl Platform for Disk {
    fn now(&self) -> Timestamp {
        self.machine.now()
    }
    fn zone(&self) -> String {
        self.machine.zone()
    }
    fn boot(&self) -> Boot {
        self.machine.boot()
    }
    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.machine.random(bytes)
    }
    fn free_bytes(&self, _: &Path) -> Option<u64> {
        Some(self.free.load(Ordering::SeqCst)).filter(|free| *free != u64::MAX)
    }
    fn battery(&self) -> Option<f64> {
        None
    }
    fn device_model(&self) -> Option<String> {
        None
    }
}

/// A locked tablet: the shutter works all the same.
fn tablet(dir: &Path) -> (Engine, Arc<AtomicU64>) {
    let config = VaultConfig::new(Arc::new(|bytes: &mut [u8]| {
        bytes.fill(7);
        Ok(())
    }));
    let birth = Birth {
        officer: NewOfficer {
            id: "lead".to_owned(),
            badge: "1".to_owned(),
            name: "甲".to_owned(),
            team: None,
            pin: "246810".to_owned().into(),
            seed: Secret::new([1; 32]),
        },
        device_seed: Secret::new([2; 32]),
        recovery_key: None,
        plain: serde_json::Value::Null,
    };
    drop(Vault::create(dir, birth, config.with_kdf(KdfParams::FOR_TESTS)).unwrap());
    let free = Arc::new(AtomicU64::new(1 << 40));
    let platform = Disk {
        machine: Machine::new().unwrap(),
        free: free.clone(),
    };
    let engine = Engine::open(EngineConfig::new(dir), Arc::new(platform)).unwrap();
    (engine, free)
}

fn ready(engine: &Engine) -> serde_json::Value {
    engine.call(Request::State).unwrap()["capture"].clone()
}

fn segments(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("inbox")).unwrap().count()
}

#[test]
fn a_disk_that_fills_refuses_before_the_shutter_and_says_so_before_that() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, free) = tablet(dir.path());
    let shoot = || engine.capture(CaptureArgs::default(), &b"a photo"[..]);
    assert_eq!(ready(&engine)["ready"], true);
    shoot().unwrap();

    free.store(RESERVE_BYTES + ONE_PHOTO_BYTES - 1, Ordering::SeqCst);
    assert_eq!(ready(&engine)["ready"], false);
    assert_eq!(ready(&engine)["reason"], "no-room");
    assert_eq!(shoot().unwrap_err().code, "no-room");
    assert_eq!(segments(dir.path()), 1, "nothing was begun");

    free.store(RESERVE_BYTES + ONE_PHOTO_BYTES, Ordering::SeqCst);
    assert_eq!(ready(&engine)["ready"], true);
    assert_eq!(shoot().unwrap().capture_seq, 2, "and the numbers go on");
}

#[test]
fn what_the_platform_cannot_tell_refuses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, free) = tablet(dir.path());
    free.store(u64::MAX, Ordering::SeqCst);
    assert_eq!(ready(&engine)["ready"], true);
    engine
        .capture(CaptureArgs::default(), &b"a photo"[..])
        .unwrap();
}

/// Runs the disk down while it is read.
struct Long {
    left: u64,
    free: Arc<AtomicU64>,
}

impl io::Read for Long {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (buffer.len() as u64).min(self.left);
        self.left -= count;
        self.free.fetch_sub(count, Ordering::SeqCst);
        buffer[..count as usize].fill(1);
        Ok(count as usize)
    }
}

#[test]
fn a_long_original_does_not_eat_the_reserve() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, free) = tablet(dir.path());
    free.store(RESERVE_BYTES + ONE_PHOTO_BYTES, Ordering::SeqCst);
    let long = Long {
        left: ONE_PHOTO_BYTES * 2,
        free: free.clone(),
    };
    let refused = engine.capture(CaptureArgs::default(), long).unwrap_err();
    assert_eq!(refused.code, "no-room");
    assert!(free.load(Ordering::SeqCst) > RESERVE_BYTES - 2 * LOOK_EVERY_BYTES);
    assert_eq!(segments(dir.path()), 0, "its space was given back");
    free.store(1 << 40, Ordering::SeqCst);
    let next = engine.capture(CaptureArgs::default(), &b"a photo"[..]);
    assert_eq!(next.unwrap().capture_seq, 1);
}
