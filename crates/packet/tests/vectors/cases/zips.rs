//! Zips that readers would not agree on.

use super::*;

pub(super) fn zips(c: &mut Cases) {
    let files = sealed(Content::new().bag());
    let good = zip(&files);
    let folder = fieldseal_packet::bag::packet_folder(&packet_id());
    let mut list: Vec<(String, Vec<u8>)> = files.clone().into_iter().collect();
    c.add(
        "zip-other-order",
        "Another tool has packed the zip again: reported, no verdict.",
        true,
        ALONE,
        &[],
        zip_files(&folder, &list),
    );
    c.add(
        "zip-other-folder",
        "The top folder has another name.",
        true,
        ALONE,
        &["zip-top-folder"],
        zip_files("packet-x", &list),
    );
    let with = |extra: &[(&str, &[u8])]| {
        let mut list: Vec<(String, Vec<u8>)> = files.clone().into_iter().collect();
        list.extend(
            extra
                .iter()
                .map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())),
        );
        zip_files(&folder, &list)
    };
    c.zip(
        "zip-duplicate-name",
        "Two entries of one name.",
        &["zip-name-duplicate"],
        with(&[("data/items/0001.jpg", b"x")]),
    );
    c.zip(
        "zip-case-collision",
        "Two names that differ in case alone.",
        &["zip-name-duplicate"],
        with(&[("data/items/0001.JPG", b"x")]),
    );
    c.zip(
        "zip-nfc-collision",
        "Two names that differ in Unicode form alone.",
        &["zip-name-duplicate"],
        with(&[("data/\u{e9}", b"x"), ("data/e\u{301}", b"y")]),
    );
    c.zip(
        "zip-parent-escape",
        "A name with `..`.",
        &["zip-name-unsafe"],
        with(&[("../x", b"x")]),
    );
    c.zip(
        "zip-absolute-name",
        "A name with an empty part.",
        &["zip-name-unsafe"],
        with(&[("/etc/x", b"x")]),
    );
    c.zip(
        "zip-backslash-name",
        "A name with a backslash.",
        &["zip-name-unsafe"],
        with(&[("data\\x", b"x")]),
    );
    list.truncate(2);
    let mut two = list
        .iter()
        .map(|(path, bytes)| (format!("{folder}/{path}"), bytes.clone()))
        .collect::<Vec<_>>();
    two.push(("other/x".to_owned(), b"x".to_vec()));
    c.zip(
        "zip-two-folders",
        "Two top folders.",
        &["zip-top-folder"],
        without_folder(&two),
    );
    c.zip(
        "zip-truncated",
        "The zip's last 100 bytes are gone.",
        &["zip-malformed"],
        good[..good.len() - 100].to_vec(),
    );
    c.zip(
        "zip-prefix",
        "Bytes stand before the first entry.",
        &["zip-malformed"],
        [b"MZ".as_slice(), &good].concat(),
    );
    c.zip(
        "zip-suffix",
        "Bytes stand after the end.",
        &["zip-malformed"],
        [good.as_slice(), b"\0"].concat(),
    );
    c.zip(
        "zip-random",
        "Not a zip.",
        &["zip-malformed"],
        vec![0x5a; 4096],
    );
    c.zip(
        "zip-empty",
        "No bytes at all.",
        &["zip-malformed"],
        Vec::new(),
    );
    let bagit = [b"PK\x01\x02".as_slice(), &[0x2d, 3, 20, 0, 0, 8, 0, 0]].concat();
    let deflated = [b"PK\x01\x02".as_slice(), &[0x2d, 3, 20, 0, 0, 8, 8, 0]].concat();
    c.zip(
        "zip-deflated",
        "Entries are said to be compressed: how a bomb would begin.",
        &["zip-method"],
        patch(&good, &bagit, &deflated),
    );
    let encrypted = [b"PK\x01\x02".as_slice(), &[0x2d, 3, 20, 0, 1, 8, 0, 0]].concat();
    c.zip(
        "zip-encrypted",
        "Entries are said to be encrypted.",
        &["zip-method"],
        patch(&good, &bagit, &encrypted),
    );
    let regular = (0o100_644u32 << 16).to_le_bytes();
    let symlink = (0o120_777u32 << 16).to_le_bytes();
    c.zip(
        "zip-symlink",
        "Entries are said to be symbolic links.",
        &["zip-entry-kind"],
        patch(&good, &regular, &symlink),
    );
    let size = (files["bagit.txt"].len() as u32).to_le_bytes();
    let huge = [&size[..], &size[..]].concat();
    let lie = [&0xf000_0000u32.to_le_bytes()[..], &size[..]].concat();
    c.zip(
        "zip-size-lies",
        "An entry's two sizes differ.",
        &["zip-malformed"],
        patch(&good, &huge, &lie),
    );
    let crc = crc32fast::hash(&files["bagit.txt"]).to_le_bytes();
    c.add(
        "zip-crc",
        "The CRC of an entry does not fit its bytes.",
        true,
        ALONE,
        &["zip-crc-mismatch"],
        patch(&good, &crc, &[1, 2, 3, 4]),
    );
}

fn without_folder(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    use fieldseal_packet::ziplayout::{Layout, LayoutEntry};
    use std::io::{Cursor, Read};
    let entry = |(path, bytes): &(String, Vec<u8>)| LayoutEntry {
        path: path.clone(),
        size: bytes.len() as u64,
        crc32: crc32fast::hash(bytes),
    };
    let layout = Layout::new(&files.iter().map(entry).collect::<Vec<_>>()).unwrap();
    let open = |index: usize, offset: u64| -> std::io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Cursor::new(&files[index].1[offset as usize..])))
    };
    let mut zip = Vec::new();
    layout.reader(0, open).read_to_end(&mut zip).unwrap();
    zip
}
