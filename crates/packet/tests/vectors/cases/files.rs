//! Files changed, removed, added or exchanged after the seal.

use super::*;

pub(super) fn files(c: &mut Cases) {
    c.files(
        "item-flipped-byte",
        "One bit of a photo is changed.",
        &["item-mismatch", "record-item-mismatch"],
        |files| {
            flip(files, "data/items/0001.jpg");
        },
    );
    c.files(
        "item-removed",
        "A photo is gone.",
        &["file-missing", "bag-info", "record-item-mismatch"],
        |files| {
            files.remove("data/items/0002.jpg");
        },
    );
    c.files(
        "item-added",
        "A photo is added.",
        &["file-unlisted", "bag-info", "record-item-mismatch"],
        |files| {
            files.insert(
                "data/items/0003.jpg".to_owned(),
                b"\xff\xd8\xff\xe0 added".to_vec(),
            );
        },
    );
    c.files(
        "items-swapped",
        "Two photos have changed places.",
        &[
            "item-mismatch",
            "item-mismatch",
            "record-item-mismatch",
            "record-item-mismatch",
        ],
        |files| {
            let first = files["data/items/0001.jpg"].clone();
            let second = files
                .insert("data/items/0002.jpg".to_owned(), first)
                .unwrap();
            files.insert("data/items/0001.jpg".to_owned(), second);
        },
    );
    c.files(
        "tag-file-added",
        "A file is added beside the bag's own.",
        &["file-unlisted"],
        |files| {
            files.insert("notes.txt".to_owned(), b"hello\n".to_vec());
        },
    );
    c.files(
        "tagmanifest-added",
        "A tag manifest of another algorithm, which the seal does not name, is added.",
        &["file-unlisted"],
        |files| {
            let copy = files[TAGMANIFEST].clone();
            files.insert("tagmanifest-md5.txt".to_owned(), copy);
        },
    );
    c.files(
        "tagmanifest-sm3-added",
        "An SM3 tag manifest is there that the seal does not name.",
        &["file-unlisted"],
        |files| {
            let copy = files[TAGMANIFEST].clone();
            files.insert("tagmanifest-sm3.txt".to_owned(), copy);
        },
    );
    c.files(
        "seal-file-added",
        "A file is added in seal/.",
        &["file-unlisted"],
        |files| {
            files.insert("seal/packet.seal.bak".to_owned(), b"hello\n".to_vec());
        },
    );
    c.files(
        "payload-added-outside-items",
        "A file is added in data/.",
        &["file-unlisted", "bag-info"],
        |files| {
            files.insert("data/readme.txt".to_owned(), b"hello\n".to_vec());
        },
    );
    c.files(
        "record-changed",
        "The record is changed after the seal.",
        &["file-mismatch"],
        |files| {
            let changed = replace_in(&files["data/record.json"], "3.5", "9.5");
            files.insert("data/record.json".to_owned(), changed);
        },
    );
    c.files(
        "form-removed",
        "The form is gone.",
        &["file-missing", "bag-info", "record-missing"],
        |files| {
            files.remove("data/form.json");
        },
    );
    c.files(
        "bagit-missing",
        "bagit.txt is gone.",
        &["bag-declaration", "file-missing"],
        |files| {
            files.remove("bagit.txt");
        },
    );
    c.files(
        "bagit-other-version",
        "bagit.txt names another version.",
        &["bag-declaration", "file-mismatch"],
        |files| {
            let changed = replace_in(&files["bagit.txt"], "1.0", "0.9");
            files.insert("bagit.txt".to_owned(), changed);
        },
    );
    c.files(
        "manifest-missing",
        "The payload manifest is gone.",
        &["manifest-missing", "file-missing"],
        |files| {
            files.remove(MANIFEST);
        },
    );
    c.files(
        "manifest-line-removed",
        "A line of the payload manifest is gone.",
        &["file-mismatch", "file-unlisted"],
        |files| {
            let text = String::from_utf8(files[MANIFEST].clone()).unwrap();
            let kept: String = text
                .split_inclusive('\n')
                .filter(|line| !line.contains("0002.jpg"))
                .collect();
            files.insert(MANIFEST.to_owned(), kept.into_bytes());
        },
    );
    c.files(
        "manifest-rewritten",
        "A photo and the manifest are changed to fit one another.",
        &["file-mismatch", "record-item-mismatch"],
        |files| {
            let before = Sha256Digest::of(&files["data/items/0001.jpg"]);
            flip(files, "data/items/0001.jpg");
            let after = Sha256Digest::of(&files["data/items/0001.jpg"]);
            let changed = replace_in(&files[MANIFEST], &before.to_string(), &after.to_string());
            files.insert(MANIFEST.to_owned(), changed);
        },
    );
    c.files(
        "manifests-rewritten",
        "Photo, manifest and tag manifest are changed to fit one another.",
        &["seal-tagmanifest-mismatch", "record-item-mismatch"],
        |files| {
            let before = Sha256Digest::of(&files["data/items/0001.jpg"]);
            flip(files, "data/items/0001.jpg");
            let after = Sha256Digest::of(&files["data/items/0001.jpg"]);
            let manifest_before = Sha256Digest::of(&files[MANIFEST]);
            let manifest = replace_in(&files[MANIFEST], &before.to_string(), &after.to_string());
            let tags = replace_in(
                &files[TAGMANIFEST],
                &manifest_before.to_string(),
                &Sha256Digest::of(&manifest).to_string(),
            );
            files.insert(MANIFEST.to_owned(), manifest);
            files.insert(TAGMANIFEST.to_owned(), tags);
        },
    );
    c.files(
        "tagmanifest-missing",
        "The tag manifest is gone.",
        &["manifest-missing", "seal-tagmanifest-mismatch"],
        |files| {
            files.remove(TAGMANIFEST);
        },
    );
    c.files(
        "tagmanifest-duplicate-line",
        "The tag manifest names a file twice.",
        &["manifest-malformed", "seal-tagmanifest-mismatch"],
        |files| {
            let mut bytes = files[TAGMANIFEST].clone();
            bytes.extend(files[TAGMANIFEST].clone());
            files.insert(TAGMANIFEST.to_owned(), bytes);
        },
    );
    c.files(
        "manifest-not-digest",
        "A line of the payload manifest has no digest.",
        &["manifest-malformed", "file-mismatch"],
        |files| {
            files.insert(
                MANIFEST.to_owned(),
                b"not a digest  data/items/0001.jpg\n".to_vec(),
            );
        },
    );
    c.files(
        "key-file-changed",
        "A key file is changed after the seal.",
        &["file-mismatch", "key-malformed"],
        |files| {
            files.insert(
                "seal/keys/officer-o-0002.vkey".to_owned(),
                b"not a key\n".to_vec(),
            );
        },
    );
}
