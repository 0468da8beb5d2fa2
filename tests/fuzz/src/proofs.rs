//! What vouches for keys and copies beside the seal: CMS signatures, makers' chains, certificates, children's notes, the log's own leaves.

use std::sync::LazyLock;

use fieldseal_packet::child::Derived;
use fieldseal_packet::entry::{Continued, LogRotated};
use fieldseal_packet::trust::Trust;
use fieldseal_packet::verify::followed_log_keys;
use fieldseal_stamp::chain::Chain;
use fieldseal_stamp::{certificate_to_pem, certificates_from_pem, cms, is_certificate};
use fieldseal_tlog::note::{LineCheck, Note, Vkey};

use super::one_spelling;

/// The vectors' trust file.
const TRUST: &[u8] = include_bytes!("../../vectors/packet/trust");
/// Its log.
const ORIGIN: &str = "bureau.example/log";
/// 2026-11-23, when the vectors' keys are in use.
const NOW: i64 = 1_795_398_456_000;

static ANCHORS: LazyLock<Trust> =
    LazyLock::new(|| Trust::parse(TRUST).expect("the vectors' trust file"));

/// A detached CMS signature. Over which file is not known here, so it is never right; that this is what is wrong, and nothing
/// before it, counts as accepted.
pub fn cms(data: &[u8]) -> bool {
    let other = [0; 32];
    let outcome = cms::verify(data, Some(&other), |_| true, &ANCHORS.cms_roots, NOW);
    assert!(outcome.is_err(), "a signature over a digest of zeros");
    outcome == Err(cms::CmsError::OtherContent)
}

/// A maker's chain of a key, in PEM, judged by the trusted makers and by none.
pub fn chain(data: &[u8]) -> bool {
    let Some(ders) = std::str::from_utf8(data)
        .ok()
        .and_then(certificates_from_pem)
    else {
        return false;
    };
    let Ok(chain) = Chain::read(&ders) else {
        return false;
    };
    let _ = chain.ends_with();
    assert!(!chain.key().is_empty());
    assert!(chain.judge(&[], Some(NOW)).is_err(), "by nobody's root");
    let _ = chain.judge(&ANCHORS.attestation_roots, None);
    chain.judge(&ANCHORS.attestation_roots, Some(NOW)).is_ok()
}

/// A certificate; one that reads comes back from PEM as it was.
pub fn certificate(data: &[u8]) -> bool {
    if !is_certificate(data) {
        return false;
    }
    let again = certificates_from_pem(&certificate_to_pem(data));
    assert_eq!(again.as_deref(), Some(&[data.to_vec()][..]));
    true
}

/// The signed note beside a copy of an item.
pub fn child(data: &[u8]) -> bool {
    let Ok(note) = Note::parse(data) else {
        return false;
    };
    one_spelling(note.text.as_bytes(), Derived::parse, |body| {
        let _ = body.signer();
        let _ = body.note_path();
        body.text()
    })
}

/// A leaf by which the log's key changes, or by which a log continues another.
pub fn log_leaf(data: &[u8]) -> bool {
    let logs: Vec<Vkey> = keys(&[ORIGIN]);
    let authorities: Vec<Vkey> = keys(&["bureau.example/log/authority"]);
    let followed = followed_log_keys(ORIGIN, &logs, &authorities, &[data]);
    assert!(followed.iter().all(|key| key.name() == ORIGIN));
    let Ok(note) = Note::parse(data) else {
        return false;
    };
    let text = note.text.as_bytes();
    let reads = one_spelling(text, LogRotated::parse, LogRotated::text)
        || one_spelling(text, Continued::parse, Continued::text);
    let vouched = note
        .signatures
        .iter()
        .any(|line| note.check(line, &authorities) == LineCheck::Verified);
    assert!(
        followed.is_empty() || (reads && vouched),
        "followed unvouched"
    );
    reads && vouched
}

/// The vectors' trusted keys of these names.
fn keys(names: &[&str]) -> Vec<Vkey> {
    let text = std::str::from_utf8(TRUST).expect("text");
    let words = text.lines().flat_map(str::split_whitespace);
    words
        .filter_map(|word| Vkey::parse(word).ok())
        .filter(|key| names.contains(&key.name()))
        .collect()
}
