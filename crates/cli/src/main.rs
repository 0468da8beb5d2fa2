//! `fieldseal`: the server, the tablet's engine without a window, the verifier, and the whole line as a demonstration.
//!
//! One binary, one subcommand a module. What people read goes to stdout, logs go to stderr, and a closed pipe ends the
//! output quietly.

mod admin;
mod bench;
#[cfg(feature = "c2pa")]
mod c2pa;
mod demo;
mod device;
mod log;
mod qr;
mod serve;
mod stamps;
mod verify;
mod witness;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Evidence from the field: captured, sealed, logged, and checked by anybody.
#[derive(Parser)]
#[command(name = "fieldseal", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Do the whole main job without a window: server, enrolment, capture, seal, upload, receipt, log, verify
    Demo(demo::Args),
    /// Run the server
    Serve(serve::Args),
    /// Set up and look after a server's data
    Admin(admin::Args),
    /// Use a tablet's vault from the command line
    Device(device::Args),
    /// Check packets and exports
    Verify(verify::Args),
    /// Cosign the checkpoints of logs (C2SP tlog-witness), and refuse what does not continue what was seen before
    Witness(witness::Args),
    /// Check a whole published log: its tree, and every signature in it
    Log(log::Args),
    /// C2PA sidecars of photos in exports: beside the evidence, no part of what is proved
    #[cfg(feature = "c2pa")]
    C2pa(c2pa::Args),
    /// Measure this machine, as ratios within one run
    Bench(bench::Args),
}

fn main() -> ExitCode {
    fieldseal_device::run_decoder_child();
    fieldseal_device::no_crash_dumps();
    let cli = Cli::parse();
    let quiet = !matches!(cli.command, Command::Serve(_) | Command::Witness(_));
    log_to_stderr(if quiet { "warn" } else { "info" });
    let outcome = match cli.command {
        Command::Demo(args) => demo::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Admin(args) => admin::run(args),
        Command::Device(args) => device::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Witness(args) => witness::run(args),
        Command::Log(args) => log::run(args),
        #[cfg(feature = "c2pa")]
        Command::C2pa(args) => c2pa::run(args),
        Command::Bench(args) => bench::run(args),
    };
    outcome.unwrap_or_else(|error| {
        // `{:#}` puts the causes on one line; a closed stderr is no reason to panic.
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("fieldseal: {error:#}\n"),
        );
        // 2 as for wrong usage: nothing was judged.
        ExitCode::from(2)
    })
}

/// `FIELDSEAL_LOG` takes what `tracing` calls directives: `debug`, `fieldseal_server=debug`, …
fn log_to_stderr(default: &str) {
    let filter =
        EnvFilter::try_from_env("FIELDSEAL_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
