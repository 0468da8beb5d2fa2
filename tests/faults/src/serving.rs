//! The server in this process: started and stopped as the command does it.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use fieldseal_server::{Running, Server, StartError};

use crate::locks::patiently;
use crate::site::Site;

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
        Self::start_with(site, 64)
    }

    /// The same, with so many threads for the disk. With one, the order of the server's calls is nearly always the same.
    pub fn start_with(site: &Site, disk_threads: usize) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(disk_threads)
            .enable_all()
            .build()
            .context("the server's threads")?;
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
