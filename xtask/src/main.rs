//! `./x …` or `cargo xtask …`: what it takes to run and to test Fieldseal from a fresh clone, on a Debian 12 that has
//! only Rust and Node.
//!
//! * [`setup`]: installs what is missing (Debian packages, npm packages, the WebDriver for the window, bagit, the tus clients).
//! * [`build`]: the screens, then the programs.
//! * [`run`]: server, this tablet's enrolment, the window.
//! * [`audit`]: what is built in: licences, known vulnerabilities, the bill of materials.
//! * [`faults`]: the fault campaigns.
//! * [`differential`]: mutants through both verifiers.
//! * [`c2pa`]: sidecars of photos, with the library that no other build has.
//! * [`check_android`]: the Android side of the app, type-checked.
//! * [`bench`]: measurements against goals and peers.
//! * [`suite`]: every check and test, a table, and the sum; [`counts`] reads the runners' closing lines.
//! * [`process`]: other programs, with one sentence when one fails; [`progress`]: what is being done and since when.

mod accounts;
mod audit;
mod bench;
mod build;
mod c2pa;
mod check_android;
mod counts;
mod differential;
mod faults;
mod process;
mod progress;
mod run;
mod setup;
mod suite;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::progress::Progress;
use crate::setup::Need;

const USAGE: &str = "\
./x run [--port N] [--data DIR]
                   builds and starts the server, enrols this tablet and opens its window
./x test [STAGE…]  every check and test, or the named stages (./x test --list)
./x audit          licences, sources and known vulnerabilities of what is built in
./x sbom           the bill of materials (CycloneDX), in target/sbom
./x faults [--long] [--seed N] [--only NAME,…]
                   kills, power cuts, errors and worse, and a look at everything after each
./x differential [--count N] [--seed S] [--from N]
                   mutants of packets and exports through both verifiers, which must agree
./x c2pa [--line]  the C2PA sidecars; --line with a whole program that makes them
./x check-android  type-checks the Android side of the app, without an SDK
./x bench [PART…]  what it costs, against goals and peers (see docs/performance.md)
./x setup          installs what running and testing need
./x build          builds the screens and the programs";

/// The clone, where everything runs.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("\nx: {problem:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    std::env::set_current_dir(root())?;
    let progress = Progress::start();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", arguments),
    };
    match command {
        "run" => run::run(&progress, &run::Options::parse(rest)?),
        "test" => suite::run(&progress, rest),
        "audit" => audit::run(&progress),
        "sbom" => audit::sbom(&progress),
        "faults" => faults::run(&progress, rest),
        "differential" => differential::run(&progress, rest),
        "c2pa" => c2pa::run(&progress, rest),
        "check-android" => check_android::run(&progress, rest),
        "bench" => bench::run(&progress, rest),
        "setup" => setup::install(&progress, Need::Test).map(|()| ExitCode::SUCCESS),
        "build" => {
            setup::install(&progress, Need::Window)?;
            build::screens(&progress)?;
            build::programs(&progress, build::Programs::WithWindow)?;
            Ok(ExitCode::SUCCESS)
        }
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        other => bail!("there is no command '{other}'\n{USAGE}"),
    }
}
