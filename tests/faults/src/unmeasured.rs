//! A machine that can't tell how much is free, so that nothing is refused before it is written.

use std::io;
use std::path::Path;

use fieldseal_device::platform::{Boot, Machine, Platform};
use fieldseal_packet::Timestamp;

/// This one, but for that.
pub struct Unmeasured(pub Machine);

impl Platform for Unmeasured {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn zone(&self) -> String {
        self.0.zone()
    }

    fn boot(&self) -> Boot {
        self.0.boot()
    }

    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.0.random(bytes)
    }

    fn free_bytes(&self, _dir: &Path) -> Option<u64> {
        None
    }

    fn battery(&self) -> Option<f64> {
        self.0.battery()
    }

    fn device_model(&self) -> Option<String> {
        self.0.device_model()
    }
}
