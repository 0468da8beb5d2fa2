//! The child in the fault domain: `fault-worker <site> tablet <stage>` and `fault-worker <site> server`.
//!
//! One whole line on stdout after each acknowledgement, written at once, so that what the parent read was said before the
//! fault: `saved <capture_seq> <sha256>`, `sealed <packet> <packet digest>`, `safe <packet> <leaf>`, `freed <packet>`; the
//! server says `serving <url>`. `failed <code>` tells of a refusal; `done` that the stage came to its end.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::oracle::audit_tablet;
use crate::rng::Rng;
use crate::serving::Serving;
use crate::site::Site;
use crate::tablet::{Tablet, code_of, photo};

/// The child of the fault campaigns.
#[derive(Parser)]
pub struct Args {
    /// The site's folder
    site: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// One stage of the tablet's line
    Tablet {
        #[command(subcommand)]
        stage: Stage,
        /// Of the photos
        #[arg(long, default_value_t = 1, global = true)]
        seed: u64,
        /// Seconds until everything is safe, or has its previews
        #[arg(long, default_value_t = 30, global = true)]
        patience: u64,
        /// Tells its threads before the stage proper, and waits for a line on stdin
        #[arg(long, global = true)]
        gate: bool,
    },
    /// The server, until it is killed or stdin ends
    Server {
        /// Tells its threads once it serves, and waits for a line on stdin
        #[arg(long)]
        gate: bool,
    },
}

#[derive(Subcommand)]
enum Stage {
    /// Opens, unlocks, and takes so many photos into one draft
    Capture {
        /// How many
        count: u64,
        /// Stay locked
        #[arg(long)]
        locked: bool,
    },
    /// Opens and unlocks: what waits is taken in, and previews are made
    Start,
    /// Describes, signs and seals every draft
    Seal,
    /// Uploads until all is safe
    Sync,
    /// Gives the originals of safe packets back
    Reclaim,
    /// Starts, unlocks, and prints everything in the vault as JSON
    Check,
}

/// Runs one stage.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let site = match Site::load(&args.site) {
        Ok(site) => site,
        Err(error) => {
            say("failed no-site")?;
            return Err(error);
        }
    };
    let outcome = match &args.what {
        What::Server { gate } => server(&site, *gate),
        What::Tablet {
            stage,
            seed,
            patience,
            gate,
        } => {
            let patience = Duration::from_secs(*patience);
            tablet(&site, stage, *seed, patience, *gate)
        }
    };
    match outcome {
        Ok(()) => say("done"),
        Err(error) => {
            say(&format!("failed {}", code_of(&error).unwrap_or("other")))?;
            Err(error)
        }
    }
}

fn tablet(
    site: &Site,
    stage: &Stage,
    seed: u64,
    patience: Duration,
    gate: bool,
) -> anyhow::Result<()> {
    match stage {
        Stage::Capture { count, locked } => {
            let tablet = Tablet::open(site)?;
            let mut draft = None;
            if !locked {
                tablet.unlock()?;
                draft = Some(tablet.open_draft()?);
            }
            if gate {
                wait_at_gate()?;
            }
            let mut rng = Rng::new(seed);
            for _ in 0..*count {
                let (seq, sha256) = tablet.capture(draft.as_deref(), &photo(rng.draw()))?;
                say(&format!("saved {seq} {sha256}"))?;
            }
            match draft {
                Some(draft) => tablet.await_previews(&draft, patience),
                None => Ok(()),
            }
        }
        Stage::Start => Tablet::unlocked(site)?.await_all_previews(patience),
        Stage::Seal => {
            let mut said = Ok(());
            Tablet::unlocked(site)?.seal_all(&mut |id, digest| {
                said = say(&format!("sealed {id} {digest}"));
            })?;
            said
        }
        Stage::Sync => {
            let tablet = Tablet::open(site)?;
            if gate {
                tablet.hold_uploads(true)?;
            }
            tablet.unlock()?;
            if gate {
                wait_at_gate()?;
                tablet.hold_uploads(false)?;
            }
            let mut said = Ok(());
            tablet.sync_all(patience, &mut |id, leaf| {
                said = say(&format!("safe {id} {leaf}"));
            })?;
            said
        }
        Stage::Reclaim => {
            let mut said = Ok(());
            Tablet::unlocked(site)?.give_back(&mut |id| {
                said = say(&format!("freed {id}"));
            })?;
            said
        }
        Stage::Check => {
            drop(Tablet::unlocked(site)?);
            say(&serde_json::to_string(&audit_tablet(site)?)?)
        }
    }
}

fn server(site: &Site, gate: bool) -> anyhow::Result<()> {
    let serving = Serving::start_with_one_disk_thread(site)?;
    if gate {
        wait_at_gate()?;
    }
    say(&format!("serving http://{}", site.address))?;
    // The parent holds the other end; when it lets go, or dies, so does this.
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()).context("stdin")?;
    serving.stop()
}

/// `gate <process> <thread>=<name> …`, and then a line from the parent: by then it traces whom it wants.
fn wait_at_gate() -> anyhow::Result<()> {
    let process = std::process::id().to_string();
    let named = || -> anyhow::Result<Vec<(String, String)>> {
        let threads = std::fs::read_dir("/proc/self/task").context("this process's threads")?;
        let mut named = Vec::new();
        for thread in threads {
            let thread = thread?;
            let name = std::fs::read_to_string(thread.path().join("comm"))?;
            let number = thread.file_name().to_string_lossy().into_owned();
            named.push((number, name.trim().to_owned()));
        }
        Ok(named)
    };
    let mut threads = named()?;
    let first = |threads: &[(String, String)]| {
        let own = threads.iter().find(|(number, _)| *number == process);
        own.map(|(_, name)| name.clone())
    };
    // A thread bears the process's name until it has taken its own.
    while threads
        .iter()
        .any(|(number, name)| *number != process && Some(name) == first(&threads).as_ref())
    {
        std::thread::yield_now();
        threads = named()?;
    }
    let threads: Vec<String> = threads
        .iter()
        .map(|(number, name)| format!("{number}={name}"))
        .collect();
    say(&format!("gate {process} {}", threads.join(" ")))?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("stdin")?;
    Ok(())
}

/// One line, in one write.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())
        .and_then(|()| out.flush())
        .context("the parent does not listen any more")
}
