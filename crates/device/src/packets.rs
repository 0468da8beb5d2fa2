//! Sealed packets, as the screens see them: from the vault's database, the outbox and what the server said.

use fieldseal_packet::custody::{self as log, Head};
use fieldseal_packet::receipt::Receipt;
use fieldseal_packet::{KeyName, KeyRole, PacketId, Sha256Digest};
use fieldseal_sync::State;
use fieldseal_tlog::note::Note;
use fieldseal_vault::packets::Packet;
use fieldseal_vault::{captures, custody, drafts, officers, outbox, packets, sealing};
use fieldseal_wire::console::Decision;
use rusqlite::Connection;
use serde_json::Value;

use crate::api::{
    CustodyView, PacketPage, PacketSummary, PacketView, RecheckView, TaskDecision, TaskView,
};
use crate::core::{Core, lock};
use crate::decisions;
use crate::draft::{cover, party, photo, signature, small};
use crate::problem::{Code, Problem};
use crate::session::packet_id;
use crate::uploads::state_word;

const PER_PAGE: usize = 50;
/// Longest value of a custody line that a screen gets.
const MAX_PARAM: usize = 200;

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

/// The custody timeline: the tablet's log to the seal, then what this tablet knows of afterwards.
struct Timeline<'a> {
    origin: &'a str,
    c: &'a Connection,
}

impl Timeline<'_> {
    fn of(
        &self,
        packet: &Packet,
        signatures: &[sealing::Signature],
        way: &Way,
    ) -> Result<Vec<CustodyView>, Problem> {
        let bytes = custody::lines(self.c, packet.packet)?.concat();
        let (lines, _) = log::read(&bytes, Head::START);
        let mut views = Vec::with_capacity(lines.len() + signatures.len() + 4);
        for line in lines {
            let actor = match &line.meta.actor {
                Some(key) => self.name(key)?,
                None => Some("device".to_owned()),
            };
            let params = line
                .fields
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), param(value)?)))
                .collect();
            views.push(view(&line.meta.at.to_string(), &line.event, actor, params));
        }
        for made in signatures {
            views.push(view(
                &made.at.to_string(),
                "signed",
                self.name(&made.key_name)?,
                Default::default(),
            ));
        }
        let mut sealed = view(
            &packet.sealed_at.to_string(),
            "sealed",
            Some("device".to_owned()),
            Default::default(),
        );
        sealed
            .params
            .insert("digest".to_owned(), packet.digest.to_string());
        views.push(sealed);
        views.extend(self.after(way));
        Ok(views)
    }

    fn after(&self, way: &Way) -> Vec<CustodyView> {
        let server = || Some("server".to_owned());
        let step = |at: Option<String>, event: &str, actor| CustodyView {
            pending: at.is_none(),
            after_seal: true,
            ..view(&at.unwrap_or_default(), event, actor, Default::default())
        };
        let received_at = way
            .receipt
            .as_ref()
            .map(|receipt| receipt.received_at.to_string());
        let mut steps = vec![
            step(received_at.clone(), "received", server()),
            step(received_at, "logged", server()),
            step(way.verified_at.clone(), "safe", Some("device".to_owned())),
        ];
        if let (Some(receipt), Some(logged)) = (&way.receipt, steps.get_mut(1)) {
            logged
                .params
                .insert("leaf_index".to_owned(), receipt.leaf_index.to_string());
        }
        for notice in &way.decisions {
            let actor = notice.reviewer.clone().or_else(server);
            let mut decided = step(
                Some(notice.decided_at.clone()),
                decisions::word(notice.decision),
                actor,
            );
            decided.params.extend(
                notice
                    .reason
                    .clone()
                    .map(|reason| ("reason".to_owned(), reason)),
            );
            steps.push(decided);
        }
        if way.decisions.is_empty() {
            steps.push(step(None, "reviewed", server()));
        }
        steps
    }

    /// An officer's name by the key; the device is `device`.
    fn name(&self, key: &str) -> Result<Option<String>, Problem> {
        let Ok(name) = KeyName::parse(self.origin, key) else {
            return Ok(None);
        };
        Ok(match (name.role, name.id) {
            (KeyRole::Officer, Some(id)) => officers::get(self.c, &id)?
                .map(|officer| officer.name)
                .or(Some(id)),
            (KeyRole::Device, _) => Some("device".to_owned()),
            _ => None,
        })
    }
}

fn view(
    at: &str,
    event: &str,
    actor: Option<String>,
    params: std::collections::BTreeMap<String, String>,
) -> CustodyView {
    CustodyView {
        at: at.to_owned(),
        event: event.to_owned(),
        actor,
        params,
        after_seal: false,
        pending: false,
    }
}

/// Plain values only; what is nested stays in the log.
fn param(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Array(values) => values
            .iter()
            .filter_map(param)
            .collect::<Vec<_>>()
            .join(", "),
        Value::Null | Value::Object(_) => return None,
    };
    Some(text.chars().take(MAX_PARAM).collect())
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
