//! `fieldseal serve`: the server on its embedded default, SQLite and files in one folder.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use fieldseal_dev_tsa::{AuthorityError, Serving};
use fieldseal_packet::Sha256Digest;
use fieldseal_server::access::reader::EntryReader;
use fieldseal_server::config::Fonts;
use fieldseal_server::stamping::Authority;
use fieldseal_server::{Config, Server, admin};
use fieldseal_wire::device::{Retention, Suite};
use serde::Deserialize;

use crate::admin::export::Lang;
use crate::stamps;
use crate::witness::WitnessingSettings;

/// Run the server
#[derive(clap::Args)]
pub struct Args {
    /// Data folder; made and initialised at the first start
    #[arg(long, value_name = "D", default_value = "fieldseal-data")]
    pub data: PathBuf,
    /// Address and port; loopback unless a proxy in front does TLS. Default 127.0.0.1:8080
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Settings in a JSON file; what is said on the command line goes first
    #[arg(long, value_name = "F")]
    pub config: Option<PathBuf>,
    /// A proxy in front does TLS: allows addresses that others can reach, and marks cookies Secure
    #[arg(long)]
    pub behind_proxy: bool,
    /// Folder with the built review console
    #[arg(long, value_name = "DIR")]
    pub console: Option<PathBuf>,
    /// A timestamp authority (RFC 3161) to stamp the log's checkpoints; may be said more than once, and adds to those in the settings file
    #[arg(long = "tsa", value_name = "ID=URL")]
    pub tsa: Vec<String>,
    /// PEM file with the roots of the authorities named by --tsa
    #[arg(long, value_name = "F", requires = "tsa")]
    pub tsa_roots: Option<PathBuf>,
    /// For development: stamp by an authority of this machine, made with openssl, its keys in the data folder. Proves nothing to others
    #[arg(long)]
    pub dev_tsa: bool,
}

/// The settings file. Unknown names are refused: a misspelt setting must not be passed over.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    listen: Option<SocketAddr>,
    behind_proxy: Option<bool>,
    console: Option<PathBuf>,
    checkpoint_copy: Option<PathBuf>,
    max_packet_bytes: Option<u64>,
    upload_days: Option<u64>,
    session_hours: Option<u64>,
    /// Minutes between two heartbeats of a tablet.
    heartbeat_minutes: Option<u64>,
    /// Days without contact after which a tablet shows as silent.
    silent_days: Option<u64>,
    /// Days to answer a return.
    return_days: Option<u32>,
    /// Hours after sealing within which a packet should be here, where its kind's form names none.
    upload_within_hours: Option<u32>,
    /// Days after which tablets are asked for a new key; when left out, only when an administrator asks.
    rotate_keys_days: Option<u64>,
    /// `"national"`: new tablets and officers get SM2 keys, and packets SM3 manifests beside those of SHA-256.
    suite: Option<Suite>,
    /// Days that tablets keep originals once they are safe, or `"while-room"`.
    tablets_keep_days: Option<KeepDays>,
    /// Witnesses of the log.
    witnessing: Option<WitnessingSettings>,
    /// Who may read the log's leaves beside auditors.
    #[serde(default)]
    entry_readers: Vec<EntryReaderSettings>,
    /// Timestamp authorities.
    stamping: Option<StampingSettings>,
    /// Language of the reports in exports: `"zh"` (default), `"en"`, or `"none"` for no reports.
    report: Option<Lang>,
    /// An OpenType font (of a collection, its first) for characters that the built-in one lacks.
    report_font: Option<PathBuf>,
    /// C2PA sidecars of the photos in exports; needs a program with the feature and `fieldseal admin c2pa-ca`.
    c2pa: Option<bool>,
}

/// Somebody who may read the log's leaves.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryReaderSettings {
    /// A word, for the audit trail.
    name: String,
    /// sha256 of the pass, as `fieldseal witness pass` prints it.
    pass_sha256: String,
}

/// A number of days, or as long as there is room.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum KeepDays {
    Days(u32),
    Word(WhileRoom),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WhileRoom {
    WhileRoom,
}

/// Timestamp authorities, and how often they are asked.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct StampingSettings {
    /// Seconds between two stamps while the log grows; 300 when left out.
    every_seconds: Option<u64>,
    /// Days before the end of an authority's certificate at which its tokens are renewed; 90 when left out.
    renew_days: Option<u64>,
    #[serde(default)]
    authorities: Vec<AuthoritySettings>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthoritySettings {
    id: String,
    url: String,
    /// PEM file with its roots.
    roots: Option<PathBuf>,
}

impl AuthoritySettings {
    fn read(&self) -> anyhow::Result<Authority> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).with_context(|| {
                format!(
                    "the roots of timestamp authority {} can't be read from {}",
                    self.id,
                    path.display()
                )
            })
        };
        Ok(Authority {
            id: self.id.clone(),
            url: self.url.clone(),
            roots_pem: self.roots.as_ref().map(read).transpose()?,
        })
    }
}

impl Settings {
    /// Reads a settings file.
    pub fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let bytes = std::fs::read(path)
            .with_context(|| format!("the settings file {} can't be read", path.display()))?;
        serde_json::from_slice(&bytes).with_context(|| {
            format!(
                "the settings file {} is not the JSON described",
                path.display()
            )
        })
    }

    /// Has exports made with C2PA sidecars, if the settings ask for them. Apart from [`Settings::config`], since what makes their certificates needs one, too.
    pub fn add_sidecars(&self, config: &mut Config) -> anyhow::Result<()> {
        if !self.c2pa.unwrap_or(false) {
            return Ok(());
        }
        #[cfg(feature = "c2pa")]
        {
            config.sidecars = Some(crate::c2pa::load(&config.data)?);
            Ok(())
        }
        #[cfg(not(feature = "c2pa"))]
        {
            let _ = config;
            bail!(
                "the setting c2pa asks for C2PA sidecars, and this program was built without: build it with --features c2pa"
            )
        }
    }

    /// Puts the settings on top of the defaults.
    pub fn config(&self, data: &Path) -> anyhow::Result<Config> {
        let mut config = Config::new(data);
        config.behind_proxy = self.behind_proxy.unwrap_or(false);
        config.console_dir = self.console.clone();
        if let Some(path) = &self.checkpoint_copy {
            config.checkpoint_copy = path.clone();
        }
        if let Some(bytes) = self.max_packet_bytes {
            config.limits.packet_size = bytes;
        }
        if let Some(days) = self.upload_days {
            config.limits.upload_lifetime = Duration::from_secs(days.saturating_mul(24 * 3600));
        }
        if let Some(hours) = self.session_hours {
            config.limits.session_lifetime = Duration::from_secs(hours.saturating_mul(3600));
        }
        if let Some(minutes) = self.heartbeat_minutes {
            config.limits.heartbeat_every = Duration::from_secs(minutes.clamp(1, 24 * 60) * 60);
        }
        if let Some(days) = self.silent_days {
            config.limits.silent_after = Duration::from_secs(days.saturating_mul(24 * 3600));
        }
        config.return_days = self.return_days;
        config.upload_within_hours = self.upload_within_hours;
        config.rotate_keys_after = self
            .rotate_keys_days
            .map(|days| Duration::from_secs(days.saturating_mul(24 * 3600)));
        if let Some(language) = self.report {
            config.report = language.report();
        }
        if let Some(path) = &self.report_font {
            let unusable = || format!("the report's font {} can't be used", path.display());
            let bytes = std::fs::read(path).with_context(unusable)?;
            config.report_fonts = Fonts::with(bytes).with_context(unusable)?;
        }
        config.suite = self.suite.unwrap_or_default();
        config.retention = self.tablets_keep_days.map(|keep| Retention {
            keep_days: match keep {
                KeepDays::Days(days) => Some(days),
                KeepDays::Word(WhileRoom::WhileRoom) => None,
            },
        });
        if let Some(witnessing) = &self.witnessing {
            config.witnessing = witnessing.read()?;
        }
        for reader in &self.entry_readers {
            let digest: Sha256Digest = reader.pass_sha256.parse().with_context(|| {
                format!("pass_sha256 of {} is 64 lower-case hex digits", reader.name)
            })?;
            config.entry_readers.push(EntryReader {
                name: reader.name.clone(),
                pass_sha256: digest.0,
            });
        }
        if let Some(stamping) = &self.stamping {
            if let Some(seconds) = stamping.every_seconds {
                config.stamping.every = Duration::from_secs(seconds.clamp(1, 24 * 3600));
            }
            if let Some(days) = stamping.renew_days {
                config.stamping.renew_before = Duration::from_secs(days.min(3650) * 24 * 3600);
            }
            config.stamping.authorities = stamping
                .authorities
                .iter()
                .map(AuthoritySettings::read)
                .collect::<anyhow::Result<_>>()?;
        }
        Ok(config)
    }
}

/// Runs until stopped. Exit code 2 when it can't start.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let settings = Settings::read(args.config.as_deref())?;
    let mut config = settings.config(&args.data)?;
    settings.add_sidecars(&mut config)?;
    for tsa in &args.tsa {
        let (id, url) = tsa
            .split_once('=')
            .with_context(|| format!("--tsa takes ID=URL, not {tsa:?}"))?;
        let said = AuthoritySettings {
            id: id.to_owned(),
            url: url.to_owned(),
            roots: args.tsa_roots.clone(),
        };
        config.stamping.authorities.push(said.read()?);
    }
    let dev_tsa = if args.dev_tsa {
        dev_authorities(&mut config)?
    } else {
        Vec::new()
    };
    config.behind_proxy |= args.behind_proxy;
    config.console_dir = args.console.or(config.console_dir);
    let listen = args
        .listen
        .or(settings.listen)
        .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
    let runtime = tokio::runtime::Runtime::new().context("the async runtime can't start")?;
    let code = runtime.block_on(serve(config, listen));
    drop(dev_tsa);
    code
}

/// Starts the development authorities beside the data folder; none, and a word of it, when there is no openssl.
fn dev_authorities(config: &mut Config) -> anyhow::Result<Vec<Serving>> {
    let mut folder = std::path::absolute(&config.data)?.into_os_string();
    folder.push(".dev-tsa");
    match stamps::authorities(Path::new(&folder)) {
        Ok(serving) => {
            config
                .stamping
                .authorities
                .extend(stamps::settings(&serving)?);
            Ok(serving)
        }
        Err(AuthorityError::NoOpenssl) => {
            eprintln!("openssl is not installed, so nothing is stamped");
            Ok(Vec::new())
        }
        Err(error) => Err(error).context("the development timestamp authority could not be made"),
    }
}

async fn serve(config: Config, listen: SocketAddr) -> anyhow::Result<ExitCode> {
    let is_new = !admin::is_initialised(&config)?;
    let running = match Server::start(config.clone(), listen).await {
        Ok(running) => running,
        Err(error) => bail!("{:#}", anyhow::Error::from(error)),
    };
    let mut text = String::new();
    if is_new {
        text.push_str(&format!(
            "made a new deployment, {}\nits recovery key is in {}: take that file off this machine\n",
            running.origin(),
            config.recovery_out.display()
        ));
    }
    // The first thing that scripts look for, so it stands on a line of its own.
    text.push_str(&format!("listening on {}\n", running.url()));
    if !running.has_console() {
        text.push_str("the review console is not built, so only the API is served (npm run build in ui/console)\n");
    }
    if io::stdout().is_terminal() {
        text.push_str("stop with Ctrl-C\n");
    }
    // Listened for before anybody is told that the server runs, so that an early signal stops it in good order too.
    let stopped = stop_signal()?;
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    drop(out);
    stopped.await?;
    running.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// Ctrl-C, or SIGTERM where there is one; the latter counts from this call on.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = anyhow::Result<()>>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("SIGTERM can't be listened to")?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            result = tokio::signal::ctrl_c() => result.context("Ctrl-C can't be listened to"),
            _ = terminate.recv() => Ok(()),
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c()
            .await
            .context("Ctrl-C can't be listened to")
    })
}
