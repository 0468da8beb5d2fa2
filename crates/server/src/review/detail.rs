//! One packet for the screen, read from its own bytes: the record in the words of its own form, and custody joined.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::custody::{self as chain, Event, Head, Line};
use fieldseal_packet::form::{Form, MAX_FORM};
use fieldseal_packet::json::parse_strict_as;
use fieldseal_packet::record::{Item, Label, Record};
use fieldseal_packet::verify::ZipSource;
use fieldseal_packet::zipread::ReadAt;
use fieldseal_wire::console::{CustodyView, DecisionView, ItemView, PacketDetail, PlaceView, Text};
use std::collections::HashMap;

use super::preview::Previews;
use super::summary::{CaptureBounds, Summary, can_preview, item_number};
use super::words::{both, decision_of, label, same};
use super::{custody_words, fields, list, related};
use crate::ambient::rfc3339;
use crate::intake::examine::read;
use crate::store::decisions::{self, DecisionRow};
use crate::store::packets::{self, PacketRow};
use crate::store::{Db, StoreError, accounts, custody};

/// Largest record that is shown.
const MAX_RECORD: usize = 4 << 20;
/// Largest custody log that is shown.
const MAX_CUSTODY: usize = 16 << 20;
/// Custody lines that are shown.
const MAX_LINES: usize = 5000;

/// A packet's own documents, as far as they can be read.
#[derive(Default)]
pub struct Documents {
    /// The record.
    pub record: Option<Record>,
    /// Its form.
    pub form: Option<Form>,
    /// The tablet's custody log.
    pub custody: Vec<Line>,
}

/// Reads a packet's documents. What does not read is left out: the findings say why.
pub fn documents(file: &dyn ReadAt) -> Documents {
    let Ok(source) = ZipSource::open(file) else {
        return Documents::default();
    };
    let custody = read(&source, "data/custody.log", MAX_CUSTODY)
        .map(|bytes| chain::read(&bytes, Head::START).0);
    Documents {
        record: read(&source, "data/record.json", MAX_RECORD)
            .and_then(|bytes| parse_strict_as(&bytes).ok()),
        form: read(&source, "data/form.json", MAX_FORM)
            .and_then(|bytes| parse_strict_as(&bytes).ok()),
        custody: custody.unwrap_or_default(),
    }
}

/// Everything on the packet's screen.
pub fn detail(
    db: &Db,
    previews: &Previews,
    file: &dyn ReadAt,
    packet: &PacketRow,
) -> Result<PacketDetail, StoreError> {
    let documents = documents(file);
    let seal = Sha256Digest(packet.seal_sha256);
    let (log, decisions, (previous, next), names, related) = db.read_blocking(|c| {
        let decisions = decisions::of_packet(c, &seal.0)?;
        Ok::<_, StoreError>((
            custody::log(c, &seal)?,
            decisions,
            packets::neighbours(c, packet)?,
            accounts::names(c)?,
            related::of(c, packet, documents.record.as_ref())?,
        ))
    })?;
    let after = chain::read(&log, Head::after_seal(seal)).0;
    let summary: Summary =
        serde_json::from_str(&packet.summary).map_err(|_| StoreError::Malformed("summary"))?;
    let record = documents.record.as_ref();
    let actors = actors(record, &names);
    let mut custody: Vec<CustodyView> = documents
        .custody
        .iter()
        .take(MAX_LINES)
        .map(|line| custody_view("tablet", line, &actors, &documents))
        .collect();
    custody.extend(
        after
            .iter()
            .take(MAX_LINES)
            .map(|line| custody_view("server", line, &actors, &documents)),
    );
    Ok(PacketDetail {
        summary: list::row(packet)?,
        packet_digest: seal.to_string(),
        zip_sha256: hex::encode(packet.zip_sha256),
        zip_size: packet.zip_size,
        leaf_index: packet.leaf_index,
        items: items(&documents, previews, &summary.captures),
        fields: record
            .map(|record| fields::labelled(record, documents.form.as_ref()))
            .unwrap_or_default(),
        place: record.map(place),
        party: record
            .and_then(|record| record.party.as_ref())
            .map(|party| party.presence.clone()),
        custody,
        findings: list::findings(packet)?,
        sealed_after: summary.sealed_after,
        logged_before: summary.logged_before,
        decisions: decisions
            .iter()
            .map(decision_view)
            .collect::<Result<_, _>>()?,
        related,
        next,
        previous,
    })
}

/// A decision for the screen.
pub fn decision_view(row: &DecisionRow) -> Result<DecisionView, StoreError> {
    Ok(DecisionView {
        decision: decision_of(&row.decision)?,
        reason: row.reason.clone(),
        decided_at: rfc3339(row.decided_at),
        reviewer: row.reviewer.clone(),
        leaf_index: row.leaf_index,
    })
}

fn place(record: &Record) -> PlaceView {
    let place = &record.place;
    let indoors = [
        place.address.as_deref(),
        place.floor.as_deref(),
        place.unit.as_deref(),
    ];
    let address = indoors
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    PlaceView {
        latitude: place.fix.as_ref().map(|fix| fix.latitude.clone()),
        longitude: place.fix.as_ref().map(|fix| fix.longitude.clone()),
        accuracy_m: place.fix.as_ref().map(|fix| fix.accuracy_m),
        address: (!address.is_empty()).then_some(address),
        no_fix_reason: place.no_fix_reason.clone(),
    }
}

fn items(documents: &Documents, previews: &Previews, bounds: &[CaptureBounds]) -> Vec<ItemView> {
    let bounds: HashMap<&str, &CaptureBounds> =
        bounds.iter().map(|one| (one.path.as_str(), one)).collect();
    let accuracy = accuracies(&documents.custody);
    let items: &[Item] = documents
        .record
        .as_ref()
        .map_or(&[], |record| &record.items);
    items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let known = previews.known(&item.sha256);
            let size = known.and_then(Result::ok);
            let problem = match known {
                Some(Ok(_)) => None,
                Some(Err(none)) => Some(none.word()),
                None if !can_preview(&item.media_type) => Some("preview-media-type"),
                None => None,
            };
            let shot = shot_of(item, documents.form.as_ref());
            let bound = bounds.get(item.path.as_str());
            ItemView {
                number: item_number(&item.path)
                    .unwrap_or(u32::try_from(index + 1).unwrap_or(u32::MAX)),
                path: item.path.clone(),
                sha256: item.sha256.to_string(),
                size: item.size,
                media_type: item.media_type.clone(),
                shot,
                captured_at: Some(item.captured_at.to_string()),
                captured_before: bound.and_then(|bound| bound.captured_before.clone()),
                challenge: bound.and_then(|bound| bound.challenge.clone()),
                accuracy_m: accuracy.get(&item.capture_seq).copied(),
                width: size.map(|size| size.0),
                height: size.map(|size| size.1),
                preview: problem.is_none(),
                preview_problem: problem.map(str::to_owned),
                voided: item.voided.clone(),
            }
        })
        .collect()
}

/// What an item shows, by the form's shot list; a drawing of the party is called what it is, in words of ours.
pub(crate) fn shot_of(item: &Item, form: Option<&Form>) -> Option<Text> {
    if item.is_party_drawing() {
        let words = Label::of_party_drawing();
        return Some(both(words.zh, words.en));
    }
    let id = item.shot.as_ref()?;
    let mut shots = form.iter().flat_map(|form| &form.shots);
    let known = shots.find(|shot| shot.id == *id);
    Some(known.map_or_else(|| same(id.clone()), |shot| label(&shot.label)))
}

/// The accuracy of each capture's fix, from the custody log.
pub(crate) fn accuracies(custody: &[Line]) -> HashMap<u64, f64> {
    custody
        .iter()
        .filter_map(|line| match line.known() {
            Some(Event::Captured(captured)) => Some((
                captured.capture_seq,
                captured.context.fix.as_ref()?.accuracy_m,
            )),
            _ => None,
        })
        .collect()
}

/// Names for the key and account names in custody lines.
pub(crate) fn actors(
    record: Option<&Record>,
    accounts: &[(String, String)],
) -> HashMap<String, String> {
    let mut names: HashMap<String, String> = accounts
        .iter()
        .map(|(account, name)| (format!("account/{account}"), name.clone()))
        .collect();
    for officer in record.into_iter().flat_map(|record| &record.officers) {
        names.insert(officer.key.clone(), officer.name.clone());
    }
    names
}

fn custody_view(
    log: &str,
    line: &Line,
    actors: &HashMap<String, String>,
    documents: &Documents,
) -> CustodyView {
    let actor = line.meta.actor.as_ref().map(|actor| {
        actors
            .get(actor)
            .cloned()
            .unwrap_or_else(|| actor.rsplit('/').next().unwrap_or(actor).to_owned())
    });
    let text: Text = custody_words::text(line, documents.form.as_ref());
    CustodyView {
        log: log.to_owned(),
        line: u32::try_from(line.n).unwrap_or(u32::MAX),
        at: line.meta.at.to_string(),
        event: line.event.clone(),
        actor,
        text,
    }
}
