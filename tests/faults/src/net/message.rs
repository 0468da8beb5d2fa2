//! HTTP/1.1 as far as a proxy needs it: where a message ends, and what its head says.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

const MOST_HEAD: usize = 64 << 10;
const MOST_BODY: usize = 32 << 20;

/// One request or answer, whole.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Up to and with the empty line.
    pub head: Vec<u8>,
    /// As it came over the wire.
    pub body: Vec<u8>,
}

impl Message {
    /// Method and path of a request.
    pub fn request_line(&self) -> (String, String) {
        let text = String::from_utf8_lossy(&self.head);
        let mut words = text.lines().next().unwrap_or_default().split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        (word(), word())
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.head);
        text.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.parse().ok()
    }

    /// The same, saying that no other follows on this connection.
    pub fn closing(mut self) -> Self {
        let text = String::from_utf8_lossy(&self.head).into_owned();
        let kept = text.trim_end().lines().filter(|line| {
            let key = line.split(':').next().unwrap_or_default();
            !key.eq_ignore_ascii_case("connection")
        });
        let mut head = kept.collect::<Vec<_>>().join("\r\n");
        head.push_str("\r\nconnection: close\r\n\r\n");
        self.head = head.into_bytes();
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        [&self.head[..], &self.body[..]].concat()
    }

    /// Reads the head; none at the end of the connection.
    pub async fn read_head(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut message = Self::default();
        while !message.head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if from.read(&mut byte).await? == 0 {
                return Ok(None);
            }
            message.head.push(byte[0]);
            if message.head.len() > MOST_HEAD {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        Ok(Some(message))
    }

    /// Reads a request's body behind its head.
    pub async fn read_body(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
        if let Some(length) = self.number("content-length") {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > MOST_BODY {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.body = vec![0; length];
            from.read_exact(&mut self.body).await?;
        } else if self.header("transfer-encoding").is_some() {
            while !self.body.ends_with(b"0\r\n\r\n") {
                let mut byte = [0];
                from.read_exact(&mut byte).await?;
                self.body.push(byte[0]);
                if self.body.len() > MOST_BODY {
                    return Err(io::ErrorKind::InvalidData.into());
                }
            }
        }
        Ok(())
    }
}

/// A small answer of somebody who is not the server.
pub fn page(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_to_its_end_and_no_further() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut wire = &b"PATCH /u/1 HTTP/1.1\r\nHost: x\r\nUpload-Offset: 4\r\nContent-Length: 3\r\n\r\nabcrest"[..];
            let mut message = Message::read_head(&mut wire).await.unwrap().unwrap();
            message.read_body(&mut wire).await.unwrap();
            assert_eq!(message.request_line(), ("PATCH".to_owned(), "/u/1".to_owned()));
            assert_eq!((message.number("upload-offset"), &message.body[..]), (Some(4), &b"abc"[..]));
            assert_eq!(wire, b"rest");
            let closing = message.closing();
            assert!(closing.head.ends_with(b"\r\nconnection: close\r\n\r\n"));
            let mut chunked = &b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nx"[..];
            let mut message = Message::read_head(&mut chunked).await.unwrap().unwrap();
            message.read_body(&mut chunked).await.unwrap();
            assert_eq!(chunked, b"x");
            assert!(Message::read_head(&mut &b""[..]).await.unwrap().is_none());
        });
    }
}
