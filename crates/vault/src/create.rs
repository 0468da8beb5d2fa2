//! Making a vault.

use crate::chain::{Chain, HIGH_WATER, recover};
use crate::db::{Database, Schema, StoreError};
use crate::disk::{Disk, OsDisk, make_dir_durably};
use crate::folder::{Folder, OUTBOX_DB, VAULT_DB, names};
use crate::keys::{KdfParams, KeyError, Secret};
use crate::pending;
use crate::random::{Randomness, fresh};
use crate::set_aside::{AsideReason, set_aside};
use crate::slots::{KeySet, Opened, Slots, Wrapping};
use crate::store::officers::{self, OfficerRecord};
use crate::suite::Suite;
use crate::vault::{Open, Outbox, Vault, take_lock};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// What the vault takes from outside.
#[derive(Clone)]
pub struct VaultConfig {
    /// Cost of a PIN, for slots to be written; existing slots keep theirs.
    pub kdf: KdfParams,
    /// Cipher of captures to come; by the CPU when absent.
    pub suite: Option<Suite>,
    /// The machine's generator.
    pub random: Arc<dyn Randomness>,
    /// The machine's file system.
    pub disk: Arc<dyn Disk>,
    /// A secret that the platform's keystore gave out, where there is one: mixed into every slot, so that a copied
    /// folder can't be guessed at elsewhere. Once used it is always needed.
    pub platform_secret: Option<Secret>,
}

impl VaultConfig {
    /// Standard costs, the machine's disk, the cipher that suits the CPU.
    pub fn new(random: Arc<dyn Randomness>) -> Self {
        Self {
            kdf: KdfParams::STANDARD,
            suite: None,
            random,
            disk: Arc::new(OsDisk),
            platform_secret: None,
        }
    }

    /// Other costs of a PIN.
    pub fn with_kdf(mut self, kdf: KdfParams) -> Self {
        self.kdf = kdf;
        self
    }

    pub(crate) fn wrapping(&self) -> Wrapping<'_> {
        Wrapping {
            kdf: self.kdf,
            platform: self.platform_secret.as_ref(),
            random: &*self.random,
        }
    }
}

/// An officer to be added.
pub struct NewOfficer {
    /// Pseudonymous id: 1 to 64 of `a-z 0-9 -`.
    pub id: String,
    /// Badge number 执法证号; readable while locked.
    pub badge: String,
    /// Display name; in the encrypted database alone.
    pub name: String,
    /// Team 街道队.
    pub team: Option<String>,
    /// 4 to 128 bytes.
    pub pin: Zeroizing<String>,
    /// Seed of the officer's Ed25519 key on this tablet.
    pub seed: Secret,
}

/// All that a new vault begins with.
pub struct Birth {
    /// The first officer.
    pub officer: NewOfficer,
    /// Seed of the device's Ed25519 key.
    pub device_seed: Secret,
    /// The administrator's X25519 public key. Without it a forgotten last PIN locks the vault for good.
    pub recovery_key: Option<[u8; 32]>,
    /// Readable while locked: device id, origin, server. No names.
    pub plain: serde_json::Value,
}

/// Why a vault could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// There is one already: open it.
    #[error("there is a vault already")]
    Exists,
    /// Another program holds the folder.
    #[error("the vault is in use by another program")]
    InUse,
    /// The officer's id, badge, name or PIN is not acceptable.
    #[error("not acceptable: {0}")]
    Officer(&'static str),
    /// A key could not be made or wrapped.
    #[error("the vault's keys could not be made")]
    Keys(#[from] KeyError),
    /// A database could not be made.
    #[error("the vault's databases could not be made")]
    Store(#[from] StoreError),
    /// The folder could not be written.
    #[error("the vault could not be written")]
    Io(#[from] io::Error),
}

impl Vault {
    /// Makes a vault; it is unlocked by its first officer. Databases first, slots last: a crash before the slots leaves
    /// files that the next attempt sets aside, a crash after them leaves a vault that opens.
    pub fn create(dir: &Path, birth: Birth, config: VaultConfig) -> Result<Self, CreateError> {
        check_officer(&birth.officer).map_err(CreateError::Officer)?;
        let disk = &*config.disk;
        make_dir_durably(disk, dir)?;
        let lock = take_lock(dir)?.ok_or(CreateError::InUse)?;
        if Self::exists(dir) {
            return Err(CreateError::Exists);
        }
        let folder = Folder::new(dir);
        clear_unfinished(disk, &folder)?;
        let random = &*config.random;
        let vault = *fresh::<16>(random)?;
        let root: Secret = fresh(random)?;
        let keys = KeySet {
            private: fresh(random)?,
            vault_db: fresh(random)?,
            outbox_db: fresh(random)?,
            device_seed: birth.device_seed,
        };
        let mut slots = Slots::new(vault, &root, &keys, birth.recovery_key, birth.plain, random)?;
        let officer = birth.officer;
        let opened = Opened {
            root,
            seed: officer.seed.clone(),
            next: None,
        };
        slots.put(
            &officer.id,
            &officer.badge,
            &officer.pin,
            &opened,
            config.wrapping(),
        )?;
        let (head, _) = recover(disk, &folder, vault)?;
        let mut database = Database::open(&folder.path(VAULT_DB), &keys.vault_db, &Schema::VAULT)?;
        let outbox = Database::open(&folder.path(OUTBOX_DB), &keys.outbox_db, &Schema::OUTBOX)?;
        database.write(|tx| officers::put(tx, &officer.record()))?;
        disk.sync_dir(dir)?;
        slots.save(disk, dir)?;
        pending::remove(disk, dir)?;
        Ok(Self {
            suite: config.suite.unwrap_or_else(Suite::by_cpu),
            capture_key: Mutex::new(slots.capture_key()),
            slots: Mutex::new(Some(slots)),
            open: Mutex::new(Some(Open {
                database,
                root: opened.root,
                private: keys.private,
                officer: officer.id,
                rebuilt: false,
            })),
            outbox: Mutex::new(Some(Outbox {
                database: outbox,
                device_seed: keys.device_seed,
            })),
            registers: Mutex::new(None),
            chain: Mutex::new(Chain {
                head,
                broken: false,
                guessed: false,
            }),
            cut_off: Mutex::default(),
            folder,
            config,
            drafts_at_lock: Mutex::new(None),
            _lock: lock,
        })
    }
}

impl NewOfficer {
    pub(crate) fn record(&self) -> OfficerRecord {
        OfficerRecord {
            id: self.id.clone(),
            badge: self.badge.clone(),
            name: self.name.clone(),
            team: self.team.clone(),
            vkey: None,
            entry: None,
        }
    }
}

pub(crate) fn check_officer(officer: &NewOfficer) -> Result<(), &'static str> {
    if !fieldseal_packet::KeyName::id_is_valid(&officer.id) {
        return Err("officer id");
    }
    if officer.badge.len() > 64 || officer.name.len() > 256 {
        return Err("badge or name");
    }
    check_pin(&officer.pin)
}

pub(crate) fn check_pin(pin: &str) -> Result<(), &'static str> {
    if (4..=128).contains(&pin.len()) {
        Ok(())
    } else {
        Err("PIN")
    }
}

/// Sets aside what an interrupted making left.
fn clear_unfinished(disk: &dyn Disk, folder: &Folder) -> io::Result<()> {
    let root = folder.root();
    for name in names(root)? {
        if [VAULT_DB, OUTBOX_DB, HIGH_WATER]
            .iter()
            .any(|database| name.starts_with(database))
        {
            set_aside(disk, root, root, &name, AsideReason::Unfinished)?;
        }
    }
    for dir in [folder.inbox(), folder.originals()]
        .into_iter()
        .filter(|dir| dir.exists())
    {
        for name in names(&dir)? {
            set_aside(disk, root, &dir, &name, AsideReason::Unfinished)?;
        }
    }
    Ok(())
}
