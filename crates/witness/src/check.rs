//! A look at a log from outside: whether what it shows now continues what this witness has cosigned. A log that goes back or forks need
//! not ask its witness; so the witness asks it, as often as somebody lets it.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_tlog::checkpoint::{self, Checkpoint};
use fieldseal_tlog::merkle::{Hash, MAX_PROOF_HASHES, verify_consistency};
use fieldseal_tlog::note::{MAX_NOTE_BYTES, Vkey};

use crate::folder::{Folder, FolderError};

/// Nothing could be said about the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The witness's own folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The log did not answer.
    #[error("the log can't be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It answered with something else.
    #[error("the log's answer is not of the form described")]
    Answer,
    /// What it shows is signed by no log that is watched here.
    #[error("the checkpoint there is not by a log that is watched here")]
    Unknown,
}

/// What a log shows, beside what was cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// The same, or more, proved to continue it.
    Continues {
        /// Leaves cosigned.
        cosigned: u64,
        /// Leaves shown.
        shown: u64,
    },
    /// Fewer leaves than were cosigned.
    WentBack {
        /// Leaves cosigned.
        cosigned: u64,
        /// Leaves shown.
        shown: u64,
    },
    /// As many leaves, and others.
    Forked {
        /// Leaves.
        size: u64,
    },
    /// More leaves, and no proof that holds.
    NotProved {
        /// Leaves cosigned.
        cosigned: u64,
        /// Leaves shown.
        shown: u64,
    },
}

impl Outlook {
    /// Whether nobody needs to look.
    pub fn is_good(self) -> bool {
        matches!(self, Outlook::Continues { .. })
    }
}

/// Asks the log below `url` (`<server>/log`) and compares. Writes nothing.
pub async fn look(folder: &Folder, url: &str) -> Result<(String, Outlook), CheckError> {
    let keys = folder.logs()?;
    let http = client()?;
    let url = url.trim_end_matches('/');
    let shown = shown(&http, url, &keys).await?;
    let outlook = compared(folder, &keys, &http, url, &shown).await?;
    Ok((shown.origin, outlook))
}

/// What the log shows now, by a key of it that is watched here.
pub(crate) async fn shown(
    http: &reqwest::Client,
    url: &str,
    keys: &[Vkey],
) -> Result<Checkpoint, CheckError> {
    let asked = format!("{url}/checkpoint");
    let bytes = fetch(http, &asked, None, MAX_NOTE_BYTES).await?;
    let bytes = bytes.map_err(|_| CheckError::Answer)?;
    keys.iter()
        .find_map(|key: &Vkey| checkpoint::open(&bytes, key).ok())
        .ok_or(CheckError::Unknown)
}

/// How that stands to what was cosigned.
pub(crate) async fn compared(
    folder: &Folder,
    keys: &[Vkey],
    http: &reqwest::Client,
    url: &str,
    shown: &Checkpoint,
) -> Result<Outlook, CheckError> {
    match folder.head(&shown.origin, keys)? {
        Some(known) => compare(http, url, &known, shown).await,
        None => Ok(Outlook::Continues {
            cosigned: 0,
            shown: shown.size,
        }),
    }
}

async fn compare(
    http: &reqwest::Client,
    url: &str,
    known: &Checkpoint,
    shown: &Checkpoint,
) -> Result<Outlook, CheckError> {
    let (cosigned, size) = (known.size, shown.size);
    if size < cosigned {
        return Ok(Outlook::WentBack {
            cosigned,
            shown: size,
        });
    }
    if size == cosigned && shown.root != known.root {
        return Ok(Outlook::Forked { size });
    }
    let proof = if size == cosigned || cosigned == 0 {
        Some(Vec::new())
    } else {
        let asked = format!("{url}/consistency?from={cosigned}&to={size}");
        let bytes = fetch(http, &asked, None, MAX_NOTE_BYTES).await?;
        bytes.ok().and_then(|bytes| hashes(&bytes, cosigned, size))
    };
    let proved = proof.is_some_and(|proof| {
        verify_consistency(cosigned, &known.root, size, &shown.root, &proof).is_ok()
    });
    Ok(if proved {
        Outlook::Continues {
            cosigned,
            shown: size,
        }
    } else {
        Outlook::NotProved {
            cosigned,
            shown: size,
        }
    })
}

/// A line of the two sizes, then hashes.
fn hashes(bytes: &[u8], from: u64, to: u64) -> Option<Vec<Hash>> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let rest = text.strip_prefix(&format!("{from} {to}"))?;
    let hash = |line: &str| STANDARD.decode(line).ok()?.try_into().ok();
    rest.split('\n')
        .skip(1)
        .take(MAX_PROOF_HASHES)
        .map(hash)
        .collect()
}

pub(crate) fn client() -> Result<reqwest::Client, CheckError> {
    // Fails only when one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(CheckError::Unreachable)
}

/// The answer's bytes, at most `most`; the status when it is another than success. `pass`: what the log's server asks for before it serves leaves.
pub(crate) async fn fetch(
    http: &reqwest::Client,
    url: &str,
    pass: Option<&str>,
    most: usize,
) -> Result<Result<Vec<u8>, u16>, CheckError> {
    let mut request = http.get(url);
    if let Some(pass) = pass {
        request = request.bearer_auth(pass);
    }
    let mut response = request.send().await.map_err(CheckError::Unreachable)?;
    if !response.status().is_success() {
        return Ok(Err(response.status().as_u16()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(CheckError::Unreachable)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            return Err(CheckError::Answer);
        }
    }
    Ok(Ok(bytes))
}
