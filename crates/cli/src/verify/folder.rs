//! An unpacked packet or export as the verifier's source.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use fieldseal_packet::verify::Source;
use fieldseal_packet::zipread::{MAX_ENTRIES, ReadAt};

/// A folder's files as they were when it was opened.
pub struct FolderSource {
    files: BTreeMap<String, (PathBuf, Entry)>,
}

enum Entry {
    Regular(u64),
    /// A link, a device, a pipe: it is listed and can't be read, so that it is found whether a manifest names it or not.
    Other,
}

impl FolderSource {
    /// Lists the folder. Links in it are not followed.
    pub fn open(root: &Path) -> io::Result<FolderSource> {
        let mut files = BTreeMap::new();
        let mut folders = vec![(root.to_owned(), String::new())];
        let mut seen = 0;
        while let Some((folder, prefix)) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                seen += 1;
                if seen > MAX_ENTRIES {
                    return Err(io::Error::other(format!(
                        "more than {MAX_ENTRIES} files and folders"
                    )));
                }
                let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push((entry.path(), format!("{path}/")));
                } else {
                    let readable = kind.is_file() && entry.file_name().to_str().is_some();
                    let what = if readable {
                        Entry::Regular(entry.metadata()?.len())
                    } else {
                        Entry::Other
                    };
                    files.insert(path, (entry.path(), what));
                }
            }
        }
        Ok(FolderSource { files })
    }
}

impl Source for FolderSource {
    fn files(&self) -> Vec<(String, u64)> {
        let size = |entry: &Entry| {
            if let Entry::Regular(size) = entry {
                *size
            } else {
                0
            }
        };
        self.files
            .iter()
            .map(|(path, (_, entry))| (path.clone(), size(entry)))
            .collect()
    }

    fn open<'a>(&'a self, path: &str) -> io::Result<Box<dyn ReadAt + 'a>> {
        match self.files.get(path) {
            Some((place, Entry::Regular(_))) => Ok(Box::new(File::open(place)?)),
            Some((_, Entry::Other)) => Err(io::Error::other("not a regular file")),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_by_their_path_inside() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("data/items")).unwrap();
        fs::write(folder.path().join("data/items/0001.jpg"), b"abc").unwrap();
        fs::write(folder.path().join("bagit.txt"), b"").unwrap();
        let source = FolderSource::open(folder.path()).unwrap();
        assert_eq!(
            source.files(),
            [
                ("bagit.txt".to_owned(), 0),
                ("data/items/0001.jpg".to_owned(), 3)
            ]
        );
        let mut buffer = [0; 8];
        assert_eq!(
            source
                .open("data/items/0001.jpg")
                .unwrap()
                .read_at(&mut buffer, 1)
                .unwrap(),
            2
        );
        assert_eq!(
            source.open("data").err().unwrap().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_listed_and_never_followed() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("a")).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        let source = FolderSource::open(folder.path()).unwrap();
        assert_eq!(
            source.files(),
            [("a".to_owned(), 0), ("loop".to_owned(), 0)]
        );
        assert!(source.open("a").is_err());
    }
}
