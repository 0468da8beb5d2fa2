//! C2PA sidecars in exports: who makes them is handed in, since the library that it takes is no part of the usual program. Here is which items get one, where
//! it stands, and what is told where there is none. Nothing rests on a sidecar, so that an export is made without where one can't be.
//!
//! Specification: `docs/spec/export.md`, *C2PA sidecars*.

use std::collections::HashMap;
use std::fmt;

use fieldseal_packet::custody::{self, Event, Head};
use fieldseal_packet::json::parse_strict_as;
use fieldseal_packet::record::{Item, Record};
use fieldseal_packet::verify::{Source as _, ZipSource};
use fieldseal_packet::zipread::{ReadAt, Stretch};
use fieldseal_packet::{Sha256Digest, Timestamp};

use crate::ambient::Millis;
use crate::intake::examine;
use crate::store::packets::PacketRow;

/// Folder of the sidecars in an export.
const FOLDER: &str = "data/c2pa";
/// The certificate of the authority that they are signed under: it helps to check, and anchors nothing.
pub const AUTHORITY: &str = "data/c2pa/authority.pem";
/// Largest record and custody log that are read for this, in bytes.
const MOST_BYTES: usize = 64 << 20;

/// A photo that wants a sidecar.
#[derive(Debug, Clone, Copy)]
pub struct Photo<'a> {
    /// The deployment.
    pub origin: &'a str,
    /// Packet's id.
    pub packet: &'a str,
    /// The packet digest.
    pub seal_sha256: &'a Sha256Digest,
    /// `data/items/0001.jpg`
    pub item: &'a str,
    /// Of its bytes: the record's, found to be those of the bytes too.
    pub sha256: &'a Sha256Digest,
    /// As the record has it.
    pub media_type: &'a str,
    /// The device's clock at the shutter: a claim.
    pub captured_at: Timestamp,
    /// `camera`, `file-input` or `import`: a claim.
    pub source: &'a str,
    /// The server's clock.
    pub made_at: Timestamp,
}

/// Makes sidecars.
pub trait SidecarMaker: fmt::Debug + Send + Sync {
    /// The certificate of the authority that they are signed under, PEM.
    fn authority(&self) -> &str;
    /// A sidecar; none for media types that get none.
    fn sidecar(&self, photo: &Photo<'_>) -> Result<Option<Vec<u8>>, SidecarError>;
}

/// A sidecar could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the sidecar could not be made")]
pub struct SidecarError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What an export has of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SidecarFiles {
    /// None are made here.
    #[default]
    NotAsked,
    /// Path within the export and content.
    Made {
        /// The authority's certificate first.
        files: Vec<(String, Vec<u8>)>,
        /// Paths of the items in the packet that have none.
        without: Vec<String>,
    },
}

impl SidecarFiles {
    /// The files.
    pub fn files(&self) -> &[(String, Vec<u8>)] {
        match self {
            Self::NotAsked => &[],
            Self::Made { files, .. } => files,
        }
    }

    /// What `VERIFY.txt` says of them.
    pub fn note(&self, packet: &str) -> String {
        let Self::Made { files, without } = self else {
            return String::new();
        };
        let mut text = format!(
            "\ndata/c2pa/ holds C2PA sidecars, {} of them, for tools that know C2PA; nothing rests on them. A sidecar is right when `c2pa` calls it Trusted\n\
             under the deployment's authority, and its hash has no exclusions (`Trusted None`): older tools trust a picture whose excepted parts were changed. With the authority's\n\
             certificate from the deployment itself, not from here, after `pip install c2pa-python`:\n\n\
             for f in data/c2pa/*.c2pa; do python3 -c '{SNIPPET}' authority.pem $f $W/packet-{packet}/data/items/$(basename $f .c2pa).*; done\n",
            files.len().saturating_sub(1)
        );
        if !without.is_empty() {
            text.push_str("\nItems without a sidecar: their kind has none, or their bytes are not those that the record names:\n");
            for item in without {
                text.push_str(item);
                text.push('\n');
            }
        }
        text
    }
}

/// Prints the name of the sidecar and `Trusted None` where it is right: the state, and what its hash excepts. Readers of today want to be told which use of a
/// certificate is right: signing C2PA claims.
const SNIPPET: &str = r#"
import sys, json, c2pa
ca, sidecar, photo = sys.argv[1:4]
trust = {"trust_anchors": open(ca).read(), "trust_config": "1.3.6.1.4.1.62558.2.1"}
context = c2pa.Context.from_dict({"trust": trust, "verify": {"remote_manifest_fetch": False}})
reader = c2pa.Reader("application/octet-stream", open(photo, "rb"), open(sidecar, "rb").read(), context)
(manifest,) = json.loads(reader.detailed_json())["manifests"].values()
print(sidecar, reader.get_validation_state(), manifest["assertion_store"]["c2pa.hash.data"].get("exclusions"))
"#;

/// Makes the sidecars of a packet's photos. What can't be read, or is not what the record names, gets none: the verifiers say why.
pub fn make(
    maker: &dyn SidecarMaker,
    origin: &str,
    packet: &PacketRow,
    file: &dyn ReadAt,
    at: Millis,
) -> SidecarFiles {
    let mut files = vec![(AUTHORITY.to_owned(), maker.authority().as_bytes().to_vec())];
    let mut without = Vec::new();
    let Some((source, record, sources)) = open(file) else {
        return SidecarFiles::Made { files, without };
    };
    let seal_sha256 = Sha256Digest(packet.seal_sha256);
    for item in &record.items {
        if item.is_party_drawing() {
            continue;
        }
        let claimed = sources.get(&item.capture_seq).map_or("", String::as_str);
        let photo = Photo {
            origin,
            packet: &packet.id,
            seal_sha256: &seal_sha256,
            item: &item.path,
            sha256: &item.sha256,
            media_type: &item.media_type,
            captured_at: item.captured_at,
            source: claimed,
            made_at: Timestamp::from_millis(at),
        };
        let made = path(&item.path)
            .filter(|_| is_sealed(&source, item))
            .map(|path| maker.sidecar(&photo).map(|made| Some((path, made?))));
        match made {
            Some(Ok(Some(file))) => files.push(file),
            Some(Ok(None)) | None => without.push(item.path.clone()),
            Some(Err(error)) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a C2PA sidecar could not be made; the export goes without"
                );
                without.push(item.path.clone());
            }
        }
    }
    SidecarFiles::Made { files, without }
}

/// The packet's files, its record, and the claimed source of each capture.
fn open(file: &dyn ReadAt) -> Option<(ZipSource<'_>, Record, HashMap<u64, String>)> {
    let source = ZipSource::open(file).ok()?;
    let read = |path| examine::read(&source, path, MOST_BYTES);
    let record: Record = parse_strict_as(&read("data/record.json")?).ok()?;
    let (lines, _) = custody::read(&read("data/custody.log")?, Head::START);
    let sources = lines
        .iter()
        .filter_map(|line| match line.known()? {
            Event::Captured(captured) => Some((captured.capture_seq, captured.context.source)),
            _ => None,
        })
        .collect();
    Some((source, record, sources))
}

/// `data/c2pa/0001.c2pa` for `data/items/0001.jpg`.
fn path(item: &str) -> Option<String> {
    let (number, _) = item.strip_prefix("data/items/")?.split_once('.')?;
    let is_number = number.len() >= 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{FOLDER}/{number}.c2pa"))
}

/// Whether an item's bytes are those that the record names.
fn is_sealed(source: &ZipSource<'_>, item: &Item) -> bool {
    let digest = source.open(&item.path).and_then(|file| {
        let size = file.size()?;
        Sha256Digest::of_reader(&mut Stretch::new(&*file, 0, size))
    });
    digest.is_ok_and(|(digest, _)| digest == item.sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sidecar_has_its_items_number() {
        assert_eq!(
            path("data/items/0001.jpg").as_deref(),
            Some("data/c2pa/0001.c2pa")
        );
        assert_eq!(
            path("data/items/12345.png").as_deref(),
            Some("data/c2pa/12345.c2pa")
        );
        for odd in [
            "data/items/1.jpg",
            "data/items/0001",
            "data/items/../x.jpg",
            "data/items/00a1.jpg",
            "items/0001.jpg",
        ] {
            assert_eq!(path(odd), None, "{odd}");
        }
    }
}
