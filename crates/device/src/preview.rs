//! Previews: made after the bytes are durable, by a thread of their own that asks a process of its own ([`fieldseal_picture`]), so
//! that no capture waits for a decoder and no photo harms the engine. A file that can't be decoded is evidence all the same; it
//! has a stable word for why it has no preview.

use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Duration;

use fieldseal_picture::NoPreview;
use fieldseal_vault::captures::PreviewState;
use fieldseal_vault::previews::Preview;
use fieldseal_vault::{Original, OriginalError, captures, previews};

use crate::core::{Core, lock};
use crate::problem::{Code, Problem};

/// Looks for work this often even without being woken, and so notices a lock or the engine's end.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Wakes the thread.
#[derive(Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    bell: Condvar,
}

impl Bell {
    pub fn wake(&self) {
        *lock(&self.rung) = true;
        self.bell.notify_all();
    }

    fn wait(&self) {
        let rung = lock(&self.rung);
        let waited = self
            .bell
            .wait_timeout_while(rung, LOOK_EVERY, |rung| !*rung);
        *waited.unwrap_or_else(std::sync::PoisonError::into_inner).0 = false;
    }
}

/// The thread's life: until the engine is gone.
pub(crate) fn run(core: &Weak<Core>, bell: &Arc<Bell>) {
    loop {
        bell.wait();
        let Some(core) = core.upgrade() else { return };
        if core.line.stopping() {
            return;
        }
        core.auto_lock();
        core.end_recordings(false);
        core.wait_for_quiet();
        core.settle();
        while !core.line.stopping() && core.make_next_preview().unwrap_or(false) {
            core.wait_for_quiet();
        }
    }
}

/// By its bytes' type: sound, or a moving picture.
pub(crate) fn is_recording(media_type: &str) -> bool {
    media_type.starts_with("video/") || media_type.starts_with("audio/")
}

impl Core {
    /// Makes the previews of one capture; `false` when there is nothing to do.
    pub fn make_next_preview(&self) -> Result<bool, Problem> {
        let Some(capture_seq) = self
            .read(|c| Ok(captures::without_preview(c, 1)?))?
            .first()
            .copied()
        else {
            return Ok(false);
        };
        let Some(capture) = self.read(|c| Ok(captures::get(c, capture_seq)?))? else {
            return Ok(false);
        };
        if is_recording(&capture.media_type) {
            // No frame of a film is made here: nothing would be gained by reading gigabytes.
            return self
                .write(|tx| {
                    let state = PreviewState {
                        problem: Some(NoPreview::UnknownFormat.word().to_owned()),
                        ..PreviewState::default()
                    };
                    Ok(captures::set_preview_state(tx, capture_seq, &state)?)
                })
                .map(|()| true);
        }
        let made = match self.open_vault()?.open_original(capture_seq) {
            Ok(mut original) => self
                .config
                .decoder
                .previews(capture.size, &mut original)
                .map_err(NoPreview::word),
            Err(OriginalError::Reclaimed { .. }) => Err("reclaimed"),
            Err(_) => Err(NoPreview::Unreadable.word()),
        };
        if self.line.stopping() {
            // Whatever the decoder says now, it may say because it was stopped.
            return Ok(false);
        }
        self.write(|tx| {
            let state = match &made {
                Ok(made) => {
                    previews::put(tx, capture_seq, Preview::Thumb, &made.thumb)?;
                    previews::put(tx, capture_seq, Preview::Screen, &made.screen)?;
                    PreviewState {
                        width: Some(made.width),
                        height: Some(made.height),
                        problem: None,
                    }
                }
                Err(problem) => PreviewState {
                    problem: Some((*problem).to_owned()),
                    ..PreviewState::default()
                },
            };
            Ok(captures::set_preview_state(tx, capture_seq, &state)?)
        })?;
        Ok(true)
    }

    /// What had no preview for a reason that lay in the moment gets another look: at each unlock.
    pub fn look_again(&self) -> Result<(), Problem> {
        self.write(|tx| {
            for why in NoPreview::ALL.iter().filter(|why| why.may_pass()) {
                captures::forget_preview_problem(tx, why.word())?;
            }
            Ok(())
        })
    }

    /// A recording's bytes, for the player.
    pub fn media(&self, capture_seq: u64) -> Result<(String, Original), Problem> {
        let found = self.read(|c| Ok(captures::get(c, capture_seq)?))?;
        let media_type = found
            .map(|capture| capture.media_type)
            .filter(|word| is_recording(word))
            .ok_or(Code::NotFound)?;
        let original = self
            .open_vault()?
            .open_original(capture_seq)
            .map_err(|error| Problem::because(Code::Unreadable, error))?;
        Ok((media_type, original))
    }

    /// The stored JPEG.
    pub fn image(&self, preview: Preview, capture_seq: u64) -> Result<Vec<u8>, Problem> {
        self.read(|c| Ok(previews::get(c, capture_seq, preview)?))?
            .ok_or_else(|| Code::NoPreview.into())
    }
}
