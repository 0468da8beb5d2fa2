//! Packets and exports, as files.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use fieldseal_packet::{KeyName, Sha256Digest};

use super::{Admin, AdminError};
use crate::ambient::Millis;
use crate::erasure::Erasure;
use crate::export::bulk::{self, Order, Outcome};
use crate::export::redacted::{Redaction, Redactions};
use crate::export::report::{Extent, Occasion};
use crate::export::stock::Stock;
use crate::files;
use crate::review::preview::Previews;
use crate::store::packets::{self, PacketRow};
use crate::store::{StoreError, devices, stamps};
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

    /// Erases a packet's bytes by rule, and logs a tombstone. Gives how many files went.
    pub fn erase_packet(&self, id: &str, reason: &str) -> Result<usize, AdminError> {
        let packet = self.packet(id)?;
        let erasure = Erasure {
            db: &self.db,
            keys: &self.keys,
            origin: &self.origin,
            blobs: &self.blobs,
            layout: &self.layout,
            by: "admin",
        };
        Ok(erasure.erase(&packet, reason, self.config.ambient.now())?)
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

    /// Whether the packet's findings are those of its receipt, proofs and timestamps as they are now.
    pub fn is_looked_at(&self, id: &str) -> Result<bool, AdminError> {
        let packet = self.packet(id)?;
        Ok(self
            .db
            .read_blocking(|c| packets::is_judged(c, &packet.seal_sha256))?)
    }

    /// Whether a heartbeat of this tablet that names this capture is under a stamped checkpoint, so that an export proves by when the photo was there.
    pub fn is_bounded(&self, tablet: &str, capture_seq: u64) -> Result<bool, AdminError> {
        let device = KeyName::device(&self.origin, tablet);
        Ok(self.db.read_blocking(|c| {
            let beats = devices::beats(c, &device, &[(capture_seq, capture_seq)], 1)?;
            let stamped = beats
                .first()
                .map(|leaf| stamps::stamped_checkpoint_for(c, *leaf))
                .transpose()?;
            Ok::<_, StoreError>(stamped.flatten().is_some())
        })?)
    }

    /// Writes the export of a packet as the folder `evidence-<id>` within `folder`, with a report by the setting.
    pub fn write_export(&self, id: &str, folder: &Path) -> Result<PathBuf, AdminError> {
        self.write_export_in(id, folder, self.config.report)
    }

    /// As [`Admin::write_export`], with a report in this language, if any, or of this extent.
    pub fn write_export_in(
        &self,
        id: &str,
        folder: &Path,
        extent: impl Into<Extent>,
    ) -> Result<PathBuf, AdminError> {
        self.write_export_redacted(id, folder, extent, &Redaction::default())
    }

    /// The same, with redacted copies of photos.
    pub fn write_export_redacted(
        &self,
        id: &str,
        folder: &Path,
        extent: impl Into<Extent>,
        redaction: &Redaction,
    ) -> Result<PathBuf, AdminError> {
        let packet = self.packet(id)?;
        let root = folder.join(format!("evidence-{}", packet.slug));
        if root.exists() {
            return Err(AdminError::InTheWay(root));
        }
        let occasion = Occasion {
            actor: "admin",
            at: self.config.ambient.now(),
        };
        let previews = self.previews();
        let (bag, _) =
            self.stock(&previews)?
                .export_redacted(&packet, occasion, extent.into(), redaction)?;
        let zip = self.blobs.path(&Sha256Digest(packet.zip_sha256));
        bulk::write_folder(&bag, &zip, &root)?;
        Ok(root)
    }

    fn previews(&self) -> Previews {
        Previews::new(self.layout.previews(), self.config.decoder.clone())
    }

    fn stock<'a>(&'a self, previews: &'a Previews) -> Result<Stock<'a>, AdminError> {
        Ok(Stock {
            db: &self.db,
            keys: &self.keys,
            origin: &self.origin,
            trust: self.trust(),
            witnesses: policy::enough(&policy::read(&self.layout)?),
            blobs: &self.blobs,
            previews,
            fonts: &self.config.report_fonts,
            sidecars: self.config.sidecars.as_deref(),
        })
    }

    /// What the packets that were received in this time are called, oldest first; [`bulk::MOST`] at most.
    pub fn packets_received(
        &self,
        since: Millis,
        before: Millis,
    ) -> Result<Vec<String>, AdminError> {
        Ok(self
            .db
            .read_blocking(|c| packets::slugs_received(c, since, before, bulk::MOST))?)
    }

    /// Writes many exports into `to`: folders, or one zip if its name ends in `.zip`. `told` hears of each packet.
    pub fn write_exports(
        &self,
        ids: &[String],
        to: &Path,
        extent: impl Into<Extent>,
        told: impl FnMut(&str, Outcome),
    ) -> Result<(), AdminError> {
        self.write_exports_redacted(ids, to, extent, &Redactions::default(), told)
    }

    /// The same, with redacted copies of photos. A redaction of a packet that is not asked for is an error before anything is written.
    pub fn write_exports_redacted(
        &self,
        ids: &[String],
        to: &Path,
        extent: impl Into<Extent>,
        redactions: &Redactions,
        told: impl FnMut(&str, Outcome),
    ) -> Result<(), AdminError> {
        if redactions.beyond(ids).is_some() {
            return Err(AdminError::Unknown("packet among those to be exported"));
        }
        let previews = self.previews();
        let stock = self.stock(&previews)?;
        let now = || self.config.ambient.now();
        let order = Order {
            actor: "admin",
            extent: extent.into(),
            redactions,
            now: &now,
        };
        if to.extension().is_none_or(|extension| extension != "zip") {
            return Ok(bulk::folders(&stock, &order, ids, to, told)?);
        }
        if to.exists() {
            return Err(AdminError::InTheWay(to.to_owned()));
        }
        // Under its name only when it is whole.
        let mut partial = to.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let mut out = io::BufWriter::with_capacity(256 << 10, File::create(&partial)?);
        bulk::zip(&stock, &order, ids, &mut out, told)?;
        out.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        Ok(files::publish(&partial, to)?)
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
