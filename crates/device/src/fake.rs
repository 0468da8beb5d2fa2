//! A tablet for tests: this machine, with what a test says of its clocks, disk, battery and network.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fieldseal_packet::Timestamp;
use fieldseal_vault::{Birth, KdfParams, NewOfficer, Secret, Vault, VaultConfig};

use crate::api::Request;
use crate::core::lock;
use crate::platform::{Boot, Connection, Machine, Platform};
use crate::{Engine, EngineConfig};

pub const MINUTE: u64 = 60_000;
pub const PIN: &str = "246810";

/// What the machine says. None: it can't tell.
#[derive(Clone)]
pub struct Said {
    pub boot_ms: u64,
    pub now: Option<Timestamp>,
    pub free: Option<u64>,
    pub battery: Option<f64>,
    pub connection: Option<Connection>,
}

struct Fake {
    machine: Machine,
    said: Arc<Mutex<Said>>,
}

impl Platform for Fake {
    fn now(&self) -> Timestamp {
        lock(&self.said).now.unwrap_or_else(|| self.machine.now())
    }
    fn zone(&self) -> String {
        self.machine.zone()
    }
    fn boot(&self) -> Boot {
        Boot {
            ms: lock(&self.said).boot_ms,
            ..self.machine.boot()
        }
    }
    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.machine.random(bytes)
    }
    fn free_bytes(&self, _: &Path) -> Option<u64> {
        lock(&self.said).free
    }
    fn battery(&self) -> Option<f64> {
        lock(&self.said).battery
    }
    fn device_model(&self) -> Option<String> {
        None
    }
    fn connection(&self) -> Option<Connection> {
        lock(&self.said).connection.clone()
    }
}

pub struct Tablet {
    pub engine: Engine,
    said: Arc<Mutex<Said>>,
    _dir: tempfile::TempDir,
}

impl Tablet {
    /// With one officer, unlocked; it knows no server.
    pub fn unlocked() -> Self {
        Self::with(|_| {})
    }

    /// The same with other settings.
    pub fn with(change: impl FnOnce(&mut EngineConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
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
                pin: PIN.to_owned().into(),
                seed: Secret::new([1; 32]),
            },
            device_seed: Secret::new([2; 32]),
            recovery_key: None,
            plain: serde_json::Value::Null,
        };
        let place = dir.path().join("vault");
        drop(Vault::create(&place, birth, config.with_kdf(KdfParams::FOR_TESTS)).unwrap());
        let said = Arc::new(Mutex::new(Said {
            boot_ms: MINUTE,
            now: None,
            free: None,
            battery: None,
            connection: None,
        }));
        let platform = Fake {
            machine: Machine::new().unwrap(),
            said: said.clone(),
        };
        let mut config = EngineConfig::new(&place);
        change(&mut config);
        let tablet = Self {
            engine: Engine::open(config, Arc::new(platform)).unwrap(),
            said,
            _dir: dir,
        };
        tablet.unlock();
        tablet
    }

    /// By the vault alone: a tablet that no server knows has no identity to pin.
    pub fn unlock(&self) {
        let core = &self.engine.core;
        let vault = core.vault().unwrap();
        vault.unlock("lead", PIN, &core.moment()).unwrap();
    }

    pub fn say(&self, change: impl FnOnce(&mut Said)) {
        change(&mut lock(&self.said));
    }

    pub fn pass(&self, ms: u64) {
        self.say(|said| said.boot_ms += ms);
    }

    pub fn ok(&self, request: Request) -> serde_json::Value {
        self.engine.call(request).unwrap()
    }

    pub fn is_locked(&self) -> bool {
        self.ok(Request::State)["locked"] == true
    }
}

pub fn over(kind: &str, metered: bool, roaming: bool) -> Connection {
    Connection {
        kind: kind.to_owned(),
        metered,
        roaming,
        sign_in: false,
    }
}
