//! `report.pdf`: what the verifier says of this very export, and what record and custody logs hold, put into a reader's words and handed to
//! `fieldseal_report`.
//!
//! The verdict in it is made anew from the bytes that are handed over, with the receipt, proof and tokens that go along: not the one that the console has kept.
//! The report is a convenience: when it can't be made the export is made without it, and `VERIFY.txt` says so.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::findings::{self, Code, Level, Report};
use fieldseal_packet::record::Record;
use fieldseal_packet::verify::Source as _;
use fieldseal_packet::verify::{LogEvidence, PacketCheck, ZipFacts, ZipSource};
use fieldseal_packet::zipread::ReadAt;
use fieldseal_picture::THUMB_SIDE;
use fieldseal_report::{Changes, Extraction, Facts, Finding, Item, Language, Verdict};
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::note::Note;
use fieldseal_wire::console::Text;
use std::collections::HashMap;

use super::stock::Stock;
use super::{ExportError, Material, head, heartbeats, report_parts as parts};
use crate::ambient::Millis;
use crate::intake::examine::Known;
use crate::review::preview::ItemBytes;
use crate::review::{detail, fields, summary};
use crate::store::accounts;
use crate::store::packets::PacketRow;

/// Items whose picture may be on the pages; more never fit.
const PICTURES: usize = 64;

/// `report.pdf` in an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportFile {
    /// Here it is.
    Made(Vec<u8>),
    /// It could not be made.
    NotMade,
    /// None was asked for.
    NotAsked,
}

impl ReportFile {
    /// What `VERIFY.txt` says of it.
    pub const fn note(&self) -> &'static str {
        match self {
            Self::Made(_) => {
                "\ndata/report.pdf says on paper who made this, how it was kept, and what is proved. The server made it at this export, for reading:\n\
                 nothing rests on it, and its small pictures are not the photos.\n"
            }
            Self::NotMade => {
                "\nThere is no data/report.pdf: it could not be made. Nothing rests on it.\n"
            }
            Self::NotAsked => {
                "\nThere is no data/report.pdf: none was asked for. Nothing rests on it.\n"
            }
        }
    }
}

/// Who exports, and when.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// `account/<name>`, or `admin`.
    pub actor: &'a str,
    /// By the server's clock.
    pub at: Millis,
}

/// What an export holds beside what every export does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// None: no report.
    pub report: Option<Language>,
    /// Stamped copies of the photos, as signed children; in the report's language, else in Chinese.
    pub stamped: bool,
}

impl From<Option<Language>> for Extent {
    fn from(report: Option<Language>) -> Self {
        Self {
            report,
            stamped: false,
        }
    }
}

/// The report, or none when it can't be made; the log says why.
pub fn make(
    stock: &Stock<'_>,
    packet: &PacketRow,
    material: &Material,
    file: &dyn ReadAt,
    occasion: Occasion<'_>,
    language: Language,
) -> Result<Option<Vec<u8>>, ExportError> {
    let check = check(stock, packet, material, file)?;
    let names = stock.db.read_blocking(accounts::names)?;
    let mut facts = facts(packet, material, &check, &names, occasion, language);
    pictures(stock, file, &check, &mut facts.items);
    match fieldseal_report::pdf(&facts, stock.fonts) {
        Ok(pdf) => Ok(Some(pdf)),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a report could not be made; the export goes without"
            );
            Ok(None)
        }
    }
}

/// What the verifier says of the packet with what goes along.
fn check(
    stock: &Stock<'_>,
    packet: &PacketRow,
    material: &Material,
    file: &dyn ReadAt,
) -> Result<PacketCheck, ExportError> {
    let seal = ZipSource::open(file)
        .ok()
        .and_then(|source| {
            crate::intake::examine::read(
                &source,
                fieldseal_packet::bag::SEAL,
                fieldseal_packet::seal::MAX_SEAL,
            )
        })
        .and_then(|bytes| Note::parse(&bytes).ok());
    let known = match &seal {
        Some(note) => stock
            .db
            .read_blocking(|c| Known::gather(c, stock.trust, note))?,
        None => Known::anchors(stock.trust)?,
    };
    let files = head::Files::of(&material.tokens, "data/receipt/checkpoint");
    let tokens = files.tokens(&material.tokens);
    let zip = ZipFacts {
        sha256: Sha256Digest(packet.zip_sha256),
        size: packet.zip_size,
    };
    Ok(heartbeats::given(&material.heartbeats, |heartbeats| {
        let evidence = LogEvidence {
            receipt: Some(&material.receipt),
            proof: Some(&material.proof),
            checkpoint: Some(&material.checkpoint),
            consistency: material.consistency.as_deref(),
            tokens: &tokens,
            leaf_index: packet.leaf_index,
            heartbeats,
        };
        known.verify(file, zip, Some(evidence), &[])
    }))
}

/// Picks a reader's text.
pub(super) fn in_language(language: Language, text: Text) -> String {
    match language {
        Language::Zh => text.zh,
        Language::En => text.en,
    }
}

fn facts(
    packet: &PacketRow,
    material: &Material,
    check: &PacketCheck,
    accounts: &[(String, String)],
    occasion: Occasion<'_>,
    language: Language,
) -> Facts {
    let record = check.record.as_ref();
    let names = detail::actors(record, accounts);
    let zone = record.map_or("", |record| record.time.zone.as_str());
    let after = parts::after_seal(packet, material);
    let words = summary::facts(check, &packet.id).summary;
    let labelled = record
        .map(|record| fields::labelled(record, check.form.as_ref()))
        .unwrap_or_default();
    let in_words = |text| in_language(language, text);
    let (findings, ok) = findings(&check.report, language);
    Facts {
        language,
        origin: check
            .seal
            .as_ref()
            .map(|seal| seal.origin.clone())
            .unwrap_or_default(),
        packet: packet.id.clone(),
        packet_digest: hex::encode(packet.seal_sha256),
        made_at: occasion.at,
        utc_offset_minutes: utc_offset_minutes(zone),
        kind: in_words(words.kind_name),
        given_up: record.and_then(|record| record.void_reason.clone()),
        place: record.and_then(place),
        fields: labelled
            .into_iter()
            // Said elsewhere in the report.
            .filter(|field| {
                !matches!(
                    field.id.as_str(),
                    "party_name" | "party_note" | "supplements" | "void_reason"
                )
            })
            .map(|field| (in_words(field.label), in_words(field.value)))
            .collect(),
        verdict: match check.report.verdict {
            findings::Verdict::Verified => Verdict::Verified,
            findings::Verdict::NotProved => Verdict::NotProved,
            findings::Verdict::Failed => Verdict::Failed,
        },
        ok,
        findings,
        environment: parts::environment(record, &check.custody),
        making: parts::making(packet, check, language),
        custody: parts::custody(check, &after, &names, language),
        extraction: extraction(packet, material, &names, occasion),
        changes: Changes {
            derived: material.children.len(),
            ..parts::changes(check)
        },
        items: record
            .map(|record| items(record, check, language))
            .unwrap_or_default(),
    }
}

/// China has one time, and no daylight saving; every other zone is shown in UTC, which the report names.
pub(super) fn utc_offset_minutes(zone: &str) -> i32 {
    match zone {
        "Asia/Shanghai" | "Asia/Chongqing" | "Asia/Chungking" | "Asia/Harbin" | "PRC" => 8 * 60,
        _ => 0,
    }
}

pub(super) fn place(record: &Record) -> Option<String> {
    let place = &record.place;
    let parts = [&place.address, &place.floor, &place.unit, &place.point];
    let text = parts
        .into_iter()
        .flatten()
        .filter(|part| !part.trim().is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join(" ");
    (!text.is_empty()).then_some(text)
}

/// What failed or is not proved, worst first, and how many points are right.
fn findings(report: &Report, language: Language) -> (Vec<Finding>, usize) {
    let reader = match language {
        Language::Zh => findings::Language::Zh,
        Language::En => findings::Language::En,
    };
    let level = |code: Code| code.level();
    let open = report
        .findings
        .iter()
        .filter(|finding| matches!(level(finding.code), Level::Failed | Level::NotProved))
        .map(|finding| Finding {
            failed: level(finding.code) == Level::Failed,
            text: finding.text(reader),
        });
    let ok = report
        .findings
        .iter()
        .filter(|finding| level(finding.code) == Level::Ok)
        .count();
    (open.collect(), ok)
}

fn extraction(
    packet: &PacketRow,
    material: &Material,
    names: &HashMap<String, String>,
    occasion: Occasion<'_>,
) -> Extraction {
    let checkpoint = Note::parse(&material.checkpoint)
        .ok()
        .and_then(|note| Checkpoint::parse(&note.text).ok());
    let root = Note::parse(&material.checkpoint)
        .ok()
        .and_then(|note| note.text.lines().nth(2).map(str::to_owned));
    Extraction {
        by: match occasion.actor {
            "admin" => String::new(),
            actor => names
                .get(actor)
                .cloned()
                .unwrap_or_else(|| actor.rsplit('/').next().unwrap_or(actor).to_owned()),
        },
        zip_sha256: hex::encode(packet.zip_sha256),
        zip_size: packet.zip_size,
        leaf: packet
            .leaf_index
            .zip(checkpoint.map(|checkpoint| checkpoint.size)),
        root,
        tokens: material.tokens.iter().map(|token| token.stem()).collect(),
    }
}

fn items(record: &Record, check: &PacketCheck, language: Language) -> Vec<Item> {
    let accuracy = detail::accuracies(&check.custody);
    let bounds = &check.report.captures;
    record
        .items
        .iter()
        .zip(1_u32..)
        .map(|(item, place)| (item, place, bounds.iter().find(|one| one.path == item.path)))
        .map(|(item, place, bound)| Item {
            number: summary::item_number(&item.path).unwrap_or(place),
            shot: detail::shot_of(item, check.form.as_ref())
                .map(|text| in_language(language, text)),
            captured_at: Some(item.captured_at.as_millis()),
            captured_before: bound
                .and_then(|bound| bound.captured_before)
                .map(|at| at.as_millis()),
            challenge: bound
                .and_then(|bound| bound.challenge.as_ref())
                .map(|(word, after)| (word.clone(), after.as_millis())),
            capture_seq: item.capture_seq,
            accuracy_m: accuracy.get(&item.capture_seq).copied(),
            size: item.size,
            media_type: item.media_type.clone(),
            sha256: item.sha256.to_string(),
            voided: item.voided.clone(),
            thumbnail: None,
        })
        .collect()
}

/// Adds the small pictures: encoded anew by the decoding process, from the cache where they are there. An item whose bytes are not the ones that the record
/// names gets none.
fn pictures(stock: &Stock<'_>, file: &dyn ReadAt, check: &PacketCheck, items: &mut [Item]) {
    let (Some(record), Ok(source)) = (&check.record, ZipSource::open(file)) else {
        return;
    };
    let digests: HashMap<&str, Sha256Digest> = check
        .files
        .iter()
        .filter_map(|(path, _, digest)| Some((path.as_str(), (*digest)?)))
        .collect();
    for (item, shown) in record.items.iter().zip(items).take(PICTURES) {
        if digests.get(item.path.as_str()) != Some(&item.sha256) {
            continue;
        }
        let Ok(bytes) = source.open(&item.path) else {
            continue;
        };
        let Ok(size) = bytes.size() else { continue };
        let item = ItemBytes {
            file: &*bytes,
            size,
            sha256: item.sha256,
            media_type: &item.media_type,
        };
        shown.thumbnail = stock.previews.jpeg(&item, THUMB_SIDE).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_chinas_zone_or_in_utc() {
        assert_eq!(utc_offset_minutes("Asia/Shanghai"), 480);
        assert_eq!(utc_offset_minutes("Europe/Zurich"), 0);
        assert_eq!(utc_offset_minutes(""), 0);
    }
}
