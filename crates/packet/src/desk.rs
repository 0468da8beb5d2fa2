//! What a tablet and the administrator's desk say to each other beside the log: no leaves, and no part of any packet.
//! Specification: `docs/spec/desk.md`.

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub use crate::lines::BodyError;
use crate::lines::{body, words};
use crate::{Sha256Digest, Timestamp};

/// Longest text of any of them: what one QR code holds.
pub const MAX_TEXT: usize = 2900;
/// A 32-byte key sealed by HPKE: encapsulated key, ciphertext, tag.
pub const SEALED: usize = 80;

body! {
    /// A tablet asks to let an officer back in who has forgotten the PIN. Not signed: the tablet's keys are behind the PIN.
    PinRequest = "pin-request/v1" {
        /// The device key's name.
        "device" => device: String,
        /// The officer's pseudonymous id.
        "officer" => officer: String,
        /// Badge number, as the tablet knows it.
        "badge" => badge: String,
        /// The vault's id, 32 hex digits.
        "vault" => vault: String,
        /// The tablet's clock.
        "made-at" => made_at: Timestamp,
        /// X25519 public key made for this request alone, base64.
        "to" => to: String,
        /// The vault's root key, sealed to the administrator's recovery key when the vault was made: base64.
        "root" => root: String,
    }
}

body! {
    /// The administrator's answer. Signed by the authority.
    PinAnswer = "pin-answer/v1" {
        /// sha256 of the request's text.
        "request" => request: Sha256Digest,
        /// The device key's name.
        "device" => device: String,
        /// The officer's pseudonymous id.
        "officer" => officer: String,
        /// Server's clock.
        "made-at" => made_at: Timestamp,
        /// The vault's root key, sealed to the request's key: base64.
        "root" => root: String,
    }
}

words! {
    /// What a tablet is to do.
    What {
        /// Lock: looking needs a PIN again.
        Lock = "lock",
        /// Empty itself, once everything that it holds is safe.
        Wipe = "wipe",
        /// Nothing: what was ordered before is withdrawn.
        Nothing = "nothing",
    }
}

body! {
    /// An order to one tablet. Signed by the authority. The highest number counts.
    Order = "order/v1" {
        /// The device key's name.
        "device" => device: String,
        /// From 1, one higher with each order to this tablet.
        "number" => number: u64,
        /// What to do.
        "what" => what: What,
        /// Server's clock.
        "ordered-at" => ordered_at: Timestamp,
    }
}

/// Which of these a text is, when it is one as a whole: `pin-request` or `pin-answer` (a signed note).
pub fn kind_of(text: &str) -> Option<&'static str> {
    if text.len() > MAX_TEXT {
        return None;
    }
    if PinRequest::parse(text).is_ok() {
        return Some("pin-request");
    }
    let note = fieldseal_tlog::note::Note::parse(text.as_bytes()).ok()?;
    PinAnswer::parse(&note.text).ok().map(|_| "pin-answer")
}

/// Bytes of exactly this length, in the one spelling of base64.
pub fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: [u8; N] = STANDARD.decode(text).ok()?.try_into().ok()?;
    (STANDARD.encode(bytes) == text).then_some(bytes)
}

/// As a line takes them.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Twelve letters and digits in three groups, which two people read to each other: 60 bits of the sha256 of a text. The
/// letters are those that can't be taken for digits.
pub fn compare(text: &str) -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digest = Sha256Digest::of(text.as_bytes()).0;
    let mut bits = digest
        .iter()
        .take(8)
        .fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
    let mut out = String::with_capacity(14);
    for n in 0..12 {
        if n > 0 && n % 4 == 0 {
            out.push('-');
        }
        out.push(char::from(LETTERS[(bits >> 59) as usize]));
        bits <<= 5;
    }
    out
}

/// Whether somebody typed this code: case, spaces and dashes do not matter, nor O for 0 and I or L for 1.
pub fn same_code(typed: &str, code: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect()
    };
    !code.is_empty() && plain(typed) == plain(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> PinRequest {
        PinRequest {
            origin: "a.example/log".into(),
            device: "a.example/log/device/d-1".into(),
            officer: "p-1".into(),
            badge: "310106-0417".into(),
            vault: "00".repeat(16),
            made_at: Timestamp::from_millis(1_795_000_000_000),
            to: base64(&[7; 32]),
            root: base64(&[9; SEALED]),
        }
    }

    #[test]
    fn a_request_reads_back_and_is_told_from_other_texts() {
        let text = request().text();
        assert_eq!(PinRequest::parse(&text).as_ref(), Ok(&request()));
        assert_eq!(kind_of(&text), Some("pin-request"));
        assert!(text.len() < 600, "{} bytes: one QR code", text.len());
        for other in [
            &text[..text.len() - 1],
            "",
            "fieldseal:enrol?u=x",
            &text.repeat(9),
        ] {
            assert_eq!(kind_of(other), None, "{other}");
        }
    }

    #[test]
    fn bytes_have_one_spelling_and_one_length() {
        assert_eq!(bytes::<32>(&request().to), Some([7; 32]));
        for wrong in ["", "AA==", &base64(&[7; 31]), &base64(&[7; 33])] {
            assert_eq!(bytes::<32>(wrong), None, "{wrong}");
        }
        assert_eq!(bytes::<1>("AB=="), None, "bits that say nothing");
    }

    #[test]
    fn a_code_is_read_aloud_and_typed_as_people_do() {
        let code = compare("text");
        assert_eq!(code.len(), 14);
        assert!(same_code(&code.to_lowercase().replace('-', " "), &code));
        assert!(same_code("OI l", "01-1"));
        assert_ne!(compare("text "), code);
        assert!(!same_code("", ""));
        assert!(!same_code(&code[..13], &code));
    }

    #[test]
    fn an_order_names_one_of_three_things() {
        let text = "a.example/log/order/v1\ndevice a.example/log/device/d-1\nnumber 2\nwhat wipe\nordered-at 2026-11-20T08:00:00.000Z\n";
        let order = Order::parse(text).unwrap();
        assert_eq!((order.number, order.what), (2, What::Wipe));
        assert_eq!(order.text(), text);
        assert!(Order::parse(&text.replace("wipe", "burn")).is_err());
    }
}
