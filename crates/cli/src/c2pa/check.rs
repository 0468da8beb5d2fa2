//! `fieldseal c2pa verify`: the sidecars of exports beside the photos in the packets, or one sidecar beside one photo.
//!
//! The packet is verified first, without trust anchors: a sidecar beside a packet whose own files fail says nothing. What a sidecar names (packet, packet
//! digest, item and its digest) must be what the sealed packet says.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use fieldseal_c2pa::is_signable;
use fieldseal_c2pa::judge::Judge;
use fieldseal_c2pa::profile::{MAX_SIDECAR, PacketClaim};
use fieldseal_packet::findings::Verdict;
use fieldseal_packet::record::Item;
use fieldseal_packet::verify::{Inputs, PacketCheck, Source, ZipSource, verify_zip};
use fieldseal_packet::zipread::ReadAt;
use serde::Serialize;
use serde_json::json;

use crate::verify::folder::FolderSource;

/// Largest file of authorities, in bytes.
const MAX_AUTHORITIES: u64 = 1 << 20;
const FOLDER: &str = "data/c2pa/";

/// What to judge.
#[derive(clap::Args)]
pub struct Args {
    /// Exports: folders or zips; with --sidecar, one photo
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The deployment's authority for sidecars, PEM: from the deployment, not from the export
    #[arg(long, value_name = "F")]
    authority: PathBuf,
    /// This one sidecar, beside the photo PATH
    #[arg(long, value_name = "F")]
    sidecar: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    json: bool,
}

/// What became of one sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Trusted,
    Refused,
    Absent,
}

#[derive(Debug, Serialize)]
struct Judged {
    path: PathBuf,
    item: String,
    outcome: Outcome,
    text: String,
}

/// Judges, prints, and gives the exit code.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let judge = Judge::new(&small(&args.authority, MAX_AUTHORITIES)?)?;
    let now = super::now();
    let mut judged = Vec::new();
    match (&args.sidecar, args.paths.as_slice()) {
        (Some(sidecar), [photo]) => judged.push(alone(&judge, sidecar, photo, now)?),
        (Some(_), _) => bail!("--sidecar takes one photo"),
        (None, paths) => {
            for path in paths {
                // A bug that one export brings to light must not take the others' answers with it.
                let found = catch_unwind(AssertUnwindSafe(|| export(&judge, path, now)))
                    .unwrap_or_else(|_| bail!("the reader stopped at {}", path.display()))?;
                judged.extend(found);
            }
        }
    }
    print(&judged, args.json)?;
    let has = |outcome| judged.iter().any(|one| one.outcome == outcome);
    Ok(ExitCode::from(match () {
        () if has(Outcome::Refused) => 1,
        () if has(Outcome::Absent) || judged.is_empty() => 3,
        () => 0,
    }))
}

fn print(judged: &[Judged], as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(out, "{:#}", json!({"sidecars": judged}))?;
    } else {
        for one in judged {
            let word = match one.outcome {
                Outcome::Trusted => "trusted",
                Outcome::Refused => "REFUSED",
                Outcome::Absent => "absent ",
            };
            // Control characters of a path or a claim must not reach the terminal.
            let line = format!("{word}  {}  {}  {}", one.path.display(), one.item, one.text);
            let line: String = line
                .chars()
                .map(|c| if c.is_control() { '\u{fffd}' } else { c })
                .collect();
            writeln!(out, "{line}")?;
        }
        writeln!(
            out,
            "A sidecar is for tools that know C2PA. What is proved of a packet, `fieldseal verify` says."
        )?;
    }
    out.flush()
}

fn alone(judge: &Judge, sidecar: &Path, photo: &Path, now: i64) -> anyhow::Result<Judged> {
    let bytes = bytes(sidecar, MAX_SIDECAR as u64 + 1)?;
    let file = File::open(photo).with_context(|| format!("{} can't be read", photo.display()))?;
    let (outcome, text) = match judge.judge(&bytes, file, now) {
        Ok(claim) => (Outcome::Trusted, words(&claim)),
        Err(refused) => (Outcome::Refused, refused.to_string()),
    };
    Ok(Judged {
        path: photo.to_owned(),
        item: String::new(),
        outcome,
        text,
    })
}

fn export(judge: &Judge, path: &Path, now: i64) -> anyhow::Result<Vec<Judged>> {
    let unreadable = || format!("{} can't be read", path.display());
    if path.is_dir() {
        return within(
            judge,
            &FolderSource::open(path).with_context(unreadable)?,
            path,
            now,
        );
    }
    let file = File::open(path).with_context(unreadable)?;
    let source = ZipSource::open(&file).with_context(unreadable)?;
    within(judge, &source, path, now)
}

fn within(
    judge: &Judge,
    source: &dyn Source,
    path: &Path,
    now: i64,
) -> anyhow::Result<Vec<Judged>> {
    let files = source.files();
    let mut packets = files
        .iter()
        .filter(|(name, _)| name.starts_with("data/packet-") && name.ends_with(".zip"));
    let (Some((packet, _)), None) = (packets.next(), packets.next()) else {
        bail!(
            "{} holds no packet, or more than one: it is no export",
            path.display()
        );
    };
    let zip = source.open(packet)?;
    let check = verify_zip(&*zip, &Inputs::default());
    let packet = ZipSource::open(&*zip).context("the packet's zip does not read")?;
    let items: &[Item] = check.record.as_ref().map_or(&[], |record| &record.items);
    let one = |item: &str, outcome, text: String| Judged {
        path: path.to_owned(),
        item: item.to_owned(),
        outcome,
        text,
    };
    let mut judged = Vec::new();
    for (name, size) in &files {
        let Some(stem) = name
            .strip_prefix(FOLDER)
            .and_then(|name| name.strip_suffix(".c2pa"))
        else {
            continue;
        };
        let Some(item) = items.iter().find(|item| number(&item.path) == Some(stem)) else {
            judged.push(one(
                name,
                Outcome::Refused,
                "there is no such item".to_owned(),
            ));
            continue;
        };
        let found = beside(judge, source, &packet, (name, *size), (&check, item), now)
            .with_context(|| format!("{name} can't be read"))?;
        judged.push(match found {
            Ok(claim) => one(&item.path, Outcome::Trusted, words(&claim)),
            Err(why) => one(&item.path, Outcome::Refused, why),
        });
    }
    for item in items {
        let has_one = judged.iter().any(|one| one.item == item.path);
        if is_signable(&item.media_type) && !item.is_party_drawing() && !has_one {
            judged.push(one(&item.path, Outcome::Absent, "no sidecar".to_owned()));
        }
    }
    Ok(judged)
}

/// A sidecar beside its item in the packet: what it says, or why it is refused.
fn beside(
    judge: &Judge,
    source: &dyn Source,
    packet: &ZipSource<'_>,
    (name, size): (&str, u64),
    (check, item): (&PacketCheck, &Item),
    now: i64,
) -> io::Result<Result<PacketClaim, String>> {
    if check.report.verdict == Verdict::Failed {
        return Ok(Err(
            "the packet itself fails: see `fieldseal verify`".to_owned()
        ));
    }
    let mut bytes = Vec::new();
    let file = source.open(name)?;
    Seekable::new(&*file)?
        .take(size.min(MAX_SIDECAR as u64 + 1))
        .read_to_end(&mut bytes)?;
    let photo = packet.open(&item.path)?;
    let claim = match judge.judge(&bytes, Seekable::new(&*photo)?, now) {
        Ok(claim) => claim,
        Err(refused) => return Ok(Err(refused.to_string())),
    };
    let id = check.packet.map(|id| id.to_string());
    let seal = check.seal_sha256.map(|digest| digest.to_string());
    let agrees = Some(&claim.packet) == id.as_ref()
        && Some(&claim.seal_sha256) == seal.as_ref()
        && claim.item == item.path
        && claim.item_sha256 == item.sha256.to_string();
    Ok(if agrees {
        Ok(claim)
    } else {
        Err("it names another packet or another item".to_owned())
    })
}

fn words(claim: &PacketClaim) -> String {
    format!(
        "bytes as in packet {}; captured {} as the device claims",
        claim.packet, claim.claimed.captured_at
    )
}

/// `0001` of `data/items/0001.jpg`.
fn number(item: &str) -> Option<&str> {
    let (number, _) = item.strip_prefix("data/items/")?.split_once('.')?;
    Some(number)
}

fn bytes(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .with_context(|| format!("{} can't be read", path.display()))?;
    Ok(bytes)
}

fn small(path: &Path, limit: u64) -> anyhow::Result<String> {
    String::from_utf8(bytes(path, limit)?).with_context(|| format!("{} is no text", path.display()))
}

/// A file of a source as something to read and seek in.
struct Seekable<'a> {
    file: &'a dyn ReadAt,
    size: u64,
    place: u64,
}

impl<'a> Seekable<'a> {
    fn new(file: &'a dyn ReadAt) -> io::Result<Self> {
        Ok(Self {
            size: file.size()?,
            file,
            place: 0,
        })
    }
}

impl io::Read for Seekable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.place)?;
        self.place += read as u64;
        Ok(read)
    }
}

impl io::Seek for Seekable<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let place = match to {
            io::SeekFrom::Start(place) => Some(place),
            io::SeekFrom::End(by) => self.size.checked_add_signed(by),
            io::SeekFrom::Current(by) => self.place.checked_add_signed(by),
        };
        self.place = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.place)
    }
}
