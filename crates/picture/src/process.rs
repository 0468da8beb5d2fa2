//! One decoding process: started, fed, listened to, ended.

use std::ffi::OsString;
use std::io::{ErrorKind, Read, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rustix::process::Signal;

use crate::frame::{Answer, MAX_ANSWER, Task};
use crate::parent::Limits;
use crate::previews::Extra;
use crate::{CHILD_VARIABLE, NoPreview, Previews};

const PIECE: usize = 256 << 10;
/// What Rust's runtime writes when memory can't be had, before it aborts. The child's error output is the same socket.
const OUT_OF_MEMORY: &[u8] = b"memory allocation of ";
/// How long a process that has closed its socket may take to end by itself, so that its end says why.
const END_STEP: Duration = Duration::from_millis(5);
const END_STEPS: u32 = 200;
/// How soon a stop is noticed.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub fn previews(
    program: &Path,
    arguments: &[OsString],
    limits: &Limits,
    stopped: &AtomicBool,
    size: u64,
    bytes: &mut dyn Read,
    extra: &Extra,
) -> Result<Previews, NoPreview> {
    let (mut child, socket) = start(program, arguments).map_err(|_| NoPreview::NoDecoder)?;
    let strip = extra.strip.as_ref();
    let task = Task {
        size,
        memory: limits.memory_bytes,
        cpu_s: limits.cpu_s,
        strip: strip.map_or((0, 0), |strip| (strip.width, strip.height)),
        areas: u32::try_from(extra.areas.len()).unwrap_or(u32::MAX),
    };
    let mut after = strip.map_or_else(Vec::new, |strip| strip.grey.clone());
    after.extend(extra.areas.iter().flat_map(|area| area.to_bytes()));
    let (answer, ended) = std::thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        let child = &mut child;
        let watch = std::thread::Builder::new().spawn_scoped(scope, move || {
            let why = watch(&is_done, limits.wait, stopped);
            if why.is_some() {
                let _ = child.kill();
            }
            why
        });
        let Ok(watch) = watch else {
            return (Err(NoPreview::NoDecoder), None);
        };
        let answer = converse(&socket, task, bytes, &after);
        drop(done);
        (answer, watch.join().unwrap_or_default())
    });
    drop(socket);
    let bytes = answer.inspect_err(|_| end(&mut child))?;
    if let Some(answer) = Answer::from_bytes(&bytes) {
        // Who has answered and lives on does not live on.
        end(&mut child);
        say_once_if_unfiltered(answer.filtered);
        return answer.made;
    }
    let status = own_end(&mut child);
    Err(ended.unwrap_or_else(|| why(&bytes, status)))
}

/// Returns when the conversation is over, or with the reason to end it.
fn watch(is_done: &mpsc::Receiver<()>, wait: Duration, stopped: &AtomicBool) -> Option<NoPreview> {
    let mut left = wait;
    while is_done.recv_timeout(left.min(LOOK_EVERY)) == Err(RecvTimeoutError::Timeout) {
        left = left.saturating_sub(LOOK_EVERY);
        if stopped.load(Ordering::Relaxed) {
            return Some(NoPreview::NoDecoder);
        }
        if left.is_zero() {
            return Some(NoPreview::TooLong);
        }
    }
    None
}

fn start(program: &Path, arguments: &[OsString]) -> std::io::Result<(Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env(CHILD_VARIABLE, "1")
        .stdin(Stdio::from(OwnedFd::from(theirs.try_clone()?)))
        .stdout(Stdio::null())
        .stderr(Stdio::from(OwnedFd::from(theirs)));
    // Where a package brings its libraries along, the same program needs them again.
    if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
        command.env("LD_LIBRARY_PATH", path);
    }
    // The command's own copies of the child's end go with it, so that the child's end is the stream's end.
    Ok((command.spawn()?, ours))
}

/// Task and picture to the child, and what it answers; no more than an answer can be long.
fn converse(
    mut socket: &UnixStream,
    task: Task,
    picture: &mut dyn Read,
    after: &[u8],
) -> Result<Vec<u8>, NoPreview> {
    let mut piece = vec![0; PIECE];
    let mut left = task.size;
    // A child that hears no more may have answered already.
    let mut hears = socket.write_all(&task.to_bytes()).is_ok();
    while hears && left > 0 {
        let most = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match picture.read(&mut piece[..most]) {
            Ok(0) => return Err(NoPreview::Unreadable),
            Ok(count) => {
                left -= count as u64;
                hears = socket.write_all(&piece[..count]).is_ok();
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(NoPreview::Unreadable),
        }
    }
    if hears {
        // Whether it heard all of it shows in what it answers.
        let _ = socket.write_all(after);
    }
    let mut answer = Vec::new();
    // An error here is the child's end with bytes unread: what was answered before it is there.
    let _ = socket.take(MAX_ANSWER as u64 + 1).read_to_end(&mut answer);
    Ok(answer)
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// How a child that closed its socket ends; by our hand if it does not.
fn own_end(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..END_STEPS {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(END_STEP),
            Ok(status) => return status,
            Err(_) => break,
        }
    }
    end(child);
    None
}

fn why(answer: &[u8], status: Option<ExitStatus>) -> NoPreview {
    let signal = status.and_then(|status| status.signal());
    let told = answer
        .windows(OUT_OF_MEMORY.len())
        .take(PIECE)
        .any(|words| words == OUT_OF_MEMORY);
    if signal == Some(Signal::XCPU.as_raw()) {
        NoPreview::TooLong
    } else if signal == Some(Signal::ABORT.as_raw()) && told {
        NoPreview::Memory
    } else {
        NoPreview::Stopped
    }
}

fn say_once_if_unfiltered(filtered: bool) {
    static SAID: Once = Once::new();
    if !filtered && cfg!(target_os = "linux") {
        SAID.call_once(|| {
            tracing::warn!(
                "pictures are decoded without a filter of system calls: this machine has none"
            );
        });
    }
}
