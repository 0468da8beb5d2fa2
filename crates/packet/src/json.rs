//! Strict I-JSON (RFC 7493): duplicate keys fail, integers stay within ±(2^53-1), no text holds what Unicode keeps for no character, depth and
//! size are limited.
//!
//! `serde_json` keeps the last of two equal keys, and readers elsewhere keep the first; a packet that means two things is
//! refused instead.

use serde::Serialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Deepest nesting accepted.
pub const MAX_DEPTH: usize = 32;
/// Largest document accepted, bytes.
pub const MAX_SIZE: usize = 4 << 20;
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Why a text is not acceptable JSON.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Over [`MAX_SIZE`].
    #[error("the JSON document is larger than {MAX_SIZE} bytes")]
    TooLarge,
    /// Not JSON, or a duplicate key, a number out of range, too deep.
    #[error("not acceptable JSON: {0}")]
    Syntax(#[source] serde_json::Error),
    /// JSON, but not of the form asked for.
    #[error("the JSON is not of the form described: {0}")]
    Form(#[source] serde_json::Error),
}

/// Parses strictly to a value.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, JsonError> {
    if bytes.len() > MAX_SIZE {
        return Err(JsonError::TooLarge);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }
        .deserialize(&mut deserializer)
        .map_err(JsonError::Syntax)?;
    deserializer.end().map_err(JsonError::Syntax)?;
    Ok(value)
}

/// Parses strictly, then to `T`.
pub fn parse_strict_as<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    serde_json::from_value(parse_strict(bytes)?).map_err(JsonError::Form)
}

/// Writes JSON that [`parse_strict`] takes: what is no character becomes U+FFFD.
pub fn write<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, JsonError> {
    serde_json::to_vec(value)
        .map(with_characters_alone)
        .map_err(JsonError::Form)
}

/// The same with line breaks and indents.
pub fn write_pretty<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, JsonError> {
    serde_json::to_vec_pretty(value)
        .map(with_characters_alone)
        .map_err(JsonError::Form)
}

fn with_characters_alone(json: Vec<u8>) -> Vec<u8> {
    match std::str::from_utf8(&json) {
        Ok(text) if text.contains(is_noncharacter) => {
            text.replace(is_noncharacter, "\u{fffd}").into_bytes()
        }
        _ => json,
    }
}

/// Whether Unicode keeps this code point for no character, so that I-JSON has no place for it.
fn is_noncharacter(character: char) -> bool {
    let number = u32::from(character);
    (0xfdd0..=0xfdef).contains(&number) || number & 0xfffe == 0xfffe
}

fn characters<E: de::Error>(text: &str) -> Result<(), E> {
    if text.contains(is_noncharacter) {
        return Err(E::custom("a code point that is no character"));
    }
    Ok(())
}

/// The name and major version of a document's `schema`, `<name>/<major>`.
pub fn schema_of(value: &Value) -> Option<(&str, u32)> {
    let (name, spelt) = value.get("schema")?.as_str()?.split_once('/')?;
    let major: u32 = spelt.parse().ok()?;
    (major > 0 && major.to_string() == spelt).then_some((name, major))
}

struct Strict {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict {
    fn deeper<E: de::Error>(&self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("nested too deep"));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > MAX_INTEGER {
            return Err(E::custom("integer out of range"));
        }
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        if value > MAX_INTEGER {
            return Err(E::custom("integer out of range"));
        }
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        characters(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        characters(&value)?;
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(self.deeper()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            characters(&key)?;
            let value = access.next_value_seed(self.deeper()?)?;
            if map.insert(key, value).is_some() {
                return Err(de::Error::custom("duplicate key"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_readers_disagree_on() {
        for bad in [
            r#"{"a":1,"a":2}"#,
            r#"{"x":{"a":1,"\u0061":2}}"#,
            r#"{"a":9007199254740992}"#,
            r#"{"a":1} x"#,
            r#"{"a":1e999}"#,
            "\"\\ud800\"",
            "{\"a\":1",
            "\u{feff}{}",
            "\"\u{fffe}\"",
            r#""\uffff""#,
            r#"{"\ufdd0":1}"#,
            r#""\ud83f\udfff""#,
        ] {
            assert!(
                matches!(parse_strict(bad.as_bytes()), Err(JsonError::Syntax(_))),
                "{bad}"
            );
        }
        assert!(parse_strict(b"\"\xff\"").is_err());
        assert!(parse_strict("[".repeat(40).as_bytes()).is_err());
        assert!(parse_strict(format!("{}1{}", "[".repeat(33), "]".repeat(33)).as_bytes()).is_err());
        assert!(parse_strict(format!("{}1{}", "[".repeat(32), "]".repeat(32)).as_bytes()).is_ok());
    }

    #[test]
    fn what_is_written_is_read() {
        let odd = serde_json::json!({"a\u{fffe}": ["\u{1ffff}", "\u{fdef}b", "照片"]});
        for bytes in [write(&odd).unwrap(), write_pretty(&odd).unwrap()] {
            let read = parse_strict(&bytes).unwrap();
            let expected = serde_json::json!({"a\u{fffd}": ["\u{fffd}", "\u{fffd}b", "照片"]});
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn keeps_unknown_fields_and_reads_schema() {
        let value =
            parse_strict(r#"{"schema":"record/1","later":[1,2.5,null]}"#.as_bytes()).unwrap();
        assert_eq!(schema_of(&value), Some(("record", 1)));
        assert_eq!(value["later"][1], 2.5);
    }
}
