//! Two officers on two tablets.

use serde::Serialize;
use ts_rs::TS;

/// What a screen shows as a QR code.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct CodeView {
    pub text: String,
}

/// What the first tablet shows to the second one.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct CosignAskView {
    /// The challenge, to be shown as a QR code.
    pub text: String,
    pub items: u32,
    /// Short code over the thumbnails: must be the one that the second tablet shows.
    pub compare: String,
}

/// What the second tablet shows before its officer signs. All but `captures` and `closed_at` is the other tablet's word.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct CosignView {
    /// Id of the officer who is asked.
    pub officer: String,
    pub packet: String,
    /// Address or point.
    pub title: Option<String>,
    pub items: u32,
    /// The other tablet's capture numbers.
    pub captures: String,
    /// RFC 3339, by the other tablet's clock.
    pub closed_at: String,
    /// Short code over the thumbnails: must be the one beside them on the other tablet.
    pub compare: String,
}

/// One signature that an officer of this tablet gave to another tablet.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct CosignedView {
    pub packet: String,
    /// Hex, of the seal's text: what was signed.
    pub text_sha256: String,
    /// Id of the officer.
    pub officer: String,
    /// Address or point, by the other tablet's word.
    pub title: Option<String>,
    pub items: u32,
    /// The other tablet's capture numbers.
    pub captures: String,
    /// RFC 3339, by the other tablet's clock.
    pub closed_at: String,
    /// Short code over the thumbnails.
    pub compare: String,
    /// RFC 3339, by this tablet's clock.
    pub signed_at: String,
}
