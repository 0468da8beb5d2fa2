//! Drafts: opening, describing, voiding, the party; and how a screen sees them. Each change is one transaction with its
//! custody line, saved before it answers.

use fieldseal_packet::custody::Event;
use fieldseal_packet::form::Form;
use fieldseal_packet::{PacketId, Timestamp};
use fieldseal_vault::captures::Capture;
use fieldseal_vault::{captures, custody, drafts, packets, sealing};
use rusqlite::{Connection, Transaction};
use serde_json::{Map, Value};

use crate::api::{DraftSummary, DraftView, PartyInput, PhotoFix, PhotoView, SignatureView};
use crate::core::{Core, lock};
use crate::drawing::is_drawing;
use crate::forms;
use crate::problem::{Code, Problem};
use crate::session::packet_id;
use crate::stamped;

/// Most characters of a reason or a note.
const MAX_WORDS: usize = 1000;

impl Core {
    pub fn draft_open(&self, kind: &str, supplements: Option<&str>) -> Result<DraftView, Problem> {
        let form = self.offered_form(kind)?;
        if self.retired_at().is_some() {
            return Err(Code::Retired.into());
        }
        let id = self.new_packet_id()?;
        let meta = self.meta();
        let supplements = supplements.map(packet_id).transpose()?;
        self.write(|tx| {
            let mut facts = Map::new();
            if let Some(old) = supplements {
                packets::get(tx, old)?.ok_or(Code::NotFound)?;
                let old = drafts::get(tx, old)?.map(|old| old.facts);
                facts = same_place(&form.form, &old.unwrap_or_default());
            }
            let new = drafts::NewDraft {
                packet: id,
                kind: kind.to_owned(),
                opened_at: meta.at,
                supplements,
            };
            drafts::open(tx, &new)?;
            drafts::set_form(tx, id, &form.bytes)?;
            let opened = Event::Opened {
                packet: id,
                kind: kind.to_owned(),
                supplements,
            };
            custody::write(tx, id, &meta, &opened)?;
            if !facts.is_empty() {
                drafts::set_facts(tx, id, &facts)?;
                let fields = facts.keys().cloned().collect();
                custody::write(tx, id, &meta, &Event::Described { fields })?;
            }
            Ok(())
        })?;
        self.refresh_counts();
        self.draft(id)
    }

    /// Changes an open draft and writes the custody line that tells of it.
    fn change(
        &self,
        id: &str,
        change: impl FnOnce(&Transaction<'_>, &drafts::Draft) -> Result<Option<Event>, Problem>,
    ) -> Result<DraftView, Problem> {
        let id = packet_id(id)?;
        let desk = lock(&self.desk);
        let meta = self.meta();
        self.write(|tx| {
            let draft = open_draft(tx, id)?;
            if let Some(event) = change(tx, &draft)? {
                custody::write(tx, id, &meta, &event)?;
            }
            Ok(())
        })?;
        drop(desk);
        self.draft(id)
    }

    pub fn draft_kind(&self, id: &str, kind: &str) -> Result<DraftView, Problem> {
        let form = self.offered_form(kind)?;
        self.change(id, |tx, draft| {
            if draft.kind == kind {
                return Ok(None);
            }
            drafts::set_kind(tx, draft.packet, kind)?;
            drafts::set_form(tx, draft.packet, &form.bytes)?;
            Ok(Some(Event::KindChanged {
                kind: kind.to_owned(),
            }))
        })
    }

    pub fn describe(&self, id: &str, changes: &Map<String, Value>) -> Result<DraftView, Problem> {
        self.change(id, |tx, draft| {
            let form = &self.draft_form(tx, draft)?.form;
            let mut facts = draft.facts.clone();
            let mut fields = Vec::new();
            for (field, value) in changes {
                // What another kind's form described stays until it is cleared.
                if !(value.is_null() && facts.contains_key(field)) {
                    forms::check_fact(form, field, value)?;
                }
                let same = facts.get(field).unwrap_or(&Value::Null) == value;
                if same {
                    continue;
                }
                fields.push(field.clone());
                if value.is_null() {
                    facts.remove(field);
                } else {
                    facts.insert(field.clone(), value.clone());
                }
            }
            if fields.is_empty() {
                return Ok(None);
            }
            drafts::set_facts(tx, draft.packet, &facts)?;
            Ok(Some(Event::Described { fields }))
        })
    }

    pub fn set_shot(
        &self,
        id: &str,
        capture_seq: u64,
        shot: Option<&str>,
    ) -> Result<DraftView, Problem> {
        self.change(id, |tx, draft| {
            let capture = own_capture(tx, draft.packet, capture_seq)?;
            let known = self
                .draft_form(tx, draft)?
                .form
                .shots
                .iter()
                .any(|known| Some(known.id.as_str()) == shot);
            if shot.is_some() && !known {
                return Err(Problem::from(Code::FactNotAllowed).with("field", "shot"));
            }
            if capture.shot.as_deref() == shot {
                return Ok(None);
            }
            captures::set_shot(tx, capture_seq, shot)?;
            Ok(Some(Event::Shot {
                capture_seq,
                shot: shot.map(str::to_owned),
            }))
        })
    }

    pub fn void(&self, id: &str, capture_seq: u64, reason: &str) -> Result<DraftView, Problem> {
        let reason = words(reason)?;
        self.change(id, |tx, draft| {
            let capture = own_capture(tx, draft.packet, capture_seq)?;
            if capture.voided.is_some() {
                return Err(Code::AlreadyVoided.into());
            }
            captures::void(tx, capture_seq, &reason, self.platform.now())?;
            Ok(Some(Event::Voided {
                capture_seq,
                reason,
            }))
        })
    }

    pub fn set_party(&self, id: &str, party: &PartyInput) -> Result<DraftView, Problem> {
        if !matches!(
            party.presence.as_str(),
            "present" | "absent" | "refused" | "unknown"
        ) {
            return Err(Problem::from(Code::FactNotAllowed).with("field", "party"));
        }
        let text = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(words)
        };
        let party = PartyInput {
            presence: party.presence.clone(),
            name: text(&party.name).transpose()?,
            note: text(&party.note).transpose()?,
        };
        let stored = serde_json::to_value(&party)
            .map_err(|error| Problem::because(Code::Internal, error))?;
        self.settle();
        self.change(id, |tx, draft| {
            if draft.party.as_ref() == Some(&stored) {
                return Ok(None);
            }
            drafts::set_party(tx, draft.packet, Some(&stored))?;
            Ok(Some(Event::Party {
                presence: party.presence,
                note: party.note,
            }))
        })?;
        let id = packet_id(id)?;
        // Who is recorded as absent or as refusing has signed nothing.
        self.one_drawing(id)?;
        self.draft(id)
    }

    pub fn drafts(&self) -> Result<Vec<DraftSummary>, Problem> {
        self.read(|c| {
            drafts::list(c)?
                .iter()
                .map(|draft| self.draft_summary(c, draft))
                .collect()
        })
    }

    pub(crate) fn draft_summary(
        &self,
        c: &Connection,
        draft: &drafts::Draft,
    ) -> Result<DraftSummary, Problem> {
        let items = captures::of_draft(c, draft.packet)?;
        Ok(DraftSummary {
            id: draft.packet.to_string(),
            kind: draft.kind.clone(),
            title: title(&draft.facts),
            photos: small(items.iter().filter(|item| !is_drawing(item)).count()),
            opened_at: draft.opened_at.to_string(),
            cover: cover(&items),
            stage: draft.stage.as_str().to_owned(),
            missing_shots: self.missing_shots(c, draft, &items),
        })
    }

    fn missing_shots(
        &self,
        c: &Connection,
        draft: &drafts::Draft,
        items: &[Capture],
    ) -> Vec<String> {
        let taken: Vec<&str> = items
            .iter()
            .filter(|item| item.voided.is_none())
            .filter_map(|item| item.shot.as_deref())
            .collect();
        let today = self.platform.today();
        let form = self.draft_form(c, draft);
        form.map(|known| forms::missing_shots(&known, &draft.facts, &taken, &today))
            .unwrap_or_default()
    }

    /// For the screen.
    pub fn draft(&self, id: PacketId) -> Result<DraftView, Problem> {
        let seen = stamped::to_name(self)?;
        let identity = self.identity().ok();
        let next_after = seen
            .as_ref()
            .and_then(|seen| stamped::earliest_ms(identity.as_ref()?, seen))
            .map(|ms| Timestamp::from_millis(ms).to_string());
        let on_duty = self.on_duty();
        self.read(|c| {
            let draft = drafts::get(c, id)?
                .filter(|draft| draft.stage != drafts::Stage::Sealed)
                .ok_or(Code::NotFound)?;
            let items = captures::of_draft(c, id)?;
            let closing = sealing::closed(c, id)?;
            let form = self.draft_form(c, &draft).ok();
            let form = form.as_deref();
            let today = self.platform.today();
            let current = self.form(&draft.kind).ok();
            let another =
                form.filter(|form| current.is_none_or(|known| known.sha256 != form.sha256));
            let numbered = closing.is_some();
            Ok(DraftView {
                id: id.to_string(),
                kind: draft.kind.clone(),
                stage: draft.stage.as_str().to_owned(),
                opened_at: draft.opened_at.to_string(),
                supplements: draft.supplements.map(|id| id.to_string()),
                photos: items
                    .iter()
                    .enumerate()
                    .map(|(n, item)| photo(item, numbered.then_some(n + 1)))
                    .collect(),
                party: party(&draft),
                missing_shots: self.missing_shots(c, &draft, &items),
                missing_fields: form
                    .map(|known| forms::missing_fields(known, &draft.facts, &today))
                    .unwrap_or_default(),
                hidden: form
                    .map(|known| {
                        forms::hidden(known.plan.hidden(&known.form, &draft.facts, &today))
                    })
                    .unwrap_or_default(),
                violations: form
                    .map(|known| {
                        let found = known.plan.violations(&known.form, &draft.facts, &today);
                        forms::violations(found)
                    })
                    .unwrap_or_default(),
                form: another.map(|known| forms::view(known, &today)),
                facts: draft.facts,
                signatures: sealing::signatures(c, id)?.iter().map(signature).collect(),
                officers: match &closing {
                    Some(closing) => crate::close::named_officers(closing),
                    None => on_duty,
                },
                device_seq: match &closing {
                    Some(closing) => u32::try_from(closing.place.device_seq).ok(),
                    None => None,
                },
                // Once closed, by what the closed files hold; until then, by what closing it now would take along.
                sealed_after: match &closing {
                    Some(closing) => identity.as_ref().and_then(|identity| {
                        let files = closing.files.iter();
                        let files = files.map(|file| (file.path.as_str(), file.bytes.as_slice()));
                        stamped::sealed_after(identity, files)
                    }),
                    None => next_after,
                },
                seen_size: seen.and_then(|seen| u32::try_from(seen.size).ok()),
            })
        })
    }
}

/// What a supplement takes over of the packet that it completes: which place and which case it is about. What was found there
/// is for the officers to say anew.
fn same_place(form: &Form, old: &Map<String, Value>) -> Map<String, Value> {
    const SAME: [&str; 7] = [
        "address",
        "floor",
        "unit",
        "point",
        "ticket",
        "campaign",
        "item_code",
    ];
    let known =
        |id: &str, value: &Value| !value.is_null() && forms::check_fact(form, id, value).is_ok();
    SAME.iter()
        .filter_map(|id| Some(((*id).to_owned(), old.get(*id)?.clone())))
        .filter(|(id, value)| known(id, value))
        .collect()
}

/// The draft, if it takes changes.
pub(crate) fn open_draft(tx: &Transaction<'_>, id: PacketId) -> Result<drafts::Draft, Problem> {
    let draft = drafts::get(tx, id)?.ok_or(Code::NotFound)?;
    match draft.stage {
        drafts::Stage::Open => Ok(draft),
        drafts::Stage::Closed => Err(Code::DraftClosed.into()),
        drafts::Stage::Sealed => Err(Code::NotFound.into()),
    }
}

fn own_capture(
    tx: &Transaction<'_>,
    draft: PacketId,
    capture_seq: u64,
) -> Result<Capture, Problem> {
    captures::get(tx, capture_seq)?
        .filter(|capture| capture.draft == draft)
        .ok_or_else(|| Code::NotFound.into())
}

/// A reason or a note: not empty, not endless.
pub(crate) fn words(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Code::ReasonMissing.into());
    }
    if text.chars().count() > MAX_WORDS {
        return Err(Problem::from(Code::TextTooLong).with("max", MAX_WORDS));
    }
    Ok(text.to_owned())
}

/// What lists show: the address, or the point's number.
pub(crate) fn title(facts: &Map<String, Value>) -> Option<String> {
    ["address", "point"]
        .iter()
        .find_map(|id| facts.get(*id)?.as_str().filter(|text| !text.is_empty()))
        .map(str::to_owned)
}

/// The party as it was put in.
pub(crate) fn party(draft: &drafts::Draft) -> Option<PartyInput> {
    serde_json::from_value(draft.party.clone()?).ok()
}

/// First photo with a preview.
pub(crate) fn cover(items: &[Capture]) -> Option<u32> {
    let shows = |item: &&Capture| {
        item.preview.width.is_some() && item.voided.is_none() && !is_drawing(item)
    };
    items
        .iter()
        .find(shows)
        .map(|item| u32::try_from(item.capture_seq).unwrap_or(u32::MAX))
}

pub(crate) fn signature(signature: &sealing::Signature) -> SignatureView {
    let officer = signature.key_name.rsplit('/').next().unwrap_or_default();
    SignatureView {
        officer: officer.to_owned(),
        signed_at: signature.at.to_string(),
    }
}

pub(crate) fn photo(item: &Capture, number: Option<usize>) -> PhotoView {
    let looked_at = item.preview.width.is_some() || item.preview.problem.is_some();
    PhotoView {
        capture_seq: u32::try_from(item.capture_seq).unwrap_or(u32::MAX),
        number: number.map(small),
        shot: item.shot.clone(),
        captured_at: item.context.captured_at.to_string(),
        sha256: item.sha256.to_string(),
        size_bytes: item.size as f64,
        media_type: item.media_type.clone(),
        width: item.preview.width,
        height: item.preview.height,
        preview: item.preview.width.is_some(),
        preview_problem: if looked_at {
            item.preview.problem.clone()
        } else {
            Some("pending".to_owned())
        },
        fix: item.context.fix.as_ref().map(|fix| PhotoFix {
            latitude: fix.latitude.clone(),
            longitude: fix.longitude.clone(),
            accuracy_m: fix.accuracy_m,
            age_s: fix.age_ms as f64 / 1000.0,
        }),
        no_fix_reason: item.context.no_fix_reason.clone(),
        voided: item.voided.as_ref().map(|voided| voided.reason.clone()),
        drawing: is_drawing(item),
        heading_deg: item.context.heading_deg,
        follows: item
            .context
            .follows
            .as_ref()
            .map(|follows| follows.sha256.to_string()),
        recorded: item
            .context
            .recording
            .as_ref()
            .map(|recorded| crate::api::RecordedView {
                sound_only: item.context.source == "microphone",
                ended: recorded.ended.clone(),
                duration_s: recorded.duration_ms.map(|ms| ms as f64 / 1000.0),
            }),
        rechecked: None,
    }
}

pub(crate) fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
