//! `fieldseal-host --listen 127.0.0.1:0 --dir D --ui DIR`: prints `listening on http://127.0.0.1:PORT` and serves until killed.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::Parser;
use fieldseal_device::platform::Machine;
use fieldseal_device::{Engine, EngineConfig};

/// The tablet's engine behind loopback HTTP, for tests.
#[derive(Parser)]
struct Args {
    /// Loopback address; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The vault's folder
    #[arg(long)]
    dir: PathBuf,
    /// The built tablet app
    #[arg(long)]
    ui: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    fieldseal_device::run_decoder_child();
    fieldseal_device::no_crash_dumps();
    let filter = tracing_subscriber::EnvFilter::try_from_env("FIELDSEAL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let args = Args::parse();
    ensure!(
        fieldseal_host::is_loopback(&args.listen),
        "this host listens on loopback only"
    );
    let platform = Arc::new(Machine::new().context("the machine's clocks")?);
    let engine = Arc::new(
        Engine::open(EngineConfig::new(&args.dir), platform).context("the tablet's vault")?,
    );
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(args.listen)
            .await
            .context("the port")?;
        writeln!(
            std::io::stdout(),
            "listening on http://{}",
            listener.local_addr()?
        )?;
        std::io::stdout().flush()?;
        fieldseal_host::serve(listener, fieldseal_host::router(engine, args.ui))
            .await
            .context("serving")
    })
}
