//! Makers' certificates of the device's key. Rules, in this order: `docs/spec/attestation.md`.

use super::bag::BagCheck;
use super::keys::Keys;
use super::source::{Source, read_small};
use super::{File, Inputs};
use crate::findings::{Code, Finding};
use fieldseal_stamp::certificates_from_pem;
use fieldseal_stamp::chain::{Chain, ChainError, MAX_FILE};
use fieldseal_tlog::note::{Algorithm, Vkey};

/// Where they stand in an export.
const FOLDER: &str = "data/receipt/attestation/";
/// At most this many are judged.
const MAX_CHAINS: usize = 16;

/// The files of an export, each with its path. None: it can't be read, or is too large.
pub(crate) fn files(source: &dyn Source, outer: &BagCheck) -> Vec<(String, Option<Vec<u8>>)> {
    let is_one = |path: &&String| {
        path.strip_prefix(FOLDER)
            .and_then(|name| name.strip_suffix(".pem"))
            .is_some_and(|name| !name.contains('/'))
    };
    let paths = outer.sizes.keys().filter(is_one).take(MAX_CHAINS);
    paths
        .map(|path| {
            let bytes = read_small(source, path, MAX_FILE).ok().flatten();
            (path.clone(), bytes)
        })
        .collect()
}

/// Judges what came along of the keys by which lines of the device are right.
pub(crate) fn check(
    device_keys: &[Vkey],
    keys: &Keys<'_>,
    inputs: &Inputs<'_>,
    findings: &mut Vec<Finding>,
) {
    if device_keys.is_empty() {
        return;
    }
    for file in inputs.attestations {
        findings.push(match one(file, device_keys, keys, inputs) {
            Ok(name) => Finding::new(Code::AttestationOk).about(name),
            Err(error) => {
                let code = match error {
                    ChainError::Unknown(_) => Code::AttestationRootUnknown,
                    _ => Code::AttestationInvalid,
                };
                Finding::new(code).about(file.path).with(error)
            }
        });
    }
}

/// The name of the key that is vouched for.
fn one<'a>(
    file: &File<'_>,
    device_keys: &'a [Vkey],
    keys: &Keys<'_>,
    inputs: &Inputs<'_>,
) -> Result<&'a str, ChainError> {
    let text = file
        .bytes
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .ok_or(ChainError::Malformed)?;
    let ders = certificates_from_pem(text).ok_or(ChainError::Malformed)?;
    let chain = Chain::read(&ders)?;
    let key = device_keys
        .iter()
        .find(|key| key.algorithm() == Algorithm::EcdsaP256 && key.material() == chain.key())
        .ok_or(ChainError::OtherKey)?;
    let roots = inputs
        .trust
        .map_or(&[][..], |trust| trust.attestation_roots.as_slice());
    let enrolled = keys.enrolled_at(key).map(|at| at.as_millis());
    chain.judge(roots, enrolled).map(|()| key.name())
}
