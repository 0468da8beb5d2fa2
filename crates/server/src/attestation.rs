//! Makers' certificates of tablets' keys, as they come with an enrolment: looked at before they are kept. Whether their maker is trusted is
//! not asked here: that is for whoever verifies, and for the list of tablets. Specification: `docs/spec/attestation.md`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_packet::trust::Trust;
use fieldseal_packet::{KeyName, KeyRole, Timestamp};
use fieldseal_stamp::chain::{Chain, ChainError, MAX_ENROLLED};
use fieldseal_stamp::{MAX_CHAIN, certificate_to_pem, certificates_from_pem};
use fieldseal_tlog::note::{Algorithm, Vkey};
use fieldseal_wire::ProblemCode;

use crate::ambient::Millis;
use crate::problem::Failure;
use crate::store::keys::KeyRow;

/// The certificates of a request, DER.
pub fn decode(encoded: &[String]) -> Result<Vec<Vec<u8>>, Failure> {
    let too_much = || Failure::bad_request("an attestation has at most 8 certificates and 32 KiB");
    if encoded.len() > MAX_CHAIN {
        return Err(too_much());
    }
    let mut ders = Vec::new();
    for text in encoded {
        let der = STANDARD
            .decode(text)
            .map_err(|_| Failure::bad_request("a certificate is not base64"))?;
        ders.push(der);
    }
    if ders.iter().map(Vec::len).sum::<usize>() > MAX_ENROLLED {
        return Err(too_much());
    }
    Ok(ders)
}

/// What is kept of them, PEM; none where none came.
pub fn check(
    origin: &str,
    key: &Vkey,
    chain: &[Vec<u8>],
    now: Millis,
) -> Result<Option<Vec<u8>>, Failure> {
    if chain.is_empty() {
        return Ok(None);
    }
    let refused = |why| Failure::new(ProblemCode::KeyNotAccepted).detail(why);
    let is_device = KeyName::parse(origin, key.name()).map(|name| name.role) == Ok(KeyRole::Device);
    if !is_device || key.algorithm() != Algorithm::EcdsaP256 {
        return Err(refused("an attestation is of a device's P-256 key"));
    }
    let read = Chain::read(chain).map_err(|_| refused("the attestation does not read"))?;
    if read.key() != key.material() {
        return Err(refused("the attestation is of another key"));
    }
    match read.judge(&[], Some(now)) {
        Ok(()) | Err(ChainError::Unknown(_)) => {}
        Err(_) => return Err(refused("the attestation does not hold together")),
    }
    let pem: String = chain.iter().map(|der| certificate_to_pem(der)).collect();
    Ok(Some(pem.into_bytes()))
}

/// How a key's attestation looks to whoever trusts `trust`: a stable word.
pub fn standing(row: &KeyRow, trust: &Trust) -> &'static str {
    let Some(pem) = &row.attestation else {
        return "none";
    };
    let ders = std::str::from_utf8(pem)
        .ok()
        .and_then(certificates_from_pem)
        .unwrap_or_default();
    let enrolled = Timestamp::from_millis(row.enrolled_at).as_millis();
    let judged =
        Chain::read(&ders).and_then(|chain| chain.judge(&trust.attestation_roots, Some(enrolled)));
    match judged {
        Ok(()) => "attested",
        Err(ChainError::Unknown(_)) => "root-unknown",
        Err(_) => "invalid",
    }
}
