//! Video and voice notes: begun, handed over piece by piece, finished.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a recording begins with.
#[derive(Debug, Clone, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "bindings.ts", optional_fields = nullable)]
pub struct RecordingArgs {
    /// The draft; none starts one (always so while locked).
    pub draft: Option<String>,
    /// Kind of the draft to start.
    pub kind: Option<String>,
    /// Shot of the shot list.
    pub shot: Option<String>,
    /// `camera` (picture and sound, or picture alone) or `microphone`.
    pub source: String,
    /// After so many seconds it is to be stopped; at most an hour, which it is when none.
    pub limit_s: Option<u32>,
}

/// What goes with the raw bytes of a piece (HTTP query or headers).
#[derive(Debug, Clone, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "bindings.ts")]
pub struct PieceArgs {
    /// Which recording.
    pub recording: String,
    /// Bytes of the recording before this piece: a piece that is handed over again is not taken twice.
    pub offset: u64,
}

/// How far a recording is. `storedBytes` of it are durable: they are not lost whatever happens to the app.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct RecordingView {
    pub id: String,
    pub draft: String,
    pub stored_bytes: f64,
    /// It is to be stopped now, and why: `time-limit`, `size-limit` or `no-room`.
    pub stop: Option<String>,
}

/// Of an item that was recorded in the app.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct RecordedView {
    /// No picture: a voice note.
    pub sound_only: bool,
    /// `stopped`, `time-limit`, `size-limit`, `no-room`, `device-lost`, `cut-off`.
    pub ended: String,
    pub duration_s: Option<f64>,
}
