//! Capture context 拍摄环境: what the device says of one item's time, place and origin. Claims, every one of them.

use crate::challenge::Challenge;
use crate::{PacketId, Sha256Digest, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

/// A position as the platform gave it. WGS-84.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// Decimal degrees as a decimal string, north positive, -90 to 90.
    pub latitude: String,
    /// Decimal degrees as a decimal string, east positive, -180 to 180.
    pub longitude: String,
    /// Radius in metres, as the platform says (commonly 68 %).
    pub accuracy_m: f64,
    /// Metres above the ellipsoid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude_m: Option<f64>,
    /// When the fix was made, by the platform.
    pub at: Timestamp,
    /// Age at the shutter, milliseconds by the boot clock.
    pub age_ms: u64,
    /// `gps`, `network`, `fused`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The platform's mark of a simulated position; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mock: Option<bool>,
}

impl Fix {
    /// Whether the coordinates are decimal strings within range.
    pub fn is_valid(&self) -> bool {
        decimal_within(&self.latitude, 90.0)
            && decimal_within(&self.longitude, 180.0)
            && self.accuracy_m >= 0.0
    }
}

/// `Debug` without the coordinates: they belong in no log.
impl std::fmt::Debug for Fix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fix")
            .field("accuracy_m", &self.accuracy_m)
            .finish_non_exhaustive()
    }
}

fn decimal_within(text: &str, limit: f64) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 24
        && all_digits(whole)
        && all_digits(fraction)
        && text.parse::<f64>().is_ok_and(|value| value.abs() <= limit)
}

/// How a recording in the app ended: a claim like the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// `stopped` by the officer, or by `time-limit`, `size-limit`, `no-room`, `device-lost`; `cut-off`: the program ended in the
    /// middle of it, and the item is what was stored by then.
    pub ended: String,
    /// From its beginning to its end, by the boot clock; absent where nobody saw the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// The earlier photo over which this one was taken 同角度复拍.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follows {
    /// Its packet, or packet to be.
    pub packet: PacketId,
    /// Of its bytes.
    pub sha256: Sha256Digest,
}

/// A word that no rule judges: what is not of its form says nothing, and spoils nothing.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()))
}

/// Everything the device claims about the moment of one capture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaptureContext {
    /// Wall clock at the shutter.
    pub captured_at: Timestamp,
    /// IANA zone of the wall clock, such as `Asia/Shanghai`.
    pub zone: String,
    /// The system's id of this boot.
    pub boot_id: String,
    /// Milliseconds since that boot, sleep included.
    pub boot_ms: u64,
    /// Wall clock minus server clock at the last contact, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_offset_ms: Option<i64>,
    /// When that contact was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_seen_at: Option<Timestamp>,
    /// The position, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// Why there is none: `denied`, `unavailable`, `timeout`, `not-asked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_fix_reason: Option<String>,
    /// Degrees clockwise from true north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading_deg: Option<f64>,
    /// `camera`, `microphone`, `file-input`, `import` or `party-drawing`.
    pub source: String,
    /// The file's own name, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_name: Option<String>,
    /// Program and version.
    pub software: String,
    /// Device's model, where the platform tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_model: Option<String>,
    /// The challenge word that the camera screen showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// Of a recording made in the app: how it ended. `captured_at` is then its beginning.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient"
    )]
    pub recording: Option<Recorded>,
    /// The photo that was shown over the picture while this one was taken.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient"
    )]
    pub follows: Option<Follows>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_decimal_strings_in_range() {
        for (text, good) in [
            ("31.2413", true),
            ("-90", true),
            ("90.0001", false),
            ("1e1", false),
            ("+3", false),
            ("3.", false),
            (".5", false),
            ("NaN", false),
            ("", false),
        ] {
            assert_eq!(decimal_within(text, 90.0), good, "{text}");
        }
    }
}
