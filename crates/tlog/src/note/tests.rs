use super::*;
use proptest::prelude::*;

/// The example of Go's note package: made by nothing of ours.
const NEUMANN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NEUMANN_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn ed25519(name: &str, seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(name, &[seed; 32]).unwrap()
}

fn p256(name: &str, scalar: u8) -> P256Signer {
    P256Signer::from_scalar(name, &[scalar; 32]).unwrap()
}

#[test]
fn a_note_made_elsewhere_verifies() {
    let key = Vkey::parse(NEUMANN).unwrap();
    assert_eq!(
        (key.name(), key.key_id(), key.algorithm()),
        ("PeterNeumann", 0xc74f20a3, Algorithm::Ed25519)
    );
    assert_eq!(key.to_string(), NEUMANN);
    let note = Note::parse(NEUMANN_NOTE.as_bytes()).unwrap();
    assert_eq!(note.to_bytes(), NEUMANN_NOTE.as_bytes());
    assert_eq!(note.verify_by(&key), Ok(()));
    let bent = Note::parse(NEUMANN_NOTE.replace("know", "knew").as_bytes()).unwrap();
    assert_eq!(bent.verify_by(&key), Err(NoteError::Invalid));
}

#[test]
fn both_kinds_of_key_sign_and_verify() {
    let (first, second) = (
        ed25519("o.example/device/1", 3),
        p256("o.example/officer/2", 4),
    );
    let note = Note::sign("one\n\nthree\n", &[&first, &second]).unwrap();
    let read = Note::parse(&note.to_bytes()).unwrap();
    assert_eq!(read, note);
    assert_eq!(read.verify_by(first.vkey()), Ok(()));
    assert_eq!(read.verify_by(second.vkey()), Ok(()));
    assert_eq!(
        read.verify_by(ed25519("o.example/device/1", 5).vkey()),
        Err(NoteError::Missing)
    );
    for signer in [first.vkey(), second.vkey()] {
        let again = Vkey::parse(&signer.to_string()).unwrap();
        assert_eq!(&again, signer);
        assert_eq!(again.fingerprint(), signer.fingerprint());
        assert_eq!(read.verify_by(&again), Ok(()));
    }
    assert_eq!(second.vkey().algorithm(), Algorithm::EcdsaP256);
    assert_eq!(second.vkey().material().len(), 91);
    assert_eq!(first.seed().as_slice(), [3; 32]);
    assert_eq!(second.scalar().as_slice(), [4; 32]);
}

#[test]
fn each_line_is_judged_by_itself() {
    let (first, second) = (ed25519("a", 1), p256("b", 2));
    let mut note = Note::sign("text\n", &[&first, &second]).unwrap();
    note.signatures[1].signature[10] ^= 1;
    let keys = KeySet::new([first.vkey().clone(), second.vkey().clone()]).unwrap();
    assert_eq!(note.check(&note.signatures[0], &keys), LineCheck::Verified);
    assert_eq!(note.check(&note.signatures[1], &keys), LineCheck::Invalid);
    assert_eq!(
        note.check(&note.signatures[1], &keys[..1]),
        LineCheck::UnknownKey
    );
    // One good and one bad line by the same key: the key is not taken at its good word.
    let mut twice = Note::sign("text\n", &[&first, &first]).unwrap();
    assert_eq!(twice.verify_by(first.vkey()), Ok(()));
    twice.signatures[1].signature[0] ^= 1;
    assert_eq!(twice.verify_by(first.vkey()), Err(NoteError::Invalid));
}

#[test]
fn types_that_cannot_be_checked_say_so() {
    use crate::encoding::base64_encode;
    let unknown = Vkey::parse(&format!("n+00000001+{}", base64_encode(&[0x06, 1, 2]))).unwrap();
    assert_eq!(
        (unknown.algorithm(), unknown.key_id()),
        (Algorithm::Unknown(6), 1)
    );
    assert_eq!(
        unknown.verify(b"t\n", &[1; 64]),
        Err(SignatureError::Unsupported)
    );
}

#[test]
fn a_witness_cosignature_covers_its_time() {
    let secret = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let key = Vkey::cosignature("witness.example", secret.verifying_key().to_bytes()).unwrap();
    assert_eq!(
        Vkey::parse(&key.to_string()).unwrap().algorithm(),
        Algorithm::Cosignature
    );
    let text = "log.example\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    use ed25519_dalek::Signer as _;
    let signed = secret.sign(format!("cosignature/v1\ntime 1679315147\n{text}").as_bytes());
    let at = |time: u64| [time.to_be_bytes().as_slice(), &signed.to_bytes()].concat();
    assert_eq!(key.verify(text.as_bytes(), &at(1_679_315_147)), Ok(()));
    assert_eq!(
        key.verify(text.as_bytes(), &at(1_679_315_148)),
        Err(SignatureError::Invalid)
    );
    assert_eq!(
        key.verify(text.as_bytes(), &at(u64::MAX)),
        Err(SignatureError::Form)
    );
    assert_eq!(
        key.verify(text.as_bytes(), &[1; 7]),
        Err(SignatureError::Form)
    );
    // The same bytes under a plain Ed25519 key of the witness are no signature of the text.
    let plain = Vkey::ed25519("witness.example", secret.verifying_key().to_bytes()).unwrap();
    assert_eq!(
        plain.verify(text.as_bytes(), &signed.to_bytes()),
        Err(SignatureError::Invalid)
    );
    assert_ne!(plain.key_id(), key.key_id());
}

#[test]
fn keys_that_are_none_are_refused() {
    let key = ed25519("o.example", 1).vkey().to_string();
    let other_id = format!("o.example+00000000+{}", key.rsplit('+').next().unwrap());
    let spki = p256("n", 1).vkey().material().to_vec();
    for (line, error) in [
        ("", VkeyError::Form),
        ("name", VkeyError::Form),
        ("name+12345678", VkeyError::Form),
        ("name+1234567+AQ==", VkeyError::Form),
        ("name+1234567G+AQ==", VkeyError::Form),
        ("name+1234ABCD+AQ==", VkeyError::Form),
        ("name+12345678+", VkeyError::Form),
        ("name+12345678+AQ", VkeyError::Form),
        ("name+12345678+AQ==", VkeyError::Material),
        ("+12345678+AQ==", VkeyError::Name),
        (&other_id, VkeyError::KeyId),
        (&key.replace("o.example", "p.example"), VkeyError::KeyId),
        (&key.replace("o.example", "o example"), VkeyError::Name),
        (&"x".repeat(9000), VkeyError::Form),
    ] {
        assert_eq!(Vkey::parse(line), Err(error), "{line:.80}");
    }
    // A key of small order signs everything.
    assert_eq!(Vkey::ed25519("n", [0; 32]), Err(VkeyError::Material));
    assert_eq!(Vkey::p256("n", &spki[..90]), Err(VkeyError::Material));
    assert_eq!(
        Vkey::p256("n", &[spki.as_slice(), &[0]].concat()),
        Err(VkeyError::Material)
    );
    assert_eq!(Vkey::p256("a+b", &spki), Err(VkeyError::Name));
    assert!(P256Signer::from_scalar("n", &[0; 32]).is_err());
    assert!(P256Signer::from_scalar("n", &[0xff; 32]).is_err());
}

#[test]
fn two_keys_of_one_name_and_id_are_refused() {
    let one = ed25519("n", 1).vkey().clone();
    let mut set = KeySet::new([one.clone()]).unwrap();
    assert_eq!(set.insert(one.clone()), Ok(false));
    assert_eq!(set.insert(ed25519("n", 2).vkey().clone()), Ok(true));
    assert_eq!(set.named("n").count(), 2);
    // A type with a free id can be made to collide.
    let forged = Vkey::parse(&format!("n+{:08x}+BgEC", one.key_id())).unwrap();
    assert!(matches!(
        set.insert(forged.clone()),
        Err(KeySetError::Collision { .. })
    ));
    assert_eq!(set.len(), 2);
    // Where a caller has no set: never an acceptance.
    let note = Note::sign("t\n", &[&ed25519("n", 1)]).unwrap();
    assert_eq!(
        note.check(&note.signatures[0], &[one.clone(), forged.clone()]),
        LineCheck::Unsupported
    );
    assert_eq!(
        note.check(&note.signatures[0], &[forged, one.clone()]),
        LineCheck::Unsupported
    );
    assert_eq!(
        note.check(&note.signatures[0], &[one.clone(), one]),
        LineCheck::Verified
    );
}

#[test]
fn what_is_no_note_is_refused() {
    let line = "— n AAAAAAE=\n";
    let lines = |count| format!("t\n\n{}", line.repeat(count));
    assert_eq!(
        Note::parse(lines(MAX_SIGNATURES).as_bytes())
            .unwrap()
            .signatures
            .len(),
        MAX_SIGNATURES
    );
    for (text, error) in [
        (String::new(), ParseError::NoSignatures),
        ("t\n".into(), ParseError::NoSignatures),
        ("t\n\n".into(), ParseError::NoSignatures),
        (format!("t\n{line}"), ParseError::NoSignatures),
        (
            format!("t\n\n{}", line.trim_end()),
            ParseError::NoSignatures,
        ),
        (format!("t\n\n{line}\n"), ParseError::NoSignatures),
        (format!("t\n\n{line}x\n"), ParseError::SignatureLine),
        ("t\n\n— n AAAAAA==\n".into(), ParseError::SignatureLine),
        ("t\n\n— n AAAAAAF=\n".into(), ParseError::SignatureLine),
        ("t\n\n— n AAAAAAE\n".into(), ParseError::SignatureLine),
        ("t\n\n— AAAAAAE=\n".into(), ParseError::SignatureLine),
        ("t\n\n—  AAAAAAE=\n".into(), ParseError::SignatureLine),
        ("t\n\n— a+b AAAAAAE=\n".into(), ParseError::SignatureLine),
        (
            "t\n\n— a\u{3000}b AAAAAAE=\n".into(),
            ParseError::SignatureLine,
        ),
        ("t\n\n- n AAAAAAE=\n".into(), ParseError::SignatureLine),
        (format!("t\r\n\n{line}"), ParseError::ControlCharacter),
        (format!("t\t\n\n{line}"), ParseError::ControlCharacter),
        (lines(MAX_SIGNATURES + 1), ParseError::TooManySignatures),
        ("t".repeat(MAX_NOTE_BYTES + 1), ParseError::TooLarge),
    ] {
        assert_eq!(Note::parse(text.as_bytes()), Err(error), "{text:.60?}");
    }
    assert_eq!(Note::parse(b"\xff\n\n"), Err(ParseError::NotUtf8));
}

#[test]
fn texts_that_would_not_come_back_are_not_signed() {
    let signer = ed25519("n", 1);
    for text in ["", "no newline", "a\tb\n", "a\0\n"] {
        assert!(matches!(sign_line(&signer, text), Err(SignError::Text)));
    }
    assert!(!format!("{signer:?}").contains(&hex::encode([1u8; 32])));
}

proptest! {
    #[test]
    fn any_text_survives_signing(text in "[^\u{0}-\u{1f}]{0,40}(\n[^\u{0}-\u{1f}]{0,10}){0,6}") {
        let text = text + "\n";
        let signer = ed25519("n", 1);
        let note = Note::sign(&text, &[&signer]).unwrap();
        let read = Note::parse(&note.to_bytes()).unwrap();
        prop_assert_eq!(&read, &note);
        prop_assert_eq!(read.verify_by(signer.vkey()), Ok(()));
    }

    #[test]
    fn what_is_accepted_is_written_back_the_same(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(note.to_bytes(), bytes);
        }
    }
}
