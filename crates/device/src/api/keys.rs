//! The keys that sign here, and how they stand.

use serde::Serialize;
use ts_rs::TS;

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct KeysView {
    /// The tablet's own.
    pub device: KeyView,
    /// Those of the officers who sign here.
    pub officers: Vec<KeyView>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct KeyView {
    /// Tablet's or officer's id.
    pub id: String,
    /// sha256 hex; empty where there is no key.
    pub fingerprint: String,
    /// `enrolled` (by the authority), `renewing` (a new key waits for the server's yes), `retired`, `not-enrolled`.
    pub standing: String,
    /// Since when the authority knows this key, RFC 3339, the server's clock.
    pub since: Option<String>,
    /// It took over from an earlier key of the same name.
    pub took_over: bool,
}
