//! What each fuzz target does with arbitrary bytes. A target's body must not panic; where a format has one spelling, what
//! is accepted must be written back byte for byte.

mod picture;
mod proofs;
mod server;
mod tablet;
mod time;

use fieldseal_packet::KeyName;
use fieldseal_packet::consistency::Consistency;
use fieldseal_packet::context::CaptureContext;
use fieldseal_packet::findings::{Language, Verdict};
use fieldseal_packet::seal::SealBody;
use fieldseal_packet::verify::{Inputs, ZipSource, is_export, verify_export, verify_zip};
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_packet::{
    bag, custody, desk as desk_texts, entry, form, json, receipt, record, trust, zipread,
};
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::{leaf_hash, verify_consistency, verify_inclusion};
use fieldseal_tlog::note::{Note, Vkey};
use fieldseal_tlog::proof::TlogProof;
use fieldseal_tlog::tile::{self, TilePath};

pub use picture::{decode_task, jpeg, picture, preview};
pub use proofs::{certificate, chain, child, cms, log_leaf};
pub use server::{register, tus, wire, witness};
pub use tablet::{enrol_code, scan, segment, slots};
pub use time::timestamp;

/// A target's body. It says whether the bytes were accepted, so that a corpus that reaches nothing is noticed.
pub type Body = fn(&[u8]) -> bool;

/// Every target: its name (of the file in `fuzz_targets/` and the folder in `corpus/`) and its body.
pub const TARGETS: &[(&str, Body)] = &[
    ("note", note),
    ("checkpoint", checkpoint),
    ("proof", proof),
    ("vkey", vkey),
    ("tile", tile),
    ("trust", trust),
    ("zip", zip),
    ("manifest", manifest),
    ("custody", custody),
    ("json", json),
    ("record", record),
    ("form", form),
    ("xlsform", xlsform),
    ("seal", seal),
    ("receipt", receipt),
    ("leaf", leaf),
    ("desk", desk),
    ("packet", packet),
    ("consistency", consistency),
    ("context", context),
    ("cosignature", cosignature),
    ("words", words),
    ("segment", segment),
    ("slots", slots),
    ("enrol_code", enrol_code),
    ("scan", scan),
    ("tus", tus),
    ("wire", wire),
    ("jpeg", jpeg),
    ("picture", picture),
    ("preview", preview),
    ("timestamp", timestamp),
    ("witness", witness),
    ("register", register),
    ("cms", cms),
    ("chain", chain),
    ("certificate", certificate),
    ("child", child),
    ("log_leaf", log_leaf),
    ("decode_task", decode_task),
];

/// Reads text; where it is accepted, it must be written back the same.
fn one_spelling<T, E>(
    data: &[u8],
    parse: impl Fn(&str) -> Result<T, E>,
    write: impl Fn(&T) -> String,
) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let Ok(value) = parse(text) else { return false };
    assert_eq!(write(&value), text);
    true
}

/// A signed note.
pub fn note(data: &[u8]) -> bool {
    let Ok(note) = Note::parse(data) else {
        return false;
    };
    assert_eq!(note.to_bytes(), data);
    true
}

/// A checkpoint's text.
pub fn checkpoint(data: &[u8]) -> bool {
    one_spelling(data, Checkpoint::parse, Checkpoint::text)
}

/// An inclusion proof, and its hashes held against both algorithms: whatever they say, they say it without a panic.
pub fn proof(data: &[u8]) -> bool {
    let Ok(proof) = TlogProof::parse(data) else {
        return false;
    };
    assert_eq!(proof.to_bytes(), data);
    let text = Note::parse(&proof.checkpoint)
        .expect("a proof holds a note")
        .text;
    if let Ok(Checkpoint { size, root, .. }) = Checkpoint::parse(&text) {
        let leaf = leaf_hash(data);
        let _ = verify_inclusion(&leaf, proof.index, size, &proof.hashes, &root);
        let _ = verify_consistency(proof.index, &leaf, size, &root, &proof.hashes);
    }
    true
}

/// A verifier key, and bytes that are no signature held against it.
pub fn vkey(data: &[u8]) -> bool {
    one_spelling(data, Vkey::parse, |key| {
        let _ = key.verify(b"text\n", key.material());
        key.to_string()
    })
}

/// A tile's path, or the bytes of an entry bundle.
pub fn tile(data: &[u8]) -> bool {
    let is_path = one_spelling(data, TilePath::parse, |path| {
        let _ = path.exists_at(path.index());
        path.to_string()
    });
    let Ok(entries) = tile::decode_bundle(data) else {
        return is_path;
    };
    assert_eq!(tile::encode_bundle(&entries).as_deref(), Ok(data));
    true
}

/// A trust file.
pub fn trust(data: &[u8]) -> bool {
    trust::Trust::parse(data).is_ok()
}

/// A packet's zip: its directory and headers, and that no entry leads out of the file.
pub fn zip(data: &[u8]) -> bool {
    let Ok(index) = zipread::ZipIndex::read(&data.to_vec()) else {
        return false;
    };
    for entry in &index.entries {
        let end = entry
            .offset
            .checked_add(entry.size)
            .expect("an entry ends somewhere");
        assert!(end <= data.len() as u64, "an entry reaches over the end");
        assert!(zipread::path_is_safe(&entry.path));
    }
    true
}

/// A bag's manifest, and the same bytes as its bag-info.txt.
pub fn manifest(data: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = bag::parse_info(text);
    }
    bag::parse_manifest(data).is_ok()
}

/// A custody log.
pub fn custody(data: &[u8]) -> bool {
    let (lines, problems) = custody::read(data, custody::Head::START);
    let known = lines.iter().filter(|line| line.known().is_some()).count();
    problems.is_empty() && known > 0
}

/// Strict JSON: what is accepted is still accepted when it is written again. (Not always as the same number: the last
/// binary digit of a decimal with many places may differ, which is why nothing is ever judged by a number read here.)
pub fn json(data: &[u8]) -> bool {
    let Ok(value) = json::parse_strict(data) else {
        return false;
    };
    let _ = json::schema_of(&value);
    assert!(json::parse_strict(value.to_string().as_bytes()).is_ok());
    true
}

/// A packet's record.
pub fn record(data: &[u8]) -> bool {
    json::parse_strict_as::<record::Record>(data).is_ok()
}

/// A form file, as a verifier reads it and as a tablet does.
pub fn form(data: &[u8]) -> bool {
    let usable = form::check::read(data).is_ok();
    let readable = json::parse_strict_as::<form::Form>(data).is_ok();
    assert!(readable || !usable, "used, and no verifier reads it");
    readable
}

/// An XLSForm workbook: what comes out is a form that a tablet takes.
pub fn xlsform(data: &[u8]) -> bool {
    let Ok(converted) = fieldseal_xlsform::convert(data) else {
        return false;
    };
    if let Some(bytes) = &converted.form {
        form::check::read(bytes).expect("a form that is given is usable");
    }
    true
}

/// The text of a seal.
pub fn seal(data: &[u8]) -> bool {
    one_spelling(data, SealBody::parse, SealBody::text)
}

/// The text of a receipt.
pub fn receipt(data: &[u8]) -> bool {
    one_spelling(data, receipt::Receipt::parse, receipt::Receipt::text)
}

/// The text of any other leaf.
pub fn leaf(data: &[u8]) -> bool {
    one_spelling(data, entry::Enrolled::parse, entry::Enrolled::text)
        || one_spelling(data, entry::Rotated::parse, entry::Rotated::text)
        || one_spelling(data, entry::Revoked::parse, entry::Revoked::text)
        || one_spelling(data, entry::Retired::parse, entry::Retired::text)
        || one_spelling(data, entry::Decision::parse, entry::Decision::text)
        || one_spelling(data, entry::Heartbeat::parse, entry::Heartbeat::text)
        || one_spelling(data, entry::Tombstone::parse, entry::Tombstone::text)
        || one_spelling(data, entry::Quarantined::parse, entry::Quarantined::text)
}

/// What a tablet and the administrator's desk say to each other, and the keys in it.
pub fn desk(data: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = desk_texts::kind_of(text);
        let _ = desk_texts::same_code(text, &desk_texts::compare(text));
        if let Ok(request) = desk_texts::PinRequest::parse(text) {
            let _ = desk_texts::bytes::<32>(&request.to);
            let _ = desk_texts::bytes::<{ desk_texts::SEALED }>(&request.root);
        }
    }
    one_spelling(
        data,
        desk_texts::PinRequest::parse,
        desk_texts::PinRequest::text,
    ) || one_spelling(
        data,
        desk_texts::PinAnswer::parse,
        desk_texts::PinAnswer::text,
    ) || one_spelling(data, desk_texts::Order::parse, desk_texts::Order::text)
}

/// A whole packet or export through the verifier. Nothing here is trusted, so nothing may come out verified.
pub fn packet(data: &[u8]) -> bool {
    let data = data.to_vec();
    let Ok(source) = ZipSource::open(&data) else {
        return false;
    };
    let report = if is_export(&source) {
        verify_export(&source, None)
    } else {
        verify_zip(&data, &Inputs::default()).report
    };
    assert_ne!(report.verdict, Verdict::Verified, "without trust anchors");
    for finding in &report.findings {
        assert!(!finding.text(Language::En).is_empty() && !finding.text(Language::Zh).is_empty());
    }
    report.verdict == Verdict::NotProved
}

/// The consistency file of an export, and its hashes held against roots that it can't know.
pub fn consistency(data: &[u8]) -> bool {
    let Ok(proof) = Consistency::parse(data) else {
        return false;
    };
    assert_eq!(
        Consistency::parse(proof.text().as_bytes()).as_ref(),
        Ok(&proof)
    );
    let root = leaf_hash(data);
    let (old, new) = (proof.old_size, proof.new_size);
    let _ = verify_consistency(old, &root, new, &root, &proof.hashes);
    true
}

/// The capture context: what a device claims of one photo.
pub fn context(data: &[u8]) -> bool {
    let Ok(context) = json::parse_strict_as::<CaptureContext>(data) else {
        return false;
    };
    let _ = context
        .fix
        .as_ref()
        .map(fieldseal_packet::context::Fix::is_valid);
    true
}

/// A witness's cosignature, on a line of its own: 8 bytes of time and an Ed25519 signature. The first 32 bytes are the key.
pub fn cosignature(data: &[u8]) -> bool {
    let Some((key, rest)) = data.split_first_chunk::<32>() else {
        return false;
    };
    let Ok(key) = Vkey::cosignature("witness.example", *key) else {
        return false;
    };
    let Some((signature, text)) = rest.split_first_chunk::<72>() else {
        let _ = key.verify(b"text\n", rest);
        return false;
    };
    key.verify(text, signature).is_ok()
}

/// The words that formats are made of, each with one spelling: packet ids, times, digests, key names, media types.
pub fn words(data: &[u8]) -> bool {
    let found = fieldseal_packet::sniff(data);
    assert!(!found.media_type.is_empty() && !found.extension.is_empty());
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let _ = KeyName::parse("bureau.example/log", text);
    let written = text.parse::<PacketId>().map(|id| id.to_string());
    let written = written.or_else(|_| text.parse::<Timestamp>().map(|at| at.to_string()));
    let written = written.or_else(|_| {
        text.parse::<Sha256Digest>()
            .map(|digest| digest.to_string())
    });
    let Ok(written) = written else { return false };
    assert_eq!(written, text);
    true
}
