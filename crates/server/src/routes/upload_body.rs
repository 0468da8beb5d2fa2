//! The body of one PATCH: taken as it comes, written, made durable, and only then acknowledged.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use fieldseal_wire::ProblemCode;
use http_body_util::BodyExt as _;

use crate::app::{Shared, millis};
use crate::files;
use crate::problem::Failure;
use crate::store::uploads::{self, Upload};
use crate::upload::Slot;
use crate::upload::writer::Writer;

/// Bytes between two fsyncs of one request, when no checksum holds them back.
const SYNC_EVERY: u64 = 8 << 20;
/// Bytes gathered before they are hashed and written. Each time costs two changes of thread; but more than the processor's
/// nearest caches hold would be fetched from memory three times, and the allocator would have to ask the system for pages anew.
const GATHER: usize = 256 << 10;

/// How the body ended.
enum End {
    /// As it should.
    Whole,
    /// The connection broke, or another request took over.
    Broken,
}

/// What came of one piece.
enum Step {
    /// More may come; with the offset that was acknowledged meanwhile.
    On(Writer, Option<u64>),
    /// The request is answered so; the writer when it is sound.
    Over(Result<u64, Failure>, Option<Writer>),
    /// Nobody knows what of it is on the disk.
    Failed(Failure),
}

/// One PATCH.
pub(super) struct Request {
    /// The server.
    pub app: Shared,
    /// The upload as it stood when the lock was taken.
    pub upload: Upload,
    /// Its lock, which this request holds.
    pub slot: Arc<Slot>,
    /// What the bytes were announced to hash to.
    pub checksum: Option<[u8; 32]>,
}

impl Request {
    /// When the upload ends if nothing more comes.
    pub fn expires_at(&self) -> i64 {
        self.app.config.ambient.now() + millis(self.app.config.limits.upload_lifetime)
    }

    /// Takes the body. Gives the offset acknowledged, and the writer when it is still sound.
    pub async fn receive(
        self: Arc<Self>,
        mut writer: Writer,
        mut body: Body,
    ) -> (Result<u64, Failure>, Option<Writer>) {
        let mut gathered: Vec<Bytes> = Vec::new();
        let mut size = 0;
        let mut acknowledged = self.upload.offset;
        loop {
            let end = match self.next(&mut body).await {
                Ok(Some(bytes)) => {
                    size += bytes.len();
                    gathered.push(bytes);
                    None
                }
                Ok(None) => Some(End::Whole),
                Err(()) => Some(End::Broken),
            };
            let reached = writer.offset() + size as u64;
            if reached > self.upload.length {
                // Without the writer the next request opens the file anew, and cuts it at what is acknowledged.
                return (
                    Err(Failure::new(ProblemCode::TooLarge)
                        .detail("more bytes than Upload-Length announced")),
                    None,
                );
            }
            let due = self.checksum.is_none() && reached - acknowledged >= SYNC_EVERY;
            if size < GATHER && !due && end.is_none() {
                continue;
            }
            size = 0;
            let (this, chunk) = (self.clone(), std::mem::take(&mut gathered));
            let step = move || this.step(writer, &chunk, due, end);
            match tokio::task::spawn_blocking(step).await {
                Ok(Step::On(sound, offset)) => {
                    writer = sound;
                    acknowledged = offset.unwrap_or(acknowledged);
                }
                Ok(Step::Over(result, sound)) => return (result, sound),
                Ok(Step::Failed(failure)) => {
                    self.give_back(acknowledged).await;
                    return (Err(failure), None);
                }
                Err(_) => return (Err(Failure::new(ProblemCode::Internal)), None),
            }
        }
    }

    /// One piece of the body, off the async threads and in one go: written and hashed; when it is time, made durable and
    /// acknowledged; at the end, checked before that.
    fn step(&self, mut writer: Writer, chunk: &[Bytes], due: bool, end: Option<End>) -> Step {
        let written = files::ensure_room(
            &self.app.uploads.path(&self.upload.id),
            self.app.config.limits.reserve,
        )
        .and_then(|()| chunk.iter().try_for_each(|bytes| writer.write(bytes)));
        if let Err(error) = written {
            return Step::Failed(Failure::from_io(&error));
        }
        let size: usize = chunk.iter().map(Bytes::len).sum();
        self.app
            .counters
            .upload_bytes
            .fetch_add(size as u64, Ordering::Relaxed);
        if let Some(end) = &end
            && let Some(expected) = self.checksum
            && (matches!(end, End::Broken) || writer.chunk_digest() != Some(expected))
        {
            // Bytes that could not be checked are not kept.
            let sound = writer.roll_back().map(|()| writer).ok();
            let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
            let failure = Failure::new(ProblemCode::ChecksumMismatch).status(status);
            return if sound.is_some() {
                Step::Over(Err(failure), sound)
            } else {
                Step::Failed(failure)
            };
        }
        if end.is_none() && !due {
            return Step::On(writer, None);
        }
        match self.acknowledge(&mut writer) {
            Err(failure) => Step::Failed(failure),
            Ok(offset) if end.is_some() => Step::Over(Ok(offset), Some(writer)),
            Ok(offset) => Step::On(writer, Some(offset)),
        }
    }

    /// After a failed write: gives the room of bytes that were never acknowledged back at once, because the disk may be full.
    async fn give_back(&self, acknowledged: u64) {
        let path = self.app.uploads.path(&self.upload.id);
        let cut = blocking(move || {
            std::fs::OpenOptions::new()
                .write(true)
                .open(path)?
                .set_len(acknowledged)
        });
        if let Err(error) = cut.await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "an upload could not be cut back; the next request does it"
            );
        }
    }

    /// The next bytes; none at the end; an error when the connection breaks, falls silent, or another request takes over.
    async fn next(&self, body: &mut Body) -> Result<Option<Bytes>, ()> {
        loop {
            let frame = tokio::select! {
                frame = body.frame() => frame,
                () = self.slot.takeover.notified() => return Err(()),
                () = tokio::time::sleep(self.app.config.limits.idle) => return Err(()),
            };
            match frame {
                None => return Ok(None),
                Some(Err(_)) => return Err(()),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    /// First the bytes are made durable, then the row says so.
    fn acknowledge(&self, writer: &mut Writer) -> Result<u64, Failure> {
        writer.sync().map_err(|error| Failure::from_io(&error))?;
        let (id, offset) = (self.upload.id.clone(), writer.offset());
        let complete = (offset == self.upload.length).then(|| writer.digest());
        let (now, expires_at) = (self.app.config.ambient.now(), self.expires_at());
        self.app
            .db
            .write_in_company(move |tx| match &complete {
                Some(digest) => uploads::complete(tx, &id, digest, now),
                None => uploads::advance(tx, &id, offset, expires_at),
            })
            .map_err(Failure::from)?;
        Ok(offset)
    }
}

/// File work off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(std::io::Error::other("the server is stopping")))
}
