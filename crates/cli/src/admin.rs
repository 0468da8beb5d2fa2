//! `fieldseal admin`: setting a server up and looking after its data, beside a running server or without one.

mod devices;
pub mod export;
mod forms;
mod keys;
pub mod pins;
mod registers;
mod trust_page;

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use fieldseal_packet::desk::What;
use fieldseal_server::Config;
use fieldseal_server::admin::{
    self, Admin, ClosedLog, Ending, NewAccount, NewDevice, NewPerson, OneTimeCode,
};
use fieldseal_server::ambient::rfc3339;
use serde_json::{Value, json};

use crate::qr;
use crate::serve::Settings;

/// Set up and look after a server's data
#[derive(clap::Args)]
pub struct Args {
    /// Data folder
    #[arg(
        long,
        value_name = "D",
        default_value = "fieldseal-data",
        global = true
    )]
    pub data: PathBuf,
    /// The server's settings file, if it has one
    #[arg(long, value_name = "F", global = true)]
    pub config: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make keys, trust file and database in a new data folder
    Init {
        /// Name of the deployment for ever, such as evidence.example.gov.cn/log; made up when left out
        #[arg(long)]
        origin: Option<String>,
        /// Data folder of a deployment whose log was closed: the first leaf of the new log names the old one's head
        #[arg(long, value_name = "D", requires = "origin")]
        continues: Option<PathBuf>,
    },
    /// Add an officer
    AddPerson {
        /// Name as on the certificate
        #[arg(long)]
        name: String,
        /// 执法证号
        #[arg(long)]
        badge: String,
        /// 街道队
        #[arg(long)]
        team: Option<String>,
    },
    /// List officers and enrolled keys
    People,
    /// Remove an officer's name; keys and packets stay under the pseudonym
    ErasePerson {
        /// Officer's id
        id: String,
    },
    /// Make a one-time enrolment code
    EnrolCode {
        #[command(subcommand)]
        whom: Whom,
    },
    /// Make a console account, or give it a new password (read from stdin)
    AddAccount {
        /// What is typed at sign-in
        account: String,
        /// Name as shown
        #[arg(long)]
        name: String,
        /// reviewer, supervisor, dispatcher, administrator or auditor
        #[arg(long, default_value = "reviewer")]
        role: String,
        /// File with the password on its first line; stdin when left out
        #[arg(long, value_name = "F")]
        password_file: Option<PathBuf>,
    },
    /// Close a console account at once
    DisableAccount {
        /// What is typed at sign-in
        account: String,
    },
    /// List tablets: since when, where they have got to, what is missing, what contradicts
    Devices {
        /// Say that this tablet's alarms have been looked at
        #[arg(long, value_name = "DEVICE")]
        seen: Option<String>,
    },
    /// Take a tablet out of use in good order: it takes no new photos, what it still holds may come in
    Retire {
        /// Tablet's id or key name
        device: String,
    },
    /// End a tablet, and make the enrolment code of another one that takes over from it
    Replace {
        /// Tablet's id or key name
        device: String,
        /// Revoke its keys, and those of the officers that lie on it: lost, stolen, left, compromised or other.
        /// Left out, it is retired: broken or worn out, and nothing that it holds is doubted
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        code: CodeArgs,
    },
    /// Order a tablet to lock, with its next heartbeat: looking needs a PIN again, shooting goes on
    LockTablet {
        /// Tablet's id or key name
        device: String,
    },
    /// Retire a tablet, and order it to empty itself as soon as everything that it holds is safe here. Revoke a stolen one afterwards, not before: a revoked one hears nothing
    WipeTablet {
        /// Tablet's id or key name
        device: String,
    },
    /// Withdraw what a tablet was ordered to do, unless it has done so
    WithdrawOrder {
        /// Tablet's id or key name
        device: String,
    },
    /// Answer a tablet whose officer has forgotten the PIN, with the recovery key
    RecoverPin(pins::Args),
    /// Ask a tablet to take a new key, with its next heartbeat
    AskRotation {
        /// Tablet's id or key name
        device: String,
    },
    /// Make the deployment's own authority for CMS signatures, once: tablets with P-256 keys get certificates from then on
    CmsCa,
    /// Trust these makers' roots for keys in hardware (PEM), in place of those before
    AttestationRoots {
        /// File with certificates
        file: PathBuf,
    },
    /// Rotate the log's key: `rotate` makes the next key, which signs beside the present one; `finish` ends the overlap. Restart the server after each
    LogKey {
        #[command(subcommand)]
        step: keys::LogKeyStep,
    },
    /// Refuse a key from now on, and log it
    Revoke {
        /// Key's name, such as <origin>/device/<id>
        key: String,
        /// lost, stolen, left, compromised or other
        #[arg(long)]
        reason: String,
    },
    /// List packets
    Packets,
    /// Write exports: a packet's as a folder, or many as folders or one zip. What is there already is left alone, so that a run that was broken off is taken up
    Export(export::Args),
    /// Make the deployment's authority for C2PA sidecars and the server's certificate under it
    #[cfg(feature = "c2pa")]
    C2paCa(crate::c2pa::AuthorityArgs),
    /// One page to print for those who check evidence: fingerprints of the trust anchors, and the trust file's address and digest as QR
    TrustPage {
        /// Address under which others reach the server
        #[arg(long, value_name = "URL")]
        url: String,
        /// HTML file to write; stdout when left out
        #[arg(long, value_name = "F")]
        out: Option<PathBuf>,
    },
    /// Erase a packet's bytes by rule: its seal stays in the log, and a tombstone beside it. Backups are yours to end
    ErasePacket {
        /// Packet's id
        id: String,
        /// retention, court-order or erasure-request
        #[arg(long)]
        reason: String,
    },
    /// Bring in a kind's form: tablets get it with their next heartbeat
    ImportForm {
        /// A form/1 file (.json), or an XLSForm workbook (.xlsx)
        file: PathBuf,
        /// Of a workbook: take what a form has a place for, and list what is lost
        #[arg(long)]
        allow_loss: bool,
    },
    /// List the forms that were brought in
    Forms,
    /// Offer a kind no longer: packets and drafts of it stay as they are
    RetireKind {
        /// Kind's id
        kind: String,
        /// Offer it again
        #[arg(long)]
        back: bool,
    },
    /// Check log, database and every stored byte
    Fsck,
    /// Copy everything into a new folder, while the server runs
    Backup {
        /// Folder to be made
        to: PathBuf,
    },
    /// Put a backup back as a new data folder
    Restore {
        /// The backup
        from: PathBuf,
    },
    /// Import a register (points, tickets) or the offline map
    Import {
        #[command(subcommand)]
        what: registers::Import,
    },
}

#[derive(Subcommand)]
enum Whom {
    /// For a new tablet
    Device {
        /// 街道队
        #[arg(long)]
        team: Option<String>,
        #[command(flatten)]
        code: CodeArgs,
    },
    /// For an officer's key on one tablet
    Officer {
        /// Officer's id
        id: String,
        #[command(flatten)]
        code: CodeArgs,
    },
}

#[derive(clap::Args)]
struct CodeArgs {
    /// Address under which tablets reach the server, for the QR
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// How long the code can be used
    #[arg(long, default_value_t = 24)]
    hours: u64,
    /// Write the QR as a picture as well: a new file that ends in .svg or .png
    #[arg(long, value_name = "F")]
    qr: Option<PathBuf>,
}

/// What a command answers: for people, and for programs.
struct Answer {
    text: String,
    json: Value,
    code: ExitCode,
}

impl Answer {
    fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
            code: ExitCode::SUCCESS,
        }
    }
}

/// Does one thing. Exit code 1 when `fsck` finds something, 2 when it could not be done.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let settings = Settings::read(args.config.as_deref())?;
    let mut config = settings.config(&args.data)?;
    if matches!(args.command, Command::Export(_)) {
        settings.add_sidecars(&mut config)?;
    }
    let answer = answer(&config, args.command)?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", answer.json)?;
    } else {
        out.write_all(answer.text.as_bytes())?;
    }
    out.flush()?;
    Ok(answer.code)
}

fn answer(config: &Config, command: Command) -> anyhow::Result<Answer> {
    let open = || Admin::open(config);
    Ok(match command {
        Command::Init { origin, continues } => init(config, origin, continues.as_deref())?,
        Command::Restore { from } => {
            let report = admin::restore(&from, config)?;
            Answer::new(
                format!("restored {} files, {} bytes\n", report.files, report.bytes),
                json!({"files": report.files, "bytes": report.bytes}),
            )
        }
        Command::Import { what } => registers::import(&open()?, &what)?,
        Command::AddPerson { name, badge, team } => {
            let id = open()?.add_person(&NewPerson { name, badge, team })?;
            Answer::new(format!("{id}\n"), json!({"id": id}))
        }
        Command::People => people(&open()?)?,
        Command::ErasePerson { id } => {
            open()?.erase_person(&id)?;
            Answer::new("erased\n", json!({"erased": id}))
        }
        Command::EnrolCode { whom } => enrol_code(&open()?, whom)?,
        Command::AddAccount {
            account,
            name,
            role,
            password_file,
        } => {
            let password = password(password_file.as_deref())?;
            open()?.add_account(&NewAccount {
                account: account.clone(),
                name,
                role,
                password,
            })?;
            Answer::new(
                format!("{account} can sign in\n"),
                json!({"account": account}),
            )
        }
        Command::DisableAccount { account } => {
            open()?.disable_account(&account)?;
            Answer::new(
                format!("{account} can no longer sign in\n"),
                json!({"disabled": account}),
            )
        }
        Command::Revoke { key, reason } => {
            let keys = open()?.revoke(&key, &reason)?;
            Answer::new(
                format!(
                    "revoked {keys}; the server logs it within a second, or at its next start\n"
                ),
                json!({"revoked": keys}),
            )
        }
        Command::Devices { seen } => devices::list(&open()?, seen.as_deref())?,
        Command::Retire { device } => devices::retire(&open()?, &device)?,
        Command::Replace {
            device,
            reason,
            code,
        } => {
            let ending = reason.as_deref().map_or(Ending::Retired, Ending::Revoked);
            let admin = open()?;
            let new = admin.replace(&device, ending, code.lifetime())?;
            shown(&admin, &new, &code)?
        }
        Command::AskRotation { device } => {
            let name = open()?.ask_rotation(&device)?;
            Answer::new(
                format!("{name} is asked for a new key with its next heartbeat\n"),
                json!({"asked": name}),
            )
        }
        Command::LockTablet { device } => devices::order(&open()?, &device, What::Lock)?,
        Command::WipeTablet { device } => devices::order(&open()?, &device, What::Wipe)?,
        Command::WithdrawOrder { device } => devices::order(&open()?, &device, What::Nothing)?,
        Command::RecoverPin(args) => pins::recover_pin(&open()?, &args)?,
        Command::CmsCa => keys::cms_authority(&mut open()?)?,
        Command::AttestationRoots { file } => keys::attestation_roots(&mut open()?, &file)?,
        Command::LogKey { step } => keys::log_key(&mut open()?, &step)?,
        Command::Packets => packets(&open()?)?,
        Command::Export(args) => export::run(&open()?, config, &args)?,
        #[cfg(feature = "c2pa")]
        Command::C2paCa(args) => c2pa_authority(open()?.origin(), config, &args)?,
        Command::TrustPage { url, out } => {
            let admin = open()?;
            let today = rfc3339(config.ambient.now());
            let today = today.get(..10).unwrap_or_default();
            let page = trust_page::html(admin.trust(), admin.origin(), &url, today)?;
            let json = json!({"trustSha256": admin.trust_sha256(), "out": out});
            match out {
                None => Answer::new(page, json),
                Some(path) => {
                    std::fs::write(&path, page)
                        .with_context(|| format!("{} can't be written", path.display()))?;
                    Answer::new(format!("{}\n", path.display()), json)
                }
            }
        }
        Command::ErasePacket { id, reason } => {
            let files = open()?.erase_packet(&id, &reason)?;
            Answer::new(
                format!(
                    "erased {id}, {files} files; the server logs the tombstone within a second, or at its next start\n"
                ),
                json!({"erased": id, "files": files}),
            )
        }
        Command::ImportForm { file, allow_loss } => forms::import(&open()?, &file, allow_loss)?,
        Command::Forms => forms::list(&open()?)?,
        Command::RetireKind { kind, back } => forms::retire(&open()?, &kind, back)?,
        Command::Fsck => fsck(&open()?)?,
        Command::Backup { to } => {
            let report = open()?.backup(&to)?;
            Answer::new(
                format!("copied {} files, {} bytes\n", report.files, report.bytes),
                json!({"files": report.files, "bytes": report.bytes}),
            )
        }
    })
}

fn init(
    config: &Config,
    origin: Option<String>,
    continues: Option<&Path>,
) -> anyhow::Result<Answer> {
    let wanted = admin::Init { origin };
    let made = match continues {
        None => admin::init(config, &wanted)?,
        Some(old) => {
            let closed = ClosedLog::read(&Config::new(old))?;
            admin::init_after(config, &wanted, &closed)?
        }
    };
    let text = format!(
        "made {}\ntrust file  {} (sha256 {})\nrecovery key  {}: take this file off the machine, keep two copies, and delete it here\n",
        made.origin,
        config.layout().trust().display(),
        made.trust_sha256,
        made.recovery_key_file.display()
    );
    let json = json!({"origin": made.origin, "trustSha256": made.trust_sha256, "recoveryKeyFile": made.recovery_key_file});
    Ok(Answer::new(text, json))
}

#[cfg(feature = "c2pa")]
fn c2pa_authority(
    origin: &str,
    config: &Config,
    args: &crate::c2pa::AuthorityArgs,
) -> anyhow::Result<Answer> {
    let made = crate::c2pa::make(origin, &config.data, args)?;
    let ends = rfc3339(made.ends.saturating_mul(1000));
    let mut text = format!(
        "authority  {} (sha256 {})\nthe server signs until {}\n",
        made.certificate.display(),
        made.fingerprint,
        ends.get(..10).unwrap_or_default()
    );
    if let Some(key) = &made.key {
        text.push_str(&format!(
            "authority's key  {}: take this file off the machine; it is wanted when the server's certificate ends, or its key is lost\n",
            key.display()
        ));
    }
    let json = json!({"certificate": made.certificate, "sha256": made.fingerprint, "signsUntil": ends, "keyFile": made.key});
    Ok(Answer::new(text, json))
}

fn people(admin: &Admin) -> anyhow::Result<Answer> {
    let (people, keys) = (admin.people()?, admin.keys()?);
    let mut text = String::new();
    for person in &people {
        text.push_str(&format!(
            "{}  {}  {}  {}\n",
            person.id,
            person.name,
            person.badge,
            person.team.as_deref().unwrap_or("-")
        ));
    }
    for key in &keys {
        text.push_str(&format!(
            "{}  {}  {}\n",
            key.name,
            key.status,
            key.claim.as_deref().unwrap_or("")
        ));
    }
    let json = json!({
        "people": people.iter().map(|p| json!({"id": p.id, "name": p.name, "badge": p.badge, "team": p.team})).collect::<Vec<_>>(),
        "keys": keys.iter().map(|k| json!({"name": k.name, "kind": k.kind, "status": k.status, "vkey": k.vkey})).collect::<Vec<_>>(),
    });
    Ok(Answer::new(text, json))
}

fn enrol_code(admin: &Admin, whom: Whom) -> anyhow::Result<Answer> {
    let (code, args) = match whom {
        Whom::Device { team, code } => (
            admin.device_code(&NewDevice { team }, code.lifetime())?,
            code,
        ),
        Whom::Officer { id, code } => (admin.officer_code(&id, code.lifetime())?, code),
    };
    shown(admin, &code, &args)
}

impl CodeArgs {
    fn lifetime(&self) -> Duration {
        Duration::from_secs(self.hours.clamp(1, 24 * 90) * 3600)
    }
}

/// A code in every form that it can be handed over in.
fn shown(admin: &Admin, code: &OneTimeCode, args: &CodeArgs) -> anyhow::Result<Answer> {
    let text = admin.enrol_text(&args.url, code);
    if let Some(path) = &args.qr {
        qr::to_file(&text, path)?;
    }
    let shown = format!(
        "{}{text}\ncode {}  for {}  until {}\n",
        qr::on_terminal(&text),
        code.code,
        code.id,
        code.expires_at
    );
    Ok(Answer::new(
        shown,
        json!({"code": code.code, "id": code.id, "expiresAt": code.expires_at, "text": text, "qr": args.qr}),
    ))
}

fn password(file: Option<&Path>) -> anyhow::Result<String> {
    let mut text = String::new();
    match file {
        Some(path) => {
            std::fs::File::open(path)
                .with_context(|| format!("{} can't be read", path.display()))?
                .take(4096)
                .read_to_string(&mut text)?;
        }
        None => {
            if io::stdin().is_terminal() {
                eprint!("password (it will be seen as it is typed): ");
            }
            io::BufRead::read_line(&mut io::stdin().lock().take(4096), &mut text)?;
        }
    }
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn packets(admin: &Admin) -> anyhow::Result<Answer> {
    let packets = admin.packets()?;
    let mut text = String::new();
    for packet in &packets {
        let leaf = packet
            .leaf_index
            .map_or("not logged".to_owned(), |index| format!("leaf {index}"));
        text.push_str(&format!(
            "{}  {}  {leaf}  {}\n",
            packet.id, packet.verdict, packet.packet_digest
        ));
    }
    let json = packets.iter().map(|p| json!({"id": p.id, "packetDigest": p.packet_digest, "verdict": p.verdict, "leafIndex": p.leaf_index}));
    Ok(Answer::new(
        text,
        json!({"packets": json.collect::<Vec<_>>()}),
    ))
}

fn fsck(admin: &Admin) -> anyhow::Result<Answer> {
    let report = admin.fsck()?;
    let mut text: String = report
        .problems
        .iter()
        .map(|problem| format!("{problem}\n"))
        .collect();
    text.push_str(&format!(
        "{} leaves, {} packets, {} bytes looked at: {}\n",
        report.leaves,
        report.packets,
        report.bytes,
        if report.problems.is_empty() {
            "all is sound".to_owned()
        } else {
            format!("{} problems", report.problems.len())
        }
    ));
    let json = json!({"leaves": report.leaves, "packets": report.packets, "bytes": report.bytes, "problems": report.problems});
    let code = if report.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    };
    Ok(Answer { text, json, code })
}
