//! Making a deployment: keys, trust file, recovery key pair, database.
//!
//! The row in the database comes last. A crash before it leaves keys without a deployment; so does the loss of a database, and the two can't be told
//! apart. So `init` never writes over keys: it says what it found, and the administrator decides.

use std::fs;
use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_packet::Sha256Digest;
use hpke::kem::X25519HkdfSha256;
use hpke::{Kem as _, Serializable as _};
use zeroize::Zeroizing;

use super::{AdminError, ClosedLog};
use crate::config::Config;
use crate::files;
use crate::signing::ServerKeys;
use crate::store::{Db, keys, log};

/// What `init` is told.
#[derive(Debug, Clone, Default)]
pub struct Init {
    /// Name of the deployment, for ever; none: one is made up.
    pub origin: Option<String>,
}

/// What `init` made.
#[derive(Debug, Clone)]
pub struct Made {
    /// Name of the deployment.
    pub origin: String,
    /// The trust file.
    pub trust: String,
    /// Its sha256, hex.
    pub trust_sha256: String,
    /// Where the private recovery key was written.
    pub recovery_key_file: PathBuf,
}

/// Whether the folder holds a deployment. A database that is there and can't be read is an error, never "no": keys are not made twice.
pub fn is_initialised(config: &Config) -> Result<bool, AdminError> {
    let path = config.layout().database();
    if !path.is_file() {
        return Ok(false);
    }
    Ok(Db::open(&path, false)?
        .read_blocking(keys::deployment)?
        .is_some())
}

/// Makes a deployment in a folder that is empty, or not there.
pub fn init(config: &Config, init: &Init) -> Result<Made, AdminError> {
    make(config, init, None)
}

/// The same in the place of a deployment whose log was closed: the first leaf of the new log names the old one's head.
pub fn init_after(config: &Config, init: &Init, closed: &ClosedLog) -> Result<Made, AdminError> {
    make(config, init, Some(closed))
}

fn make(config: &Config, init: &Init, continues: Option<&ClosedLog>) -> Result<Made, AdminError> {
    if is_initialised(config)? {
        return Err(AdminError::AlreadyInitialised);
    }
    let layout = config.layout();
    refuse_foreign(layout.root())?;
    if fs::read_dir(layout.keys()).is_ok_and(|mut keys| keys.next().is_some()) {
        return Err(AdminError::KeysWithoutDatabase);
    }
    if config.recovery_out.exists() {
        return Err(AdminError::InTheWay(config.recovery_out.clone()));
    }
    let ambient = &config.ambient;
    let origin = match &init.origin {
        Some(origin) => origin.clone(),
        None => format!("fieldseal.local/{}", ambient.code(8)?.to_lowercase()),
    };
    if !origin_is_usable(&origin) || continues.is_some_and(|old| old.origin() == origin) {
        return Err(AdminError::Origin);
    }
    for folder in [
        layout.root().to_owned(),
        layout.keys(),
        layout.blobs(),
        layout.uploads(),
        layout.quarantine(),
        layout.previews(),
        layout.log(),
    ] {
        files::make_folder(&folder)?;
    }
    private_folder(layout.root())?;
    private_folder(&layout.keys())?;
    let server = ServerKeys::make(&layout.keys(), &origin, ambient)?;
    let trust = server.trust_file();
    files::replace(&layout.trust(), trust.as_bytes())?;
    let ikm = Zeroizing::new(ambient.bytes::<32>()?);
    let (private, public) = X25519HkdfSha256::derive_keypair(ikm.as_slice());
    let recovery_public = STANDARD.encode(public.to_bytes());
    let private = Zeroizing::new(STANDARD.encode(private.to_bytes()));
    let text = Zeroizing::new(format!(
        "# Recovery key of {origin}. With it and an officer's tablet, a forgotten PIN loses nothing; with it alone, nothing can be read.\n\
         # Take this file off the machine now (two copies, in two safes), and delete it here. The server never needs it.\n\
         fieldseal-recovery-key/v1 {}\n",
        private.as_str()
    ));
    files::replace_private(&config.recovery_out, text.as_bytes())?;
    let db = Db::open(&layout.database(), true)?;
    let (name, now) = (origin.clone(), ambient.now());
    let first = continues
        .map(|old| old.leaf(&origin, &server.authority, now))
        .transpose()?;
    db.write_blocking(|tx| {
        if let Some(note) = &first {
            log::add_pending(tx, "continued", note)?;
        }
        keys::set_deployment(tx, &name, &recovery_public, now)
    })
    .map_err(AdminError::Store)?;
    files::sync_folder_of(&layout.database())?;
    Ok(Made {
        trust_sha256: Sha256Digest::of(trust.as_bytes()).to_string(),
        origin,
        trust,
        recovery_key_file: config.recovery_out.clone(),
    })
}

/// Refuses a folder in which something else lies: nobody's files get a database beside them by a mistyped path.
fn refuse_foreign(root: &std::path::Path) -> Result<(), AdminError> {
    let Ok(entries) = fs::read_dir(root) else {
        return Ok(());
    };
    let ours = [
        "server.db",
        "server.db-wal",
        "server.db-shm",
        "blobs",
        "uploads",
        "quarantine",
        "previews",
        "log",
        "keys",
        "trust",
        "trust.tmp",
        "tsa-roots.pem",
        "tsa-roots.pem.tmp",
        "witness-policy",
        "witness-policy.tmp",
        "serving.lock",
    ];
    for entry in entries {
        let name = entry?.file_name();
        if !ours.iter().any(|own| name == *own) {
            return Err(AdminError::FolderNotEmpty);
        }
    }
    Ok(())
}

fn origin_is_usable(origin: &str) -> bool {
    (1..=128).contains(&origin.len())
        && origin
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'+')
        && !origin.ends_with('/')
}

fn private_folder(folder: &std::path::Path) -> Result<(), std::io::Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
