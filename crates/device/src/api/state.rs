//! The tablet as a whole: whom it belongs to, what it is worth at this moment, what stands in the way.

use serde::Serialize;
use ts_rs::TS;

use super::UploadRulesView;

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
    /// Photos found complete after an unexpected stop, until `recovered-read`.
    pub recovered_photos: Option<u32>,
    /// Whether the shutter would be refused now: to be said before it is pressed.
    pub capture: CaptureReadyView,
    pub free_bytes: Option<f64>,
    /// 0 to 1, where the platform tells.
    pub battery: Option<f64>,
    /// Since when this tablet is retired, RFC 3339: it takes no new photos.
    pub retired_at: Option<String>,
    /// What the administrator has ordered this tablet to do, while that is of interest.
    pub order: Option<OrderView>,
    /// A word from the newest timestamp, to be photographed in the scene.
    pub challenge: Option<String>,
    pub language: String,
    pub theme: String,
    /// Minutes without a touch until it locks by itself.
    pub auto_lock_min: u32,
    pub upload_rules: UploadRulesView,
    /// Why packets wait though there is a network: `held`, or a rule's `wifi` or `roaming`.
    pub uploads_wait: Option<String>,
    pub version: String,
    /// Another one when other forms are known than before.
    pub forms: String,
}

/// An order of the administrator's.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct OrderView {
    /// `lock` (until the next unlock) or `wipe`.
    pub what: String,
    /// RFC 3339, the server's clock.
    pub at: String,
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
    /// When the administrator last let them back in after a forgotten PIN, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub pin_reset_at: Option<String>,
    /// Signs on a tablet of their own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub guest: bool,
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
    /// `nothing`, `unreadable` (a code, but too small, blurred or damaged), `foreign` (another kind of code), `enrolment`,
    /// of another tablet `officer` (a card), `challenge`, `cosignature`, or of the administrator `pin-answer`.
    pub found: String,
    /// The code's text, for our own kinds alone.
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
    /// What to do about it, for everything that is `look`: `again`, `connect`, `upload`, `locate`, `officers`, `rebuilt` or
    /// `tell` (the administrator).
    pub act: Option<String>,
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
