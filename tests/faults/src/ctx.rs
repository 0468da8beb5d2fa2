//! What every campaign is given.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;

/// How far a campaign goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Every point once; all campaigns together in ten minutes on two cores.
    Short,
    /// Thousands of runs.
    Long,
}

/// What every campaign is given.
#[derive(Clone)]
pub struct Ctx {
    /// How far to go.
    pub form: Form,
    /// Of all choices.
    pub seed: u64,
    /// One point alone, as failures name it.
    pub point: Option<String>,
    /// Runs at the same time.
    pub jobs: usize,
    /// The child's program.
    pub worker: PathBuf,
    /// A folder for this run alone, in memory where there is room: kills don't test the disk. Gone at the end.
    pub scratch: Arc<tempfile::TempDir>,
    /// Says what is being done, on stderr.
    pub progress: bool,
    next: Arc<AtomicU64>,
}

impl Ctx {
    /// The worker is looked for beside this program.
    pub fn new(form: Form, seed: u64, jobs: usize) -> anyhow::Result<Self> {
        let here = std::env::current_exe().context("this program's own path")?;
        let name = if cfg!(feature = "teeth") {
            "toothed-worker"
        } else {
            "fault-worker"
        };
        let worker = here.with_file_name(name);
        anyhow::ensure!(
            worker.is_file(),
            "{name} is not beside this program: cargo build -p fieldseal-faults"
        );
        Ok(Self {
            form,
            seed,
            point: None,
            jobs: jobs.max(1),
            worker,
            scratch: Arc::new(scratch()?),
            progress: true,
            next: Arc::default(),
        })
    }

    /// A new empty folder's path; it does not exist yet.
    pub fn folder(&self, name: &str) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.scratch.path().join(format!("{name}-{number}"))
    }

    /// Tells what is being done.
    pub fn say(&self, what: &str) {
        if self.progress {
            eprintln!("{what}");
        }
    }
}

fn scratch() -> anyhow::Result<tempfile::TempDir> {
    let named = tempfile::Builder::new()
        .prefix("fieldseal-faults-")
        .to_owned();
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        named.tempdir_in(memory).or_else(|_| named.tempdir())
    } else {
        named.tempdir()
    };
    made.context("no folder for the runs could be made")
}
