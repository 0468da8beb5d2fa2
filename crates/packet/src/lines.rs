//! The line language of everything that is signed: first line `<origin>/<type>/v1`, then `key value` lines in one fixed order.
//! One spelling for each value, so that a parsed body written again is byte for byte the same.

use crate::{PacketId, Sha256Digest, Timestamp};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_tlog::merkle::Hash;
use std::str::FromStr;

/// Why the text of a signed body is not of its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The first line is not `<origin>/<type>/v1` of the type asked for.
    #[error("the first line is not '<origin>/{expected}'")]
    FirstLine {
        /// Type and version expected.
        expected: &'static str,
    },
    /// A known line is missing, out of order, or repeated.
    #[error("the line '{0}' is missing or out of order")]
    Missing(&'static str),
    /// A line's value is not of its form.
    #[error("the value of the line '{0}' is not of its form")]
    Value(&'static str),
    /// Lines after the last known one, an empty line, or no final newline.
    #[error(
        "the text has lines that this version does not know, an empty line, or no final newline"
    )]
    Rest,
}

/// A value that stands on one line, in one spelling.
pub(crate) trait LineValue: Sized {
    fn write(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

impl LineValue for u64 {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        let value: u64 = text.parse().ok()?;
        (value.to_string() == text).then_some(value)
    }
}

impl LineValue for String {
    fn write(&self) -> String {
        self.clone()
    }

    fn read(text: &str) -> Option<Self> {
        let printable =
            !text.is_empty() && text.len() <= 1024 && !text.chars().any(char::is_control);
        (printable && text.trim() == text).then(|| text.to_owned())
    }
}

/// A root hash, base64.
impl LineValue for Hash {
    fn write(&self) -> String {
        STANDARD.encode(self)
    }

    fn read(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok()
    }
}

macro_rules! line_value {
    ($($type:ty),*) => {$(
        impl LineValue for $type {
            fn write(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Option<Self> {
                <$type>::from_str(text).ok()
            }
        }
    )*};
}
line_value!(Sha256Digest, Timestamp, PacketId);

/// Reads a body line by line.
pub(crate) struct Lines<'a> {
    rest: &'a str,
}

impl<'a> Lines<'a> {
    /// Takes the first line off and gives the origin that it names.
    pub(crate) fn open(text: &'a str, expected: &'static str) -> Result<(String, Self), BodyError> {
        let error = BodyError::FirstLine { expected };
        let (first, rest) = text.split_once('\n').ok_or(error.clone())?;
        let origin = first
            .strip_suffix(expected)
            .and_then(|origin| origin.strip_suffix('/'));
        match origin {
            Some(origin) if crate::id::origin_is_valid(origin) => {
                Ok((origin.to_owned(), Self { rest }))
            }
            _ => Err(error),
        }
    }

    fn peek(&self, key: &str) -> Option<(&'a str, &'a str)> {
        let (line, rest) = self.rest.split_once('\n')?;
        let value = line.strip_prefix(key)?.strip_prefix(' ')?;
        Some((value, rest))
    }

    /// The value of the next line if it has this key, as text.
    pub(crate) fn optional_text(&mut self, key: &str) -> Option<&'a str> {
        let (value, rest) = self.peek(key)?;
        self.rest = rest;
        Some(value)
    }

    /// The value of the next line, which must have this key, as text.
    pub(crate) fn text(&mut self, key: &'static str) -> Result<&'a str, BodyError> {
        self.optional_text(key).ok_or(BodyError::Missing(key))
    }

    /// The value of the next line, which must have this key.
    pub(crate) fn value<T: LineValue>(&mut self, key: &'static str) -> Result<T, BodyError> {
        T::read(self.text(key)?).ok_or(BodyError::Value(key))
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Result<(), BodyError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(BodyError::Rest)
        }
    }
}

/// Declares a body: a struct with `text()` and `parse()`, its lines in the order given.
macro_rules! body {
    (
        $(#[$meta:meta])*
        $name:ident = $kind:literal { $( $(#[$field_meta:meta])* $key:literal => $field:ident: $type:ty, )* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            /// `<origin>` of the deployment.
            pub origin: String,
            $( $(#[$field_meta])* pub $field: $type, )*
        }

        impl $name {
            /// Type and version, as the first line ends.
            pub const KIND: &'static str = $kind;

            /// The text that is signed.
            pub fn text(&self) -> String {
                let mut text = format!("{}/{}\n", self.origin, Self::KIND);
                $(
                    text.push_str($key);
                    text.push(' ');
                    text.push_str(&$crate::lines::LineValue::write(&self.$field));
                    text.push('\n');
                )*
                text
            }

            /// Reads the text that was signed.
            pub fn parse(text: &str) -> Result<Self, $crate::lines::BodyError> {
                let (origin, mut lines) = $crate::lines::Lines::open(text, Self::KIND)?;
                let body = Self { origin, $( $field: lines.value($key)?, )* };
                lines.end()?;
                Ok(body)
            }
        }
    };
}
pub(crate) use body;

/// Declares an enum whose variants stand for fixed words.
macro_rules! words {
    ( $(#[$meta:meta])* $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $word:literal, )* } ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $( $(#[$variant_meta])* $variant, )* }

        impl $name {
            /// The word as it stands in a body.
            pub fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }
        }

        impl $crate::lines::LineValue for $name {
            fn write(&self) -> String {
                self.word().to_owned()
            }

            fn read(text: &str) -> Option<Self> {
                match text { $( $word => Some(Self::$variant), )* _ => None }
            }
        }
    };
}
pub(crate) use words;
