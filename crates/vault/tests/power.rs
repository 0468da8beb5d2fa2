//! Power loss, which killing a program never tests: a model of a disk that keeps only what was synced. After *every*
//! operation the power goes; the vault is opened from what the model kept, and everything acknowledged must be there.
//!
//! Two disks: a strict one, on which a name counts from the directory's sync on, and an eager one, on which names are
//! there at once and the bytes behind them only when the file was synced (holes read as zeros).
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::*;
use fieldseal_packet::Sha256Digest;
use fieldseal_vault::*;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

type Names = BTreeMap<PathBuf, usize>;

#[derive(Default)]
struct Model {
    /// Bytes of each file, and how many of them were synced.
    files: Vec<(Vec<u8>, usize)>,
    live: Names,
    durable: Names,
    acknowledged: usize,
    /// What each disk would hold after each operation, and how much had been acknowledged by then.
    moments: Vec<(usize, [BTreeMap<PathBuf, Vec<u8>>; 2])>,
}

impl Model {
    fn kept(&self, names: &Names) -> BTreeMap<PathBuf, Vec<u8>> {
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
struct PowerDisk(Arc<Mutex<Model>>);

struct PowerFile {
    file: Box<dyn DiskFile>,
    number: usize,
    model: PowerDisk,
}

impl PowerDisk {
    /// A disk on which all that is in `root` now is durable.
    fn over(root: &Path) -> Self {
        let disk = Self::default();
        let mut model = disk.0.lock().unwrap();
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
        let mut model = self.0.lock().unwrap();
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
        let mut model = self.0.lock().unwrap();
        let file = model.live.remove(from).unwrap();
        model.live.insert(to.to_owned(), file);
        model.moment();
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        OsDisk.sync_dir(dir)?;
        let mut model = self.0.lock().unwrap();
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
        let mut model = self.0.lock().unwrap();
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
        let mut model = self.model.0.lock().unwrap();
        model.files[self.number].0.extend_from_slice(bytes);
        model.moment();
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()?;
        let mut model = self.model.0.lock().unwrap();
        let file = &mut model.files[self.number];
        file.1 = file.0.len();
        model.moment();
        Ok(())
    }
}

/// Runs `scenario` on a new vault; `check` sees, for each moment and each disk, the folder as it would be after a power
/// loss, and what had been acknowledged by then.
fn at_every_moment<A>(
    scenario: impl FnOnce(Vault, &mut dyn FnMut(A)),
    check: impl Fn(&Path, &[A], &str),
) -> usize {
    let dir = folder();
    drop(created(dir.path()));
    let disk = PowerDisk::over(dir.path());
    let config = VaultConfig {
        disk: Arc::new(disk.clone()),
        ..config()
    };
    let (vault, _) = Vault::open(dir.path(), config).unwrap();
    let mut acknowledged = Vec::new();
    scenario(vault, &mut |what| {
        acknowledged.push(what);
        disk.0.lock().unwrap().acknowledged = acknowledged.len();
    });
    let mut model = disk.0.lock().unwrap();
    model.moment();
    for (number, (count, disks)) in model.moments.iter().enumerate() {
        for (kind, files) in ["strict", "eager"].into_iter().zip(disks) {
            let after = folder();
            for name in ["inbox", "originals"] {
                std::fs::create_dir(after.path().join(name)).unwrap();
            }
            for (path, bytes) in files {
                let target = after.path().join(path.strip_prefix(dir.path()).unwrap());
                std::fs::create_dir_all(target.parent().unwrap()).unwrap();
                std::fs::write(target, bytes).unwrap();
            }
            check(
                after.path(),
                &acknowledged[..*count],
                &format!("moment {number}, {kind} disk"),
            );
        }
    }
    model.moments.len()
}

#[test]
fn an_acknowledged_capture_survives_power_loss_at_every_moment() {
    let moments = at_every_moment(
        |vault, acknowledge| {
            for n in 0..4u8 {
                acknowledge(capture(&vault, packet(n), &vec![n; usize::from(n) * 50_000]).unwrap());
            }
        },
        |dir, acknowledged, moment| {
            let vault = ready(dir);
            for captured in acknowledged {
                let bytes = read_all(&vault, captured.capture_seq);
                assert_eq!(Sha256Digest::of(&bytes), captured.sha256, "{moment}");
            }
            let head = vault.capture_head().capture_seq;
            assert!(head as usize >= acknowledged.len(), "{moment}");
            for capture_seq in 1..=head {
                assert!(
                    vault
                        .read(|c| captures::get(c, capture_seq))
                        .unwrap()
                        .is_some(),
                    "{moment}: a gap"
                );
                let sha256 = Sha256Digest::of(&read_all(&vault, capture_seq));
                let row = vault
                    .read(|c| captures::get(c, capture_seq))
                    .unwrap()
                    .unwrap();
                assert_eq!(row.sha256, sha256, "{moment}");
            }
        },
    );
    assert!(moments > 25, "{moments} moments");
}

#[test]
fn a_changed_pin_opens_and_an_old_one_until_then() {
    let (first, second) = (PIN, "161803");
    let moments = at_every_moment(
        |vault, acknowledge| {
            vault.change_pin("lead", first, second, &now(0)).unwrap();
            acknowledge(());
        },
        |dir, acknowledged, moment| {
            let (vault, _) = opened(dir);
            let changed = vault.unlock("lead", second, &now(0)).is_ok();
            let unchanged = vault.unlock("lead", first, &now(1)).is_ok();
            assert!(changed != unchanged, "{moment}: one of the two");
            assert!(
                changed || acknowledged.is_empty(),
                "{moment}: an acknowledged change was lost"
            );
        },
    );
    assert!(moments > 15, "{moments} moments");
}
