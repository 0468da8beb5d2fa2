//! One packet and its photos, from the draft to the decision.

use serde::Serialize;
use ts_rs::TS;

use super::{FormView, HiddenView, PartyInput, RecordedView, ViolationView};

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct DraftSummary {
    pub id: String,
    pub kind: String,
    pub title: Option<String>,
    pub photos: u32,
    pub opened_at: String,
    /// `capture_seq` of the first photo with a preview.
    pub cover: Option<u32>,
    /// `open` or `closed` (closed: waiting for signatures or the seal).
    pub stage: String,
    pub missing_shots: Vec<String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct DraftView {
    pub id: String,
    pub kind: String,
    pub stage: String,
    pub opened_at: String,
    pub supplements: Option<String>,
    pub photos: Vec<PhotoView>,
    #[ts(type = "Record<string, unknown>")]
    pub facts: serde_json::Map<String, serde_json::Value>,
    pub party: Option<PartyInput>,
    /// Expected shots with no photo that counts.
    pub missing_shots: Vec<String>,
    /// Expected fields with no value.
    pub missing_fields: Vec<String>,
    /// What the form's rules do not ask for, given the facts.
    pub hidden: HiddenView,
    /// Values that are kept, and are not as the form says they should be.
    pub violations: Vec<ViolationView>,
    /// The form that it was opened with, where there is another one of its kind now.
    pub form: Option<FormView>,
    pub signatures: Vec<SignatureView>,
    /// The officers the record names: lead first.
    pub officers: Vec<String>,
    /// Sequence number this packet will have.
    pub device_seq: Option<u32>,
    /// Seen checkpoint's time, where a stamp says one.
    pub sealed_after: Option<String>,
    /// Seen checkpoint: tree size, or none.
    pub seen_size: Option<u32>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct PhotoView {
    pub capture_seq: u32,
    /// 1 for `0001`, once the draft is closed.
    pub number: Option<u32>,
    pub shot: Option<String>,
    pub captured_at: String,
    pub sha256: String,
    pub size_bytes: f64,
    pub media_type: String,
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// `evidence://…/thumb/<capture_seq>` and `…/preview/<capture_seq>` answer a JPEG.
    pub preview: bool,
    /// Stable code of why there is none: `not-decodable`, `unsupported-format`, `empty`, `too-large`, `pending`.
    pub preview_problem: Option<String>,
    pub fix: Option<PhotoFix>,
    pub no_fix_reason: Option<String>,
    pub voided: Option<String>,
    /// What the party drew on the screen: no photo, and no digital signature.
    pub drawing: bool,
    /// Degrees clockwise from north, where the platform told.
    pub heading_deg: Option<f64>,
    /// sha256 of the earlier photo over which this one was taken.
    pub follows: Option<String>,
    /// Of a video or voice note made in the app.
    pub recorded: Option<RecordedView>,
    /// After a recheck: the bytes still have this digest.
    pub rechecked: Option<bool>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct PhotoFix {
    pub latitude: String,
    pub longitude: String,
    pub accuracy_m: f64,
    pub age_s: f64,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct SignatureView {
    pub officer: String,
    pub signed_at: String,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct PacketSummary {
    pub id: String,
    pub kind: String,
    pub title: Option<String>,
    pub photos: u32,
    pub size_bytes: f64,
    pub sealed_at: String,
    pub cover: Option<u32>,
    /// `queued`, `uploading`, `received`, `safe` (= logged and verified here), `wedged`, `accepted`, `returned`, `refused`, `legal-review`.
    pub state: String,
    pub reason: Option<String>,
    pub state_at: Option<String>,
    /// When its originals were removed from this tablet, after it was safe.
    pub reclaimed_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct PacketPage {
    pub packets: Vec<PacketSummary>,
    pub total: u32,
    pub page: u32,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct PacketView {
    pub summary: PacketSummary,
    pub device_seq: u32,
    /// sha256 hex of `packet.seal`: for QR and paper.
    pub packet_digest: String,
    pub photos: Vec<PhotoView>,
    #[ts(type = "Record<string, unknown>")]
    pub facts: serde_json::Map<String, serde_json::Value>,
    pub party: Option<PartyInput>,
    pub signatures: Vec<SignatureView>,
    pub custody: Vec<CustodyView>,
    pub leaf_index: Option<u32>,
    pub received_at: Option<String>,
    pub sealed_after: Option<String>,
    pub logged_before: Option<String>,
    pub decisions: Vec<TaskDecision>,
    pub supplements: Option<String>,
    /// Set by `Recheck`: all, whether equal, and when.
    pub rechecked: Option<RecheckView>,
    /// The form that it was made with, where there is another one of its kind now.
    pub form: Option<FormView>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct RecheckView {
    pub at: String,
    /// Everything that could be checked holds.
    pub equal: bool,
    pub differing: Vec<u32>,
    /// The originals were removed by rule: the rest was checked, and what the server signed for them.
    pub originals_removed: bool,
    /// Record, custody log and manifests have the digests that were sealed, and the photos those of their captures.
    pub files_hold: bool,
    /// Receipt and inclusion proof hold against the pinned keys; none while there is no verified receipt.
    pub receipt_holds: Option<bool>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct CustodyView {
    pub at: String,
    /// `opened`, `captured`, `described`, `voided`, `party`, `closed`, `reopened`, `signed`, `sealed`, `uploaded`, `received`, `logged`, `safe`, `accepted`, `returned`, …
    pub event: String,
    /// Officer's name, or `device`, or `server`.
    pub actor: Option<String>,
    pub params: std::collections::BTreeMap<String, String>,
    /// After sealing, so from the tablet's or the server's own log.
    pub after_seal: bool,
    /// Not reached yet: shown dashed.
    pub pending: bool,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct TaskView {
    pub packet: PacketSummary,
    pub reason: Option<String>,
    pub reviewer: Option<String>,
    pub decided_at: String,
    /// By when the answer should be on the server, where a rule says so.
    pub answer_by: Option<String>,
    /// The newest supplement that was started or sealed for it: a draft's id, or a packet's.
    pub supplement: Option<String>,
    /// Of that supplement: `open` or `closed` (still a draft), else where the sealed packet is, as in [`PacketSummary::state`].
    pub supplement_state: Option<String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct TaskDecision {
    pub decision: String,
    pub reason: Option<String>,
    pub reviewer: Option<String>,
    pub decided_at: String,
}
