//! The offline map: the administrator's PMTiles file, in the folder `map/` beside the vault's files. It is no secret, so it lies
//! there in the clear, and the map can be drawn from it piece by piece. It comes in pieces that go on where the last run
//! stopped, and counts only when the whole file has the digest that the server named.
//!
//! A crash leaves a part to go on with, or a whole file that `map.json` does not name yet and that is found again by its digest.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fieldseal_packet::Sha256Digest;
use fieldseal_wire::registers::MapFile;

use crate::api::MapView;
use crate::core::{Core, lock};
use crate::http::{Client, HttpError};
use crate::problem::{Code, Problem};

const FOLDER: &str = "map";
/// Names the file that counts.
const NAMED: &str = "map.json";
/// Largest piece that is read for the screen at once, bytes.
const MOST_READ: u64 = 16 << 20;
/// Room that a map leaves for photos, beside what originals need anyway.
const ROOM_BYTES: u64 = 1 << 30;

/// The map that is here, and the one that comes.
#[derive(Default)]
pub(crate) struct MapState {
    here: Option<MapFile>,
    /// Of a hundred.
    progress: Option<u32>,
}

fn folder(core: &Core) -> PathBuf {
    core.config.dir.join(FOLDER)
}

fn file_of(folder: &Path, map: &MapFile) -> PathBuf {
    folder.join(format!("{}.pmtiles", map.sha256))
}

/// What an earlier run has left.
pub(crate) fn begin(core: &Core) {
    let folder = folder(core);
    let Ok(text) = fs::read(folder.join(NAMED)) else {
        return;
    };
    let Ok(map) = serde_json::from_slice::<MapFile>(&text) else {
        return;
    };
    if map.sha256.parse::<Sha256Digest>().is_ok()
        && fs::metadata(file_of(&folder, &map)).is_ok_and(|data| data.len() == map.size)
    {
        lock(&core.map).here = Some(map);
    }
}

/// Asks which map there is, and fetches it if it is another one.
pub(super) async fn fetch(core: &Arc<Core>, client: &Client, token: &str) -> Result<(), Problem> {
    let answer = match client.map(token).await {
        // A server from before there were maps.
        Err(HttpError::Refused { status: 404, .. }) => return Ok(()),
        answer => answer?,
    };
    let Some(map) = answer.map else { return Ok(()) };
    if map.sha256.parse::<Sha256Digest>().is_err() {
        return Err(Code::ServerAnswer.into());
    }
    // A map is large, too: it waits for the network that packets wait for.
    if lock(&core.map).here.as_ref() == Some(&map) || core.upload_wait().is_some() {
        return Ok(());
    }
    let outcome = download(core, client, token, &map).await;
    lock(&core.map).progress = None;
    outcome
}

async fn download(
    core: &Arc<Core>,
    client: &Client,
    token: &str,
    map: &MapFile,
) -> Result<(), Problem> {
    let folder = folder(core);
    let part = folder.join(format!("{}.part", map.sha256));
    let whole = file_of(&folder, map);
    let failed = |error: io::Error| Problem::because(Code::StorageFailed, error);
    if !whole.exists() {
        fs::create_dir_all(&folder).map_err(failed)?;
        let mut have = part.metadata().map_or(0, |data| data.len());
        if have > map.size {
            fs::remove_file(&part).map_err(failed)?;
            have = 0;
        }
        let wanted = (map.size - have).saturating_add(ROOM_BYTES);
        let free = core.platform.free_bytes(&core.config.dir);
        if free.is_some_and(|free| free < wanted.saturating_add(core.config.room_bytes)) {
            return Err(Code::NoRoom.into());
        }
        while have < map.size {
            if core.line.stopping() {
                return Err(Code::Offline.into());
            }
            let piece = client.map_piece(&map.sha256, have, token).await?;
            if piece.is_empty() || piece.len() as u64 > map.size - have {
                return Err(Code::ServerAnswer.into());
            }
            have += piece.len() as u64;
            lock(&core.map).progress = u32::try_from(have.saturating_mul(100) / map.size).ok();
            let part = part.clone();
            blocking(move || append(&part, &piece)).await?;
        }
    }
    let map = map.clone();
    let (this, wanted) = (core.clone(), map.clone());
    let named = blocking(move || settle(&folder, &part, &wanted, || this.line.stopping())).await?;
    if !named {
        return Err(Code::ServerAnswer.into());
    }
    lock(&core.map).here = Some(map);
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Problem::because(Code::Internal, error))?
        .map_err(|error| Problem::because(Code::StorageFailed, error))
}

fn append(part: &Path, piece: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(part)?;
    file.write_all(piece)
}

/// Looks at the whole file; if it is the one that was named, it counts from now on, and every other one goes.
fn settle(
    folder: &Path,
    part: &Path,
    map: &MapFile,
    stopping: impl Fn() -> bool,
) -> io::Result<bool> {
    let whole = file_of(folder, map);
    let looked_at = if whole.exists() { &whole } else { part };
    let mut file = File::open(looked_at)?;
    let mut digest = fieldseal_packet::Sha256Writer::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        if stopping() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        digest.write_all(&buffer[..read])?;
    }
    if digest.finish().to_string() != map.sha256 {
        drop(file);
        fs::remove_file(looked_at)?;
        return Ok(false);
    }
    file.sync_all()?;
    if looked_at == part {
        fs::rename(part, &whole)?;
    }
    let beside = folder.join(format!("{NAMED}.new"));
    let mut named = File::create(&beside)?;
    named.write_all(&serde_json::to_vec(map)?)?;
    named.sync_all()?;
    fs::rename(&beside, folder.join(NAMED))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path != whole && path.file_name().is_some_and(|name| name != NAMED) {
            fs::remove_file(path)?;
        }
    }
    Ok(true)
}

/// Bytes `from..` of the map, at most `most` of them, and the whole size. None: there is no map.
pub(crate) fn read_tiles(
    core: &Core,
    from: u64,
    most: u64,
) -> Result<Option<(Vec<u8>, u64)>, Problem> {
    let Some(map) = lock(&core.map).here.clone() else {
        return Ok(None);
    };
    let read = || {
        // With a position of its own, whoever else reads.
        let mut file = File::open(file_of(&folder(core), &map))?;
        file.seek(SeekFrom::Start(from.min(map.size)))?;
        let mut bytes = Vec::new();
        file.take(most.min(MOST_READ)).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read()
        .map(|bytes| Some((bytes, map.size)))
        .map_err(|error: io::Error| Problem::because(Code::Unreadable, error))
}

impl Core {
    /// The tablet is emptied. Only what lies there by our names goes, and the folder if nothing else is in it.
    pub(crate) fn remove_map(&self) -> io::Result<()> {
        *lock(&self.map) = MapState::default();
        let folder = folder(self);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(NAMED) || name.ends_with(".pmtiles") || name.ends_with(".part") {
                fs::remove_file(&path)?;
            }
        }
        match fs::remove_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(error),
            _ => Ok(()),
        }
    }

    /// For the screens: the map that is here, and how far another one has come.
    pub(crate) fn map_view(&self) -> (Option<MapView>, Option<u32>) {
        let map = lock(&self.map);
        let view = map.here.as_ref().map(|map| MapView {
            id: map.sha256.clone(),
            size_bytes: map.size as f64,
            gcj02: map.gcj02,
            placed_at: map.placed_at.clone(),
            attribution: map.attribution.clone(),
        });
        (view, map.progress)
    }
}
