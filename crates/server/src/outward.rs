//! What the server asks of others: timestamp authorities and witnesses. Everything is bounded: time, and bytes of the answer. No redirect
//! is followed, so that what is configured is what is asked.

use std::net::IpAddr;
use std::time::Duration;

/// Nothing usable came back. No answer's words are kept: they may be anybody's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutwardError {
    /// Not an address, or the client can't be made.
    #[error("the address can't be asked")]
    Address,
    /// No connection, no answer, or none in time.
    #[error("no answer")]
    Unreachable(#[source] reqwest::Error),
    /// Another status than 200.
    #[error("the answer was status {0}")]
    Status(u16),
    /// More bytes than such an answer has.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
}

/// The server's HTTP clients. The system's proxy is for what is elsewhere: this machine can't be reached through it.
#[derive(Clone)]
pub struct Outward {
    direct: reqwest::Client,
    elsewhere: reqwest::Client,
}

impl Outward {
    /// Both clients.
    pub fn new() -> Result<Self, OutwardError> {
        // Fails only when one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            reqwest::Client::builder()
                .connect_timeout(Duration::from_secs(10))
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(concat!("fieldseal-server/", env!("CARGO_PKG_VERSION")))
        };
        let built =
            |builder: reqwest::ClientBuilder| builder.build().map_err(|_| OutwardError::Address);
        Ok(Self {
            direct: built(builder().no_proxy())?,
            elsewhere: built(builder())?,
        })
    }

    /// POSTs bytes, and gives the answer's when its status is 200 and it has at most `most` bytes.
    pub async fn post(
        &self,
        url: &str,
        kind: &str,
        body: Vec<u8>,
        most: usize,
        within: Duration,
    ) -> Result<Vec<u8>, OutwardError> {
        match self.exchange(url, kind, body, most, within).await? {
            (200, answer) => Ok(answer),
            (status, _) => Err(OutwardError::Status(status)),
        }
    }

    /// POSTs bytes, and gives the answer's status and bytes, of which it has at most `most`.
    pub async fn exchange(
        &self,
        url: &str,
        kind: &str,
        body: Vec<u8>,
        most: usize,
        within: Duration,
    ) -> Result<(u16, Vec<u8>), OutwardError> {
        let url = reqwest::Url::parse(url).map_err(|_| OutwardError::Address)?;
        let client = if is_here(&url) {
            &self.direct
        } else {
            &self.elsewhere
        };
        let request = client
            .post(url)
            .header(reqwest::header::CONTENT_TYPE, kind)
            .timeout(within)
            .body(body);
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let mut read = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if read.len() + chunk.len() > most {
                return Err(OutwardError::TooLarge(most));
            }
            read.extend_from_slice(&chunk);
        }
        Ok((status, read))
    }
}

/// Without the address: it may hold an account's name.
fn unreachable(error: reqwest::Error) -> OutwardError {
    OutwardError::Unreachable(error.without_url())
}

fn is_here(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_asked_directly() {
        let here = |url: &str| is_here(&reqwest::Url::parse(url).unwrap());
        assert!(
            here("http://127.0.0.1:80/") && here("http://[::1]/x") && here("http://localhost/")
        );
        assert!(!here("https://tsa.example/") && !here("http://10.0.0.1/"));
    }
}
