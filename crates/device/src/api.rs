//! What the screens ask of the engine and what they get back. One enum in, one view out, the same in both hosts
//! (the Tauri window and the loopback host); photos go in raw, beside it. TypeScript types are made from this file
//! (`ui/shared/src/bindings.ts`). Views serve the screen alone: nothing here is stored or sent to a server.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Everything a screen can ask. Serialised as `{"do": "draft-open", …}`.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[ts(export_to = "bindings.ts", optional_fields = nullable)]
pub enum Request {
    /// → [`StateView`]. Cheap; asked every second or so.
    State,
    /// → [`EnrolPreview`]. `text` is the QR's text (`fieldseal:enrol?u=…&c=…&t=…`).
    EnrolLookup { text: String },
    /// Enrols this tablet, and makes the vault with its first officer. `text` as above, a device code. → [`StateView`]
    EnrolDevice { text: String },
    /// Adds an officer's key under a PIN. `code` is an officer's one-time code. → [`OfficerView`]
    EnrolOfficer { code: String, pin: String },
    /// Opens the vault for looking. → [`StateView`]
    Unlock { officer: String, pin: String },
    /// → [`StateView`]
    Lock,
    /// Who is on patrol: lead first. → [`StateView`]
    OnDuty {
        lead: String,
        second: Option<String>,
    },
    /// What stands between this tablet and its retirement. → [`LeavingView`]
    Leaving,
    /// Retires this tablet: only when all that it holds is safe. → [`StateView`]
    Retire { officer: String, pin: String },
    /// Empties a retired tablet, all of whose packets are safe; it is then as new. → [`StateView`]
    Wipe { officer: String, pin: String },
    /// → `Vec<CheckView>`: the self-check before the patrol.
    SelfCheck,
    /// → `Vec<FormView>`
    Forms,
    /// Starts a draft. → [`DraftView`]
    DraftOpen {
        kind: String,
        supplements: Option<String>,
    },
    /// → [`DraftView`]
    Draft { id: String },
    /// → `Vec<DraftSummary>`, newest first.
    Drafts,
    /// Changes the kind of a draft that has no signature yet. → [`DraftView`]
    DraftKind { id: String, kind: String },
    /// Sets described facts; `null` clears one. Saved before it answers. → [`DraftView`]
    Describe {
        id: String,
        #[ts(type = "Record<string, unknown>")]
        facts: serde_json::Map<String, serde_json::Value>,
    },
    /// Which shot of the shot list an item is. → [`DraftView`]
    SetShot {
        id: String,
        capture_seq: u64,
        shot: Option<String>,
    },
    /// Voids an item, with a reason; its bytes stay. → [`DraftView`]
    Void {
        id: String,
        capture_seq: u64,
        reason: String,
    },
    /// 当事人. → [`DraftView`]
    Party { id: String, party: PartyInput },
    /// Closes the draft if it is open, and signs the seal's body as this officer. → [`DraftView`]
    Sign {
        id: String,
        officer: String,
        pin: String,
    },
    /// Voids the signatures and reopens the draft. → [`DraftView`]
    Reopen { id: String },
    /// The device signs last; irrevocable. One officer may seal alone. → [`PacketView`]
    Seal { id: String },
    /// Gives a draft up: it is sealed as kind `void` with its photos. → [`PacketView`]
    GiveUp {
        id: String,
        reason: String,
        officer: String,
        pin: String,
    },
    /// → [`PacketPage`], newest first.
    Packets { page: u32, filter: Option<String> },
    /// → [`PacketView`]
    Packet { id: String },
    /// Reads every original again and compares. → [`PacketView`] with `rechecked` set.
    Recheck { id: String },
    /// → [`UploadsView`], its first page.
    Uploads,
    /// → [`UploadsView`], another page.
    UploadsPage { page: u32 },
    /// The officer has read how many photos were found after a stop. → [`StateView`]
    RecoveredRead,
    /// Tries now, whatever the waiting time. → [`UploadsView`]
    UploadNow { id: Option<String> },
    /// Holds uploads, or lets them go on. → [`UploadsView`]
    UploadHold { hold: bool },
    /// Holds one packet's upload, or lets it go on. → [`UploadsView`]
    UploadPause { id: String, pause: bool },
    /// How long originals stay here once they are safe: the tablet's own setting, for servers that say nothing of it.
    /// `keep_days` 0: at once; none: as long as there is room. → [`RetentionView`]
    Retention { keep_days: Option<u32> },
    /// Gives back what the rule says, now. → [`ReclaimView`]
    Reclaim,
    /// → `Vec<TaskView>`: packets that came back.
    Tasks,
    /// A position from the screen's geolocation, for captures to come. → `null`
    Position { fix: FixInput },
    /// Why there is no position: `denied`, `unavailable` or `timeout`. → `null`
    NoPosition { reason: String },
    /// Screen settings. → [`StateView`]
    Settings {
        language: Option<String>,
        theme: Option<String>,
    },
}

/// What goes with the raw bytes of a photo (HTTP headers or query in both hosts).
#[derive(Debug, Clone, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "bindings.ts", optional_fields = nullable)]
pub struct CaptureArgs {
    /// The draft; none starts one (always so while locked).
    pub draft: Option<String>,
    /// Kind of the draft to start.
    pub kind: Option<String>,
    /// Shot of the shot list.
    pub shot: Option<String>,
    /// `camera` (getUserMedia), `file-input` or `import`.
    pub source: String,
    /// The file's own name: a claim.
    pub original_name: Option<String>,
}

/// Answer to a capture: the bytes are durable.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct CaptureView {
    pub draft: String,
    pub capture_seq: u32,
    pub sha256: String,
    pub size_bytes: f64,
    /// How many photos the draft has now.
    pub count: u32,
}

#[derive(Debug, Clone, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts", optional_fields = nullable)]
pub struct FixInput {
    pub latitude: f64,
    pub longitude: f64,
    pub accuracy_m: f64,
    pub altitude_m: Option<f64>,
    pub heading_deg: Option<f64>,
    /// Unix milliseconds of the fix, as the platform says.
    pub at_ms: f64,
    pub mock: Option<bool>,
    pub provider: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts", optional_fields = nullable)]
pub struct PartyInput {
    /// `present`, `absent`, `refused` or `unknown`.
    pub presence: String,
    pub name: Option<String>,
    /// Why or how: `informed-refused`, `refused-left`, `other` …, or words.
    pub note: Option<String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct StateView {
    pub enrolled: bool,
    pub locked: bool,
    /// Set when something is wrong with the vault as a whole.
    pub problem: Option<ProblemView>,
    pub device: Option<DeviceView>,
    pub officers: Vec<OfficerView>,
    /// Officer ids on duty: lead first.
    pub on_duty: Vec<String>,
    /// Officer who unlocked.
    pub unlocked_by: Option<String>,
    /// Whether the last exchange reached the server.
    pub online: bool,
    /// Seconds since the server answered last in this run.
    pub contact_age_s: Option<f64>,
    /// RFC 3339.
    pub last_server_at: Option<String>,
    /// This tablet's clock minus the server's, milliseconds, at the last contact.
    pub clock_offset_ms: Option<f64>,
    /// Sealed packets that are not yet safe (logged, receipt and proof verified here).
    pub unsafe_packets: u32,
    /// RFC 3339 of the oldest of them.
    pub unsafe_oldest_at: Option<String>,
    pub unsafe_photos: u32,
    pub unsafe_bytes: f64,
    pub drafts: u32,
    pub tasks: u32,
    pub wedged: u32,
    /// Newest fix: accuracy in metres and age in seconds.
    pub fix: Option<FixView>,
    pub no_fix_reason: Option<String>,
    /// Photos found complete after an unexpected stop, until [`Request::RecoveredRead`].
    pub recovered_photos: Option<u32>,
    /// Whether the shutter would be refused now: to be said before it is pressed.
    pub capture: CaptureReadyView,
    pub free_bytes: Option<f64>,
    /// 0 to 1, where the platform tells.
    pub battery: Option<f64>,
    /// Since when this tablet is retired, RFC 3339: it takes no new photos.
    pub retired_at: Option<String>,
    pub language: String,
    pub theme: String,
    pub version: String,
}

/// What is on this tablet and not safe on the server.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct LeavingView {
    pub drafts: u32,
    /// Photos that wait to be taken into a draft.
    pub waiting: u32,
    /// Sealed packets without a verified receipt.
    pub unsafe_packets: u32,
    /// Of them, those that need somebody.
    pub wedged: u32,
    /// Damaged files that were set aside: an expert may still read them.
    pub damaged: u32,
    /// Nothing of all that.
    pub ready: bool,
    pub retired_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct CaptureReadyView {
    pub ready: bool,
    /// Code of the problem that a capture would answer now: `no-room`, `vault-damaged`, `not-enrolled`.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct FixView {
    pub accuracy_m: f64,
    pub age_s: f64,
}

/// What a screen shows when something could not be done.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ProblemView {
    /// Stable; the screens' catalogue has a sentence for each.
    pub code: String,
    /// English, for logs and for codes a screen does not know.
    pub message: String,
    pub retriable: bool,
    /// Numbers and names that the sentence needs.
    pub params: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct DeviceView {
    pub id: String,
    pub origin: String,
    pub server: String,
    pub team: Option<String>,
    pub next_seq: u32,
    /// Key fingerprint, sha256 hex.
    pub fingerprint: String,
    /// `wrapped-file` or `hardware`.
    pub key_store: String,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct OfficerView {
    pub id: String,
    /// Known only after the first unlock since start; the badge always.
    pub name: Option<String>,
    pub badge: String,
    pub team: Option<String>,
    /// Has an enrolment entry by the authority.
    pub enrolled: bool,
    /// Seconds until another PIN may be tried.
    pub wait_s: u32,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct EnrolPreview {
    pub server: String,
    pub origin: String,
    /// `device` or `officer`.
    pub kind: String,
    pub id: String,
    pub name: Option<String>,
    pub badge: Option<String>,
    pub team: Option<String>,
}

/// Answer to a picture handed over to be looked at for an enrolment code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ScanView {
    /// `nothing`, `unreadable` (a code, but too small, blurred or damaged), `foreign` (another kind of code) or `enrolment`.
    pub found: String,
    /// The enrolment code's text, for `enrolment` alone.
    pub text: Option<String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct CheckView {
    /// `battery`, `storage`, `clock`, `location`, `keys`, `vault`, `checkpoint`, `map`, `unsent`.
    pub code: String,
    /// `ok`, `look` or `unsupported`.
    pub level: String,
    /// Which sentence: the catalogue has `check.<code>.<sentence>`.
    pub sentence: String,
    pub params: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct LabelView {
    pub zh: String,
    pub en: String,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct FormView {
    /// `illegal-structure`, `group-rental`, `billboard`, …
    pub kind: String,
    pub version: String,
    pub name: LabelView,
    pub short_name: LabelView,
    /// Fields of all kinds that this one asks for.
    pub common: Vec<CommonDef>,
    pub fields: Vec<FieldDef>,
    pub shots: Vec<ShotDef>,
    pub items: Vec<ItemCode>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct FieldDef {
    pub id: String,
    /// `choice`, `choices`, `integer`, `decimal`, `text`, `date`, `yes-no`.
    pub field_type: String,
    pub label: LabelView,
    /// `m²`, `m`, `人` …
    pub unit: Option<LabelView>,
    pub choices: Vec<ChoiceDef>,
    /// Missing is shown, never blocks.
    pub expected: bool,
    /// Only shown when another field has one of these values.
    pub shown_if: Option<ShownIf>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub max_length: Option<u32>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ShownIf {
    pub field: String,
    pub any_of: Vec<String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ChoiceDef {
    pub id: String,
    pub label: LabelView,
    /// Rules the others out.
    pub alone: bool,
}

/// A field that every kind has, asked for by this one: missing is shown, never blocks.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct CommonDef {
    pub id: String,
    pub shown_if: Option<ShownIf>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ShotDef {
    pub id: String,
    pub label: LabelView,
    pub expected: bool,
    pub shown_if: Option<ShownIf>,
}

/// An item of the competence catalogue 事项编码.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ItemCode {
    pub code: String,
    pub label: LabelView,
}

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

/// How long originals stay on this tablet once their packet is safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct RetentionView {
    /// 0: none; none: as long as there is room.
    pub keep_days: Option<u32>,
    /// `server`, `tablet` or `default`.
    pub by: String,
}

/// What was given back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ReclaimView {
    pub packets: u32,
    pub photos: u32,
    pub bytes: f64,
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
pub struct UploadsView {
    pub held: bool,
    pub online: bool,
    /// A page of them: first what needs a person, then in the order of their turns.
    pub unsafe_packets: Vec<UploadView>,
    pub unsafe_total: u32,
    /// Bytes of all of them that are not there yet, and how long they may take.
    pub left_bytes: f64,
    pub left: Option<LeftView>,
    /// What stands between here and the server: `offline`, `captive-portal` or `certificate`; none while it answers.
    pub link: Option<String>,
    /// From 0, of 50.
    pub page: u32,
    pub safe_recent: Vec<PacketSummary>,
    pub safe_total: u32,
    /// Of these, packets whose originals were removed from this tablet.
    pub reclaimed_total: u32,
    /// None until the first unlock.
    pub retention: Option<RetentionView>,
}

/// Seconds, from and to.
#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct LeftView {
    pub least_s: f64,
    pub most_s: f64,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct UploadView {
    pub packet: PacketSummary,
    pub sent_bytes: f64,
    pub total_bytes: f64,
    pub bytes_per_s: Option<f64>,
    /// How long the rest may take; none: not known.
    pub left: Option<LeftView>,
    /// Place in the order of turns, from 1; none for what goes no further by itself or is paused.
    pub turn: Option<u32>,
    /// When it should be on the server, where a rule says so: the order is by this, else by the time of sealing.
    pub deadline: Option<String>,
    /// Held back by an officer.
    pub paused: bool,
    pub attempts: u32,
    /// RFC 3339 of the next try by itself.
    pub next_try_at: Option<String>,
    /// Why it waits or is wedged: a stable code such as `offline`, `key-unknown`, `receipt-wrong`, `disk-full-server`.
    pub cause: Option<String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct TaskView {
    pub packet: PacketSummary,
    pub reason: Option<String>,
    pub reviewer: Option<String>,
    pub decided_at: String,
    /// A supplement was started or sealed for it.
    pub supplement: Option<String>,
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
