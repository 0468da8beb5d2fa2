//! What is asked of an authority, and whether its answer is to that.

use crate::StampError;
use crate::algorithm::{Digest, oid};
use crate::der::{tag, write};
use crate::token::Response;

/// At most this many bytes of a nonce are used.
pub const MAX_NONCE: usize = 32;

/// A TimeStampReq (RFC 3161, 2.4.1) in DER: version 1, the imprint by SHA-256, the nonce, and the wish for the signer's certificate.
///
/// The nonce is a number without a sign; of more than 32 bytes the first 32 are taken. An empty one is left out.
pub fn request(digest: &[u8; 32], nonce: &[u8]) -> Vec<u8> {
    let algorithm = write(
        tag::SEQUENCE,
        &[&write(tag::OID, &[oid::SHA256]), &write(tag::NULL, &[])],
    );
    let imprint = write(
        tag::SEQUENCE,
        &[&algorithm, &write(tag::OCTET_STRING, &[digest])],
    );
    let nonce = match nonce {
        [] => Vec::new(),
        nonce => write(tag::INTEGER, &[&unsigned(nonce)]),
    };
    write(
        tag::SEQUENCE,
        &[
            &write(tag::INTEGER, &[&[1]]),
            &imprint,
            &nonce,
            &write(tag::BOOLEAN, &[&[0xff]]),
        ],
    )
}

/// Whether a TimeStampResp grants what [`request`] asked for: a token over this digest, with this nonce. Says nothing of who signed it.
pub fn check_response(der: &[u8], digest: &[u8; 32], nonce: &[u8]) -> Result<(), StampError> {
    let response = Response::read(der)?;
    let info = &response.token.info;
    if info.imprint.0 != Digest::Sha256 || info.imprint.1 != digest {
        return Err(StampError::OtherImprint);
    }
    let expected = (!nonce.is_empty()).then(|| unsigned(nonce));
    if info.nonce != expected.as_deref() {
        return Err(StampError::OtherNonce);
    }
    Ok(())
}

/// INTEGER's content for a number without a sign.
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[..bytes.len().min(MAX_NONCE)];
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = &bytes[zeros..];
    let mut content = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|first| first & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(digits);
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_openssl_writes_it() {
        let bytes = request(&[0x11; 32], &[0, 0x80, 1]);
        let expected = format!(
            "303f0201013031300d060960864801650304020105000420{}0203008001{}",
            "11".repeat(32),
            "0101ff"
        );
        let expected = expected.replacen("303f", &format!("30{:02x}", expected.len() / 2 - 2), 1);
        assert_eq!(hex::encode(bytes), expected);
        assert_eq!(unsigned(&[0, 0]), [0]);
        assert_eq!(unsigned(&[0x7f]), [0x7f]);
    }
}
