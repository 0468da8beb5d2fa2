//! Who may read the log's leaves beside auditors at the console: witnesses and auditors of other houses, each by a pass of their own in
//! `Authorization: Bearer`. The server knows the passes' digests alone, from its settings.

use axum::http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};

/// Somebody with a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryReader {
    /// A word, for the audit trail.
    pub name: String,
    /// sha256 of the pass, as sent.
    pub pass_sha256: [u8; 32],
}

/// Whether a request brings a pass, and whose it is.
pub enum Pass<'a> {
    /// It brings none.
    None,
    /// This reader's.
    Of(&'a EntryReader),
    /// Nobody's.
    Unknown,
}

/// Looks at a request's pass. Digests are compared, so the time that it takes says nothing of a pass.
pub fn pass<'a>(readers: &'a [EntryReader], headers: &HeaderMap) -> Pass<'a> {
    let sent = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some(sent) = sent else { return Pass::None };
    let digest: [u8; 32] = Sha256::digest(sent).into();
    readers
        .iter()
        .find(|reader| reader.pass_sha256 == digest)
        .map_or(Pass::Unknown, Pass::Of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_whose_digest_it_has() {
        let readers = [EntryReader {
            name: "prosecutor".to_owned(),
            pass_sha256: Sha256::digest("pass").into(),
        }];
        let look = |value: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            }
            match pass(&readers, &headers) {
                Pass::None => "none".to_owned(),
                Pass::Of(reader) => reader.name.clone(),
                Pass::Unknown => "unknown".to_owned(),
            }
        };
        assert_eq!(look(None), "none");
        assert_eq!(look(Some("Basic pass")), "none");
        assert_eq!(look(Some("Bearer pass")), "prosecutor");
        for other in ["Bearer ", "Bearer pass ", "Bearer other"] {
            assert_eq!(look(Some(other)), "unknown");
        }
    }
}
