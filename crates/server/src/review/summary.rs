//! What is kept of a packet when it is admitted, so that the list never opens a zip.

use fieldseal_packet::findings::{CaptureFacts, Language, Level, Report, Verdict};
use fieldseal_packet::record::{Item, OfficerRole, VOID_KIND};
use fieldseal_packet::verify::{FileDigests, PacketCheck};
use fieldseal_wire::console::{ChallengeView, FindingView, Text};
use serde::{Deserialize, Serialize};

use super::words;

/// Pictures that the list shows of a packet.
pub const SHOWN: usize = 3;
/// Longest title, in characters.
const LONGEST_TITLE: usize = 120;

/// The part of a row that the database need not understand.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Kind's name.
    pub kind_name: Text,
    /// Point number, if linked.
    pub point: Option<String>,
    /// Officers' names, lead first.
    pub officers: Vec<String>,
    /// How many items.
    pub items: u32,
    /// Numbers of the first items that may have a preview.
    pub previews: Vec<u32>,
    /// Proved by a timestamp: sealed after this, RFC 3339.
    #[serde(default)]
    pub sealed_after: Option<String>,
    /// Proved by a timestamp: logged before this, RFC 3339.
    #[serde(default)]
    pub logged_before: Option<String>,
    /// What bounds single captures; from a later look, as the two above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captures: Vec<CaptureBounds>,
}

/// What is proved, or can be seen, of one capture, as it is kept beside the findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureBounds {
    /// The item's path.
    pub path: String,
    /// RFC 3339.
    pub captured_before: Option<String>,
    /// The word, and after when.
    pub challenge: Option<ChallengeView>,
}

impl From<&CaptureFacts> for CaptureBounds {
    fn from(facts: &CaptureFacts) -> Self {
        let challenge = facts.challenge.as_ref();
        Self {
            path: facts.path.clone(),
            captured_before: facts.captured_before.map(|at| at.to_string()),
            challenge: challenge.map(|(word, after)| ChallengeView {
                word: word.clone(),
                after: after.to_string(),
            }),
        }
    }
}

/// What a check says for the database.
pub struct Facts {
    /// Kind's id, or empty.
    pub kind: String,
    /// Team as the record says.
    pub team: Option<String>,
    /// Address, point or the id's tail.
    pub title: String,
    /// What the search looks through.
    pub search: String,
    /// The rest of the row.
    pub summary: Summary,
    /// The findings, worst first.
    pub findings: Vec<FindingView>,
    /// The verdict's word.
    pub verdict: String,
    /// 0 failed, 1 not proved, 2 verified.
    pub risk: u8,
    /// What the files were found to be, for later looks.
    pub hashed: Vec<FileDigests>,
}

/// Whether a picture of this media type can be re-encoded here.
pub fn can_preview(media_type: &str) -> bool {
    matches!(
        media_type,
        "image/jpeg" | "image/png" | "image/webp" | "image/gif" | "image/bmp" | "image/tiff"
    )
}

/// The number in `data/items/0001.jpg`.
pub fn item_number(path: &str) -> Option<u32> {
    path.rsplit('/').next()?.split('.').next()?.parse().ok()
}

/// Findings for the screen.
pub fn findings(report: &Report) -> Vec<FindingView> {
    report
        .findings
        .iter()
        .map(|finding| FindingView {
            code: finding.code.word().to_owned(),
            level: finding.code.level().word().to_owned(),
            subject: finding.subject.clone(),
            text: Text {
                zh: finding.text(Language::Zh),
                en: finding.text(Language::En),
            },
        })
        .collect()
}

/// How many findings have this level.
pub fn count(findings: &[FindingView], level: Level) -> u32 {
    u32::try_from(
        findings
            .iter()
            .filter(|finding| finding.level == level.word())
            .count(),
    )
    .unwrap_or(u32::MAX)
}

/// Takes out of a check what is kept.
pub fn facts(check: &PacketCheck, id: &str) -> Facts {
    let record = check.record.as_ref();
    let kind = record.map(|record| record.kind.clone()).unwrap_or_default();
    let kind_name = match &check.form {
        _ if kind == VOID_KIND => words::both("作废", "Given up"),
        Some(form) => words::label(&form.name),
        None => words::same(kind.clone()),
    };
    let place = record.map(|record| &record.place);
    let tail = id.get(id.len().saturating_sub(8)..).unwrap_or(id);
    let given = place
        .and_then(|place| place.address.as_deref().or(place.point.as_deref()))
        .filter(|text| !text.trim().is_empty());
    let title: String = given.unwrap_or(tail).chars().take(LONGEST_TITLE).collect();
    let mut officers: Vec<_> = record
        .map(|record| record.officers.clone())
        .unwrap_or_default();
    officers.sort_by_key(|officer| officer.role != OfficerRole::Lead);
    let items: &[Item] = record.map_or(&[], |record| record.items.as_slice());
    let shown = items
        .iter()
        .filter(|item| item.voided.is_none() && can_preview(&item.media_type));
    let summary = Summary {
        kind_name,
        point: place.and_then(|place| place.point.clone()),
        officers: officers
            .iter()
            .map(|officer| officer.name.clone())
            .collect(),
        items: u32::try_from(items.len()).unwrap_or(u32::MAX),
        previews: shown
            .filter_map(|item| item_number(&item.path))
            .take(SHOWN)
            .collect(),
        sealed_after: None,
        logged_before: None,
        captures: Vec::new(),
    };
    let mut search = vec![
        id.to_owned(),
        title.clone(),
        kind.clone(),
        summary.kind_name.zh.clone(),
        summary.kind_name.en.clone(),
    ];
    search.extend(record.and_then(|record| record.team.clone()));
    search.extend(
        officers
            .iter()
            .flat_map(|officer| [officer.name.clone(), officer.badge.clone()]),
    );
    search.extend(
        place
            .into_iter()
            .flat_map(|place| [&place.point, &place.ticket, &place.campaign, &place.address])
            .flatten()
            .cloned(),
    );
    Facts {
        kind,
        team: record.and_then(|record| record.team.clone()),
        title,
        search: search.join("\n").to_lowercase(),
        summary,
        findings: findings(&check.report),
        verdict: check.report.verdict.word().to_owned(),
        risk: match check.report.verdict {
            Verdict::Failed => 0,
            Verdict::NotProved => 1,
            Verdict::Verified => 2,
        },
        hashed: check.hashed.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_from_paths() {
        assert_eq!(item_number("data/items/0012.jpg"), Some(12));
        assert_eq!(item_number("data/items/12345.bin"), Some(12345));
        assert_eq!(item_number("data/items/x.bin"), None);
    }
}
