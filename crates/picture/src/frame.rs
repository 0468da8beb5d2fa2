//! What passes between parent and child, and back.
//!
//! To the child: [`Task`], then the picture's bytes, then the strip's grey pixels, if there is one, then the areas to be blacked out. Back: magic, how the child is confined, and either a reason or width, height and
//! the two JPEGs with their lengths; then the end of the stream. The parent reads no more than [`MAX_ANSWER`].

use crate::{MAX_AREAS, MAX_STRIP_HEIGHT, NoPreview, Previews, SCREEN_SIDE};

const TASK: &[u8; 8] = b"fspic-t3";
const ANSWER: &[u8; 8] = b"fspic-a1";
/// Largest preview that is taken, bytes: 1600 by 1600 pixels at the quality used stay well below.
pub const MAX_JPEG: usize = 4 << 20;
/// Longest answer.
pub const MAX_ANSWER: usize = 2 * MAX_JPEG + HEAD;
const HEAD: usize = 8 + 1 + 1 + 4 * 4;

/// What the child is asked to do, and within what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// Bytes of the picture.
    pub size: u64,
    /// Address space for it, beside what the program takes when it starts.
    pub memory: u64,
    /// Processor time, seconds.
    pub cpu_s: u64,
    /// Of the strip to be set below the larger preview, pixels; 0 by 0 for none.
    pub strip: (u32, u32),
    /// Areas that follow.
    pub areas: u32,
}

impl Task {
    pub const LEN: usize = 8 + 3 * 8 + 3 * 4;

    /// How many bytes of strip follow the picture; none for a strip that no preview can have.
    pub fn strip_len(self) -> Option<usize> {
        let (width, height) = self.strip;
        let fits = width <= SCREEN_SIDE && height <= MAX_STRIP_HEIGHT;
        usize::try_from(u64::from(width) * u64::from(height))
            .ok()
            .filter(|_| fits)
    }

    /// How many areas follow; none for more than there may be.
    pub fn areas_len(self) -> Option<usize> {
        usize::try_from(self.areas)
            .ok()
            .filter(|count| *count <= MAX_AREAS)
    }

    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(TASK);
        bytes[8..16].copy_from_slice(&self.size.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.memory.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.cpu_s.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.strip.0.to_le_bytes());
        bytes[36..40].copy_from_slice(&self.strip.1.to_le_bytes());
        bytes[40..].copy_from_slice(&self.areas.to_le_bytes());
        bytes
    }

    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let number = |at: usize| Some(u64::from_le_bytes(bytes[at..at + 8].try_into().ok()?));
        let side = |at: usize| Some(u32::from_le_bytes(bytes[at..at + 4].try_into().ok()?));
        if &bytes[..8] != TASK {
            return None;
        }
        Some(Self {
            size: number(8)?,
            memory: number(16)?,
            cpu_s: number(24)?,
            strip: (side(32)?, side(36)?),
            areas: side(40)?,
        })
    }
}

/// What the child answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The kernel filters its system calls.
    pub filtered: bool,
    pub made: Result<Previews, NoPreview>,
}

impl Answer {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = ANSWER.to_vec();
        bytes.push(u8::from(self.filtered));
        match &self.made {
            Ok(made) => {
                bytes.push(0);
                let lengths = [made.thumb.len(), made.screen.len()]
                    .map(|len| u32::try_from(len).unwrap_or(u32::MAX));
                for number in [made.width, made.height, lengths[0], lengths[1]] {
                    bytes.extend(number.to_le_bytes());
                }
                bytes.extend(&made.thumb);
                bytes.extend(&made.screen);
            }
            Err(why) => {
                let at = NoPreview::ALL.iter().position(|one| one == why);
                bytes.push(at.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(255));
            }
        }
        bytes
    }

    /// `None` for anything but an answer, exactly.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(ANSWER)?;
        let (&[filtered @ (0 | 1), what], rest) = rest.split_first_chunk::<2>()? else {
            return None;
        };
        let made = if what == 0 {
            let (head, rest) = rest.split_first_chunk::<16>()?;
            let number = |at: usize| {
                Some(u32::from_le_bytes(
                    head[at * 4..at * 4 + 4].try_into().ok()?,
                ))
            };
            let (thumb, screen) = (
                usize::try_from(number(2)?).ok()?,
                usize::try_from(number(3)?).ok()?,
            );
            if thumb > MAX_JPEG || screen > MAX_JPEG || rest.len() != thumb + screen {
                return None;
            }
            Ok(Previews {
                width: number(0)?,
                height: number(1)?,
                thumb: rest[..thumb].to_vec(),
                screen: rest[thumb..].to_vec(),
            })
        } else if rest.is_empty() {
            Err(*NoPreview::ALL.get(usize::from(what) - 1)?)
        } else {
            return None;
        };
        Some(Self {
            filtered: filtered == 1,
            made,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Vec<Answer> {
        let made = Previews {
            width: 4000,
            height: 3000,
            thumb: vec![1; 10],
            screen: vec![2; 30],
        };
        let whys = NoPreview::ALL.map(Err);
        std::iter::once(Ok(made))
            .chain(whys)
            .map(|made| Answer {
                filtered: true,
                made,
            })
            .collect()
    }

    #[test]
    fn answers_and_tasks_come_back_as_they_were() {
        for answer in answers() {
            assert_eq!(Answer::from_bytes(&answer.to_bytes()), Some(answer));
        }
        let task = Task {
            size: u64::MAX,
            memory: 7,
            cpu_s: 9,
            strip: (1600, 300),
            areas: 3,
        };
        assert_eq!(task.areas_len(), Some(3));
        assert_eq!(Task { areas: 65, ..task }.areas_len(), None);
        assert_eq!(task.strip_len(), Some(480_000));
        for strip in [(1601, 1), (1, 1601), (u32::MAX, u32::MAX)] {
            assert_eq!(Task { strip, ..task }.strip_len(), None);
        }
        assert_eq!(Task::from_bytes(&task.to_bytes()), Some(task));
        assert_eq!(Task::from_bytes(&[7; Task::LEN]), None);
    }

    #[test]
    fn an_answer_of_another_length_is_none() {
        for answer in answers() {
            let bytes = answer.to_bytes();
            for cut in 0..bytes.len() {
                assert_eq!(Answer::from_bytes(&bytes[..cut]), None);
            }
            let longer = [&bytes[..], b"x"].concat();
            assert_eq!(Answer::from_bytes(&longer), None);
        }
        let mut vast = answers()[0].to_bytes();
        vast[18..26].fill(0xff);
        assert_eq!(Answer::from_bytes(&vast), None);
        assert_eq!(Answer::from_bytes(b"fspic-a1\x01\xff"), None);
        assert_eq!(Answer::from_bytes(b"fspic-a1\x02\x01"), None);
    }
}
