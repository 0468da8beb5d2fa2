//! Children that can be made to stand still.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::images::run;

/// How long a child may take to stand still: a thread that is inside a sync first comes back from it.
const STANDSTILL: Duration = Duration::from_secs(10);

/// A child whose lines are read as they come. Killed when dropped.
pub struct Worker {
    child: Child,
    /// Whole lines of its standard output, with their ends; closed when it ends.
    pub lines: Receiver<String>,
}

impl Worker {
    /// Starts it on a site.
    pub fn start(program: &Path, site: &Path, args: &[String]) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .arg(site)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("the worker can't be started")?;
        let out = child.stdout.take().context("its standard output")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut out = BufReader::new(out);
            let mut line = String::new();
            while out.read_line(&mut line).is_ok_and(|read| read > 0) {
                if sender.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, lines })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end; its last words when it ended badly.
    pub fn finish(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        if status.success() {
            return Ok(());
        }
        let mut words = String::new();
        if let Some(mut err) = self.child.stderr.take() {
            let _ = err.read_to_string(&mut words);
        }
        bail!(
            "{status}: {}",
            words.trim().lines().last().unwrap_or("no word")
        )
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes all these processes stand still, runs `work`, and lets them go on.
pub fn standing_still<T>(
    processes: &[u32],
    work: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    signal("-STOP", processes)?;
    let outcome = wait_until_still(processes).and_then(|()| work());
    signal("-CONT", processes)?;
    outcome
}

fn signal(name: &str, processes: &[u32]) -> anyhow::Result<()> {
    let ids = processes.iter().map(u32::to_string);
    run(Command::new("kill").arg(name).args(ids)).context("a signal")
}

fn wait_until_still(processes: &[u32]) -> anyhow::Result<()> {
    let until = Instant::now() + STANDSTILL;
    for process in processes {
        while !is_still(*process)? {
            ensure!(Instant::now() < until, "a worker does not stand still");
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    Ok(())
}

/// Whether every thread of a process is stopped, or it has ended.
fn is_still(process: u32) -> anyhow::Result<bool> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return Ok(true);
    };
    for thread in threads {
        let Ok(stat) = std::fs::read_to_string(thread?.path().join("stat")) else {
            continue;
        };
        // The state follows the name, which stands in parentheses and may hold any character.
        let state = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.trim_start().chars().next());
        if !matches!(state, Some('T' | 't' | 'Z' | 'X')) {
            return Ok(false);
        }
    }
    Ok(true)
}
