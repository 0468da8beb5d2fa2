//! The packet as a BagIt 1.0 bag (RFC 8493): its manifests and tag files, made and read.

use crate::{PacketId, Sha256Digest, Sm3Digest, Timestamp};
use std::collections::BTreeMap;
use std::str::FromStr;

/// `bagit.txt`, to the byte.
pub const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
/// Payload manifest.
pub const MANIFEST: &str = "manifest-sha256.txt";
/// Tag manifest, the file that the seal names.
pub const TAGMANIFEST: &str = "tagmanifest-sha256.txt";
/// Second payload manifest, where policy asks for it.
pub const MANIFEST_SM3: &str = "manifest-sm3.txt";
/// Second tag manifest, named by the seal as well where policy asks for it.
pub const TAGMANIFEST_SM3: &str = "tagmanifest-sm3.txt";
/// The seal.
pub const SEAL: &str = "seal/packet.seal";
/// Optional CMS signature over the tag manifest.
pub const CMS: &str = "seal/tagmanifest.p7s";
/// What `bag-info.txt` names as the profile of a packet.
pub const PROFILE: &str = "urn:fieldseal:bagit-profile:packet:1";
/// Largest manifest, bytes.
pub const MAX_MANIFEST: usize = 8 << 20;

/// One payload file: what the manifest says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadFile {
    /// `data/…`
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Of its bytes.
    pub sha256: Sha256Digest,
}

/// All that goes into a bag but the payload's bytes.
#[derive(Debug, Clone)]
pub struct BagInput<'a> {
    /// External-Identifier.
    pub id: &'a str,
    /// BagIt-Profile-Identifier.
    pub profile: &'a str,
    /// Bagging-Date is its day in UTC.
    pub at: Timestamp,
    /// Every payload file.
    pub payload: &'a [PayloadFile],
    /// Further tag files to be listed in the tag manifest: path and bytes.
    pub tags: &'a [(String, Vec<u8>)],
}

/// The bag's own files: path and bytes.
#[derive(Debug, Clone)]
pub struct BagFiles {
    /// `bagit.txt`, `bag-info.txt`, `manifest-sha256.txt`, `tagmanifest-sha256.txt`.
    pub files: Vec<(String, Vec<u8>)>,
    /// Of `tagmanifest-sha256.txt`.
    pub tagmanifest_sha256: Sha256Digest,
}

/// Makes the bag's own files. The payload keeps the order in which a packet's entries stand.
pub fn assemble(input: &BagInput<'_>) -> BagFiles {
    let bytes: u64 = input.payload.iter().map(|file| file.size).sum();
    let info = format!(
        "Bag-Software-Agent: fieldseal/1\nBagIt-Profile-Identifier: {}\nBagging-Date: {}\nExternal-Identifier: {}\nPayload-Oxum: {}.{}\n",
        input.profile,
        &input.at.to_string()[..10],
        input.id,
        bytes,
        input.payload.len()
    );
    let manifest = manifest_text(
        input
            .payload
            .iter()
            .map(|file| (file.path.as_str(), file.sha256)),
    );
    let mut files = vec![
        ("bagit.txt".to_owned(), DECLARATION.as_bytes().to_vec()),
        ("bag-info.txt".to_owned(), info.into_bytes()),
        (MANIFEST.to_owned(), manifest.into_bytes()),
    ];
    let listed = files
        .iter()
        .chain(input.tags)
        .map(|(path, bytes)| (path.as_str(), Sha256Digest::of(bytes)));
    let tagmanifest = manifest_text(listed).into_bytes();
    let tagmanifest_sha256 = Sha256Digest::of(&tagmanifest);
    files.push((TAGMANIFEST.to_owned(), tagmanifest));
    BagFiles {
        files,
        tagmanifest_sha256,
    }
}

/// A manifest's text, its lines in the order of a packet's entries.
pub(crate) fn manifest_text<'a, D: std::fmt::Display>(
    files: impl Iterator<Item = (&'a str, D)>,
) -> String {
    let mut lines: Vec<(&str, D)> = files.collect();
    lines.sort_by_key(|(path, _)| order_key(path));
    lines
        .into_iter()
        .map(|(path, digest)| format!("{digest}  {path}\n"))
        .collect()
}

/// Where an entry stands in a packet: sort by this for the one order that the format allows.
pub fn order_key(path: &str) -> (u8, &str) {
    let rank = match path {
        "bagit.txt" => 0,
        "bag-info.txt" => 1,
        MANIFEST => 2,
        MANIFEST_SM3 => 3,
        TAGMANIFEST => 4,
        TAGMANIFEST_SM3 => 5,
        "data/record.json" => 6,
        "data/form.json" => 7,
        "data/custody.log" => 8,
        "seen/checkpoint" => 11,
        SEAL => 15,
        CMS => 16,
        _ if path.starts_with("data/items/") => 9,
        _ if path.starts_with("data/") => 10,
        _ if path.starts_with("seen/") => 12,
        _ if path.starts_with("seal/keys/") => 13,
        _ => 14,
    };
    (rank, path)
}

/// Name of a packet's zip, without and as its top folder.
pub fn packet_folder(id: &PacketId) -> String {
    format!("packet-{id}")
}

/// Why a manifest can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Over [`MAX_MANIFEST`].
    #[error("the manifest is too large")]
    TooLarge,
    /// Not UTF-8 lines of digest, spaces, path.
    #[error("line {0} of the manifest is not a digest and a path")]
    Line(usize),
    /// Two lines for one path.
    #[error("line {0} of the manifest names a path a second time")]
    Duplicate(usize),
}

/// Reads a manifest: path to digest. Paths come back decoded (`%0A`, `%0D`, `%25`, as RFC 8493 section 2.1.3 has them).
pub fn parse_manifest(bytes: &[u8]) -> Result<BTreeMap<String, Sha256Digest>, ManifestError> {
    parse_lines(bytes)
}

/// Reads a manifest of SM3 digests.
pub fn parse_manifest_sm3(bytes: &[u8]) -> Result<BTreeMap<String, Sm3Digest>, ManifestError> {
    parse_lines(bytes)
}

fn parse_lines<D: FromStr>(bytes: &[u8]) -> Result<BTreeMap<String, D>, ManifestError> {
    if bytes.len() > MAX_MANIFEST {
        return Err(ManifestError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ManifestError::Line(1))?;
    let mut files = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let (digest, path) = line
            .split_once([' ', '\t'])
            .ok_or(ManifestError::Line(number))?;
        let digest = digest
            .to_ascii_lowercase()
            .parse()
            .map_err(|_| ManifestError::Line(number))?;
        let path = path.trim_start_matches([' ', '\t', '*']);
        let path = path
            .replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%25", "%");
        if path.is_empty() {
            return Err(ManifestError::Line(number));
        }
        if files.insert(path, digest).is_some() {
            return Err(ManifestError::Duplicate(number));
        }
    }
    Ok(files)
}

/// The labels and values of `bag-info.txt`; a line that begins with a space goes on with the value before.
pub fn parse_info(text: &str) -> Vec<(String, String)> {
    let mut info: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = info.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((label, value)) = line.split_once(':') {
            info.push((label.to_owned(), value.trim().to_owned()));
        }
    }
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_read_back() {
        let payload = [
            PayloadFile {
                path: "data/items/0001.jpg".into(),
                size: 5,
                sha256: Sha256Digest::of(b"12345"),
            },
            PayloadFile {
                path: "data/record.json".into(),
                size: 2,
                sha256: Sha256Digest::of(b"{}"),
            },
        ];
        let tags = [("seal/keys/a.vkey".to_owned(), b"k\n".to_vec())];
        let at = "2026-11-23T23:59:59.999Z".parse().unwrap();
        let bag = assemble(&BagInput {
            id: "x",
            profile: PROFILE,
            at,
            payload: &payload,
            tags: &tags,
        });
        let file = |name: &str| {
            bag.files
                .iter()
                .find(|(path, _)| path == name)
                .map(|(_, bytes)| bytes.clone())
                .unwrap()
        };
        let manifest = String::from_utf8(file(MANIFEST)).unwrap();
        assert!(
            manifest
                .lines()
                .next()
                .unwrap()
                .ends_with("  data/record.json")
        );
        assert_eq!(parse_manifest(manifest.as_bytes()).unwrap().len(), 2);
        let listed = parse_manifest(&file(TAGMANIFEST)).unwrap();
        assert_eq!(
            listed.keys().map(String::as_str).collect::<Vec<_>>(),
            ["bag-info.txt", "bagit.txt", MANIFEST, "seal/keys/a.vkey"]
        );
        let info = parse_info(std::str::from_utf8(&file("bag-info.txt")).unwrap());
        assert!(info.contains(&("Payload-Oxum".into(), "7.2".into())));
        assert!(info.contains(&("Bagging-Date".into(), "2026-11-23".into())));
    }

    #[test]
    fn bad_manifests() {
        let digest = Sha256Digest::of(b"");
        let twice = format!("{digest}  a\n{digest}  a\n");
        assert_eq!(
            parse_manifest(twice.as_bytes()),
            Err(ManifestError::Duplicate(2))
        );
        assert_eq!(parse_manifest(b"abc  a\n"), Err(ManifestError::Line(1)));
        assert_eq!(
            parse_manifest(format!("{digest}\n").as_bytes()),
            Err(ManifestError::Line(1))
        );
        assert_eq!(parse_manifest(b"\xff"), Err(ManifestError::Line(1)));
    }
}
