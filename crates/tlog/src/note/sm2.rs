//! SM2 keys (GB/T 32918.2 with SM3): the type 0xff `fieldseal.sm2.v1` of signed notes.
//!
//! Key material is the SubjectPublicKeyInfo in DER, a signature the DER of *r* and *s*, and the distinguishing identifier is
//! the standard's own `1234567812345678`: what `openssl pkeyutl -digest sm3 -pkeyopt distid:1234567812345678` reads.

use std::fmt;

use p256::ecdsa::signature::{Signer as _, Verifier as _};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use zeroize::Zeroizing;

use super::sign::{SignError, Signer};
use super::vkey::{SignatureError, Vkey, VkeyError};

/// The distinguishing identifier of GB/T 32918 where a deployment has none of its own.
pub const DISTID: &str = "1234567812345678";

/// A public key, from its one spelling: the uncompressed point as SubjectPublicKeyInfo in DER.
pub(super) fn public_key(spki: &[u8]) -> Result<VerifyingKey, VkeyError> {
    let key = sm2::PublicKey::from_public_key_der(spki).map_err(|_| VkeyError::Material)?;
    match key.to_public_key_der() {
        Ok(canonical) if canonical.as_bytes() == spki => {
            VerifyingKey::new(DISTID, key).map_err(|_| VkeyError::Material)
        }
        _ => Err(VkeyError::Material),
    }
}

/// Checks a DER signature over `message`.
pub(super) fn verify(
    key: &VerifyingKey,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let parsed = Signature::from_der(signature).map_err(|_| SignatureError::Form)?;
    key.verify(message, &parsed)
        .map_err(|_| SignatureError::Invalid)
}

/// An SM2 key in memory. Its signatures are deterministic (by the way of RFC 6979).
pub struct Sm2Signer {
    key: SigningKey,
    vkey: Vkey,
}

impl Sm2Signer {
    /// The key of this 32-byte big-endian scalar, which must not be 0 or above the group's order less one.
    pub fn from_scalar(name: &str, scalar: &[u8; 32]) -> Result<Sm2Signer, VkeyError> {
        let key = SigningKey::from_slice(DISTID, scalar).map_err(|_| VkeyError::Material)?;
        let spki = key
            .verifying_key()
            .to_public_key_der()
            .map_err(|_| VkeyError::Material)?;
        let vkey = Vkey::sm2(name, spki.as_bytes())?;
        Ok(Sm2Signer { key, vkey })
    }

    /// The scalar, to be wrapped and stored.
    pub fn scalar(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes().into())
    }
}

impl Signer for Sm2Signer {
    fn vkey(&self) -> &Vkey {
        &self.vkey
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature: Signature = self
            .key
            .try_sign(message)
            .map_err(|error| SignError::Key(error.into()))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

impl fmt::Debug for Sm2Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sm2Signer({})", self.vkey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Algorithm, Note, NoteError};

    fn signer() -> Sm2Signer {
        Sm2Signer::from_scalar("bureau.example/log/officer/o-1", &[7; 32]).unwrap()
    }

    #[test]
    fn a_note_signed_and_read_back() {
        let signer = signer();
        let note = Note::sign("text\n", &[&signer]).unwrap();
        let vkey = Vkey::parse(&signer.vkey().to_string()).unwrap();
        assert_eq!(vkey.algorithm(), Algorithm::Sm2);
        assert_eq!(
            Note::parse(&note.to_bytes()).unwrap().verify_by(&vkey),
            Ok(())
        );

        let mut changed = note.clone();
        changed.text = "Text\n".into();
        assert_eq!(changed.verify_by(&vkey), Err(NoteError::Invalid));
        let other = Sm2Signer::from_scalar(vkey.name(), &[8; 32]).unwrap();
        assert_eq!(
            other
                .vkey()
                .verify(b"text\n", &note.signatures[0].signature),
            Err(SignatureError::Invalid)
        );
    }

    #[test]
    fn signatures_of_other_forms() {
        let vkey = signer().vkey().clone();
        let good = signer().sign(b"text\n").unwrap();
        for bad in [
            &[][..],
            &[0; 64],
            &good[..good.len() - 1],
            &[&good[..], &[0]].concat(),
        ] {
            assert_eq!(vkey.verify(b"text\n", bad), Err(SignatureError::Form));
        }
    }

    #[test]
    fn keys_of_other_forms() {
        let spki = signer().vkey().material().to_vec();
        assert!(Vkey::sm2("n", &spki[..spki.len() - 1]).is_err());
        let mut off_curve = spki.clone();
        *off_curve.last_mut().unwrap() ^= 1;
        assert!(Vkey::sm2("n", &off_curve).is_err());
        let p256 = crate::note::P256Signer::from_scalar("n", &[7; 32]).unwrap();
        assert!(Vkey::sm2("n", crate::note::Signer::vkey(&p256).material()).is_err());
    }
}
