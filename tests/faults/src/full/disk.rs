//! A disk in memory whose size is set while it is in use: what is left on it can be counted in pages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::power::run_tool as run;
use crate::site::copy_folder;

/// While nothing is to be full.
const ROOMY_BYTES: u64 = 256 << 20;

/// A folder that lies on a disk of its own.
pub struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Puts what lies in a folder on one.
    pub fn under(folder: &Path) -> anyhow::Result<Self> {
        let mut aside = folder.as_os_str().to_owned();
        aside.push("-before");
        let aside = PathBuf::from(aside);
        std::fs::rename(folder, &aside)?;
        std::fs::create_dir(folder)?;
        let size = format!("size={ROOMY_BYTES}");
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder))?;
        let disk = Self {
            at: folder.to_owned(),
        };
        copy_folder(&aside, folder)?;
        std::fs::remove_dir_all(&aside)?;
        Ok(disk)
    }

    /// Bytes of a page, and pages in use.
    fn used(&self) -> anyhow::Result<(u64, u64)> {
        let told = rustix::fs::statvfs(&self.at).context("the small disk")?;
        ensure!(told.f_frsize > 0, "a disk without pages");
        Ok((told.f_frsize, told.f_blocks - told.f_bfree))
    }

    /// Pages in use.
    pub fn pages(&self) -> anyhow::Result<u64> {
        Ok(self.used()?.1)
    }

    /// From now on only so many more pages can be written.
    pub fn leave(&self, pages: u64) -> anyhow::Result<()> {
        let (page, used) = self.used()?;
        self.resize((used + pages) * page)
    }

    /// There is space again.
    pub fn grow(&self) -> anyhow::Result<()> {
        self.resize(ROOMY_BYTES)
    }

    fn resize(&self, bytes: u64) -> anyhow::Result<()> {
        let size = format!("remount,size={bytes}");
        run(Command::new("mount").args(["-o", &size]).arg(&self.at))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Whatever may still have a file open there: its namespace is gone with this program at the latest.
        let _ = run(Command::new("umount").arg("--lazy").arg(&self.at));
    }
}
