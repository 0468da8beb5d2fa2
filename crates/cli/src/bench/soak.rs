//! The soak: thousands of photos through one tablet and one server in one run, each a process of its own. Looked for is what grows:
//! time a packet, memory. Then a backlog made while the server is away, which has to go through once it is back.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

use super::measure::{self, cpu_of, median, memory_kib};
use super::site::{ServerProcess, enrolled};
use super::soak_tablet::{IN_A_PACKET, Step};
use super::table::{Row, mib, ms};

/// Last quarter against first: noise of a machine stays below this.
const SLOWER_GOAL: f64 = 1.15;
const MEMORY_GOAL: f64 = 1.15;
/// Twice the soak's photos wait for the server, of a quarter of their side, so that the disk holds them.
const BACKLOG_TIMES: u32 = 2;
const BACKLOG_SIDE: u32 = 4;
/// A photo's bytes for each pixel, about; tablet and server each keep them once.
const BYTES_A_PIXEL: f64 = 0.45;

/// One look at both processes.
#[derive(Debug, Clone, Copy)]
struct Look {
    tablet_kib: f64,
    server_kib: f64,
    server_cpu_s: f64,
    tablet_cpu_s: f64,
}

/// Runs the soak.
pub fn rows(photos: u32, side: u32, dir: &Path) -> anyhow::Result<Vec<Row>> {
    let pixels = f64::from(side) * f64::from(side) * 0.75;
    let needed = f64::from(photos) * pixels * BYTES_A_PIXEL * 2.0 * 1.2;
    ensure!(
        measure::room(dir)? as f64 > needed,
        "{:.0} GB are needed on this disk; take fewer or smaller photos",
        needed / 1e9
    );
    drop(enrolled(dir, true)?);
    let packets = photos / IN_A_PACKET;
    let _filling = measure::fill_cache(dir)?;
    let server = ServerProcess::start(dir)?;
    let (steps, looks, wall_s) = watched(dir, packets, side, "line", &server)?;
    let mut rows = vec![
        slower(
            "time a packet, shutter to safe, two under way",
            &steps,
            |step| step.whole_s,
        ),
        against_disk(
            "shutter to durable, a photo, in times of writing and syncing it",
            &steps,
            |step| median(step.capture_s.iter().copied()),
            |step| step.copy_s,
        ),
        against_disk(
            "describing, signing and sealing a packet, in times of writing and syncing a page",
            &steps,
            |step| step.seal_s,
            |step| step.page_s,
        ),
        cpu(
            "server's CPU a packet, with all checks and previews",
            &looks,
            |look| look.server_cpu_s,
        ),
        cpu("tablet's CPU a packet, with previews", &looks, |look| {
            look.tablet_cpu_s
        }),
        memory("tablet's memory", &looks, |look| look.tablet_kib),
        memory("server's memory", &looks, |look| look.server_kib),
    ];
    if let Some(first) = rows.first_mut() {
        first.note = Some(format!(
            "{photos} photos in {packets} packets in {wall_s:.0} s, {} safe at the end",
            steps.last().map_or(0, |step| step.safe)
        ));
    }
    rows.extend(backlog(
        dir,
        photos * BACKLOG_TIMES,
        side / BACKLOG_SIDE,
        server,
    )?);
    Ok(rows)
}

/// Runs the tablet's process to its end; looks at both processes at each of its lines.
fn watched(
    dir: &Path,
    packets: u32,
    side: u32,
    mode: &str,
    server: &ServerProcess,
) -> anyhow::Result<(Vec<Step>, Vec<Look>, f64)> {
    let began = measure::now();
    let mut tablet = tablet(dir, packets, side, mode)?;
    let lines = BufReader::new(tablet.stdout.take().context("its output")?).lines();
    let (mut steps, mut looks) = (Vec::new(), Vec::new());
    for line in lines {
        let step: Step = serde_json::from_str(&line?)?;
        looks.push(Look {
            tablet_kib: memory_kib(tablet.id(), "VmRSS").unwrap_or(0) as f64,
            server_kib: memory_kib(server.pid(), "VmRSS")? as f64,
            server_cpu_s: cpu_of(server.pid())?,
            tablet_cpu_s: cpu_of(tablet.id()).unwrap_or(0.0),
        });
        if step.n % 50 == 49 {
            eprintln!("  {} packets, {} safe", step.n + 1, step.safe);
        }
        steps.push(step);
    }
    ensure!(tablet.wait()?.success(), "the soak's tablet failed");
    Ok((steps, looks, began.elapsed().as_secs_f64()))
}

fn tablet(dir: &Path, packets: u32, side: u32, mode: &str) -> anyhow::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["bench", "--work", "soak-tablet", "--"])
        .arg(dir.join("tablet"))
        .args([&packets.to_string(), &side.to_string(), mode])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("the soak's tablet could not be started")
}

/// First and last quarter.
fn quarters<T>(all: &[T]) -> (&[T], &[T]) {
    let quarter = (all.len() / 4).max(1);
    (
        &all[..quarter.min(all.len())],
        &all[all.len().saturating_sub(quarter)..],
    )
}

fn slower(what: &str, steps: &[Step], value: impl Fn(&Step) -> f64) -> Row {
    let (first, last) = quarters(steps);
    let (first, last) = (
        median(first.iter().map(&value)),
        median(last.iter().map(&value)),
    );
    Row::new(
        format!("soak: {what}, last quarter"),
        ms(last),
        format!("first quarter {}", ms(first)),
        last / first,
        Some(SLOWER_GOAL),
    )
}

/// As many times what the disk needs at that moment: it is busy with the server's copies too, and less so at the beginning, while
/// memory takes them.
fn against_disk(
    what: &str,
    steps: &[Step],
    value: impl Fn(&Step) -> f64,
    disk: impl Fn(&Step) -> f64,
) -> Row {
    let (first, last) = quarters(steps);
    let middle = |part: &[Step], of: &dyn Fn(&Step) -> f64| median(part.iter().map(of));
    let times = |part| middle(part, &value) / middle(part, &disk);
    let told = |part| format!("{:.2} ({})", times(part), ms(middle(part, &value)));
    Row::new(
        format!("soak: {what}, last quarter"),
        told(last),
        format!("first quarter {}", told(first)),
        times(last) / times(first),
        Some(SLOWER_GOAL),
    )
}

fn cpu(what: &str, looks: &[Look], value: impl Fn(&Look) -> f64) -> Row {
    let each = |part: &[Look]| match (part.first(), part.last()) {
        (Some(first), Some(last)) if part.len() > 1 => {
            (value(last) - value(first)) / (part.len() - 1) as f64
        }
        _ => 0.0,
    };
    let (first, last) = quarters(looks);
    let (first, last) = (each(first), each(last));
    Row::new(
        format!("soak: {what}, last quarter"),
        ms(last),
        format!("first quarter {}", ms(first)),
        last / first,
        Some(SLOWER_GOAL),
    )
}

/// The last quarter against the second: the first fills caches and pools.
fn memory(what: &str, looks: &[Look], value: impl Fn(&Look) -> f64) -> Row {
    let quarter = (looks.len() / 4).max(1);
    let second = looks.get(quarter..2 * quarter).unwrap_or(looks);
    let (_, last) = quarters(looks);
    let (before, after) = (
        median(second.iter().map(&value)),
        median(last.iter().map(&value)),
    );
    let curve: Vec<String> = (0..=8)
        .filter_map(|n| looks.get((looks.len() * n / 8).min(looks.len().saturating_sub(1))))
        .map(|look| format!("{:.0}", value(look) / 1024.0))
        .collect();
    Row::new(
        format!("soak: {what}, last quarter"),
        mib(after as u64),
        format!("second quarter {}", mib(before as u64)),
        after / before,
        Some(MEMORY_GOAL),
    )
    .note(format!("MiB along the run: {}", curve.join(" ")))
}

/// Photos made while the server is away; then it comes back.
fn backlog(dir: &Path, photos: u32, side: u32, server: ServerProcess) -> anyhow::Result<Vec<Row>> {
    drop(server);
    let packets = photos / IN_A_PACKET;
    let mut offline = tablet(dir, packets, side, "offline")?;
    let lines = BufReader::new(offline.stdout.take().context("its output")?).lines();
    let steps: Vec<Step> = lines
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect::<anyhow::Result<_>>()?;
    ensure!(
        offline.wait()?.success(),
        "the soak's tablet failed offline"
    );
    let before = steps.last().map_or(0, |step| step.safe);
    let server = ServerProcess::start(dir)?;
    let (drained, looks, wall_s) = watched(dir, 0, side, "drain", &server)?;
    let safe = drained.last().map_or(0, |step| step.safe) - before;
    let what = format!("backlog of {photos} photos in {packets} packets made offline");
    Ok(vec![
        slower(
            "shutter to durable, a photo, while offline",
            &steps,
            |step| median(step.capture_s.iter().copied()),
        ),
        Row::new(
            format!("{what}: packets not safe in the end"),
            (u64::from(packets) - safe).to_string(),
            "none",
            (u64::from(packets) - safe) as f64,
            Some(0.0),
        )
        .note(format!("through in {wall_s:.0} s once the server was back")),
        memory(
            "tablet's memory while the backlog goes through",
            &looks,
            |look| look.tablet_kib,
        ),
        memory(
            "server's memory while the backlog goes through",
            &looks,
            |look| look.server_kib,
        ),
    ])
}
