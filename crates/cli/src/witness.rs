//! `fieldseal witness`: stands guard over other people's logs. It cosigns what is proved to continue what it saw before, and says
//! aloud when something is not.

mod settings;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use fieldseal_packet::entry::LogRotated;
use fieldseal_packet::trust::{MAX_TRUST, Trust};
use fieldseal_server::ambient::{Ambient, Clock as _, SystemClock};
use fieldseal_tlog::note::{Algorithm, Note, Vkey};
use fieldseal_tlog::tile::TilePath;
use fieldseal_witness::check::{Outlook, look};
use fieldseal_witness::witness::health;
use fieldseal_witness::{Folder, Health, Witness, entries, service};
use serde_json::{Value, json};

pub use settings::WitnessingSettings;

/// Cosign the checkpoints of logs (C2SP tlog-witness), and refuse what does not continue what was seen before
#[derive(clap::Args)]
pub struct Args {
    /// The witness's folder
    #[arg(
        long,
        value_name = "W",
        default_value = "fieldseal-witness",
        global = true
    )]
    pub data: PathBuf,
    /// Address and port to answer on; loopback unless a proxy in front does TLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// A proxy in front does TLS: allows addresses that others can reach
    #[arg(long)]
    behind_proxy: bool,
    /// Key of a log to watch from now on, a trust file that names it, or the leaf by which a watched log's key is rotated; may be given several times
    #[arg(long, value_name = "VKEY|F")]
    log: Vec<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Make the witness's key
    Init {
        /// The witness's name, for ever, such as prosecutor.example.gov.cn/witness
        #[arg(long)]
        name: String,
    },
    /// Make the pass by which this witness may read the log's leaves, and print what the log's server has to be told
    Pass,
    /// Read every leaf of a log, and check that they are the ones under its checkpoint. Exit code 1 when they are not
    Entries {
        /// Where the log is published: <server>/log
        #[arg(long, value_name = "URL")]
        url: String,
        /// Keep the leaves here, as the log serves them
        #[arg(long, value_name = "F")]
        out: Option<PathBuf>,
    },
    /// Say what was cosigned and what speaks against a log; ask the logs at these addresses. Exit code 1 when something does
    Check {
        /// Where a log is published: <server>/log
        #[arg(long, value_name = "URL")]
        url: Vec<String>,
        /// One JSON document on stdout
        #[arg(long)]
        json: bool,
    },
}

/// Without a command: answers until stopped.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let folder = Folder::new(&args.data);
    match args.command {
        Some(Command::Init { name }) => init(&folder, &name),
        Some(Command::Check { url, json }) => check(&folder, &url, json),
        Some(Command::Pass) => pass(&folder),
        Some(Command::Entries { url, out }) => read_entries(&folder, &url, out.as_deref()),
        None => {
            for log in &args.log {
                for key in log_keys(&folder, log)? {
                    folder.add_log(&key)?;
                }
            }
            let runtime =
                tokio::runtime::Runtime::new().context("the async runtime can't start")?;
            runtime.block_on(answer(folder, args.listen, args.behind_proxy))
        }
    }
}

fn init(folder: &Folder, name: &str) -> anyhow::Result<ExitCode> {
    let vkey = folder.init(name, &Ambient::default().bytes()?)?;
    say(&format!(
        "{vkey}\ngive this line to those whose logs are watched, and to those who check evidence:\nwitness {} {vkey}\n",
        word(name)
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn pass(folder: &Folder) -> anyhow::Result<ExitCode> {
    let name = folder.signer()?.vkey().name().to_owned();
    let digest = folder.make_pass(&Ambient::default().bytes()?)?;
    say(&format!(
        "{digest}\nput this line into \"entry_readers\" of the settings of the log's server:\n{{\"name\": \"{}\", \"pass_sha256\": \"{digest}\"}}\n",
        word(&name)
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn read_entries(folder: &Folder, url: &str, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("the async runtime can't start")?;
    let keep = |path: &TilePath, bytes: &[u8]| {
        let Some(out) = out else { return Ok(()) };
        let file = out.join(path.to_string());
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(file, bytes)
    };
    let reading = runtime.block_on(entries::read(folder, url, keep))?;
    let verdict = if reading.hold {
        "they are the ones under the checkpoint"
    } else {
        "THEY ARE NOT THE ONES UNDER THE CHECKPOINT"
    };
    say(&format!(
        "{}: {} leaves read, {verdict}\n{}\n",
        reading.origin,
        reading.leaves,
        sentence(reading.outlook)
    ))?;
    let good = reading.hold && reading.outlook.is_good();
    Ok(ExitCode::from(u8::from(!good)))
}

/// A witness's name as one word of a policy.
fn word(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A vkey, the logs' keys of a trust file, or the key to which a leaf rotates a log that is watched.
fn log_keys(folder: &Folder, given: &str) -> anyhow::Result<Vec<Vkey>> {
    let keys = match Vkey::parse(given) {
        Ok(key) => vec![key],
        Err(error) => {
            let path = Path::new(given);
            if !path.is_file() {
                return Err(error).context("--log takes the key of a log, or a trust file");
            }
            let bytes = std::fs::read(path).context("the trust file can't be read")?;
            anyhow::ensure!(bytes.len() <= MAX_TRUST, "the trust file is too large");
            if let Ok(note) = Note::parse(&bytes) {
                return rotated_key(folder, &note).map(|key| vec![key]);
            }
            let trust = Trust::parse(&bytes).context("the trust file is not usable")?;
            let of_a_log = |key: &&Vkey| trust.knows_origin(key.name());
            trust.keys.iter().filter(of_a_log).cloned().collect()
        }
    };
    if keys.is_empty() || keys.iter().any(|key| key.algorithm() != Algorithm::Ed25519) {
        bail!("a log signs its checkpoints with an Ed25519 key; {given} names none");
    }
    Ok(keys)
}

/// The key to which this leaf rotates a log that is watched: the old key has signed for it.
fn rotated_key(folder: &Folder, note: &Note) -> anyhow::Result<Vkey> {
    let rotated = LogRotated::parse(&note.text).context("the leaf does not rotate a log's key")?;
    let watched = folder.logs()?;
    let old = watched
        .iter()
        .find(|key| key.to_string() == rotated.old_vkey)
        .context("the leaf rotates a key that is not watched")?;
    note.verify_by(old)
        .context("the leaf is not signed by the key that it rotates")?;
    let new = Vkey::parse(&rotated.vkey).context("the leaf's new key does not read")?;
    anyhow::ensure!(
        new.name() == old.name() && new.algorithm() == Algorithm::Ed25519,
        "the leaf's new key is not one of this log"
    );
    Ok(new)
}

async fn answer(
    folder: Folder,
    listen: SocketAddr,
    behind_proxy: bool,
) -> anyhow::Result<ExitCode> {
    if !listen.ip().is_loopback() && !behind_proxy {
        bail!(
            "{listen} can be reached from other machines, and a witness does no TLS itself: listen on 127.0.0.1, or put a proxy that does TLS in front and say --behind-proxy"
        );
    }
    let witness = Arc::new(Witness::open(folder)?);
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("{listen} can't be listened on"))?;
    let mut text = format!("{}\n", witness.vkey());
    for log in witness.health()? {
        text.push_str(&line(&log));
    }
    // The first thing that scripts look for, so it stands on a line of its own.
    let _ = writeln!(text, "listening on http://{}", listener.local_addr()?);
    let stopped = crate::serve::stop_signal()?;
    say(&text)?;
    let now = Arc::new(|| u32::try_from(SystemClock.now() / 1000).unwrap_or(0));
    axum::serve(listener, service::router(witness, now))
        .with_graceful_shutdown(async {
            let _ = stopped.await;
        })
        .await?;
    Ok(ExitCode::SUCCESS)
}

fn check(folder: &Folder, urls: &[String], as_json: bool) -> anyhow::Result<ExitCode> {
    let logs = health(folder)?;
    let mut good = logs.iter().all(Health::is_good);
    let mut text: String = logs.iter().map(line).collect();
    let mut looks: Vec<Value> = Vec::new();
    let mut trouble = false;
    if !urls.is_empty() {
        let runtime = tokio::runtime::Runtime::new().context("the async runtime can't start")?;
        for url in urls {
            match runtime.block_on(look(folder, url)) {
                Ok((origin, outlook)) => {
                    good &= outlook.is_good();
                    let _ = writeln!(text, "{origin} now: {}", sentence(outlook));
                    looks.push(json!({"url": url, "origin": origin, "state": state(outlook)}));
                }
                Err(error) => {
                    trouble = true;
                    let why = format!("{:#}", anyhow::Error::from(error));
                    let _ = writeln!(text, "{url}: {why}");
                    looks.push(json!({"url": url, "error": why}));
                }
            }
        }
    }
    if as_json {
        let logs: Vec<Value> = logs.iter().map(as_value).collect();
        say(&format!("{:#}\n", json!({"logs": logs, "looks": looks})))?;
    } else {
        say(&text)?;
    }
    Ok(ExitCode::from(match (good, trouble) {
        (false, _) => 1,
        (true, true) => 2,
        (true, false) => 0,
    }))
}

fn line(log: &Health) -> String {
    let head = log.head.as_ref().map_or_else(
        || "nothing cosigned yet".to_owned(),
        |head| format!("{} leaves cosigned", head.size),
    );
    let mut text = format!("{}: {head}\n", log.origin);
    if log.forked {
        text.push_str("    FORKED: the log has signed two different trees of one size; nothing is cosigned for it any more\n");
    }
    if let Some(size) = log.unproved {
        let _ = writeln!(
            text,
            "    NOT PROVED: it offered a checkpoint of {size} leaves that is not proved to continue this one"
        );
    }
    text
}

fn as_value(log: &Health) -> Value {
    json!({
        "origin": log.origin,
        "size": log.head.as_ref().map(|head| head.size),
        "root": log.head.as_ref().map(|head| STANDARD.encode(head.root)),
        "forked": log.forked,
        "unproved": log.unproved,
    })
}

fn state(outlook: Outlook) -> &'static str {
    match outlook {
        Outlook::Continues { .. } => "continues",
        Outlook::WentBack { .. } => "went-back",
        Outlook::Forked { .. } => "forked",
        Outlook::NotProved { .. } => "not-proved",
    }
}

fn sentence(outlook: Outlook) -> String {
    match outlook {
        Outlook::Continues { cosigned, shown } => {
            format!("{shown} leaves, which continue the {cosigned} cosigned")
        }
        Outlook::WentBack { cosigned, shown } => {
            format!("WENT BACK: {shown} leaves, and {cosigned} were cosigned")
        }
        Outlook::Forked { size } => format!("FORKED: {size} leaves, and not the ones cosigned"),
        Outlook::NotProved { cosigned, shown } => {
            format!("NOT PROVED: {shown} leaves, not proved to continue the {cosigned} cosigned")
        }
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
