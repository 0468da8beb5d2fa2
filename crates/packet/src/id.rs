//! Ids are types: packets by UUID v7, keys by the name of their C2SP vkey.

use crate::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// Not a UUID v7 in its lower-case hyphenated form.
    #[error("a packet id is a lower-case UUID of version 7")]
    Packet,
    /// Not `<origin>/device/<id>`, `<origin>/officer/<id>` or one of the server's key names.
    #[error("not a key name of this product")]
    KeyName,
}

/// A packet's id: UUID v7, lower-case, hyphenated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketId(uuid::Uuid);

impl PacketId {
    /// From the time of opening and ten random bytes.
    pub fn from_parts(at: Timestamp, random: &[u8; 10]) -> Self {
        let millis = u64::try_from(at.as_millis()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_hyphenated())
    }
}

impl FromStr for PacketId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let id = uuid::Uuid::try_parse(text).map_err(|_| IdError::Packet)?;
        let canonical = id.as_hyphenated().to_string() == text;
        let version_7 = id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122;
        if canonical && version_7 {
            Ok(Self(id))
        } else {
            Err(IdError::Packet)
        }
    }
}

impl Serialize for PacketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PacketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a key is for, as its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyRole {
    /// `<origin>`: signs checkpoints.
    Log,
    /// `<origin>/receipts`
    Receipts,
    /// `<origin>/authority`: enrols and revokes.
    Authority,
    /// `<origin>/decisions`
    Decisions,
    /// `<origin>/device/<id>`
    Device,
    /// `<origin>/officer/<id>`
    Officer,
}

/// A key's name, taken apart. Ids are 1 to 64 of `a-z 0-9 -`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName {
    /// The deployment's log origin.
    pub origin: String,
    /// What the key is for.
    pub role: KeyRole,
    /// Device's or officer's pseudonymous id.
    pub id: Option<String>,
}

impl KeyName {
    /// Takes `name` apart, given the deployment's `origin`.
    pub fn parse(origin: &str, name: &str) -> Result<Self, IdError> {
        let role_and_id = if name == origin {
            Some((KeyRole::Log, None))
        } else {
            let rest = name
                .strip_prefix(origin)
                .and_then(|rest| rest.strip_prefix('/'));
            match rest {
                Some("receipts") => Some((KeyRole::Receipts, None)),
                Some("authority") => Some((KeyRole::Authority, None)),
                Some("decisions") => Some((KeyRole::Decisions, None)),
                Some(rest) => rest.split_once('/').and_then(|(role, id)| match role {
                    "device" => Some((KeyRole::Device, Some(id.to_owned()))),
                    "officer" => Some((KeyRole::Officer, Some(id.to_owned()))),
                    _ => None,
                }),
                None => None,
            }
        };
        let (role, id) = role_and_id.ok_or(IdError::KeyName)?;
        if id.as_deref().is_some_and(|id| !Self::id_is_valid(id)) {
            return Err(IdError::KeyName);
        }
        Ok(Self {
            origin: origin.to_owned(),
            role,
            id,
        })
    }

    /// 1 to 64 of `a-z 0-9 -`.
    pub fn id_is_valid(id: &str) -> bool {
        (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    }

    /// `<origin>/device/<id>`
    pub fn device(origin: &str, id: &str) -> String {
        format!("{origin}/device/{id}")
    }

    /// `<origin>/officer/<id>`
    pub fn officer(origin: &str, id: &str) -> String {
        format!("{origin}/officer/{id}")
    }
}

/// An origin is a schema-less URL: 1 to 128 printable ASCII characters without space or plus.
pub(crate) fn origin_is_valid(origin: &str) -> bool {
    (1..=128).contains(&origin.len())
        && origin
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'+')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_ids_are_v7_and_canonical() {
        let id = PacketId::from_parts(Timestamp::from_millis(1_763_862_087_123), &[7; 10]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(
            "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"
                .parse::<PacketId>()
                .is_err()
        );
        assert!(id.to_string().to_uppercase().parse::<PacketId>().is_err());
        assert!(format!("{{{id}}}").parse::<PacketId>().is_err());
    }

    #[test]
    fn key_names() {
        let parse = |name| KeyName::parse("bureau.example/log", name);
        assert_eq!(parse("bureau.example/log").unwrap().role, KeyRole::Log);
        assert_eq!(
            parse("bureau.example/log/device/t1").unwrap().id.as_deref(),
            Some("t1")
        );
        for bad in [
            "bureau.example/logs",
            "bureau.example/log/device/",
            "bureau.example/log/device/a/b",
            "x",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
