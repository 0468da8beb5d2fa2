//! A tablet and a server to measure: the engine as a host runs it, enrolled with a real server.
//!
//! PINs are stretched at the lowest cost, because what two signatures cost is set by policy and would hide all the rest; the
//! row about the start of the app uses the full cost.

use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use fieldseal_device::api::{CaptureArgs, CaptureView, PartyInput, ProblemView, Request};
use fieldseal_device::platform::Machine;
use fieldseal_device::{Engine, EngineConfig};
use fieldseal_server::admin::{self, Admin, NewDevice, NewPerson};
use fieldseal_server::{Config, Running, Server};
use serde_json::{Value, json};

use super::measure::now;

const HOUR: Duration = Duration::from_secs(3600);
/// The PINs of the two officers.
pub const PINS: [&str; 2] = ["246810", "135791"];

fn said(problem: ProblemView) -> anyhow::Error {
    anyhow!("{} ({})", problem.message, problem.code)
}

/// A tablet's engine with two officers.
pub struct Tablet {
    pub engine: Engine,
    pub officers: Vec<String>,
}

impl Tablet {
    /// Opens the folder; `cheap` stretches PINs at the lowest cost.
    pub fn open(dir: &Path, cheap: bool) -> anyhow::Result<Self> {
        let mut config = EngineConfig::new(dir);
        config.auto_lock_ms = None;
        if cheap {
            config.kdf = Some(fieldseal_vault::KdfParams {
                memory_kib: 8,
                passes: 1,
                lanes: 1,
            });
        }
        let platform = Arc::new(Machine::new().context("the machine's clocks")?);
        let engine = Engine::open(config, platform).context("the tablet's vault")?;
        let mut tablet = Self {
            engine,
            officers: Vec::new(),
        };
        let state = tablet.ask(Request::State)?;
        let ids = state["officers"].as_array().into_iter().flatten();
        tablet.officers = ids
            .filter_map(|officer| officer["id"].as_str().map(str::to_owned))
            .collect();
        Ok(tablet)
    }

    /// One request, as a screen makes it.
    pub fn ask(&self, request: Request) -> anyhow::Result<Value> {
        self.engine.call(request).map_err(said)
    }

    /// Lets the first officer in.
    pub fn unlock(&self) -> anyhow::Result<()> {
        let officer = self.officers.first().context("nobody is enrolled")?.clone();
        self.ask(Request::Unlock {
            officer,
            pin: PINS[0].to_owned(),
        })?;
        Ok(())
    }

    /// Opens a draft.
    pub fn draft(&self) -> anyhow::Result<String> {
        let opened = self.ask(Request::DraftOpen {
            kind: "illegal-structure".to_owned(),
            supplements: None,
        })?;
        Ok(opened["id"]
            .as_str()
            .context("a draft has an id")?
            .to_owned())
    }

    /// Presses the shutter.
    pub fn capture(&self, draft: &str, bytes: impl Read) -> anyhow::Result<CaptureView> {
        let args = CaptureArgs {
            draft: Some(draft.to_owned()),
            source: "camera".to_owned(),
            ..CaptureArgs::default()
        };
        self.engine.capture(args, bytes).map_err(said)
    }

    /// What an officer fills in before signing.
    pub fn describe(&self, draft: &str) -> anyhow::Result<()> {
        let facts = json!({
            "stage": "suspected", "stock": "new", "structure-form": "colour-steel-sheet", "storeys": 1,
            "area-m2": 18.5, "area-basis": "measured", "use": "storage", "attribute-check": "not-registered",
            "address": "演示路 1 号（虚构）", "item_code": "WJ-0101", "note": "fieldseal bench",
        });
        let Value::Object(facts) = facts else {
            bail!("facts are an object")
        };
        let id = draft.to_owned();
        self.ask(Request::Describe { id, facts })?;
        let party = PartyInput {
            presence: "absent".to_owned(),
            name: None,
            note: None,
        };
        self.ask(Request::Party {
            id: draft.to_owned(),
            party,
        })?;
        Ok(())
    }

    /// Both sign and the device seals.
    pub fn seal(&self, draft: &str) -> anyhow::Result<()> {
        for (officer, pin) in self.officers.iter().zip(PINS) {
            self.ask(Request::Sign {
                id: draft.to_owned(),
                officer: officer.clone(),
                pin: pin.to_owned(),
            })?;
        }
        self.ask(Request::Seal {
            id: draft.to_owned(),
        })?;
        Ok(())
    }

    /// A whole packet of these photos; gives its id.
    pub fn packet(&self, photos: &[&[u8]]) -> anyhow::Result<String> {
        let draft = self.draft()?;
        for photo in photos {
            self.capture(&draft, *photo)?;
        }
        self.describe(&draft)?;
        self.seal(&draft)?;
        Ok(draft)
    }

    /// Writes a packet's zip.
    pub fn export(&self, id: &str, dir: &Path) -> anyhow::Result<PathBuf> {
        let path = dir.join(format!("packet-{id}.zip"));
        let mut out = std::io::BufWriter::with_capacity(1 << 20, File::create(&path)?);
        self.engine.export_zip(id, &mut out).map_err(said)?;
        out.flush()?;
        Ok(path)
    }

    /// Packets that are safe, and those that are not yet.
    pub fn progress(&self) -> anyhow::Result<(u64, u64)> {
        let state = self.ask(Request::State)?;
        let waiting = state["unsafePackets"].as_u64().unwrap_or(0);
        let uploads = self.ask(Request::Uploads)?;
        Ok((uploads["safeTotal"].as_u64().unwrap_or(0), waiting))
    }
}

/// Makes a server's data in `dir/server` and enrols a tablet in `dir/tablet` with it. The server stops afterwards.
pub fn enrolled(dir: &Path, cheap: bool) -> anyhow::Result<(Tablet, Config)> {
    let runtime = tokio::runtime::Runtime::new()?;
    let config = Config::new(dir.join("server"));
    admin::init(
        &config,
        &admin::Init {
            origin: Some("bench.fieldseal.example/log".to_owned()),
        },
    )?;
    // A port that the tablet finds again when the server runs as a process of its own.
    let address = format!("127.0.0.1:{}", free_port()?).parse()?;
    let server = runtime.block_on(Server::start(config.clone(), address))?;
    let outcome = enrol(dir, &config, &server, cheap);
    runtime.block_on(server.stop())?;
    Ok((outcome?, config))
}

fn enrol(dir: &Path, config: &Config, server: &Running, cheap: bool) -> anyhow::Result<Tablet> {
    std::fs::write(dir.join("address"), server.url())?;
    let admin = Admin::open(config)?;
    let mut tablet = Tablet::open(&dir.join("tablet"), cheap)?;
    let code = admin.device_code(&NewDevice { team: None }, HOUR)?;
    tablet.ask(Request::EnrolDevice {
        text: admin.enrol_text(&server.url(), &code),
    })?;
    for (n, pin) in PINS.into_iter().enumerate() {
        let id = admin.add_person(&NewPerson {
            name: format!("officer {n}"),
            badge: format!("B-{n:04}"),
            team: None,
        })?;
        let code = admin.officer_code(&id, HOUR)?;
        tablet.ask(Request::EnrolOfficer {
            code: code.code,
            pin: pin.to_owned(),
        })?;
        tablet.officers.push(id);
    }
    tablet.ask(Request::OnDuty {
        lead: tablet.officers[0].clone(),
        second: tablet.officers.get(1).cloned(),
    })?;
    Ok(tablet)
}

/// The server as a process of its own, so that its CPU time and memory are its alone.
pub struct ServerProcess {
    child: Child,
    pub address: String,
}

impl ServerProcess {
    /// Starts `fieldseal serve` on the data made by [`enrolled`], at the address that its tablet knows.
    pub fn start(dir: &Path) -> anyhow::Result<Self> {
        let url = std::fs::read_to_string(dir.join("address"))?;
        let address = url.trim().trim_start_matches("http://").to_owned();
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", &address, "--data"])
            .arg(dir.join("server"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .env("FIELDSEAL_LOG", "error")
            .spawn()?;
        let server = Self { child, address };
        wait_for_port(&server.address)?;
        Ok(server)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free now.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

/// Until somebody listens there.
pub fn wait_for_port(address: &str) -> anyhow::Result<()> {
    let began = now();
    while began.elapsed() < Duration::from_secs(20) {
        if std::net::TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("a server did not begin to listen")
}
