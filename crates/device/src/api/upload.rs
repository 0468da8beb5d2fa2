//! What goes to the server, what is left of it, and how long originals stay here.

use serde::Serialize;
use ts_rs::TS;

use super::PacketSummary;

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
    /// For which network a rule makes everything wait: `wifi` or `roaming`.
    pub waits: Option<String>,
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

/// How long originals stay on this tablet once their packet is safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct RetentionView {
    /// 0: none; none: as long as there is room.
    pub keep_days: Option<u32>,
    /// `server`, `tablet` or `default`.
    pub by: String,
    /// Why nothing is removed for now, whatever the rule: `log-contradicts`.
    pub held: Option<String>,
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
