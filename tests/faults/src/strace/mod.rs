//! Faults by `strace`: a signal or an error at the N-th call of one system call, SQLite's C code included.
//!
//! `when=N` counts by thread: the fault comes at the first thread that reaches its N-th such call. So a clean run is counted
//! by thread, and N runs up to the busiest one's count. Calls of quieter threads are reached by tracing from a gate on,
//! when the busy one's are over, or by tracing one thread alone.

mod log;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

pub use log::{Call, calls, is_at, strikes};

/// Whatever changes a file, its name or its durability, or tells another program of it.
pub const CHANGING: &[&str] = &[
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "sendto",
    "sendmsg",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "ftruncate",
    "mkdir",
    "mkdirat",
    "link",
    "linkat",
];

/// Between two looks at whether a silent child waits for what no disk's error would have taken from it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// No child of a campaign may take longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether `strace` is there and may trace.
pub fn usable() -> Result<(), String> {
    let tried = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "-e", "trace=none", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match tried {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("strace may not trace here".to_owned()),
        Err(_) => Err("strace is not installed".to_owned()),
    }
}

/// Which threads are traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Threads {
    /// Everything from the program's first line.
    All,
    /// Everything from the gate on.
    FromGate,
    /// From the gate on, one thread of this name.
    One(&'static str),
}

impl Threads {
    /// Whether the child has to stop at its gate.
    pub fn gated(self) -> bool {
        self != Self::All
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// System call.
    pub call: String,
    /// `3`, or `3+` for this and every later one.
    pub when: String,
    /// What happens: `signal=KILL`, `error=EIO`.
    pub what: &'static str,
    /// Only calls at this file are counted, and struck.
    pub at: Option<PathBuf>,
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:when={}", self.call, self.what, self.when)
    }
}

/// A running child, and the tracer beside or above it, if it has one.
pub struct Traced {
    child: Child,
    tracer: Option<Child>,
    lines: Receiver<String>,
    began: Instant,
    /// What was struck, and the folder outside which no fault is meant.
    strikes: Option<(PathBuf, PathBuf)>,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its stage came to its end.
    Whole,
    /// SIGKILL.
    Killed,
    /// By itself, with an error.
    Failed,
}

/// Starts the worker with this fault, and the calls of its kind go to `log`, if one is wanted; without a fault, it is only
/// watched and all its calls go to `log`.
pub fn start(
    worker: &Path,
    arguments: &[String],
    threads: Threads,
    point: Option<&Point>,
    log: Option<&Path>,
) -> anyhow::Result<Traced> {
    let mut flags: Vec<String> = Vec::new();
    match (point, log) {
        (Some(point), log) => {
            flags.extend([
                "-qq".to_owned(),
                "-e".to_owned(),
                format!("trace={}", point.call),
                "-e".to_owned(),
                format!("inject={point}"),
            ]);
            if let Some(at) = &point.at {
                flags.extend(["-P".to_owned(), at.display().to_string()]);
            }
            flags.push("-o".to_owned());
            match log {
                Some(log) => {
                    flags.push(log.display().to_string());
                    flags.extend(["-y", "-s", "0"].map(str::to_owned));
                }
                None => flags.push("/dev/null".to_owned()),
            }
        }
        (None, Some(log)) => {
            flags.extend(["-y".to_owned(), "-e".to_owned()]);
            flags.push("trace=file,desc,network".to_owned());
            flags.extend(["-o".to_owned(), log.display().to_string()]);
        }
        (None, None) => bail!("neither a fault nor a log is asked for"),
    }
    if threads.gated() {
        start_gated(worker, arguments, threads, &flags)
    } else {
        let mut command = Command::new("strace");
        // Not with --seccomp-bpf: strace 6.1 then delivers no signal.
        command.arg("-f").args(flags);
        command.arg(worker).args(arguments);
        let mut child = spawn(&mut command).context("strace could not be started")?;
        let lines = listen(&mut child)?;
        Ok(Traced {
            child,
            tracer: None,
            lines,
            began: Instant::now(),
            strikes: None,
        })
    }
}

/// Starts the worker without a tracer: its disk itself has the fault.
pub fn untraced(worker: &Path, arguments: &[String]) -> anyhow::Result<Traced> {
    let mut command = Command::new(worker);
    let mut child = spawn(command.args(arguments)).context("the worker could not be started")?;
    let lines = listen(&mut child)?;
    Ok(Traced {
        child,
        tracer: None,
        lines,
        began: Instant::now(),
        strikes: None,
    })
}

/// In a process group of its own: what `strace` started goes with it.
fn spawn(command: &mut Command) -> std::io::Result<Child> {
    command
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

fn start_gated(
    worker: &Path,
    arguments: &[String],
    threads: Threads,
    flags: &[String],
) -> anyhow::Result<Traced> {
    let mut command = Command::new(worker);
    let mut child = spawn(command.args(arguments).arg("--gate"))?;
    let lines = listen(&mut child)?;
    let gate = lines
        .recv_timeout(PATIENCE)
        .context("the worker did not come to its gate")?;
    let traced = traced_id(gate.trim_end(), threads);
    let mut command = Command::new("strace");
    match traced {
        Ok(traced) => command.args(["-p", &traced]),
        Err(error) => {
            child.kill()?;
            child.wait()?;
            return Err(error);
        }
    };
    if threads == Threads::FromGate {
        command.arg("-f");
    }
    // The word of its having attached is wanted: not so quiet.
    command.args(flags.iter().filter(|flag| *flag != "-qq"));
    let mut tracer = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("strace could not be started")?;
    let stderr = tracer.stderr.take().context("strace's words")?;
    let (told, attached) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if line.contains("attached") {
                let _ = told.send(());
            }
        }
    });
    if attached.recv_timeout(PATIENCE).is_err() {
        tracer.kill()?;
        tracer.wait()?;
        child.kill()?;
        child.wait()?;
        bail!("strace did not attach");
    }
    if let Some(stdin) = &mut child.stdin {
        stdin.write_all(b"\n")?;
    }
    Ok(Traced {
        child,
        tracer: Some(tracer),
        lines,
        began: Instant::now(),
        strikes: None,
    })
}

/// `gate <process> <thread>=<name> …`
fn traced_id(gate: &str, threads: Threads) -> anyhow::Result<String> {
    let mut words = gate.split(' ');
    ensure!(words.next() == Some("gate"), "the worker has no gate here");
    let process = words.next().context("no process")?;
    let Threads::One(name) = threads else {
        return Ok(process.to_owned());
    };
    words
        .filter_map(|word| word.split_once('='))
        .find(|(_, named)| *named == name)
        .map(|(thread, _)| thread.to_owned())
        .context("the worker has no thread of this name")
}

fn listen(child: &mut Child) -> anyhow::Result<Receiver<String>> {
    let stdout = child.stdout.take().context("the worker's words")?;
    let (send, lines) = channel();
    std::thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        loop {
            let mut line = Vec::new();
            match stdout.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    if send.send(line).is_err() {
                        return;
                    }
                }
            }
        }
    });
    Ok(lines)
}

impl Traced {
    /// A fault outside `site` is not meant: whoever waits for ever because of one is ended. `log` is that of [`start`].
    pub fn meant_for(&mut self, site: &Path, log: &Path) {
        self.strikes = Some((log.to_owned(), site.to_owned()));
    }

    /// The next line it says, newline included; none when it has ended.
    pub fn line(&mut self) -> anyhow::Result<Option<String>> {
        loop {
            match self.lines.recv_timeout(LOOK_EVERY) {
                Ok(line) => return Ok(Some(line)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if self.went_astray() => self.stop(),
                Err(RecvTimeoutError::Timeout) => {
                    ensure!(self.began.elapsed() < PATIENCE, "the worker hangs");
                }
            }
        }
    }

    fn went_astray(&self) -> bool {
        self.strikes.as_ref().is_some_and(|(log, site)| {
            let strikes = strikes(&std::fs::read(log).unwrap_or_default());
            strikes.iter().any(|strike| !is_at(strike, site))
        })
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Lets go of its stdin: a server stops in good order.
    pub fn let_go(&mut self) {
        self.child.stdin = None;
    }

    /// Hears every line to the end.
    pub fn hear(mut self, note: &mut dyn FnMut(&str)) -> anyhow::Result<Ended> {
        let heard = loop {
            match self.line() {
                Ok(Some(line)) => note(&line),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if heard.is_err() {
            self.stop();
        }
        let status = self.child.wait()?;
        if let Some(tracer) = &mut self.tracer {
            tracer.wait()?;
        }
        heard.map(|()| ended(status))
    }

    fn stop(&mut self) {
        // What strace traces does not end with it, but is of its group.
        if let Some(group) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        if let Some(tracer) = &mut self.tracer {
            let _ = tracer.kill();
        }
    }
}

fn ended(status: ExitStatus) -> Ended {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.success(), status.signal()) {
        (true, _) => Ended::Whole,
        (false, Some(9)) => Ended::Killed,
        _ => Ended::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strace_started_is_stopped_with_it() {
        if usable().is_err() {
            return;
        }
        let point = Point {
            call: "fsync".to_owned(),
            when: "1".to_owned(),
            what: "error=EIO",
            at: None,
        };
        let script = [
            "-c".to_owned(),
            "echo $$; while :; do sleep 1; done".to_owned(),
        ];
        let shell = Path::new("/bin/sh");
        let mut traced = start(shell, &script, Threads::All, Some(&point), None).unwrap();
        let shell = traced.line().unwrap().unwrap();
        let shell = PathBuf::from(format!("/proc/{}", shell.trim()));
        assert!(shell.exists());
        traced.stop();
        traced.child.wait().unwrap();
        // The last end of its pipe is closed when it has ended.
        while traced.line().unwrap().is_some() {}
        // Killed, it still has to be taken off a processor.
        let state = || std::fs::read_to_string(shell.join("stat")).unwrap_or_default();
        let gone = || state().is_empty() || state().contains(") Z ");
        let until = Instant::now() + PATIENCE;
        while !gone() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(gone(), "{}", state());
    }

    #[test]
    fn the_gate_names_threads() {
        let gate = "gate 7 7=fault-worker 8=fieldseal-sync";
        assert_eq!(traced_id(gate, Threads::FromGate).unwrap(), "7");
        assert_eq!(
            traced_id(gate, Threads::One("fieldseal-sync")).unwrap(),
            "8"
        );
        assert!(traced_id(gate, Threads::One("other")).is_err());
        assert!(traced_id("done", Threads::FromGate).is_err());
    }
}
