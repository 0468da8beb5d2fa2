//! Every check and every test, one stage after the other. A failing stage does not stop the next; at the end there is a
//! table, and one plain line with the sum of what the runners counted. A check without a runner counts as one.
//!
//! The order is that of cost: what is soonest wrong is soonest told. All Rust stages share one folder and one set of
//! features, since another set would build the packages below them again.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::build::{self, TEST_FEATURES};
use crate::counts::{self, Counts};
use crate::process::{forget_our_package, heard};
use crate::progress::{Progress, clock};
use crate::setup::{self, Need};

struct Stage {
    name: &'static str,
    /// Where it runs, from the clone's top.
    folder: &'static str,
    program: &'static str,
    arguments: Vec<&'static str>,
    /// A stage of tests that counts none has failed: it ran nothing.
    has_tests: bool,
}

fn stages() -> Vec<Stage> {
    let stage = |name, folder, program, arguments: &[&'static str], has_tests| Stage {
        name,
        folder,
        program,
        arguments: arguments.to_vec(),
        has_tests,
    };
    let rust = |name, first: &[&'static str], last: &[&'static str], has_tests| {
        let arguments = [first, &["--workspace"], &TEST_FEATURES[..], last].concat();
        stage(name, ".", "cargo", &arguments, has_tests)
    };
    vec![
        stage("format", ".", "cargo", &["fmt", "--all", "--check"], false),
        stage("packages", ".", "cargo", &["xtask", "audit"], true),
        stage("screens-types", "ui", "npm", &["run", "check"], false),
        stage("screens-lint", "ui", "npm", &["run", "lint"], false),
        stage("screens-test", "ui", "npm", &["run", "test"], true),
        stage("screens-build", "ui", "npm", &["run", "build"], false),
        rust(
            "clippy",
            &["clippy", "--all-targets"],
            &["--", "-D", "warnings"],
            false,
        ),
        rust("build", &["build", "--bins", "--tests"], &[], false),
        rust("test", &["test", "--no-fail-fast"], &[], true),
        stage("faults", ".", "cargo", &["xtask", "faults"], true),
        stage(
            "differential",
            ".",
            "cargo",
            &["xtask", "differential", "--count", "300"],
            true,
        ),
        stage("c2pa", ".", "cargo", &["xtask", "c2pa"], true),
        stage("window", "tests/window", "node", &["--test"], true),
        stage("browser", "tests/browser", "npm", &["test"], true),
    ]
}

struct Outcome {
    name: &'static str,
    success: bool,
    counts: Counts,
    took: Duration,
}

/// Runs all stages, or those named.
pub fn run(progress: &Progress, arguments: &[String]) -> Result<ExitCode> {
    let all = stages();
    if arguments.iter().any(|argument| argument == "--list") {
        for stage in &all {
            println!("{}", stage.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(unknown) = arguments
        .iter()
        .find(|name| all.iter().all(|stage| stage.name != name.as_str()))
    {
        bail!("there is no stage '{unknown}': see ./x test --list");
    }
    setup::check_node()?;
    setup::install(progress, Need::Test)?;
    let path = setup::path_with_tools()?;
    let program = std::env::current_dir()?.join(build::PROGRAM);
    let wanted =
        |stage: &Stage| arguments.is_empty() || arguments.iter().any(|name| name == stage.name);
    let outcomes: Vec<Outcome> = all
        .into_iter()
        .filter(wanted)
        .map(|stage| {
            progress.say(&format!("── {} ──", stage.name));
            carry_out(&stage, &path, &program)
        })
        .collect();
    Ok(report(&outcomes, progress))
}

fn carry_out(stage: &Stage, path: &OsStr, program: &Path) -> Outcome {
    let began = Instant::now();
    // What builds but once has no use for what makes a second build faster.
    let once = std::env::var_os("CI").map(|_| ("CARGO_INCREMENTAL", "0"));
    let mut command = Command::new(stage.program);
    forget_our_package(&mut command);
    let heard = heard(
        command
            .args(&stage.arguments)
            .current_dir(Path::new(stage.folder))
            .env("PATH", path)
            .env("FIELDSEAL_BIN", program)
            .env("CARGO_TERM_COLOR", "never")
            .env("NO_COLOR", "1")
            .envs(once),
    );
    let counts = judge(stage.has_tests, heard.success, counts::sum(&heard.lines));
    Outcome {
        name: stage.name,
        success: counts.failed == 0,
        counts,
        took: began.elapsed(),
    }
}

/// A check counts as one; a runner that failed without naming a failed test, or that ran none, as one failed.
fn judge(has_tests: bool, success: bool, mut counts: Counts) -> Counts {
    if !has_tests {
        let (passed, failed) = if success { (1, 0) } else { (0, 1) };
        return Counts {
            passed,
            failed,
            skipped: 0,
        };
    }
    let ran_none = counts.passed == 0 && counts.failed == 0;
    if counts.failed == 0 && (!success || ran_none) {
        counts.failed = 1;
    }
    counts
}

fn report(outcomes: &[Outcome], progress: &Progress) -> ExitCode {
    let mut total = Counts::default();
    println!(
        "\n{:<16}{:>8}{:>8}{:>9}{:>8}",
        "stage", "passed", "failed", "skipped", "time"
    );
    for outcome in outcomes {
        let Counts {
            passed,
            failed,
            skipped,
        } = outcome.counts;
        let mark = if outcome.success { "" } else { "   FAILED" };
        println!(
            "{:<16}{passed:>8}{failed:>8}{skipped:>9}{:>8}{mark}",
            outcome.name,
            clock(outcome.took)
        );
        total += outcome.counts;
    }
    println!("{:<16}{:>33}\n", "all", clock(progress.elapsed()));
    print!("{} passed, {} failed", total.passed, total.failed);
    if total.skipped > 0 {
        print!(", {} skipped", total.skipped);
    }
    println!();
    if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64) -> Counts {
        Counts {
            passed,
            failed,
            skipped: 0,
        }
    }

    #[test]
    fn a_check_counts_as_one() {
        assert_eq!(judge(false, true, counts(0, 0)), counts(1, 0));
        assert_eq!(judge(false, false, counts(3, 0)), counts(0, 1));
    }

    #[test]
    fn tests_count_as_their_runner_says() {
        assert_eq!(judge(true, true, counts(7, 0)), counts(7, 0));
        assert_eq!(judge(true, false, counts(6, 2)), counts(6, 2));
    }

    #[test]
    fn a_runner_that_broke_off_or_ran_nothing_has_failed() {
        assert_eq!(judge(true, false, counts(6, 0)), counts(6, 1));
        assert_eq!(judge(true, true, counts(0, 0)), counts(0, 1));
    }
}
