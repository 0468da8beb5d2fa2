//! What the engine asks of the machine it runs on. Everything that decides takes these as answers, so tests can hand in
//! their own; what a platform can't tell is `None`, never a default.

use std::io;
use std::path::Path;

pub use fieldseal_packet::Timestamp;

pub use crate::hardware::HardwareKeys;

/// The clock that neither jumps nor sleeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    /// The system's id of this boot.
    pub id: String,
    /// Milliseconds since it, sleep included.
    pub ms: u64,
}

/// Over what the machine is connected, as far as it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// `wifi`, `ethernet`, `cellular`, `other` or `none`.
    pub kind: String,
    /// Somebody pays for what is sent.
    pub metered: bool,
    /// In another operator's network.
    pub roaming: bool,
    /// The network wants a sign-in first.
    pub sign_in: bool,
}

/// Clocks, randomness and what the machine knows of itself.
pub trait Platform: Send + Sync {
    /// Wall clock.
    fn now(&self) -> Timestamp;
    /// IANA zone of the wall clock.
    fn zone(&self) -> String;
    /// Today where the tablet is, `YYYY-MM-DD`: for rules about days, never for evidence.
    fn today(&self) -> String {
        day_in(&self.zone(), self.now())
    }
    /// Boot clock.
    fn boot(&self) -> Boot;
    /// Fills with random bytes fit for keys.
    fn random(&self, bytes: &mut [u8]) -> io::Result<()>;
    /// Bytes free for this program in the file system of `dir`.
    fn free_bytes(&self, dir: &Path) -> Option<u64>;
    /// 0 to 1.
    fn battery(&self) -> Option<f64>;
    /// Model of the device.
    fn device_model(&self) -> Option<String>;
    /// Over what the machine is connected.
    fn connection(&self) -> Option<Connection> {
        None
    }
    /// The maker's certificates of a P-256 device key (SubjectPublicKeyInfo), DER, the key's own first. None where the key lies in software.
    fn attest(&self, _spki: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        Ok(Vec::new())
    }
    /// Where the tablet's own key is made and kept, if the machine has such a place.
    fn hardware_keys(&self) -> Option<&dyn HardwareKeys> {
        None
    }
}

/// Largest file of a time zone that is read, bytes.
const MAX_ZONE: u64 = 64 << 10;

/// The day in this zone; where the system does not know the zone, China's for China's zones and else that of UTC.
fn day_in(zone: &str, now: Timestamp) -> String {
    use std::io::Read as _;

    let known = || {
        let named = !zone.contains("..") && !zone.starts_with('/');
        let file =
            std::fs::File::open(Path::new("/usr/share/zoneinfo").join(named.then_some(zone)?));
        let mut bytes = Vec::new();
        file.ok()?.take(MAX_ZONE).read_to_end(&mut bytes).ok()?;
        jiff::tz::TimeZone::tzif(zone, &bytes).ok()
    };
    let china = matches!(
        zone,
        "Asia/Shanghai" | "Asia/Chongqing" | "Asia/Harbin" | "PRC"
    );
    let fixed = jiff::tz::TimeZone::fixed(jiff::tz::offset(if china { 8 } else { 0 }));
    let at = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default();
    at.to_zoned(known().unwrap_or(fixed)).date().to_string()
}

/// This machine: Linux, and as far as it goes the others.
#[derive(Debug)]
pub struct Machine {
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    started: std::time::Instant,
    boot_id: String,
}

impl Machine {
    /// Reads the boot id once. Where the system has none, one is made for the run of this program: an id that changes too
    /// often says "the clock's zero is not known to be the same", which is then the truth.
    pub fn new() -> io::Result<Self> {
        let boot_id = match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
            Ok(text) if !text.trim().is_empty() => text.trim().to_owned(),
            _ => {
                let mut bytes = [0; 16];
                fill(&mut bytes)?;
                format!("run-{}", hex::encode(bytes))
            }
        };
        Ok(Self {
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            started: std::time::Instant::now(),
            boot_id,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the layer that asks the machine"
)]
fn fill(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(io::Error::other)
}

impl Platform for Machine {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the layer that asks the machine"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
    }

    fn zone(&self) -> String {
        let named = std::env::var("TZ")
            .ok()
            .map(|zone| zone.trim_start_matches(':').to_owned());
        let linked = || {
            let target = std::fs::canonicalize("/etc/localtime").ok()?;
            let (_, zone) = target.to_str()?.split_once("/zoneinfo/")?;
            Some(zone.to_owned())
        };
        let is_name = |zone: &String| {
            !zone.is_empty()
                && zone.len() <= 64
                && zone
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte))
        };
        // Without either, POSIX systems run in UTC.
        named
            .filter(is_name)
            .or_else(linked)
            .filter(is_name)
            .unwrap_or_else(|| "Etc/UTC".to_owned())
    }

    fn boot(&self) -> Boot {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let ms = {
            let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
            let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
            seconds
                .saturating_mul(1000)
                .saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000)
        };
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Boot {
            id: self.boot_id.clone(),
            ms,
        }
    }

    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        fill(bytes)
    }

    fn free_bytes(&self, dir: &Path) -> Option<u64> {
        #[cfg(unix)]
        {
            let stats = rustix::fs::statvfs(dir).ok()?;
            stats.f_bavail.checked_mul(stats.f_frsize)
        }
        #[cfg(not(unix))]
        {
            let _ = dir;
            None
        }
    }

    fn battery(&self) -> Option<f64> {
        let supplies = std::fs::read_dir("/sys/class/power_supply").ok()?;
        supplies.flatten().find_map(|supply| {
            let text = std::fs::read_to_string(supply.path().join("capacity")).ok()?;
            let percent: f64 = text.trim().parse().ok()?;
            (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
        })
    }

    fn device_model(&self) -> Option<String> {
        let text = std::fs::read_to_string("/sys/class/dmi/id/product_name").ok()?;
        let model: String = text
            .trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(80)
            .collect();
        (!model.is_empty()).then_some(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_answers_within_reason() {
        let machine = Machine::new().unwrap();
        let (first, second) = (machine.boot(), machine.boot());
        assert_eq!(first.id, second.id);
        assert!(second.ms >= first.ms);
        assert!(!machine.zone().is_empty());
        assert!(
            machine
                .battery()
                .is_none_or(|level| (0.0..=1.0).contains(&level))
        );
        assert!(
            machine
                .free_bytes(&std::env::temp_dir())
                .is_some_and(|bytes| bytes > 0)
        );
        let mut bytes = [[0; 16]; 2];
        bytes
            .iter_mut()
            .for_each(|bytes| machine.random(bytes).unwrap());
        assert_ne!(bytes[0], bytes[1]);
    }
}
