//! From the officers' database to the outbox, and back. A packet is sealed when the officers' database says so; handing
//! it over copies it, with the key of each original, to the database that stays open while locked. Both directions are
//! idempotent, one transaction a packet, and are replayed: after a crash between the two databases the next unlock
//! hands over what is missing, and after the loss of either one the other gives back what it knows.

use crate::db::{Database, StoreError};
use crate::folder::Folder;
use crate::keys::Secret;
use crate::segment::SegmentFile;
use crate::store::custody;
use crate::store::drafts::{self, NewDraft, Stage};
use crate::store::outbox::{self, Handover, Job, Upload};
use crate::store::packets::{self, Packet};
use crate::store::sealing::{self, PacketRow, Sealing, Source};
use crate::store::sequence;
use crate::vault::{Vault, hold};
use fieldseal_packet::PacketId;

/// Code of an upload that waits because an original can't be opened.
pub const CAUSE_DAMAGED: &str = "original-damaged";

impl Vault {
    /// Puts every sealed packet that is not there yet into the outbox. Call it after sealing and after unlocking; only
    /// then show a packet as sealed. Gives the packets handed over now. One whose original can't be opened is handed
    /// over as `wedged`, cause [`CAUSE_DAMAGED`].
    pub fn hand_over(&self) -> Result<Vec<PacketId>, StoreError> {
        self.watched(|| self.hand_all_over())
    }

    fn hand_all_over(&self) -> Result<Vec<PacketId>, StoreError> {
        let open = hold(&self.open);
        let open = open.as_ref().ok_or(StoreError::Locked)?;
        let mut outbox = hold(&self.outbox);
        let outbox = &mut outbox.as_mut().ok_or(StoreError::Locked)?.database;
        let handed_over = sequence::not_in(open.database.connection(), outbox.connection())?;
        for packet in &handed_over {
            let packet =
                packets::get(open.database.connection(), *packet)?.ok_or(StoreError::NotFound)?;
            let handover = prepare(&open.database, &self.folder, &open.private, &packet)?;
            outbox.write(|tx| outbox::insert(tx, &handover))?;
        }
        Ok(handed_over)
    }
}

fn prepare(
    database: &Database,
    folder: &Folder,
    private: &Secret,
    packet: &Packet,
) -> Result<Handover, StoreError> {
    let data_key = |capture_seq| {
        let segment = SegmentFile::open(&folder.segment(capture_seq)?).ok()?;
        segment.data_key(private).ok()
    };
    let mut upload = Upload::queued();
    let mut entries = Vec::new();
    for entry in packets::plan(database.connection(), packet.packet)? {
        let key = match entry.source {
            Source::Inline(_) => None,
            Source::Segment(capture_seq) => {
                let key = data_key(capture_seq);
                if key.is_none() {
                    upload.state = "wedged".to_owned();
                    upload.cause = Some(CAUSE_DAMAGED.to_owned());
                }
                key
            }
        };
        entries.push((entry, key));
    }
    let job = Job {
        packet: packet.packet,
        digest: packet.digest,
        device_seq: packet.device_seq,
        kind: packet.kind.clone(),
        title: packet.title.clone(),
        photos: packet.photos,
        zip_size: packet.zip_size,
        sealed_at: packet.sealed_at,
        upload,
        receipt: None,
        proof: None,
        verified_at: None,
        reclaimed_at: None,
        zip_sha256: None,
        deadline: None,
        decision: None,
    };
    Ok(Handover {
        job,
        seal: packet.seal.clone(),
        entries,
    })
}

/// Gives a rebuilt database back the packets that the outbox knows; says how many.
pub(crate) fn take_back(database: &mut Database, outbox: &Database) -> Result<usize, StoreError> {
    let missing = sequence::not_in(outbox.connection(), database.connection())?;
    for packet in &missing {
        let job = outbox::job(outbox.connection(), *packet)?.ok_or(StoreError::NotFound)?;
        let sealing = Sealing {
            seal: outbox::seal(outbox.connection(), job.packet)?.ok_or(StoreError::NotFound)?,
            sealed_at: job.sealed_at,
            title: job.title.clone(),
            kind: Some(job.kind.clone()),
            plan: outbox::entries(outbox.connection(), job.packet)?,
            zip_size: job.zip_size,
        };
        database.write(|tx| {
            let draft = NewDraft {
                packet: job.packet,
                kind: job.kind.clone(),
                opened_at: job.sealed_at,
                supplements: None,
            };
            if drafts::get(tx, job.packet)?.is_none() {
                drafts::insert(tx, &draft, Stage::Sealed, true)?;
            } else {
                drafts::mark_sealed(tx, job.packet)?;
            }
            let row = PacketRow {
                packet: job.packet,
                device_seq: job.device_seq,
                digest: job.digest,
                kind: &job.kind,
                photos: job.photos,
                sealing: &sealing,
            };
            sealing::insert_packet(tx, &row)?;
            restore_custody(tx, job.packet, &sealing)
        })?;
    }
    Ok(missing.len())
}

/// The sealed custody log is in the packet: its lines come back from there.
fn restore_custody(
    tx: &rusqlite::Transaction<'_>,
    packet: PacketId,
    sealing: &Sealing,
) -> Result<(), StoreError> {
    let log = sealing.plan.iter().find_map(|entry| match &entry.source {
        Source::Inline(bytes) if entry.path.ends_with("/data/custody.log") => Some(bytes),
        _ => None,
    });
    if custody::head(tx, packet)?.n > 0 {
        return Ok(());
    }
    for (n, line) in log
        .into_iter()
        .flat_map(|log| log.split_inclusive(|byte| *byte == b'\n'))
        .enumerate()
    {
        custody::append(tx, packet, n as u64 + 1, line)?;
    }
    Ok(())
}
