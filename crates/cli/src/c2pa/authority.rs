//! `fieldseal admin c2pa-ca`: the deployment's authority for sidecars, and the server's certificate under it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use fieldseal_c2pa::authority::{Authority, Credentials, make_authority, make_signer};
use fieldseal_c2pa::certificate;
use fieldseal_server::files;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Where certificates and the signer's key lie within a data folder: backups take them along with the other keys.
const FOLDER: &str = "keys/c2pa";
pub(super) const AUTHORITY: &str = "authority.pem";
pub(super) const SIGNER: &str = "signer.pem";
pub(super) const SIGNER_KEY: &str = "signer.key";

/// What the command takes.
#[derive(clap::Args)]
pub struct AuthorityArgs {
    /// Make a new certificate for the server under the authority that is there, by its key in this file
    #[arg(long, value_name = "F")]
    renew: Option<PathBuf>,
    /// Where to write the authority's key; beside the data folder when left out
    #[arg(long, value_name = "F", conflicts_with = "renew")]
    key_out: Option<PathBuf>,
}

/// What was made.
pub struct Made {
    /// The authority's certificate: what those who check are given.
    pub certificate: PathBuf,
    /// SHA-256 of it in DER, hex.
    pub fingerprint: String,
    /// Where the authority's key was written, if it is new.
    pub key: Option<PathBuf>,
    /// When the server's certificate ends, seconds since 1970.
    pub ends: i64,
}

/// The folder of a data folder.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

/// Makes authority and signer, or a new signer alone.
pub fn make(origin: &str, data: &Path, args: &AuthorityArgs) -> anyhow::Result<Made> {
    let folder = folder(data);
    let path = folder.join(AUTHORITY);
    let now = super::now();
    let (authority, key) = match &args.renew {
        Some(key) => (there(&path, key)?, None),
        None => {
            if path.exists() {
                bail!(
                    "this deployment has an authority already: {}; --renew makes a new certificate under it",
                    path.display()
                );
            }
            let out = match &args.key_out {
                Some(out) => out.clone(),
                None => beside(data)?,
            };
            if out.exists() {
                bail!("{} is there already", out.display());
            }
            (make_authority(origin, now)?, Some(out))
        }
    };
    let signer = make_signer(origin, &authority, now)?;
    files::make_folder(&folder).context("the folder of keys can't be made")?;
    // The authority's certificate last: without it there is none, and the command can be said again.
    if let Some(out) = &key {
        files::replace_private(out, authority.key.as_bytes())
            .with_context(|| format!("{} can't be written", out.display()))?;
    }
    write(&folder, &signer)?;
    files::replace(&path, authority.certificate.as_bytes())
        .with_context(|| format!("{} can't be written", path.display()))?;
    let der = certificate::ders(&authority.certificate)?;
    Ok(Made {
        fingerprint: hex::encode(Sha256::digest(der.first().map_or(&[][..], Vec::as_slice))),
        certificate: path,
        key,
        ends: certificate::facts_of_pem(&signer.certificate)?.not_after,
    })
}

fn there(certificate: &Path, key: &Path) -> anyhow::Result<Authority> {
    let certificate = fs::read_to_string(certificate)
        .context("this deployment has no authority yet: leave --renew out")?;
    let key = fs::read_to_string(key)
        .with_context(|| format!("the authority's key can't be read from {}", key.display()))?;
    Ok(Authority {
        certificate,
        key: Zeroizing::new(key),
    })
}

fn write(folder: &Path, signer: &Credentials) -> anyhow::Result<()> {
    files::replace_private(&folder.join(SIGNER_KEY), signer.key.as_bytes())
        .and_then(|()| files::replace(&folder.join(SIGNER), signer.certificate.as_bytes()))
        .context("the server's certificate can't be written")
}

fn beside(data: &Path) -> anyhow::Result<PathBuf> {
    let mut path: OsString = std::path::absolute(data)?.into_os_string();
    path.push(".c2pa-authority.key");
    Ok(path.into())
}
