//! Registers and the map.

use fieldseal_wire::registers::{MapAnswer, Register, VERSION_HEADER};
use reqwest::{Response, StatusCode, header};

use super::{Client, HttpError, body, header_number, not_connected};

/// A whole register may take this long: on a weak link, some kilobytes a second.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(3600);

/// A register's answer.
pub enum RegisterAnswer {
    /// As it was.
    Same,
    /// Its version, its tag, and its lines, which are still on their way.
    New(u64, String, Lines),
}

/// Lines on their way.
pub struct Lines(Response);

impl Lines {
    /// The next piece; none: that was all, if the digest says so too.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, HttpError> {
        let chunk = self.0.chunk().await.map_err(HttpError::Unreachable)?;
        Ok(chunk.map(|chunk| chunk.to_vec()))
    }
}

impl Client {
    /// A register, unless it still has this tag.
    pub async fn register(
        &self,
        register: Register,
        known: Option<&str>,
        token: &str,
    ) -> Result<RegisterAnswer, HttpError> {
        let path = format!("/api/v1/registers/{}", register.as_str());
        let mut request = self
            .http
            .get(self.url(&path))
            .bearer_auth(token)
            .timeout(LONGEST);
        if let Some(known) = known {
            request = request.header(header::IF_NONE_MATCH, known);
        }
        let response = request.send().await.map_err(not_connected)?;
        let tag = response
            .headers()
            .get(header::ETAG)
            .and_then(|tag| tag.to_str().ok())
            .filter(|tag| tag.len() <= 128)
            .map(str::to_owned);
        if response.status() == StatusCode::NOT_MODIFIED && tag.is_some() && tag.as_deref() == known
        {
            return Ok(RegisterAnswer::Same);
        }
        let response = self.checked(response).await?;
        match (tag, header_number(&response, VERSION_HEADER)) {
            (Some(tag), Some(version)) => Ok(RegisterAnswer::New(version, tag, Lines(response))),
            _ => Err(self.who_answered().await),
        }
    }

    /// Which map there is.
    pub async fn map(&self, token: &str) -> Result<MapAnswer, HttpError> {
        self.json(self.http.get(self.url("/api/v1/map")).bearer_auth(token))
            .await
    }

    /// A piece of it.
    pub async fn map_piece(
        &self,
        sha256: &str,
        from: u64,
        token: &str,
    ) -> Result<Vec<u8>, HttpError> {
        let request = self
            .http
            .get(self.url(&format!("/api/v1/map/{sha256}?from={from}")))
            .bearer_auth(token);
        body(self.send(request).await?).await
    }
}
