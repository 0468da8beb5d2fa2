//! A forgotten PIN.

use serde::Serialize;
use ts_rs::TS;

/// What the tablet asks of the administrator.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct PinRequestView {
    /// Whose PIN was forgotten.
    pub officer: String,
    pub badge: String,
    /// To be carried to the administrator: a QR, a message, a file. It holds no secret in the clear.
    pub text: String,
    /// What the officer reads to the administrator, who types it: so that nobody has changed the text on its way.
    pub compare: String,
    /// RFC 3339, this tablet's clock.
    pub made_at: String,
    /// RFC 3339: from then on it asks for nothing more.
    pub until: String,
}
