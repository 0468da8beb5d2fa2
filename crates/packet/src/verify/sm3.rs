//! The second pair of manifests, of SM3 digests: checked as far as it is there. Whether the seal names the tag manifest's
//! digest is the seal's matter.

use super::bag::BagCheck;
use super::source::{Source, read_small};
use crate::Sm3Digest;
use crate::bag::{self, MANIFEST_SM3, TAGMANIFEST, TAGMANIFEST_SM3};
use crate::findings::{Code, Finding};
use std::collections::BTreeMap;

/// Checks `manifest-sm3.txt` over the payload, and with it `tagmanifest-sm3.txt` over the tag files; `unlisted` names those that
/// stand outside tag manifests.
pub(super) fn check(source: &dyn Source, bag: &mut BagCheck, unlisted: &[&str]) {
    let outside =
        |path: &str| path == TAGMANIFEST || path == TAGMANIFEST_SM3 || unlisted.contains(&path);
    if !bag.sizes.contains_key(MANIFEST_SM3) {
        return;
    }
    let before = bag.findings.len();
    let payload = compare(source, bag, MANIFEST_SM3, |path| path.starts_with("data/"));
    let tags = compare(source, bag, TAGMANIFEST_SM3, |path| {
        !path.starts_with("data/") && !outside(path)
    });
    if bag.findings.len() == before
        && let Some(count) = payload
    {
        bag.add(Finding::new(Code::Sm3Ok).with(count + tags.unwrap_or(0)));
    }
}

/// Compares a manifest with the files that belong to it; gives how many it lists, none if it is absent or can't be read.
fn compare(
    source: &dyn Source,
    bag: &mut BagCheck,
    name: &str,
    belongs: impl Fn(&str) -> bool,
) -> Option<usize> {
    if !bag.sizes.contains_key(name) {
        return None;
    }
    let bytes = match read_small(source, name, bag::MAX_MANIFEST) {
        Ok(bytes) => bytes?,
        Err(error) => {
            let code = Finding::new(Code::FileUnreadable);
            bag.add(code.about(name).with(error.kind()));
            return None;
        }
    };
    let listed: BTreeMap<String, Sm3Digest> = match bag::parse_manifest_sm3(&bytes) {
        Ok(listed) => listed,
        Err(error) => {
            let code = Finding::new(Code::ManifestMalformed);
            bag.add(code.about(name).with(error));
            return None;
        }
    };
    // A file that is there but could not be read has its finding already.
    let wrong = listed.iter().filter(|(path, digest)| {
        !belongs(path)
            || match bag.sm3.get(*path) {
                Some(found) => found != *digest,
                None => !bag.sizes.contains_key(*path),
            }
    });
    let left_out = bag
        .sizes
        .keys()
        .filter(|path| belongs(path) && !listed.contains_key(*path));
    let findings: Vec<Finding> = wrong
        .map(|(path, _)| path)
        .chain(left_out)
        .map(|path| Finding::new(Code::Sm3Mismatch).about(path))
        .collect();
    bag.findings.extend(findings);
    Some(listed.len())
}
