//! Previews of pictures that nobody vouches for. A photo comes from a camera, a recorder card or a party's phone, and whatever is
//! in it reaches a decoder; so the decoder runs in a process of its own that can do nothing but compute, and that may die.
//!
//! * [`run_decoder_child`] is the first line of `main` of every program that makes previews: started again with the hidden
//!   argument, the same program is the decoder. No second file has to be shipped, found and kept in step.
//! * [`Decoder`] is the parent's side: starts one process a picture, hands the bytes over a socket, waits no longer than it may,
//!   and believes nothing of what comes back ([`plain_jpeg`]).
//! * [`confine`] is what the process gives up before it reads the first byte: files, sockets, other programs, memory, time.
//! * [`mod@previews`] is the decoding itself: bytes in, two JPEGs out; for a stamped copy, with a strip that the parent has drawn below the larger one; for a redacted one,
//!   with areas blacked out.
//!
//! The plaintext never touches a disk. Whatever fails has a word ([`NoPreview`]), and the original is evidence all the same.
//!
//! One process a picture, not a pool: starting costs a few milliseconds beside a hundred of decoding, and no picture can leave
//! anything behind for the next one.

#[cfg(unix)]
mod child;
#[cfg(unix)]
pub mod confine;
mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod parent;
pub mod plain_jpeg;
pub mod previews;
#[cfg(unix)]
mod process;
mod turns;
mod why;

pub use parent::{Decoder, Limits};
pub use previews::{Area, MAX_AREAS, Previews, Strip, decode_here, screen_size};
pub use why::NoPreview;

/// Longest side of the small preview, pixels.
pub const THUMB_SIDE: u32 = 320;
/// Longest side of the large preview, pixels.
pub const SCREEN_SIDE: u32 = 1600;

/// Highest strip below a stamped copy, pixels.
pub const MAX_STRIP_HEIGHT: u32 = 1600;

/// The hidden first argument.
pub const CHILD_WORD: &str = "decode-picture";
/// Set in the child's environment, and nothing else is.
pub const CHILD_VARIABLE: &str = "FIELDSEAL_PICTURE";

/// First line of `main`: decodes and ends the process when it was started for that; otherwise notes that this program can be,
/// and returns at once.
pub fn run_decoder_child() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == CHILD_WORD) {
        decode_and_exit();
    }
    parent::this_program_can_decode();
}

/// For a test's own harness, which reads the arguments itself: what [`run_decoder_child`] does, for a process that a
/// [`Decoder::of_program`] started. Returns at once otherwise.
pub fn run_decoder_child_of_test() {
    if std::env::var_os(CHILD_VARIABLE).is_some() {
        decode_and_exit();
    }
}

fn decode_and_exit() -> ! {
    #[cfg(unix)]
    child::decode_and_exit();
    // There the decoder is not started in the first place.
    #[cfg(not(unix))]
    std::process::exit(2);
}
