//! Kinds as data: what the server delivers to tablets under `/api/v1/forms`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer to `GET /api/v1/forms`: one for each kind, in the order they were first brought in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FormList {
    /// The newest version of each kind.
    pub forms: Vec<FormRef>,
}

/// A kind and its newest form. Its bytes: `GET /api/v1/forms/{sha256}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormRef {
    /// Kind's id.
    pub kind: String,
    /// The form's version; empty for a built-in kind that was retired and has no form here.
    pub version: String,
    /// sha256 hex of the form's bytes; empty likewise.
    pub sha256: String,
    /// New packets of this kind are not to be begun.
    #[serde(default)]
    pub retired: bool,
}
