//! Other people's programs that ours are compared with. None is shipped: what is missing on the search path is said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use super::measure::{cpu_of, find, memory_kib};
use super::site::{free_port, wait_for_port};

/// A server that takes files.
pub struct Peer {
    child: Child,
    pub address: String,
    pub name: &'static str,
}

impl Peer {
    fn start(name: &'static str, command: &mut Command, address: String) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        let peer = Self {
            child,
            address,
            name,
        };
        wait_for_port(&peer.address).with_context(|| format!("{name} does not answer"))?;
        Ok(peer)
    }

    /// CPU seconds so far.
    pub fn cpu(&self) -> anyhow::Result<f64> {
        cpu_of(self.child.id())
    }

    /// Largest resident set so far, KiB.
    pub fn peak_kib(&self) -> anyhow::Result<u64> {
        memory_kib(self.child.id(), "VmHWM")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// nginx with its DAV module: one process, no master, PUT into a folder. It neither hashes nor syncs.
pub fn nginx(dir: &Path) -> anyhow::Result<Option<Peer>> {
    let Some(program) = find("nginx").or_else(|| {
        let usual = PathBuf::from("/usr/sbin/nginx");
        usual.is_file().then_some(usual)
    }) else {
        return Ok(None);
    };
    let dir = dir.join("nginx");
    fs::create_dir_all(dir.join("files"))?;
    fs::create_dir_all(dir.join("body"))?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let path = dir.display();
    // As root it would serve as another user, who can't write here.
    let user = if std::os::unix::fs::MetadataExt::uid(&fs::metadata(&dir)?) == 0 {
        "user root;"
    } else {
        ""
    };
    let settings = format!(
        "{user} daemon off; master_process off; pid {path}/pid; error_log {path}/error.log crit;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {path}/body; proxy_temp_path {path}/p; fastcgi_temp_path {path}/f;
  uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;
  client_max_body_size 0;
  server {{ listen {address}; root {path}/files; location / {{ dav_methods PUT; }} }}
}}
"
    );
    fs::write(dir.join("nginx.conf"), settings)?;
    let mut command = Command::new(program);
    command
        .arg("-p")
        .arg(&dir)
        .arg("-c")
        .arg(dir.join("nginx.conf"));
    Ok(Some(Peer::start("nginx", &mut command, address)?))
}

/// rustus: tus in Rust, files on disk, information beside them. As it comes it neither hashes nor syncs; `synced` makes it sync what it
/// writes.
pub fn rustus(dir: &Path, synced: bool) -> anyhow::Result<Option<Peer>> {
    let Some(program) = find("rustus") else {
        return Ok(None);
    };
    let dir = dir.join(if synced { "rustus-synced" } else { "rustus" });
    fs::create_dir_all(&dir)?;
    let port = free_port()?;
    let mut command = Command::new(program);
    command
        .current_dir(&dir)
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .args(["--data-dir", "data", "--info-dir", "info"])
        .args(["--max-body-size", "10000000", "--log-level", "ERROR"]);
    if synced {
        command.args(["--force-fsync", "true"]);
    }
    Ok(Some(Peer::start(
        "rustus",
        &mut command,
        format!("127.0.0.1:{port}"),
    )?))
}

const TUS_NODE: &str = "
const {Server} = require('@tus/server');
const {FileStore} = require('@tus/file-store');
new Server({path: '/files', datastore: new FileStore({directory: process.argv[2]})})
  .listen({host: '127.0.0.1', port: Number(process.argv[1])});
";

/// @tus/server on Node.
pub fn tus_node(dir: &Path) -> anyhow::Result<Option<Peer>> {
    let (Some(node), Some(modules)) = (find("node"), node_modules("@tus/server")) else {
        return Ok(None);
    };
    let dir = dir.join("tus-node");
    fs::create_dir_all(&dir)?;
    let port = free_port()?;
    let mut command = Command::new(node);
    command
        .args(["-e", TUS_NODE, &port.to_string()])
        .arg(&dir)
        .env("NODE_PATH", modules);
    Ok(Some(Peer::start(
        "@tus/server",
        &mut command,
        format!("127.0.0.1:{port}"),
    )?))
}

/// The folder of npm packages that has this one: beside a `bin` folder of the search path, or where `NODE_PATH` says.
pub fn node_modules(package: &str) -> Option<PathBuf> {
    let beside = |folder: PathBuf| Some(folder.parent()?.join("node_modules"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::var_os("NODE_PATH").unwrap_or_default();
    let named: Vec<PathBuf> = std::env::split_paths(&named).collect();
    named
        .into_iter()
        .chain(std::env::split_paths(&path).filter_map(beside))
        .find(|folder| folder.join(package).is_dir())
}
