//! Checks of a bag: every listed file is there with its digest, and every file that is there is listed.

use super::FileDigests;
use super::source::{Source, read_small};
use crate::bag::{
    self, CMS, DECLARATION, MANIFEST, MANIFEST_SM3, SEAL, TAGMANIFEST, TAGMANIFEST_SM3,
};
use crate::findings::{Code, Finding};
use crate::sm3::Sm3Writer;
use crate::zipread::{ReadAt, Stretch};
use crate::{Sha256Digest, Sha256Writer, Sm3Digest, Timestamp};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// What the bag's own checks found out.
pub(crate) struct BagCheck {
    /// External-Identifier.
    pub id: Option<String>,
    /// Digest of every file that could be read.
    pub digests: BTreeMap<String, Sha256Digest>,
    /// SM3 of every file that could be read, where an SM3 manifest is there.
    pub sm3: BTreeMap<String, Sm3Digest>,
    /// Size of every file.
    pub sizes: BTreeMap<String, u64>,
    pub findings: Vec<Finding>,
    /// What each file that could be read was found to be.
    pub hashed: Vec<FileDigests>,
}

impl BagCheck {
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Whether any finding so far is a failure.
    pub(crate) fn failed(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.code.level() == crate::findings::Level::Failed)
    }
}

/// Checks the bag in `source`. `unlisted` names the tag files that may stand outside the tag manifest. Files whose digests are `known` from an
/// earlier look at the same bytes are not read for them again.
pub(crate) fn check(source: &dyn Source, unlisted: &[&str], known: &[FileDigests]) -> BagCheck {
    let sizes: BTreeMap<String, u64> = source.files().into_iter().collect();
    let mut check = BagCheck {
        id: None,
        digests: BTreeMap::new(),
        sm3: BTreeMap::new(),
        sizes,
        findings: Vec::new(),
        hashed: Vec::new(),
    };
    hash_files(source, &mut check, known);
    declaration(source, &mut check);
    let payload = manifest(source, &mut check, MANIFEST);
    let tags = manifest(source, &mut check, TAGMANIFEST);
    if let Some(payload) = &payload {
        listed(&mut check, payload, |path| path.starts_with("data/"));
    }
    if let Some(tags) = &tags {
        listed(&mut check, tags, |path| !path.starts_with("data/"));
    }
    let is_listed = |path: &str| {
        let manifest = if path.starts_with("data/") {
            &payload
        } else {
            &tags
        };
        manifest
            .as_ref()
            .is_none_or(|manifest| manifest.contains_key(path))
    };
    let added: Vec<String> = check
        .sizes
        .keys()
        .filter(|path| {
            *path != TAGMANIFEST && !unlisted.contains(&path.as_str()) && !is_listed(path)
        })
        .cloned()
        .collect();
    for path in added {
        check.add(Finding::new(Code::FileUnlisted).about(path));
    }
    info(source, &mut check);
    let others = |path: &&String| {
        path.starts_with("manifest-")
            && path.ends_with(".txt")
            && ![MANIFEST, MANIFEST_SM3].contains(&path.as_str())
    };
    for path in check
        .sizes
        .keys()
        .filter(others)
        .cloned()
        .collect::<Vec<_>>()
    {
        check.add(Finding::new(Code::ManifestNotChecked).about(path));
    }
    super::sm3::check(source, &mut check, unlisted);
    if !check.failed() {
        let count = check.sizes.len();
        check.add(Finding::new(Code::FilesOk).with(count));
    }
    check
}

/// Largest `bag-info.txt`, bytes.
const MAX_INFO: usize = 1 << 20;

/// Files of a packet that no manifest lists.
pub(crate) const PACKET_UNLISTED: &[&str] = &[SEAL, CMS, TAGMANIFEST_SM3];

fn hash_files(source: &dyn Source, check: &mut BagCheck, known: &[FileDigests]) {
    let known: BTreeMap<&str, &FileDigests> = known
        .iter()
        .map(|file| (file.path.as_str(), file))
        .collect();
    let mut buffer = vec![0; 256 * 1024];
    let national = [MANIFEST_SM3, TAGMANIFEST_SM3]
        .iter()
        .any(|name| check.sizes.contains_key(*name));
    for (path, size) in check.sizes.clone() {
        let claimed = source.crc32(&path);
        let wanted = Wanted {
            crc32: claimed.is_some(),
            sm3: national,
        };
        let enough = |file: &&&FileDigests| {
            file.size == size
                && (file.sm3.is_some() || !wanted.sm3)
                && (file.crc32.is_some() || !wanted.crc32)
        };
        let before = known.get(path.as_str()).filter(enough);
        let result = match before {
            Some(file) => Ok(FileDigests::clone(file)),
            None => source
                .open(&path)
                .and_then(|file| hash_file(&*file, &path, size, &mut buffer, wanted)),
        };
        match result {
            Ok(file) => {
                if claimed.is_some() && claimed != file.crc32 {
                    check.add(Finding::new(Code::ZipCrcMismatch).about(&path));
                }
                if national {
                    check.sm3.extend(file.sm3.map(|sm3| (path.clone(), sm3)));
                }
                check.digests.insert(path, file.sha256);
                check.hashed.push(file);
            }
            Err(error) => check.add(
                Finding::new(Code::FileUnreadable)
                    .about(path)
                    .with(error.kind()),
            ),
        }
    }
}

/// What is made of a file beside its SHA-256; nothing that nobody compares.
#[derive(Clone, Copy)]
struct Wanted {
    crc32: bool,
    sm3: bool,
}

fn hash_file(
    file: &dyn ReadAt,
    path: &str,
    size: u64,
    buffer: &mut [u8],
    wanted: Wanted,
) -> io::Result<FileDigests> {
    let mut reader = Stretch::new(file, 0, size);
    let mut sha256 = Sha256Writer::new();
    let mut crc = wanted.crc32.then(crc32fast::Hasher::new);
    let mut sm3 = wanted.sm3.then(Sm3Writer::default);
    loop {
        match reader.read(buffer) {
            Ok(0) => {
                return Ok(FileDigests {
                    path: path.to_owned(),
                    size,
                    sha256: sha256.finish(),
                    sm3: sm3.map(Sm3Writer::finish),
                    crc32: crc.map(crc32fast::Hasher::finalize),
                });
            }
            Ok(count) => {
                sha256.write_all(&buffer[..count])?;
                if let Some(crc) = &mut crc {
                    crc.update(&buffer[..count]);
                }
                if let Some(sm3) = &mut sm3 {
                    sm3.write_all(&buffer[..count])?;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn declaration(source: &dyn Source, check: &mut BagCheck) {
    let declared = read_small(source, "bagit.txt", 4096).ok().flatten();
    if declared.as_deref() != Some(DECLARATION.as_bytes()) {
        check.add(Finding::new(Code::BagDeclaration));
    }
}

fn manifest(
    source: &dyn Source,
    check: &mut BagCheck,
    name: &str,
) -> Option<BTreeMap<String, Sha256Digest>> {
    let bytes = match read_small(source, name, bag::MAX_MANIFEST) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            check.add(Finding::new(Code::ManifestMissing).about(name));
            return None;
        }
        Err(error) => {
            check.add(
                Finding::new(Code::FileUnreadable)
                    .about(name)
                    .with(error.kind()),
            );
            return None;
        }
    };
    match bag::parse_manifest(&bytes) {
        Ok(files) => Some(files),
        Err(error) => {
            check.add(
                Finding::new(Code::ManifestMalformed)
                    .about(name)
                    .with(error),
            );
            None
        }
    }
}

fn listed(
    check: &mut BagCheck,
    files: &BTreeMap<String, Sha256Digest>,
    belongs: impl Fn(&str) -> bool,
) {
    for (path, digest) in files {
        let finding = match check.digests.get(path) {
            _ if !belongs(path) => Finding::new(Code::FileMissing).about(path),
            Some(found) if found == digest => continue,
            Some(_) if path.starts_with("data/items/") => {
                Finding::new(Code::ItemMismatch).about(path)
            }
            Some(_) => Finding::new(Code::FileMismatch).about(path),
            // A file that is there but could not be read has its finding already.
            None if check.sizes.contains_key(path) => continue,
            None => Finding::new(Code::FileMissing).about(path),
        };
        check.add(finding);
    }
}

/// What a packet's `bag-info.txt` has to say beside what every bag's does; a file that does not read has its finding already.
pub(crate) fn packet_info(source: &dyn Source) -> Vec<Finding> {
    let bytes = read_small(source, "bag-info.txt", MAX_INFO).ok().flatten();
    let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Vec::new();
    };
    let info = bag::parse_info(&text);
    let value = |label: &str| {
        let mut fields = info.iter();
        let found = fields.find(|(name, _)| name.eq_ignore_ascii_case(label));
        found.map(|(_, value)| value.as_str())
    };
    let is_day = |day: &str| format!("{day}T00:00:00.000Z").parse::<Timestamp>().is_ok();
    let mut findings = Vec::new();
    if !value("Bagging-Date").is_some_and(is_day) {
        findings.push(Finding::new(Code::BagInfo).with("Bagging-Date"));
    }
    if value("BagIt-Profile-Identifier") != Some(bag::PROFILE) {
        findings.push(Finding::new(Code::BagInfo).with("BagIt-Profile-Identifier"));
    }
    findings
}

fn info(source: &dyn Source, check: &mut BagCheck) {
    let bytes = read_small(source, "bag-info.txt", MAX_INFO).ok().flatten();
    let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else {
        check.add(Finding::new(Code::BagInfo).with("missing"));
        return;
    };
    let info = bag::parse_info(&text);
    let value = |label: &str| {
        info.iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(label))
            .map(|(_, value)| value.clone())
    };
    check.id = value("External-Identifier");
    let payload = || {
        check
            .sizes
            .iter()
            .filter(|(path, _)| path.starts_with("data/"))
    };
    let bytes = payload().fold(0u64, |sum, (_, size)| sum.saturating_add(*size));
    let oxum = format!("{bytes}.{}", payload().count());
    if value("Payload-Oxum").is_none_or(|claimed| claimed != oxum) {
        check.add(Finding::new(Code::BagInfo).with("Payload-Oxum"));
    }
}
