//! SM3 digests (GB/T 32905) and the second pair of manifests, where policy asks for them. SHA-256 is always there beside them.

use crate::DigestParseError;
use crate::bag::{
    self, BagFiles, BagInput, MANIFEST_SM3, TAGMANIFEST_SM3, assemble, manifest_text,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sm3::{Digest, Sm3};
use std::fmt;
use std::io;
use std::str::FromStr;

/// An SM3 digest; shown and stored as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sm3Digest(pub [u8; 32]);

impl Sm3Digest {
    /// Digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sm3::digest(bytes).into())
    }
}

impl fmt::Display for Sm3Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sm3Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sm3:{self}")
    }
}

impl FromStr for Sm3Digest {
    type Err = DigestParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Of the same form as the other digest.
        Ok(Self(text.parse::<crate::Sha256Digest>()?.0))
    }
}

impl Serialize for Sm3Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sm3Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A `Write` that hashes what passes.
#[derive(Default, Clone)]
pub struct Sm3Writer(Sm3);

impl Sm3Writer {
    /// Digest of all that was written.
    pub fn finish(self) -> Sm3Digest {
        Sm3Digest(self.0.finalize().into())
    }
}

impl io::Write for Sm3Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bag's own files, with `manifest-sm3.txt` (listed in the SHA-256 tag manifest) and `tagmanifest-sm3.txt` (listed in none:
/// the seal names it). `payload` gives each payload file's digest; the second value is that of `tagmanifest-sm3.txt`.
pub fn assemble_with_sm3(
    input: &BagInput<'_>,
    payload: &[(String, Sm3Digest)],
) -> (BagFiles, Sm3Digest) {
    let manifest = manifest_text(
        payload
            .iter()
            .map(|(path, digest)| (path.as_str(), *digest)),
    );
    let mut tags = input.tags.to_vec();
    tags.push((MANIFEST_SM3.to_owned(), manifest.into_bytes()));
    let mut bag = assemble(&BagInput {
        tags: &tags,
        ..input.clone()
    });
    let listed = bag
        .files
        .iter()
        .chain(&tags)
        .filter(|(path, _)| path != bag::TAGMANIFEST)
        .map(|(path, bytes)| (path.as_str(), Sm3Digest::of(bytes)));
    let tagmanifest = manifest_text(listed).into_bytes();
    let digest = Sm3Digest::of(&tagmanifest);
    bag.files.extend(tags.pop());
    bag.files.push((TAGMANIFEST_SM3.to_owned(), tagmanifest));
    (bag, digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sha256Digest;
    use crate::bag::{PROFILE, PayloadFile, TAGMANIFEST, parse_manifest};

    #[test]
    fn the_standards_own_example() {
        assert_eq!(
            Sm3Digest::of(b"abc").to_string(),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
        );
    }

    #[test]
    fn the_second_pair_covers_the_same_files() {
        let payload = [PayloadFile {
            path: "data/record.json".into(),
            size: 2,
            sha256: Sha256Digest::of(b"{}"),
        }];
        let tags = [("seal/keys/a.vkey".to_owned(), b"k\n".to_vec())];
        let input = BagInput {
            id: "x",
            profile: PROFILE,
            at: "2026-11-23T23:59:59.999Z".parse().unwrap(),
            payload: &payload,
            tags: &tags,
        };
        let sm3 = [("data/record.json".to_owned(), Sm3Digest::of(b"{}"))];
        let (bag, digest) = assemble_with_sm3(&input, &sm3);
        let file = |name: &str| {
            let mut files = bag.files.iter();
            &files.find(|(path, _)| path == name).unwrap().1
        };
        assert_eq!(Sm3Digest::of(file(TAGMANIFEST_SM3)), digest);
        let listed = |name| {
            let lines = parse_manifest(file(name)).unwrap();
            lines.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(
            listed(TAGMANIFEST),
            [
                "bag-info.txt",
                "bagit.txt",
                "manifest-sha256.txt",
                MANIFEST_SM3,
                "seal/keys/a.vkey"
            ]
        );
        assert_eq!(listed(TAGMANIFEST), listed(TAGMANIFEST_SM3));
        assert_eq!(listed(MANIFEST_SM3), ["data/record.json"]);
    }
}
