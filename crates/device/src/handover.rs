//! Photos that come as files. Where a web view can't hand bytes over raw (Android), the platform's camera writes each photo into one
//! private folder and hands over its path.
//!
//! **How long the plaintext lies there**: from the camera's first byte until the encrypted copy is durable, a fraction of a second;
//! then the file is removed and the folder synced. Where the app is killed in between, until its next start. The folder lies in the
//! app's own storage, which the system encrypts and no backup takes.
//!
//! What a crash leaves, and what the next start does with it:
//! * `….part`, `….tmp`: the camera had not finished, nobody was told of a photo. Taken in as it is, for a photo that breaks off may still show
//!   something; an empty one is removed.
//! * `….jpg`: whole. Taken in, also where the encrypted copy was durable already and only the removal was missing: the same bytes
//!   are then in evidence twice, rather than not at all.
//!
//! A retired tablet takes no new photos, and a whole one that lies there is none: it is taken in before the tablet counts what it
//! holds. What still lies there counts, too, so that no tablet is emptied over a photo ([`Core::lies_handed_over`]).
//!
//! What is taken in at a start counts as brought in (`import`), since its place and the minute of its taking are no longer known
//! for sure; its name, which the camera made of the time, goes with it as a claim. What can't be taken in stays for the start after.
//! A file is only ever removed after its bytes are durable in the vault.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::api::{CaptureArgs, CaptureView};
use crate::core::Core;
use crate::problem::{Code, Problem};

/// More files are left for the next start.
const MOST_LEFT: usize = 1000;

/// The folder in which photos are handed over.
struct Handover {
    folder: PathBuf,
}

impl Handover {
    fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            folder: fs::canonicalize(folder)?,
        })
    }

    /// The file of this path, if it is a plain file directly in the folder under a plain name. Links are not followed.
    fn file(&self, path: &Path) -> io::Result<(PathBuf, File)> {
        let refused = || io::Error::new(io::ErrorKind::PermissionDenied, "not handed over");
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .filter(|name| is_plain(name))
            .ok_or_else(refused)?;
        let above = path.parent().ok_or_else(refused)?;
        if fs::canonicalize(above)? != self.folder {
            return Err(refused());
        }
        let path = self.folder.join(name);
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // Neither a link nor a pipe on which an opening would wait.
            let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
            options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
        }
        let file = options.open(&path)?;
        if fs::symlink_metadata(&path)?.is_file() && file.metadata()?.is_file() {
            Ok((path, file))
        } else {
            Err(refused())
        }
    }

    /// After its bytes are durable elsewhere. Where that fails the next start takes it in once more.
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)?;
        #[cfg(unix)]
        File::open(&self.folder)?.sync_all()?;
        Ok(())
    }

    /// What lies there, oldest name first.
    fn left(&self) -> io::Result<Vec<PathBuf>> {
        let mut paths: Vec<PathBuf> = fs::read_dir(&self.folder)?
            .flatten()
            .map(|entry| entry.path())
            .take(MOST_LEFT)
            .collect();
        paths.sort();
        Ok(paths)
    }
}

/// As the camera names them: digits, letters, dashes, and one dot before an ending that is known.
fn is_plain(name: &str) -> bool {
    let Some((stem, ending)) = name.rsplit_once('.') else {
        return false;
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    matches!(ending, "jpg" | "part" | "tmp")
        && (1..=100).contains(&stem.len())
        && stem.bytes().all(plain)
}

impl Core {
    fn handover(&self) -> Result<Handover, Problem> {
        let folder = self.config.handover.as_deref().ok_or(Code::BadRequest)?;
        Handover::open(folder).map_err(|error| Problem::because(Code::NotStored, error))
    }

    /// The shutter, for a photo that lies in the folder. When this answers, its bytes are durable in the vault.
    pub fn capture_handed(&self, args: &CaptureArgs, path: &Path) -> Result<CaptureView, Problem> {
        let handover = self.handover()?;
        let (path, mut file) = handover
            .file(path)
            .map_err(|error| Problem::because(Code::BadRequest, error))?;
        if path.extension().is_none_or(|ending| ending != "jpg") {
            return Err(Code::BadRequest.into());
        }
        let view = self.capture(args, &mut file)?;
        // Durable from here on: nothing below may turn it into a failure.
        if let Err(error) = handover.remove(&path) {
            tracing::warn!(%error, "a photo that was taken over could not be removed");
        }
        Ok(view)
    }

    /// Takes in what a stop left in the folder; gives how many. Works while locked.
    pub fn take_what_was_left(&self) -> u32 {
        self.take_those(|_| true)
    }

    /// Photos that lie in the folder and are in no vault. A retired tablet takes the whole ones in first: the shutter
    /// refuses them, so nobody else will. Half ones a camera may still be writing: the next start takes those.
    pub(crate) fn lies_handed_over(&self) -> io::Result<usize> {
        let Some(folder) = self.config.handover.as_deref() else {
            return Ok(0);
        };
        if self.retired_at().is_some() {
            self.take_those(|path| path.extension().is_some_and(|ending| ending == "jpg"));
        }
        let handover = match Handover::open(folder) {
            // Made with the first photo.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            opened => opened?,
        };
        let is_photo = |path: &PathBuf| {
            let named = path.file_name().and_then(|name| name.to_str());
            named.is_some_and(is_plain)
                && fs::symlink_metadata(path).is_ok_and(|data| data.is_file() && data.len() > 0)
        };
        Ok(handover
            .left()?
            .iter()
            .filter(|path| is_photo(path))
            .count())
    }

    fn take_those(&self, wanted: impl Fn(&Path) -> bool) -> u32 {
        let Ok(handover) = self.handover() else {
            return 0;
        };
        let mut taken = 0;
        let left = handover.left().unwrap_or_default();
        for path in left.into_iter().filter(|path| wanted(path)) {
            match self.take_left(&handover, &path) {
                Ok(true) => taken += 1,
                Ok(false) => {}
                Err(problem) => {
                    tracing::warn!(
                        code = problem.code().as_str(),
                        "a photo that a stop left could not be taken in; it stays"
                    );
                }
            }
        }
        taken
    }

    fn take_left(&self, handover: &Handover, path: &Path) -> Result<bool, Problem> {
        let (path, mut file) = handover
            .file(path)
            .map_err(|error| Problem::because(Code::Unreadable, error))?;
        let size = file
            .metadata()
            .map_err(|error| Problem::because(Code::Unreadable, error))?
            .len();
        if size > 0 {
            let args = CaptureArgs {
                source: "import".to_owned(),
                original_name: path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .map(str::to_owned),
                ..CaptureArgs::default()
            };
            // Taken before the tablet was retired, perhaps: it is evidence all the same.
            self.store_brought(&args, &mut file)?;
        }
        handover
            .remove(&path)
            .map_err(|error| Problem::because(Code::StorageFailed, error))?;
        Ok(size > 0)
    }
}

#[cfg(test)]
#[path = "handover_tests.rs"]
mod tests;
