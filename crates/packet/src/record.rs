//! The record: who, what, where, why. It refers to items by digest. Specification: `docs/spec/packet.md`.

use crate::context::Fix;
use crate::{PacketId, Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Schema of this version.
pub const SCHEMA: &str = "record/1";
/// Kind of a draft that was given up.
pub const VOID_KIND: &str = "void";
/// Kind of an item that the party drew on the screen, and the source of its capture.
pub const PARTY_DRAWING: &str = "party-drawing";

/// `data/record.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `record/1`
    pub schema: String,
    /// The packet.
    pub packet: PacketId,
    /// Kind's id, or `void`.
    pub kind: String,
    /// Device key's name.
    pub device: String,
    /// Lead first.
    pub officers: Vec<Officer>,
    /// Team as it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Where.
    #[serde(rename = "where")]
    pub place: Place,
    /// When.
    #[serde(rename = "when")]
    pub time: Times,
    /// Item of the competence catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_code: Option<String>,
    /// 当事人
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
    /// As written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The form's fields by id.
    #[serde(default)]
    pub facts: Map<String, Value>,
    /// The items in order, voided ones included.
    pub items: Vec<Item>,
    /// The packet that this one completes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplements: Option<Supplements>,
    /// Why the draft was given up, for kind `void`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void_reason: Option<String>,
}

/// An officer whom the record names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Officer {
    /// Officer key's name.
    pub key: String,
    /// Lead or second.
    pub role: OfficerRole,
    /// As on the certificate.
    pub name: String,
    /// 执法证号
    pub badge: String,
}

/// `Debug` without the name: it belongs in no log.
impl std::fmt::Debug for Officer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Officer")
            .field("key", &self.key)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// 主办, 协办
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfficerRole {
    /// 主办
    Lead,
    /// 协办
    Second,
}

/// Where.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The most accurate fix among the captures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_fix_reason: Option<String>,
    /// As written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Indoors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    /// Indoors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// 点位 number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// 诉件 number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// 专项 id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
}

/// When, as the device says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// Earliest capture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_capture_at: Option<Timestamp>,
    /// Latest capture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_capture_at: Option<Timestamp>,
    /// IANA zone.
    pub zone: String,
}

/// 当事人
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// `present`, `absent`, `refused` or `unknown`.
    pub presence: String,
    /// As written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why or how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Path of the item that they drew on the screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawing: Option<String>,
}

/// `Debug` without the name: it belongs in no log.
impl std::fmt::Debug for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Party")
            .field("presence", &self.presence)
            .finish_non_exhaustive()
    }
}

/// One item, by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// `data/items/0001.jpg`
    pub path: String,
    /// Of its bytes.
    pub sha256: Sha256Digest,
    /// Bytes.
    pub size: u64,
    /// By its bytes.
    pub media_type: String,
    /// The device's number of this capture.
    pub capture_seq: u64,
    /// Shot's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shot: Option<String>,
    /// Device's clock at the shutter.
    pub captured_at: Timestamp,
    /// Why it no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided: Option<String>,
    /// The file's own name: a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_name: Option<String>,
    /// [`PARTY_DRAWING`]; absent for photos and files of the scene.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What it is, in words, where the kind has to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// The earlier photo over which this one was taken: a claim that no rule judges.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::context::lenient"
    )]
    pub follows: Option<crate::context::Follows>,
}

impl Item {
    /// Whether the record calls it the party's drawing.
    pub fn is_party_drawing(&self) -> bool {
        self.kind.as_deref() == Some(PARTY_DRAWING)
    }
}

/// The same in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// 中文
    pub zh: String,
    /// English
    pub en: String,
}

impl Label {
    /// What the record says of the party's drawing.
    pub fn of_party_drawing() -> Self {
        Self {
            zh: "当事人在屏幕上写画的笔迹；不是数字签名".to_owned(),
            en: "drawing made on the screen by the person named as party; not a digital signature"
                .to_owned(),
        }
    }
}

/// A packet named by another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supplements {
    /// Its id.
    pub packet: PacketId,
    /// Its packet digest, where the tablet knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_sha256: Option<Sha256Digest>,
}

/// Path of the item with this number (from 1): at least four digits, extension from the sniffed type.
pub fn item_path(number: usize, extension: &str) -> String {
    format!("data/items/{number:04}.{extension}")
}
