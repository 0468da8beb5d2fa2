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
/// Bytes gathered before they are written: each time costs two changes of thread.
const GATHER: usize = 2 << 20;

/// How the body ended.
enum End {
    /// As it should.
    Whole,
    /// The connection broke, or another request took over.
    Broken,
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
        &self,
        mut writer: Writer,
        mut body: Body,
    ) -> (Result<u64, Failure>, Option<Writer>) {
        let mut gathered: Vec<Bytes> = Vec::new();
        let mut size = 0;
        let mut acknowledged = self.upload.offset;
        loop {
            let next = self.next(&mut body).await;
            let end = match next {
                Ok(Some(bytes)) => {
                    size += bytes.len();
                    gathered.push(bytes);
                    None
                }
                Ok(None) => Some(End::Whole),
                Err(()) => Some(End::Broken),
            };
            if writer.offset() + size as u64 > self.upload.length {
                // Without the writer the next request opens the file anew, and cuts it at what is acknowledged.
                return (
                    Err(Failure::new(ProblemCode::TooLarge)
                        .detail("more bytes than Upload-Length announced")),
                    None,
                );
            }
            if size >= GATHER || end.is_some() {
                let chunk = std::mem::take(&mut gathered);
                self.app
                    .counters
                    .upload_bytes
                    .fetch_add(size as u64, Ordering::Relaxed);
                size = 0;
                let (path, reserve) = (
                    self.app.uploads.path(&self.upload.id),
                    self.app.config.limits.reserve,
                );
                let written = blocking(move || {
                    files::ensure_room(&path, reserve)?;
                    for bytes in &chunk {
                        writer.write(bytes)?;
                    }
                    Ok(writer)
                });
                writer = match written.await {
                    Ok(writer) => writer,
                    Err(error) => {
                        self.give_back(acknowledged).await;
                        return (Err(Failure::from_io(&error)), None);
                    }
                };
            }
            let due = self.checksum.is_none() && writer.offset() - acknowledged >= SYNC_EVERY;
            match end {
                None if due => match self.acknowledge(writer).await {
                    Ok((synced, offset)) => (writer, acknowledged) = (synced, offset),
                    Err(failure) => {
                        self.give_back(acknowledged).await;
                        return (Err(failure), None);
                    }
                },
                None => {}
                Some(end) => {
                    let (result, writer) = self.finish(writer, &end).await;
                    if writer.is_none() {
                        self.give_back(acknowledged).await;
                    }
                    return (result, writer);
                }
            }
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

    async fn finish(
        &self,
        mut writer: Writer,
        end: &End,
    ) -> (Result<u64, Failure>, Option<Writer>) {
        if let Some(expected) = self.checksum
            && (matches!(end, End::Broken) || writer.chunk_digest() != Some(expected))
        {
            // Bytes that could not be checked are not kept.
            let rolled_back = blocking(move || writer.roll_back().map(|()| writer)).await;
            let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
            return (
                Err(Failure::new(ProblemCode::ChecksumMismatch).status(status)),
                rolled_back.ok(),
            );
        }
        match self.acknowledge(writer).await {
            Ok((writer, offset)) => (Ok(offset), Some(writer)),
            Err(failure) => (Err(failure), None),
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
    async fn acknowledge(&self, mut writer: Writer) -> Result<(Writer, u64), Failure> {
        let writer = blocking(move || writer.sync().map(|()| writer))
            .await
            .map_err(|error| Failure::from_io(&error))?;
        let (id, offset, expires_at, now) = (
            self.upload.id.clone(),
            writer.offset(),
            self.expires_at(),
            self.app.config.ambient.now(),
        );
        let digest = (offset == self.upload.length).then(|| writer.digest());
        self.app
            .db
            .write(move |tx| match digest {
                Some(digest) => uploads::complete(tx, &id, &digest, now),
                None => uploads::advance(tx, &id, offset, expires_at),
            })
            .await?;
        Ok((writer, offset))
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
