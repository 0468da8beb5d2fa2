//! The server's maker of sidecars, of what `fieldseal admin c2pa-ca` wrote.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use fieldseal_c2pa::authority::Credentials;
use fieldseal_c2pa::is_signable;
use fieldseal_c2pa::profile::{Claimed, PacketClaim, SCHEMA};
use fieldseal_c2pa::sign::{self, SidecarSigner};
use fieldseal_server::export::sidecars::{Photo, SidecarError, SidecarMaker};
use zeroize::Zeroizing;

use super::authority::{AUTHORITY, SIGNER, SIGNER_KEY, folder};

/// Loads the signer of a data folder.
pub fn load(data: &Path) -> anyhow::Result<Arc<dyn SidecarMaker>> {
    let folder = folder(data);
    let read = |name: &str| {
        fs::read_to_string(folder.join(name)).with_context(|| {
            format!(
                "the setting c2pa is on, and {} has no {name}: `fieldseal admin c2pa-ca` makes it",
                folder.display()
            )
        })
    };
    let credentials = Credentials {
        certificate: read(SIGNER)?,
        key: Zeroizing::new(read(SIGNER_KEY)?),
    };
    let signer = SidecarSigner::new(&credentials).context("C2PA sidecars can't be signed")?;
    Ok(Arc::new(Maker {
        authority: read(AUTHORITY)?,
        signer,
    }))
}

#[derive(Debug)]
struct Maker {
    authority: String,
    signer: SidecarSigner,
}

impl SidecarMaker for Maker {
    fn authority(&self) -> &str {
        &self.authority
    }

    fn sidecar(&self, photo: &Photo<'_>) -> Result<Option<Vec<u8>>, SidecarError> {
        if !is_signable(photo.media_type) {
            return Ok(None);
        }
        let made = sign::Photo {
            media_type: photo.media_type,
            sha256: photo.sha256.0,
            packet: PacketClaim {
                schema: SCHEMA.to_owned(),
                origin: photo.origin.to_owned(),
                packet: photo.packet.to_owned(),
                seal_sha256: photo.seal_sha256.to_string(),
                item: photo.item.to_owned(),
                item_sha256: photo.sha256.to_string(),
                claimed: Claimed {
                    by: "device".to_owned(),
                    captured_at: photo.captured_at.to_string(),
                    source: photo.source.to_owned(),
                },
                made_at: photo.made_at.to_string(),
            },
        };
        self.signer
            .sidecar(&made, photo.made_at.as_millis().div_euclid(1000))
            .map(Some)
            .map_err(|error| SidecarError(Box::new(error)))
    }
}
