//! `fieldseal c2pa`, and what `fieldseal admin c2pa-ca` and the setting `c2pa` do: sidecars beside the photos of exports, under the deployment's own
//! authority. Only in programs that are built with the feature `c2pa`.

mod authority;
mod check;
mod maker;

use std::process::ExitCode;

use clap::Subcommand;

pub use authority::{AuthorityArgs, make};
pub use maker::load;

/// C2PA sidecars of photos
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Judge the sidecars of exports, or one beside its photo. They prove nothing of a packet: `fieldseal verify` does
    Verify(check::Args),
}

/// Exit code 0: all trusted; 1: one refused; 3: none refused, and a photo or all of them without a sidecar; 2: nothing could be judged.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Verify(args) => check::run(&args),
    }
}

/// Seconds since 1970 by the system's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost layer: what decides is given the time"
)]
fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(0)
}
