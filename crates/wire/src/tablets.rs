//! What the console's administrator and the server say to each other about tablets, under `/api/v1/admin`. Session and
//! `csrf` as in [`crate::console`]; the role is `administrator` and no other.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer to `GET /api/v1/admin/devices`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TabletList {
    /// Every tablet that was ever enrolled, in the order of enrolment.
    pub devices: Vec<TabletView>,
    /// RFC 3339, the server's clock: what `seen_at` is measured against.
    pub now: String,
}

/// One tablet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TabletView {
    /// Pseudonymous id: the last part of its key's name.
    pub id: String,
    /// Key name.
    pub name: String,
    /// 街道队
    pub team: Option<String>,
    /// `active`, `retired` or `revoked`.
    pub status: String,
    /// What the device says it is.
    pub claim: Option<String>,
    /// RFC 3339.
    pub enrolled_at: String,
    /// When it was retired or revoked.
    pub ended_at: Option<String>,
    /// Id of the tablet that it took over from.
    pub replaces: Option<String>,
    /// Id of the tablet that took over from it.
    pub replaced_by: Option<String>,
    /// Officers whose active keys lie on it.
    pub officers: Vec<TabletOfficer>,
    /// When it was here last, in any way.
    pub seen_at: Option<String>,
    /// When its last heartbeat came.
    pub heartbeat_at: Option<String>,
    /// In use, and not here for longer than the limit.
    pub silent: bool,
    /// Packets that it says it has sealed; none before its first heartbeat.
    pub packets_said: Option<u64>,
    /// Packets of it that are here.
    pub packets_here: u64,
    /// Captures that it says it has taken.
    pub photos_said: Option<u64>,
    /// Captures of it that are here.
    pub photos_here: u64,
    /// What it was ordered to do last; a withdrawal until it has been heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<TabletOrder>,
    /// What contradicts, oldest first.
    pub alarms: Vec<TabletAlarm>,
}

/// An order to a tablet, and how far it has come.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TabletOrder {
    /// `lock`, `wipe` or `nothing` (what was ordered before is withdrawn).
    pub what: String,
    /// RFC 3339.
    pub ordered_at: String,
    /// When the tablet heard of it.
    pub told_at: Option<String>,
    /// When it had done so.
    pub done_at: Option<String>,
}

/// `POST /api/v1/admin/devices/{id}/order`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OrderTablet {
    /// `lock`, `wipe` or `nothing`.
    pub what: String,
}

/// An officer as far as the register still names them.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TabletOfficer {
    /// Pseudonymous id.
    pub id: String,
    /// Name as shown; none once erased.
    pub name: Option<String>,
    /// 执法证号
    pub badge: Option<String>,
    /// 街道队
    pub team: Option<String>,
}

impl std::fmt::Debug for TabletOfficer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TabletOfficer")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Something about a tablet that contradicts what was known.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TabletAlarm {
    /// `went-back`, `other-chain` or `captures-missing`: `docs/spec/log.md`.
    pub code: String,
    /// The capture that it is about; for `captures-missing`, how many.
    pub number: u64,
    /// RFC 3339.
    pub at: String,
    /// When somebody said that they had looked at it.
    pub seen_at: Option<String>,
}

/// `POST /api/v1/admin/codes`: a one-time code for a tablet, or for an officer's key on one tablet.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewCode {
    /// Address under which tablets reach the server: `https`, or `http` on this very machine.
    pub url: String,
    /// 街道队 of a new tablet.
    #[serde(default)]
    pub team: Option<String>,
    /// Id of the officer; none: the code is for a tablet.
    #[serde(default)]
    pub officer: Option<String>,
}

/// A code, shown once: the server keeps its digest alone.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct CodeView {
    /// As typed: `XXXXX-XXXXX-XXXXX-XXXXX`.
    pub code: String,
    /// Pseudonymous id that the key will have.
    pub id: String,
    /// RFC 3339.
    pub expires_at: String,
    /// The QR's text: address, code, and the sha256 of the trust file.
    pub text: String,
}

/// `POST /api/v1/admin/devices/{id}/revoke`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RevokeTablet {
    /// `lost`, `stolen`, `left`, `compromised` or `other`.
    pub reason: String,
}

/// `POST /api/v1/admin/devices/{id}/replace`: ends a tablet, and gives a code for the one that takes over.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ReplaceTablet {
    /// As in [`RevokeTablet`]; none: it is retired, and nothing that it holds is doubted.
    #[serde(default)]
    pub reason: Option<String>,
    /// As in [`NewCode`].
    pub url: String,
}

/// What ended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TabletEnded {
    /// Keys revoked or retired, those of officers that lie on it among them.
    pub keys: u64,
    /// Packets that it said it had sealed, and that are not here. They may still come in from a retired one.
    pub packets_missing: u64,
}

/// Answer to `POST /api/v1/admin/devices/{id}/alarms/seen`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AlarmsSeen {
    /// How many were open.
    pub seen: u64,
}
