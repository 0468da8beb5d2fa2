//! What a tablet reads: its own files, which may have rotted or been forged, and codes that anybody can hold up.

use std::cell::OnceCell;

use fieldseal_device::fuzzing as device;
use fieldseal_vault::fuzzing as vault;

/// A segment file; the same with the sums of its footer made right; and the bytes as a trailer that somebody sealed.
pub fn segment(data: &[u8]) -> bool {
    thread_local! {
        static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
    }
    let read = |bytes: &[u8]| {
        FOLDER.with(|folder| {
            let folder = folder.get_or_init(|| tempfile::tempdir().expect("a folder"));
            let path = folder.path().join("0000000007.seg");
            std::fs::write(&path, bytes).expect("a file");
            vault::segment(&path)
        })
    };
    let mut righted = data.to_vec();
    if vault::right_sums(&mut righted) && righted != data {
        read(&righted);
    }
    let _ = vault::trailer(data);
    read(data)
}

/// A slots file, and the smaller files beside it.
pub fn slots(data: &[u8]) -> bool {
    vault::slots(data)
}

/// The text of an enrolment code.
pub fn enrol_code(data: &[u8]) -> bool {
    std::str::from_utf8(data).is_ok_and(device::enrol_code)
}

/// A picture of a code (first byte 0, then its width), or the code's modules (1, then its side).
pub fn scan(data: &[u8]) -> bool {
    match data {
        [0, width, luma @ ..] => device::picture_of_code(usize::from(*width), luma),
        [1, side, bits @ ..] => device::modules(usize::from(*side), bits),
        _ => false,
    }
}
