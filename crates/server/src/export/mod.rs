//! The export: `evidence-<id>/`, a BagIt bag that holds the packet byte for byte and everything that the server can say of it, so that anybody can
//! check it with public tools and nothing of ours.
//!
//! [`Material`] is what is taken from the database, in one snapshot; [`Bag`] is the list of files made of it; [`zip`] streams them as one stored
//! zip for the console. The packet itself is never read into memory.

pub mod bulk;
pub mod children;
pub mod content;
pub mod head;
pub mod heartbeats;
pub mod redacted;
pub mod report;
mod report_parts;
pub mod sidecars;
pub mod stock;
mod verify_time;
pub mod verify_txt;
pub mod zip;

use fieldseal_packet::bag::{BagInput, PayloadFile, assemble};
use fieldseal_packet::custody::Event;
use fieldseal_packet::entry::Revoked;
use fieldseal_packet::seal::SealBody;
use fieldseal_packet::trust::Trust;
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_tlog::merkle::{prove_consistency, prove_inclusion};
use fieldseal_tlog::note::Note;
use fieldseal_tlog::proof::TlogProof;
use rusqlite::Connection;

use self::children::Child;
use self::content::Content;
use self::report::ReportFile;
use self::sidecars::SidecarFiles;
use crate::ambient::Millis;
use crate::signing::ServerKeys;
use crate::store::decisions::{self, DecisionRow};
use crate::store::log::{self, Hashes};
use crate::store::packets::{self, PacketRow};
use crate::store::stamps::Token;
use crate::store::{Db, StoreError, custody, erased, keys};

/// What an export's `bag-info.txt` names as its profile.
pub const PROFILE: &str = "urn:fieldseal:bagit-profile:export:1";

/// Where the authorities' roots stand: they help whoever checks by hand, and anchor nothing.
pub const ROOTS: &str = "data/receipt/timestamp-roots.pem";

/// Where the roots of CMS signatures stand, likewise.
pub const CMS_ROOTS: &str = "data/receipt/cms-roots.pem";

/// No export was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not logged yet: an export without receipt and proof would prove little.
    #[error("this packet is not in the log yet; an export can be made when it is")]
    NotLogged,
    /// The packet's file.
    #[error("the packet's file can't be read")]
    File(#[from] std::io::Error),
    /// Its bytes were erased by rule; leaf and tombstone stay.
    #[error(
        "the bytes of this packet were erased by rule; its seal and the tombstone are in the log"
    )]
    Erased,
    /// What was asked to be blacked out can't be.
    #[error("the redaction that was asked for can't be made: {0}")]
    Redaction(&'static str),
    /// What is stored does not read.
    #[error("what is stored of this packet does not read: {0}")]
    Malformed(&'static str),
}

/// A key that a reader needs: file name, content.
type KeyFile = (String, Vec<u8>);

/// What goes along with the packet.
pub struct Material {
    /// The receipt note.
    pub receipt: Vec<u8>,
    /// The tlog-proof.
    pub proof: Vec<u8>,
    /// The checkpoint in it.
    pub checkpoint: Vec<u8>,
    /// Timestamp responses over its text.
    pub tokens: Vec<Token>,
    /// The tokens that the seal names: authority and digest.
    pub seen: Vec<(String, Sha256Digest)>,
    /// The roots of the authorities that the trust file names, PEM.
    pub roots_pem: String,
    /// The roots of CMS signatures that the trust file names, PEM.
    pub cms_roots_pem: String,
    /// Whether the packet has a CMS signature.
    pub cms: bool,
    /// From the checkpoint that the seal names to this one.
    pub consistency: Option<Vec<u8>>,
    /// Server's and signers' public keys, and enrolment entries.
    pub keys: Vec<KeyFile>,
    /// Makers' certificates of keys on the seal, and what there is to say of the log itself: below `data/receipt/`.
    pub beside: Vec<KeyFile>,
    /// Heartbeats that tell of the packet's captures, with their proofs and tokens.
    pub heartbeats: Vec<heartbeats::Logged>,
    /// The server's custody log.
    pub custody: Vec<u8>,
    /// The decisions, oldest first.
    pub decisions: Vec<DecisionRow>,
    /// Signed children, where they were asked for.
    pub children: Vec<Child>,
    /// The log's public key.
    pub log_vkey: String,
    /// The report for court.
    pub report: ReportFile,
    /// C2PA sidecars of the photos.
    pub sidecars: SidecarFiles,
}

impl Material {
    /// Takes it from the database. `by`: who exports, and when; written into custody first, after what was `derived` for it, so that the export holds its own
    /// lines. `witnesses`: how many cosignatures the trust file asks for. `trust`: that file.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a server, and one occasion"
    )]
    pub fn gather(
        db: &Db,
        server: &ServerKeys,
        origin: &str,
        packet: &PacketRow,
        by: Option<(&str, Millis)>,
        derived: &[Event],
        witnesses: u32,
        trust: &str,
    ) -> Result<Self, ExportError> {
        let seal = Sha256Digest(packet.seal_sha256);
        if packet.receipt.is_none() {
            return Err(ExportError::NotLogged);
        }
        if let Some((actor, at)) = by {
            db.write_blocking(|tx| {
                custody::audit(tx, at, actor, "exported", &packet.slug)?;
                for event in derived {
                    custody::append(tx, &seal, at, Some(actor), event)?;
                }
                custody::append(tx, &seal, at, Some(actor), &Event::Exported {})
            })?;
        }
        let mut material = db.read_blocking(|c| Self::read(c, server, origin, &seal, witnesses))?;
        let trust =
            Trust::parse(trust.as_bytes()).map_err(|_| ExportError::Malformed("trust file"))?;
        material.roots_pem = trust.roots_pem;
        material.cms_roots_pem = trust.cms_roots_pem;
        Ok(material)
    }

    fn read(
        c: &Connection,
        server: &ServerKeys,
        origin: &str,
        seal: &Sha256Digest,
        witnesses: u32,
    ) -> Result<Self, ExportError> {
        if erased::note(c, &seal.0)?.is_some() {
            return Err(ExportError::Erased);
        }
        // Read again: receipt and proof must be of one moment.
        let packet = packets::by_seal(c, &seal.0)?.ok_or(ExportError::NotLogged)?;
        let (Some(receipt), Some(proof), Some(index)) =
            (packet.receipt, packet.proof, packet.leaf_index)
        else {
            return Err(ExportError::NotLogged);
        };
        let parsed = TlogProof::parse(&proof).map_err(|_| ExportError::Malformed("proof"))?;
        let note = log::leaf(c, index)?
            .and_then(|leaf| Note::parse(&leaf).ok())
            .ok_or(ExportError::Malformed("seal"))?;
        let head = head::choose(c, index, parsed, witnesses)?;
        let consistency = consistency(c, &note, &head.proof.checkpoint)?;
        let mut files: Vec<KeyFile> = Vec::new();
        let mut beside = log_itself(c)?;
        for (name, key) in ["log", "receipts", "authority", "decisions"]
            .iter()
            .zip(server.vkeys())
        {
            files.push((format!("{name}.vkey"), format!("{key}\n").into_bytes()));
        }
        for line in &note.signatures {
            for row in keys::named(c, &line.name)?
                .into_iter()
                .filter(|row| row.key_id == line.key_id)
            {
                let stem = row
                    .name
                    .strip_prefix(origin)
                    .unwrap_or(&row.name)
                    .trim_start_matches('/')
                    .replace('/', "-");
                if files
                    .iter()
                    .any(|(name, _)| *name == format!("{stem}.vkey"))
                {
                    continue;
                }
                files.push((
                    format!("{stem}.vkey"),
                    format!("{}\n", row.vkey).into_bytes(),
                ));
                files.push((format!("{stem}.entry"), row.entry));
                let chain = row.attestation;
                beside.extend(chain.map(|pem| (format!("attestation/{stem}.pem"), pem)));
                files.extend(revocations(c, &stem, &row.vkey)?);
            }
        }
        Ok(Self {
            receipt,
            checkpoint: head.proof.checkpoint.clone(),
            proof: head.proof.to_bytes(),
            tokens: head.tokens,
            seen: SealBody::parse(&note.text)
                .map_err(|_| ExportError::Malformed("seal"))?
                .seen_tsr,
            roots_pem: String::new(),
            cms_roots_pem: String::new(),
            cms: false,
            consistency,
            keys: files,
            beside,
            heartbeats: heartbeats::logged(c, &note, witnesses)?,
            custody: custody::log(c, seal)?,
            decisions: decisions::of_packet(c, &seal.0)?,
            children: Vec::new(),
            log_vkey: server.vkeys()[0].to_string(),
            report: ReportFile::NotAsked,
            sidecars: SidecarFiles::NotAsked,
        })
    }
}

/// How the log's key was rotated, and which log it continues.
fn log_itself(c: &Connection) -> Result<Vec<KeyFile>, ExportError> {
    let mut files: Vec<KeyFile> = Vec::new();
    for (number, note) in (1..).zip(log::rotations(c)?) {
        files.push((format!("log/{number}.rotated"), note));
    }
    if let Some(note) = log::continued(c)? {
        let head = log::head(c)?;
        let proof = TlogProof {
            index: 0,
            hashes: prove_inclusion(0, head.size, &Hashes(c))
                .map_err(|_| ExportError::Malformed("tree"))?,
            extra: None,
            checkpoint: head.checkpoint,
        };
        files.push(("log/continued".to_owned(), note));
        files.push(("log/continued.tlog-proof".to_owned(), proof.to_bytes()));
    }
    Ok(files)
}

/// What the log holds of a key's revocation: the leaf, and the proof of its place by the newest checkpoint.
fn revocations(c: &Connection, stem: &str, vkey: &str) -> Result<Vec<KeyFile>, ExportError> {
    let mut files = Vec::new();
    for (index, leaf) in log::revocations(c)? {
        let body = Note::parse(&leaf)
            .ok()
            .and_then(|note| Revoked::parse(&note.text).ok())
            .ok_or(ExportError::Malformed("revocation"))?;
        if body.vkey != vkey {
            continue;
        }
        let head = log::head(c)?;
        let proof = TlogProof {
            index,
            hashes: prove_inclusion(index, head.size, &Hashes(c))
                .map_err(|_| ExportError::Malformed("tree"))?,
            extra: None,
            checkpoint: head.checkpoint,
        };
        let name = match files.len() {
            0 => format!("{stem}.revoked"),
            more => format!("{stem}-{}.revoked", more / 2 + 1),
        };
        files.push((format!("{name}.tlog-proof"), proof.to_bytes()));
        files.push((name, leaf));
    }
    Ok(files)
}

/// The consistency proof from the checkpoint that a seal names to a later one, if it names one.
pub fn consistency(
    c: &Connection,
    seal: &Note,
    checkpoint: &[u8],
) -> Result<Option<Vec<u8>>, ExportError> {
    let body = SealBody::parse(&seal.text).map_err(|_| ExportError::Malformed("seal"))?;
    let Some((seen, _)) = body.seen_checkpoint else {
        return Ok(None);
    };
    let note = Note::parse(checkpoint).map_err(|_| ExportError::Malformed("checkpoint"))?;
    let now = fieldseal_tlog::checkpoint::Checkpoint::parse(&note.text)
        .map_err(|_| ExportError::Malformed("checkpoint"))?;
    if seen == 0 || seen > now.size {
        // A head that this log never had: there is nothing to prove it with, and the verifier says so.
        return Ok(None);
    }
    let hashes = prove_consistency(seen, now.size, &Hashes(c))
        .map_err(|_| ExportError::Malformed("tree"))?;
    let proof = fieldseal_packet::consistency::Consistency {
        old_size: seen,
        new_size: now.size,
        hashes,
    };
    Ok(Some(proof.text().into_bytes()))
}

/// The export as a list of files.
pub struct Bag {
    /// `evidence-<id>`.
    pub folder: String,
    /// Path within the folder and content, in the order in which they stand; all but the packet.
    pub files: Vec<(String, Content)>,
    /// Where the packet's zip stands.
    pub zip_path: String,
}

impl Bag {
    /// Puts it together.
    pub fn make(material: &Material, packet: &PacketRow, now: Millis) -> Result<Self, ExportError> {
        let zip_path = format!("data/packet-{}.zip", packet.id);
        let mut payload: Vec<(String, Vec<u8>)> = vec![
            ("data/receipt/receipt".to_owned(), material.receipt.clone()),
            (
                "data/receipt/packet.tlog-proof".to_owned(),
                material.proof.clone(),
            ),
            (
                "data/receipt/checkpoint".to_owned(),
                material.checkpoint.clone(),
            ),
        ];
        if !material.roots_pem.is_empty() {
            payload.push((ROOTS.to_owned(), material.roots_pem.clone().into_bytes()));
        }
        if material.cms && !material.cms_roots_pem.is_empty() {
            let roots = material.cms_roots_pem.clone().into_bytes();
            payload.push((CMS_ROOTS.to_owned(), roots));
        }
        payload.extend(material.tokens.iter().map(|token| {
            let path = format!("data/receipt/checkpoint.{}.tsr", token.stem());
            (path, token.der.clone())
        }));
        payload.extend(
            material
                .consistency
                .clone()
                .map(|bytes| ("data/receipt/consistency".to_owned(), bytes)),
        );
        payload.extend(
            material
                .keys
                .iter()
                .map(|(name, bytes)| (format!("data/receipt/keys/{name}"), bytes.clone())),
        );
        payload.extend(
            material
                .beside
                .iter()
                .map(|(name, bytes)| (format!("data/receipt/{name}"), bytes.clone())),
        );
        payload.extend(
            heartbeats::files(&material.heartbeats)
                .into_iter()
                .map(|(name, bytes)| (format!("data/receipt/heartbeats/{name}"), bytes)),
        );
        payload.push((
            "data/custody-after.log".to_owned(),
            material.custody.clone(),
        ));
        for (number, decision) in (1..).zip(&material.decisions) {
            payload.push((
                format!("data/decisions/{number:04}.note"),
                decision.note.clone(),
            ));
            payload.push((
                format!("data/decisions/{number:04}.json"),
                decision.document.clone(),
            ));
            payload.push((
                format!("data/decisions/{number:04}.salt"),
                decision.salt.to_vec(),
            ));
        }
        payload.extend_from_slice(material.sidecars.files());
        if let ReportFile::Made(pdf) = &material.report {
            payload.push(("data/report.pdf".to_owned(), pdf.clone()));
        }
        let mut verify = verify_txt::text(material, packet);
        verify.push_str(&material.sidecars.note(&packet.id));
        verify.push_str(material.report.note());
        payload.push(("data/VERIFY.txt".to_owned(), verify.into_bytes()));
        let mut payload: Vec<(String, Content)> = payload
            .into_iter()
            .map(|(path, bytes)| (path, bytes.into()))
            .collect();
        payload.extend(material.children.iter().flat_map(Child::files));
        let mut listed = vec![PayloadFile {
            path: zip_path.clone(),
            size: packet.zip_size,
            sha256: Sha256Digest(packet.zip_sha256),
        }];
        listed.extend(payload.iter().map(|(path, content)| PayloadFile {
            path: path.clone(),
            size: content.size(),
            sha256: content.sha256(),
        }));
        let tags = assemble(&BagInput {
            id: &packet.id,
            profile: PROFILE,
            at: Timestamp::from_millis(now),
            payload: &listed,
            tags: &[],
        });
        let tags = tags.files.into_iter();
        let mut files: Vec<(String, Content)> =
            tags.map(|(path, bytes)| (path, bytes.into())).collect();
        files.extend(payload);
        Ok(Self {
            folder: format!("evidence-{}", packet.slug),
            files,
            zip_path,
        })
    }
}
