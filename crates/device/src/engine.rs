//! The engine's face: opens, takes requests, stops.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use fieldseal_vault::previews::Preview;
use fieldseal_vault::{OpenError, Original, Vault};
use serde::Serialize;

use crate::api::{
    CaptureArgs, CaptureView, PieceArgs, ProblemView, RecordingView, Request, ScanView,
};
use crate::core::{Core, EngineConfig, Live, Store, lock};
use crate::forms::Forms;
use crate::line::Line;
use crate::platform::Platform;
use crate::prefs::Prefs;
use crate::preview::{self, Bell};
use crate::problem::{Code, Problem};
use crate::session::packet_id;
use crate::store_problem::storage;
use crate::zip::PacketZip;
use crate::{driver, http};

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenEngineError {
    /// The folder can't be made or read.
    #[error("the tablet's folder can't be used")]
    Folder(#[source] io::Error),
    /// Another program has the vault open.
    #[error("the vault is in use by another program")]
    InUse,
    /// No threads or no HTTP client.
    #[error("the engine's threads could not be started")]
    Threads(#[source] io::Error),
    /// No HTTP client.
    #[error("the HTTP client could not be made")]
    Http(#[source] Problem),
}

/// For a host that shows it instead of the screens.
impl From<OpenEngineError> for ProblemView {
    fn from(error: OpenEngineError) -> Self {
        let code = match &error {
            OpenEngineError::InUse => Code::VaultInUse,
            OpenEngineError::Folder(error) | OpenEngineError::Threads(error) => storage(error),
            // Only what it reads can keep it from being made: the system's certificates.
            OpenEngineError::Http(_) => Code::StorageFailed,
        };
        Problem::because(code, error).into()
    }
}

/// Which picture of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKind {
    /// At most 320 px a side.
    Thumb,
    /// At most 1600 px a side.
    Preview,
}

/// The tablet, without a window. Shared freely between threads; every call blocks until it is answered.
pub struct Engine {
    pub(crate) core: Arc<Core>,
    runtime: Option<tokio::runtime::Runtime>,
    previews: Option<JoinHandle<()>>,
}

impl Engine {
    /// Opens what is in the folder: nothing yet, a tablet that waits for its first officer, or a vault (locked). A vault
    /// that can't be read is left as it is and shows as the state's problem; the screens still come up.
    pub fn open(
        mut config: EngineConfig,
        platform: Arc<dyn Platform>,
    ) -> Result<Self, OpenEngineError> {
        config.decoder = config.decoder.for_another_owner();
        std::fs::create_dir_all(&config.dir).map_err(OpenEngineError::Folder)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("fieldseal-sync")
            .enable_all()
            .build()
            .map_err(OpenEngineError::Threads)?;
        let prefs = Prefs::load(&config.dir);
        let line = Line::new(config.sync);
        lock(&line.outbox).hold(prefs.hold);
        let core = Arc::new(Core {
            forms: RwLock::new(Forms::built_in()),
            store: RwLock::new(Store::None),
            live: Mutex::new(Live {
                used_at_ms: platform.boot().ms,
                ..Live::default()
            }),
            prefs: Mutex::new(prefs),
            desk: Mutex::new(()),
            rotating: Mutex::new(()),
            waiting: AtomicBool::new(false),
            settling: Mutex::new(()),
            shutter_ms: AtomicU64::new(0),
            recordings: crate::recording::Open::default(),
            line,
            map: Mutex::new(crate::registers::MapState::default()),
            previews: Arc::new(Bell::default()),
            web: http::Web::new(platform.clone(), config.patience)
                .map_err(OpenEngineError::Http)?,
            runtime: runtime.handle().clone(),
            platform,
            config,
        });
        open_store(&core)?;
        runtime.spawn(driver::run(core.clone()));
        runtime.spawn(crate::registers::run(core.clone()));
        let (weak, bell) = (Arc::downgrade(&core), core.previews.clone());
        let previews = std::thread::Builder::new()
            .name("fieldseal-previews".to_owned())
            .spawn(move || preview::run(&weak, &bell))
            .map_err(OpenEngineError::Threads)?;
        Ok(Self {
            core,
            runtime: Some(runtime),
            previews: Some(previews),
        })
    }

    /// Hands over to a new key of this tablet's; the vault must be unlocked. Stopped anywhere, it goes on when it is called again.
    pub fn rotate_key(&self) -> Result<(), ProblemView> {
        let core = &*self.core;
        core.told_of_contact(core.rotate())
            .map_err(ProblemView::from)
    }

    /// A heartbeat now, whatever the time of the next one: when this answers, the server has heard of every photo that is here, and
    /// the newest timestamps are on this tablet. Gives whether the heartbeat becomes a leaf of the log. The vault must be unlocked.
    pub fn heartbeat_now(&self) -> Result<bool, ProblemView> {
        let beaten = crate::presence::now(&self.core);
        self.core.told_of_contact(beaten).map_err(ProblemView::from)
    }

    /// Answers one request of a screen, as JSON of the view that the request names.
    pub fn call(&self, request: Request) -> Result<serde_json::Value, ProblemView> {
        self.core.note_use(&request);
        // What only looks, and must be quick, doesn't wait for captures to be taken in.
        if !matches!(
            request,
            Request::State
                | Request::Used
                | Request::Shutter { .. }
                | Request::Uploads
                | Request::UploadsPage { .. }
                | Request::Position { .. }
                | Request::NoPosition { .. }
        ) {
            self.core.settle();
        }
        self.answer(request).map_err(ProblemView::from)
    }

    fn answer(&self, request: Request) -> Result<serde_json::Value, Problem> {
        let core = &*self.core;
        match request {
            Request::State => json(core.state()?),
            Request::EnrolLookup { text } => json(core.enrol_lookup(&text)?),
            Request::EnrolDevice { text } => {
                core.enrol_device(&text).and_then(|()| json(core.state()?))
            }
            Request::EnrolOfficer { code, pin } => {
                json(core.told_of_contact(core.enrol_officer(&code, &pin))?)
            }
            Request::Keys => json(core.keys()?),
            Request::RotateOfficer { officer, pin } => core
                .told_of_contact(core.rotate_officer(&officer, &pin))
                .and_then(|_| json(core.state()?)),
            Request::Unlock { officer, pin } => core
                .unlock(&officer, &pin)
                .and_then(|()| json(core.state()?)),
            Request::Lock => core.lock_vault().and_then(|()| json(core.state()?)),
            Request::PinAsk { officer, pin } => json(core.pin_ask(&officer, &pin)?),
            Request::PinAsked => json(core.pin_asked()?),
            Request::PinAnswer { text, pin } => core
                .pin_answer(&text, &pin)
                .and_then(|()| json(core.state()?)),
            Request::PinForget => core.pin_forget().and_then(json),
            Request::OnDuty { lead, second } => core
                .set_on_duty(&lead, second.as_deref())
                .and_then(|()| json(core.state()?)),
            Request::Leaving => json(core.leaving()?),
            Request::Retire { officer, pin } => core
                .told_of_contact(core.retire(&officer, &pin))
                .and_then(|()| json(core.state()?)),
            Request::Wipe { officer, pin } => {
                core.wipe(&officer, &pin).and_then(|()| json(core.state()?))
            }
            Request::SelfCheck => json(core.self_check()?),
            Request::Forms => json(
                core.kinds()
                    .iter()
                    .map(|known| crate::forms::view(known, &core.platform.today()))
                    .collect::<Vec<_>>(),
            ),
            Request::DraftOpen { kind, supplements } => {
                json(core.draft_open(&kind, supplements.as_deref())?)
            }
            Request::Draft { id } => json(core.draft(packet_id(&id)?)?),
            Request::Drafts => json(core.drafts()?),
            Request::DraftKind { id, kind } => json(core.draft_kind(&id, &kind)?),
            Request::Describe { id, facts } => json(core.describe(&id, &facts)?),
            Request::SetShot {
                id,
                capture_seq,
                shot,
            } => json(core.set_shot(&id, capture_seq, shot.as_deref())?),
            Request::Void {
                id,
                capture_seq,
                reason,
            } => json(core.void(&id, capture_seq, &reason)?),
            Request::Party { id, party } => json(core.set_party(&id, &party)?),
            Request::Sign { id, officer, pin } => json(core.sign(&id, &officer, &pin)?),
            Request::OfficerCard { officer } => json(core.officer_card(&officer)?),
            Request::MeetOfficer { text } => json(core.meet_officer(&text)?),
            Request::CosignAsk { id, officer } => json(core.cosign_ask(&id, &officer)?),
            Request::CosignRead { text } => json(core.cosign_read(&text)?),
            Request::CosignSign { text, officer, pin } => {
                json(core.cosign_sign(&text, &officer, &pin)?)
            }
            Request::CosignTake { id, text } => json(core.cosign_take(&id, &text)?),
            Request::Cosigned => json(core.cosigned()?),
            Request::Reopen { id } => json(core.reopen(&id)?),
            Request::Seal { id } => json(core.seal(&id)?),
            Request::GiveUp {
                id,
                reason,
                officer,
                pin,
            } => json(core.give_up(&id, &reason, &officer, &pin)?),
            Request::Packets { page, filter } => json(core.packets(page, filter.as_deref())?),
            Request::Packet { id } => json(core.packet(packet_id(&id)?)?),
            Request::Recheck { id } => json(core.recheck(&id)?),
            Request::Uploads => json(core.uploads(0)?),
            Request::UploadsPage { page } => json(core.uploads(page)?),
            Request::UploadNow { id } => json(core.upload_now(id.as_deref())?),
            Request::RecoveredRead => {
                lock(&core.live).recovered_photos = None;
                json(core.state()?)
            }
            Request::Rebuilt => json(core.rebuilt()?),
            Request::RebuiltRead => core.rebuilt_read().and_then(|()| json(core.state()?)),
            Request::UploadAnyway => json(core.upload_anyway()?),
            Request::UploadRules {
                wifi_only,
                while_roaming,
            } => core
                .set_upload_rules(wifi_only, while_roaming)
                .and_then(|()| json(core.state()?)),
            Request::UploadPause { id, pause } => json(core.upload_pause(&id, pause)?),
            Request::UploadHold { hold } => json(core.upload_hold(hold)?),
            Request::Retention { keep_days } => json(core.set_retention(keep_days)?),
            Request::Reclaim => json(core.reclaim_now()?),
            Request::Tasks => json(core.tasks()?),
            Request::Registers { today } => json(core.registers(&today)?),
            Request::Nearest { today } => json(core.near(&today)?),
            Request::SearchPoints { text } => json(core.search_points(&text)?),
            Request::Points { due } => json(core.points(due.as_deref())?),
            Request::Point { number } => json(core.point(&number)?),
            Request::MapPart {
                south,
                west,
                north,
                east,
                today,
            } => json(core.map_part([south, west, north, east], &today)?),
            Request::DraftPlace { id } => json(core.draft_place(&id)?),
            Request::DraftPoint { id, point, ticket } => {
                json(core.draft_point(&id, point.as_deref(), ticket.as_deref())?)
            }
            Request::DraftFar { id, answer } => json(core.draft_far(&id, answer.as_deref())?),
            Request::Position { fix } => core.set_position(&fix).and_then(json),
            Request::NoPosition { reason } => core.set_no_position(&reason).and_then(json),
            Request::RecordBegin { args } => json(core.record_begin(&args)?),
            Request::RecordFinish { id, ended } => json(core.record_finish(&id, &ended)?),
            Request::Shutter { mark } => core.mark_shutter(&mark).and_then(json),
            Request::Used => json(()),
            Request::Settings {
                language,
                theme,
                auto_lock_min,
            } => {
                if let Some(minutes) = auto_lock_min {
                    core.set_auto_lock(minutes)?;
                }
                core.set_settings(language.as_deref(), theme.as_deref())?;
                json(core.state()?)
            }
        }
    }

    /// The shutter. When this answers, the bytes are durable. Works while locked.
    pub fn capture(
        &self,
        args: CaptureArgs,
        mut bytes: impl Read,
    ) -> Result<CaptureView, ProblemView> {
        self.core
            .capture(&args, &mut bytes)
            .map_err(ProblemView::from)
    }

    /// The next piece of a recording. When this answers, it is durable. Works while locked.
    pub fn record(&self, args: &PieceArgs, bytes: &[u8]) -> Result<RecordingView, ProblemView> {
        self.core
            .record_piece(args, bytes)
            .map_err(ProblemView::from)
    }

    /// A video or sound of the vault, to be played from any position; only while unlocked. Its media type is by its bytes.
    pub fn media(&self, capture_seq: u64) -> Result<(String, Original), ProblemView> {
        self.core.auto_lock();
        self.core.media(capture_seq).map_err(ProblemView::from)
    }

    /// The shutter, for a photo that lies as a file in [`EngineConfig::handover`]: anywhere else is refused. When this answers, the bytes
    /// are durable in the vault and the file is gone.
    pub fn capture_handed(
        &self,
        args: &CaptureArgs,
        path: &std::path::Path,
    ) -> Result<CaptureView, ProblemView> {
        self.core
            .capture_handed(args, path)
            .map_err(ProblemView::from)
    }

    /// Takes in what a stop left in that folder; gives how many photos. Called once, at the start.
    pub fn take_what_was_left(&self) -> u32 {
        self.core.take_what_was_left()
    }

    /// Looks for an enrolment code in a picture: rows of brightness, `width` bytes each, 0 black to 255 white. Works before
    /// enrolment and while locked.
    pub fn scan(&self, width: usize, luma: &[u8]) -> Result<ScanView, ProblemView> {
        crate::scan::scan(width, luma).map_err(ProblemView::from)
    }

    /// A JPEG of an item; only while unlocked.
    pub fn image(&self, kind: ImageKind, capture_seq: u64) -> Result<Vec<u8>, ProblemView> {
        let preview = match kind {
            ImageKind::Thumb => Preview::Thumb,
            ImageKind::Preview => Preview::Screen,
        };
        self.core.auto_lock();
        self.core
            .image(preview, capture_seq)
            .map_err(ProblemView::from)
    }

    /// Bytes of the offline map from `from` on, at most `most`, and its size. None: there is no map. Works while locked: a map
    /// says nothing of anybody.
    pub fn tiles(&self, from: u64, most: u64) -> Result<Option<(Vec<u8>, u64)>, ProblemView> {
        crate::registers::read_tiles(&self.core, from, most).map_err(ProblemView::from)
    }

    /// Writes a sealed packet's zip, byte for byte what the server gets; gives its size.
    pub fn export_zip(&self, id: &str, out: &mut dyn Write) -> Result<u64, ProblemView> {
        let mut export = || {
            let zip = PacketZip::open(self.core.open_vault()?, packet_id(id)?)?;
            io::copy(&mut zip.reader(0), out)
                .map_err(|error| Problem::because(Code::Unreadable, error))
        };
        if self.core.way(packet_id(id)?)?.reclaimed_at.is_some() {
            return Err(Problem::from(Code::Reclaimed).into());
        }
        export().map_err(ProblemView::from)
    }

    /// Lets an officer back in with the administrator's recovery key, under a new PIN. The officer enrols again before the next
    /// signature counts as an enrolled one.
    pub fn recover(
        &self,
        key: &fieldseal_vault::Secret,
        officer: &str,
        pin: &str,
    ) -> Result<(), ProblemView> {
        self.core
            .recover(key, officer, pin)
            .map_err(ProblemView::from)
    }

    /// The trust file pinned at enrolment.
    pub fn trust(&self) -> Result<String, ProblemView> {
        Ok(self.core.identity().map_err(ProblemView::from)?.trust)
    }
}

/// Stops the background work: an upload under way goes on at the next start from the server's offset.
impl Drop for Engine {
    fn drop(&mut self) {
        self.core.end_recordings(true);
        self.core.settle();
        self.core.line.stop();
        self.core.config.decoder.stop();
        self.core.previews.wake();
        if let Some(previews) = self.previews.take() {
            let _ = previews.join();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        }
    }
}

fn open_store(core: &Core) -> Result<(), OpenEngineError> {
    core.finish_wipe().map_err(OpenEngineError::Folder)?;
    if !Vault::exists(&core.config.dir) {
        return Ok(());
    }
    let store = match Vault::open(&core.config.dir, core.vault_config()) {
        Ok((vault, recovered)) => {
            let found = u32::try_from(recovered.photos + recovered.recordings).unwrap_or(u32::MAX);
            lock(&core.live).recovered_photos = (found > 0).then_some(found);
            Store::There(Arc::new(vault))
        }
        Err(OpenError::InUse) => return Err(OpenEngineError::InUse),
        Err(error) => {
            tracing::error!(%error, "the vault can't be opened; its files are kept");
            Store::Damaged
        }
    };
    *core.store.write().unwrap_or_else(PoisonError::into_inner) = store;
    core.recall_retirement();
    Ok(())
}

fn json<T: Serialize>(view: T) -> Result<serde_json::Value, Problem> {
    serde_json::to_value(view).map_err(|error| Problem::because(Code::Internal, error))
}
