//! What an operator can set. Every limit has a number here, so that nothing in the server is unbounded.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::access::reader::EntryReader;
use crate::ambient::Ambient;
use crate::export::sidecars::SidecarMaker;
use crate::stamping::Stamping;
use crate::witnesses::Witnessing;

pub use fieldseal_report::{Fonts, Language as ReportLanguage};

/// Where the server keeps its data and how far it goes. [`Config::new`] gives values that fit one machine.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data folder `D`.
    pub data: PathBuf,
    /// Where the newest signed checkpoint is kept as well, outside `data`: what a restored backup is compared with at start.
    pub checkpoint_copy: PathBuf,
    /// Where `init` writes the private recovery key, for the administrator to take off the machine.
    pub recovery_out: PathBuf,
    /// The built console; none: look in `FIELDSEAL_CONSOLE_DIR`, beside the executable and in the working directory.
    pub console_dir: Option<PathBuf>,
    /// A proxy in front does TLS: allows an address that others can reach, and marks cookies `Secure`.
    pub behind_proxy: bool,
    /// How long tablets keep the originals of what is safe; none: by each tablet's own setting.
    pub retention: Option<fieldseal_wire::device::Retention>,
    /// Days that officers have to answer a return: their supplements go first when that is near. None: no rule.
    pub return_days: Option<u32>,
    /// Hours after sealing within which a packet should be here, for kinds whose form names none: tablets send what is due
    /// first. None: no rule.
    pub upload_within_hours: Option<u32>,
    /// Timestamp authorities.
    pub stamping: Stamping,
    /// Witnesses of the log.
    pub witnessing: Witnessing,
    /// Who may read the log's leaves, beside auditors at the console.
    pub entry_readers: Vec<EntryReader>,
    /// Which algorithms new keys use. Keys that are there stay as they are.
    pub suite: fieldseal_wire::device::Suite,
    /// The language of exports' reports, unless an export asks for another; none: no reports.
    pub report: Option<ReportLanguage>,
    /// What they are set in.
    pub report_fonts: Fonts,
    /// What makes C2PA sidecars of exported photos; none: there are none.
    pub sidecars: Option<Arc<dyn SidecarMaker>>,
    /// Age at which tablets are asked for a new key; none: only when an administrator asks.
    pub rotate_keys_after: Option<Duration>,
    /// The limits.
    pub limits: Limits,
    /// What makes previews.
    pub decoder: fieldseal_picture::Decoder,
    /// Clock and randomness.
    pub ambient: Ambient,
}

/// Upper bounds, and how long things live.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest packet zip, in bytes.
    pub packet_size: u64,
    /// Bytes that uploads leave free on the disk, so that database and log can always be written.
    pub reserve: u64,
    /// Largest JSON body, in bytes.
    pub json_size: usize,
    /// Requests of one address a second, with ten seconds' worth at once; 0 sets no limit.
    pub requests_per_second: u32,
    /// How long an upload may lie unfinished after its last byte.
    pub upload_lifetime: Duration,
    /// Unfinished uploads of one device.
    pub uploads_per_device: u32,
    /// How long a device token is good for.
    pub token_lifetime: Duration,
    /// How long a challenge is good for.
    pub challenge_lifetime: Duration,
    /// How long a console session is good for without use.
    pub session_lifetime: Duration,
    /// How long one request for a file of an upload may be silent.
    pub idle: Duration,
    /// How often a tablet is asked to send a heartbeat.
    pub heartbeat_every: Duration,
    /// A device's heartbeats become leaves at most once in this time, unless one contradicts.
    pub heartbeat_leaf_every: Duration,
    /// A tablet that was not here for so long shows as silent.
    pub silent_after: Duration,
    /// How often the sequencer looks for leaves that another process left for it.
    pub sequencer_tick: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            packet_size: 8 << 30,
            reserve: 128 << 20,
            json_size: 256 << 10,
            requests_per_second: 500,
            upload_lifetime: Duration::from_secs(7 * 24 * 3600),
            uploads_per_device: 200,
            token_lifetime: Duration::from_secs(15 * 60),
            challenge_lifetime: Duration::from_secs(60),
            session_lifetime: Duration::from_secs(8 * 3600),
            idle: Duration::from_secs(60),
            heartbeat_every: Duration::from_secs(15 * 60),
            heartbeat_leaf_every: Duration::from_secs(10 * 60),
            silent_after: Duration::from_secs(72 * 3600),
            sequencer_tick: Duration::from_secs(1),
        }
    }
}

impl Config {
    /// The defaults for a data folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        let data = data.into();
        Self {
            checkpoint_copy: beside(&data, "checkpoint"),
            recovery_out: beside(&data, "recovery.key"),
            data,
            console_dir: None,
            behind_proxy: false,
            retention: None,
            return_days: None,
            upload_within_hours: None,
            suite: fieldseal_wire::device::Suite::default(),
            stamping: Stamping::default(),
            witnessing: Witnessing::default(),
            entry_readers: Vec::new(),
            report: Some(ReportLanguage::Zh),
            report_fonts: Fonts::bundled(),
            sidecars: None,
            rotate_keys_after: None,
            limits: Limits::default(),
            decoder: fieldseal_picture::Decoder::of_this_program().within(
                fieldseal_picture::Limits {
                    // Two that somebody looks at, and one beforehand.
                    at_once: 3,
                    ..fieldseal_picture::Limits::default()
                },
            ),
            ambient: Ambient::default(),
        }
    }

    /// Where the parts of the data folder are.
    pub fn layout(&self) -> Layout {
        Layout {
            root: self.data.clone(),
        }
    }
}

/// `<D>/../<D name>.<extension>`.
fn beside(data: &Path, extension: &str) -> PathBuf {
    let absolute = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    let mut name = absolute
        .file_name()
        .map_or_else(|| "fieldseal".into(), std::ffi::OsStr::to_owned);
    name.push(".");
    name.push(extension);
    absolute.with_file_name(name)
}

/// The parts of a data folder.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The database.
    pub fn database(&self) -> PathBuf {
        self.root.join("server.db")
    }
    /// Packet zips by digest.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }
    /// Unfinished uploads.
    pub fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }
    /// What was not admitted, by digest.
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }
    /// Re-encoded pictures: may be deleted at any time.
    pub fn previews(&self) -> PathBuf {
        self.root.join("previews")
    }
    /// The published log.
    pub fn log(&self) -> PathBuf {
        self.root.join("log")
    }
    /// The private keys.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }
    /// The trust file.
    pub fn trust(&self) -> PathBuf {
        self.root.join("trust")
    }
    /// Makers' roots for keys in hardware: a part of the trust file.
    pub fn attestation_roots(&self) -> PathBuf {
        self.keys().join("attestation-roots.pem")
    }
    /// The timestamp authorities' roots: a part of the trust file.
    pub fn tsa_roots(&self) -> PathBuf {
        self.root.join("tsa-roots.pem")
    }
    /// The witnesses and how many are asked for: a part of the trust file.
    pub fn witness_policy(&self) -> PathBuf {
        self.root.join("witness-policy")
    }
    /// Offline maps by digest.
    pub fn maps(&self) -> PathBuf {
        self.root.join("maps")
    }
    /// Held by the one process that serves this folder.
    pub fn lock(&self) -> PathBuf {
        self.root.join("serving.lock")
    }
    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkpoint_copy_is_outside_the_data_folder() {
        let config = Config::new("/srv/fieldseal/data");
        assert_eq!(
            config.checkpoint_copy,
            Path::new("/srv/fieldseal/data.checkpoint")
        );
        assert!(!config.checkpoint_copy.starts_with(&config.data));
    }
}
