//! Installs what is missing: Debian packages, the Rust linters, npm packages, and two tools of their own registries.
//! Asks before it acts (dpkg, a stamp, `--version`), so that a second time takes no time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{self, is_there, output, passing_on, quietly};
use crate::progress::Progress;

const DEMO_PACKAGES: &[&str] = &["build-essential", "pkg-config", "libssl-dev"];
const WINDOW_PACKAGES: &[&str] = &[
    "libwebkit2gtk-4.1-dev",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "fonts-dejavu-core",
    "fonts-noto-cjk",
];
const TEST_PACKAGES: &[&str] = &[
    // the window, without a screen
    "webkit2gtk-driver",
    "xvfb",
    "xauth",
    "dbus",
    // the browser
    "chromium",
    "chromium-driver",
    // the public tools that must agree with us
    "openssl",
    "unzip",
    "golang-go",
    "golang-golang-x-mod-dev",
    "python3-venv",
    "poppler-utils",
    // kills at a chosen system call
    "strace",
];

/// What `./x bench` compares with.
const PEER_PACKAGES: &[&str] = &["nginx-light", "unzip", "python3-venv"];

const TAURI_DRIVER: &str = "2.1.0";
const CARGO_DENY: &str = "0.20.2";
const CARGO_CYCLONEDX: &str = "0.5.9";
const BAGIT: &str = "1.9.0";
const C2PA_PYTHON: &str = "0.38.1";
const TUSPY: &str = "1.1.0";
const PYXFORM: &str = "4.5.0";
const OPENPYXL: &str = "3.1.5";
const TUS_JS_CLIENT: &str = "4.3.1";

/// Where our own tools are put.
pub const TOOLS: &str = "target/tools";

/// How much is wanted; each includes the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// `fieldseal` without a window.
    Demo,
    /// The window too.
    Window,
    /// Everything the tests use.
    Test,
}

/// Installs what is missing.
pub fn install(progress: &Progress, need: Need) -> Result<()> {
    room_on_disk(need)?;
    debian_packages_for(progress, need)?;
    rust_packages(progress)?;
    npm_packages(progress, Path::new("ui"))?;
    if need == Need::Test {
        rust_linters(progress)?;
        if Path::new("tests/browser/package.json").is_file() {
            npm_packages(progress, Path::new("tests/browser"))?;
        }
        tauri_driver(progress)?;
        bagit(progress)?;
        tuspy(progress)?;
        pyxform(progress)?;
        tus_js_client(progress)?;
    }
    Ok(())
}

/// A build that runs out of disk fails in a hundred ways; this is the one sentence for all of them.
fn room_on_disk(need: Need) -> Result<()> {
    let built = Path::new("target/debug/fieldseal").is_file();
    let wanted_gb = match need {
        _ if built => 1,
        Need::Demo => 2,
        Need::Window => 4,
        Need::Test => 7,
    };
    let Ok(said) = output(Command::new("df").args(["-Pk", "."])) else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let free_kb = text
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    match free_kb {
        Some(free) if free < wanted_gb * 1_000_000 => {
            bail!(
                "not enough room on this disk: {wanted_gb} GB are needed, {:.1} GB are free",
                free as f64 / 1e6
            )
        }
        _ => Ok(()),
    }
}

/// What can be installed for `./x bench` beside the build's own needs: Debian's part, and bagit.
pub fn install_peers(progress: &Progress) -> Result<()> {
    debian_packages(progress, &[DEMO_PACKAGES, PEER_PACKAGES].concat())?;
    rust_packages(progress)?;
    bagit(progress)
}

fn debian_packages_for(progress: &Progress, need: Need) -> Result<()> {
    let mut wanted: Vec<&str> = DEMO_PACKAGES.to_vec();
    if need >= Need::Window {
        wanted.extend(WINDOW_PACKAGES);
    }
    if need >= Need::Test {
        wanted.extend(TEST_PACKAGES);
    }
    debian_packages(progress, &wanted)
}

fn debian_packages(progress: &Progress, wanted: &[&str]) -> Result<()> {
    if !is_there("dpkg-query") {
        progress.say(&format!(
            "this is no Debian; these have to be there already: {}",
            wanted.join(" ")
        ));
        return Ok(());
    }
    let missing: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|package| !is_installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    progress.say(&format!(
        "installing Debian packages: {}",
        missing.join(" ")
    ));
    quietly(
        as_root()?.args(["apt-get", "update", "-q"]),
        "apt-update",
        "apt-get could not read its package lists: is there a network?",
    )?;
    quietly(
        as_root()?
            .args([
                "env",
                "DEBIAN_FRONTEND=noninteractive",
                "apt-get",
                "install",
                "-y",
                "-q",
                "--no-install-recommends",
            ])
            .args(&missing),
        "apt-install",
        "apt-get could not install what is missing: is there a network, and room on the disk?",
    )
}

fn is_installed(package: &str) -> bool {
    output(Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]))
        .is_ok_and(|said| said.status.success() && said.stdout == b"installed")
}

/// `env …` as root, or `sudo …`.
fn as_root() -> Result<Command> {
    let id = output(Command::new("id").arg("-u"))?;
    if id.stdout.trim_ascii() == b"0" {
        return Ok(Command::new("env"));
    }
    if !is_there("sudo") {
        bail!(
            "Debian packages are missing, and this is neither root nor is there sudo: run ./x setup as root once"
        );
    }
    Ok(Command::new("sudo"))
}

/// Fetched apart from building, so that a missing network is told as what it is.
fn rust_packages(progress: &Progress) -> Result<()> {
    let host = output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let host = String::from_utf8_lossy(&host.stdout).trim().to_owned();
    let fetch = || {
        let mut cargo = process::cargo();
        cargo.args(["fetch", "--target", &host]);
        cargo
    };
    if output(fetch().arg("--offline")).is_ok_and(|said| said.status.success()) {
        return Ok(());
    }
    progress.say("fetching Rust packages");
    quietly(
        &mut fetch(),
        "cargo-fetch",
        "cargo could not fetch the packages of Cargo.lock: is there a network?",
    )
}

fn rust_linters(progress: &Progress) -> Result<()> {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if output(Command::new("cargo").args([command, "--version"]))
            .is_ok_and(|said| said.status.success())
        {
            continue;
        }
        progress.say(&format!("installing {component}"));
        quietly(
            Command::new("rustup").args(["component", "add", component]),
            component,
            &format!("{component} is missing and rustup could not add it: is there a network?"),
        )?;
    }
    Ok(())
}

/// What the lock says, when it is another than last time. Not `npm ci`: that refuses a lock in which a package's optional
/// parts for other platforms are missing, and a registry need not hold them all.
pub fn npm_packages(progress: &Progress, folder: &Path) -> Result<()> {
    if !is_there("npm") {
        bail!("Node and npm are missing: install Node 20 or newer");
    }
    let lock = fs::read(folder.join("package-lock.json"))
        .with_context(|| format!("{} has no package-lock.json", folder.display()))?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    progress.say(&format!("installing npm packages of {}", folder.display()));
    quietly(
        Command::new("npm")
            .args(["install", "--no-save", "--no-audit", "--no-fund"])
            .current_dir(folder),
        &format!("npm-{}", folder.display().to_string().replace('/', "-")),
        &format!(
            "npm could not install the packages of {}: is there a network?",
            folder.display()
        ),
    )?;
    fs::write(&stamp, &lock).context("node_modules could not be written")
}

/// Between WebDriver and the window. Built unoptimised: it only passes requests on.
fn tauri_driver(progress: &Progress) -> Result<()> {
    cargo_tool(progress, "tauri-driver", TAURI_DRIVER)
}

/// Licences, sources, bans and advisories of what we build in.
pub fn cargo_deny(progress: &Progress) -> Result<()> {
    cargo_tool(progress, "cargo-deny", CARGO_DENY)
}

/// The bill of materials.
pub fn cargo_cyclonedx(progress: &Progress) -> Result<()> {
    cargo_tool(progress, "cargo-cyclonedx", CARGO_CYCLONEDX)
}

/// A program from crates.io, built unoptimised into our own folder of tools.
fn cargo_tool(progress: &Progress, name: &str, version: &str) -> Result<()> {
    let stamp = tool(&format!("{name}-{version}"));
    if stamp.is_file() && tool("bin").join(name).is_file() {
        return Ok(());
    }
    progress.say(&format!("building {name} {version}"));
    passing_on(
        process::cargo()
            .args([
                "install", "--quiet", "--locked", "--debug", "--force", "--root", TOOLS,
            ])
            .args(["--version", version, name])
            .env("CARGO_TARGET_DIR", tool("build"))
            .env("CARGO_PROFILE_DEV_DEBUG", "0"),
        &format!("{name} could not be built: is there a network?"),
    )?;
    fs::write(&stamp, "").context("target could not be written: is the disk full?")?;
    // What it was built from is of no more use.
    let _ = fs::remove_dir_all(tool("build"));
    Ok(())
}

/// The public BagIt validator, in a Python environment of its own.
fn bagit(progress: &Progress) -> Result<()> {
    python_package(progress, "venv", "bagit", BAGIT)
}

/// The tus project's client for Python, beside it.
fn tuspy(progress: &Progress) -> Result<()> {
    let stamp = tool(&format!("tuspy-{TUSPY}"));
    // Where bagit was installed anew, the environment was too.
    if stamp.is_file() && tool("venv/bin/python").exists() && has_module("venv", "tusclient") {
        return Ok(());
    }
    progress.say(&format!("installing tuspy {TUSPY} from PyPI"));
    pip_install("venv", "tuspy", TUSPY)?;
    fs::write(&stamp, "").context("target could not be written: is the disk full?")
}

/// What others make of an XLSForm workbook, and what writes one, beside it.
fn pyxform(progress: &Progress) -> Result<()> {
    let stamp = tool(&format!("pyxform-{PYXFORM}"));
    let there = has_module("venv", "pyxform") && has_module("venv", "openpyxl");
    if stamp.is_file() && there {
        return Ok(());
    }
    progress.say(&format!("installing pyxform {PYXFORM} from PyPI"));
    pip_install("venv", "pyxform", PYXFORM)?;
    pip_install("venv", "openpyxl", OPENPYXL)?;
    fs::write(&stamp, "").context("target could not be written: is the disk full?")
}

/// The tus project's client for JavaScript, in a folder of its own.
fn tus_js_client(progress: &Progress) -> Result<()> {
    let folder = tool("tus-js");
    let stamp = tool(&format!("tus-js-client-{TUS_JS_CLIENT}"));
    if stamp.is_file() && folder.join("node_modules/tus-js-client").is_dir() {
        return Ok(());
    }
    progress.say(&format!(
        "installing tus-js-client {TUS_JS_CLIENT} from npm"
    ));
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(folder.join("package.json"), "{\"private\": true}\n"))
        .context("target could not be written: is the disk full?")?;
    quietly(
        Command::new("npm")
            .args(["install", "--no-save", "--no-audit", "--no-fund"])
            .arg(format!("tus-js-client@{TUS_JS_CLIENT}"))
            .current_dir(&folder),
        "npm-tus-js",
        "npm could not install tus-js-client: is there a network?",
    )?;
    fs::write(&stamp, "").context("target could not be written: is the disk full?")
}

/// A public reader of C2PA manifests, in another.
pub fn c2pa_reader(progress: &Progress) -> Result<()> {
    if is_there("dpkg-query") && !is_installed("python3-venv") {
        debian_packages(progress, &["python3-venv"])?;
    }
    python_package(progress, "c2pa", "c2pa-python", C2PA_PYTHON)
}

/// A package of PyPI in an environment of this name.
fn python_package(progress: &Progress, folder: &str, name: &str, version: &str) -> Result<()> {
    let stamp = tool(&format!("{name}-{version}"));
    if stamp.is_file() && tool(folder).join("bin/python").exists() {
        return Ok(());
    }
    progress.say(&format!("installing {name} {version} from PyPI"));
    let venv = tool(folder);
    let failed = "a Python environment could not be made: is python3-venv there?";
    quietly(
        Command::new("/usr/bin/python3")
            .args(["-m", "venv", "--clear"])
            .arg(&venv),
        folder,
        failed,
    )?;
    pip_install(folder, name, version)?;
    fs::write(&stamp, "").context("target could not be written: is the disk full?")
}

fn pip_install(folder: &str, name: &str, version: &str) -> Result<()> {
    quietly(
        Command::new(tool(folder).join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .arg(format!("{name}=={version}")),
        name,
        &format!("{name} could not be installed from PyPI: is there a network?"),
    )
}

fn has_module(folder: &str, module: &str) -> bool {
    output(
        Command::new(tool(folder).join("bin/python"))
            .arg("-c")
            .arg(format!("import {module}")),
    )
    .is_ok_and(|said| said.status.success())
}

/// A path in the folder of our own tools.
pub fn tool(path: &str) -> PathBuf {
    Path::new(TOOLS).join(path)
}

/// The search path with our own tools first, for tests that call `bagit.py` and `tauri-driver` by name.
pub fn path_with_tools() -> Result<std::ffi::OsString> {
    let here = std::env::current_dir()?;
    let own = ["target/tools/bin", "target/tools/venv/bin", "target/debug"]
        .map(|folder| here.join(folder));
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)))
        .context("the search path can't be extended")
}

/// Whether there is a screen to open a window on.
pub fn has_display() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Whether Node is new enough for what builds the screens.
pub fn check_node() -> Result<()> {
    let Ok(said) = process::output(Command::new("node").arg("--version")) else {
        bail!("Node is missing: install Node 20 or newer")
    };
    let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    let major = version
        .strip_prefix('v')
        .and_then(|text| text.split('.').next()?.parse::<u32>().ok());
    match major {
        Some(major) if major >= 20 => Ok(()),
        _ => bail!("Node 20 or newer is needed, and this is {version}"),
    }
}
