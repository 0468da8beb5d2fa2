//! Sealed packets, as the screens see them: from the vault's database, the outbox and what the server said.

use fieldseal_packet::PacketId;
use fieldseal_packet::receipt::Receipt;
use fieldseal_packet::record::VOID_KIND;
use fieldseal_sync::State;
use fieldseal_tlog::note::Note;
use fieldseal_vault::outbox::Filter;
use fieldseal_vault::sealing::Source;
use fieldseal_vault::{captures, drafts, outbox, packets, sealing};
use fieldseal_wire::console::Decision;
use rusqlite::Connection;

use crate::api::{PacketPage, PacketSummary, PacketView, TaskDecision, TaskView};
use crate::core::{Core, lock};
use crate::decisions;
use crate::draft::{party, photo, signature, small};
use crate::problem::{Code, Problem};
use crate::stamped;
use crate::timeline::Timeline;
use crate::uploads::state_word;

const PER_PAGE: usize = 50;
/// Packets that came back, in one list.
const MOST_TASKS: u32 = 500;

/// What the outbox says of one packet.
pub(crate) struct Way {
    pub state: String,
    pub state_at: Option<String>,
    pub reason: Option<String>,
    pub receipt: Option<Receipt>,
    pub verified_at: Option<String>,
    pub reclaimed_at: Option<String>,
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
        let reclaimed_at = job
            .as_ref()
            .and_then(|job| job.reclaimed_at)
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
            reclaimed_at,
            decisions: told,
        })
    }

    fn summary(&self, c: &Connection, job: &outbox::Job) -> Result<PacketSummary, Problem> {
        let way = self.way(job.packet)?;
        let mut summary = summary_of_job(job, State::Queued, Some(&way), false);
        summary.cover = cover_of(c, job.packet)?;
        Ok(summary)
    }

    /// A page of packets, newest first. The filter is a group (`unsafe`, `decided`), a decision, `safe`, or what the outbox
    /// does with a packet now.
    pub fn packets(&self, page: u32, filter: Option<&str>) -> Result<PacketPage, Problem> {
        let vault = self.open_vault()?;
        let listed = match filter {
            None => Filter::All,
            Some("unsafe") => Filter::Unsafe,
            Some("safe") => Filter::Safe,
            Some("decided") => Filter::Decided,
            Some(word @ ("accepted" | "returned" | "refused" | "legal-review")) => {
                Filter::Decision(word)
            }
            Some(state) => return self.packets_in_state(page, state),
        };
        let (jobs, total) = vault
            .outbox_read(|c| Ok::<_, Problem>(outbox::page(c, listed, page, small(PER_PAGE))?))?;
        self.page_of(page, &jobs, usize::try_from(total).unwrap_or(usize::MAX))
    }

    /// States that the outbox alone knows: few packets have one.
    fn packets_in_state(&self, page: u32, state: &str) -> Result<PacketPage, Problem> {
        let vault = self.vault()?;
        let mut ids = vault.outbox_read(|c| Ok::<_, Problem>(outbox::unsafe_ids(c)?))?;
        {
            let outbox = lock(&self.line.outbox);
            ids.retain(|id| {
                let here = outbox.job(*id).map(fieldseal_sync::Job::state);
                state_word(here.unwrap_or(State::Queued)) == state
            });
        }
        let first = (page as usize).saturating_mul(PER_PAGE).min(ids.len());
        let last = first.saturating_add(PER_PAGE).min(ids.len());
        let shown = ids.get(first..last).unwrap_or_default();
        let jobs = vault.outbox_read(|c| {
            let jobs = shown.iter().map(|id| outbox::job(c, *id));
            Ok::<_, Problem>(
                jobs.filter_map(Result::transpose)
                    .collect::<Result<Vec<_>, _>>()?,
            )
        })?;
        self.page_of(page, &jobs, ids.len())
    }

    fn page_of(
        &self,
        page: u32,
        jobs: &[outbox::Job],
        total: usize,
    ) -> Result<PacketPage, Problem> {
        let packets = self.read(|c| {
            jobs.iter()
                .map(|job| self.summary(c, job))
                .collect::<Result<Vec<_>, _>>()
        })?;
        Ok(PacketPage {
            packets,
            total: small(total),
            page,
        })
    }

    pub fn packet(&self, id: PacketId) -> Result<PacketView, Problem> {
        let way = self.way(id)?;
        let job = self
            .vault()?
            .outbox_read(|c| Ok::<_, Problem>(outbox::job(c, id)?))?
            .ok_or(Code::NotFound)?;
        let identity = self.identity()?;
        let origin = identity.origin.clone();
        // Both bounds need timestamp tokens; without them nothing is claimed.
        let entries = self
            .vault()?
            .outbox_read(|c| Ok::<_, Problem>(outbox::entries(c, id)?))?;
        let files = entries.iter().filter_map(|entry| match &entry.source {
            Source::Inline(bytes) => Some((entry.path.as_str(), bytes.as_slice())),
            _ => None,
        });
        let sealed_after = stamped::sealed_after(&identity, files);
        let logged_before = stamped::logged_before(self, id)?;
        self.read(|c| {
            let packet = packets::get(c, id)?.ok_or(Code::NotFound)?;
            let draft = drafts::get(c, id)?.ok_or(Code::NotFound)?;
            let items = captures::of_draft(c, id)?;
            let signatures = sealing::signatures(c, id)?;
            let custody = Timeline { origin: &origin, c }.of(&packet, &signatures, &way)?;
            let receipt = way.receipt.as_ref();
            let current = self.form(&draft.kind).ok();
            let form = self.draft_form(c, &draft).ok();
            let another =
                form.filter(|form| current.is_none_or(|known| known.sha256 != form.sha256));
            Ok(PacketView {
                summary: self.summary(c, &job)?,
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
                sealed_after,
                logged_before,
                decisions: way.decisions.iter().map(task_decision).collect(),
                supplements: draft.supplements.map(|old| old.to_string()),
                rechecked: None,
                form: another.map(|known| crate::forms::view(&known, &self.platform.today())),
            })
        })
    }

    fn returned(&self) -> Result<Vec<outbox::Job>, Problem> {
        let returned = Filter::Decision("returned");
        let (jobs, _) = self
            .vault()?
            .outbox_read(|c| Ok::<_, Problem>(outbox::page(c, returned, 0, MOST_TASKS)?))?;
        Ok(jobs)
    }

    /// Where the newest supplement of a packet is: its id, and its draft's stage or its packet's state.
    fn supplement_of(
        &self,
        c: &Connection,
        packet: PacketId,
    ) -> Result<Option<(String, String)>, Problem> {
        let Some(draft) = supplements(c, packet)?.pop() else {
            return Ok(None);
        };
        let state = match draft.stage {
            drafts::Stage::Sealed => self.way(draft.packet)?.state,
            stage => stage.as_str().to_owned(),
        };
        Ok(Some((draft.packet.to_string(), state)))
    }

    /// Packets that came back: those that wait for an answer first, by the day it is due, then the newest.
    pub fn tasks(&self) -> Result<Vec<TaskView>, Problem> {
        let jobs = self.returned()?;
        self.read(|c| {
            let mut tasks = Vec::new();
            for job in &jobs {
                let way = self.way(job.packet)?;
                let Some(last) = way
                    .decisions
                    .last()
                    .filter(|last| last.decision == Decision::Returned)
                else {
                    continue;
                };
                let supplement = self.supplement_of(c, job.packet)?;
                let (supplement, supplement_state) = supplement.unzip();
                tasks.push(TaskView {
                    packet: self.summary(c, job)?,
                    reason: last.reason.clone(),
                    reviewer: last.reviewer.clone(),
                    decided_at: last.decided_at.clone(),
                    answer_by: last.answer_by.clone(),
                    supplement,
                    supplement_state,
                });
            }
            tasks.sort_by_key(in_order);
            Ok(tasks)
        })
    }

    /// Returned packets without a sealed supplement, where that can be known now.
    pub fn task_count(&self) -> Option<u32> {
        let jobs = self.returned().ok()?;
        self.read(|c| {
            let sealed = |draft: &drafts::Draft| draft.stage == drafts::Stage::Sealed;
            let mut count = 0;
            for job in &jobs {
                count += u32::from(!supplements(c, job.packet)?.iter().any(sealed));
            }
            Ok(count)
        })
        .ok()
    }
}

/// Supplements of a packet, oldest first; one that was given up answers nothing.
fn supplements(c: &Connection, packet: PacketId) -> Result<Vec<drafts::Draft>, Problem> {
    let mut found = Vec::new();
    for draft in drafts::supplementing(c, packet)? {
        let sealed = packets::get(c, draft.packet)?;
        if sealed.is_none_or(|sealed| sealed.kind != VOID_KIND) {
            found.push(draft);
        }
    }
    Ok(found)
}

/// Answered ones last; among the others the day that is next, then those without one.
fn in_order(task: &TaskView) -> (bool, bool, Option<String>) {
    let answered = task
        .supplement_state
        .as_deref()
        .is_some_and(|state| !matches!(state, "open" | "closed"));
    (answered, task.answer_by.is_none(), task.answer_by.clone())
}

/// The number of the picture that a list shows of a packet.
pub(crate) fn cover_of(c: &Connection, packet: PacketId) -> Result<Option<u32>, Problem> {
    Ok(captures::cover(c, packet)?.map(|n| u32::try_from(n).unwrap_or(u32::MAX)))
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
        reclaimed_at: job.reclaimed_at.map(|at| at.to_string()),
    }
}
