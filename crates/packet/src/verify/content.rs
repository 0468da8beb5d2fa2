//! Checks of what the packet says: record, form and custody log, against each other and against the items' bytes.

use super::bag::BagCheck;
use super::seal::Seal;
use super::source::{Source, read_small};
use crate::custody::{self, Captured, Event, Head, Line, Problem};
use crate::findings::{Code, Finding};
use crate::form::{Form, MAX_FORM};
use crate::json::{self, MAX_SIZE};
use crate::record::{PARTY_DRAWING, Record, VOID_KIND};
use crate::seal::Ranges;
use crate::{PacketId, Sha256Digest};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// Path of the custody log in a packet.
pub(crate) const CUSTODY: &str = "data/custody.log";

/// Reads a document of one schema; a schema that this version doesn't know is *not proved*, its bytes being checked already.
fn document<T: DeserializeOwned>(
    source: &dyn Source,
    path: &str,
    schema: &str,
    limit: usize,
    findings: &mut Vec<Finding>,
) -> Option<T> {
    let malformed = |why: String| Finding::new(Code::RecordMalformed).about(path).with(why);
    let bytes = match read_small(source, path, limit) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            findings.push(Finding::new(Code::RecordMissing).about(path));
            return None;
        }
        Err(error) => {
            findings.push(malformed(error.kind().to_string()));
            return None;
        }
    };
    let value = match json::parse_strict(&bytes) {
        Ok(value) => value,
        Err(error) => {
            findings.push(malformed(error.to_string()));
            return None;
        }
    };
    let (name, major) = json::schema_of(&value).unwrap_or(("", 0));
    let found = format!("{name}/{major}");
    if found != schema {
        let unknown_major = schema.split('/').next() == Some(name);
        findings.push(if unknown_major {
            Finding::new(Code::SchemaUnknown).about(path).with(found)
        } else {
            malformed("schema".to_owned())
        });
        return None;
    }
    match serde_json::from_value(value) {
        Ok(document) => Some(document),
        Err(error) => {
            findings.push(malformed(error.to_string()));
            None
        }
    }
}

/// The record and the form.
pub(crate) fn record_and_form(
    source: &dyn Source,
    bag: &BagCheck,
    findings: &mut Vec<Finding>,
) -> (Option<Record>, Option<Form>) {
    let form: Option<Form> = document(source, "data/form.json", "form/1", MAX_FORM, findings);
    let record: Option<Record> = document(
        source,
        "data/record.json",
        crate::record::SCHEMA,
        MAX_SIZE,
        findings,
    );
    if let Some(record) = &record {
        check_record(record, form.as_ref(), bag, findings);
    }
    (record, form)
}

fn check_record(record: &Record, form: Option<&Form>, bag: &BagCheck, findings: &mut Vec<Finding>) {
    let before = findings.len();
    if bag.id.as_deref() != Some(record.packet.to_string().as_str()) {
        findings.push(Finding::new(Code::RecordPacketMismatch));
    }
    if record.kind != VOID_KIND && form.is_some_and(|form| form.kind != record.kind) {
        findings.push(
            Finding::new(Code::RecordMalformed)
                .about("data/form.json")
                .with("kind"),
        );
    }
    if record.place.fix.as_ref().is_some_and(|fix| !fix.is_valid()) {
        findings.push(
            Finding::new(Code::RecordMalformed)
                .about("data/record.json")
                .with("where.fix"),
        );
    }
    let mut named: Vec<&str> = Vec::new();
    for item in &record.items {
        named.push(&item.path);
        // A changed item has its own finding already; here the record's words are compared with the manifest's file.
        let there = bag.sizes.contains_key(&item.path);
        let differs = bag
            .digests
            .get(&item.path)
            .is_some_and(|digest| *digest != item.sha256)
            || bag
                .sizes
                .get(&item.path)
                .is_some_and(|size| *size != item.size);
        if !there || differs {
            findings.push(Finding::new(Code::RecordItemMismatch).about(&item.path));
        }
    }
    named.sort_unstable();
    let twice = named
        .windows(2)
        .find(|pair| pair[0] == pair[1])
        .map(|pair| pair[0]);
    let outside = named
        .iter()
        .find(|path| !path.starts_with("data/items/"))
        .copied();
    let missed = bag.sizes.keys().map(String::as_str);
    let missed =
        missed.filter(|path| path.starts_with("data/items/") && named.binary_search(path).is_err());
    for path in twice.into_iter().chain(outside).chain(missed) {
        findings.push(Finding::new(Code::RecordItemMismatch).about(path));
    }
    for path in drawings_in_doubt(record) {
        findings.push(Finding::new(Code::RecordItemMismatch).about(path));
    }
    if findings.len() == before {
        findings.push(Finding::new(Code::RecordOk));
    }
}

/// Items that either the party or their own kind calls the party's drawing, but not both.
fn drawings_in_doubt(record: &Record) -> Vec<&str> {
    let party = record.party.as_ref();
    let named: BTreeSet<&str> = party
        .and_then(|party| party.drawing.as_deref())
        .into_iter()
        .collect();
    let drawn: BTreeSet<&str> = record
        .items
        .iter()
        .filter(|item| item.is_party_drawing() && item.voided.is_none())
        .map(|item| item.path.as_str())
        .collect();
    named.symmetric_difference(&drawn).copied().collect()
}

/// What the record reports, without a verdict.
pub(crate) fn reported(record: &Record, findings: &mut Vec<Finding>) {
    findings.push(Finding::new(Code::SelfReported));
    if record.kind == VOID_KIND {
        findings
            .push(Finding::new(Code::KindVoid).with(record.void_reason.as_deref().unwrap_or("")));
    }
    if let Some(supplements) = &record.supplements {
        findings.push(Finding::new(Code::SupplementOf).about(supplements.packet.to_string()));
    }
    if let Some(party) = &record.party {
        findings.push(Finding::new(Code::PartyReported).with(&party.presence));
    }
    for item in &record.items {
        if let Some(reason) = &item.voided {
            findings.push(
                Finding::new(Code::ItemVoided)
                    .about(&item.path)
                    .with(reason),
            );
        } else if item.is_party_drawing() {
            findings.push(Finding::new(Code::PartyDrawing).about(&item.path));
        }
    }
}

/// The lines of a custody log, with findings for what is wrong in its form and chain.
pub(crate) fn read_custody(
    source: &dyn Source,
    path: &str,
    start: Head,
    findings: &mut Vec<Finding>,
) -> Option<Vec<Line>> {
    let bytes = match read_small(source, path, custody::MAX_LOG) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            findings.push(Finding::new(Code::CustodyMissing).about(path));
            return None;
        }
        Err(error) => {
            findings.push(
                Finding::new(Code::FileUnreadable)
                    .about(path)
                    .with(error.kind()),
            );
            return None;
        }
    };
    let (lines, problems) = custody::read(&bytes, start);
    // One finding of each kind says where; a chain that is broken once would repeat itself for many lines.
    let first = |wanted: fn(&Problem) -> Option<u64>| problems.iter().find_map(wanted);
    let malformed = first(|problem| match problem {
        Problem::TooLarge | Problem::Truncated => Some(0),
        Problem::Malformed(line) => Some(*line),
        _ => None,
    });
    let broken = first(|problem| match problem {
        Problem::Chain(line) | Problem::Number(line) => Some(*line),
        _ => None,
    });
    if let Some(line) = malformed {
        let line = if line == 0 { lines.len() as u64 } else { line };
        findings.push(Finding::new(Code::CustodyMalformed).about(path).with(line));
    }
    if let Some(line) = broken {
        findings.push(
            Finding::new(Code::CustodyChainBroken)
                .about(path)
                .with(line),
        );
    }
    let unread: Vec<&Line> = lines.iter().filter(|line| line.known().is_none()).collect();
    let wrong = |line: &&Line| match line.known() {
        _ if path == CUSTODY && (line.meta.boot_id.is_none() || line.meta.boot_ms.is_none()) => {
            true
        }
        None => Event::is_known(&line.event),
        Some(Event::Captured(captured)) => captured.context.fix.is_some_and(|fix| !fix.is_valid()),
        Some(_) => false,
    };
    if let Some(line) = lines.iter().find(wrong) {
        findings.push(
            Finding::new(Code::CustodyMalformed)
                .about(path)
                .with(line.n),
        );
    }
    for line in unread
        .iter()
        .filter(|line| !Event::is_known(&line.event))
        .take(8)
    {
        findings.push(
            Finding::new(Code::CustodyEventUnknown)
                .about(path)
                .with(line.n),
        );
    }
    if problems.is_empty() {
        // The tablet's log is under the seal; the server's is its own word.
        let code = match path {
            CUSTODY => Code::CustodyOk,
            _ => Code::CustodyAfterChained,
        };
        findings.push(Finding::new(code).about(path).with(lines.len()));
    }
    Some(lines)
}

/// The tablet's custody log against record, items and seal.
pub(crate) fn check_custody(
    lines: &[Line],
    packet: Option<&PacketId>,
    record: Option<&Record>,
    seal: Option<&Seal>,
    findings: &mut Vec<Finding>,
) {
    let events: Vec<Option<Event>> = lines.iter().map(Line::known).collect();
    if !framed(&events, packet) {
        findings.push(Finding::new(Code::CustodyNotClosed));
    }
    let captured: BTreeMap<u64, &Captured> = events
        .iter()
        .filter_map(|event| match event {
            Some(Event::Captured(captured)) => Some((captured.capture_seq, &**captured)),
            _ => None,
        })
        .collect();
    let count = events
        .iter()
        .filter(|event| matches!(event, Some(Event::Captured(_))))
        .count();
    if let Some(seal) = seal {
        let claimed = match events.last() {
            Some(Some(Event::Closed { items, captures })) => {
                *items == captured.len() as u64 && *captures == seal.body.captures.to_string()
            }
            _ => true,
        };
        let same = seal.body.captures == Ranges::of(captured.keys().copied());
        if !claimed || !same || count != captured.len() {
            findings.push(Finding::new(Code::SealCapturesMismatch));
        }
    }
    capture_chain(&captured, findings);
    if let Some(record) = record {
        for item in &record.items {
            let fits = captured.get(&item.capture_seq).is_some_and(|captured| {
                captured.sha256 == item.sha256 && captured.size == item.size
            });
            if !fits {
                findings.push(Finding::new(Code::CustodyItemMismatch).about(&item.path));
            }
        }
        if record.items.len() != captured.len()
            && record
                .items
                .iter()
                .all(|item| captured.contains_key(&item.capture_seq))
        {
            findings.push(Finding::new(Code::CustodyItemMismatch).about(CUSTODY));
        }
        agreement(record, &events, &captured, findings);
        sensors(record, &captured, findings);
    }
}

/// Begins with `opened` of this packet, ends with `closed`, and every earlier `closed` is followed by `reopened`.
fn framed(events: &[Option<Event>], packet: Option<&PacketId>) -> bool {
    let opened = match events.first() {
        Some(Some(Event::Opened { packet: opened, .. })) => {
            packet.is_none_or(|packet| packet == opened)
        }
        _ => false,
    };
    let closed = |event: &Option<Event>| matches!(event, Some(Event::Closed { .. }));
    let reopened = |pair: &[Option<Event>]| {
        !closed(&pair[0]) || matches!(pair[1], Some(Event::Reopened { .. }))
    };
    opened && events.last().is_some_and(closed) && events.windows(2).all(reopened)
}

fn capture_chain(captured: &BTreeMap<u64, &Captured>, findings: &mut Vec<Finding>) {
    for (seq, capture) in captured {
        let expected = match seq.checked_sub(1) {
            Some(0) => Some(Sha256Digest::ZERO),
            Some(before) => captured.get(&before).map(|before| before.link()),
            None => None,
        };
        if expected.is_some_and(|expected| expected != capture.capture_prev) {
            findings.push(Finding::new(Code::CaptureChainBroken).with(seq));
        }
    }
}

/// What record and custody log both say must be the same.
fn agreement(
    record: &Record,
    events: &[Option<Event>],
    captured: &BTreeMap<u64, &Captured>,
    findings: &mut Vec<Finding>,
) {
    let mut differs = |subject: &str, what: &str| {
        findings.push(
            Finding::new(Code::RecordCustodyMismatch)
                .about(subject)
                .with(what),
        );
    };
    let voided: BTreeSet<u64> = events
        .iter()
        .filter_map(|event| match event {
            Some(Event::Voided { capture_seq, .. }) => Some(*capture_seq),
            _ => None,
        })
        .collect();
    for item in &record.items {
        let Some(capture) = captured.get(&item.capture_seq) else {
            continue;
        };
        if item.captured_at != capture.context.captured_at {
            differs(&item.path, "captured_at");
        }
        if item.media_type != capture.media_type {
            differs(&item.path, "media_type");
        }
        if item.voided.is_some() != voided.contains(&item.capture_seq) {
            differs(&item.path, "voided");
        }
        if item.is_party_drawing() != (capture.context.source == PARTY_DRAWING) {
            differs(&item.path, "kind");
        }
    }
    let party = events.iter().rev().find_map(|event| match event {
        Some(Event::Party { presence, .. }) => Some(presence.as_str()),
        _ => None,
    });
    if record.party.as_ref().map(|party| party.presence.as_str()) != party {
        differs("", "party");
    }
    let kind = events.iter().rev().find_map(|event| match event {
        Some(Event::KindChanged { kind } | Event::Opened { kind, .. }) => Some(kind.as_str()),
        _ => None,
    });
    let given_up = events
        .iter()
        .any(|event| matches!(event, Some(Event::GivenUp { .. })));
    if (record.kind == VOID_KIND) != given_up
        || (!given_up && kind.is_some_and(|kind| kind != record.kind))
    {
        differs("", "kind");
    }
    // A fix in the record is one that a capture had.
    let fixes = || {
        captured
            .values()
            .filter_map(|capture| capture.context.fix.as_ref())
    };
    if record
        .place
        .fix
        .as_ref()
        .is_some_and(|fix| !fixes().any(|known| known == fix))
    {
        differs("", "where");
    }
}

fn sensors(record: &Record, captured: &BTreeMap<u64, &Captured>, findings: &mut Vec<Finding>) {
    for item in &record.items {
        let Some(context) = captured
            .get(&item.capture_seq)
            .map(|captured| &captured.context)
        else {
            continue;
        };
        match &context.fix {
            None => {
                let reason = context.no_fix_reason.as_deref().unwrap_or("-");
                findings.push(Finding::new(Code::NoFix).about(&item.path).with(reason));
            }
            Some(fix) if fix.mock == Some(true) => {
                findings.push(Finding::new(Code::MockLocation).about(&item.path))
            }
            Some(_) => {}
        }
    }
}
