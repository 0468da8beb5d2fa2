//! What every part of the engine shares: the vault, the clock, the forms, the outbox, and the few facts that live in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use fieldseal_packet::challenge::Challenge;
use fieldseal_packet::context::Fix;
use fieldseal_packet::custody::Meta;
use fieldseal_packet::{PacketId, Timestamp};
use fieldseal_tlog::note::{Algorithm, Signer};
use fieldseal_vault::{KdfParams, Moment, Vault, VaultConfig};
use rusqlite::Connection;

use crate::api::StateView;
use crate::forms::{Forms, KnownForm};
use crate::hardware;
use crate::identity::{self, Identity};
use crate::line::Line;
use crate::platform::Platform;
use crate::prefs::{Contact, Prefs};
use crate::problem::{Code, Problem};

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Where the vault is or will be.
    pub dir: PathBuf,
    /// Cost of a PIN; the vault's own default when none. Tests lower it.
    pub kdf: Option<KdfParams>,
    /// Patience of the outbox.
    pub sync: fieldseal_sync::Settings,
    /// Patience with the network.
    pub patience: crate::http::Patience,
    /// What makes previews.
    pub decoder: fieldseal_picture::Decoder,
    /// Largest photo, bytes.
    pub max_photo_bytes: u64,
    /// With less room than this, originals that are safe go before their time, bytes.
    pub room_bytes: u64,
    /// Locks after so many milliseconds without use, unless the officer chose another time; never when none.
    pub auto_lock_ms: Option<u64>,
    /// Milliseconds before the first heartbeat of a run, and between two; what the server asks for when none.
    pub heartbeat_ms: Option<u64>,
    /// The private folder in which the platform's camera hands photos over as files; none where it hands over bytes.
    pub handover: Option<PathBuf>,
    /// Folders of what the app keeps beside the vault for it; they go when the tablet is emptied.
    pub beside: Vec<PathBuf>,
    /// Kind of the device's key; what the deployment asks for when none.
    pub device_key: Option<Algorithm>,
}

impl EngineConfig {
    /// Defaults of a tablet.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            kdf: None,
            sync: fieldseal_sync::Settings::default(),
            patience: crate::http::Patience::default(),
            decoder: fieldseal_picture::Decoder::of_this_program(),
            // What a server takes in one packet unless told otherwise, less room for the packet's other files.
            max_photo_bytes: (8 << 30) - (64 << 20),
            room_bytes: crate::check::STORAGE_LOW,
            auto_lock_ms: Some(crate::idle::DEFAULT_MIN as u64 * 60_000),
            heartbeat_ms: None,
            handover: None,
            beside: Vec::new(),
            device_key: None,
        }
    }
}

/// The vault, if there is one that opens.
pub(crate) enum Store {
    /// Not enrolled, or enrolled without an officer.
    None,
    /// There, locked or not.
    There(Arc<Vault>),
    /// Set aside or unreadable; the files are as they were.
    Damaged,
}

/// Where the tablet is, as the screen's geolocation said last.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    pub fix: Fix,
    pub heading_deg: Option<f64>,
    /// Boot clock when it came.
    pub at_boot_ms: u64,
}

/// What lives in memory alone.
#[derive(Default)]
pub(crate) struct Live {
    pub position: Option<Position>,
    pub no_fix_reason: Option<String>,
    /// Taps on the shutter whose photos are still on their way here.
    pub marks: crate::shutter::Marks,
    /// Photos found complete after a stop, until the officer has read it.
    pub recovered_photos: Option<u32>,
    /// Captures of this run, so that others found in the inbox are known to be recovered.
    pub captured: BTreeSet<u64>,
    /// Draft of the captures made while locked.
    pub locked_draft: Option<PacketId>,
    /// Drafts open at the last lock: captures may go on into them.
    pub open_at_lock: BTreeSet<PacketId>,
    /// Photos of a draft, where known without the vault.
    pub counts: BTreeMap<PacketId, u32>,
    /// Decisions or supplements may have changed since the tasks were counted.
    pub tasks_counted: bool,
    /// An enrolment whose answer is not here yet.
    pub asked: Option<crate::enrol_asked::Asked>,
    /// Boot clock of the last use.
    pub used_at_ms: u64,
    /// Since when this tablet is retired, by the authority's signed word.
    pub retired_at: Option<Timestamp>,
    /// The connection over which uploads go whatever the rules say.
    pub anyway: Option<crate::platform::Connection>,
    /// What the administrator ordered last: looked up once a run.
    pub order: Option<crate::orders::Known>,
    /// The challenge word that screens show; none inside: there is no token. None: not looked up since the last one came.
    pub challenge: Option<Option<Challenge>>,
}

pub(crate) struct Core {
    pub config: EngineConfig,
    pub platform: Arc<dyn Platform>,
    pub forms: RwLock<Forms>,
    pub store: RwLock<Store>,
    pub live: Mutex<Live>,
    pub prefs: Mutex<Prefs>,
    /// One change of drafts at a time: a close must see every capture that came before it.
    pub desk: Mutex<()>,
    /// One rotation of this tablet's key at a time.
    pub rotating: Mutex<()>,
    /// Captures of this run may wait in the inbox.
    pub waiting: AtomicBool,
    /// Held while they are taken in: whoever finds none waiting has them all.
    pub settling: Mutex<()>,
    /// Boot clock of the last capture.
    pub shutter_ms: AtomicU64,
    /// Video and voice notes under way.
    pub recordings: crate::recording::Open,
    pub line: Line,
    /// The offline map.
    pub map: Mutex<crate::registers::MapState>,
    pub previews: Arc<crate::preview::Bell>,
    pub web: crate::http::Web,
    pub runtime: tokio::runtime::Handle,
}

/// A poisoned lock guards plain data that each holder leaves whole; the panic itself is reported where it happened.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Both copies of the slots are gone: no PIN and no recovery key opens this vault, and nothing may be set up over it.
pub(crate) fn nobody_can_open(vault: &Vault) -> bool {
    vault.is_locked() && vault.officers().is_empty()
}

impl Core {
    /// The vault, locked or not.
    pub fn vault(&self) -> Result<Arc<Vault>, Problem> {
        match &*self.store.read().unwrap_or_else(PoisonError::into_inner) {
            Store::There(vault) => Ok(vault.clone()),
            Store::Damaged => Err(Code::VaultDamaged.into()),
            Store::None => Err(Code::NotEnrolled.into()),
        }
    }

    /// The vault, unlocked.
    pub fn open_vault(&self) -> Result<Arc<Vault>, Problem> {
        let vault = self.vault()?;
        if vault.is_locked() {
            Err(Code::Locked.into())
        } else {
            Ok(vault)
        }
    }

    /// Reads of the unlocked vault.
    pub fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.open_vault()?.read(read)
    }

    /// One transaction in the unlocked vault: all of it or nothing.
    pub fn write<T>(
        &self,
        write: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.open_vault()?.write(write)
    }

    /// How a vault is opened or made here.
    pub fn vault_config(&self) -> VaultConfig {
        let platform = self.platform.clone();
        let config = VaultConfig::new(Arc::new(move |bytes: &mut [u8]| platform.random(bytes)));
        match self.config.kdf {
            Some(kdf) => config.with_kdf(kdf),
            None => config,
        }
    }

    /// Now, for the PIN's back-off.
    pub fn moment(&self) -> Moment {
        let boot = self.platform.boot();
        Moment {
            at: self.platform.now(),
            boot_id: boot.id,
            boot_ms: boot.ms,
        }
    }

    /// Now and by whom, for a custody line.
    pub fn meta(&self) -> Meta {
        let boot = self.platform.boot();
        Meta {
            at: self.platform.now(),
            boot_id: Some(boot.id),
            boot_ms: Some(boot.ms),
            actor: self.actor(),
        }
    }

    /// Key name of the officer who unlocked.
    pub fn actor(&self) -> Option<String> {
        let officer = self.vault().ok()?.unlocked_by()?;
        let origin = self.identity().ok()?.origin;
        Some(fieldseal_packet::KeyName::officer(&origin, &officer))
    }

    /// Who this tablet is: from the encrypted outbox, or before the first unlock from the readable copy.
    pub fn identity(&self) -> Result<Identity, Problem> {
        let vault = self.vault()?;
        if vault.outbox_is_open()
            && let Some(bytes) = vault.outbox_read(|c| {
                Ok::<_, Problem>(fieldseal_vault::outbox::fact(c, identity::FACT)?)
            })?
        {
            return serde_json::from_slice(&bytes)
                .map_err(|error| Problem::because(Code::VaultDamaged, error));
        }
        serde_json::from_value(vault.plain())
            .map_err(|error| Problem::because(Code::VaultDamaged, error))
    }

    /// The device's signer; there since the first unlock.
    pub fn device_signer(&self) -> Result<Box<dyn Signer>, Problem> {
        let seed = self.vault()?.device_seed().ok_or(Code::Locked)?;
        hardware::device_signer_like(&self.platform, &self.identity()?.vkey, &seed)
    }

    /// The form of a kind.
    pub fn form(&self, kind: &str) -> Result<Arc<KnownForm>, Problem> {
        let found = self
            .kinds()
            .into_iter()
            .find(|known| known.form.kind == kind);
        found.ok_or_else(|| {
            Problem::from(Code::UnknownKind).with("kind", kind.chars().take(64).collect::<String>())
        })
    }

    /// A new packet id.
    pub fn new_packet_id(&self) -> Result<PacketId, Problem> {
        let mut random = [0; 10];
        self.platform
            .random(&mut random)
            .map_err(|error| Problem::because(Code::Internal, error))?;
        Ok(PacketId::from_parts(self.platform.now(), &random))
    }

    /// Remembers the server's clock.
    pub fn saw_server(&self, server_time: Timestamp) {
        let now = self.platform.now();
        let contact = Contact {
            seen_at: now,
            offset_ms: now.as_millis() - server_time.as_millis(),
        };
        let mut prefs = lock(&self.prefs);
        prefs.catch_up(&self.config.dir);
        // Stored when it says something new; in memory always.
        let news = prefs.contact.is_none_or(|last| {
            (last.offset_ms - contact.offset_ms).abs() > 2000
                || (now.as_millis() - last.seen_at.as_millis()).abs() > 600_000
        });
        prefs.contact = Some(contact);
        if news && let Err(error) = prefs.store(&self.config.dir) {
            tracing::warn!(%error, "the screen's file could not be written");
        }
    }

    /// Changes and stores the screen's file.
    pub fn change_prefs(&self, change: impl FnOnce(&mut Prefs)) -> Result<(), Problem> {
        let mut prefs = lock(&self.prefs);
        prefs.catch_up(&self.config.dir);
        let mut changed = prefs.clone();
        change(&mut changed);
        if changed != *prefs {
            changed
                .store(&self.config.dir)
                .map_err(|error| Problem::because(Code::StorageFailed, error))?;
            *prefs = changed;
        }
        Ok(())
    }

    /// For answers that are the state.
    pub fn state(&self) -> Result<StateView, Problem> {
        crate::state::view(self)
    }
}
