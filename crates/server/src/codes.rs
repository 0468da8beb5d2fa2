//! One-time enrolment codes: how one is made, and the text that a tablet's scanner reads.

use rusqlite::Transaction;

use crate::ambient::{Ambient, NoRandomness, rfc3339};
use crate::enrol::code_digest;
use crate::store::keys::{self, CodeRow};
use crate::store::{StoreError, custody};

/// Longest address of a server in a code.
const LONGEST_URL: usize = 200;

/// A code that enrols one key, once.
pub struct OneTimeCode {
    /// As shown: `XXXXX-XXXXX-XXXXX-XXXXX`.
    pub code: String,
    /// Pseudonymous id that the key will have.
    pub id: String,
    /// When it ends, RFC 3339.
    pub expires_at: String,
}

/// A code was not made.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No entropy.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Makes a code, and notes who did. Only its digest is kept.
pub fn issue(
    tx: &Transaction<'_>,
    ambient: &Ambient,
    by: &str,
    row: &CodeRow,
) -> Result<OneTimeCode, CodeError> {
    let plain = ambient.code(20)?;
    let code = [&plain[..5], &plain[5..10], &plain[10..15], &plain[15..]].join("-");
    keys::add_code(tx, &code_digest(&code), row)?;
    custody::audit(tx, ambient.now(), by, "made-code", &row.subject)?;
    Ok(OneTimeCode {
        code,
        id: row.subject.clone(),
        expires_at: rfc3339(row.expires_at),
    })
}

/// What an enrolment QR says: where the server is, the code, and what its trust file must hash to.
pub fn text(server_url: &str, code: &str, trust_sha256: &str) -> String {
    format!(
        "fieldseal:enrol?u={}&c={code}&t={trust_sha256}",
        percent(server_url)
    )
}

/// Whether tablets accept this address of a server: TLS, or this very machine; nothing but scheme, host, port and path.
pub fn is_address(url: &str) -> bool {
    let Ok(uri) = url.parse::<axum::http::Uri>() else {
        return false;
    };
    let Some(authority) = uri.authority() else {
        return false;
    };
    let bare = url.len() <= LONGEST_URL
        && !url.contains(['#', '?', '\\'])
        && !authority.as_str().contains('@')
        && !authority.host().is_empty();
    let here = matches!(authority.host(), "127.0.0.1" | "localhost" | "[::1]");
    bare && match uri.scheme_str() {
        Some("https") => true,
        Some("http") => here,
        _ => false,
    }
}

/// Percent-encodes what has a meaning in the QR's text.
fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_qr() {
        assert_eq!(
            percent("http://127.0.0.1:8443/a b"),
            "http%3A%2F%2F127.0.0.1%3A8443%2Fa%20b"
        );
    }

    #[test]
    fn only_addresses_that_tablets_accept() {
        for good in [
            "https://evidence.example",
            "https://evidence.example:8443/fieldseal",
            "http://127.0.0.1:8080",
            "http://localhost:8080/",
            "http://[::1]:8080",
        ] {
            assert!(is_address(good), "{good}");
        }
        let long = format!("https://evidence.example/{}", "a".repeat(200));
        for bad in [
            "",
            "evidence.example",
            "/path",
            "http://evidence.example",
            "http://127.0.0.1.evil.example",
            "https://evidence.example@evil.example",
            "https://evidence.example/?x",
            "https://evidence.example/#x",
            "ftp://127.0.0.1",
            "javascript:alert(1)",
            &long,
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
