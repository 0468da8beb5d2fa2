//! What a rebuilt database was given back, and over which networks uploads go.

use serde::Serialize;
use ts_rs::TS;

use super::DraftSummary;

/// After a damaged database was set aside and made anew, until the officer has read it.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct RebuiltView {
    /// RFC 3339, this tablet's clock.
    pub at: String,
    /// Sealed packets that are back, whole.
    pub packets: u32,
    /// Open drafts whose photos are back. What was described in them, voided and signed is not.
    pub drafts: Vec<DraftSummary>,
}

/// Over which networks the bytes of packets may go, as far as the platform can tell one from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct UploadRulesView {
    /// Not over mobile data, nor over any network that somebody pays for by the byte.
    pub wifi_only: bool,
    /// Also in another operator's network.
    pub while_roaming: bool,
    /// The platform says over what the tablet is connected; where it does not, no rule holds anything back.
    pub told: bool,
}
