//! Names that every system understands in the same way.

use super::{MAX_PATH, ZipEntry, ZipError};
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;

pub(super) fn safe_path(raw: &[u8]) -> Result<String, ZipError> {
    let path = std::str::from_utf8(raw).map_err(|_| ZipError::Name)?;
    // A plain zip tool adds its folders, as empty entries.
    if path_is_safe(path.strip_suffix('/').unwrap_or(path)) {
        Ok(path.to_owned())
    } else {
        Err(ZipError::Name)
    }
}

/// Relative, without `.`, `..`, empty parts, backslashes, colons or control characters, at most [`MAX_PATH`] bytes.
pub fn path_is_safe(path: &str) -> bool {
    let part_is_safe = |part: &str| !matches!(part, "" | "." | "..");
    path.len() <= MAX_PATH
        && path.split('/').all(part_is_safe)
        && !path
            .chars()
            .any(|char| char.is_control() || matches!(char, '\\' | ':'))
}

/// What a path becomes on a file system that ignores case or Unicode form.
pub fn folded(path: &str) -> String {
    path.nfc().flat_map(char::to_lowercase).nfc().collect()
}

pub(super) fn check_names(entries: &[ZipEntry]) -> Result<String, ZipError> {
    let mut seen = HashSet::with_capacity(entries.len());
    let mut parents = HashSet::new();
    let mut folder = None;
    for entry in entries {
        let (top, _) = entry.path.split_once('/').ok_or(ZipError::TopFolder)?;
        if *folder.get_or_insert(top) != top {
            return Err(ZipError::TopFolder);
        }
        let path = folded(&entry.path);
        parents.extend(path.match_indices('/').map(|(at, _)| path[..at].to_owned()));
        if !seen.insert(path) {
            return Err(ZipError::Duplicate);
        }
    }
    if parents.iter().any(|parent| seen.contains(parent)) {
        return Err(ZipError::Duplicate);
    }
    folder
        .map(str::to_owned)
        .ok_or(ZipError::Malformed("no entries"))
}
