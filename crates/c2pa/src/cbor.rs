//! CBOR (RFC 8949) as C2PA writes it, read strictly: lengths are given, nothing follows the value, maps have text or integer keys and none of them twice.
//! What two readers could read differently is refused rather than interpreted.

/// Levels of arrays, maps and tags.
const MOST_LEVELS: usize = 16;
/// Values in all.
const MOST_VALUES: usize = 10_000;

/// A value. What the profile does not look into is [`Value::Other`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// An integer.
    Integer(i128),
    /// A byte string.
    Bytes(&'a [u8]),
    /// A text string.
    Text(&'a str),
    /// An array.
    Array(Vec<Value<'a>>),
    /// A map, in its order.
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// A tagged value.
    Tag(u64, Box<Value<'a>>),
    /// `null`.
    Null,
    /// A boolean, a float.
    Other,
}

/// It is not CBOR of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the CBOR is not of the strict kind: {0}")]
pub struct NotStrict(&'static str);

impl<'a> Value<'a> {
    /// Reads exactly one value.
    pub fn read(bytes: &'a [u8]) -> Result<Self, NotStrict> {
        let mut reader = Reader {
            bytes,
            left: MOST_VALUES,
        };
        let value = reader.value(0)?;
        if reader.bytes.is_empty() {
            Ok(value)
        } else {
            Err(NotStrict("bytes after the value"))
        }
    }

    /// A map's value by its text key.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entry(&Value::Text(key))
    }

    /// A map's value by its integer key.
    pub fn get_integer(&self, key: i128) -> Option<&Value<'a>> {
        self.entry(&Value::Integer(key))
    }

    fn entry(&self, key: &Value<'_>) -> Option<&Value<'a>> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    left: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, level: usize) -> Result<Value<'a>, NotStrict> {
        if level > MOST_LEVELS {
            return Err(NotStrict("too deep"));
        }
        self.left = self
            .left
            .checked_sub(1)
            .ok_or(NotStrict("too many values"))?;
        let head = self.take(1)?[0];
        let (major, short) = (head >> 5, head & 0x1f);
        if major == 7 {
            return self.simple(short);
        }
        let number = self.number(short)?;
        Ok(match major {
            0 => Value::Integer(i128::from(number)),
            1 => Value::Integer(-1 - i128::from(number)),
            2 => Value::Bytes(self.take_counted(number)?),
            3 => Value::Text(
                std::str::from_utf8(self.take_counted(number)?)
                    .map_err(|_| NotStrict("text that is no UTF-8"))?,
            ),
            4 => {
                let mut values = Vec::new();
                for _ in 0..self.count(number)? {
                    values.push(self.value(level + 1)?);
                }
                Value::Array(values)
            }
            5 => {
                let mut entries: Vec<(Value<'a>, Value<'a>)> = Vec::new();
                for _ in 0..self.count(number)? {
                    let key = self.value(level + 1)?;
                    if !matches!(key, Value::Text(_) | Value::Integer(_)) {
                        return Err(NotStrict("a key that is neither text nor integer"));
                    }
                    if entries.iter().any(|(other, _)| *other == key) {
                        return Err(NotStrict("a key twice"));
                    }
                    let value = self.value(level + 1)?;
                    entries.push((key, value));
                }
                Value::Map(entries)
            }
            _ => Value::Tag(number, Box::new(self.value(level + 1)?)),
        })
    }

    fn simple(&mut self, short: u8) -> Result<Value<'a>, NotStrict> {
        match short {
            20 | 21 => Ok(Value::Other),
            22 => Ok(Value::Null),
            25 => self.take(2).map(|_| Value::Other),
            26 => self.take(4).map(|_| Value::Other),
            27 => self.take(8).map(|_| Value::Other),
            _ => Err(NotStrict("a simple value that is none of C2PA's")),
        }
    }

    /// The number in a head; always the shortest spelling of it.
    fn number(&mut self, short: u8) -> Result<u64, NotStrict> {
        let (width, least) = match short {
            0..=23 => return Ok(u64::from(short)),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(NotStrict("a length that is not given")),
        };
        let number = self
            .take(width)?
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte));
        if number < least {
            return Err(NotStrict("a number spelt longer than it is"));
        }
        Ok(number)
    }

    /// Elements of an array or map: each takes at least one byte, so that a count beyond what is left is refused at once.
    fn count(&self, number: u64) -> Result<usize, NotStrict> {
        usize::try_from(number)
            .ok()
            .filter(|count| *count <= self.bytes.len())
            .ok_or(NotStrict("more elements than bytes"))
    }

    fn take_counted(&mut self, number: u64) -> Result<&'a [u8], NotStrict> {
        self.take(usize::try_from(number).map_err(|_| NotStrict("it ends too soon"))?)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], NotStrict> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or(NotStrict("it ends too soon"))?;
        self.bytes = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read() {
        let bytes = hex::decode("a463616c6766736861323536646861736844deadbeef012202f5").unwrap();
        let value = Value::read(&bytes).unwrap();
        assert_eq!(value.get("alg"), Some(&Value::Text("sha256")));
        assert_eq!(
            value.get("hash"),
            Some(&Value::Bytes(&[0xde, 0xad, 0xbe, 0xef]))
        );
        assert_eq!(value.get_integer(1), Some(&Value::Integer(-3)));
        assert_eq!(value.get_integer(2), Some(&Value::Other));
        assert_eq!(value.get("none"), None);
        let tagged = hex::decode("d28340a0f6").unwrap();
        assert_eq!(
            Value::read(&tagged),
            Ok(Value::Tag(
                18,
                Box::new(Value::Array(vec![
                    Value::Bytes(&[]),
                    Value::Map(Vec::new()),
                    Value::Null
                ]))
            ))
        );
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (bytes, why) in [
            ("", "it ends too soon"),
            ("0000", "bytes after the value"),
            ("5f4100ff", "a length that is not given"),
            ("9fff", "a length that is not given"),
            ("1817", "a number spelt longer than it is"),
            ("190001", "a number spelt longer than it is"),
            ("a2616100616100", "a key twice"),
            ("a1f600", "a key that is neither text nor integer"),
            ("61ff", "text that is no UTF-8"),
            ("9affffffff", "more elements than bytes"),
            ("bb00000001000000000000", "more elements than bytes"),
            ("5bffffffffffffffff", "it ends too soon"),
            ("f7", "a simple value that is none of C2PA's"),
        ] {
            assert_eq!(
                Value::read(&hex::decode(bytes).unwrap()),
                Err(NotStrict(why)),
                "{bytes}"
            );
        }
        assert_eq!(
            Value::read(&[0x81; 100]),
            Err(NotStrict("too deep")),
            "nested arrays"
        );
        let mut many = vec![0x99, 0x40, 0x00];
        many.resize(3 + 0x4000, 0);
        assert_eq!(Value::read(&many), Err(NotStrict("too many values")));
    }
}
