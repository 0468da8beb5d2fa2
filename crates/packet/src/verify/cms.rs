//! The detached CMS signature over the tag manifest. Rules, in this order: `docs/spec/seal.md`, "CMS".

use super::Inputs;
use super::bag::BagCheck;
use super::seal::Seal;
use super::source::{Source, read_small};
use crate::bag::{CMS, TAGMANIFEST};
use crate::findings::{Code, Finding};
use fieldseal_stamp::cms::{CmsError, MAX_CMS, verify};
use fieldseal_tlog::note::{Algorithm, Vkey};
use std::cell::Cell;

/// Judges it, where there is one. `device_keys`: those by which lines of the device are right.
pub(crate) fn check(
    source: &dyn Source,
    bag: &BagCheck,
    seal: Option<&Seal>,
    device_keys: &[Vkey],
    inputs: &Inputs<'_>,
    findings: &mut Vec<Finding>,
) {
    if !bag.sizes.contains_key(CMS) {
        return;
    }
    let Some(seal) = seal else {
        findings.push(Finding::new(Code::CmsNotChecked).about(CMS));
        return;
    };
    let bytes = read_small(source, CMS, MAX_CMS).ok().flatten();
    let signer: Cell<Option<&Vkey>> = Cell::new(None);
    let is_the_tablets = |spki: &[u8]| {
        let is_it = |key: &&Vkey| key.algorithm() == Algorithm::EcdsaP256 && key.material() == spki;
        signer.set(device_keys.iter().find(is_it));
        signer.get().is_some()
    };
    let outcome = match &bytes {
        None => Err(CmsError::Malformed("not to be read")),
        Some(bytes) => verify(
            bytes,
            bag.digests.get(TAGMANIFEST).map(|digest| &digest.0),
            is_the_tablets,
            inputs.trust.map_or(&[], |trust| trust.cms_roots.as_slice()),
            seal.body.closed_at.as_millis(),
        ),
    };
    let code = match &outcome {
        Ok(()) => Code::CmsOk,
        Err(CmsError::Unsupported(_)) => Code::CmsNotChecked,
        Err(CmsError::NoCertificate | CmsError::OtherKey | CmsError::NoPath) => {
            Code::CmsSignerUnknown
        }
        Err(_) => Code::CmsInvalid,
    };
    findings.push(match outcome {
        Ok(()) => Finding::new(code).about(signer.get().map_or("", Vkey::name)),
        Err(error) => Finding::new(code).about(CMS).with(error),
    });
}
