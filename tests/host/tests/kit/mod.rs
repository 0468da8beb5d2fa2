//! A bureau in a folder: a real server on a loopback port, and real tablets. Nothing is simulated but the PIN's cost and the
//! patience of the outbox, which are lowered.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fieldseal_device::api::{CaptureArgs, CaptureView, PartyInput, ProblemView, Request};
use fieldseal_device::platform::Machine;
use fieldseal_device::{Engine, EngineConfig};
use fieldseal_packet::findings::{Level, Report};
use fieldseal_packet::trust::Trust;
use fieldseal_packet::verify::{Inputs, verify_zip};
use fieldseal_picture::Decoder;
use fieldseal_server::admin::{self, Admin, NewAccount, NewDevice, NewPerson};
use fieldseal_server::{Config, Running, Server};
use fieldseal_sync::Backoff;
use fieldseal_vault::KdfParams;
use serde_json::{Value, json};

pub const PIN: &str = "246810";
pub const HOUR: Duration = Duration::from_secs(3600);
/// How long a test waits for what must come; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Bureau {
    pub dir: tempfile::TempDir,
    pub config: Config,
    pub runtime: tokio::runtime::Runtime,
    running: Option<Running>,
    addr: SocketAddr,
}

impl Bureau {
    pub fn open() -> Self {
        Self::open_with(|_| {})
    }

    /// With other settings of the server.
    pub fn open_with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path().join("server"));
        config.decoder = Decoder::of_test("kit::decoding_child");
        change(&mut config);
        admin::init(
            &config,
            &admin::Init {
                origin: Some("test.example/log".into()),
            },
        )
        .unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut bureau = Self {
            dir,
            config,
            runtime,
            running: None,
            addr: "127.0.0.1:0".parse().unwrap(),
        };
        bureau.start();
        bureau
    }

    /// Starts the server, at the address that it had before.
    pub fn start(&mut self) {
        let running = self
            .runtime
            .block_on(Server::start(self.config.clone(), self.addr))
            .unwrap();
        self.addr = running.addr();
        self.running = Some(running);
    }

    pub fn stop(&mut self) {
        let running = self.running.take().unwrap();
        self.runtime.block_on(running.stop()).unwrap();
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub fn admin(&self) -> Admin {
        Admin::open(&self.config).unwrap()
    }

    pub fn device_text(&self) -> String {
        let admin = self.admin();
        let code = admin.device_code(&NewDevice { team: None }, HOUR).unwrap();
        admin.enrol_text(&self.url(), &code)
    }

    /// A new officer and a code for one tablet.
    pub fn officer_code(&self, name: &str) -> String {
        let admin = self.admin();
        let person = NewPerson {
            name: name.into(),
            badge: format!("B-{name}"),
            team: None,
        };
        let id = admin.add_person(&person).unwrap();
        admin.officer_code(&id, HOUR).unwrap().code
    }

    /// A tablet with two officers on duty.
    pub fn tablet(&self, name: &str) -> Tablet {
        let mut tablet = Tablet::open(&self.dir.path().join(name));
        tablet.ok(Request::EnrolDevice {
            text: self.device_text(),
        });
        for officer in ["甲", "乙"] {
            let code = self.officer_code(officer);
            let view = tablet.ok(Request::EnrolOfficer {
                code,
                pin: PIN.into(),
            });
            tablet
                .officers
                .push(view["id"].as_str().unwrap().to_owned());
        }
        tablet.on_duty();
        tablet
    }

    pub fn trust(&self) -> Trust {
        Trust::parse(self.admin().trust().as_bytes()).unwrap()
    }

    /// A reviewer's session, to look with.
    pub fn reviewer(&self) -> Looker<'_> {
        let (account, password) = ("looker", "a long enough password");
        let new = NewAccount {
            account: account.into(),
            name: "看图员".into(),
            role: "reviewer".into(),
            password: password.into(),
        };
        // There from an earlier look, perhaps.
        let _ = self.admin().add_account(&new);
        let url = self.url();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let sign_in = json!({"account": account, "password": password});
        let asked = http
            .post(format!("{url}/api/v1/session"))
            .json(&sign_in)
            .send();
        let signed_in = self.runtime.block_on(asked).unwrap();
        let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
        Looker {
            bureau: self,
            cookie: cookie.split(';').next().unwrap().to_owned(),
            http,
        }
    }

    /// A reviewer decides about a packet over HTTP, as the console does.
    pub fn decide(&self, packet: &str, decision: &str, reason: &str) {
        let account = NewAccount {
            account: "reviewer".into(),
            name: "法制员".into(),
            role: "reviewer".into(),
            password: "a long enough password".into(),
        };
        self.admin().add_account(&account).unwrap();
        let url = self.url();
        self.runtime.block_on(async {
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            let sign_in = json!({"account": "reviewer", "password": "a long enough password"});
            let signed_in = http.post(format!("{url}/api/v1/session")).json(&sign_in).send().await.unwrap();
            assert!(signed_in.status().is_success(), "{}", signed_in.status());
            let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
            let session: Value = signed_in.json().await.unwrap();
            let detail: Value = http
                .get(format!("{url}/api/v1/review/packets/{packet}"))
                .header("cookie", &cookie)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            let ask = json!({"decision": decision, "reason": reason, "packet_digest": detail["packet_digest"]});
            let decided = http
                .post(format!("{url}/api/v1/review/packets/{packet}/decision"))
                .header("cookie", &cookie)
                .header("x-fieldseal-csrf", session["csrf"].as_str().unwrap())
                .json(&ask)
                .send()
                .await
                .unwrap();
            assert!(decided.status().is_success(), "{}", decided.status());
        });
    }
}

/// Pictures are decoded by this very program, started again to run this.
#[test]
fn decoding_child() {
    fieldseal_picture::run_decoder_child_of_test();
}

/// Quick enough for a test, in the same order as the real one.
pub fn config(dir: &Path) -> EngineConfig {
    let mut config = EngineConfig::new(dir);
    config.decoder = Decoder::of_test("kit::decoding_child");
    let quick = Backoff {
        first_ms: 20,
        longest_ms: 200,
    };
    config.kdf = Some(KdfParams::FOR_TESTS);
    config.auto_lock_ms = None;
    config.sync = fieldseal_sync::Settings {
        chunk_bytes: 64 << 10,
        retry: quick,
        await_log: quick,
        reconnect: quick,
        wedged_every_ms: 300,
        watch_every_ms: 100,
        checkpoint_every_ms: 500,
        answer_within_ms: 30_000,
    };
    config
}

pub struct Tablet {
    pub engine: Engine,
    pub dir: PathBuf,
    pub officers: Vec<String>,
}

impl Tablet {
    pub fn open(dir: &Path) -> Self {
        let engine = Engine::open(config(dir), Arc::new(Machine::new().unwrap())).unwrap();
        Self {
            engine,
            dir: dir.to_owned(),
            officers: vec![],
        }
    }

    /// As after a restart of the app: locked.
    pub fn restart(self) -> Self {
        let Self {
            engine,
            dir,
            officers,
        } = self;
        drop(engine);
        Self {
            officers,
            ..Self::open(&dir)
        }
    }

    /// As after a restart, with other settings.
    pub fn restart_with(self, change: impl FnOnce(&mut EngineConfig)) -> Self {
        let Self {
            engine,
            dir,
            officers,
        } = self;
        drop(engine);
        let mut config = config(&dir);
        change(&mut config);
        let engine = Engine::open(config, Arc::new(Machine::new().unwrap())).unwrap();
        Self {
            engine,
            dir,
            officers,
        }
    }

    pub fn call(&self, request: Request) -> Result<Value, ProblemView> {
        self.engine.call(request)
    }

    pub fn ok(&self, request: Request) -> Value {
        let asked = format!("{request:?}");
        self.engine
            .call(request)
            .unwrap_or_else(|problem| panic!("{problem:?} to {asked}"))
    }

    /// The code of the problem that this answers.
    pub fn refused(&self, request: Request) -> String {
        self.engine.call(request).unwrap_err().code
    }

    pub fn on_duty(&self) {
        self.ok(Request::OnDuty {
            lead: self.officers[0].clone(),
            second: self.officers.get(1).cloned(),
        });
    }

    pub fn unlock(&self) {
        self.ok(Request::Unlock {
            officer: self.officers[0].clone(),
            pin: PIN.into(),
        });
    }

    pub fn draft(&self) -> String {
        let draft = self.ok(Request::DraftOpen {
            kind: "illegal-structure".into(),
            supplements: None,
        });
        draft["id"].as_str().unwrap().to_owned()
    }

    pub fn capture(&self, draft: Option<&str>, bytes: &[u8]) -> CaptureView {
        let args = CaptureArgs {
            draft: draft.map(str::to_owned),
            source: "camera".into(),
            ..CaptureArgs::default()
        };
        self.engine.capture(args, bytes).unwrap()
    }

    pub fn sign(&self, draft: &str, officer: usize) {
        let officer = self.officers[officer].clone();
        self.ok(Request::Sign {
            id: draft.into(),
            officer,
            pin: PIN.into(),
        });
    }

    /// Party, two signatures, seal; gives the packet's view.
    pub fn seal(&self, draft: &str) -> Value {
        let party = PartyInput {
            presence: "absent".into(),
            name: None,
            note: None,
        };
        self.ok(Request::Party {
            id: draft.into(),
            party,
        });
        (0..self.officers.len()).for_each(|officer| self.sign(draft, officer));
        self.ok(Request::Seal { id: draft.into() })
    }

    pub fn state_of(&self, packet: &str) -> String {
        let packet = self.ok(Request::Packet { id: packet.into() });
        packet["summary"]["state"].as_str().unwrap().to_owned()
    }

    pub fn wait_for(&self, packet: &str, state: &str) {
        eventually(&format!("{packet} to be {state}"), || {
            self.state_of(packet) == state
        });
    }

    /// The packet's zip through the verifier.
    pub fn verified(&self, packet: &str, trust: &Trust) -> Report {
        let mut file = tempfile::tempfile().unwrap();
        self.engine.export_zip(packet, &mut file).unwrap();
        verify_zip(
            &file,
            &Inputs {
                trust: Some(trust),
                ..Inputs::default()
            },
        )
        .report
    }

    pub fn previews_done(&self, draft: &str) -> Vec<Value> {
        eventually("the previews", || {
            let draft = self.ok(Request::Draft { id: draft.into() });
            draft["photos"]
                .as_array()
                .unwrap()
                .iter()
                .all(|photo| photo["previewProblem"] != "pending")
        });
        self.ok(Request::Draft { id: draft.into() })["photos"]
            .as_array()
            .unwrap()
            .clone()
    }
}

/// Somebody who may look at evidence.
pub struct Looker<'a> {
    bureau: &'a Bureau,
    http: reqwest::Client,
    cookie: String,
}

impl Looker<'_> {
    /// Status and body.
    pub fn bytes(&self, path: &str) -> (u16, Vec<u8>) {
        self.bureau.runtime.block_on(async {
            let asked = self
                .http
                .get(format!("{}{path}", self.bureau.url()))
                .header("cookie", &self.cookie);
            let answered = asked.send().await.unwrap();
            let status = answered.status().as_u16();
            (status, answered.bytes().await.unwrap().to_vec())
        })
    }
}

/// Asks until it is so.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Codes of the findings of a level.
pub fn codes(report: &Report, level: Level) -> Vec<&'static str> {
    report
        .findings
        .iter()
        .filter(|finding| finding.code.level() == level)
        .map(|finding| finding.code.word())
        .collect()
}

/// A small JPEG that differs by `seed`.
pub fn jpeg(seed: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(120, 90, |x, y| {
        image::Rgb([seed, (x * 2) as u8, (y * 2) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

/// Bytes that look random and are the same each time.
pub fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}
