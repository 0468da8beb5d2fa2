//! Looking at the vault: every row, every file, every byte.

use std::collections::BTreeSet;
use std::path::Path;

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::custody::capture_link;
use fieldseal_packet::receipt::Receipt;
use fieldseal_tlog::note::Note;
use fieldseal_vault::{OriginalError, StoreError, Vault, captures, outbox, packets};
use serde::Serialize;

use crate::site::Site;
use crate::tablet::unlocked_vault;

/// One capture.
#[derive(Debug, Serialize)]
pub struct CaptureLine {
    /// Its number.
    pub capture_seq: u64,
    /// What its row says.
    pub sha256: String,
    /// Of the bytes as they are read now; none when they were given back.
    pub bytes_sha256: Option<String>,
    /// Where it belongs.
    pub packet: String,
}

/// One sealed packet.
#[derive(Debug, Serialize)]
pub struct PacketLine {
    /// Its id.
    pub id: String,
    /// Packet digest.
    pub digest: String,
    /// Its number.
    pub device_seq: u64,
    /// Leaf that its receipt names, once the tablet has verified it.
    pub leaf: Option<u64>,
    /// sha256 of the zip that its receipt names.
    pub zip_sha256: Option<String>,
    /// Its originals were given back.
    pub reclaimed: bool,
}

/// Everything in the vault.
#[derive(Debug, Default, Serialize)]
pub struct TabletListing {
    /// By number.
    pub captures: Vec<CaptureLine>,
    /// By number.
    pub packets: Vec<PacketLine>,
    /// What is wrong with the vault by itself.
    pub problems: Vec<String>,
    /// Names in `set-aside/`.
    pub set_aside: Vec<String>,
}

/// Opens the vault with an officer's PIN and looks at everything in it.
pub fn audit_tablet(site: &Site) -> anyhow::Result<TabletListing> {
    let vault = unlocked_vault(site)?;
    let mut listing = TabletListing {
        set_aside: names(&site.tablet().join("set-aside")),
        ..TabletListing::default()
    };
    read_captures(&vault, &mut listing)?;
    read_packets(&vault, &mut listing)?;
    files(site, &vault, &mut listing)?;
    Ok(listing)
}

fn read_captures(vault: &Vault, listing: &mut TabletListing) -> anyhow::Result<()> {
    let head = vault.capture_head();
    let mut link = Sha256Digest::ZERO;
    for capture_seq in 1..=head.capture_seq {
        let row = vault.read(|c| captures::get(c, capture_seq))?;
        let Some(row) = row else {
            listing
                .problems
                .push(format!("GAP: capture {capture_seq} has no row"));
            continue;
        };
        if row.capture_prev != link {
            listing.problems.push(format!(
                "capture {capture_seq} does not follow the one before"
            ));
        }
        link = capture_link(
            capture_seq,
            row.capture_prev,
            row.sha256,
            row.context.captured_at,
        );
        let bytes_sha256 = match vault.open_original(capture_seq) {
            Ok(mut original) => match Sha256Digest::of_reader(&mut original) {
                Ok((digest, _)) => {
                    if digest != row.sha256 {
                        listing.problems.push(format!(
                            "TORN: capture {capture_seq} is not what its row says"
                        ));
                    }
                    Some(digest.to_string())
                }
                Err(error) => {
                    listing
                        .problems
                        .push(format!("TORN: capture {capture_seq}: {error}"));
                    None
                }
            },
            Err(OriginalError::Reclaimed { .. }) => None,
            Err(error) => {
                listing.problems.push(format!(
                    "capture {capture_seq} has a row and no bytes: {error}"
                ));
                None
            }
        };
        listing.captures.push(CaptureLine {
            capture_seq,
            sha256: row.sha256.to_string(),
            bytes_sha256,
            packet: row.draft.to_string(),
        });
    }
    if link != head.link {
        listing
            .problems
            .push("the chain of captures does not end at its head".to_owned());
    }
    let beyond = vault.read(|c| captures::get(c, head.capture_seq + 1))?;
    if beyond.is_some() {
        listing
            .problems
            .push("there is a row beyond the last capture".to_owned());
    }
    Ok(())
}

fn read_packets(vault: &Vault, listing: &mut TabletListing) -> anyhow::Result<()> {
    let mut sealed = vault.read(packets::list)?;
    sealed.sort_by_key(|packet| packet.device_seq);
    let jobs = vault.outbox_read(outbox::jobs)?;
    for (place, packet) in sealed.iter().enumerate() {
        if packet.device_seq != place as u64 + 1 {
            listing.problems.push(format!(
                "device sequence: {} in place {}",
                packet.device_seq,
                place + 1
            ));
        }
        let job = jobs.iter().find(|job| job.packet == packet.packet);
        let Some(job) = job else {
            listing.problems.push(format!(
                "packet {} is sealed and not in the outbox",
                packet.packet
            ));
            continue;
        };
        let receipt = match (job.verified_at, &job.receipt) {
            (Some(_), Some(bytes)) => Some(receipt(bytes).map_err(|what| {
                listing
                    .problems
                    .push(format!("packet {}: {what}", packet.packet));
            })),
            (Some(_), None) => {
                listing.problems.push(format!(
                    "packet {} is safe without a receipt",
                    packet.packet
                ));
                None
            }
            _ => None,
        };
        let receipt = receipt.and_then(Result::ok);
        if let Some(receipt) = &receipt
            && (receipt.seal_sha256 != packet.digest || receipt.packet != packet.packet)
        {
            listing
                .problems
                .push(format!("packet {} has another's receipt", packet.packet));
        }
        if job.reclaimed_at.is_some() && receipt.is_none() {
            listing.problems.push(format!(
                "packet {} was given back without a receipt",
                packet.packet
            ));
        }
        listing.packets.push(PacketLine {
            id: packet.packet.to_string(),
            digest: packet.digest.to_string(),
            device_seq: packet.device_seq,
            leaf: receipt.as_ref().map(|receipt| receipt.leaf_index),
            zip_sha256: receipt.map(|receipt| receipt.zip_sha256.to_string()),
            reclaimed: job.reclaimed_at.is_some(),
        });
    }
    for job in &jobs {
        if !sealed.iter().any(|packet| packet.packet == job.packet) {
            listing
                .problems
                .push(format!("packet {} is in the outbox alone", job.packet));
        }
    }
    Ok(())
}

fn receipt(bytes: &[u8]) -> Result<Receipt, String> {
    let note = Note::parse(bytes).map_err(|error| format!("its receipt: {error}"))?;
    Receipt::parse(&note.text).map_err(|error| format!("its receipt: {error}"))
}

/// Every segment has its row, and nothing waits that start-up should have taken in.
fn files(site: &Site, vault: &Vault, listing: &mut TabletListing) -> Result<(), StoreError> {
    let known: BTreeSet<u64> = listing
        .captures
        .iter()
        .map(|line| line.capture_seq)
        .collect();
    let present = ["inbox", "originals"].map(|folder| names(&site.tablet().join(folder)));
    for (folder, name) in present
        .iter()
        .zip(["inbox", "originals"])
        .flat_map(|(names, folder)| names.iter().map(move |name| (folder, name)))
    {
        let number = name
            .split_once('.')
            .and_then(|(number, _)| number.parse::<u64>().ok());
        match number {
            Some(seq) if known.contains(&seq) => {}
            Some(seq) => listing
                .problems
                .push(format!("capture {seq} has bytes in {folder} and no row")),
            None => listing
                .problems
                .push(format!("{folder} holds a file that start-up left")),
        }
    }
    if !matches!(vault.waiting(), Ok(0)) {
        listing
            .problems
            .push("captures still wait in the inbox after an unlock".to_owned());
    }
    Ok(())
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
