//! Registers: what an administrator imports and every tablet carries. `GET /api/v1/registers/{name}` answers one JSON object a
//! line, in the order of the numbers' bytes; its `ETag` is the sha256 of exactly these bytes, so that a torn or altered
//! download shows. Coordinates are decimal strings, WGS-84. What is not known is left out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Header of a register's answer: its version, which grows with each change.
pub const VERSION_HEADER: &str = "x-fieldseal-version";
/// Header of a register's answer: its lines.
pub const ROWS_HEADER: &str = "x-fieldseal-rows";
/// Lines of a register at most.
pub const MOST_ROWS: u64 = 200_000;
/// Bytes of one line at most, its line feed included.
pub const MOST_LINE: usize = 16 << 10;
/// Fields of a form that a point may prefill.
pub const MOST_FACTS: usize = 32;

/// Which register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Register {
    /// 点位
    Points,
    /// 诉件: those that are open.
    Tickets,
}

impl Register {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Points, Self::Tickets];

    /// As it stands in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Tickets => "tickets",
        }
    }

    /// By that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// One line of the register of points.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Point {
    /// 点位编号
    pub number: String,
    /// As people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Kind of packet that is made there, such as `illegal-structure`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// 小区
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compound: Option<String>,
    /// 街道队
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Latitude in degrees, WGS-84. There with `lon` or not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<String>,
    /// Longitude in degrees, WGS-84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<String>,
    /// Nothing is left to be done there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// What a form's fields begin with there, by field id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

/// One line of the register of tickets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// 诉件编号
    pub number: String,
    /// Kind of packet that answers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What is complained of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Number of the point that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Day it was received, `2026-11-23`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<String>,
    /// Day by which it is to be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
}

/// Numbers alone: addresses stay out of logs.
impl std::fmt::Debug for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Point")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// As a point's.
impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// `GET /api/v1/map`: the offline map that the administrator has put there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MapFile {
    /// Of the whole file.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Its pictures are shifted as GCJ-02 is: positions are shifted as well, to be drawn on it, and nowhere else.
    #[serde(default)]
    pub gcj02: bool,
    /// When it was put there, RFC 3339.
    pub placed_at: String,
    /// Whose map it is, to be shown beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
}

/// Answer to `GET /api/v1/map`; no map: `map` is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MapAnswer {
    /// The map, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<MapFile>,
}
