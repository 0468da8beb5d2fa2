//! `./x check-android`: the Android side of the app's Rust, type-checked and linted without an Android SDK. Too heavy for every
//! run of the suite: some nine minutes of a processor when cold, seconds after.
//!
//! What is written in C (SQLite, parts of ring) is not compiled: a compiler that makes empty objects stands in for the NDK's, and
//! nothing is linked. Kotlin is not compiled either; `src-tauri/tests/android.rs` compares what both sides call.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::process::{self, is_there, output, passing_on};
use crate::progress::Progress;
use crate::setup::{self, Need};

const TARGET: &str = "aarch64-linux-android";
/// Its own, so that no other build is made again.
const FOLDER: &str = "target/android";

/// Preprocesses for those who ask what compiler it is; an empty object for the rest.
const CC: &str = "#!/bin/sh\n\
for argument in \"$@\"; do\n\
  if [ \"$argument\" = -E ]; then for last; do :; done; exec cc -E -x c \"$last\"; fi\n\
done\n\
out=\n\
while [ $# -gt 0 ]; do\n\
  case \"$1\" in -o) out=\"$2\"; shift;; -o*) out=\"${1#-o}\";; esac\n\
  shift\n\
done\n\
[ -z \"$out\" ] || : > \"$out\"\n";

const AR: &str = "#!/bin/sh\nfor argument in \"$@\"; do case \"$argument\" in *.a) : > \"$argument\";; esac; done\n";

pub fn run(progress: &Progress, arguments: &[String]) -> Result<ExitCode> {
    if !arguments.is_empty() {
        bail!("./x check-android takes no arguments");
    }
    setup::install(progress, Need::Demo)?;
    target()?;
    let stub = stub_compiler()?;
    progress.say("checking the Android side (cold: ten minutes and more)");
    let mut cargo = process::cargo();
    cargo
        .args([
            "clippy",
            "--package",
            "fieldseal-tablet",
            "--lib",
            "--no-deps",
        ])
        .args(["--target", TARGET, "--target-dir", FOLDER])
        .args(["--", "-D", "warnings"]);
    for (name, program) in [("CC", "cc"), ("CXX", "cc"), ("AR", "ar"), ("RANLIB", "ar")] {
        cargo.env(format!("{name}_aarch64_linux_android"), stub.join(program));
    }
    for part in ["LIB", "INCLUDE"] {
        let mut name = OsString::from("AARCH64_LINUX_ANDROID_OPENSSL_");
        name.push(part);
        name.push("_DIR");
        cargo.env(name, &stub);
    }
    passing_on(&mut cargo, "the Android side does not compile")?;
    println!("the Android side compiles; it was not linked, and Kotlin was not compiled");
    Ok(ExitCode::SUCCESS)
}

/// The target's standard library.
fn target() -> Result<()> {
    let said =
        output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))?;
    let folder = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    if said.status.success() && Path::new(&folder).is_dir() {
        return Ok(());
    }
    if !is_there("rustup") {
        bail!("the standard library for {TARGET} is missing, and there is no rustup to install it");
    }
    process::quietly(
        Command::new("rustup").args(["target", "add", TARGET]),
        "rustup-android",
        "the standard library for Android could not be installed",
    )
}

fn stub_compiler() -> Result<PathBuf> {
    let folder = std::path::absolute(Path::new(FOLDER).join("stub"))?;
    let write = || {
        fs::create_dir_all(&folder)?;
        for (name, text) in [("cc", CC), ("ar", AR)] {
            let file = folder.join(name);
            fs::write(&file, text)?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
            }
        }
        Ok::<_, std::io::Error>(())
    };
    write().context("target/android could not be written: is the disk full?")?;
    Ok(folder)
}
