//! What the review console and the server say to each other, under `/api/v1`. Session by cookie (HttpOnly, SameSite=Strict);
//! every changing request carries the session's `csrf` in `X-Fieldseal-Csrf`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /api/v1/session`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SignIn {
    /// Account name.
    pub account: String,
    /// Password.
    pub password: String,
}

/// Answer to `POST` and `GET /api/v1/session`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Account name.
    pub account: String,
    /// Name as shown.
    pub name: String,
    /// `reviewer`, `supervisor`, `dispatcher`, `administrator` or `auditor`.
    pub role: String,
    /// Send back in `X-Fieldseal-Csrf`.
    pub csrf: String,
    /// `<origin>` of this deployment.
    pub origin: String,
}

/// What a reviewer can decide. Decisions are leaves and never overwrite one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// 通过
    Accepted,
    /// 退回: comes back to the tablet as a task with its reason.
    Returned,
    /// 不予采用
    Refused,
    /// 送法制审核
    LegalReview,
}

/// Which packets `GET /api/v1/review/packets?queue=…&verdict=…&q=…&page=…` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Queue {
    /// 待审: no final decision yet (legal review included).
    Open,
    /// 已审: accepted, returned or refused.
    Done,
}

/// A page of the list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PacketPage {
    /// At most 50, by risk and age.
    pub packets: Vec<PacketSummary>,
    /// All that match.
    pub total: u64,
    /// Zero-based.
    pub page: u32,
    /// How many open packets have each verdict.
    pub counts: VerdictCounts,
}

/// Open packets by verdict, for the filter tabs.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct VerdictCounts {
    /// All open ones.
    pub all: u64,
    /// Verdict `failed`.
    pub failed: u64,
    /// Verdict `not-proved`.
    pub not_proved: u64,
    /// Verdict `verified`.
    pub verified: u64,
}

/// One row of the list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PacketSummary {
    /// UUID v7.
    pub id: String,
    /// Address, or point number, or the id's tail.
    pub title: String,
    /// Kind's id, such as `illegal-structure`; `void` for a draft that was given up.
    pub kind: String,
    /// Kind's name in Chinese and English.
    pub kind_name: Text,
    /// Point number, if linked.
    pub point: Option<String>,
    /// Team as shown.
    pub team: Option<String>,
    /// Officers' names, lead first.
    pub officers: Vec<String>,
    /// How many items.
    pub items: u32,
    /// Numbers of the first items that have a preview (at most three).
    pub previews: Vec<u32>,
    /// `verified`, `not-proved` or `failed`.
    pub verdict: String,
    /// Findings by level.
    pub ok: u32,
    /// Findings by level.
    pub not_proved: u32,
    /// Findings by level.
    pub failed: u32,
    /// What a reviewer must not miss in the list, in one sentence: a key that was revoked before, two seals of one number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<Text>,
    /// RFC 3339, the device's claim.
    pub closed_at: Option<String>,
    /// RFC 3339.
    pub received_at: String,
    /// RFC 3339.
    pub logged_at: Option<String>,
    /// Latest decision.
    pub decision: Option<Decision>,
    /// Latest decision's time.
    pub decided_at: Option<String>,
}

/// A name in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Text {
    /// 中文
    pub zh: String,
    /// English
    pub en: String,
}

/// `GET /api/v1/review/packets/{id}`. Looking is recorded in the server's custody log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PacketDetail {
    /// The row of the list.
    pub summary: PacketSummary,
    /// sha256 hex of the file `packet.seal`.
    pub packet_digest: String,
    /// sha256 hex of the zip.
    pub zip_sha256: String,
    /// Bytes.
    pub zip_size: u64,
    /// Leaf's index in the log.
    pub leaf_index: Option<u64>,
    /// The items in order.
    pub items: Vec<ItemView>,
    /// The record's fields, labelled from the packet's own form, in the form's order.
    pub fields: Vec<FieldView>,
    /// Where, as the device reported.
    pub place: Option<PlaceView>,
    /// 当事人: `present`, `absent`, `refused` or absent.
    pub party: Option<String>,
    /// Custody log of the tablet, then of the server.
    pub custody: Vec<CustodyView>,
    /// Every finding, worst first.
    pub findings: Vec<FindingView>,
    /// Lower bound of the seal, RFC 3339; none until stamped checkpoints exist.
    pub sealed_after: Option<String>,
    /// Upper bound, RFC 3339.
    pub logged_before: Option<String>,
    /// All decisions, oldest first.
    pub decisions: Vec<DecisionView>,
    /// The packet that this one completes, and those that complete this one.
    #[serde(default)]
    pub related: Vec<RelatedView>,
    /// Id before and after this one in the open queue, for J and K.
    pub next: Option<String>,
    /// Id before this one.
    pub previous: Option<String>,
}

/// A packet that belongs with another one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RelatedView {
    /// `completes`: the packet on the screen completes this one. `completed-by`: this one completes it.
    pub relation: String,
    /// The id that is named.
    pub id: String,
    /// Its row of the list; absent where it is not on this server.
    pub packet: Option<PacketSummary>,
    /// Latest decision's reason.
    pub reason: Option<String>,
    /// Whether the seal that is named is that packet's own; absent where nothing can be said.
    pub same_seal: Option<bool>,
}

/// One photo, video or document.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ItemView {
    /// 1 for `data/items/0001.…`.
    pub number: u32,
    /// Path in the packet.
    pub path: String,
    /// sha256 hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Media type by its bytes.
    pub media_type: String,
    /// Shot's name, from the form's shot list.
    pub shot: Option<Text>,
    /// RFC 3339, device's claim.
    pub captured_at: Option<String>,
    /// RFC 3339: the item was on the device before this, by a logged heartbeat and a timestamp authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_before: Option<String>,
    /// The word that nobody could know earlier; whether the picture shows it, a person has to see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeView>,
    /// The fix: metres.
    pub accuracy_m: Option<f64>,
    /// Pixels, where it could be decoded.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// `GET /api/v1/review/packets/{id}/items/{number}/preview?w=320|1600` answers a JPEG; false when none can be made.
    pub preview: bool,
    /// Why there is none: a stable code.
    pub preview_problem: Option<String>,
    /// Voided on the tablet, with its reason.
    pub voided: Option<String>,
}

/// A challenge word that belongs to a timestamp token of the seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChallengeView {
    /// As the camera screen showed it.
    pub word: String,
    /// RFC 3339: nobody could know the word before.
    pub after: String,
}

/// One labelled field.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FieldView {
    /// Field's id in the form.
    pub id: String,
    /// Label.
    pub label: Text,
    /// Value as shown, in both languages.
    pub value: Text,
}

/// A place with its uncertainty.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PlaceView {
    /// WGS-84 decimal degrees, as a decimal string.
    pub latitude: Option<String>,
    /// WGS-84 decimal degrees, as a decimal string.
    pub longitude: Option<String>,
    /// Metres, 68 % radius as the device says.
    pub accuracy_m: Option<f64>,
    /// Address as written.
    pub address: Option<String>,
    /// Why there is no fix: a stable code.
    pub no_fix_reason: Option<String>,
}

/// One custody line.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CustodyView {
    /// `tablet` or `server`: the join is where it changes.
    pub log: String,
    /// Line's number in its log, from 1.
    pub line: u32,
    /// RFC 3339.
    pub at: String,
    /// Event's name: `captured`, `closed`, `received`, `looked-at`, …
    pub event: String,
    /// Who, as shown.
    pub actor: Option<String>,
    /// Plain details in both languages.
    pub text: Text,
}

/// One finding, in the reader's language.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FindingView {
    /// Stable code, listed in `docs/spec/findings.md`.
    pub code: String,
    /// `ok`, `info`, `not-proved` or `failed`.
    pub level: String,
    /// What it is about (a path, a key name), or empty.
    pub subject: String,
    /// One plain sentence in each language.
    pub text: Text,
}

/// One decision.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DecisionView {
    /// What.
    pub decision: Decision,
    /// Reason as written.
    pub reason: Option<String>,
    /// RFC 3339.
    pub decided_at: String,
    /// Reviewer's name.
    pub reviewer: String,
    /// Its leaf.
    pub leaf_index: Option<u64>,
}

/// `POST /api/v1/review/packets/{id}/decision`. `returned` and `refused` need a reason.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DecisionRequest {
    /// What.
    pub decision: Decision,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// The packet digest the reviewer saw: a decision is about bytes.
    pub packet_digest: String,
}

/// `GET /api/v1/review/quarantine`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QuarantineView {
    /// Server's id of the upload.
    pub id: String,
    /// Device that sent it.
    pub device: Option<String>,
    /// RFC 3339.
    pub received_at: String,
    /// Bytes.
    pub size: u64,
    /// sha256 hex.
    pub sha256: String,
    /// Stable code.
    pub reason: String,
}
