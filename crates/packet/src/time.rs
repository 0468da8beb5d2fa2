//! Times as the formats write them: RFC 3339, UTC, milliseconds, always 24 characters.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A moment, to the millisecond: `2026-11-23T01:41:27.123Z`. Years 0000 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// Text that is not a time in the one form the formats allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time is written as 2026-11-23T01:41:27.123Z")]
pub struct TimeError;

const FIRST_MS: i64 = -62_167_219_200_000;
const LAST_MS: i64 = 253_402_207_199_999;

impl Timestamp {
    /// From Unix milliseconds; clamped to the years 0000 to 9999 (to its last day but one, where every zone still fits), so that
    /// any clock can be written down.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(FIRST_MS, LAST_MS))
    }

    /// Unix milliseconds.
    pub fn as_millis(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The constructor's range lies within jiff's, so the fallback is never seen.
        let moment =
            jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{moment:.3}")
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let shape = b"dddd-dd-ddTdd:dd:dd.dddZ";
        let bytes = text.as_bytes();
        let fits = bytes.len() == shape.len()
            && bytes.iter().zip(shape).all(|(byte, kind)| match kind {
                b'd' => byte.is_ascii_digit(),
                exact => byte == exact,
            });
        if !fits || &bytes[17..19] == b"60" {
            return Err(TimeError);
        }
        let moment: jiff::Timestamp = text.parse().map_err(|_| TimeError)?;
        Ok(Self(moment.as_millisecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_only() {
        let text = "2026-11-23T01:41:27.123Z";
        let time: Timestamp = text.parse().unwrap();
        assert_eq!(time.to_string(), text);
        for bad in [
            "2026-11-23T01:41:27Z",
            "2026-11-23T01:41:27.123+00:00",
            "2026-11-23t01:41:27.123z",
            "2026-02-30T01:41:27.123Z",
            "2026-11-23T01:41:60.123Z",
            "",
        ] {
            assert_eq!(bad.parse::<Timestamp>(), Err(TimeError), "{bad}");
        }
    }

    #[test]
    fn extremes_write_and_read_back() {
        for millis in [i64::MIN, FIRST_MS, -1, 0, 999, LAST_MS, i64::MAX] {
            let time = Timestamp::from_millis(millis);
            assert_eq!(time.to_string().parse(), Ok(time), "{millis}");
        }
        assert_eq!(
            Timestamp::from_millis(0).to_string(),
            "1970-01-01T00:00:00.000Z"
        );
    }
}
