//! The parts of a report that come out of custody logs and findings.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::custody::{self as chain, Captured, Event, Head, Line};
use fieldseal_packet::findings::Code;
use fieldseal_packet::record::{OfficerRole, Record};
use fieldseal_packet::verify::PacketCheck;
use fieldseal_report::{Changes, Custody, Environment, Language, Making, Officer, Signature};
use std::collections::{BTreeSet, HashMap};

use super::Material;
use super::report::in_language;
use crate::review::custody_words;
use crate::review::words::{both, refusal};
use crate::store::packets::PacketRow;

/// The server's custody log, as it goes along.
pub fn after_seal(packet: &PacketRow, material: &Material) -> Vec<Line> {
    let head = Head::after_seal(Sha256Digest(packet.seal_sha256));
    chain::read(&material.custody, head).0
}

fn captures(custody: &[Line]) -> Vec<Captured> {
    custody
        .iter()
        .filter(|line| line.event == "captured")
        .filter_map(|line| match line.known()? {
            Event::Captured(captured) => Some(*captured),
            _ => None,
        })
        .collect()
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.collect::<BTreeSet<_>>().into_iter().collect()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Question 1, from the record and the contexts of the captures.
pub fn environment(record: Option<&Record>, custody: &[Line]) -> Environment {
    let captures = captures(custody);
    let contexts = || captures.iter().map(|captured| &captured.context);
    let sources = ["camera", "file-input", "import"]
        .map(|word| count(contexts().filter(|context| context.source == word).count()));
    let offsets = || contexts().filter_map(|context| context.server_offset_ms);
    let fixes = || contexts().filter_map(|context| context.fix.as_ref());
    let with = fixes().count();
    let best = record.and_then(|record| record.place.fix.as_ref());
    Environment {
        device: record
            .map(|record| record.device.clone())
            .unwrap_or_default(),
        models: distinct(contexts().filter_map(|context| context.device_model.clone())),
        software: distinct(contexts().map(|context| context.software.clone())),
        sources,
        zone: record
            .map(|record| record.time.zone.clone())
            .unwrap_or_default(),
        boots: distinct(contexts().map(|context| &context.boot_id)).len(),
        clock_offset_ms: offsets().min().zip(offsets().max()),
        server_seen_at: contexts()
            .filter_map(|context| context.server_seen_at)
            .map(|at| at.as_millis())
            .max(),
        fix: best.map(|fix| {
            (
                fix.latitude.clone(),
                fix.longitude.clone(),
                fix.accuracy_m,
                fix.provider.clone(),
            )
        }),
        positions: (count(with), count(captures.len() - with)),
        mock: count(fixes().filter(|fix| fix.mock == Some(true)).count()),
    }
}

/// What the findings say of the signature by this key.
fn signature(
    check: &PacketCheck,
    key: &str,
    right: Code,
    enrolled: Code,
    wrong: Code,
) -> Signature {
    let about = |code: Code| {
        check
            .report
            .findings
            .iter()
            .any(|finding| finding.code == code && finding.subject == key)
    };
    let absent =
        about(Code::OfficerLineAbsent)
            || check.report.findings.iter().any(|finding| {
                finding.code == Code::DeviceLineAbsent && right == Code::DeviceLineOk
            });
    if about(wrong) {
        Signature::Wrong
    } else if about(right) && about(enrolled) {
        Signature::Right
    } else if absent || check.seal.is_none() {
        Signature::Absent
    } else {
        Signature::Unproved
    }
}

/// Question 2: names from the record, signatures from the findings, times from both ends, bounds from the verifier.
pub fn making(packet: &PacketRow, check: &PacketCheck, language: Language) -> Making {
    let record = check.record.as_ref();
    let officers = record.map(|record| record.officers.as_slice());
    let mut officers: Vec<Officer> = officers
        .unwrap_or_default()
        .iter()
        .map(|officer| Officer {
            name: officer.name.clone(),
            badge: officer.badge.clone(),
            lead: officer.role == OfficerRole::Lead,
            signature: signature(
                check,
                &officer.key,
                Code::OfficerLineOk,
                Code::OfficerEnrolled,
                Code::OfficerLineInvalid,
            ),
        })
        .collect();
    officers.sort_by_key(|officer| !officer.lead);
    let device = record.map_or(Signature::Unproved, |record| {
        signature(
            check,
            &record.device,
            Code::DeviceLineOk,
            Code::DeviceEnrolled,
            Code::DeviceLineInvalid,
        )
    });
    let time = record.map(|record| &record.time);
    let captured = time.and_then(|time| {
        let (first, last) = (time.first_capture_at?, time.last_capture_at?);
        Some((first.as_millis(), last.as_millis()))
    });
    Making {
        officers,
        device,
        team: record.and_then(|record| record.team.clone()),
        party: record
            .and_then(|record| record.party.as_ref())
            .map(|party| {
                let presence = match party.presence.as_str() {
                    "present" => both("在场", "present"),
                    "absent" => both("不在场", "absent"),
                    "refused" => both("拒绝签名", "refused to sign"),
                    _ => both("身份不明", "unknown"),
                };
                let note = party.note.as_deref().map(refusal);
                (
                    in_language(language, presence),
                    party.name.clone(),
                    note.map(|note| in_language(language, note)),
                )
            }),
        captured,
        closed_at: check.seal.as_ref().map(|seal| seal.closed_at.as_millis()),
        sealed_after: check.report.sealed_after.map(|at| at.as_millis()),
        logged_before: check.report.logged_before.map(|at| at.as_millis()),
        received_at: packet.received_at,
        logged_at: packet.logged_at,
    }
}

/// The events that are steps; looks are counted, and what only describes is left to the log itself.
fn is_step(event: &str) -> bool {
    matches!(
        event,
        "opened"
            | "party"
            | "reopened"
            | "recovered"
            | "given-up"
            | "closed"
            | "received"
            | "logged"
            | "decided"
            | "exported"
    )
}

/// Question 3.
pub fn custody(
    check: &PacketCheck,
    after: &[Line],
    names: &HashMap<String, String>,
    language: Language,
) -> Custody {
    let who = |line: &Line| {
        let actor = line.meta.actor.as_ref()?;
        if actor == "admin" {
            return Some(String::new());
        }
        let short = || actor.rsplit('/').next().unwrap_or(actor).to_owned();
        Some(names.get(actor).cloned().unwrap_or_else(short))
    };
    let both_logs = check.custody.iter().chain(after);
    let mut steps: Vec<_> = both_logs
        .filter(|line| is_step(&line.event))
        .map(|line| {
            let text = custody_words::text(line, check.form.as_ref());
            (
                line.meta.at.as_millis(),
                who(line),
                in_language(language, text),
            )
        })
        .collect();
    let looks = after.iter().filter(|line| line.event == "looked-at");
    if let Some(last) = looks.clone().next_back() {
        let number = looks.count();
        let text = both(
            format!("查看，共 {number} 次，这是最后一次"),
            format!("looked at, the last of {number} times"),
        );
        let at = last.meta.at.as_millis();
        // Where it belongs among the server's steps; the tablet's clock is another one.
        let tablet = check
            .custody
            .iter()
            .filter(|line| is_step(&line.event))
            .count();
        let place = steps[tablet..].partition_point(|step| step.0 <= at) + tablet;
        steps.insert(place, (at, who(last), in_language(language, text)));
    }
    let whole = check
        .report
        .findings
        .iter()
        .any(|finding| finding.code == Code::CustodyOk);
    Custody {
        tablet_lines: check.custody.len(),
        whole,
        server_lines: after.len(),
        steps,
    }
}

/// Question 5.
pub fn changes(check: &PacketCheck) -> Changes {
    let found = |code: Code| {
        check
            .report
            .findings
            .iter()
            .any(|finding| finding.code == code)
    };
    let events = || check.custody.iter().filter_map(Line::known);
    Changes {
        items_ok: found(Code::ItemsOk)
            && !found(Code::CustodyItemMismatch)
            && !found(Code::RecordItemMismatch),
        reopened: events()
            .filter(|event| matches!(event, Event::Reopened { .. }))
            .count(),
        recovered: events()
            .map(|event| match event {
                Event::Recovered { captures } => captures,
                _ => 0,
            })
            .fold(0, u64::saturating_add),
        derived: 0,
        supplements: check
            .record
            .as_ref()
            .and_then(|record| record.supplements.as_ref())
            .map(|other| other.packet.to_string()),
    }
}
