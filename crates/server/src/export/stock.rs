//! What exports are made of: the parts of a running server, or of a data folder that an administrator has opened. The console's export, the command line's and
//! the bulk export all come from here, so that they are the same.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::bag::CMS;
use fieldseal_packet::custody::Event;
use fieldseal_packet::verify::{Source as _, ZipSource};
use fieldseal_packet::zipread::ReadAt;
use fieldseal_report::{Fonts, Language};

use super::children::{self, Child};
use super::redacted::{self, Redaction};
use super::report::{self, Extent, Occasion, ReportFile};
use super::sidecars::{self, SidecarMaker};
use super::{Bag, ExportError, Material};
use crate::blobs::{Blobs as _, FileBlobs};
use crate::review::preview::Previews;
use crate::signing::ServerKeys;
use crate::store::Db;
use crate::store::packets::PacketRow;

/// An export's files, and the packet itself as a file.
pub type Made = (Bag, Box<dyn ReadAt + Send>);

/// Borrowed from whoever has it.
#[derive(Clone, Copy)]
pub struct Stock<'a> {
    /// The database.
    pub db: &'a Db,
    /// The server's keys.
    pub keys: &'a ServerKeys,
    /// `<origin>`.
    pub origin: &'a str,
    /// The trust file.
    pub trust: &'a str,
    /// How many cosignatures it asks for.
    pub witnesses: u32,
    /// Packet zips.
    pub blobs: &'a FileBlobs,
    /// Small pictures.
    pub previews: &'a Previews,
    /// The report's.
    pub fonts: &'a Fonts,
    /// Makes C2PA sidecars, where the deployment asks for them.
    pub sidecars: Option<&'a dyn SidecarMaker>,
}

impl Stock<'_> {
    /// Makes a packet's export, with redacted copies of photos beside the packet. Written into custody and audit before anything is handed out.
    pub fn export_redacted(
        &self,
        packet: &PacketRow,
        occasion: Occasion<'_>,
        extent: Extent,
        redaction: &Redaction,
    ) -> Result<Made, ExportError> {
        let gather = |by, events: &[Event]| {
            Material::gather(
                self.db,
                self.keys,
                self.origin,
                packet,
                by,
                events,
                self.witnesses,
                self.trust,
            )
        };
        let file = match self.blobs.open(&Sha256Digest(packet.zip_sha256)) {
            Ok(file) => file,
            // Nothing is handed out, so nothing is written down; the database may know why the bytes are not here.
            Err(error) => {
                gather(None, &[])?;
                return Err(error.into());
            }
        };
        // Not for a packet that can't be exported: decoding takes its time.
        let mut children = if extent.stamped && packet.receipt.is_some() {
            let language = extent.report.unwrap_or(Language::Zh);
            children::stamped(self, packet, &*file, occasion, language)?
        } else {
            Vec::new()
        };
        if packet.receipt.is_some() {
            children.extend(redacted::redacted(
                self, packet, &*file, occasion, redaction,
            )?);
        }
        let made: Vec<Event> = children.iter().map(Child::event).collect();
        let mut material = gather(Some((occasion.actor, occasion.at)), &made)?;
        material.children = children;
        // A packet that does not read as one has none: whoever verifies says so.
        material.cms = ZipSource::open(&*file)
            .is_ok_and(|zip| zip.files().iter().any(|(path, _)| path == CMS));
        if let Some(language) = extent.report {
            material.report = report::make(self, packet, &material, &*file, occasion, language)?
                .map_or(ReportFile::NotMade, ReportFile::Made);
        }
        if let Some(maker) = self.sidecars {
            material.sidecars = sidecars::make(maker, self.origin, packet, &*file, occasion.at);
        }
        Ok((Bag::make(&material, packet, occasion.at)?, file))
    }
}
