//! A site: one server's data folder and one enrolled tablet, prepared once and copied for each run.
//!
//! ```text
//! <dir>/site.json        address, officers
//! <dir>/server/          the server's data; its checkpoint copy and recovery key lie beside it
//! <dir>/tablet/          the vault
//! ```
//!
//! The tablet is enrolled at the site's address, so copies of one template can't run at the same time: each job prepares
//! its own. PINs cost next to nothing here; what is tested is not their strength.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use fieldseal_device::{EngineConfig, Patience};
use fieldseal_server::Config;
use fieldseal_server::admin::{self, Admin, NewDevice, NewPerson};
use fieldseal_sync::{Backoff, Settings};
use fieldseal_vault::KdfParams;
use serde::{Deserialize, Serialize};

use crate::serving::Serving;
use crate::tablet::Tablet;

const CODE_LIFETIME: Duration = Duration::from_secs(600);
/// What the worker alone reads.
pub const FILE: &str = "site.json";
/// Of every site's log.
pub const ORIGIN: &str = "faults.fieldseal.example/log";

/// An officer of the site.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Officer {
    /// Pseudonymous id.
    pub id: String,
    /// Invented.
    pub pin: String,
}

/// A prepared site.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Site {
    /// Where it lies.
    #[serde(skip)]
    pub dir: PathBuf,
    /// Where the tablet believes the server to be.
    pub address: SocketAddr,
    /// Lead first.
    pub officers: Vec<Officer>,
    /// How long the tablet waits for an answer, where a network is broken on purpose; its chunks are small then.
    #[serde(default)]
    pub patience_ms: Option<u64>,
    /// Tablet and server look at no free space before they write.
    #[serde(default)]
    pub no_reserve: bool,
}

/// A loopback address that is free now.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}

impl Site {
    /// Makes a server, a tablet and two officers in an empty folder. `enrolled_at` is what the tablet is told (a proxy in
    /// front of the server, for instance); the server itself when none.
    pub fn prepare(dir: &Path, enrolled_at: Option<SocketAddr>) -> anyhow::Result<Self> {
        let mut site = Self::bare(dir)?;
        let config = site.server_config();
        let serving = Serving::start(&site)?;
        let admin = Admin::open(&config).context("the server's register")?;
        let url = format!("http://{}", enrolled_at.unwrap_or(site.address));
        let tablet = Tablet::open(&site)?;
        let code = admin.device_code(&NewDevice::default(), CODE_LIFETIME)?;
        tablet.enrol_device(&admin.enrol_text(&url, &code))?;
        for (name, badge, pin) in [("甲", "F-0001", "246810"), ("乙", "F-0002", "135791")] {
            let id = admin.add_person(&NewPerson {
                name: name.to_owned(),
                badge: badge.to_owned(),
                team: None,
            })?;
            let code = admin.officer_code(&id, CODE_LIFETIME)?;
            tablet.enrol_officer(&code.code, pin)?;
            site.officers.push(Officer {
                id,
                pin: pin.to_owned(),
            });
        }
        tablet.on_duty(&site.officers)?;
        drop(tablet);
        serving.stop()?;
        site.save()?;
        Ok(site)
    }

    /// A server's data folder in an empty folder, and nobody enrolled.
    pub fn bare(dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let site = Self {
            dir: dir.to_owned(),
            address: free_address()?,
            officers: Vec::new(),
            patience_ms: None,
            no_reserve: false,
        };
        admin::init(
            &site.server_config(),
            &admin::Init {
                origin: Some(ORIGIN.to_owned()),
            },
        )
        .context("the server's data could not be set up")?;
        Ok(site)
    }

    /// Writes down what a copy needs to know.
    pub fn save(&self) -> anyhow::Result<()> {
        std::fs::write(self.dir.join(FILE), serde_json::to_vec(self)?).context("site.json")
    }

    /// A site that was prepared before.
    pub fn load(dir: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(dir.join(FILE)).context("there is no site in this folder")?;
        let mut site: Self = serde_json::from_slice(&bytes).context("site.json")?;
        site.dir = dir.to_owned();
        Ok(site)
    }

    /// A copy as it is now; nothing may be running on it.
    pub fn copy(&self, to: &Path) -> anyhow::Result<Self> {
        copy_folder(&self.dir, to)?;
        Self::load(to)
    }

    /// Removes it.
    pub fn remove(self) -> anyhow::Result<()> {
        std::fs::remove_dir_all(&self.dir).context("a run's folder could not be removed")
    }

    /// The tablet's vault.
    pub fn tablet(&self) -> PathBuf {
        self.dir.join("tablet")
    }

    /// The server's data.
    pub fn server(&self) -> PathBuf {
        self.dir.join("server")
    }

    /// How the tablet runs: cheap PINs, and hardly any waiting.
    pub fn engine_config(&self) -> EngineConfig {
        let soon = |first_ms, longest_ms| Backoff {
            first_ms,
            longest_ms,
        };
        let mut config = EngineConfig {
            kdf: Some(KdfParams::FOR_TESTS),
            sync: Settings {
                retry: soon(10, 200),
                await_log: soon(4, 50),
                reconnect: soon(10, 200),
                wedged_every_ms: 500,
                answer_within_ms: 20_000,
                ..Settings::default()
            },
            auto_lock_ms: None,
            ..EngineConfig::new(self.tablet())
        };
        if let Some(ms) = self.patience_ms {
            let within = Duration::from_millis(ms);
            config.patience = Patience {
                connect: within,
                answer: within,
                probe: within,
            };
            config.sync.chunk_bytes = 32 << 10;
        }
        config
    }

    /// How the server runs.
    pub fn server_config(&self) -> Config {
        let mut config = Config::new(self.server());
        if self.no_reserve {
            config.limits.reserve = 0;
        }
        config
    }
}

/// Files and folders; anything else has no business in a site.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
        } else {
            bail!("a site holds something that is neither file nor folder");
        }
    }
    Ok(())
}
