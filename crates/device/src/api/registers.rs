//! Points, tickets and the map, as the screens show them. Days are `2026-11-23`; the screen knows which one is today.

use serde::Serialize;
use ts_rs::TS;

/// What of the registers is here.
#[derive(Debug, Clone, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct RegistersView {
    pub points: u32,
    pub tickets: u32,
    /// Tickets due today or before.
    pub tickets_due: u32,
    /// When the points came, RFC 3339; none: never.
    pub points_at: Option<String>,
    pub tickets_at: Option<String>,
    pub map: Option<MapView>,
    /// Parts of a hundred of a map that is on its way.
    pub map_progress: Option<u32>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct MapView {
    /// Names the file, so that another one is not taken for it.
    pub id: String,
    pub size_bytes: f64,
    /// Positions are shifted to be drawn on it.
    pub gcj02: bool,
    /// When the administrator put it in place, RFC 3339.
    pub placed_at: String,
    pub attribution: Option<String>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct PointView {
    pub number: String,
    pub name: Option<String>,
    pub kind: Option<String>,
    pub address: Option<String>,
    pub compound: Option<String>,
    pub team: Option<String>,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    /// Nothing is left to be done there.
    pub done: bool,
    pub distance_m: Option<f64>,
    /// Open tickets, the most urgent first: at most five.
    pub tickets: Vec<TicketView>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct TicketView {
    pub number: String,
    pub kind: Option<String>,
    pub what: Option<String>,
    pub point: Option<String>,
    pub address: Option<String>,
    pub received: Option<String>,
    pub due: Option<String>,
}

/// Points near this tablet.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct NearView {
    /// `distance`; `last-visit`: without a position, those of the newest packets.
    pub by: String,
    pub points: Vec<PointView>,
    pub fix: Option<super::FixView>,
    pub registers: RegistersView,
}

/// What was found for some words.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct FoundView {
    pub points: Vec<PointView>,
    pub tickets: Vec<TicketView>,
    /// There may be more: more words narrow it down.
    pub more: bool,
}

/// What a part of the map holds: each point, or when they are too many how many lie where.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct MapPartView {
    pub pins: Vec<PinView>,
    pub clusters: Vec<ClusterView>,
    /// Where this tablet is, if it knows: latitude, longitude.
    pub here: Option<(f64, f64)>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct PinView {
    pub number: String,
    pub lat: f64,
    pub lon: f64,
    /// `today`: a ticket is due; `open`, `done`.
    pub state: String,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct ClusterView {
    pub lat: f64,
    pub lon: f64,
    pub count: u32,
}

/// A draft among the points.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct DraftPlaceView {
    /// The point that it names, if the register has it.
    pub point: Option<PointView>,
    pub ticket: Option<TicketView>,
    /// The nearest to its best position, of its kind.
    pub nearest: Vec<PointView>,
    /// The one that is alone within 50 m, while none is chosen and none was refused.
    pub suggested: Option<String>,
    /// Its photos were taken far from its point.
    pub far: Option<FarView>,
    /// Whether there is a register of points at all.
    pub registered: bool,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct FarView {
    pub distance_m: f64,
    pub accuracy_m: f64,
    /// What the officer has said of it: `across`, `moved` or `register-wrong`.
    pub answer: Option<String>,
}
