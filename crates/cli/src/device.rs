//! `fieldseal device`: a tablet's engine from the command line, for recorder cards 非现场执法 and for looking after a vault.
//! The PIN is asked for, or taken from `FIELDSEAL_PIN`; it is never an argument, where other users could read it.

mod attest;
mod import;
mod officers;
mod outgoing;
mod pin;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::Subcommand;
use fieldseal_device::api::{ProblemView, Request};
use fieldseal_device::platform::{Machine, Platform};
use fieldseal_device::{Engine, EngineConfig};
use serde_json::Value;

use attest::{Attesting, DeviceKey};
use outgoing::Keep;
use pin::pin;

/// A tablet's vault.
#[derive(clap::Args)]
pub struct Args {
    /// The vault folder
    #[arg(
        long,
        value_name = "V",
        global = true,
        default_value = "fieldseal-vault"
    )]
    pub vault: PathBuf,
    /// Officer id; the first on duty when left out
    #[arg(long, value_name = "ID", global = true)]
    pub officer: Option<String>,
    /// One JSON document on stdout
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Enrol the tablet (text of its code), or an officer (text or code)
    Enrol {
        /// `fieldseal:enrol?…`, or an officer's code
        code: String,
        #[command(flatten)]
        key: DeviceKey,
    },
    /// Hand over to a new key of the tablet's; stopped anywhere, it goes on when called again
    Rotate {
        #[command(flatten)]
        key: DeviceKey,
    },
    /// Hand over to a new signing key of the officer's (`--officer`, else the first on duty), against their PIN
    RotateOfficer,
    /// The self-check
    Check,
    /// Take files in as evidence: one new draft
    Import(import::Args),
    /// Sign as this officer, and as others, then seal
    Seal {
        /// The draft
        id: String,
        /// Another officer who signs; their PIN is asked for, or taken from FIELDSEAL_PIN_2
        #[arg(long, value_name = "ID")]
        second: Option<String>,
    },
    /// Upload until everything is safe
    Sync,
    /// Remove originals that are safe on the server, by the retention rule
    Reclaim,
    /// How long originals stay here once they are safe; shows the rule when nothing is given
    Retention {
        /// Days (0: none), or `while-room`; holds while the server names no rule
        keep: Option<Keep>,
    },
    /// Drafts and packets
    List,
    /// Let an officer who forgot the PIN back in, with the administrator's recovery key
    Recover {
        /// Officer id
        id: String,
        /// The file that `fieldseal admin init` wrote
        #[arg(long, value_name = "F")]
        key: PathBuf,
    },
    /// Write a sealed packet's zip
    Export {
        /// The packet
        id: String,
        /// Folder to write it to
        #[arg(long, value_name = "D", default_value = ".")]
        to: PathBuf,
    },
}

/// The vault, asked as a screen would ask.
pub(crate) struct Desk {
    engine: Engine,
    officer: Option<String>,
    json: bool,
}

/// Runs the subcommand.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let machine = Machine::new().context("the machine's clocks")?;
    let mut config = EngineConfig::new(&args.vault);
    let platform: Arc<dyn Platform> = match &args.command {
        Command::Enrol { key, .. } | Command::Rotate { key } => {
            config.device_key = key.algorithm();
            Arc::new(Attesting::new(machine, key.attest_with.clone()))
        }
        _ => Arc::new(machine),
    };
    let engine = Engine::open(config, platform).context("the vault can't be opened")?;
    let desk = Desk {
        engine,
        officer: args.officer,
        json: args.json,
    };
    match args.command {
        Command::Enrol { code, .. } => desk.enrol(&code),
        Command::Rotate { .. } => desk.rotate(),
        Command::RotateOfficer => desk.rotate_officer(),
        Command::Check => desk.check(),
        Command::Import(files) => import::run(&desk, &files),
        Command::Seal { id, second } => desk.seal(&id, second.as_deref()),
        Command::Sync => desk.sync(),
        Command::Reclaim => desk.reclaim(),
        Command::Retention { keep } => desk.retention(keep),
        Command::List => desk.list(),
        Command::Recover { id, key } => desk.recover(&id, &key),
        Command::Export { id, to } => desk.export(&id, &to),
    }?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn said(problem: ProblemView) -> anyhow::Error {
    let params: Vec<String> = problem
        .params
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    match params.is_empty() {
        true => anyhow!("{} ({})", problem.message, problem.code),
        false => anyhow!(
            "{} ({}; {})",
            problem.message,
            problem.code,
            params.join(", ")
        ),
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

impl Desk {
    pub fn ask(&self, request: Request) -> anyhow::Result<Value> {
        self.engine.call(request).map_err(said)
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// One document, or lines for people.
    pub fn show(&self, document: &Value, lines: &[String]) -> anyhow::Result<()> {
        let text = if self.json {
            serde_json::to_string_pretty(document)?
        } else {
            lines.join("\n")
        };
        match writeln!(io::stdout(), "{text}") {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Opens the vault for looking; gives the officer.
    pub fn unlock(&self) -> anyhow::Result<(String, String)> {
        let state = self.ask(Request::State)?;
        if let Some(problem) = state["problem"]["message"].as_str() {
            bail!("{problem}");
        }
        ensure!(
            state["enrolled"] == true,
            "there is no vault here yet; enrol the tablet, then an officer"
        );
        let on_duty = state["onDuty"][0]
            .as_str()
            .or_else(|| state["officers"][0]["id"].as_str());
        let officer = self
            .officer
            .clone()
            .or(on_duty.map(str::to_owned))
            .context("no officer is enrolled")?;
        let pin = pin("FIELDSEAL_PIN", &officer)?;
        self.ask(Request::Unlock {
            officer: officer.clone(),
            pin: pin.clone(),
        })?;
        Ok((officer, pin))
    }

    fn rotate(&self) -> anyhow::Result<()> {
        self.unlock()?;
        self.engine.rotate_key().map_err(said)?;
        self.show(
            &serde_json::json!({"rotated": true}),
            &["the tablet signs with a new key".to_owned()],
        )
    }

    fn rotate_officer(&self) -> anyhow::Result<()> {
        let (officer, pin) = self.unlock()?;
        self.ask(Request::RotateOfficer {
            officer: officer.clone(),
            pin,
        })?;
        self.show(
            &serde_json::json!({"rotated": true, "officer": officer}),
            &[format!("{officer} signs with a new key")],
        )
    }

    fn list(&self) -> anyhow::Result<()> {
        self.unlock()?;
        let drafts = self.ask(Request::Drafts)?;
        let mut lines: Vec<String> = Vec::new();
        let line = |row: &Value, state: &str| {
            format!(
                "{}  {:<10} {:>4} photo(s)  {}  {}",
                text(row, "id"),
                state,
                row["photos"],
                text(row, "kind"),
                text(row, "title")
            )
        };
        lines.extend(
            drafts
                .as_array()
                .into_iter()
                .flatten()
                .map(|draft| line(draft, text(draft, "stage"))),
        );
        let mut packets = Vec::new();
        for page in 0.. {
            let view = self.ask(Request::Packets { page, filter: None })?;
            let Some(rows) = view["packets"].as_array().filter(|rows| !rows.is_empty()) else {
                break;
            };
            lines.extend(
                rows.iter()
                    .map(|packet| line(packet, text(packet, "state"))),
            );
            packets.extend(rows.iter().cloned());
        }
        self.show(
            &serde_json::json!({"drafts": drafts, "packets": packets}),
            &lines,
        )
    }
}
