//! Fieldseal on this machine: the server on its embedded default, this tablet enrolled with it, and its window. What is
//! made stays in the user's data folder, so that a second start finds everything as it was left.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::accounts;
use crate::build::{self, Programs};
use crate::process::is_there;
use crate::progress::Progress;
use crate::setup::{self, Need};

const DEFAULT_PORT: u16 = 8420;
const SERVER_PATIENCE_TENTHS: u32 = 300;
const PORT_PATIENCE_TENTHS: u32 = 60;

/// What `./x run` was asked.
pub struct Options {
    pub port: u16,
    /// Holds everything that is made here: the server's data, the tablet's, the accounts' first passwords. None means a
    /// folder `fieldseal` in the user's data folder.
    pub data: Option<PathBuf>,
}

impl Options {
    pub fn parse(arguments: &[String]) -> Result<Options> {
        let mut options = Options {
            port: DEFAULT_PORT,
            data: None,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || {
                rest.next()
                    .with_context(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--port" => {
                    options.port = value()?
                        .parse()
                        .context("--port takes a number below 65536")?
                }
                "--data" => options.data = Some(PathBuf::from(value()?)),
                other => bail!("./x run does not know '{other}'"),
            }
        }
        Ok(options)
    }
}

pub fn run(progress: &Progress, options: &Options) -> Result<ExitCode> {
    setup::check_node()?;
    if !setup::has_display() {
        return demo(progress);
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    if !is_free(address) {
        bail!(
            "port {0} is taken by another program: stop it, or choose another with ./x run --port N",
            options.port
        );
    }
    setup::install(progress, Need::Window)?;
    build::screens(progress)?;
    build::programs(progress, Programs::WithWindow)?;

    let home = Home::at(match &options.data {
        Some(folder) => folder.clone(),
        None => data_home()?.join("fieldseal"),
    })?;
    let url = format!("http://{address}");
    let reviewer = accounts::reviewer(progress, &home)?;
    progress.say("starting the server");
    let mut server = Running(start_server(&home, address)?);
    wait_until_ready(&mut server, address, &home)?;
    let enrolment = accounts::enrolment(&home, &url)?;
    accounts::introduce(&url, &home, &reviewer, enrolment.as_ref());

    progress.say("opening the window; closing it, or Ctrl-C, ends the server too");
    let status = child_of_ours(build::WINDOW)
        .envs(enrolment.map(|enrolment| ("FIELDSEAL_ENROL", enrolment.device)))
        .env("XDG_DATA_HOME", home.tablet())
        .stdin(Stdio::null())
        .status()
        .context("the window could not be started")?;
    drop(server);
    progress.say("stopped");
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Where everything lies that running from source makes.
pub struct Home(PathBuf);

impl Home {
    fn at(folder: PathBuf) -> Result<Home> {
        fs::create_dir_all(&folder)
            .with_context(|| format!("{} can't be written", folder.display()))?;
        let folder = folder.canonicalize()?;
        Ok(Home(folder))
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The server's data folder.
    pub fn server(&self) -> PathBuf {
        self.0.join("server")
    }

    fn server_log(&self) -> PathBuf {
        self.0.join("server.log")
    }

    /// The window's `XDG_DATA_HOME`.
    pub fn tablet(&self) -> PathBuf {
        self.0.join("tablet")
    }

    /// The reviewer's first password, for its owner's eyes only.
    pub fn password(&self) -> PathBuf {
        self.0.join("reviewer-password")
    }

    /// The vault has officers, so this tablet needs no code any more.
    pub fn has_officers(&self) -> bool {
        self.tablet()
            .join("cn.fieldseal.tablet/vault/slots.json")
            .is_file()
    }
}

/// A server that was told to stop a moment ago may still be finishing.
fn is_free(address: SocketAddr) -> bool {
    (0..PORT_PATIENCE_TENTHS).any(|_| {
        let free = TcpListener::bind(address).is_ok();
        if !free {
            thread::sleep(Duration::from_millis(100));
        }
        free
    })
}

/// Without a screen there is no window to open: the same job, told in words.
fn demo(progress: &Progress) -> Result<ExitCode> {
    progress.say(
        "there is no display here, so no window: running the main job without one (fieldseal demo)",
    );
    setup::install(progress, Need::Demo)?;
    build::screens(progress)?;
    build::programs(progress, Programs::WithoutWindow)?;
    let folder = Path::new("out/demo");
    if folder.exists() {
        fs::remove_dir_all(folder).context("out/demo of the last time could not be removed")?;
    }
    let status = Command::new(build::PROGRAM)
        .args(["demo", "--dir"])
        .arg(folder)
        .status()
        .context("fieldseal could not be started")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn data_home() -> Result<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("XDG_DATA_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".local/share")))
        .context("neither XDG_DATA_HOME nor HOME is set: say where with --data DIR")
}

/// A program that ends when this one does, however that comes about (util-linux's setpriv).
fn child_of_ours(program: &str) -> Command {
    if !is_there("setpriv") {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", program]);
    command
}

fn start_server(home: &Home, address: SocketAddr) -> Result<Child> {
    let log = fs::File::create(home.server_log()).context("the server's log can't be written")?;
    child_of_ours(build::PROGRAM)
        .args([
            "serve",
            "--dev-tsa",
            "--listen",
            &address.to_string(),
            "--data",
        ])
        .arg(home.server())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("the server could not be started")
}

/// A program that is asked to end when this goes out of scope, and waited for.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // TERM, so that it ends its work in order; only a shell's `kill` sends that without unsafe code.
        let asked = Command::new("kill").arg(self.0.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
}

fn wait_until_ready(server: &mut Running, address: SocketAddr, home: &Home) -> Result<()> {
    let log = home.server_log();
    for _ in 0..SERVER_PATIENCE_TENTHS {
        if is_ready(address) {
            return Ok(());
        }
        if let Some(status) = server.0.try_wait()? {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let last = said.lines().last().unwrap_or("it said nothing");
            bail!("the server ended at once ({status}): {last}");
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("the server did not get ready: see {}", log.display())
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(300))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(
            stream,
            "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(answer.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options> {
        Options::parse(
            &arguments
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn options() {
        let options = parse(&["--port", "9000", "--data", "d"]).unwrap();
        assert_eq!(
            (options.port, options.data),
            (9000, Some(PathBuf::from("d")))
        );
        assert_eq!(parse(&[]).unwrap().port, DEFAULT_PORT);
        for wrong in [&["--port"][..], &["--port", "70000"], &["--what"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
