//! `fieldseal device`: a tablet's engine from the command line, for recorder cards 非现场执法 and for looking after a vault.
//! The PIN is asked for, or taken from `FIELDSEAL_PIN`; it is never an argument, where other users could read it.

mod import;

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Subcommand;
use fieldseal_device::api::{ProblemView, Request};
use fieldseal_device::platform::Machine;
use fieldseal_device::{Engine, EngineConfig};
use serde_json::Value;

/// Without progress for so long, `sync` gives up and says why.
const SYNC_LOOKS: u32 = 300;
const LOOK_EVERY: Duration = Duration::from_millis(200);

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
    },
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

/// A rule as typed.
#[derive(Debug, Clone, Copy)]
struct Keep(Option<u32>);

impl std::str::FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "while-room" => Ok(Self(None)),
            days => {
                Ok(Self(Some(days.parse().map_err(|_| {
                    "a number of days, or while-room".to_owned()
                })?)))
            }
        }
    }
}

/// The vault, asked as a screen would ask.
pub(crate) struct Desk {
    engine: Engine,
    officer: Option<String>,
    json: bool,
}

/// Runs the subcommand.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let platform = Arc::new(Machine::new().context("the machine's clocks")?);
    let engine = Engine::open(EngineConfig::new(&args.vault), platform)
        .context("the vault can't be opened")?;
    let desk = Desk {
        engine,
        officer: args.officer,
        json: args.json,
    };
    match args.command {
        Command::Enrol { code } => desk.enrol(&code),
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

/// A PIN from the environment, or typed at the terminal without showing.
fn pin(variable: &str, whose: &str) -> anyhow::Result<String> {
    if let Ok(pin) = std::env::var(variable) {
        return Ok(pin);
    }
    ensure!(
        io::stdin().is_terminal(),
        "no terminal to ask for a PIN; set {variable}"
    );
    write!(io::stderr(), "PIN of {whose}: ")?;
    io::stderr().flush()?;
    let line = unseen_line();
    writeln!(io::stderr())?;
    Ok(line?.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(unix)]
fn unseen_line() -> io::Result<String> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

    let stdin = io::stdin();
    let shown = tcgetattr(&stdin)?;
    let mut unseen = shown.clone();
    unseen.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &unseen)?;
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    tcsetattr(&stdin, OptionalActions::Now, &shown)?;
    read.map(|_| line)
}

#[cfg(not(unix))]
fn unseen_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map(|_| line)
}

fn given_back(freed: &Value) -> String {
    format!(
        "Removed from this tablet, safe on the server: {} packet(s), {} original(s), {} byte(s).",
        freed["packets"], freed["photos"], freed["bytes"]
    )
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

    fn enrol(&self, code: &str) -> anyhow::Result<()> {
        let state = self.ask(Request::State)?;
        if state["device"].is_null() {
            let state = self.ask(Request::EnrolDevice {
                text: code.to_owned(),
            })?;
            let id = text(&state["device"], "id").to_owned();
            return self.show(
                &state["device"],
                &[format!(
                    "Tablet {id} is enrolled. Enrol its first officer next."
                )],
            );
        }
        if state["enrolled"] == true {
            self.unlock()?;
        }
        let variable = if state["enrolled"] == true {
            "FIELDSEAL_PIN_2"
        } else {
            "FIELDSEAL_PIN"
        };
        let pin = pin(variable, "the new officer (6 characters or more)")?;
        let officer = self.ask(Request::EnrolOfficer {
            code: code.to_owned(),
            pin,
        })?;
        self.show(
            &officer,
            &[format!(
                "Officer {} (badge {}) is enrolled.",
                text(&officer, "id"),
                text(&officer, "badge")
            )],
        )
    }

    fn check(&self) -> anyhow::Result<()> {
        self.unlock()?;
        let checks = self.ask(Request::SelfCheck)?;
        let lines: Vec<String> = checks
            .as_array()
            .into_iter()
            .flatten()
            .map(|check| {
                let params: Vec<String> = check["params"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| format!("{name} {}", value.as_str().unwrap_or_default()))
                    .collect();
                format!(
                    "{:<12} {:<12} {:<16} {}",
                    text(check, "code"),
                    text(check, "level"),
                    text(check, "sentence"),
                    params.join(", ")
                )
            })
            .collect();
        self.show(&checks, &lines)
    }

    fn seal(&self, id: &str, second: Option<&str>) -> anyhow::Result<()> {
        let (officer, own_pin) = self.unlock()?;
        self.ask(Request::OnDuty {
            lead: officer.clone(),
            second: second.map(str::to_owned),
        })?;
        self.ask(Request::Sign {
            id: id.to_owned(),
            officer,
            pin: own_pin,
        })?;
        if let Some(second) = second {
            let pin = pin("FIELDSEAL_PIN_2", second)?;
            self.ask(Request::Sign {
                id: id.to_owned(),
                officer: second.to_owned(),
                pin,
            })?;
        }
        let packet = self.ask(Request::Seal { id: id.to_owned() })?;
        self.show(
            &packet,
            &[format!(
                "Sealed {id}, packet digest {}.",
                text(&packet, "packetDigest")
            )],
        )
    }

    fn sync(&self) -> anyhow::Result<()> {
        self.unlock()?;
        self.ask(Request::UploadNow { id: None })?;
        let mut last = Value::Null;
        let mut looks = 0;
        loop {
            let uploads = self.ask(Request::Uploads)?;
            let list = uploads["unsafePackets"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            if list.is_empty() {
                let mut lines = vec![format!(
                    "Everything is safe: {} packet(s).",
                    uploads["safeTotal"]
                )];
                let freed = self.ask(Request::Reclaim)?;
                if freed["packets"] != 0 {
                    lines.push(given_back(&freed));
                }
                return self.show(&uploads, &lines);
            }
            let total = uploads["unsafeTotal"].as_u64().unwrap_or(0);
            let stuck = list.len() as u64 == total
                && list.iter().all(|upload| {
                    upload["packet"]["state"] == "wedged" || upload["paused"] == true
                });
            looks = if uploads["unsafePackets"] == last {
                looks + 1
            } else {
                0
            };
            last = uploads["unsafePackets"].clone();
            if stuck || looks > SYNC_LOOKS {
                let causes: Vec<String> = list
                    .iter()
                    .map(|upload| {
                        format!(
                            "{}: {}",
                            text(&upload["packet"], "id"),
                            text(upload, "cause")
                        )
                    })
                    .collect();
                self.show(&uploads, &causes)?;
                bail!("{total} packet(s) are not yet safe on the server");
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn reclaim(&self) -> anyhow::Result<()> {
        self.unlock()?;
        let freed = self.ask(Request::Reclaim)?;
        self.show(&freed, &[given_back(&freed)])
    }

    fn retention(&self, keep: Option<Keep>) -> anyhow::Result<()> {
        self.unlock()?;
        let rule = match keep {
            Some(Keep(keep_days)) => self.ask(Request::Retention { keep_days })?,
            None => self.ask(Request::Uploads)?["retention"].clone(),
        };
        let stays = match rule["keepDays"].as_u64() {
            Some(0) => "Originals are removed as soon as they are safe".to_owned(),
            Some(days) => format!(
                "Originals stay for {days} day(s) after they are safe, less when room runs short"
            ),
            None => "Originals that are safe stay until room runs short".to_owned(),
        };
        let by = match text(&rule, "by") {
            "server" => "the server's rule",
            "tablet" => "this tablet's setting",
            _ => "the default",
        };
        self.show(&rule, &[format!("{stays} ({by}).")])
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

    fn recover(&self, id: &str, file: &std::path::Path) -> anyhow::Result<()> {
        let unusable = || format!("{} is not a recovery key", file.display());
        let text = zeroize::Zeroizing::new(std::fs::read_to_string(file).with_context(unusable)?);
        let key = text
            .lines()
            .find_map(|line| line.strip_prefix("fieldseal-recovery-key/v1 "))
            .and_then(|line| STANDARD.decode(line.trim()).ok())
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .with_context(unusable)?;
        let pin = pin(
            "FIELDSEAL_NEW_PIN",
            &format!("{id}, a new one (6 characters or more)"),
        )?;
        self.engine
            .recover(&zeroize::Zeroizing::new(key), id, &pin)
            .map_err(said)
            .context("the recovery key does not open this vault for this officer")?;
        self.show(
            &serde_json::json!({"officer": id}),
            &[format!(
                "{id} is let in under the new PIN; all evidence is there. Now enrol the officer's new key: fieldseal admin enrol-code officer {id}"
            )],
        )
    }

    fn export(&self, id: &str, to: &std::path::Path) -> anyhow::Result<()> {
        self.unlock()?;
        // The id is checked before it becomes a file's name.
        self.ask(Request::Packet { id: id.to_owned() })?;
        let path = to.join(format!("packet-{id}.zip"));
        let file = std::fs::File::create_new(&path)
            .with_context(|| format!("{} can't be made", path.display()))?;
        let mut out = io::BufWriter::new(file);
        let size = self.engine.export_zip(id, &mut out).map_err(said)?;
        out.into_inner()
            .context("the zip could not be written")?
            .sync_all()?;
        let document = serde_json::json!({"path": path, "size": size});
        self.show(&document, &[format!("{} ({size} bytes)", path.display())])
    }
}
