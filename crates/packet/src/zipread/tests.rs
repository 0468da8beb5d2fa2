use super::*;
use std::io::Read;

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let list: Vec<LayoutEntry> = files
        .iter()
        .map(|(path, bytes)| LayoutEntry {
            path: (*path).to_owned(),
            size: bytes.len() as u64,
            crc32: crc32fast::hash(bytes),
        })
        .collect();
    let layout = Layout::new(&list).unwrap();
    let mut zip = Vec::new();
    let open = |index: usize, offset: u64| -> io::Result<Box<dyn Read>> {
        Ok(Box::new(io::Cursor::new(
            files[index].1[offset as usize..].to_vec(),
        )))
    };
    layout.reader(0, open).read_to_end(&mut zip).unwrap();
    assert_eq!(zip.len() as u64, layout.total_size());
    for offset in 0..=zip.len() {
        let mut rest = Vec::new();
        layout
            .reader(offset as u64, open)
            .read_to_end(&mut rest)
            .unwrap();
        assert_eq!(rest, &zip[offset..], "from {offset}");
    }
    zip
}

fn sample() -> Vec<u8> {
    zip_of(&[
        ("p/bagit.txt", b"one"),
        ("p/data/empty", b""),
        ("p/data/x.bin", b"\0\xff"),
    ])
}

#[test]
fn reads_what_the_layout_makes() {
    let zip = sample();
    let index = ZipIndex::read(&zip).unwrap();
    assert_eq!(index.folder, "p");
    assert!(index.canonical);
    let entry = &index.entries[2];
    let mut bytes = Vec::new();
    Stretch::new(&zip, entry.offset, entry.size)
        .read_to_end(&mut bytes)
        .unwrap();
    assert_eq!(
        (bytes.as_slice(), crc32fast::hash(&bytes)),
        (b"\0\xff".as_slice(), entry.crc32)
    );
}

#[test]
fn names_that_readers_disagree_on() {
    let refused = |files: &[(&str, &[u8])]| ZipIndex::read(&zip_of(files)).unwrap_err();
    assert!(matches!(
        refused(&[("p/a", b"1"), ("p/a", b"2")]),
        ZipError::Duplicate
    ));
    assert!(matches!(
        refused(&[("p/a", b"1"), ("p/A", b"2")]),
        ZipError::Duplicate
    ));
    assert!(matches!(
        refused(&[("p/e\u{301}", b"1"), ("p/\u{e9}", b"2")]),
        ZipError::Duplicate
    ));
    assert!(matches!(
        refused(&[("p/a", b"1"), ("p/a/b", b"2")]),
        ZipError::Duplicate
    ));
    assert!(matches!(
        refused(&[("p/a", b"1"), ("q/a", b"2")]),
        ZipError::TopFolder
    ));
    assert!(matches!(refused(&[("a", b"1")]), ZipError::TopFolder));
    for name in [
        "p/../x", "/p/x", "p//x", "p/./x", "p\\x/y", "p/c:x", "p/\u{7}",
    ] {
        assert!(
            matches!(refused(&[(name, b"1")]), ZipError::Name),
            "{name:?}"
        );
    }
    assert!(matches!(refused(&[("p/dir/", b"x")]), ZipError::Kind));
    let long = format!("p/{}", "x".repeat(MAX_PATH));
    assert!(matches!(refused(&[(&long, b"")]), ZipError::Name));
}

#[test]
fn every_truncation_and_every_flip_is_survived() {
    let zip = sample();
    for len in 0..zip.len() {
        assert!(ZipIndex::read(&zip[..len].to_vec()).is_err(), "{len}");
    }
    for at in 0..zip.len() {
        for bit in 0..8 {
            let mut flipped = zip.clone();
            flipped[at] ^= 1 << bit;
            if let Ok(index) = ZipIndex::read(&flipped) {
                let total: u64 = index.entries.iter().map(|entry| entry.size).sum();
                assert!(total <= zip.len() as u64);
            }
        }
    }
}

#[test]
fn additions_around_are_refused() {
    let zip = sample();
    let mut before = b"MZ".to_vec();
    before.extend(&zip);
    assert!(ZipIndex::read(&before).is_err());
    let mut after = zip;
    after.push(0);
    assert!(ZipIndex::read(&after).is_err());
}

#[test]
fn large_files_use_zip64() {
    let list = [
        LayoutEntry {
            path: "p/big".into(),
            size: 5 << 30,
            crc32: 7,
        },
        LayoutEntry {
            path: "p/after".into(),
            size: 3,
            crc32: crc32fast::hash(b"abc"),
        },
    ];
    let layout = Layout::new(&list).unwrap();
    struct Sparse(Layout);
    impl ReadAt for Sparse {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            let zeros =
                |_: usize, _: u64| -> io::Result<Box<dyn Read>> { Ok(Box::new(io::repeat(0))) };
            self.0.reader(offset, zeros).read(buffer)
        }
        fn size(&self) -> io::Result<u64> {
            Ok(self.0.total_size())
        }
    }
    let index = ZipIndex::read(&Sparse(layout)).unwrap();
    assert!(index.canonical);
    assert_eq!(index.entries[0].size, 5 << 30);
    assert_eq!(index.entries[1].path, "p/after");
}

#[test]
fn empty_folders_of_other_zip_tools_are_stepped_over() {
    let index = ZipIndex::read(&zip_of(&[
        ("p/", b""),
        ("p/data/", b""),
        ("p/data/x", b"1"),
    ]))
    .unwrap();
    assert!(!index.canonical);
    assert_eq!(index.entries.len(), 1);
}
