//! Power loss, which killing a program never tests: a model of a disk that keeps only what was synced. After *every*
//! operation the power goes; the vault is opened from what the model kept, and everything acknowledged must be there.
//!
//! Two disks: a strict one, on which a name counts from the directory's sync on, and an eager one, on which names are
//! there at once and the bytes behind them only when the file was synced (holes read as zeros).
#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::*;
use fieldseal_packet::Sha256Digest;
use fieldseal_vault::*;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

type Names = BTreeMap<PathBuf, usize>;
type Files = BTreeMap<PathBuf, Vec<u8>>;

#[derive(Default)]
struct Model {
    /// Bytes of each file, and how many of them were synced.
    files: Vec<(Vec<u8>, usize)>,
    live: Names,
    durable: Names,
    acknowledged: usize,
    /// What each disk would hold after each operation, and how much had been acknowledged by then.
    moments: Vec<(usize, [Files; 2])>,
}

impl Model {
    fn kept(&self, names: &Names) -> Files {
        let bytes = |file: &usize| {
            let (bytes, synced) = &self.files[*file];
            let mut bytes = bytes.clone();
            bytes[*synced..].fill(0);
            bytes
        };
        names
            .iter()
            .map(|(path, file)| (path.clone(), bytes(file)))
            .collect()
    }

    fn moment(&mut self) {
        let moment = (
            self.acknowledged,
            [self.kept(&self.durable), self.kept(&self.live)],
        );
        self.moments.push(moment);
    }
}

/// The machine's disk, with the model kept beside it.
#[derive(Clone, Default)]
struct PowerDisk {
    model: Arc<Mutex<Model>>,
    /// An operation that does nothing, as if the program had forgotten it.
    forgotten: Option<Step>,
}

struct PowerFile {
    file: Box<dyn DiskFile>,
    number: usize,
    model: PowerDisk,
}

impl PowerDisk {
    /// A disk on which all that is in `root` now is durable.
    fn over(root: &Path, forgotten: Option<Step>) -> Self {
        let disk = Self {
            forgotten,
            ..Self::default()
        };
        let mut model = disk.model.lock().unwrap();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    let (length, number) = (bytes.len(), model.files.len());
                    model.files.push((bytes, length));
                    model.live.insert(path, number);
                }
            }
        }
        model.durable = model.live.clone();
        drop(model);
        disk
    }
}

impl Disk for PowerDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OsDisk.create(path)?;
        let mut model = self.model.lock().unwrap();
        let number = model.files.len();
        model.files.push((Vec::new(), 0));
        model.live.insert(path.to_owned(), number);
        model.moment();
        Ok(Box::new(PowerFile {
            file,
            number,
            model: self.clone(),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsDisk.rename(from, to)?;
        let mut model = self.model.lock().unwrap();
        let file = model.live.remove(from).unwrap();
        model.live.insert(to.to_owned(), file);
        model.moment();
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        OsDisk.sync_dir(dir)?;
        let mut model = self.model.lock().unwrap();
        if self.forgotten == Some(Step::SyncDir) {
            return Ok(());
        }
        model.durable.retain(|path, _| path.parent() != Some(dir));
        let here: Names = model
            .live
            .iter()
            .filter(|(path, _)| path.parent() == Some(dir))
            .map(|(p, f)| (p.clone(), *f))
            .collect();
        model.durable.extend(here);
        model.moment();
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        OsDisk.remove(path)?;
        let mut model = self.model.lock().unwrap();
        model.live.remove(path);
        model.moment();
        Ok(())
    }

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        OsDisk.make_dir(path)
    }
}

impl DiskFile for PowerFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        let mut model = self.model.model.lock().unwrap();
        model.files[self.number].0.extend_from_slice(bytes);
        model.moment();
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()?;
        let mut model = self.model.model.lock().unwrap();
        if self.model.forgotten == Some(Step::Sync) {
            return Ok(());
        }
        let file = &mut model.files[self.number];
        file.1 = file.0.len();
        model.moment();
        Ok(())
    }
}

/// Runs `scenario` on a new vault; `check` sees, for each moment and each disk, the folder as it would be after a power
/// loss, and what had been acknowledged by then. Gives what it found wrong.
fn at_every_moment<A>(
    forgotten: Option<Step>,
    scenario: impl FnOnce(Vault, &mut dyn FnMut(A)),
    check: impl Fn(&Path, &[A]) -> Result<(), String>,
) -> Vec<String> {
    let dir = folder();
    drop(created(dir.path()));
    let disk = PowerDisk::over(dir.path(), forgotten);
    let config = VaultConfig {
        disk: Arc::new(disk.clone()),
        ..config()
    };
    let (vault, _) = Vault::open(dir.path(), config).unwrap();
    let mut acknowledged = Vec::new();
    scenario(vault, &mut |what| {
        acknowledged.push(what);
        disk.model.lock().unwrap().acknowledged = acknowledged.len();
    });
    let mut model = disk.model.lock().unwrap();
    model.moment();
    assert!(model.moments.len() > 10, "{} moments", model.moments.len());
    let mut wrong = Vec::new();
    for (number, (count, disks)) in model.moments.iter().enumerate() {
        for (kind, files) in ["strict", "eager"].into_iter().zip(disks) {
            let after = folder();
            for (path, bytes) in files {
                let target = after.path().join(path.strip_prefix(dir.path()).unwrap());
                std::fs::create_dir_all(target.parent().unwrap()).unwrap();
                std::fs::write(target, bytes).unwrap();
            }
            if let Err(what) = check(after.path(), &acknowledged[..*count]) {
                wrong.push(format!("moment {number}, {kind} disk: {what}"));
            }
        }
    }
    wrong
}

fn four_captures(forgotten: Option<Step>) -> Vec<String> {
    at_every_moment(
        forgotten,
        |vault, acknowledge| {
            for n in 0..4u8 {
                acknowledge(capture(&vault, packet(n), &vec![n; usize::from(n) * 50_000]).unwrap());
            }
        },
        |dir, acknowledged: &[Captured]| {
            let vault = ready(dir);
            let digest = |capture_seq| {
                let mut original = vault
                    .open_original(capture_seq)
                    .map_err(|error| error.to_string())?;
                Sha256Digest::of_reader(&mut original)
                    .map(|(sha256, _)| sha256)
                    .map_err(|error| error.to_string())
            };
            for captured in acknowledged {
                if digest(captured.capture_seq)? != captured.sha256 {
                    return Err(format!("capture {} is another", captured.capture_seq));
                }
            }
            for capture_seq in 1..=vault.capture_head().capture_seq {
                let row = vault
                    .read(|c| captures::get(c, capture_seq))
                    .unwrap()
                    .ok_or("a gap")?;
                if row.sha256 != digest(capture_seq)? {
                    return Err(format!("capture {capture_seq} is not what its row says"));
                }
            }
            Ok(())
        },
    )
}

fn changed_pin(forgotten: Option<Step>) -> Vec<String> {
    let new = "161803";
    at_every_moment(
        forgotten,
        |vault, acknowledge| {
            vault.change_pin("lead", PIN, new, &now(0)).unwrap();
            acknowledge(());
        },
        |dir, acknowledged| {
            if !Vault::exists(dir) {
                return Err("no vault".to_owned());
            }
            let (vault, _) = Vault::open(dir, config()).map_err(|error| error.to_string())?;
            let changed = vault.unlock("lead", new, &now(0)).is_ok();
            let unchanged = vault.unlock("lead", PIN, &now(1)).is_ok();
            match (changed, unchanged) {
                (false, true) if !acknowledged.is_empty() => {
                    Err("an acknowledged change was lost".to_owned())
                }
                (true, false) | (false, true) => Ok(()),
                _ => Err("not one PIN opens".to_owned()),
            }
        },
    )
}

#[test]
fn acknowledged_captures_survive_power_loss_at_every_moment() {
    assert_eq!(four_captures(None), Vec::<String>::new());
}

#[test]
fn a_changed_pin_survives_power_loss_and_the_old_one_opens_until_then() {
    assert_eq!(changed_pin(None), Vec::<String>::new());
}

/// The model can tell: without any one of the syncs, something acknowledged is lost.
#[test]
fn each_sync_is_needed() {
    for step in [Step::Sync, Step::SyncDir] {
        assert!(
            !four_captures(Some(step)).is_empty(),
            "captures without {step:?}"
        );
        assert!(
            !changed_pin(Some(step)).is_empty(),
            "slots without {step:?}"
        );
    }
}
