//! The command line: runs the fault campaigns and counts. Started by `cargo xtask faults`.

use std::process::ExitCode;
use std::time::Instant;

use crate::ctx::{Ctx, Form};
use crate::report::Report;
use crate::teeth::{self, CASES};
use crate::{full, hostile, net, power};
use anyhow::{Context as _, bail};
use clap::Parser;

/// A campaign by its name.
type Campaign = (&'static str, fn(&Ctx) -> anyhow::Result<Report>);

/// Each campaign that there is.
const CAMPAIGNS: &[Campaign] = &[
    (crate::kill::NAME, crate::kill::run),
    (crate::errors::NAME, crate::errors::run),
    (full::NAME, full::run),
    (power::NAME, power::run),
    (net::NAME, net::run),
    (hostile::NAME, hostile::run),
    (teeth::NAME, teeth::run),
];

/// Kills, errors, power cuts and worse, and a look at everything after each.
#[derive(Parser)]
struct Args {
    /// Thousands of runs instead of every point once
    #[arg(long, conflicts_with = "short")]
    long: bool,
    /// Every point once, within ten minutes (the default)
    #[arg(long)]
    short: bool,
    /// Of all choices
    #[arg(long, default_value_t = 20_261_123)]
    seed: u64,
    /// Only these campaigns
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    only: Vec<String>,
    /// Runs at the same time; twice as many as there are processors when left out
    #[arg(long)]
    jobs: Option<usize>,
    /// One JSON document on stdout
    #[arg(long)]
    json: bool,
    /// Names the campaigns
    #[arg(long)]
    list: bool,
    /// One case of the campaign `teeth`
    #[arg(long, hide = true)]
    case: Option<String>,
    /// One point of the campaign `errors` or `full`, as its failures name it
    #[arg(long)]
    point: Option<String>,
    /// At most so many runs of the case
    #[arg(long, hide = true, default_value_t = u64::MAX)]
    most: u64,
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("fieldseal-faults: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.list {
        for (name, _) in CAMPAIGNS {
            println!("{name}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(unknown) = args
        .only
        .iter()
        .find(|name| CAMPAIGNS.iter().all(|(known, _)| known != name))
    {
        bail!("there is no campaign '{unknown}': see --list");
    }
    let form = if args.long { Form::Long } else { Form::Short };
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    // A run waits for its tracer, its children and their answers about half of its time.
    let mut ctx = Ctx::new(form, args.seed, args.jobs.unwrap_or(cores * 2))?;
    ctx.point.clone_from(&args.point);
    let mut reports = Vec::new();
    if let Some(name) = &args.case {
        let case = CASES.iter().find(|case| case.name == name);
        let case = case.with_context(|| format!("there is no case '{name}'"))?;
        reports.push((case.run)(&ctx, args.most)?);
    }
    for (name, campaign) in CAMPAIGNS {
        if args.case.is_some() {
            break;
        }
        if !args.only.is_empty() && !args.only.iter().any(|only| only == name) {
            continue;
        }
        ctx.say(&format!("── {name} (seed {}) ──", args.seed));
        let began = Instant::now();
        let report = campaign(&ctx).unwrap_or_else(|error| Report {
            failures: vec![format!("the campaign itself broke off: {error:#}")],
            ..Report::new(name)
        });
        if !args.json {
            println!("{report}");
            println!("  {} s", began.elapsed().as_secs());
        }
        reports.push(report);
    }
    if args.json {
        let all: Vec<_> = reports.iter().map(Report::json).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for report in &reports {
            let counts = report.counts();
            passed += counts.0;
            failed += counts.1;
            skipped += counts.2;
        }
        println!("{passed} passed, {failed} failed, {skipped} skipped");
    }
    Ok(
        if !reports.is_empty() && reports.iter().all(Report::passed) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        },
    )
}
