//! Setting a deployment up and looking after it. Works on the data folder itself, beside a running server (SQLite lets one writer through at a time,
//! and leaves for the log wait in `log_pending` until the server's sequencer takes them, within a second or at its next start) or without one.

mod backup;
mod devices;
mod evidence;
mod forms;
mod fsck;
mod init;
mod keys;
mod pins;
mod register;
mod registers;

use std::io;
use std::path::PathBuf;

use fieldseal_packet::Sha256Digest;
use fieldseal_tlog::note::SignError;

use crate::access::password::PasswordError;
use crate::ambient::NoRandomness;
use crate::blobs::FileBlobs;
use crate::config::{Config, Layout};
use crate::export::ExportError;
use crate::signing::{KeyFileError, ServerKeys};
use crate::store::{Db, StoreError};
use crate::tablets::TabletError;

pub use crate::export::bulk::Outcome;
pub use crate::export::redacted::{Redaction, RedactionMalformed, Redactions};
pub use crate::export::report::Extent;
pub use backup::{BackupReport, restore};
pub use evidence::StoredPacket;
pub use forms::Forms;
pub use fsck::Report;
pub use init::{Init, Made, init, init_after, is_initialised};
pub use keys::ClosedLog;
pub use pins::AskedFor;
pub use register::{NewAccount, NewDevice, NewPerson};

pub use crate::codes::OneTimeCode;
pub use crate::registers::{ImportError, Imported, MapError, PlacedMap};
pub use crate::store::devices::Alarm;
pub use crate::store::keys::KeyRow;
pub use crate::store::orders::OrderRow;
pub use crate::store::people::Person;
pub use crate::tablets::{DeviceRow, Ending, Retired};

/// What the administrator asked for was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// `init` on a folder that has been initialised.
    #[error("this data folder has been initialised already")]
    AlreadyInitialised,
    /// Anything else on a folder that has not.
    #[error("this data folder has not been initialised: run `fieldseal admin init` first")]
    NotInitialised,
    /// Not a usable origin.
    #[error(
        "an origin is a name such as evidence.example.gov.cn/log: printable ASCII without spaces or plus, at most 128 characters"
    )]
    Origin,
    /// Keys and no database: an interrupted `init`, or a lost database.
    #[error(
        "this folder holds keys but no deployment: if the database was lost, restore a backup; if `init` was interrupted, remove the folder and try again"
    )]
    KeysWithoutDatabase,
    /// The folder holds something else.
    #[error("the folder is not empty, and what is in it is not a Fieldseal data folder")]
    FolderNotEmpty,
    /// No such person, key or packet.
    #[error("there is no {0} of that name")]
    Unknown(&'static str),
    /// It is there already.
    #[error("there is a {0} of that name already")]
    Exists(&'static str),
    /// What the server knows forbids it.
    #[error("{0}")]
    NotNow(&'static str),
    /// A field is empty, too long, or not one of the words allowed.
    #[error("{0}")]
    Field(&'static str),
    /// The password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key file.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// Signing.
    #[error("the authority's key did not sign")]
    Sign(#[from] SignError),
    /// No entropy.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A file.
    #[error("a file can't be read or written")]
    File(#[from] io::Error),
    /// The export.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Many exports.
    #[error(transparent)]
    Bulk(#[from] crate::export::bulk::BulkError),
    /// The erasure.
    #[error(transparent)]
    Erasure(#[from] crate::erasure::ErasureError),
    /// A form or a kind.
    #[error(transparent)]
    Forms(#[from] crate::forms::FormsError),
    /// The copy is there already.
    #[error("{0} is there already; nothing was overwritten")]
    InTheWay(PathBuf),
    /// The backup is damaged.
    #[error("the backup is not whole: {0}")]
    Backup(&'static str),
}

impl From<TabletError> for AdminError {
    fn from(error: TabletError) -> Self {
        match error {
            TabletError::Unknown => Self::Unknown("device"),
            TabletError::Ended => Self::NotNow("there is no such device, or it is revoked"),
            TabletError::Reason => {
                Self::Field("a reason is lost, stolen, left, compromised or other")
            }
            TabletError::Store(error) => error.into(),
            TabletError::Sign(error) => error.into(),
            TabletError::NoRandomness(error) => error.into(),
        }
    }
}

/// An initialised deployment, opened for administration. Blocking.
pub struct Admin {
    pub(crate) config: Config,
    pub(crate) layout: Layout,
    pub(crate) db: Db,
    pub(crate) origin: String,
    pub(crate) keys: ServerKeys,
    pub(crate) trust: String,
    pub(crate) blobs: FileBlobs,
}

impl Admin {
    /// Opens a data folder.
    pub fn open(config: &Config) -> Result<Self, AdminError> {
        if !is_initialised(config)? {
            return Err(AdminError::NotInitialised);
        }
        let layout = config.layout();
        let db = Db::open(&layout.database(), false)?;
        let (origin, _) = db
            .read_blocking(crate::store::keys::deployment)?
            .ok_or(AdminError::NotInitialised)?;
        let keys = ServerKeys::load(&layout.keys(), &origin)?;
        Ok(Self {
            trust: crate::stamping::roots::trust(&keys, &layout)?,
            blobs: FileBlobs::new(layout.blobs()),
            config: config.clone(),
            layout,
            db,
            origin,
            keys,
        })
    }

    /// `<origin>` of the deployment.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The trust file.
    pub fn trust(&self) -> &str {
        &self.trust
    }

    /// sha256 hex of the trust file: what an enrolment QR carries.
    pub fn trust_sha256(&self) -> String {
        Sha256Digest::of(self.trust.as_bytes()).to_string()
    }
}
