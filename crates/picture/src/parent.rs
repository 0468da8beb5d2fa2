//! The parent's side: starts the decoding process, hands the picture over, and believes nothing.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::previews::{Extra, decode_with, fit_both};
use crate::turns::Turns;
use crate::{Area, MAX_AREAS, MAX_STRIP_HEIGHT, NoPreview, Previews, Strip, plain_jpeg};

/// Within what one picture has to be decoded.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest file that is looked at.
    pub file_bytes: u64,
    /// Memory of the decoding process, beside the file and what the program takes when it starts.
    pub memory_bytes: u64,
    /// Its processor time.
    pub cpu_s: u64,
    /// How long the parent waits, the handing over included.
    pub wait: Duration,
    /// Pictures at the same time.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 256 << 20,
            memory_bytes: 384 << 20,
            cpu_s: 20,
            wait: Duration::from_secs(60),
            at_once: 2,
        }
    }
}

/// Makes previews of bytes that nobody vouches for.
#[derive(Debug, Clone)]
pub struct Decoder {
    place: Place,
    limits: Limits,
    turns: Arc<Turns>,
    stopped: Arc<AtomicBool>,
}

#[derive(Debug, Clone)]
enum Place {
    /// A process of its own.
    Process {
        program: PathBuf,
        arguments: Vec<OsString>,
    },
    /// In this process, where none can be started.
    Here,
    /// This program never said that it can be the decoder: started again it would be something else.
    Nowhere,
}

static CAN_DECODE: AtomicBool = AtomicBool::new(false);

/// [`crate::run_decoder_child`] stands first in this program's `main`.
pub(crate) fn this_program_can_decode() {
    CAN_DECODE.store(true, Ordering::Relaxed);
}

impl Decoder {
    /// By this very program, started again. On Android and iOS an app can't start itself again: there the decoding is done in this process.
    /// A program whose `main` does not begin with [`crate::run_decoder_child`] makes no previews, and each says so.
    pub fn of_this_program() -> Self {
        let place = if cfg!(any(target_os = "android", target_os = "ios")) {
            Place::Here
        } else if CAN_DECODE.load(Ordering::Relaxed) {
            this_program().map_or(Place::Nowhere, |program| Place::Process {
                program,
                arguments: vec![crate::CHILD_WORD.into()],
            })
        } else {
            Place::Nowhere
        };
        Self::at(place)
    }

    /// By another program, or this one with other arguments: for tests, whose harness is a program that needs a test's name
    /// to get to [`crate::run_decoder_child_of_test`].
    pub fn of_program(program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self::at(Place::Process { program, arguments })
    }

    /// By the test of this name in the test program that runs now.
    pub fn of_test(name: &str) -> Self {
        let arguments = ["--exact", name, "--nocapture", "--test-threads=1"];
        match this_program() {
            Some(program) => Self::of_program(program, arguments.map(OsString::from).to_vec()),
            None => Self::at(Place::Nowhere),
        }
    }

    /// Within other limits.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self {
            turns: Arc::new(Turns::new(limits.at_once)),
            limits,
            ..self
        }
    }

    fn at(place: Place) -> Self {
        let limits = Limits::default();
        Self {
            place,
            turns: Arc::new(Turns::new(limits.at_once)),
            stopped: Arc::default(),
            limits,
        }
    }

    /// The same, with turns and a stop of its own.
    #[must_use]
    pub fn for_another_owner(&self) -> Self {
        Self {
            turns: Arc::new(Turns::new(self.limits.at_once)),
            stopped: Arc::default(),
            ..self.clone()
        }
    }

    /// Ends what is being decoded, in all clones, and begins nothing more: [`NoPreview::NoDecoder`] each.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// The previews of a picture of `size` bytes. Blocks, at most for the time that the limits give, and longer only for its turn.
    ///
    /// # Errors
    /// Why there are none.
    pub fn previews(&self, size: u64, bytes: &mut dyn Read) -> Result<Previews, NoPreview> {
        self.decode(size, bytes, &Extra::default())
    }

    /// A copy of the picture at the size of the larger preview, with a strip below it that is as wide. The same limits.
    ///
    /// # Errors
    /// Why there is none; [`NoPreview::Broken`] also for a strip of another size.
    pub fn stamped(
        &self,
        size: u64,
        bytes: &mut dyn Read,
        strip: &Strip,
    ) -> Result<Vec<u8>, NoPreview> {
        let pixels = u64::from(strip.width) * u64::from(strip.height);
        let whole = pixels > 0 && strip.grey.len() as u64 == pixels;
        if !whole || strip.width > crate::SCREEN_SIDE || strip.height > MAX_STRIP_HEIGHT {
            return Err(NoPreview::Broken);
        }
        let extra = Extra {
            strip: Some(strip.clone()),
            areas: Vec::new(),
        };
        Ok(self.decode(size, bytes, &extra)?.screen)
    }

    /// A copy of the picture at the size of the larger preview, with these areas blacked out. The same limits.
    ///
    /// # Errors
    /// Why there is none; [`NoPreview::Broken`] also for no area, too many, and one that does not lie in the picture.
    pub fn redacted(
        &self,
        size: u64,
        bytes: &mut dyn Read,
        areas: &[Area],
    ) -> Result<Vec<u8>, NoPreview> {
        if areas.is_empty() || areas.len() > MAX_AREAS {
            return Err(NoPreview::Broken);
        }
        let extra = Extra {
            strip: None,
            areas: areas.to_vec(),
        };
        Ok(self.decode(size, bytes, &extra)?.screen)
    }

    fn decode(
        &self,
        size: u64,
        bytes: &mut dyn Read,
        extra: &Extra,
    ) -> Result<Previews, NoPreview> {
        if size == 0 {
            return Err(NoPreview::Empty);
        }
        if size > self.limits.file_bytes {
            return Err(NoPreview::TooLarge);
        }
        let _turn = self.turns.take();
        let made = match &self.place {
            _ if self.stopped.load(Ordering::Relaxed) => Err(NoPreview::NoDecoder),
            Place::Nowhere => Err(NoPreview::NoDecoder),
            Place::Here => here(size, bytes, extra),
            #[cfg(unix)]
            Place::Process { program, arguments } => crate::process::previews(
                program,
                arguments,
                &self.limits,
                &self.stopped,
                size,
                bytes,
                extra,
            ),
            #[cfg(not(unix))]
            Place::Process { .. } => here(size, bytes, extra),
        };
        made.and_then(|made| checked(made, extra.strip.as_ref()))
    }
}

/// As it was started, even if its file has been replaced since.
fn this_program() -> Option<PathBuf> {
    if cfg!(target_os = "linux") {
        Some(PathBuf::from("/proc/self/exe"))
    } else {
        std::env::current_exe().ok()
    }
}

fn here(size: u64, from: &mut dyn Read, extra: &Extra) -> Result<Previews, NoPreview> {
    let mut bytes = Vec::new();
    match from.take(size).read_to_end(&mut bytes) {
        Ok(read) if read as u64 == size => {}
        _ => return Err(NoPreview::Unreadable),
    }
    std::panic::catch_unwind(|| decode_with(&bytes, extra)).unwrap_or(Err(NoPreview::Broken))
}

/// What came back must be what was asked for: two plain JPEGs of the right sizes for a picture of that size.
fn checked(made: Previews, strip: Option<&Strip>) -> Result<Previews, NoPreview> {
    let (mut screen, thumb) = fit_both(made.width, made.height);
    screen.1 += strip.map_or(0, |strip| strip.height);
    let right = |jpeg: &[u8], size: (u32, u32)| plain_jpeg::dimensions(jpeg) == Some(size);
    let sane = made.width > 0 && made.height > 0;
    if sane && right(&made.screen, screen) && right(&made.thumb, thumb) {
        Ok(made)
    } else {
        Err(NoPreview::Stopped)
    }
}
