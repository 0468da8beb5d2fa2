//! Stamped checkpoints: what the tablet's next seal names as seen, with the timestamp tokens over it. So the seal was made after the
//! tokens' time. Tokens that are wrong are not kept: a seal that names one would fail for what its maker could not see. Tokens of
//! authorities that this tablet's trust file does not know are kept: whoever verifies may know them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_packet::challenge::Challenge;
use fieldseal_packet::receipt::Receipt;
use fieldseal_packet::seal::MAX_TOKENS;
use fieldseal_packet::trust::Trust;
use fieldseal_packet::{KeyName, PacketId, Sha256Digest, Timestamp};
use fieldseal_stamp::{MAX_TOKEN, Stamp, StampError};
use fieldseal_tlog::checkpoint;
use fieldseal_tlog::note::Note;
use fieldseal_vault::outbox::{self, Seen};
use fieldseal_wire::device::SeenCheckpoint;
use serde_json::Value;

use crate::core::{Core, lock};
use crate::identity::Identity;
use crate::log_seen::{Doubt, continues};
use crate::problem::{Code, Problem};
use crate::receipts;

/// Of the upper bound of a safe packet, in the outbox, followed by its id.
const LOGGED_BEFORE: &str = "logged-before/";
/// Packets that get their bound at one contact; the next contact takes the rest.
const AT_ONCE: usize = 500;

/// A timestamp token over a checkpoint that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// The authority's id.
    pub authority: String,
    /// The response, DER.
    pub der: Vec<u8>,
}

impl Token {
    /// Its file in the packet.
    pub fn path(&self) -> String {
        format!("seen/checkpoint.{}.tsr", self.authority)
    }

    /// As the seal's line names it.
    pub fn named(&self) -> (String, Sha256Digest) {
        (self.authority.clone(), Sha256Digest::of(&self.der))
    }
}

/// Keeps what a contact brought: the newest checkpoint of all, and the newest stamped one. Waits for the network.
pub(crate) fn keep(core: &Core, answer: &SeenCheckpoint) -> Result<(), Doubt> {
    // First: a checkpoint may be by a key that these lead to.
    core.learn_log_keys(&answer.rotations)?;
    let newest = answer.newest.as_ref().or(answer.checkpoint.as_ref());
    if let Some(newest) = newest {
        receipts::keep_newest(core, newest.as_bytes(), &[])?;
    }
    if let Some(signed) = &answer.checkpoint
        && !answer.tokens.is_empty()
    {
        keep_stamped(core, signed.as_bytes(), &answer.tokens)?;
    }
    Ok(bound_safe(core)?)
}

fn keep_stamped(core: &Core, signed: &[u8], tokens: &[(String, String)]) -> Result<(), Doubt> {
    let identity = core.identity()?;
    let read = checkpoint::open_by(signed, &core.pinned()?.log)
        .map_err(|error| Problem::because(Code::ServerAnswer, error))?;
    let note = Note::parse(signed).map_err(|error| Problem::because(Code::ServerAnswer, error))?;
    let known = newest(core)?;
    let tokens = good(&identity, note.text.as_bytes(), tokens);
    let news = match &known {
        _ if tokens.is_empty() => false,
        Some(seen) if seen.size == read.size && seen.root == read.root => {
            seen.tokens != to_json(&tokens)
        }
        Some(seen) => seen.size < read.size,
        None => true,
    };
    if !news {
        return Ok(());
    }
    // Of the log that everybody else sees: an older tree than the newest, or the same.
    continues(core, &read, signed)?;
    let kept = Seen {
        size: read.size,
        root: read.root,
        checkpoint: signed.to_vec(),
        tokens: to_json(&tokens),
        seen_at: core.platform.now(),
    };
    core.vault()?
        .outbox_write(|tx| Ok::<_, Problem>(outbox::add_stamped(tx, &kept)?))?;
    lock(&core.live).challenge = None;
    Ok(())
}

/// The newest stamped checkpoint that was seen.
pub(crate) fn newest(core: &Core) -> Result<Option<Seen>, Problem> {
    core.vault()?
        .outbox_read(|c| Ok::<_, Problem>(outbox::newest_stamped(c)?))
}

/// Notes by when safe packets were logged: the newest stamped checkpoint holds the leaves of those below its size, since it is
/// proved to be of the same log. The first one that does so counts: later ones say less.
fn bound_safe(core: &Core) -> Result<(), Problem> {
    let vault = core.vault()?;
    let waiting = vault
        .outbox_read(|c| Ok::<_, Problem>(outbox::safe_without_fact(c, LOGGED_BEFORE, AT_ONCE)?))?;
    if waiting.is_empty() {
        return Ok(());
    }
    let Some(seen) = newest(core)? else {
        return Ok(());
    };
    let Some(latest) = verified(&core.identity()?, &seen.checkpoint, tokens(&seen))
        .map(|stamp| stamp.latest_ms)
        .min()
    else {
        return Ok(());
    };
    let held = |receipt: &[u8]| {
        let text = Note::parse(receipt).ok()?.text;
        let leaf = Receipt::parse(&text).ok()?.leaf_index;
        (leaf < seen.size).then_some(())
    };
    let time = Timestamp::from_millis(latest).to_string();
    vault.outbox_write(|tx| {
        for (packet, _) in waiting
            .iter()
            .filter(|(_, receipt)| held(receipt).is_some())
        {
            outbox::put_fact(tx, &format!("{LOGGED_BEFORE}{packet}"), time.as_bytes())?;
        }
        Ok::<_, Problem>(())
    })
}

/// Proved by a timestamp: a safe packet was logged before this, RFC 3339.
pub(crate) fn logged_before(core: &Core, packet: PacketId) -> Result<Option<String>, Problem> {
    let key = format!("{LOGGED_BEFORE}{packet}");
    let stored = core
        .vault()?
        .outbox_read(|c| Ok::<_, Problem>(outbox::fact(c, &key)?))?;
    Ok(stored.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Proved by the timestamps in a packet: it was sealed after this, RFC 3339. Of its files by path; other files are passed over.
pub(crate) fn sealed_after<'a>(
    identity: &Identity,
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Option<String> {
    let mut checkpoint = None;
    let mut tokens = Vec::new();
    for (path, bytes) in files {
        let Some((_, name)) = path.rsplit_once("seen/checkpoint") else {
            continue;
        };
        if name.is_empty() {
            checkpoint = Some(bytes);
        } else if let Some(id) = name
            .strip_prefix('.')
            .and_then(|name| name.strip_suffix(".tsr"))
        {
            tokens.push(Token {
                authority: id.to_owned(),
                der: bytes.to_vec(),
            });
        }
    }
    verified(identity, checkpoint?, tokens)
        .map(|stamp| stamp.earliest_ms)
        .max()
        .map(|ms| Timestamp::from_millis(ms).to_string())
}

/// What the tokens over a checkpoint say, as far as the roots of this tablet's trust file confirm them.
fn verified(
    identity: &Identity,
    checkpoint: &[u8],
    tokens: Vec<Token>,
) -> impl Iterator<Item = Stamp> {
    let roots = roots(identity);
    let text = Note::parse(checkpoint).map(|note| note.text).ok();
    tokens.into_iter().filter_map(move |token| {
        fieldseal_stamp::verify(&token.der, text.as_ref()?.as_bytes(), &roots).ok()
    })
}

/// What the next seal names: the newest stamped checkpoint; while there is none, the newest of all, which bounds nothing in time.
pub(crate) fn to_name(core: &Core) -> Result<Option<Seen>, Problem> {
    core.vault()?.outbox_read(|c| {
        Ok::<_, Problem>(match outbox::newest_stamped(c)? {
            None => outbox::newest_seen(c)?,
            stamped => stamped,
        })
    })
}

/// The challenge word of now: of the newest stamped checkpoint's first token. Looked up once for each; the shutter takes what was shown.
pub(crate) fn challenge(core: &Core) -> Option<Challenge> {
    if let Some(known) = &lock(&core.live).challenge {
        return known.clone();
    }
    // Before the first unlock nothing is known, and nothing is noted as known.
    let seen = newest(core).ok()?;
    let challenge = seen.and_then(|seen| {
        let first = tokens(&seen).into_iter().next()?;
        Some(Challenge::of(&first.der))
    });
    lock(&core.live).challenge = Some(challenge.clone());
    challenge
}

/// The tokens that were kept with it, sorted by authority.
pub(crate) fn tokens(seen: &Seen) -> Vec<Token> {
    let stored: Vec<(String, String)> =
        serde_json::from_value(seen.tokens.clone()).unwrap_or_default();
    decoded(&stored)
}

/// When the tokens of a checkpoint say that it was there, by the roots of this tablet's trust file: the latest of their earliest
/// times, in milliseconds since 1970.
pub(crate) fn earliest_ms(identity: &Identity, seen: &Seen) -> Option<i64> {
    verified(identity, &seen.checkpoint, tokens(seen))
        .map(|stamp| stamp.earliest_ms)
        .max()
}

fn decoded(stored: &[(String, String)]) -> Vec<Token> {
    let mut tokens: Vec<Token> = stored
        .iter()
        .filter(|(id, _)| id.len() <= 32 && KeyName::id_is_valid(id))
        .filter(|(_, token)| token.len() <= MAX_TOKEN.div_ceil(3) * 4)
        .filter_map(|(id, token)| {
            Some(Token {
                authority: id.clone(),
                der: STANDARD.decode(token).ok()?,
            })
        })
        .collect();
    tokens.sort_by(|a, b| a.authority.cmp(&b.authority));
    tokens.dedup_by(|a, b| a.authority == b.authority);
    tokens.truncate(MAX_TOKENS);
    tokens
}

fn good(identity: &Identity, text: &[u8], told: &[(String, String)]) -> Vec<Token> {
    let roots = roots(identity);
    let mut tokens = decoded(told);
    tokens.retain(
        |token| match fieldseal_stamp::verify(&token.der, text, &roots) {
            Ok(_) | Err(StampError::UnknownAuthority | StampError::Unsupported(_)) => true,
            Err(error) => {
                tracing::warn!(%error, "a timestamp was not accepted");
                false
            }
        },
    );
    tokens
}

fn roots(identity: &Identity) -> Vec<Vec<u8>> {
    Trust::parse(identity.trust.as_bytes())
        .ok()
        .and_then(|trust| fieldseal_stamp::certificates_from_pem(&trust.roots_pem))
        .unwrap_or_default()
}

fn to_json(tokens: &[Token]) -> Value {
    let pairs = tokens
        .iter()
        .map(|token| Value::from(vec![token.authority.clone(), STANDARD.encode(&token.der)]));
    Value::Array(pairs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_in_one_order_and_misnamed_ones_do_not_come() {
        let pair = |id: &str, token: &str| (id.to_owned(), token.to_owned());
        let told = [
            pair("b", "Ag=="),
            pair("a", "AQ=="),
            pair("a", "Aw=="),
            pair("../x", "AQ=="),
            pair("c", "not base64"),
            pair(&"d".repeat(33), "AQ=="),
        ];
        let tokens = decoded(&told);
        let ids: Vec<&str> = tokens
            .iter()
            .map(|token| token.authority.as_str())
            .collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(tokens[0].path(), "seen/checkpoint.a.tsr");
        let seen = Seen {
            size: 1,
            root: [0; 32],
            checkpoint: Vec::new(),
            tokens: to_json(&tokens),
            seen_at: Timestamp::from_millis(0),
        };
        assert_eq!(super::tokens(&seen), tokens);
    }
}
