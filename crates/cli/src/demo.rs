//! `fieldseal demo`: the whole main job without a window, with the same engine, formats and server as the real one. It
//! starts a server on a free loopback port, enrols a tablet and two officers, captures, describes, signs, seals, uploads,
//! waits until the tablet itself has verified receipt and proof, exports, and lets the verifier look at what is left.
//!
//! People, place and facts are invented and say so; the bytes, keys, signatures and proofs are made here and now.

mod report;
mod samples;
mod tablet;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use fieldseal_dev_tsa::{AuthorityError, Serving};
use fieldseal_packet::findings::Language;
use fieldseal_packet::trust::Trust;
use fieldseal_server::admin::{self, Admin, NewDevice, NewPerson};
use fieldseal_server::{Config, Running, Server};

use fieldseal_wire::device::Suite;

use report::{Done, Say};
use tablet::{LOOK_EVERY, Officer, TIMESTAMP_PATIENCE, Tablet};

use crate::stamps;

/// Most photos of one packet; more make several packets.
const PHOTOS_A_PACKET: usize = 20;
const CODE_LIFETIME: Duration = Duration::from_secs(600);

/// The whole main job without a window.
#[derive(clap::Args)]
pub struct Args {
    /// Where packets, exports and the trust file are left; a new folder here when left out
    #[arg(long, value_name = "D")]
    pub dir: Option<PathBuf>,
    /// A folder of photos to capture; its own samples when left out
    #[arg(long, value_name = "P")]
    pub photos: Option<PathBuf>,
    /// With SM2 keys, and SM3 manifests beside those of SHA-256
    #[arg(long)]
    pub national: bool,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
    /// Language of what it says; the system's when left out
    #[arg(long, value_enum, value_name = "zh|en")]
    pub lang: Option<crate::verify::Lang>,
}

/// One photo to be captured.
pub(crate) struct Photo {
    name: String,
    /// Shot of the shot list, for the samples.
    shot: Option<&'static str>,
    bytes: PhotoBytes,
}

/// Its bytes, or where they are: a folder of photos need not fit into memory.
pub(crate) enum PhotoBytes {
    Made(Vec<u8>),
    At(PathBuf),
}

/// Runs the subcommand.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let say = Say::new(
        crate::verify::language(args.lang) == Language::Zh,
        args.json,
    );
    let photos = match &args.photos {
        Some(folder) => photos_of(folder)?,
        None => samples::all()?,
    };
    let dir = own_folder(args.dir)?;
    say.line(
        format!("本次演示的文件都在 {} 里。", dir.display()),
        format!("Everything of this demonstration is in {}.", dir.display()),
    )?;

    let runtime =
        tokio::runtime::Runtime::new().context("the server's threads could not be started")?;
    let mut config = Config::new(dir.join("server"));
    if args.national {
        config.suite = Suite::National;
    }
    // Each heartbeat of the demonstration is a step of it.
    config.limits.heartbeat_leaf_every = Duration::ZERO;
    let timestamps = timestamps(&say, &dir, &mut config)?;
    let made = admin::init(
        &config,
        &admin::Init {
            origin: Some("demo.fieldseal.example/log".to_owned()),
        },
    )
    .context("the server's data could not be set up")?;
    let loopback = "127.0.0.1:0".parse().context("the loopback address")?;
    let server = runtime
        .block_on(Server::start(config.clone(), loopback))
        .context("the server could not be started")?;
    say.line(
        format!(
            "服务器已启动：{}（本机回环，随机端口），日志 {}。",
            server.url(),
            made.origin
        ),
        format!(
            "Server started: {} (loopback, a free port), log {}.",
            server.url(),
            made.origin
        ),
    )?;
    let outcome = job(&say, &dir, &config, &server, photos);
    drop(timestamps);
    runtime
        .block_on(server.stop())
        .context("the server did not stop in order")?;
    let (done, trust) = outcome?;
    report::proved(&say, &dir, &done, &trust)?;
    Ok(ExitCode::SUCCESS)
}

fn job(
    say: &Say,
    dir: &Path,
    config: &Config,
    server: &Running,
    photos: Vec<Photo>,
) -> anyhow::Result<(Vec<Done>, Trust)> {
    let admin = Admin::open(config).context("the server's register could not be opened")?;
    let (tablet, id, officers) = enrolled(say, dir, &admin, &server.url())?;
    let stamped = !config.stamping.authorities.is_empty();
    if stamped {
        tablet.wait_for_timestamp(say)?;
    }
    let count = photos.len();
    let mut packets = Vec::new();
    let mut rest = photos.into_iter().peekable();
    while rest.peek().is_some() {
        let batch: Vec<Photo> = rest.by_ref().take(PHOTOS_A_PACKET).collect();
        // While it waits for the second officer, the tablet tells the log which photos it has.
        let told = |newest| match stamped {
            true => bounded(say, &tablet, &admin, &id, newest),
            false => Ok(()),
        };
        packets.push(tablet.packet(say, batch, &officers, told)?);
    }
    say.line(
        format!("{count} 张照片，{} 个证据包，已由两名队员和设备签名、封存。正在上传……", packets.len()),
        format!("{count} photos in {} packet(s), signed by both officers and the device, sealed. Uploading…", packets.len()),
    )?;
    tablet.wait_until_safe(say, &packets)?;

    let trust_path = dir.join("trust");
    fs::write(&trust_path, tablet.trust()?).context("the trust file could not be written")?;
    let trust = Trust::parse(&fs::read(&trust_path)?).context("the trust file is not usable")?;
    let mut done = Vec::new();
    for id in packets {
        if stamped {
            wait_until_stamped(&admin, &id)?;
        }
        let zip = tablet.export(&id, dir)?;
        let evidence = admin
            .write_export(&id, dir)
            .context("the server could not export a packet")?;
        let received = evidence.join("data").join(format!("packet-{id}.zip"));
        ensure!(
            same_bytes(&zip, &received)?,
            "the server's copy of a packet differs from the tablet's"
        );
        done.push(Done { id, zip, evidence });
    }
    Ok((done, trust))
}

/// Two timestamp authorities of this machine alone, so that the interval can be shown. Without openssl the job goes on without.
fn timestamps(say: &Say, dir: &Path, config: &mut Config) -> anyhow::Result<Vec<Serving>> {
    match stamps::authorities(&dir.join("timestamps")) {
        Ok(serving) => {
            config.stamping.authorities = stamps::settings(&serving)?;
            config.stamping.every = Duration::from_secs(1);
            say.line(
                "两个演示用时间戳机构（RFC 3161，openssl，仅本机）已启动。",
                "Two timestamp authorities for the demonstration (RFC 3161, openssl, this machine alone) are started.",
            )?;
            Ok(serving)
        }
        Err(AuthorityError::NoOpenssl) => {
            say.line(
                "本机没有 openssl：演示不带时间戳，时间区间将显示为未证明。",
                "There is no openssl here: the demonstration goes without timestamps, and the interval is not proved.",
            )?;
            Ok(Vec::new())
        }
        Err(error) => {
            Err(error).context("the demonstration's timestamp authorities could not be made")
        }
    }
}

/// Until an authority has stamped a checkpoint that holds the packet, and the server has taken that into account.
fn wait_until_stamped(admin: &Admin, id: &str) -> anyhow::Result<()> {
    wait("a timestamp over the packet", || {
        Ok(admin.is_stamped(id)? && admin.is_looked_at(id)?)
    })
}

/// The tablet's heartbeat names its photos, and is logged and stamped before their packet is: a bound of the photos themselves.
fn bounded(say: &Say, tablet: &Tablet, admin: &Admin, id: &str, newest: u32) -> anyhow::Result<()> {
    tablet.tell()?;
    wait("a timestamp over the photos' heartbeat", || {
        Ok(admin.is_bounded(id, u64::from(newest))?)
    })?;
    say.line(
        "平板的签名心跳点到了这些照片，已入日志并盖上时间戳：照片在那之前就已在平板上。",
        "The tablet's signed heartbeat names these photos; it is logged and stamped: they were there before that.",
    )?;
    Ok(())
}

fn wait(what: &str, mut there: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    for _ in 0..TIMESTAMP_PATIENCE {
        if there()? {
            return Ok(());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    bail!("{what} did not come within half a minute")
}

fn enrolled(
    say: &Say,
    dir: &Path,
    admin: &Admin,
    url: &str,
) -> anyhow::Result<(Tablet, String, [Officer; 2])> {
    let team = Some("演示街道队".to_owned());
    let person = |name: &str, badge: &str| {
        let new = NewPerson {
            name: name.to_owned(),
            badge: badge.to_owned(),
            team: team.clone(),
        };
        admin
            .add_person(&new)
            .context("an officer could not be registered")
    };
    let tablet = Tablet::open(&dir.join("tablet"))?;
    let code = admin
        .device_code(&NewDevice { team: team.clone() }, CODE_LIFETIME)
        .context("no code for the tablet")?;
    tablet.enrol_device(&admin.enrol_text(url, &code))?;
    let mut officers = Vec::new();
    for (name, badge, pin) in [
        ("演示队员甲", "D-0001", "246810"),
        ("演示队员乙", "D-0002", "135791"),
    ] {
        let id = person(name, badge)?;
        let code = admin
            .officer_code(&id, CODE_LIFETIME)
            .context("no code for an officer")?;
        tablet.enrol_officer(&code.code, pin)?;
        officers.push(Officer { id, pin });
    }
    let Ok(officers) = <[Officer; 2]>::try_from(officers) else {
        bail!("two officers are needed")
    };
    tablet.on_duty(&officers)?;
    say.line(
        format!("平板 {} 和两名队员已登记；保险库已加密建立。", code.id),
        format!(
            "Tablet {} and two officers are enrolled; the encrypted vault is made.",
            code.id
        ),
    )?;
    Ok((tablet, code.id, officers))
}

/// A folder for this demonstration alone.
fn own_folder(asked: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let dir = match asked {
        Some(dir) => dir,
        None => {
            let name = format!("fieldseal-demo-{}", tablet::stamp()?);
            let here = PathBuf::from(&name);
            if fs::create_dir(&here).is_ok() {
                here
            } else {
                std::env::temp_dir().join(name)
            }
        }
    };
    fs::create_dir_all(&dir)
        .with_context(|| format!("the folder {} could not be made", dir.display()))?;
    for name in ["server", "tablet", "timestamps", "trust"] {
        ensure!(
            !dir.join(name).exists(),
            "{} holds an earlier demonstration; name an empty folder",
            dir.display()
        );
    }
    fs::canonicalize(&dir).with_context(|| format!("the folder {} can't be used", dir.display()))
}

/// Every file of the folder, by name; folders in it and hidden files are left out.
fn photos_of(folder: &Path) -> anyhow::Result<Vec<Photo>> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("the folder {} can't be read", folder.display()))?;
    let mut photos = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Links are followed: whoever named the folder meant what it shows.
        if !name.starts_with('.') && entry.path().is_file() {
            photos.push(Photo {
                name,
                shot: None,
                bytes: PhotoBytes::At(entry.path()),
            });
        }
    }
    ensure!(
        !photos.is_empty(),
        "there is no file in {}",
        folder.display()
    );
    photos.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(photos)
}

fn same_bytes(a: &Path, b: &Path) -> anyhow::Result<bool> {
    let digest = |path: &Path| -> anyhow::Result<_> {
        let mut file =
            fs::File::open(path).with_context(|| format!("{} can't be read", path.display()))?;
        Ok(fieldseal_packet::Sha256Digest::of_reader(&mut file)?)
    };
    Ok(digest(a)? == digest(b)?)
}
