//! Sealed packets, as the screens see them: from the vault's database, the outbox and what the server said.

use fieldseal_packet::receipt::Receipt;
use fieldseal_packet::{PacketId, Sha256Digest};
use fieldseal_sync::State;
use fieldseal_tlog::note::Note;
use fieldseal_vault::packets::Packet;
use fieldseal_vault::{captures, drafts, outbox, packets, sealing};
use fieldseal_wire::console::Decision;
use rusqlite::Connection;

use crate::api::{PacketPage, PacketSummary, PacketView, RecheckView, TaskDecision, TaskView};
use crate::core::{Core, lock};
use crate::decisions;
use crate::draft::{cover, party, photo, signature, small};
use crate::problem::{Code, Problem};
use crate::session::packet_id;
use crate::timeline::Timeline;
use crate::uploads::state_word;

const PER_PAGE: usize = 50;

/// What the outbox says of one packet.
pub(crate) struct Way {
    pub state: String,
    pub state_at: Option<String>,
    pub reason: Option<String>,
    pub receipt: Option<Receipt>,
    pub verified_at: Option<String>,
    pub decisions: Vec<fieldseal_wire::device::DecisionNotice>,
}

impl Core {
    /// Where a packet is: a decision if there is one, else safe, else what the outbox does with it.
    pub fn way(&self, packet: PacketId) -> Result<Way, Problem> {
        let vault = self.vault()?;
        let (job, stored) = vault.outbox_read(|c| {
            Ok::<_, Problem>((outbox::job(c, packet)?, outbox::decisions(c, packet)?))
        })?;
        let told = decisions::read(&stored);
        let receipt = job
            .as_ref()
            .and_then(|job| job.receipt.as_deref())
            .and_then(|bytes| Note::parse(bytes).ok());
        let receipt = receipt.and_then(|note| Receipt::parse(&note.text).ok());
        let verified_at = job
            .as_ref()
            .and_then(|job| job.verified_at)
            .map(|at| at.to_string());
        let outbox = lock(&self.line.outbox);
        let here = outbox.job(packet);
        let (state, state_at, reason) = match (told.last(), &verified_at, here) {
            (Some(last), ..) => (
                decisions::word(last.decision),
                Some(last.decided_at.clone()),
                last.reason.clone(),
            ),
            (None, Some(at), _) => ("safe", Some(at.clone()), None),
            (None, None, Some(job)) => (
                state_word(job.state()),
                None,
                job.cause().map(|cause| cause.code().to_owned()),
            ),
            (None, None, None) => ("queued", None, None),
        };
        Ok(Way {
            state: state.to_owned(),
            state_at,
            reason,
            // Shown only once it was verified here.
            receipt: receipt.filter(|_| verified_at.is_some()),
            verified_at,
            decisions: told,
        })
    }

    fn summary(&self, c: &Connection, packet: &Packet) -> Result<PacketSummary, Problem> {
        let way = self.way(packet.packet)?;
        Ok(PacketSummary {
            id: packet.packet.to_string(),
            kind: packet.kind.clone(),
            title: packet.title.clone(),
            photos: u32::try_from(packet.photos).unwrap_or(u32::MAX),
            size_bytes: packet.zip_size as f64,
            sealed_at: packet.sealed_at.to_string(),
            cover: cover(&captures::of_draft(c, packet.packet)?),
            state: way.state,
            reason: way.reason,
            state_at: way.state_at,
        })
    }

    pub fn packets(&self, page: u32, filter: Option<&str>) -> Result<PacketPage, Problem> {
        self.read(|c| {
            let all = packets::list(c)?;
            let mut shown = Vec::new();
            let mut total = 0;
            let first = page as usize * PER_PAGE;
            for packet in &all {
                if let Some(filter) = filter
                    && !is_in(filter, &self.way(packet.packet)?.state)
                {
                    continue;
                }
                if (first..first.saturating_add(PER_PAGE)).contains(&total) {
                    shown.push(self.summary(c, packet)?);
                }
                total += 1;
            }
            Ok(PacketPage {
                packets: shown,
                total: small(total),
                page,
            })
        })
    }

    pub fn packet(&self, id: PacketId) -> Result<PacketView, Problem> {
        let way = self.way(id)?;
        let origin = self.identity()?.origin;
        self.read(|c| {
            let packet = packets::get(c, id)?.ok_or(Code::NotFound)?;
            let draft = drafts::get(c, id)?.ok_or(Code::NotFound)?;
            let items = captures::of_draft(c, id)?;
            let signatures = sealing::signatures(c, id)?;
            let custody = Timeline { origin: &origin, c }.of(&packet, &signatures, &way)?;
            let receipt = way.receipt.as_ref();
            Ok(PacketView {
                summary: self.summary(c, &packet)?,
                device_seq: u32::try_from(packet.device_seq).unwrap_or(u32::MAX),
                packet_digest: packet.digest.to_string(),
                photos: items
                    .iter()
                    .enumerate()
                    .map(|(n, item)| photo(item, Some(n + 1)))
                    .collect(),
                party: party(&draft),
                facts: draft.facts,
                signatures: signatures.iter().map(signature).collect(),
                custody,
                leaf_index: receipt.and_then(|receipt| u32::try_from(receipt.leaf_index).ok()),
                received_at: receipt.map(|receipt| receipt.received_at.to_string()),
                // Both bounds need timestamp tokens; without them nothing is claimed.
                sealed_after: None,
                logged_before: None,
                decisions: way.decisions.iter().map(task_decision).collect(),
                supplements: draft.supplements.map(|old| old.to_string()),
                rechecked: None,
            })
        })
    }

    /// Reads every original again.
    pub fn recheck(&self, id: &str) -> Result<PacketView, Problem> {
        let id = packet_id(id)?;
        let mut view = self.packet(id)?;
        let items = self.read(|c| Ok(captures::of_draft(c, id)?))?;
        let vault = self.open_vault()?;
        let mut differing = Vec::new();
        for (item, photo) in items.iter().zip(&mut view.photos) {
            let read = vault
                .open_original(item.capture_seq)
                .map_err(|error| Problem::because(Code::Unreadable, error));
            let equal = match read {
                Ok(mut original) => Sha256Digest::of_reader(&mut original)
                    .is_ok_and(|(digest, size)| digest == item.sha256 && size == item.size),
                Err(_) => false,
            };
            photo.rechecked = Some(equal);
            if !equal {
                differing.push(photo.capture_seq);
            }
        }
        let at = self.platform.now().to_string();
        view.rechecked = Some(RecheckView {
            at,
            equal: differing.is_empty(),
            differing,
        });
        Ok(view)
    }

    /// Packets that came back, newest first.
    pub fn tasks(&self) -> Result<Vec<TaskView>, Problem> {
        self.read(|c| {
            let mut tasks = Vec::new();
            for packet in packets::list(c)? {
                let way = self.way(packet.packet)?;
                let Some(last) = way
                    .decisions
                    .last()
                    .filter(|last| last.decision == Decision::Returned)
                else {
                    continue;
                };
                let supplement = drafts::supplementing(c, packet.packet)?.pop();
                tasks.push(TaskView {
                    packet: self.summary(c, &packet)?,
                    reason: last.reason.clone(),
                    reviewer: last.reviewer.clone(),
                    decided_at: last.decided_at.clone(),
                    supplement: supplement.map(|draft| draft.packet.to_string()),
                });
            }
            Ok(tasks)
        })
    }

    /// Returned packets without a sealed supplement, where that can be known now.
    pub fn task_count(&self) -> Option<u32> {
        self.read(|c| {
            let mut count = 0;
            for packet in packets::list(c)? {
                let stored = self
                    .vault()?
                    .outbox_read(|c| Ok::<_, Problem>(outbox::decisions(c, packet.packet)?))?;
                let returned = decisions::latest(&stored)
                    .is_some_and(|last| last.decision == Decision::Returned);
                let sealed = |draft: &drafts::Draft| draft.stage == drafts::Stage::Sealed;
                if returned && !drafts::supplementing(c, packet.packet)?.iter().any(sealed) {
                    count += 1;
                }
            }
            Ok(count)
        })
        .ok()
    }
}

/// Whether a list's filter takes a state: the state itself, or `unsafe` and `decided` for groups of them.
fn is_in(filter: &str, state: &str) -> bool {
    match filter {
        "unsafe" => matches!(state, "queued" | "uploading" | "received" | "wedged"),
        "decided" => matches!(state, "accepted" | "returned" | "refused" | "legal-review"),
        filter => filter == state,
    }
}

fn task_decision(notice: &fieldseal_wire::device::DecisionNotice) -> TaskDecision {
    TaskDecision {
        decision: decisions::word(notice.decision).to_owned(),
        reason: notice.reason.clone(),
        reviewer: notice.reviewer.clone(),
        decided_at: notice.decided_at.clone(),
    }
}

/// For lists that must also be there while the vault is locked.
pub(crate) fn summary_of_job(
    job: &outbox::Job,
    state: State,
    way: Option<&Way>,
    locked: bool,
) -> PacketSummary {
    PacketSummary {
        id: job.packet.to_string(),
        kind: job.kind.clone(),
        // An address is for who may look.
        title: job.title.clone().filter(|_| !locked),
        photos: u32::try_from(job.photos).unwrap_or(u32::MAX),
        size_bytes: job.zip_size as f64,
        sealed_at: job.sealed_at.to_string(),
        cover: None,
        state: way.map_or_else(|| state_word(state).to_owned(), |way| way.state.clone()),
        reason: way.and_then(|way| way.reason.clone()),
        state_at: way.and_then(|way| way.state_at.clone()),
    }
}
