//! Clocks and counters: what a piece of work cost in CPU time, wall time and memory.
//!
//! CPU time is user and system together, since moving work into the kernel makes nothing cheaper. Work in this process is
//! read from the thread that does it; other programs run under a small process of our own ([`run_counted`]) that has
//! no other children, so that its sum over them is theirs alone; servers are read from `/proc`.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// What one run of something cost.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Cost {
    /// User and system, seconds.
    pub cpu_s: f64,
    /// Seconds on the wall.
    pub wall_s: f64,
    /// Largest resident set, KiB; none where it was not asked for.
    pub peak_kib: Option<u64>,
}

/// Seconds on the wall so far.
pub fn now() -> Instant {
    Instant::now()
}

fn seconds(usage: &Usage) -> f64 {
    let part = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    part(usage.user_time()) + part(usage.system_time())
}

/// Runs `work` on this thread and counts what this thread did.
pub fn on_this_thread(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Cost> {
    let (began, before) = (now(), getrusage(UsageWho::RUSAGE_THREAD)?);
    work()?;
    let after = getrusage(UsageWho::RUSAGE_THREAD)?;
    Ok(Cost {
        cpu_s: seconds(&after) - seconds(&before),
        wall_s: began.elapsed().as_secs_f64(),
        peak_kib: None,
    })
}

/// Runs a program to its end and counts it with all its children. `accept` says which exit codes are a success.
pub fn program(command: &mut Command, accept: &[i32]) -> anyhow::Result<Cost> {
    let mut counted = Command::new(std::env::current_exe()?);
    counted
        .args(["bench", "--work", "counted", "--"])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        counted.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => counted.env(name, value),
            None => counted.env_remove(name),
        };
    }
    let said = counted
        .stderr(Stdio::inherit())
        .output()
        .context("a counted program could not be started")?;
    ensure!(
        said.status.success(),
        "a counted program could not be started"
    );
    let counted: Counted = serde_json::from_slice(&said.stdout)?;
    match counted.code {
        Some(code) if accept.contains(&code) => Ok(counted.cost),
        code => bail!(
            "{} ended with {code:?}",
            command.get_program().to_string_lossy()
        ),
    }
}

#[derive(Serialize, Deserialize)]
struct Counted {
    cost: Cost,
    code: Option<i32>,
}

/// The process under which [`program`] runs another: starts it, waits, and says what it cost on stdout.
pub fn run_counted(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let (name, rest) = arguments
        .split_first()
        .context("the program to be counted is missing")?;
    let began = now();
    let status = Command::new(name)
        .args(rest)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("{name} could not be started"))?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let counted = Counted {
        cost: Cost {
            cpu_s: seconds(&usage),
            wall_s: began.elapsed().as_secs_f64(),
            peak_kib: u64::try_from(usage.max_rss()).ok(),
        },
        code: status.code(),
    };
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&counted)?)?;
    Ok(ExitCode::SUCCESS)
}

/// CPU seconds of a process that runs, all its threads, in steps of 10 ms.
pub fn cpu_of(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold anything.
    let rest = stat
        .rsplit_once(')')
        .context("the system's process table is not of the known form")?
        .1;
    let ticks: Vec<u64> = rest
        .split_whitespace()
        .skip(11)
        .take(4)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<u64>() as f64 / 100.0)
}

/// A value of `/proc/<pid>/status` in KiB: `VmRSS`, `VmHWM`.
pub fn memory_kib(pid: u32, name: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .context("the system does not tell the memory")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

/// Fills what memory the system has for caching files, by reading a file without contents that takes no room on the disk. Keeps it
/// filled while what is returned lives.
///
/// A fresh system gives new files memory that is free; after some ten gigabytes it has to take it from older ones first. A long run
/// would show that as slowing down, though nothing of what is measured did.
pub fn fill_cache(dir: &Path) -> anyhow::Result<NamedTempFile> {
    let info = fs::read_to_string("/proc/meminfo")?;
    let available_kib: u64 = info
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .context("the system does not tell its memory")?;
    let filling = NamedTempFile::new_in(dir)?;
    filling.as_file().set_len(available_kib * 1024)?;
    std::io::copy(&mut filling.as_file(), &mut std::io::sink())?;
    Ok(filling)
}

/// Bytes that this process has handed to `write` and its like.
pub fn bytes_written() -> anyhow::Result<u64> {
    let io = fs::read_to_string("/proc/self/io")?;
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    Ok(line
        .context("the system does not count what is written")?
        .parse()?)
}

/// Waits until this process does nothing any more: what it still does in the background must not be counted to others.
pub fn settle() -> anyhow::Result<()> {
    let began = now();
    let mut before = seconds(&getrusage(UsageWho::RUSAGE_SELF)?);
    while began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(100));
        let after = seconds(&getrusage(UsageWho::RUSAGE_SELF)?)
            + seconds(&getrusage(UsageWho::RUSAGE_CHILDREN)?);
        if after - before < 0.003 {
            break;
        }
        before = after;
    }
    Ok(())
}

/// The middle value.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// One of the things compared, which can be run again and again.
pub type Subject<'a> = Box<dyn FnMut(u32) -> anyhow::Result<Cost> + 'a>;

/// Runs all subjects in turn, `rounds` times, every other round in the opposite order, and gives each one's costs.
pub fn interleaved(rounds: u32, subjects: &mut [Subject<'_>]) -> anyhow::Result<Vec<Vec<Cost>>> {
    let mut costs = vec![Vec::new(); subjects.len()];
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..subjects.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            if let (Some(subject), Some(list)) = (subjects.get_mut(index), costs.get_mut(index)) {
                list.push(subject(round)?);
            }
        }
    }
    Ok(costs)
}

/// Medians of CPU and wall time, and the largest memory.
pub fn typical(costs: &[Cost]) -> Cost {
    Cost {
        cpu_s: median(costs.iter().map(|cost| cost.cpu_s)),
        wall_s: median(costs.iter().map(|cost| cost.wall_s)),
        peak_kib: costs.iter().filter_map(|cost| cost.peak_kib).max(),
    }
}

/// Bytes free for this user where `path` lies.
pub fn room(path: &Path) -> anyhow::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Where a program is, by the search path.
pub fn find(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
