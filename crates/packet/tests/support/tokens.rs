//! Timestamp tokens for the fixed packet: by authorities from fixed test keys, the same bytes every time.

#[path = "../../../stamp/tests/maker/mod.rs"]
pub mod maker;

use fieldseal_packet::bag::SEAL;
use fieldseal_packet::seal::SealBody;
use fieldseal_tlog::note::Note;
use maker::{Asks, Authority, Key, Says, Signer};

use super::{
    Content, Files, checkpoint, device_key, export_payload, log_before, officer_key, seal_body,
    seal_note, zip,
};

/// When the seen checkpoint was stamped: eleven minutes before the draft was opened.
pub const SEEN: &str = "20261123013030Z";
/// When the export's checkpoint was stamped: three seconds after the packet came in.
pub const LOGGED: &str = "20261123020130Z";

/// The authorities that the trust file names: one signs with RSA, the other with P-256.
pub fn alpha() -> Authority {
    Authority::new("alpha", Key::rsa())
}

pub fn beta() -> Authority {
    Authority::new("beta", Key::p256("beta signer"))
}

/// Under alpha's root, with another certificate.
pub fn alpha_with(change: impl FnOnce(&mut Says)) -> Authority {
    Authority::with("alpha", Key::rsa(), change)
}

/// Nobody's.
pub fn stranger() -> Authority {
    Authority::new("stranger", Key::p256("stranger signer"))
}

/// Under alpha's root by way of one more authority; gives its certificate too.
pub fn alpha_between(change: impl FnOnce(&mut Says)) -> (Authority, Vec<u8>) {
    let mut authority = alpha();
    let between_key = Key::p256("alpha between");
    let mut says = Says {
        subject: "alpha test between".to_owned(),
        serial: 9,
        ..Says::root(&authority.root_name)
    };
    change(&mut says);
    let between = maker::certificate(&says, &between_key, &authority.root_key);
    let key = Key::p256("alpha deep signer");
    let says = Says::stamping("alpha test deep timestamps", "alpha test between");
    authority.signer = Signer {
        certificate: maker::certificate(&says, &key, &between_key),
        says,
        key,
    };
    (authority, between)
}

/// The text of a checkpoint: what a token covers.
pub fn text_of(checkpoint: &[u8]) -> Vec<u8> {
    Note::parse(checkpoint).unwrap().text.into_bytes()
}

pub fn seen_message() -> Vec<u8> {
    text_of(&checkpoint(&log_before()))
}

/// A token over what the tablet had seen.
pub fn seen_by(authority: &Authority) -> Vec<u8> {
    authority.stamp(&Asks::at(SEEN), &seen_message())
}

type Tokens = Vec<(&'static str, Vec<u8>)>;
type Stamping = Box<dyn Fn(&[u8]) -> Tokens>;

/// A packet and an export with tokens, each part of which can be changed before it is fixed.
pub struct Stamped {
    pub content: Content,
    pub seen: Tokens,
    /// From the text of the export's checkpoint.
    pub logged: Stamping,
    pub body: Box<dyn Fn(&mut SealBody)>,
    pub packet: Box<dyn Fn(&mut Files)>,
    pub export: Box<dyn Fn(&mut Files)>,
}

impl Stamped {
    /// One token by alpha at both ends.
    pub fn new() -> Self {
        Self {
            content: Content::new(),
            seen: vec![("alpha", seen_by(&alpha()))],
            logged: Box::new(|text| vec![("alpha", alpha().stamp(&Asks::at(LOGGED), text))]),
            body: Box::new(|_| {}),
            packet: Box::new(|_| {}),
            export: Box::new(|_| {}),
        }
    }

    /// The packet's files.
    pub fn packet(&mut self) -> Files {
        for (id, token) in &self.seen {
            let path = format!("seen/checkpoint.{id}.tsr");
            self.content.seen.insert(path, token.clone());
        }
        let mut files = self.content.bag();
        let mut body = seal_body(&files);
        (self.body)(&mut body);
        let note = seal_note(&body, &[&device_key(), &officer_key(1), &officer_key(2)]);
        files.insert(SEAL.to_owned(), note);
        (self.packet)(&mut files);
        files
    }

    /// The export's payload.
    pub fn export(&mut self) -> Files {
        let files = self.packet();
        let mut payload = export_payload(&zip(&files), &files[SEAL]);
        let text = text_of(&payload["data/receipt/checkpoint"]);
        for (id, token) in (self.logged)(&text) {
            payload.insert(format!("data/receipt/checkpoint.{id}.tsr"), token);
        }
        (self.export)(&mut payload);
        payload
    }
}
