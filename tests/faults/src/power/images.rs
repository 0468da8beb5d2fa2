//! Small ext4 file systems on loop devices, and copies of them as a power cut would leave them.
//!
//! The file behind a loop device holds what reached the device and nothing else: pages that are still dirty in the mounted
//! file system's cache are not in it. So a copy of that file, taken while the file system is mounted and everybody who
//! writes to it stands still, is the disk at the moment the power went. (A disk that keeps a cache of its own and lies about
//! flushing it is not modelled: the loop device keeps none.)
//!
//! Mounts are made with `-o loop`, so that the loop device goes with the mount, and inside a mount namespace of their own
//! ([`super::apart`]), so that the mounts go with the process, however that ends.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, ensure};

use crate::locks::patiently;

/// Sparse: what is never written takes no room. Larger than any reserve that tablet or server keeps free.
const SIZE: u64 = 768 << 20;
/// Seconds between commits of the journal that nobody asked for: longer than a run, so that nothing is saved by luck.
const COMMIT_EVERY: &str = "commit=600";

/// Makes an empty file system in a new file.
pub fn format(image: &Path) -> anyhow::Result<()> {
    File::create(image)?.set_len(SIZE)?;
    let options = ["-q", "-F", "-m", "0", "-N", "4096", "-J", "size=4"];
    let extended = [
        "-E",
        "lazy_itable_init=1,lazy_journal_init=1,nodiscard",
        "-L",
        "fieldseal",
    ];
    run(Command::new("mkfs.ext4")
        .args(options)
        .args(extended)
        .arg(image))
    .context("formatting")
}

/// A mounted image; unmounted when dropped.
pub struct Mounted {
    at: PathBuf,
    mounted: bool,
}

impl Mounted {
    /// Mounts; the journal is replayed first if need be.
    pub fn new(image: &Path, at: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(at)?;
        let options = format!("loop,noatime,{COMMIT_EVERY}");
        run(Command::new("mount")
            .args(["-t", "ext4", "-o", &options])
            .arg(image)
            .arg(at))
        .context("mounting")?;
        Ok(Self {
            at: at.to_owned(),
            mounted: true,
        })
    }

    /// Unmounts; everything is written then. A child of another job that is just being started holds a copy of every file that
    /// this program has open, until it becomes its own program: that moment is waited for.
    pub fn unmount(mut self) -> anyhow::Result<()> {
        self.mounted = false;
        let unmount = || run(Command::new("umount").arg(&self.at));
        patiently(unmount, |error| error.to_string().contains("busy")).context("unmounting")
    }
}

impl Drop for Mounted {
    /// After a failure: whoever still holds a file keeps the file system, not the name.
    fn drop(&mut self) {
        if self.mounted {
            let _ = Command::new("umount").arg("-l").arg(&self.at).output();
        }
    }
}

/// Copies an image as it is now, holes as holes.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let mut source = File::open(from)?;
    let mut target = File::create(to)?;
    let length = source.metadata()?.len();
    target.set_len(length)?;
    let mut buffer = vec![0; 256 << 10];
    let mut at = 0;
    while let Some((start, end)) = stretch(&source, at, length)? {
        source.seek(SeekFrom::Start(start))?;
        target.seek(SeekFrom::Start(start))?;
        let mut left = end - start;
        while left > 0 {
            let most = usize::try_from(left.min(buffer.len() as u64))?;
            source.read_exact(&mut buffer[..most])?;
            target.write_all(&buffer[..most])?;
            left -= most as u64;
        }
        at = end;
    }
    Ok(())
}

/// The next stretch of a file that is not a hole.
fn stretch(file: &File, from: u64, length: u64) -> anyhow::Result<Option<(u64, u64)>> {
    if from >= length {
        return Ok(None);
    }
    let start = match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(from)) {
        Ok(start) => start,
        Err(rustix::io::Errno::NXIO) => return Ok(None),
        Err(error) => return Err(error).context("looking for data"),
    };
    let end =
        rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(start)).context("looking for a hole")?;
    Ok(Some((start, end)))
}

/// Runs a tool; its own words when it fails.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let Output { status, stderr, .. } = command.output().with_context(|| {
        format!(
            "{} can't be started",
            command.get_program().to_string_lossy()
        )
    })?;
    ensure!(
        status.success(),
        "{}: {}",
        command.get_program().to_string_lossy(),
        String::from_utf8_lossy(&stderr).trim()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_equals_its_original_and_keeps_its_holes() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let mut file = File::create(&from).unwrap();
        file.set_len(8 << 20).unwrap();
        for at in [0_u64, 1_000_003, 5 << 20] {
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(b"some bytes").unwrap();
        }
        drop(file);
        copy(&from, &to).unwrap();
        assert!(fs::read(&from).unwrap() == fs::read(&to).unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            assert!(
                fs::metadata(&to).unwrap().blocks() <= 2048,
                "holes were filled"
            );
        }
    }
}
