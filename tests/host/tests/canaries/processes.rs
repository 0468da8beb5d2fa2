//! The real programs, each in a folder of its own: its working folder, its temporary files, what it says.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

pub struct Process {
    child: Child,
    pub url: String,
    pub run: PathBuf,
}

impl Process {
    /// Starts it with as much talk as there is, and with dumps allowed.
    pub fn start(run: &Path, program: PathBuf, arguments: &[&str]) -> Self {
        fs::create_dir_all(run.join("tmp")).unwrap();
        let out = run.join("stdout");
        let child = dumping(&program)
            .args(arguments)
            .current_dir(run)
            .env("TMPDIR", run.join("tmp"))
            .env("FIELDSEAL_LOG", "trace")
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .stdin(Stdio::null())
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(run.join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let url = loop {
            let said = fs::read_to_string(&out).unwrap();
            if let Some((_, rest)) = said.split_once("listening on ")
                && let Some((url, _)) = rest.split_once('\n')
            {
                break url.trim().to_owned();
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "it does not listen: {said}"
            );
            std::thread::sleep(Duration::from_millis(20));
        };
        Self {
            child,
            url,
            run: run.to_owned(),
        }
    }

    pub fn stderr(&self) -> PathBuf {
        self.run.join("stderr")
    }

    /// Crashes it. Whether the system took a picture of its memory, and its folder.
    pub fn abort(mut self) -> (bool, PathBuf) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-ABRT", &pid]).status().unwrap();
        assert!(sent.success());
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(6), "{status}");
        (status.core_dumped(), self.run.clone())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that may leave a dump of any size.
fn dumping(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""])
        .arg(program);
    command
}

/// Whether this machine dumps a process that has not asked for the contrary.
pub fn core_is_dumped(folder: &Path) -> bool {
    let status = dumping(Path::new("sh"))
        .args(["-c", "kill -ABRT $$"])
        .current_dir(folder)
        .status()
        .unwrap();
    status.core_dumped()
}

/// The program that the suite has built, beside this package's own.
pub fn fieldseal() -> PathBuf {
    let beside = || host().with_file_name("fieldseal");
    let program = std::env::var_os("FIELDSEAL_BIN").map_or_else(beside, PathBuf::from);
    assert!(
        program.is_file(),
        "build it first: cargo build --bin fieldseal"
    );
    program
}

pub fn host() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_fieldseal-host"))
}

/// `fieldseal admin --json …`
pub fn admin(data: &Path, arguments: &[&str], stdin: Option<&str>) -> Value {
    let mut child = Command::new(fieldseal())
        .args(["admin", "--json", "--data"])
        .arg(data)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(stdin.unwrap_or_default().as_bytes())
        .unwrap();
    drop(input);
    let said = child.wait_with_output().unwrap();
    assert!(said.status.success(), "{arguments:?}");
    serde_json::from_slice(&said.stdout).unwrap_or(Value::Null)
}

pub fn http() -> reqwest::Client {
    // Once for the whole process; a second time it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// What came back.
pub struct Answer {
    pub ok: bool,
    pub cookie: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }
}

/// Sends a request and waits for its end.
pub fn ask(request: reqwest::RequestBuilder) -> Answer {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().unwrap());
    runtime.block_on(async {
        let answer = request.send().await.unwrap();
        let cookie = answer.headers().get("set-cookie");
        let cookie = cookie.map_or("", |value| value.to_str().unwrap());
        Answer {
            ok: answer.status().is_success(),
            cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
            bytes: answer.bytes().await.unwrap().to_vec(),
        }
    })
}

/// Asks the engine, as a screen does.
pub fn call(tablet: &Process, request: Value) -> Result<Value, Value> {
    let answer = ask(http().post(format!("{}/call", tablet.url)).json(&request));
    if answer.ok {
        Ok(answer.json())
    } else {
        Err(answer.json())
    }
}
