//! A small, fixed packet, from its content to its zip.

use std::io::{self, Cursor, Read};

use fieldseal_packet::bag::{self, BagInput, PROFILE, PayloadFile, TAGMANIFEST};
use fieldseal_packet::context::{CaptureContext, Fix};
use fieldseal_packet::custody::{Captured, Event, Head, Meta};
use fieldseal_packet::entry::SubjectKind;
use fieldseal_packet::seal::{Ranges, SealBody};
use fieldseal_packet::ziplayout::{Layout, LayoutEntry};
use fieldseal_packet::{PacketId, Sha256Digest};
use fieldseal_tlog::merkle::root_at;
use fieldseal_tlog::note::{Note, Signer, sign_line};
use serde_json::{Value, json};

use super::{
    Files, ORIGIN, at, checkpoint, device_key, enrolment, log_before, officer_key, packet_id,
    server_key,
};

/// Everything in a packet before its manifests are made.
pub struct Content {
    pub id: PacketId,
    pub items: Vec<(String, Vec<u8>)>,
    pub events: Vec<(Meta, Event)>,
    pub record: Value,
    pub form: Value,
    pub keys: Files,
    pub seen: Files,
}

fn meta(second: i64) -> Meta {
    Meta {
        at: at(second),
        boot_id: Some("4f2c9a1e-0000-4000-8000-000000000001".to_owned()),
        boot_ms: Some(60_000 + second.unsigned_abs() * 1000),
        actor: Some(format!("{ORIGIN}/officer/o-0001")),
    }
}

pub fn context(second: i64) -> CaptureContext {
    CaptureContext {
        captured_at: at(second),
        zone: "Asia/Shanghai".to_owned(),
        boot_id: "4f2c9a1e-0000-4000-8000-000000000001".to_owned(),
        boot_ms: 60_000 + second.unsigned_abs() * 1000,
        server_offset_ms: Some(400),
        server_seen_at: Some(at(-3600)),
        fix: Some(Fix {
            latitude: "31.20000".to_owned(),
            longitude: "121.40000".to_owned(),
            accuracy_m: 4.0,
            altitude_m: None,
            at: at(second - 3),
            age_ms: 3000,
            provider: Some("gps".to_owned()),
            mock: Some(false),
        }),
        no_fix_reason: None,
        heading_deg: None,
        source: "camera".to_owned(),
        original_name: None,
        software: "fieldseal-tablet 0.1.0".to_owned(),
        device_model: None,
        challenge: None,
        recording: None,
        follows: None,
    }
}

impl Content {
    pub fn new() -> Self {
        Self::of(packet_id())
    }

    pub fn of(id: PacketId) -> Self {
        let items: Vec<(String, Vec<u8>)> = vec![
            (
                "data/items/0001.jpg".to_owned(),
                b"\xff\xd8\xff\xe0 a first photo".to_vec(),
            ),
            (
                "data/items/0002.jpg".to_owned(),
                b"\xff\xd8\xff\xe0 a second photo".to_vec(),
            ),
        ];
        let form = json!({
            "schema": "form/1", "kind": "billboard", "version": "1",
            "name": {"zh": "户外广告", "en": "Billboard"}, "short_name": {"zh": "广告", "en": "Billboard"},
            "fields": [{"id": "width_m", "type": "decimal", "label": {"zh": "宽", "en": "Width"}, "expected": true}],
            "shots": [{"id": "panorama", "label": {"zh": "全景", "en": "Panorama"}, "expected": true}]
        });
        let mut events = vec![(
            meta(0),
            Event::Opened {
                packet: id,
                kind: "billboard".to_owned(),
                supplements: None,
            },
        )];
        let mut prev = Sha256Digest::of(b"the capture before");
        let mut described = Vec::new();
        for (index, (path, bytes)) in items.iter().enumerate() {
            let captured = Captured {
                capture_seq: 3 + index as u64,
                capture_prev: prev,
                sha256: Sha256Digest::of(bytes),
                size: bytes.len() as u64,
                media_type: "image/jpeg".to_owned(),
                shot: Some("panorama".to_owned()),
                context: context(10 + index as i64),
            };
            prev = captured.link();
            described.push(json!({
                "path": path, "sha256": captured.sha256, "size": captured.size, "media_type": "image/jpeg",
                "capture_seq": captured.capture_seq, "shot": "panorama", "captured_at": captured.context.captured_at
            }));
            events.push((meta(10 + index as i64), Event::Captured(Box::new(captured))));
        }
        events.push((
            meta(60),
            Event::Party {
                presence: "refused".to_owned(),
                note: None,
            },
        ));
        events.push((
            meta(90),
            Event::Closed {
                items: 2,
                captures: "3-4".to_owned(),
            },
        ));
        let record = json!({
            "schema": "record/1", "packet": id, "kind": "billboard",
            "device": device_key().vkey().name(),
            "officers": [
                {"key": officer_key(1).vkey().name(), "role": "lead", "name": "甲", "badge": "0000001"},
                {"key": officer_key(2).vkey().name(), "role": "second", "name": "乙", "badge": "0000002"}
            ],
            "where": {"address": "示例路1号"}, "when": {"zone": "Asia/Shanghai"},
            "party": {"presence": "refused"}, "facts": {"width_m": 3.5}, "items": described
        });
        let mut keys = Files::new();
        let device = device_key();
        keys.insert(
            "seal/keys/device-t-0001.vkey".to_owned(),
            format!("{}\n", device.vkey()).into_bytes(),
        );
        keys.insert(
            "seal/keys/device-t-0001.entry".to_owned(),
            enrolment(SubjectKind::Device, &device, &server_key("authority")),
        );
        for number in 1..=2 {
            let officer = officer_key(number);
            let stem = format!("seal/keys/officer-o-000{number}");
            keys.insert(
                format!("{stem}.vkey"),
                format!("{}\n", officer.vkey()).into_bytes(),
            );
            keys.insert(
                format!("{stem}.entry"),
                enrolment(SubjectKind::Officer, &officer, &server_key("authority")),
            );
        }
        let mut seen = Files::new();
        seen.insert("seen/checkpoint".to_owned(), checkpoint(&log_before()));
        Self {
            id,
            items,
            events,
            record,
            form,
            keys,
            seen,
        }
    }

    pub fn custody(&self) -> Vec<u8> {
        let mut head = Head::START;
        self.events
            .iter()
            .flat_map(|(meta, event)| head.append(meta, event).unwrap())
            .collect()
    }

    /// All files but the seal.
    pub fn bag(&self) -> Files {
        self.bag_with_custody(self.custody())
    }

    pub fn bag_with_custody(&self, custody: Vec<u8>) -> Files {
        let mut files: Files = self.items.iter().cloned().collect();
        files.insert(
            "data/record.json".to_owned(),
            serde_json::to_vec(&self.record).unwrap(),
        );
        files.insert(
            "data/form.json".to_owned(),
            serde_json::to_vec(&self.form).unwrap(),
        );
        files.insert("data/custody.log".to_owned(), custody);
        manifests_of(
            self.id,
            files,
            self.keys
                .iter()
                .chain(&self.seen)
                .map(|(path, bytes)| (path.clone(), bytes.clone()))
                .collect(),
        )
    }
}

/// Adds the bag's own files to a payload and tag files.
pub fn manifests(payload: Files, tags: Vec<(String, Vec<u8>)>) -> Files {
    manifests_of(packet_id(), payload, tags)
}

fn manifests_of(id: PacketId, payload: Files, tags: Vec<(String, Vec<u8>)>) -> Files {
    let listed: Vec<PayloadFile> = payload
        .iter()
        .map(|(path, bytes)| PayloadFile {
            path: path.clone(),
            size: bytes.len() as u64,
            sha256: Sha256Digest::of(bytes),
        })
        .collect();
    let id = id.to_string();
    let made = bag::assemble(&BagInput {
        id: &id,
        profile: PROFILE,
        at: at(90),
        payload: &listed,
        tags: &tags,
    });
    let mut files = payload;
    files.extend(tags);
    files.extend(made.files);
    files
}

pub fn seal_body(files: &Files) -> SealBody {
    let seen = log_before();
    let token = |(path, bytes): (&String, &Vec<u8>)| {
        let id = path
            .strip_prefix("seen/checkpoint.")?
            .strip_suffix(".tsr")?;
        Some((id.to_owned(), Sha256Digest::of(bytes)))
    };
    SealBody {
        origin: ORIGIN.to_owned(),
        packet: packet_id(),
        tagmanifest_sha256: Sha256Digest::of(&files[TAGMANIFEST]),
        tagmanifest_sm3: None,
        closed_at: at(90),
        captures: Ranges::of([3, 4]),
        device_seq: 1,
        device_prev: Sha256Digest::of(&enrolment(
            SubjectKind::Device,
            &device_key(),
            &server_key("authority"),
        )),
        seen_checkpoint: Some((seen.size(), root_at(seen.size(), &seen).unwrap())),
        seen_tsr: files.iter().filter_map(token).collect(),
    }
}

pub fn seal_note(body: &SealBody, signers: &[&dyn Signer]) -> Vec<u8> {
    Note::sign(&body.text(), signers).unwrap().to_bytes()
}

/// Seals as two officers and the device do: the device's line stands first and is made last.
pub fn sealed(mut files: Files) -> Files {
    let seal = seal_note(
        &seal_body(&files),
        &[&device_key(), &officer_key(1), &officer_key(2)],
    );
    files.insert(bag::SEAL.to_owned(), seal);
    files
}

/// Adds one more line to a note.
pub fn with_line(note: &[u8], signer: &dyn Signer) -> Vec<u8> {
    let mut note = Note::parse(note).unwrap();
    let line = sign_line(signer, &note.text).unwrap();
    note.signatures.push(line);
    note.to_bytes()
}

pub fn zip_files(folder: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let list: Vec<LayoutEntry> = files
        .iter()
        .map(|(path, bytes)| LayoutEntry {
            path: format!("{folder}/{path}"),
            size: bytes.len() as u64,
            crc32: crc32fast::hash(bytes),
        })
        .collect();
    let layout = Layout::new(&list).unwrap();
    let open = |index: usize, offset: u64| -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Cursor::new(&files[index].1[offset as usize..])))
    };
    let mut zip = Vec::new();
    layout.reader(0, open).read_to_end(&mut zip).unwrap();
    zip
}

/// The packet's zip: entries in the one order.
pub fn zip(files: &Files) -> Vec<u8> {
    zip_of(&packet_id(), files)
}

pub fn zip_of(id: &PacketId, files: &Files) -> Vec<u8> {
    let mut list: Vec<(String, Vec<u8>)> = files
        .iter()
        .map(|(path, bytes)| (path.clone(), bytes.clone()))
        .collect();
    list.sort_by(|a, b| bag::order_key(&a.0).cmp(&bag::order_key(&b.0)));
    zip_files(&bag::packet_folder(id), &list)
}
