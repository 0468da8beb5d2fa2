//! The machine, as the engine asks it. What changes (zone, battery, connection) is told by Android when it does and kept here,
//! so that the shutter never waits for an answer.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fieldseal_device::platform::{Boot, Connection, HardwareKeys, Machine, Platform, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use tauri::plugin::PluginHandle;
use tauri::{AppHandle, Manager, Wry};

use super::keys::DeviceKey;
use super::{Watch, refused};

pub struct Battery(pub PluginHandle<Wry>);
pub struct Clock(pub PluginHandle<Wry>);
pub struct Link(pub PluginHandle<Wry>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClockSaid {
    boot_count: Option<u64>,
    zone: String,
    model: String,
}

#[derive(Deserialize)]
struct BatterySaid {
    level: f64,
}

#[derive(Deserialize)]
struct LinkSaid {
    kind: String,
    metered: bool,
    roaming: bool,
    portal: bool,
}

#[derive(Default)]
struct Facts {
    zone: Option<String>,
    model: Option<String>,
    battery: Option<f64>,
    boot_count: Option<u64>,
    connection: Option<Connection>,
}

pub struct AndroidMachine {
    machine: Machine,
    facts: Arc<Mutex<Facts>>,
    keys: DeviceKey,
}

fn lock(facts: &Mutex<Facts>) -> MutexGuard<'_, Facts> {
    facts.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Facts {
    fn hear_clock(&mut self, said: ClockSaid) {
        let is_name = |zone: &String| {
            (1..=64).contains(&zone.len())
                && zone
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte))
        };
        self.zone = Some(said.zone).filter(is_name);
        let model: String = said
            .model
            .chars()
            .filter(|c| !c.is_control())
            .take(80)
            .collect();
        self.model = Some(model).filter(|model| !model.trim().is_empty());
        self.boot_count = said.boot_count;
    }

    fn hear_link(&mut self, said: LinkSaid) {
        let known = ["wifi", "ethernet", "cellular", "other", "none"];
        self.connection = Some(Connection {
            kind: said.kind,
            metered: said.metered,
            roaming: said.roaming,
            sign_in: said.portal,
        })
        .filter(|connection| known.contains(&connection.kind.as_str()));
    }

    fn hear_battery(&mut self, said: &BatterySaid) {
        self.battery = Some(said.level).filter(|level| (0.0..=1.0).contains(level));
    }
}

impl AndroidMachine {
    /// Asks once, and listens from then on. What Android does not tell stays unknown.
    pub fn open(app: &AppHandle) -> io::Result<Self> {
        let facts = Arc::new(Mutex::new(Facts::default()));
        let heard = facts.clone();
        let watch = Watch::new(move |said| lock(&heard).hear_clock(said));
        let said = app
            .state::<Clock>()
            .0
            .run_mobile_plugin::<ClockSaid>("watch", watch)
            .map_err(|problem| refused(&problem))?;
        lock(&facts).hear_clock(said);

        let heard = facts.clone();
        let watch = Watch::new(move |said: BatterySaid| lock(&heard).hear_battery(&said));
        if let Ok(said) = app
            .state::<Battery>()
            .0
            .run_mobile_plugin::<Value>("watch", watch)
            && let Ok(said) = serde_json::from_value::<BatterySaid>(said)
        {
            lock(&facts).hear_battery(&said);
        }

        let heard = facts.clone();
        let watch = Watch::new(move |said| lock(&heard).hear_link(said));
        if let Ok(said) = app
            .state::<Link>()
            .0
            .run_mobile_plugin::<LinkSaid>("watch", watch)
        {
            lock(&facts).hear_link(said);
        }
        Ok(Self {
            machine: Machine::new()?,
            facts,
            keys: app.state::<DeviceKey>().inner().clone(),
        })
    }
}

impl Platform for AndroidMachine {
    fn now(&self) -> Timestamp {
        self.machine.now()
    }

    fn zone(&self) -> String {
        let said = lock(&self.facts).zone.clone();
        said.unwrap_or_else(|| self.machine.zone())
    }

    /// The kernel's clock and its id; where its id is hidden from apps, Android's count of starts.
    fn boot(&self) -> Boot {
        let boot = self.machine.boot();
        match lock(&self.facts).boot_count {
            Some(count) if boot.id.starts_with("run-") => Boot {
                id: format!("boot-count-{count}"),
                ms: boot.ms,
            },
            _ => boot,
        }
    }

    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.machine.random(bytes)
    }

    fn free_bytes(&self, dir: &Path) -> Option<u64> {
        self.machine.free_bytes(dir)
    }

    fn battery(&self) -> Option<f64> {
        lock(&self.facts).battery
    }

    fn device_model(&self) -> Option<String> {
        lock(&self.facts).model.clone()
    }

    fn connection(&self) -> Option<Connection> {
        lock(&self.facts).connection.clone()
    }

    fn attest(&self, spki: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        Ok(self.keys.certificates(spki))
    }

    fn hardware_keys(&self) -> Option<&dyn HardwareKeys> {
        Some(&self.keys)
    }
}
