//! A strict reader of DER (X.690), as far as tokens and certificates need it.
//!
//! Why not a library: two verifiers have to agree to the finding about every changed byte, so the rules must be few enough to be
//! written down (`docs/spec/time.md`, "DER"). Tags are one byte, lengths definite and minimal. What is not looked into is not judged.

use crate::StampError;

/// Tags that are read here.
pub(crate) mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OID: u8 = 0x06;
    pub const UTF8_STRING: u8 = 0x0c;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    /// `[n]`, constructed.
    pub const fn context(number: u8) -> u8 {
        0xa0 | number
    }
    /// `[n]`, primitive.
    pub const fn context_primitive(number: u8) -> u8 {
        0x80 | number
    }
}

type Result<T> = std::result::Result<T, StampError>;

/// One element: its tag, its content, and all of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    pub whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// Its content as a row of elements.
    pub(crate) fn inside(&self) -> Reader<'a> {
        Reader(self.content)
    }
}

/// A row of elements.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element, of any tag.
    pub(crate) fn any(&mut self) -> Result<Element<'a>> {
        let error = || StampError::Malformed("not DER");
        let (&tag, rest) = self.0.split_first().ok_or_else(error)?;
        let (&first, rest) = rest.split_first().ok_or_else(error)?;
        if tag & 0x1f == 0x1f {
            return Err(error());
        }
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 || rest.len() < count {
                return Err(error());
            }
            let (digits, rest) = rest.split_at(count);
            let length = digits
                .iter()
                .fold(0u64, |sum, digit| (sum << 8) | u64::from(*digit));
            if digits[0] == 0 || length < 0x80 {
                return Err(error());
            }
            (usize::try_from(length).map_err(|_| error())?, rest)
        };
        if rest.len() < length {
            return Err(error());
        }
        let (content, after) = rest.split_at(length);
        let whole = &self.0[..self.0.len() - after.len()];
        self.0 = after;
        Ok(Element {
            tag,
            content,
            whole,
        })
    }

    /// The next element, which must have this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Result<Element<'a>> {
        let element = self.any()?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(StampError::Malformed("another element than expected"))
        }
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>> {
        if self.0.first() == Some(&tag) {
            self.any().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Nothing more may follow.
    pub(crate) fn end(&self) -> Result<()> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(StampError::Malformed("something follows the end"))
        }
    }

    /// An INTEGER's content: two's complement, minimal.
    pub(crate) fn integer(&mut self) -> Result<&'a [u8]> {
        let content = self.take(tag::INTEGER)?.content;
        integer(content)
    }

    /// A BOOLEAN that is absent when false.
    pub(crate) fn flag(&mut self) -> Result<bool> {
        match self.optional(tag::BOOLEAN)?.map(|element| element.content) {
            None | Some([0x00]) => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(StampError::Malformed("not a BOOLEAN")),
        }
    }

    /// The one element in `bytes`, and nothing after it.
    pub(crate) fn only(bytes: &'a [u8], tag: u8) -> Result<Element<'a>> {
        let mut reader = Self(bytes);
        let element = reader.take(tag)?;
        reader.end()?;
        Ok(element)
    }
}

/// Checks that an INTEGER's content is there and minimal.
pub(crate) fn integer(content: &[u8]) -> Result<&[u8]> {
    match content {
        [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => {
            Err(StampError::Malformed("not a minimal INTEGER"))
        }
        content => Ok(content),
    }
}

/// A small INTEGER from 0 up.
pub(crate) fn small(content: &[u8]) -> Result<u64> {
    let content = integer(content)?;
    if content[0] & 0x80 != 0 || content.len() > 8 {
        return Err(StampError::Malformed("a number out of range"));
    }
    Ok(content
        .iter()
        .fold(0, |sum, digit| (sum << 8) | u64::from(*digit)))
}

/// A BIT STRING's bits where they fill whole bytes.
pub(crate) fn whole_bytes(content: &[u8]) -> Result<&[u8]> {
    match content.split_first() {
        Some((0, bits)) => Ok(bits),
        _ => Err(StampError::Malformed("a BIT STRING of odd length")),
    }
}

/// Writes one element.
pub(crate) fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![tag];
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or(0));
    } else {
        let digits = length.to_be_bytes();
        let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
        out.extend_from_slice(digits);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        for bad in [
            &[][..],
            &[0x02],
            &[0x02, 0x01],
            &[0x02, 0x80, 0x00, 0x00],
            &[0x02, 0x81, 0x01, 0x07],
            &[0x04, 0x82, 0x00, 0x80],
            &[0x1f, 0x01, 0x00],
            &[0x02, 0x85, 1, 0, 0, 0, 0],
            &[0x02, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Reader(bad).any().is_err(), "{bad:?}");
        }
        for bad in [&[][..], &[0, 0x7f], &[0xff, 0x80]] {
            assert!(integer(bad).is_err());
        }
        assert_eq!(small(&[0, 0x80]).unwrap(), 128);
        assert!(small(&[0xff]).is_err());
        let long = write(tag::OCTET_STRING, &[&[7; 200]]);
        assert_eq!(
            Reader::only(&long, tag::OCTET_STRING).unwrap().content,
            [7; 200]
        );
        assert!(Reader::only(&[0x05, 0x00, 0x00], tag::NULL).is_err());
    }
}
