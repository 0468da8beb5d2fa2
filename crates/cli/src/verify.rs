//! `fieldseal verify`: many packets and exports at once, on all cores, in the order given.
//!
//! What is wrong with a packet is a finding, never an error here. The exit code is the contract: 0 all verified, 3 none
//! failed and something not proved, 1 something failed, 2 wrong usage, or a path or the output could not be used.

mod batch;
mod equivocation;
pub(crate) mod folder;
mod gaps;
mod html;
mod output;

pub(crate) use batch::in_order;

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum;
use fieldseal_packet::findings::{Code, Finding, Language, Report, Verdict};
use fieldseal_packet::trust::{MAX_TRUST, Trust};
use fieldseal_packet::verify::{
    Inputs, Source, ZipSource, is_export, verify_export, verify_packet, verify_zip, zip_finding,
};

use equivocation::{SealText, Seals};
use folder::FolderSource;
use gaps::Gaps;
use html::Page;
use output::Output;

/// Check packets and exports
#[derive(clap::Args)]
pub struct Args {
    /// Packet zips, unpacked packets (their folder's name does not matter), exports (folder or zip)
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Trust anchors: vkeys, tlog-policy lines, PEM roots. Without it, the keys a packet brings are not proved
    #[arg(long, value_name = "F")]
    pub trust: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
    /// Also write the report as one HTML page that stands by itself; a file that is there is left alone
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Language of the sentences; the system's when left out
    #[arg(long, value_enum, value_name = "zh|en")]
    pub lang: Option<Lang>,
}

/// A reader's language.
#[derive(Clone, Copy, ValueEnum)]
pub enum Lang {
    /// 中文
    Zh,
    /// English
    En,
}

/// What a whole run came to.
#[derive(Default)]
struct Tally {
    verified: usize,
    not_proved: usize,
    failed: usize,
    /// A path that is not there, or an output that could not be written.
    trouble: bool,
}

impl Tally {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Verified => self.verified += 1,
            Verdict::NotProved => self.not_proved += 1,
            Verdict::Failed => self.failed += 1,
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Tally { failed: 1.., .. } => 1,
            // A path that could not be used does not hide what was found elsewhere: 2 means that and nothing worse.
            Tally {
                not_proved: 1.., ..
            } => 3,
            Tally { trouble: true, .. } => 2,
            _ => 0,
        }
    }
}

/// Verifies every path and prints a report of each.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let trust = args.trust.as_deref().map(read_trust).transpose()?;
    let mut page = args
        .html
        .as_deref()
        .map(|path| {
            Page::new(path, language(args.lang))
                .with_context(|| format!("{} can't be written", output::plain(path)))
        })
        .transpose()?;
    let mut tally = Tally::default();
    let (there, absent): (Vec<_>, Vec<_>) = args
        .paths
        .iter()
        .partition(|path| path.symlink_metadata().is_ok());
    for path in absent {
        tally.trouble = true;
        // A closed stderr is no reason to stop.
        let _ = writeln!(
            io::stderr(),
            "fieldseal: {}: there is no such file or folder",
            output::plain(path)
        );
    }
    let mut seals = Seals::new(trust.is_some());
    let mut gaps = expected(&there, trust.is_some());
    let mut output = Output::new(args.json, language(args.lang));
    let written = output.begin().and_then(|()| {
        batch::in_order(
            there.len(),
            |index| {
                // A bug that one file brings to light must not take the others' reports with it.
                catch_unwind(AssertUnwindSafe(|| {
                    check_path(there[index], trust.as_ref())
                }))
                .unwrap_or_else(|_| unreadable(there[index], &"the verifier stopped at it"))
            },
            |index, (report, seal)| {
                let report = match &seal {
                    Some(seal) => seals.meet(report, seal),
                    None => report,
                };
                let report = gaps.meet(index, report, seal.as_ref());
                tally.add(report.verdict);
                if let Some(page) = &mut page {
                    page.report(there[index], &report)?;
                }
                output.report(there[index], &report)
            },
        )?;
        if let Some(page) = page.take() {
            page.end(tally.verified, tally.not_proved, tally.failed)?;
        }
        output.end(tally.verified, tally.not_proved, tally.failed)
    });
    if let Err(error) = written {
        tally.trouble = true;
        // Whoever closed the pipe has seen enough.
        if error.kind() != io::ErrorKind::BrokenPipe {
            let _ = writeln!(
                io::stderr(),
                "fieldseal: the report could not be written: {error}"
            );
        }
    }
    Ok(ExitCode::from(tally.exit_code()))
}

/// Which path is each device's last: the seals alone are read for it. One packet by itself has no gaps.
fn expected(paths: &[&PathBuf], anchored: bool) -> Gaps {
    let mut gaps = Gaps::new(anchored);
    if paths.len() < 2 {
        return gaps;
    }
    let devices = |index: usize| {
        catch_unwind(AssertUnwindSafe(|| devices_of(paths[index]))).unwrap_or_default()
    };
    // Nothing is written here, so nothing can fail.
    let _ = batch::in_order(paths.len(), devices, |index, devices| {
        gaps.expect(index, devices);
        Ok(())
    });
    gaps
}

/// The devices that have a line on a path's seal; none when it can't be read.
fn devices_of(path: &Path) -> Vec<String> {
    let seal = match path.metadata() {
        Ok(kind) if kind.is_dir() => FolderSource::open(path)
            .ok()
            .and_then(|source| SealText::of(&source)),
        Ok(kind) if kind.is_file() => File::open(path)
            .ok()
            .and_then(|file| SealText::of(&ZipSource::open(&file).ok()?)),
        _ => None,
    };
    seal.map(|seal| seal.devices).unwrap_or_default()
}

fn read_trust(path: &Path) -> anyhow::Result<Trust> {
    let name = output::plain(path);
    let file =
        File::open(path).with_context(|| format!("the trust file {name} can't be opened"))?;
    let mut bytes = Vec::new();
    file.take(MAX_TRUST as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("the trust file {name} can't be read"))?;
    Trust::parse(&bytes).with_context(|| format!("the trust file {name} is not usable"))
}

/// The system's language, the way its own tools find it: the first of these that is set.
pub(crate) fn language(asked: Option<Lang>) -> Language {
    match asked {
        Some(Lang::Zh) => Language::Zh,
        Some(Lang::En) => Language::En,
        None => {
            let set = |name| {
                std::env::var(name)
                    .ok()
                    .filter(|value: &String| !value.is_empty())
            };
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
            if locale.is_some_and(|locale| locale.starts_with("zh")) {
                Language::Zh
            } else {
                Language::En
            }
        }
    }
}

/// The report on one path: a packet's zip or folder, an export's.
pub fn verify_path(path: &Path, trust: Option<&Trust>) -> Report {
    check_path(path, trust).0
}

/// A report, and the seal by which it is compared with the others.
type Checked = (Report, Option<SealText>);

pub(crate) fn check_path(path: &Path, trust: Option<&Trust>) -> Checked {
    match path.metadata() {
        Ok(kind) if kind.is_dir() => match FolderSource::open(path) {
            Ok(source) => verify_source(&source, trust),
            Err(error) => unreadable(path, &error),
        },
        Ok(kind) if kind.is_file() => match File::open(path) {
            Ok(file) => verify_file(&file, trust),
            Err(error) => unreadable(path, &error),
        },
        Ok(_) => unreadable(path, &io::Error::other("neither a file nor a folder")),
        Err(error) => unreadable(path, &error),
    }
}

fn verify_source(source: &dyn Source, trust: Option<&Trust>) -> Checked {
    let report = if is_export(source) {
        verify_export(source, trust)
    } else {
        verify_packet(
            source,
            &Inputs {
                trust,
                ..Inputs::default()
            },
        )
        .report
    };
    (report, SealText::of(source))
}

fn verify_file(file: &File, trust: Option<&Trust>) -> Checked {
    match ZipSource::open(file) {
        Ok(source) if is_export(&source) => verify_source(&source, trust),
        Ok(source) => {
            let report = verify_zip(
                file,
                &Inputs {
                    trust,
                    ..Inputs::default()
                },
            )
            .report;
            (report, SealText::of(&source))
        }
        Err(error) => (Report::new(None, vec![zip_finding(&error)]), None),
    }
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Checked {
    let subject = path.to_string_lossy().into_owned();
    (
        Report::new(
            None,
            vec![
                Finding::new(Code::FileUnreadable)
                    .about(subject)
                    .with(error),
            ],
        ),
        None,
    )
}
