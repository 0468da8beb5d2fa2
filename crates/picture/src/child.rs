//! The decoding process: task in, confinement, picture in, answer out, end. Its only descriptor that leads anywhere is the socket it got as
//! its input.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::io::{Errno, read, write};
use rustix::stdio::stdin;

use crate::frame::{Answer, Task};
use crate::previews::{Extra, decode_with};
use crate::{Area, NoPreview, Strip, confine};

pub fn decode_and_exit() -> ! {
    // A panic's text may quote the picture.
    std::panic::set_hook(Box::new(|_| {}));
    let ended = serve().is_some();
    std::process::exit(if ended { 0 } else { 1 });
}

fn serve() -> Option<()> {
    let mut task = [0; Task::LEN];
    fill(&mut task)?;
    let task = Task::from_bytes(&task)?;
    let strip_len = task.strip_len()?;
    let areas_len = task.areas_len()?;
    let filtered = confine::confine(task.memory.saturating_add(task.size), task.cpu_s);
    let given = picture(task.size).and_then(|bytes| {
        let strip = strip(task, strip_len)?;
        let areas = areas(areas_len)?;
        Ok((bytes, Extra { strip, areas }))
    });
    let made = given.and_then(|(bytes, extra)| {
        catch_unwind(AssertUnwindSafe(|| decode_with(&bytes, &extra)))
            .unwrap_or(Err(NoPreview::Broken))
    });
    send(&Answer { filtered, made }.to_bytes())
}

fn picture(size: u64) -> Result<Vec<u8>, NoPreview> {
    let size = usize::try_from(size).map_err(|_| NoPreview::TooLarge)?;
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(size)
        .map_err(|_| NoPreview::Memory)?;
    bytes.resize(size, 0);
    fill(&mut bytes).ok_or(NoPreview::Unreadable)?;
    Ok(bytes)
}

fn strip(task: Task, len: usize) -> Result<Option<Strip>, NoPreview> {
    if len == 0 {
        return Ok(None);
    }
    let mut grey = vec![0; len];
    fill(&mut grey).ok_or(NoPreview::Unreadable)?;
    let (width, height) = task.strip;
    Ok(Some(Strip {
        width,
        height,
        grey,
    }))
}

fn areas(count: usize) -> Result<Vec<Area>, NoPreview> {
    let mut areas = Vec::with_capacity(count);
    for _ in 0..count {
        let mut bytes = [0; Area::LEN];
        fill(&mut bytes).ok_or(NoPreview::Unreadable)?;
        areas.push(Area::from_bytes(&bytes));
    }
    Ok(areas)
}

/// Nothing when the parent is gone.
fn fill(mut bytes: &mut [u8]) -> Option<()> {
    while !bytes.is_empty() {
        match read(stdin(), &mut *bytes) {
            Ok(0) => return None,
            Ok(count) => bytes = bytes.get_mut(count..)?,
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    Some(())
}

fn send(mut bytes: &[u8]) -> Option<()> {
    while !bytes.is_empty() {
        match write(stdin(), bytes) {
            Ok(count) => bytes = bytes.get(count..)?,
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    Some(())
}
