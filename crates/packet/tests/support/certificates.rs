//! The certificates around the fixed packet: the deployment's authority for CMS signatures, and a maker of hardware keys.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::bag::{CMS, SEAL, TAGMANIFEST};
use fieldseal_packet::entry::SubjectKind;
use fieldseal_tlog::note::Signer as _;

use super::maker::{Key, Says, certificate};
use super::{
    Content, Files, enrolment, officer_key, p256_device_key, p256_device_scalar, seal_body,
    seal_note, server_key,
};

const EMAIL_PROTECTION: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 4];

/// The tablet's key as certificates are made for it.
pub fn device_certified_key() -> Key {
    Key::P256(p256::ecdsa::SigningKey::from_slice(&p256_device_scalar()).unwrap())
}

/// The deployment's authority: certificate, key and name.
pub fn cms_authority() -> (Vec<u8>, Key, String) {
    let (key, name) = (Key::p256("cms authority"), "bureau.example/log".to_owned());
    let says = Says {
        authority: Some(Some(0)),
        purposes: vec![EMAIL_PROTECTION],
        not_after: "99991231235959Z".to_owned(),
        ..Says::root(&name)
    };
    (certificate(&says, &key, &key), key, name)
}

/// What the tablet's certificate says.
pub fn device_says(issuer: &str) -> Says {
    Says {
        issuer: issuer.to_owned(),
        serial: 7,
        authority: None,
        key_usage: Some(0xc0),
        purposes: vec![EMAIL_PROTECTION],
        ..Says::root("bureau.example/log/device/t-0001")
    }
}

/// A maker's root: certificate and key.
pub fn maker_root() -> (Vec<u8>, Key) {
    let key = Key::p256("maker root");
    (certificate(&Says::root("maker root"), &key, &key), key)
}

/// The certificates that the maker gave with the tablet's key, the key's own first, without the root.
pub fn maker_chain(own: impl FnOnce(&mut Says), between: impl FnOnce(&mut Says)) -> Vec<Vec<u8>> {
    let (_, root) = maker_root();
    let middle = Key::p256("maker between");
    let mut says = Says {
        issuer: "maker root".to_owned(),
        serial: 3,
        ..Says::root("maker between")
    };
    between(&mut says);
    let issuer = certificate(&says, &middle, &root);
    let mut says = Says {
        issuer: "maker between".to_owned(),
        serial: 4,
        authority: None,
        key_usage: Some(0x80),
        ..Says::root("key in hardware")
    };
    own(&mut says);
    vec![certificate(&says, &device_certified_key(), &middle), issuer]
}

/// The packet of a tablet whose key is P-256.
pub fn p256_files() -> Files {
    let device = p256_device_key();
    let mut content = Content::new();
    content.keys.insert(
        "seal/keys/device-t-0001.vkey".to_owned(),
        format!("{}\n", device.vkey()).into_bytes(),
    );
    let entry = enrolment(SubjectKind::Device, &device, &server_key("authority"));
    content
        .keys
        .insert("seal/keys/device-t-0001.entry".to_owned(), entry.clone());
    let mut files = content.bag();
    let mut body = seal_body(&files);
    body.device_prev = Sha256Digest::of(&entry);
    files.insert(
        SEAL.to_owned(),
        seal_note(&body, &[&device, &officer_key(1), &officer_key(2)]),
    );
    files
}

/// A CMS signature over a file of this digest, by this key and its certificate.
pub fn cms_over(digest: &Sha256Digest, certificate: &[u8], by: &Key) -> Vec<u8> {
    fieldseal_stamp::cms::make(&digest.0, certificate, |message| {
        Ok::<_, std::convert::Infallible>(by.sign(message))
    })
    .unwrap()
}

/// The same packet with the tablet's CMS signature, by a certificate that says this under that authority.
pub fn cms_files(says: &Says, authority: &Key) -> Files {
    let mut files = p256_files();
    let key = device_certified_key();
    let own = certificate(says, &key, authority);
    let manifest = Sha256Digest::of(&files[TAGMANIFEST]);
    files.insert(CMS.to_owned(), cms_over(&manifest, &own, &key));
    files
}
