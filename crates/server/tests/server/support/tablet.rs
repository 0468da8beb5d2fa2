//! A tablet that seals real packets, without a vault.

use std::sync::Arc;

use fieldseal_packet::bag::{self, BagInput, PROFILE, PayloadFile};
use fieldseal_packet::context::CaptureContext;
use fieldseal_packet::custody::{Captured, Event, Head, Meta};
use fieldseal_packet::seal::{Ranges, SealBody};
use fieldseal_packet::ziplayout::{Layout, LayoutEntry};
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_server::ambient::{Ambient, Clock as _, SystemClock};
use fieldseal_tlog::note::{Note, Signer};
use serde_json::json;

use super::ORIGIN;

/// What a tablet has in its vault.
pub struct Tablet {
    pub key: Arc<dyn Signer>,
    pub token: String,
    pub officers: Vec<(Box<dyn Signer>, String, String)>,
    pub entry: Vec<u8>,
    pub sealed: u64,
    pub captured: u64,
    pub link: Sha256Digest,
    pub last_seal: Vec<u8>,
}

/// A sealed packet.
pub struct Packet {
    pub id: String,
    pub zip: Vec<u8>,
    pub seal: Vec<u8>,
    pub digest: Sha256Digest,
}

pub fn jpeg(shade: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(640, 480, |x, y| {
        image::Rgb([shade, (x / 4) as u8, (y / 4) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

impl Tablet {
    /// Seals two photos.
    pub fn seal(&mut self) -> Packet {
        let shade = self.sealed as u8 * 10;
        self.seal_items(&[jpeg(shade), jpeg(shade + 5)], |_| {})
    }

    /// Seals these items, after a last change to the files that the seal does not know of.
    pub fn seal_items(
        &mut self,
        items: &[Vec<u8>],
        spoil: impl FnOnce(&mut Vec<(String, Vec<u8>)>),
    ) -> Packet {
        self.sealed += 1;
        let now = Timestamp::from_millis(SystemClock.now());
        let id = PacketId::from_parts(now, &Ambient::default().bytes().unwrap());
        let mut payload: Vec<(String, Vec<u8>)> = Vec::new();
        let (mut head, mut log, mut described) = (Head::START, Vec::new(), Vec::new());
        let meta = Meta {
            at: now,
            boot_id: Some("boot".into()),
            boot_ms: Some(1),
            actor: self
                .officers
                .first()
                .map(|officer| officer.0.vkey().name().to_owned()),
        };
        log.extend(
            head.append(
                &meta,
                &Event::Opened {
                    packet: id,
                    kind: "billboard".into(),
                    supplements: None,
                },
            )
            .unwrap(),
        );
        let first = self.captured + 1;
        for (index, bytes) in items.iter().enumerate() {
            self.captured += 1;
            let sniffed = fieldseal_packet::sniff(bytes);
            let captured = Captured {
                capture_seq: self.captured,
                capture_prev: self.link,
                sha256: Sha256Digest::of(bytes),
                size: bytes.len() as u64,
                media_type: sniffed.media_type.into(),
                shot: Some("panorama".into()),
                context: context(now),
            };
            self.link = captured.link();
            let path = fieldseal_packet::record::item_path(index + 1, sniffed.extension);
            described.push(json!({"path": path, "sha256": captured.sha256, "size": captured.size, "media_type": captured.media_type,
                "capture_seq": captured.capture_seq, "shot": "panorama", "captured_at": now}));
            log.extend(
                head.append(&meta, &Event::Captured(Box::new(captured)))
                    .unwrap(),
            );
            payload.push((path, bytes.clone()));
        }
        let party = Event::Party {
            presence: "refused".into(),
            note: None,
        };
        log.extend(head.append(&meta, &party).unwrap());
        let captures = if first == self.captured {
            first.to_string()
        } else {
            format!("{first}-{}", self.captured)
        };
        log.extend(
            head.append(
                &meta,
                &Event::Closed {
                    items: items.len() as u64,
                    captures,
                },
            )
            .unwrap(),
        );
        let officers: Vec<_> = self
            .officers
            .iter()
            .zip(["lead", "second"])
            .map(|((key, name, badge), role)| json!({"key": key.vkey().name(), "role": role, "name": name, "badge": badge}))
            .collect();
        let record = json!({"schema": "record/1", "packet": id, "kind": "billboard", "device": self.key.vkey().name(), "officers": officers,
            "where": {"address": "示例路1号", "point": "P-7"}, "when": {"zone": "Asia/Shanghai"}, "party": {"presence": "refused"},
            "facts": {"width_m": 3.5}, "items": described});
        let form = json!({"schema": "form/1", "kind": "billboard", "version": "1", "name": {"zh": "户外广告", "en": "Billboard"},
            "short_name": {"zh": "广告", "en": "Billboard"},
            "fields": [{"id": "width_m", "type": "decimal", "label": {"zh": "宽", "en": "Width"}, "unit": {"zh": "米", "en": "m"}, "expected": true}],
            "shots": [{"id": "panorama", "label": {"zh": "全景", "en": "Panorama"}, "expected": true}]});
        payload.push((
            "data/record.json".into(),
            serde_json::to_vec(&record).unwrap(),
        ));
        payload.push(("data/form.json".into(), serde_json::to_vec(&form).unwrap()));
        payload.push(("data/custody.log".into(), log));
        self.wrap(id, now, payload, Ranges::of(first..=self.captured), spoil)
    }

    fn wrap(
        &mut self,
        id: PacketId,
        now: Timestamp,
        payload: Vec<(String, Vec<u8>)>,
        captures: Ranges,
        spoil: impl FnOnce(&mut Vec<(String, Vec<u8>)>),
    ) -> Packet {
        let listed: Vec<_> = payload
            .iter()
            .map(|(path, bytes)| PayloadFile {
                path: path.clone(),
                size: bytes.len() as u64,
                sha256: Sha256Digest::of(bytes),
            })
            .collect();
        let tags = vec![
            (
                "seal/keys/device.vkey".to_owned(),
                format!("{}\n", self.key.vkey()).into_bytes(),
            ),
            ("seal/keys/device.entry".to_owned(), self.entry.clone()),
        ];
        let made = bag::assemble(&BagInput {
            id: &id.to_string(),
            profile: PROFILE,
            at: now,
            payload: &listed,
            tags: &tags,
        });
        let previous = if self.sealed == 1 {
            &self.entry
        } else {
            &self.last_seal
        };
        let body = SealBody {
            origin: ORIGIN.into(),
            packet: id,
            tagmanifest_sha256: made.tagmanifest_sha256,
            tagmanifest_sm3: None,
            closed_at: now,
            captures,
            device_seq: self.sealed,
            device_prev: Sha256Digest::of(previous),
            seen_checkpoint: None,
            seen_tsr: Vec::new(),
        };
        let mut signers: Vec<&dyn Signer> = vec![&*self.key];
        signers.extend(self.officers.iter().map(|officer| &*officer.0));
        let seal = Note::sign(&body.text(), &signers).unwrap().to_bytes();
        let mut files: Vec<_> = payload.into_iter().chain(tags).chain(made.files).collect();
        files.push((bag::SEAL.to_owned(), seal.clone()));
        spoil(&mut files);
        files.sort_by(|a, b| bag::order_key(&a.0).cmp(&bag::order_key(&b.0)));
        self.last_seal.clone_from(&seal);
        Packet {
            id: id.to_string(),
            zip: zip(&bag::packet_folder(&id), &files),
            digest: Sha256Digest::of(&seal),
            seal,
        }
    }
}

pub fn zip(folder: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<_> = files
        .iter()
        .map(|(path, bytes)| LayoutEntry {
            path: format!("{folder}/{path}"),
            size: bytes.len() as u64,
            crc32: crc32fast::hash(bytes),
        })
        .collect();
    let layout = Layout::new(&entries).unwrap();
    let mut out = Vec::new();
    let mut reader = layout.reader(0, |index, offset| {
        Ok(Box::new(&files[index].1[offset as usize..]))
    });
    std::io::Read::read_to_end(&mut reader, &mut out).unwrap();
    out
}

fn context(at: Timestamp) -> CaptureContext {
    CaptureContext {
        captured_at: at,
        zone: "Asia/Shanghai".into(),
        boot_id: "boot".into(),
        boot_ms: 1,
        server_offset_ms: None,
        server_seen_at: None,
        fix: None,
        no_fix_reason: Some("denied".into()),
        heading_deg: None,
        source: "camera".into(),
        original_name: None,
        software: "test".into(),
        device_model: None,
        challenge: None,
        recording: None,
        follows: None,
    }
}
