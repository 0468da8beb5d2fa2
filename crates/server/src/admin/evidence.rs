//! Packets and exports, as files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use fieldseal_packet::Sha256Digest;

use super::{Admin, AdminError};
use crate::export::{Bag, Material};
use crate::files;
use crate::store::packets::{self, PacketRow};
use crate::store::stamps;
use crate::witnesses::policy;

/// A packet that is here.
#[derive(Debug, Clone)]
pub struct StoredPacket {
    /// What it is called: its id, nearly always.
    pub id: String,
    /// sha256 hex of the file `packet.seal`.
    pub packet_digest: String,
    /// `verified`, `not-proved` or `failed`.
    pub verdict: String,
    /// Leaf of its seal, once it is logged and receipted.
    pub leaf_index: Option<u64>,
}

impl Admin {
    /// Every packet, oldest first.
    pub fn packets(&self) -> Result<Vec<StoredPacket>, AdminError> {
        let rows = self.db.read_blocking(packets::all)?;
        Ok(rows
            .into_iter()
            .map(|row| StoredPacket {
                id: row.slug,
                packet_digest: hex::encode(row.seal_sha256),
                verdict: row.verdict,
                leaf_index: row.leaf_index,
            })
            .collect())
    }

    fn packet(&self, id: &str) -> Result<PacketRow, AdminError> {
        self.db
            .read_blocking(|c| packets::by_slug(c, id))?
            .ok_or(AdminError::Unknown("packet"))
    }

    /// Copies a packet's zip, byte for byte, to `folder/packet-<id>.zip`.
    pub fn write_packet_zip(&self, id: &str, folder: &Path) -> Result<PathBuf, AdminError> {
        let packet = self.packet(id)?;
        let path = folder.join(format!("packet-{id}.zip"));
        copy_new(&self.blobs.path(&Sha256Digest(packet.zip_sha256)), &path)?;
        Ok(path)
    }

    /// Whether a stamped checkpoint holds the packet's leaf, so that an export proves when it was logged.
    pub fn is_stamped(&self, id: &str) -> Result<bool, AdminError> {
        let Some(leaf) = self.packet(id)?.leaf_index else {
            return Ok(false);
        };
        Ok(self
            .db
            .read_blocking(|c| stamps::stamped_checkpoint_for(c, leaf))?
            .is_some())
    }

    /// Writes the export of a packet as the folder `evidence-<id>` within `folder`.
    pub fn write_export(&self, id: &str, folder: &Path) -> Result<PathBuf, AdminError> {
        let packet = self.packet(id)?;
        let now = self.config.ambient.now();
        let material = Material::gather(
            &self.db,
            &self.keys,
            &self.origin,
            &packet,
            Some(("admin", now)),
            policy::enough(&policy::read(&self.layout)?),
            self.trust(),
        )?;
        let bag = Bag::make(&material, &packet, now)?;
        let root = folder.join(&bag.folder);
        if root.exists() {
            return Err(AdminError::InTheWay(root));
        }
        for (path, bytes) in &bag.files {
            let path = root.join(path);
            if let Some(folder) = path.parent() {
                files::make_folder(folder)?;
            }
            fs::write(&path, bytes)?;
        }
        copy_new(
            &self.blobs.path(&Sha256Digest(packet.zip_sha256)),
            &root.join(&bag.zip_path),
        )?;
        Ok(root)
    }
}

fn copy_new(from: &Path, to: &Path) -> Result<(), AdminError> {
    let mut source = File::open(from)?;
    let mut target = match File::options().write(true).create_new(true).open(to) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(AdminError::InTheWay(to.to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    io::copy(&mut source, &mut target)?;
    Ok(())
}
