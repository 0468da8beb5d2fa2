//! Timestamp tokens, and the certificates in them.

use std::sync::LazyLock;

use fieldseal_packet::Sha256Digest;
use fieldseal_stamp::{Der, certificates_from_pem, check_response, is_certificate, verify};

/// The text of the checkpoint that the vectors' tokens are over.
const TEXT: &[u8] = include_bytes!("../known/checkpoint-text");
/// The vectors' trust file: their authorities' roots stand in it.
const TRUST: &str = include_str!("../../vectors/packet/trust");

static ROOTS: LazyLock<Vec<Der>> = LazyLock::new(|| {
    let from = TRUST.find("-----BEGIN").expect("a root in the trust file");
    certificates_from_pem(&TRUST[from..]).expect("roots in PEM")
});

/// An authority's answer, and the same bytes as a certificate and as PEM.
pub fn timestamp(data: &[u8]) -> bool {
    let _ = is_certificate(data);
    if let Some(certificates) = std::str::from_utf8(data)
        .ok()
        .and_then(certificates_from_pem)
    {
        for certificate in certificates {
            let _ = is_certificate(&certificate);
        }
    }
    let _ = check_response(data, &Sha256Digest::of(TEXT).0, b"nonce");
    let Ok(stamp) = verify(data, TEXT, &ROOTS) else {
        return false;
    };
    assert!(stamp.earliest_ms <= stamp.time_ms && stamp.time_ms <= stamp.latest_ms);
    true
}
