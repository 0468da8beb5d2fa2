//! A large item passes in bounded memory, on the tablet and on the server: taken in, sealed, sent, received, judged, verified.
//!
//! 300 MB unless `FIELDSEAL_ITEM_BYTES` says otherwise; with 4400000000 it is a recorder's film beyond 4 GiB, for which the
//! folder of temporary files needs twice that room.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use std::io::{self, Read};
use std::sync::Arc;

use fieldseal_device::Engine;
use fieldseal_device::api::{CaptureArgs, Request};
use fieldseal_device::platform::Machine;
use fieldseal_packet::findings::Level;
use kit::{Bureau, Tablet, codes};

const ITEM_BYTES: u64 = 300_000_000;
/// Tablet and server are one process here, with chunks of 4 MiB in hand on both sides.
const MOST_GROWTH: u64 = 80 << 20;

/// Bytes that are never all in memory.
struct Film(u64);

impl Read for Film {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(usize::try_from(self.0).unwrap_or(usize::MAX));
        out[..count].fill((self.0 % 251) as u8);
        self.0 -= count as u64;
        Ok(count)
    }
}

/// The most memory that this process ever held, bytes.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<u64>().unwrap() << 10
}

#[test]
fn a_large_item_is_never_whole_in_memory() {
    let size =
        std::env::var("FIELDSEAL_ITEM_BYTES").map_or(ITEM_BYTES, |text| text.parse().unwrap());
    let bureau = Bureau::open();
    let Tablet {
        engine,
        dir,
        officers,
    } = bureau.tablet("tablet");
    drop(engine);
    // Pieces as large as a tablet's own.
    let mut config = kit::config(&dir);
    config.sync.chunk_bytes = fieldseal_sync::Settings::default().chunk_bytes;
    let tablet = Tablet {
        engine: Engine::open(config, Arc::new(Machine::new().unwrap())).unwrap(),
        dir,
        officers,
    };
    tablet.unlock();
    // Whatever a first packet costs once.
    let first = tablet.draft();
    tablet.capture(Some(&first), b"small");
    tablet.seal(&first);
    tablet.wait_for(&first, "safe");
    let before = most_memory();

    let draft = tablet.draft();
    let args = CaptureArgs {
        draft: Some(draft.clone()),
        source: "import".into(),
        ..CaptureArgs::default()
    };
    let stored = tablet.engine.capture(args, Film(size)).unwrap();
    assert_eq!(stored.size_bytes, size as f64);
    tablet.seal(&draft);
    tablet.wait_for(&draft, "safe");
    let uploads = tablet.ok(Request::Uploads);
    assert_eq!(uploads["safeTotal"], 2);
    let rechecked = tablet.ok(Request::Recheck { id: draft.clone() });
    assert_eq!(rechecked["rechecked"]["equal"], true);
    let report = tablet.verified(&draft, &bureau.trust());
    assert_eq!(codes(&report, Level::Failed), Vec::<&str>::new());
    let growth = most_memory() - before;
    assert!(growth < MOST_GROWTH, "{growth} bytes more at the peak");
}
