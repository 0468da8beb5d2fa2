//! The log: leaves appended by 64 clients, each answered with a signed checkpoint that is durable and holds its leaf, against the bare rate at
//! which this disk syncs; and proofs out of a tree of ten million leaves against reading the tiles that they need.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use fieldseal_server::ambient::SystemClock;
use fieldseal_server::log::publish::{Published, newest_published};
use fieldseal_server::log::sequencer::{Sequencer, Work};
use fieldseal_server::store::log::Hashes;
use fieldseal_server::store::{Db, StoreError, log as rows_of};
use fieldseal_tlog::checkpoint::{self, Checkpoint};
use fieldseal_tlog::merkle::{Hash, HashReader, StoredHash, leaf_hash, node_hash, prove_inclusion};
use fieldseal_tlog::note::{Ed25519Signer, Note, Signer as _};
use fieldseal_tlog::tile::{TILE_WIDTH, TilePath, hash_tile, tile_of};

use super::measure::{self, Cost, Subject, interleaved, now, typical};
use super::table::{Row, ms};

const CLIENTS: usize = 64;
const SPAN: Duration = Duration::from_secs(3);
/// Longest that a client waits for its answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// An append may take this part of a bare sync.
const APPEND_GOAL: f64 = 0.2;
const LEAVES: u64 = 10_000_000;
const PROOFS: u64 = 1_000;
const PROOF_GOAL: f64 = 2.0;

/// Measures both.
pub fn rows(rounds: u32, dir: &Path) -> anyhow::Result<Vec<Row>> {
    Ok(vec![appends(rounds, dir)?, proofs(rounds, dir)?])
}

fn appends(rounds: u32, dir: &Path) -> anyhow::Result<Row> {
    let runtime = tokio::runtime::Runtime::new()?;
    let log = Log::make(&dir.join("appends"))?;
    let (mut appended, mut synced) = (0, 0);
    let mut subjects: [Subject<'_>; 2] = [
        Box::new(|_| {
            let count = runtime.block_on(log.run())?;
            appended += count;
            Ok(each(SPAN, count))
        }),
        Box::new(|_| {
            let count = syncs(&dir.join("syncs"))?;
            synced += count;
            Ok(each(SPAN / 3, count))
        }),
    ];
    let costs = interleaved(rounds, &mut subjects)?;
    drop(subjects);
    log.check(appended)?;
    let [ours, theirs] = [0, 1].map(|n| costs.get(n).map_or(0.0, |costs| typical(costs).wall_s));
    Ok(Row::new(
        format!("an append by one of {CLIENTS} clients, answered by a durable signed checkpoint that holds it: wall"),
        ms(ours),
        format!("a bare write and fdatasync of 4 KiB, {}", ms(theirs)),
        ours / theirs,
        Some(APPEND_GOAL),
    )
    .note(format!(
        "{:.0} appends a second, {:.0} bare syncs a second: {:.1} ×; {appended} and {synced} in all",
        1.0 / ours,
        1.0 / theirs,
        theirs / ours
    )))
}

fn each(span: Duration, count: u64) -> Cost {
    Cost {
        wall_s: span.as_secs_f64() / count.max(1) as f64,
        ..Cost::default()
    }
}

/// Writes and syncs until the time is over.
fn syncs(path: &Path) -> anyhow::Result<u64> {
    let (mut file, block) = (File::create(path)?, [7; 4096]);
    let (began, mut count) = (now(), 0);
    while began.elapsed() < SPAN / 3 {
        file.write_all(&block)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(count)
}

/// A log as a server keeps it, with its sequencer and without the rest.
struct Log {
    db: Db,
    key: Arc<Ed25519Signer>,
    published: Published,
    /// So that no two leaves are the same.
    number: Arc<AtomicU64>,
}

impl Log {
    fn make(dir: &Path) -> anyhow::Result<Self> {
        let published = Published {
            folder: dir.join("log"),
            copy: dir.join("elsewhere/checkpoint"),
        };
        fs::create_dir_all(&published.folder)?;
        fs::create_dir_all(dir.join("elsewhere"))?;
        Ok(Self {
            db: Db::open(&dir.join("server.db"), true)?,
            key: Arc::new(Ed25519Signer::from_seed(
                "bench.fieldseal.example/log",
                &[5; 32],
            )?),
            published,
            number: Arc::default(),
        })
    }

    /// All clients for [`SPAN`]; gives the appends that were answered in it.
    async fn run(&self) -> anyhow::Result<u64> {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let work = Work {
            db: self.db.clone(),
            keys: vec![self.key.clone()],
            published: self.published.clone(),
            clock: Arc::new(SystemClock),
            after: Arc::new(|| Ok(())),
        };
        let first = work.round()?;
        let (sequencer, task) = Sequencer::start(work, first, Duration::from_secs(1), stopped);
        let (began, mut clients) = (now(), Vec::new());
        for _ in 0..CLIENTS {
            let (db, sequencer) = (self.db.clone(), sequencer.clone());
            let (folder, number) = (self.published.folder.clone(), Arc::clone(&self.number));
            clients.push(tokio::spawn(async move {
                let mut answered = 0;
                while began.elapsed() < SPAN {
                    append(
                        &db,
                        &sequencer,
                        &folder,
                        number.fetch_add(1, Ordering::Relaxed),
                    )
                    .await?;
                    answered += 1;
                }
                Ok::<u64, anyhow::Error>(answered)
            }));
        }
        let mut answered = 0;
        for client in clients {
            answered += client.await??;
        }
        stop.send_replace(true);
        task.await?;
        Ok(answered)
    }

    /// Every answered leaf is in the tree under a checkpoint of the log's key.
    fn check(&self, appended: u64) -> anyhow::Result<()> {
        let bytes = fs::read(self.published.folder.join("checkpoint"))?;
        let head = checkpoint::open(&bytes, self.key.vkey())?;
        ensure!(
            head.size == appended,
            "{} leaves for {appended} answers",
            head.size
        );
        Ok(())
    }
}

/// What a request that becomes a leaf does: its transaction, the wait for the log, and the checkpoint that it is answered with.
async fn append(db: &Db, sequencer: &Sequencer, folder: &Path, number: u64) -> anyhow::Result<()> {
    // As long as a seal.
    let note = format!(
        "bench leaf {number:>20}\n{}",
        "a line of about the length that seals have\n".repeat(15)
    );
    db.write(move |tx| rows_of::add_pending(tx, "bench", note.as_bytes()))
        .await?;
    ensure!(sequencer.settle(PATIENCE).await, "the log does not go on");
    let (db, folder) = (db.clone(), folder.to_owned());
    let newest = tokio::task::spawn_blocking(move || newest_published(&db, &folder)).await??;
    let note = Note::parse(&newest.context("nothing is published")?)?;
    Checkpoint::parse(&note.text)?;
    Ok(())
}

fn proofs(rounds: u32, dir: &Path) -> anyhow::Result<Row> {
    let db = Db::open(&dir.join("large.db"), true)?;
    grow(&db)?;
    // Spread over the whole tree, in no order.
    let wanted: Vec<u64> = (0..PROOFS)
        .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % LEAVES)
        .collect();
    let tiles = dir.join("tiles");
    let needed = db.read_blocking(|c| {
        wanted
            .iter()
            .map(|index| needed(*index, &Hashes(c), &tiles))
            .collect::<Result<Vec<_>, _>>()
    });
    let needed = needed.map_err(|error: ReadError| error.0)?;
    let files: usize = needed.iter().map(Vec::len).sum();
    let mut subjects: [Subject<'_>; 2] = [
        Box::new(|_| {
            measure::on_this_thread(|| {
                for index in &wanted {
                    let proof =
                        db.read_blocking(|c| Ok(prove_inclusion(*index, LEAVES, &Hashes(c))?));
                    black_box(proof.map_err(|error: ReadError| error.0)?);
                }
                Ok(())
            })
        }),
        Box::new(|_| {
            measure::on_this_thread(|| {
                for path in needed.iter().flatten() {
                    black_box(fs::read(path)?);
                }
                Ok(())
            })
        }),
    ];
    // What either has to read is in memory before the first round.
    for subject in &mut subjects {
        subject(0)?;
    }
    let costs = interleaved(rounds, &mut subjects)?;
    let [ours, theirs] = [0, 1].map(|n| {
        costs
            .get(n)
            .map_or_else(Cost::default, |costs| typical(costs))
    });
    let row = Row::new(
        format!("{PROOFS} inclusion proofs for leaves of {LEAVES}: CPU"),
        ms(ours.cpu_s),
        format!("reading the tiles that they need, {}", ms(theirs.cpu_s)),
        ours.cpu_s / theirs.cpu_s,
        Some(PROOF_GOAL),
    );
    Ok(row.note(format!(
        "{:.0} µs a proof; {:.1} tiles each; wall {} against {}",
        ours.cpu_s / PROOFS as f64 * 1e6,
        files as f64 / PROOFS as f64,
        ms(ours.wall_s),
        ms(theirs.wall_s)
    )))
}

/// A failed read, whichever of the two it was.
struct ReadError(anyhow::Error);

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self(error.into())
    }
}

/// The nodes of a tree of [`LEAVES`], in the table in which the server keeps them.
fn grow(db: &Db) -> anyhow::Result<()> {
    const BATCH: u64 = 250_000;
    // The newest complete node of each level: what the next ones are made of.
    let mut left: [Hash; 64] = [[0; 32]; 64];
    for first in (0..LEAVES).step_by(BATCH as usize) {
        db.write_blocking(|tx| {
            for index in first..(first + BATCH).min(LEAVES) {
                let mut node = StoredHash {
                    level: 0,
                    index,
                    hash: leaf_hash(&index.to_be_bytes()),
                };
                loop {
                    rows_of::keep_node(tx, &node)?;
                    let before = std::mem::replace(&mut left[usize::from(node.level)], node.hash);
                    if node.index & 1 == 0 {
                        break;
                    }
                    node = StoredHash {
                        level: node.level + 1,
                        index: node.index >> 1,
                        hash: node_hash(&before, &node.hash),
                    };
                }
            }
            Ok::<_, StoreError>(())
        })?;
    }
    Ok(())
}

/// The tiles that hold all that a proof is made of, written where a log publishes them.
fn needed(index: u64, nodes: &dyn HashReader, folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let noted = Noted {
        nodes,
        read: RefCell::default(),
    };
    prove_inclusion(index, LEAVES, &noted)?;
    let mut paths = Vec::new();
    for (level, tile) in noted.read.into_inner() {
        let first = tile * u64::from(TILE_WIDTH);
        let width = ((LEAVES >> (8 * u32::from(level))) - first).min(TILE_WIDTH.into()) as u16;
        let path = folder.join(
            TilePath::Hashes {
                level,
                index: tile,
                width,
            }
            .to_string(),
        );
        if !path.exists() {
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(&path, hash_tile(level, tile, width, nodes)?)?;
        }
        paths.push(path);
    }
    Ok(paths)
}

/// Notes which tiles the nodes lie in that are read.
struct Noted<'a> {
    nodes: &'a dyn HashReader,
    read: RefCell<BTreeSet<(u8, u64)>>,
}

impl HashReader for Noted<'_> {
    fn hash(&self, level: u8, index: u64) -> io::Result<Hash> {
        let (tile_level, tile, _) = tile_of(level, index);
        self.read.borrow_mut().insert((tile_level, tile));
        self.nodes.hash(level, index)
    }
}
