//! The server in this process: started and stopped as the command does it.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use fieldseal_server::{Running, Server, StartError};

use crate::locks::patiently;
use crate::site::Site;

/// Name of the one thread that does all of a server's work at the disk.
pub const DISK_THREAD: &str = "fieldseal-disk";

/// A running server with its own threads.
pub struct Serving {
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
    /// How long the start took.
    pub took: Duration,
}

impl Serving {
    /// Starts the server of a site on the site's address.
    pub fn start(site: &Site) -> anyhow::Result<Self> {
        Self::start_on(site, threads(64)?)
    }

    /// The same, with one thread for the disk, [`DISK_THREAD`]: the order of its calls is nearly always the same, and they can
    /// be told from those of the network.
    pub fn start_with_one_disk_thread(site: &Site) -> anyhow::Result<Self> {
        let runtime = threads(1)?;
        let name = std::ffi::CString::new(DISK_THREAD)?;
        let named = runtime.spawn_blocking(move || rustix::thread::set_name(&name));
        runtime.block_on(named)?.context("the disk's thread")?;
        Self::start_on(site, runtime)
    }

    fn start_on(site: &Site, runtime: tokio::runtime::Runtime) -> anyhow::Result<Self> {
        let began = Instant::now();
        let running = patiently(
            || runtime.block_on(Server::start(site.server_config(), site.address)),
            // A port of this range may be some connection's for a moment.
            |error| matches!(error, StartError::Locked | StartError::PortInUse(_)),
        )
        .context("the server did not start")?;
        Ok(Self {
            runtime,
            running: Some(running),
            took: began.elapsed(),
        })
    }

    /// Stops it in good order.
    pub fn stop(mut self) -> anyhow::Result<()> {
        match self.running.take() {
            Some(running) => self
                .runtime
                .block_on(running.stop())
                .context("the server did not stop in good order"),
            None => Ok(()),
        }
    }
}

fn threads(for_the_disk: usize) -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(for_the_disk)
        // None ends before the server: its name would go with it.
        .thread_keep_alive(Duration::from_secs(3600))
        .enable_all()
        .build()
        .context("the server's threads")
}
