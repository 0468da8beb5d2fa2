//! Many exports one after another, of which only one is in memory: as folders, or as one zip that is made while it is sent.
//!
//! **Folders.** `evidence-<id>` that is there already is left alone, so that a run that was broken off is taken up by running it again. A folder gets its name
//! when everything in it is on the disk; until then it is called `.evidence-<id>.partial`, which the next run throws away.
//!
//! **Zip.** `evidence-<id>/…` for each packet, last `index.txt`, which says of each packet asked for what became of it. The zip's central records, which grow
//! with the number of files, wait in a temporary file. A zip that was broken off has no end, and every tool refuses it.
//!
//! Every packet is written into custody and audit at its turn, as with a single export. One that can't be exported is passed over and named.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fieldseal_packet::ziplayout::{LayoutEntry, Series};
use fieldseal_packet::zipread::{ReadAt, Stretch};

use super::content::Content;
use super::redacted::{Redaction, Redactions};
use super::report::{Extent, Occasion};
use super::stock::{Made, Stock};
use super::{Bag, ExportError};
use crate::ambient::Millis;
use crate::store::packets::{self, PacketRow};

/// Packets in one run.
pub const MOST: u32 = 100_000;
/// Folders that wait for one sync.
const BATCH: usize = 64;
const CHUNK: usize = 256 * 1024;

/// What became of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is here now.
    Exported,
    /// It was here already.
    Present,
    /// It is not in the log yet, so that there is no receipt and no proof.
    NotLogged,
    /// Its bytes were erased by rule; leaf and tombstone stay in the log.
    Erased,
    /// There is no packet of that name.
    Unknown,
    /// What is stored of it does not read; the log says more.
    Unreadable,
    /// Its photos can't be redacted as it was asked for, or it was here already without the copies; nothing of it was written.
    NotRedacted,
}

impl Outcome {
    /// The word in `index.txt`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Present => "present",
            Self::NotLogged => "not-logged",
            Self::Erased => "erased",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
            Self::NotRedacted => "not-redacted",
        }
    }
}

/// The run was broken off.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BulkError {
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// Nothing more can be written, or the reader went away.
    #[error("the exports can't be written")]
    Write(#[source] io::Error),
    /// A packet broke off while it was copied.
    #[error("a stored packet can't be read to its end")]
    Read(#[source] io::Error),
}

/// Who exports, what the exports hold, and the clock.
pub struct Order<'a> {
    /// `account/<name>`, or `admin`.
    pub actor: &'a str,
    /// Reports, stamped copies.
    pub extent: Extent,
    /// Redacted copies of photos, by packet.
    pub redactions: &'a Redactions,
    /// The time at each packet's turn.
    pub now: &'a dyn Fn() -> Millis,
}

/// One packet's export, or why there is none. Only the database breaks a run off.
fn make(
    stock: &Stock<'_>,
    order: &Order<'_>,
    packet: &PacketRow,
) -> Result<Result<Made, Outcome>, BulkError> {
    let occasion = Occasion {
        actor: order.actor,
        at: (order.now)(),
    };
    let none = Redaction::default();
    let redaction = order.redactions.of(&packet.slug).unwrap_or(&none);
    match stock.export_redacted(packet, occasion, order.extent, redaction) {
        Ok(made) => Ok(Ok(made)),
        Err(ExportError::Redaction(why)) => {
            tracing::warn!(why, "a packet was not redacted as it was asked for");
            Ok(Err(Outcome::NotRedacted))
        }
        Err(ExportError::NotLogged) => Ok(Err(Outcome::NotLogged)),
        Err(ExportError::Erased) => Ok(Err(Outcome::Erased)),
        Err(ExportError::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a packet could not be exported"
            );
            Ok(Err(Outcome::Unreadable))
        }
    }
}

fn find(stock: &Stock<'_>, id: &str) -> Result<Option<PacketRow>, BulkError> {
    Ok(stock.db.read_blocking(|c| packets::by_slug(c, id))?)
}

/// Writes one export as a folder that is not there yet. `packet`: where its zip lies.
pub fn write_folder(bag: &Bag, packet: &Path, root: &Path) -> io::Result<()> {
    for (path, content) in &bag.files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        io::copy(&mut content.rest(0), &mut File::create(&path)?)?;
    }
    let mut source = File::open(packet)?;
    let mut target = File::create_new(root.join(&bag.zip_path))?;
    io::copy(&mut source, &mut target)?;
    Ok(())
}

/// Writes exports as folders within `folder`; `told` hears of each packet.
pub fn folders(
    stock: &Stock<'_>,
    order: &Order<'_>,
    ids: &[String],
    folder: &Path,
    mut told: impl FnMut(&str, Outcome),
) -> Result<(), BulkError> {
    fs::create_dir_all(folder).map_err(BulkError::Write)?;
    let mut waiting: Vec<(PathBuf, PathBuf)> = Vec::new();
    for id in ids {
        let Some(packet) = find(stock, id)? else {
            told(id, Outcome::Unknown);
            continue;
        };
        let done = folder.join(format!("evidence-{}", packet.slug));
        if done.exists() {
            let redaction = order.redactions.of(&packet.slug);
            told(
                id,
                match redaction.is_none_or(|redaction| redaction.is_in(&done)) {
                    true => Outcome::Present,
                    false => Outcome::NotRedacted,
                },
            );
            continue;
        }
        let partial = folder.join(format!(".evidence-{}.partial", packet.slug));
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(BulkError::Write)?;
        }
        match make(stock, order, &packet)? {
            Ok((bag, _)) => {
                let zip = stock
                    .blobs
                    .path(&fieldseal_packet::Sha256Digest(packet.zip_sha256));
                write_folder(&bag, &zip, &partial).map_err(BulkError::Write)?;
                waiting.push((partial, done));
                if waiting.len() == BATCH {
                    name(folder, &mut waiting)?;
                }
                told(id, Outcome::Exported);
            }
            Err(outcome) => told(id, outcome),
        }
    }
    name(folder, &mut waiting)
}

/// Gives folders their names once they are on the disk.
fn name(folder: &Path, waiting: &mut Vec<(PathBuf, PathBuf)>) -> Result<(), BulkError> {
    sync(folder).map_err(BulkError::Write)?;
    for (partial, done) in waiting.drain(..) {
        fs::rename(partial, done).map_err(BulkError::Write)?;
    }
    Ok(())
}

/// Everything that was written below this folder is on the disk: one call for some thousand files.
#[cfg(target_os = "linux")]
fn sync(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes exports as one zip; gives how many there are in it.
pub fn zip(
    stock: &Stock<'_>,
    order: &Order<'_>,
    ids: &[String],
    out: &mut dyn Write,
    mut told: impl FnMut(&str, Outcome),
) -> Result<u64, BulkError> {
    let mut zip = Zip::new(out).map_err(BulkError::Write)?;
    let mut exported = 0;
    for id in ids {
        let mut line = [id.as_str(), "-", "-"].map(str::to_owned);
        let outcome = match find(stock, id)? {
            None => Outcome::Unknown,
            Some(packet) => {
                line[1] = hex::encode(packet.seal_sha256);
                line[2] = hex::encode(packet.zip_sha256);
                match make(stock, order, &packet)? {
                    Ok((bag, file)) => {
                        zip.bag(&bag, &*file)?;
                        exported += 1;
                        Outcome::Exported
                    }
                    Err(outcome) => outcome,
                }
            }
        };
        writeln!(zip.index, "{}\t{}", line.join("\t"), outcome.word()).map_err(BulkError::Write)?;
        told(id, outcome);
    }
    zip.finish().map_err(BulkError::Write)?;
    Ok(exported)
}

/// A zip in the making: what is written goes out at once, what has to wait for the end lies in files without a name.
struct Zip<'a> {
    out: &'a mut dyn Write,
    series: Series,
    central: io::BufWriter<File>,
    index: io::BufWriter<File>,
}

impl<'a> Zip<'a> {
    fn new(out: &'a mut dyn Write) -> io::Result<Self> {
        let mut index = io::BufWriter::new(tempfile::tempfile()?);
        index
            .write_all(b"packet\tsha256 of packet.seal\tsha256 of the zip\twhat became of it\n")?;
        Ok(Self {
            out,
            series: Series::new(),
            central: io::BufWriter::new(tempfile::tempfile()?),
            index,
        })
    }

    fn entry(&mut self, path: String, size: u64, crc32: u32) -> io::Result<()> {
        let entry = LayoutEntry { path, size, crc32 };
        let (header, central) = self.series.next(&entry)?;
        self.out.write_all(&header)?;
        self.central.write_all(&central)
    }

    fn bag(&mut self, bag: &Bag, packet: &dyn ReadAt) -> Result<(), BulkError> {
        let size = packet.size().map_err(BulkError::Read)?;
        // A zip wants the CRC before the content, so the packet is read twice.
        let mut crc = crc32fast::Hasher::new();
        chunks(&mut Stretch::new(packet, 0, size), |bytes| {
            crc.update(bytes);
            Ok(())
        })?;
        for (path, content) in &bag.files {
            let path = format!("{}/{path}", bag.folder);
            self.entry(path, content.size(), content.crc32())
                .map_err(BulkError::Write)?;
            let out = &mut self.out;
            match content {
                Content::Bytes(bytes) => out.write_all(bytes).map_err(BulkError::Write)?,
                Content::Spooled(_) => chunks(&mut content.rest(0), |bytes| out.write_all(bytes))?,
            }
        }
        let path = format!("{}/{}", bag.folder, bag.zip_path);
        self.entry(path, size, crc.finalize())
            .map_err(BulkError::Write)?;
        let out = &mut self.out;
        chunks(&mut Stretch::new(packet, 0, size), |bytes| {
            out.write_all(bytes)
        })
    }

    fn finish(mut self) -> io::Result<()> {
        let mut index = self
            .index
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        let size = index.stream_position()?;
        index.seek(SeekFrom::Start(0))?;
        let mut crc = crc32fast::Hasher::new();
        let mut bytes = vec![0; CHUNK];
        loop {
            let read = index.read(&mut bytes)?;
            if read == 0 {
                break;
            }
            crc.update(&bytes[..read]);
        }
        let entry = LayoutEntry {
            path: "index.txt".to_owned(),
            size,
            crc32: crc.finalize(),
        };
        let (header, central) = self.series.next(&entry)?;
        self.out.write_all(&header)?;
        index.seek(SeekFrom::Start(0))?;
        io::copy(&mut index, self.out)?;
        self.central.write_all(&central)?;
        let mut records = self
            .central
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        records.seek(SeekFrom::Start(0))?;
        io::copy(&mut records, self.out)?;
        self.out.write_all(&self.series.end())?;
        self.out.flush()
    }
}

/// Reads to the end, a chunk at a time. A fault of the reader and one of whoever takes the chunks are told apart.
fn chunks(
    from: &mut dyn Read,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), BulkError> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = from.read(&mut buffer).map_err(BulkError::Read)?;
        if read == 0 {
            return Ok(());
        }
        take(&buffer[..read]).map_err(BulkError::Write)?;
    }
}
