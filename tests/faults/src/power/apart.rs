//! A mount namespace and a process namespace of its own: whatever way this program ends, by Ctrl-C or by `kill -9`, its
//! mounts go with it, and with each mount its loop device, and with the first process all others.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::images::{self, Mounted, run};
use crate::ctx::{Ctx, Form};
use crate::report::Report;

/// Set inside.
const APART: &str = "FIELDSEAL_FAULTS_APART";
const UNSHARE: [&str; 8] = [
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--propagation",
    "private",
    "--",
];

/// Whether this process is inside already.
pub fn is_apart() -> bool {
    std::env::var_os(APART).is_some()
}

/// Whether images can be mounted here.
pub fn possible() -> anyhow::Result<()> {
    can_be_apart()?;
    let folder = tempfile::tempdir()?;
    let image = folder.path().join("image");
    images::format(&image)?;
    Mounted::new(&image, &folder.path().join("mounted"))
        .context("no image can be mounted here (loop devices are needed)")?
        .unmount()
}

/// Whether there can be mounts of one's own here.
pub fn can_be_apart() -> anyhow::Result<()> {
    run(Command::new("unshare").args(UNSHARE).arg("true"))
        .context("no mount namespace can be made here (root is needed)")
}

/// Runs what was asked for once more, inside, and hands the campaign's report back. Memory is a file system of the namespace's own.
pub fn again(ctx: &Ctx, campaign: &'static str, asked: &[&str]) -> anyhow::Result<Report> {
    let program = std::env::current_exe()?;
    let mut command = Command::new("unshare");
    command.args(UNSHARE);
    if Path::new("/dev/shm").is_dir() {
        command.args([
            "sh",
            "-c",
            "mount -t tmpfs tmpfs /dev/shm && exec \"$@\"",
            "sh",
        ]);
    }
    command
        .arg(program)
        .args(asked)
        .arg("--json")
        .args([
            "--seed",
            &ctx.seed.to_string(),
            "--jobs",
            &ctx.jobs.to_string(),
        ])
        .args((ctx.form == Form::Long).then_some("--long"))
        .args(ctx.point.iter().flat_map(|point| ["--point", point]))
        .env(APART, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().context("unshare")?;
    // Held until the end: see `end_with_the_one_outside`.
    let held = child.stdin.take();
    let output = child.wait_with_output()?;
    drop(held);
    let reports: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("no report from inside: {}", output.status))?;
    let report = reports
        .first()
        .and_then(|json| Report::from_json(campaign, json));
    report.context("no report from inside")
}

/// Ends this process when the one outside has ended: as the first process of its namespace, no Ctrl-C reaches it.
pub fn end_with_the_one_outside() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        std::process::exit(130);
    });
}
