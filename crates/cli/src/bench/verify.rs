//! Verifying 80 stored zips of 25 MB, against the bare digest of the zips by OpenSSL, and against `unzip` and `bagit.py --validate`, which check
//! less: no signatures, no record, no log. Then the same packets as folders ([`super::bags`]), and what memory the verifier takes for one very
//! large packet and for one of very many files.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use fieldseal_packet::bag::{BagInput, PROFILE, PayloadFile, assemble};
use fieldseal_packet::ziplayout::{Layout, LayoutEntry};

use super::bags;
use super::measure::{self, Subject, find, interleaved, program, typical};
use super::photos;
use super::site::enrolled;
use super::table::{Row, mib, ms};

const PACKETS: usize = 80;
const FEW: usize = 16;
/// Packets that are measured as folders too.
const BAGS: usize = 40;
const GOAL: f64 = 1.0 / 7.0;
const HASH_GOAL: f64 = 1.0;
/// Wall time on all cores, times their number, against wall time on one.
const ALL_CORES_GOAL: f64 = 1.2;
const MEMORY_GOAL_MIB: f64 = 64.0;
/// Exit codes of `fieldseal verify`: verified, or not proved for want of timestamps.
pub const SOUND: &[i32] = &[0, 3];
const LARGE_BYTES: u64 = 3 << 30;
const MANY_FILES: usize = 19_000;

/// Measures verification.
pub fn rows(rounds: u32, dir: &Path) -> anyhow::Result<Vec<Row>> {
    let (zips, trust) = packets(dir)?;
    let bytes: u64 = zips
        .iter()
        .map(|zip| zip.metadata().map_or(0, |zip| zip.len()))
        .sum();
    let what = format!(
        "verify of {PACKETS} stored zips ({:.1} GB)",
        bytes as f64 / 1e9
    );
    let ours = |pinned: Option<&PathBuf>, zips: &[PathBuf]| -> anyhow::Result<_> {
        read_in(zips)?;
        let fieldseal = std::env::current_exe()?;
        let mut command = match pinned {
            Some(taskset) => {
                let mut command = Command::new(taskset);
                command.args(["--cpu-list", "0"]).arg(fieldseal);
                command
            }
            None => Command::new(fieldseal),
        };
        command
            .args(["verify", "--json", "--trust"])
            .arg(&trust)
            .args(zips);
        program(&mut command, SOUND)
    };
    let mut rows = Vec::new();
    let unpacked = dir.join("unpacked");
    let tools = (find("unzip"), find("bagit.py"));
    let (taskset, openssl) = (find("taskset"), find("openssl"));
    let mut subjects: Vec<Subject<'_>> = vec![Box::new(|_| ours(None, &zips))];
    // So few that they stay in memory.
    let few = zips.get(..FEW).unwrap_or(&zips);
    if taskset.is_some() {
        subjects.push(Box::new(|_| ours(None, few)));
        subjects.push(Box::new(|_| ours(taskset.as_ref(), few)));
    }
    if let Some(openssl) = &openssl {
        subjects.push(Box::new(|_| bags::digest(openssl, &zips)));
    }
    let have_tools = match &tools {
        (Some(unzip), Some(bagit)) => {
            subjects.push(Box::new(|_| by_hand(unzip, bagit, &zips, &unpacked)));
            true
        }
        _ => false,
    };
    let costs = interleaved(rounds, &mut subjects)?;
    drop(subjects);
    let mut typicals = costs.iter().map(|costs| typical(costs));
    let ours = typicals.next().unwrap_or_default();
    let on_cores = taskset
        .as_ref()
        .and_then(|_| Some((typicals.next()?, typicals.next()?)));
    let hashed = openssl.as_ref().and_then(|_| typicals.next());
    rows.push(match hashed {
        Some(theirs) => Row::new(
            format!("{what}: CPU"),
            ms(ours.cpu_s),
            format!("openssl dgst -sha256 of the zips {}", ms(theirs.cpu_s)),
            ours.cpu_s / theirs.cpu_s,
            Some(HASH_GOAL),
        ),
        None => Row::missing(
            format!("{what}: CPU"),
            Some(HASH_GOAL),
            "openssl is not installed",
        ),
    });
    match typicals.next() {
        Some(theirs) if have_tools => rows.push(
            Row::new(
                format!("{what}: CPU"),
                ms(ours.cpu_s),
                format!("unzip + bagit.py --validate {}", ms(theirs.cpu_s)),
                ours.cpu_s / theirs.cpu_s,
                Some(GOAL),
            )
            .note(format!(
                "{:.2} GB per CPU second; wall {} against {}",
                bytes as f64 / 1e9 / ours.cpu_s,
                ms(ours.wall_s),
                ms(theirs.wall_s)
            )),
        ),
        _ => rows.push(Row::missing(
            format!("{what}: CPU"),
            Some(GOAL),
            "unzip or bagit.py is not installed",
        )),
    }
    let cores = std::thread::available_parallelism()?.get() as f64;
    let goal = Some(ALL_CORES_GOAL / cores);
    let on_all = format!("verify of {FEW} stored zips in memory: wall on all {cores} cores");
    rows.push(match on_cores {
        Some((all, one)) => Row::new(
            on_all,
            ms(all.wall_s),
            format!("on one of them {}", ms(one.wall_s)),
            all.wall_s / one.wall_s,
            goal,
        )
        .note(format!(
            "{:.2} cores at work; other programs have their share of them",
            all.cpu_s / all.wall_s
        )),
        None => Row::missing(
            on_all,
            goal,
            "taskset, which ties a program to one core, is not installed",
        ),
    });
    rows.push(memory("of these", ours.peak_kib.unwrap_or(0)));
    let as_bags = zips.get(..BAGS).unwrap_or(&zips);
    rows.extend(bags::rows(rounds, dir, as_bags, &trust)?);
    for zip in zips {
        fs::remove_file(zip)?;
    }
    for (name, path) in [
        ("of a packet with one file of 3 GiB", large(dir)?),
        ("of a packet of 19,000 files", many(dir)?),
    ] {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["verify", "--json"]).arg(&path);
        // Unsealed, so not a good packet; but read to the last byte.
        rows.push(memory(
            name,
            program(&mut command, &[1])?.peak_kib.unwrap_or(0),
        ));
        fs::remove_file(path)?;
    }
    Ok(rows)
}

/// Not the disk's speed is meant: what the one before has pushed out of memory is read in again.
pub fn read_in(files: &[PathBuf]) -> io::Result<()> {
    for file in files {
        io::copy(&mut File::open(file)?, &mut io::sink())?;
    }
    Ok(())
}

fn memory(of: &str, peak_kib: u64) -> Row {
    Row::new(
        format!("memory while verifying, MiB: {of}"),
        mib(peak_kib),
        "the goal",
        peak_kib as f64 / 1024.0,
        Some(MEMORY_GOAL_MIB),
    )
}

/// 80 packets of five photos, sealed by a tablet, and its trust file.
fn packets(dir: &Path) -> anyhow::Result<(Vec<PathBuf>, PathBuf)> {
    let photos = photos::five()?;
    let photos: Vec<&[u8]> = photos.iter().map(Vec::as_slice).collect();
    let (tablet, _) = enrolled(dir, true)?;
    let trust = dir.join("trust");
    fs::write(
        &trust,
        tablet
            .engine
            .trust()
            .map_err(|problem| anyhow::anyhow!(problem.code))?,
    )?;
    let mut zips = Vec::new();
    for _ in 0..PACKETS {
        let id = tablet.packet(&photos)?;
        zips.push(tablet.export(&id, dir)?);
    }
    drop(tablet);
    fs::remove_dir_all(dir.join("tablet"))?;
    Ok((zips, trust))
}

fn by_hand(
    unzip: &Path,
    bagit: &Path,
    zips: &[PathBuf],
    to: &Path,
) -> anyhow::Result<measure::Cost> {
    fs::create_dir_all(to)?;
    let mut sum = measure::Cost::default();
    let mut add = |cost: measure::Cost| {
        sum.cpu_s += cost.cpu_s;
        sum.wall_s += cost.wall_s;
        sum.peak_kib = sum.peak_kib.max(cost.peak_kib);
    };
    for zip in zips {
        add(program(
            Command::new(unzip).arg("-q").arg(zip).arg("-d").arg(to),
            &[0],
        )?);
    }
    let bags: Vec<PathBuf> = fs::read_dir(to)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    let mut command = Command::new(bagit);
    command.args(["--quiet", "--validate"]).args(&bags);
    add(program(&mut command, &[0])?);
    fs::remove_dir_all(to)?;
    Ok(sum)
}

/// An item of zeros or of one repeated byte, as long as wanted.
struct Item {
    size: u64,
    byte: u8,
}

impl Item {
    fn read(&self) -> impl Read {
        io::repeat(self.byte).take(self.size)
    }
}

fn large(dir: &Path) -> anyhow::Result<PathBuf> {
    bag(
        dir,
        "large",
        &[Item {
            size: LARGE_BYTES,
            byte: 7,
        }],
    )
}

fn many(dir: &Path) -> anyhow::Result<PathBuf> {
    let items: Vec<Item> = (0..MANY_FILES)
        .map(|n| Item {
            size: 512,
            byte: (n % 251) as u8,
        })
        .collect();
    bag(dir, "many", &items)
}

/// A bag of these items, not sealed, written without ever being in memory.
fn bag(dir: &Path, name: &str, items: &[Item]) -> anyhow::Result<PathBuf> {
    let path = |n: usize| format!("data/items/{:05}.bin", n + 1);
    let mut payload = Vec::new();
    let mut entries = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let mut crc = crc32fast::Hasher::new();
        let (mut reader, mut buffer) = (item.read(), vec![0; 1 << 16]);
        let mut hash = fieldseal_packet::Sha256Writer::new();
        loop {
            let count = reader.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            hash.write_all(&buffer[..count])?;
            crc.update(&buffer[..count]);
        }
        payload.push(PayloadFile {
            path: path(n),
            size: item.size,
            sha256: hash.finish(),
        });
        entries.push(LayoutEntry {
            path: format!("packet-{name}/{}", path(n)),
            size: item.size,
            crc32: crc.finalize(),
        });
    }
    let bag = assemble(&BagInput {
        id: name,
        profile: PROFILE,
        at: "2026-01-01T00:00:00.000Z".parse()?,
        payload: &payload,
        tags: &[],
    });
    let files = bag.files;
    let mut all: Vec<LayoutEntry> = files
        .iter()
        .map(|(path, bytes)| LayoutEntry {
            path: format!("packet-{name}/{path}"),
            size: bytes.len() as u64,
            crc32: crc32fast::hash(bytes),
        })
        .collect();
    all.extend(entries);
    let layout = Layout::new(&all)?;
    let open = |index: usize, offset: u64| -> io::Result<Box<dyn Read + '_>> {
        if let Some((_, bytes)) = files.get(index) {
            let from = usize::try_from(offset)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            return Ok(Box::new(&bytes[from..]));
        }
        let item = items
            .get(index - files.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Box::new(io::repeat(item.byte).take(item.size - offset)))
    };
    let zip = dir.join(format!("{name}.zip"));
    io::copy(&mut layout.reader(0, open), &mut File::create(&zip)?)?;
    Ok(zip)
}
