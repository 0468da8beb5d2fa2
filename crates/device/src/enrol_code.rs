//! The text of an enrolment code: `fieldseal:enrol?u=<server>&c=<one-time code>&t=<sha256 of the trust file>`.

use fieldseal_packet::Sha256Digest;
use reqwest::Url;

use crate::problem::{Code, Problem};

/// What an enrolment code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnrolCode {
    pub server: String,
    pub code: String,
    pub trust_sha256: Sha256Digest,
}

impl EnrolCode {
    /// Reads `fieldseal:enrol?u=…&c=…&t=…`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let read = || {
            let query = text
                .trim()
                .strip_prefix("fieldseal:enrol?")
                .filter(|query| query.len() <= 2048)?;
            let value = |key: &str| {
                let mut found = query
                    .split('&')
                    .filter_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
                let value = percent_decode(found.next()?)?;
                found.next().is_none().then_some(value)
            };
            let server = value("u")?.trim_end_matches('/').to_owned();
            let usable = is_usable(&server);
            let code = value("c").filter(|code| (1..=128).contains(&code.len()))?;
            usable.then_some(Self {
                server,
                code,
                trust_sha256: value("t")?.parse().ok()?,
            })
        };
        read().ok_or_else(|| Code::QrNotRecognised.into())
    }
}

/// Without TLS only on this machine: names and evidence must not cross a network in the clear. Nothing but scheme, host,
/// port and path: a name before an `@` would hide the host that is meant.
fn is_usable(server: &str) -> bool {
    let Ok(url) = Url::parse(server) else {
        return false;
    };
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    bare && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(server)))
}

/// Whether a server is on this machine.
pub(crate) fn is_loopback(server: &str) -> bool {
    let host = Url::parse(server)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    matches!(host.as_deref(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                after
            }
            (b'%', _) => return None,
            (byte, after) => {
                bytes.push(*byte);
                after
            }
        };
    }
    String::from_utf8(bytes).ok()
}

/// Letters and digits, upper-case: what a code is compared by.
pub(crate) fn normalised(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enrolment_codes() {
        let digest = Sha256Digest::of(b"trust");
        let text =
            format!("fieldseal:enrol?u=http%3A%2F%2F127.0.0.1%3A8080%2F&c=ABCDE-12345&t={digest}");
        let code = EnrolCode::parse(&text).unwrap();
        assert_eq!(
            (code.server.as_str(), code.code.as_str()),
            ("http://127.0.0.1:8080", "ABCDE-12345")
        );
        for bad in [
            String::new(),
            text.replace("fieldseal:", "other:"),
            text.replace("127.0.0.1", "evidence.example"),
            text.replace("127.0.0.1%3A8080", "127.0.0.1%3A8080%40evidence.example"),
            text.replace("8080%2F", "8080%2F%3Fx"),
            text.replace("127.0.0.1", "127.0.0.1.evil.example"),
            text.replace("http%3A", "ftp%3A"),
            text.replace("%3A", "%3"),
            text.replace("%2F&", "%&"),
            format!("{text}&t={digest}"),
            text.replace(&digest.to_string(), "abc"),
            text.replace("c=ABCDE-12345", "c="),
        ] {
            assert_eq!(
                EnrolCode::parse(&bad).unwrap_err().code(),
                Code::QrNotRecognised,
                "{bad}"
            );
        }
        assert!(
            EnrolCode::parse(&text.replace(
                "http%3A%2F%2F127.0.0.1%3A8080%2F",
                "https://evidence.example"
            ))
            .is_ok()
        );
        assert!(EnrolCode::parse(&text.replace("127.0.0.1%3A8080", "[::1]:80")).is_ok());
    }
}
