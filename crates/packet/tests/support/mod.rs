//! A small, fixed packet and its surroundings, made from fixed keys, so that every run makes the same bytes. Here the
//! keys and the clock; beside it the packet, and the log with the export.

mod certificates;
mod export;
mod packet;
mod tokens;

use std::collections::BTreeMap;

use fieldseal_packet::entry::{Enrolled, SubjectKind};
use fieldseal_packet::trust::Trust;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_tlog::note::{Ed25519Signer, Note, P256Signer, Signer};

pub use certificates::*;
pub use export::*;
pub use packet::*;
pub use tokens::*;

pub const ORIGIN: &str = "bureau.example/log";
pub type Files = BTreeMap<String, Vec<u8>>;

pub fn at(second: i64) -> Timestamp {
    let start: Timestamp = "2026-11-23T01:41:27.000Z".parse().unwrap();
    Timestamp::from_millis(start.as_millis() + second * 1000)
}

/// The same key for the same name and number.
pub fn key(name: &str, number: u8) -> Ed25519Signer {
    let seed = Sha256Digest::of(format!("test key {number} of {name}").as_bytes());
    Ed25519Signer::from_seed(name, &seed.0).unwrap()
}

pub fn server_key(role: &str) -> Ed25519Signer {
    let name = if role.is_empty() {
        ORIGIN.to_owned()
    } else {
        format!("{ORIGIN}/{role}")
    };
    key(&name, 0)
}

pub fn device_key() -> Ed25519Signer {
    key(&format!("{ORIGIN}/device/t-0001"), 1)
}

pub fn officer_key(number: u8) -> Ed25519Signer {
    key(&format!("{ORIGIN}/officer/o-000{number}"), number)
}

pub fn p256_device_scalar() -> [u8; 32] {
    Sha256Digest::of(b"test key of a hardware module").0
}

pub fn p256_device_key() -> P256Signer {
    let seed = p256_device_scalar();
    P256Signer::from_scalar(&format!("{ORIGIN}/device/t-0001"), &seed).unwrap()
}

pub fn trust_text() -> String {
    let keys = [
        server_key("receipts"),
        server_key("authority"),
        server_key("decisions"),
    ];
    let others: Vec<_> = keys.iter().map(|key| key.vkey()).collect();
    let mut text = Trust::text(ORIGIN, server_key("").vkey(), &others);
    for authority in [alpha(), beta()] {
        text += &fieldseal_stamp::certificate_to_pem(&authority.root);
    }
    text += "#root cms\n";
    text += &fieldseal_stamp::certificate_to_pem(&cms_authority().0);
    text += "#root attestation\n";
    text += &fieldseal_stamp::certificate_to_pem(&maker_root().0);
    text
}

pub fn enrolment(kind: SubjectKind, signer: &dyn Signer, authority: &dyn Signer) -> Vec<u8> {
    let body = Enrolled {
        origin: ORIGIN.to_owned(),
        kind,
        subject: signer.vkey().name().to_owned(),
        vkey: signer.vkey().to_string(),
        enrolled_at: at(-86_400),
    };
    Note::sign(&body.text(), &[authority]).unwrap().to_bytes()
}

pub fn packet_id() -> PacketId {
    PacketId::from_parts(at(0), b"0123456789")
}
