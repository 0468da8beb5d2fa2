//! The three encodings every format here shares, in their one accepted spelling.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::merkle::Hash;

/// Standard base64 with padding; rejects anything that would not be written back the same.
pub(crate) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub(crate) fn base64_encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn hash_decode(text: &str) -> Option<Hash> {
    // 32 bytes are 44 characters: anything else is refused before it is decoded.
    if text.len() != 44 {
        return None;
    }
    base64_decode(text)?.try_into().ok()
}

/// ASCII decimal without sign or leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = match text.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}
