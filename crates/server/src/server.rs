//! Starting and stopping.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access::brake::Brake;
use crate::access::device::DeviceTokens;
use crate::access::pace::Pace;
use crate::admin::{self, AdminError};
use crate::app::{App, Counters, Shared};
use crate::blobs::FileBlobs;
use crate::config::Config;
use crate::files;
use crate::intake::{Intake, receipts};
use crate::log::publish::Published;
use crate::log::sequencer::{RoundError, Work};
use crate::log::startup::{self, LogRefused};
use crate::log::{Sequencer, SequencerState};
use crate::outward::{Outward, OutwardError};
use crate::review::preview::Previews;
use crate::routes;
use crate::signing::{KeyFileError, ServerKeys};
use crate::stamping::{self, StampingError};
use crate::store::{Db, StoreError, keys};
use crate::upload::Uploads;
use crate::witnesses::{self, WitnessingError};

/// The server can't start. Each is one sentence for whoever typed the command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Reachable by others, and nobody does TLS.
    #[error(
        "{0} can be reached from other machines, and this server does no TLS itself: listen on 127.0.0.1, or put a proxy that does TLS in front and say --behind-proxy"
    )]
    NotLoopback(SocketAddr),
    /// The port is taken.
    #[error("{0} is in use by another program: choose another port with --listen")]
    PortInUse(SocketAddr),
    /// The address can't be listened on.
    #[error("{address} can't be listened on")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another server has this data folder.
    #[error("another server is running on this data folder")]
    Locked,
    /// The data folder can't be used.
    #[error("the data folder {folder} can't be used")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// First start: the folder could not be initialised.
    #[error(transparent)]
    Init(#[from] AdminError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The log must not be written to.
    #[error(transparent)]
    Log(#[from] LogRefused),
    /// What was left unfinished could not be finished.
    #[error("what the last run left unfinished could not be finished")]
    Replay(#[from] RoundError),
    /// The timestamp authorities.
    #[error(transparent)]
    Stamping(#[from] StampingError),
    /// The witnesses.
    #[error(transparent)]
    Witnessing(#[from] WitnessingError),
    /// What asks others can't be made.
    #[error(transparent)]
    Outward(#[from] OutwardError),
    /// No runtime.
    #[error("a background task ended early")]
    Task,
}

/// The server.
pub struct Server;

/// A running server.
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<io::Result<()>>,
    sequencer: JoinHandle<()>,
    intake: JoinHandle<()>,
    stamping: Vec<JoinHandle<()>>,
    witnesses: Vec<JoinHandle<()>>,
    app: Shared,
    _lock: std::fs::File,
}

/// The server did not stop in good order.
#[derive(Debug, thiserror::Error)]
#[error("the server did not stop in good order")]
pub struct StopError;

impl Server {
    /// Opens (or, the first time, makes) the data folder, finishes what the last run left, and listens.
    pub async fn start(mut config: Config, listen: SocketAddr) -> Result<Running, StartError> {
        // Its own stop: the same settings may start another server later.
        config.decoder = config.decoder.for_another_owner();
        if !listen.ip().is_loopback() && !config.behind_proxy {
            return Err(StartError::NotLoopback(listen));
        }
        config.stamping.check()?;
        config.witnessing.check()?;
        let outward = Outward::new()?;
        // First the port: a second start on the same port must not touch anything.
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|source| match source.kind() {
                io::ErrorKind::AddrInUse => StartError::PortInUse(listen),
                _ => StartError::Listen {
                    address: listen,
                    source,
                },
            })?;
        let address = listener.local_addr().map_err(|source| StartError::Listen {
            address: listen,
            source,
        })?;
        let intake = Intake::default();
        let kick = intake.clone();
        let opened = tokio::task::spawn_blocking(move || open(config, kick))
            .await
            .map_err(|_| StartError::Task)??;
        let (stop, stopping) = watch::channel(false);
        let Opened {
            config,
            db,
            keys,
            origin,
            trust,
            recovery_public,
            work,
            published,
            lock,
        } = opened;
        let layout = config.layout();
        let (sequencer, sequencer_task) = Sequencer::start(
            work,
            published,
            config.limits.sequencer_tick,
            stopping.clone(),
        );
        let app = Arc::new(App {
            blobs: Arc::new(FileBlobs::new(layout.blobs())),
            uploads: Uploads::new(layout.uploads()),
            previews: Previews::new(layout.previews(), config.decoder.clone()),
            tokens: DeviceTokens::default(),
            pace: Pace::new(config.limits.requests_per_second),
            code_brake: Brake::new(10, 10 * 60_000),
            password_brake: Brake::new(20, 10 * 60_000),
            intake,
            preview_turns: tokio::sync::Semaphore::new(2),
            bulk_turns: Arc::new(tokio::sync::Semaphore::new(1)),
            prepare_turns: tokio::sync::Semaphore::new(1),
            counters: Counters::default(),
            stamping: stamping::Watch::default(),
            witnessing: witnesses::Watch::default(),
            config,
            layout,
            db,
            origin,
            keys,
            trust,
            recovery_public,
            sequencer,
        });
        let orphans = app.clone();
        tokio::task::spawn_blocking(move || orphans.uploads.sweep_orphans(&orphans.db))
            .await
            .map_err(|_| StartError::Task)??;
        let intake = app.intake.start(app.clone(), stopping.clone());
        let stamping = stamping::start(&app, &outward, &stopping).await?;
        let witnesses = witnesses::start(&app, &outward, &stopping);
        let serving = serve(listener, app.clone(), stopping);
        Ok(Running {
            address,
            stop,
            serving,
            sequencer: sequencer_task,
            intake,
            stamping,
            witnesses,
            app,
            _lock: lock,
        })
    }
}

struct Opened {
    config: Config,
    db: Db,
    keys: ServerKeys,
    origin: String,
    trust: String,
    recovery_public: String,
    work: Work,
    published: u64,
    lock: std::fs::File,
}

fn open(config: Config, intake: Intake) -> Result<Opened, StartError> {
    let layout = config.layout();
    let folder_error = |source| StartError::Folder {
        folder: layout.root().to_owned(),
        source,
    };
    files::make_folder(layout.root()).map_err(folder_error)?;
    let lock = lock(&layout.lock())
        .map_err(folder_error)?
        .ok_or(StartError::Locked)?;
    if !admin::is_initialised(&config)? {
        admin::init(&config, &admin::Init::default())?;
    }
    for folder in [
        layout.blobs(),
        layout.uploads(),
        layout.quarantine(),
        layout.previews(),
        layout.log(),
    ] {
        files::make_folder(&folder).map_err(folder_error)?;
    }
    let db = Db::open(&layout.database(), false)?;
    let (origin, recovery_public) = db
        .read_blocking(keys::deployment)?
        .ok_or(StartError::Init(AdminError::NotInitialised))?;
    let keys = ServerKeys::load(&layout.keys(), &origin)?;
    startup::check(
        &db,
        &keys.log_vkeys(),
        &[&config.checkpoint_copy, &layout.log().join("checkpoint")],
    )?;
    let (receipt_db, receipt_origin, receipt_key, clock) = (
        db.clone(),
        origin.clone(),
        keys.receipts.clone(),
        config.ambient.clock.clone(),
    );
    let work = Work {
        db: db.clone(),
        keys: keys.log_signers(),
        published: Published {
            folder: layout.log(),
            copy: config.checkpoint_copy.clone(),
        },
        clock: config.ambient.clock.clone(),
        after: Arc::new(move || {
            if receipts::give(&receipt_db, &receipt_origin, &receipt_key, clock.now())? > 0 {
                // The findings can now take receipt and proof into account.
                intake.kick();
            }
            Ok(())
        }),
    };
    // What the last run left pending or unpublished is finished before anybody is answered, by the code that does it live.
    let published = work.round()?;
    witnesses::policy::keep(&layout, &config.witnessing).map_err(folder_error)?;
    let trust = stamping::roots::keep(&keys, &layout, &config.stamping.authorities)
        .map_err(folder_error)?;
    Ok(Opened {
        config,
        db,
        keys,
        origin,
        trust,
        recovery_public,
        work,
        published,
        lock,
    })
}

/// The lock of a data folder: held as long as the file is open, gone with the process.
fn lock(path: &std::path::Path) -> io::Result<Option<std::fs::File>> {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

fn serve(
    listener: TcpListener,
    app: Shared,
    mut stopping: watch::Receiver<bool>,
) -> JoinHandle<io::Result<()>> {
    let service = routes::router(app).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        axum::serve(listener, service)
            .with_graceful_shutdown(async move {
                let _ = stopping.wait_for(|stop| *stop).await;
            })
            .await
    })
}

impl Running {
    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `<origin>` of this deployment.
    pub fn origin(&self) -> &str {
        &self.app.origin
    }

    /// Whether a built console is being served.
    pub fn has_console(&self) -> bool {
        routes::console_folder(&self.app.config).is_some()
    }

    /// Whether the log's writer runs.
    pub fn is_ready(&self) -> bool {
        matches!(self.app.sequencer.state(), SequencerState::Running { .. })
    }

    /// Stops: no new requests, those under way are given ten seconds, the log finishes its round.
    pub async fn stop(self) -> Result<(), StopError> {
        let _ = self.stop.send(true);
        self.app.config.decoder.stop();
        let patience = Duration::from_secs(10);
        // An upload that is cut off here resumes where it is.
        let cut_off = self.serving.abort_handle();
        if tokio::time::timeout(patience, self.serving).await.is_err() {
            cut_off.abort();
        }
        // Nobody waits for a stamp or a cosignature: what was not stored is asked for at the next start.
        for task in self.stamping.into_iter().chain(self.witnesses) {
            task.abort();
        }
        let intake = tokio::time::timeout(patience, self.intake).await;
        let sequencer = tokio::time::timeout(patience, self.sequencer).await;
        match (intake, sequencer) {
            (Ok(Ok(())), Ok(Ok(()))) => Ok(()),
            _ => Err(StopError),
        }
    }
}
