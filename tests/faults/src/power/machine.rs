//! A tablet and a server, each with two disks: one for what is large and written once, one for the databases. A sync of
//! one disk then saves nothing on the other, as on a real machine with two of them; on one disk the journal of the file
//! system would carry a forgotten sync of one file along with the next sync of any other.
//!
//! ```text
//! <dir>/images/*.img        what the loop devices hold
//! <dir>/tablet/             databases, slots; inbox, originals and set-aside are links to
//! <dir>/tablet-blobs/       the other disk (they are one: files are renamed between them)
//! <dir>/server/             database, keys, published log; blobs, uploads and quarantine are links to
//! <dir>/server-blobs/       the other disk
//! <dir>/server.checkpoint   outside: another machine's, as operators are told to keep it
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::images::{self, Mounted};
use crate::site::{Site, copy_folder};

/// Each machine's first disk, its second, and what lies on the second.
const DISKS: [(&str, &str, &[&str]); 2] = [
    (
        "tablet",
        "tablet-blobs",
        &["inbox", "originals", "set-aside"],
    ),
    (
        "server",
        "server-blobs",
        &["blobs", "uploads", "quarantine"],
    ),
];

fn all_disks() -> impl Iterator<Item = &'static str> {
    DISKS
        .iter()
        .flat_map(|(first, second, _)| [*first, *second])
}

fn image(dir: &Path, disk: &str) -> PathBuf {
    dir.join("images").join(format!("{disk}.img"))
}

/// Where the disks of two machines are, mounted or not.
pub struct Disks {
    dir: PathBuf,
    mounted: Vec<Mounted>,
}

impl Disks {
    /// Makes both machines in an empty folder, once; `scratch` is for what is put together before.
    pub fn prepare(dir: &Path, scratch: &Path) -> anyhow::Result<()> {
        let site = Site::prepare(scratch, None)?;
        fs::create_dir_all(dir.join("images"))?;
        let blank = dir.join("images").join("blank.img");
        images::format(&blank)?;
        for disk in all_disks() {
            images::copy(&blank, &image(dir, disk))?;
        }
        let disks = Self::mount(dir)?;
        for (first, second, folders) in DISKS {
            for disk in [first, second] {
                // Nothing of ours; no folder of ours has ever held one.
                fs::remove_dir(dir.join(disk).join("lost+found"))?;
            }
            let data = scratch.join(first);
            for folder in folders {
                let (from, to) = (data.join(folder), dir.join(second).join(folder));
                fs::create_dir_all(&to)?;
                if from.is_dir() {
                    copy_folder(&from, &to)?;
                    fs::remove_dir_all(&from)?;
                }
                let link = Path::new("..").join(second).join(folder);
                std::os::unix::fs::symlink(link, dir.join(first).join(folder))?;
            }
            copy_folder(&data, &dir.join(first))?;
        }
        disks.unmount()?;
        copy_outside(&site.dir, dir)?;
        site.remove()
    }

    /// Mounts all disks whose images are in this folder.
    pub fn mount(dir: &Path) -> anyhow::Result<Self> {
        let mut mounted = Vec::new();
        for disk in all_disks() {
            let one = Mounted::new(&image(dir, disk), &dir.join(disk));
            mounted.push(one.with_context(|| format!("the disk of {disk}"))?);
        }
        Ok(Self {
            dir: dir.to_owned(),
            mounted,
        })
    }

    /// The site on these disks.
    pub fn site(&self) -> anyhow::Result<Site> {
        Site::load(&self.dir)
    }

    /// Copies all images as they are now into another folder, and what is outside of them.
    pub fn copy(dir: &Path, to: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(to.join("images"))?;
        for disk in all_disks() {
            images::copy(&image(dir, disk), &image(to, disk))?;
        }
        copy_outside(dir, to)
    }

    /// Unmounts all.
    pub fn unmount(self) -> anyhow::Result<()> {
        // The blobs' disks are named inside no other: any order does.
        self.mounted.into_iter().try_for_each(Mounted::unmount)
    }
}

/// The files beside the disks.
fn copy_outside(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
