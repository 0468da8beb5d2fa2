//! The time interval: what tokens by timestamp authorities say of a seal, by the roots that the trust file names.
//! Rules, in this order: `docs/spec/time.md`.

use super::bag::BagCheck;
use super::seal::Seal;
use super::source::{Source, read_small};
use super::{Inputs, Token};
use crate::findings::{Code, Finding};
use crate::{KeyName, Sha256Digest, Timestamp};
use fieldseal_stamp::{Der, MAX_TOKEN, Stamp, StampError, verify};
use fieldseal_tlog::note::{MAX_NOTE_BYTES, Note};

/// At most this many tokens on one checkpoint are judged.
pub(crate) const MAX_TOKENS: usize = 16;
/// At most this many renewals of one token are judged.
pub(crate) const MAX_RENEWALS: usize = 16;

/// What tokens prove of a seal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Interval {
    pub sealed_after: Option<Timestamp>,
    pub logged_before: Option<Timestamp>,
}

/// The interval, and what it rests on.
#[derive(Default)]
pub(crate) struct Times {
    pub interval: Interval,
    /// The seen tokens that count: sha256 of the file, and the time before which nobody could know it.
    pub seen: Vec<(Sha256Digest, Timestamp)>,
}

/// A bound, and the token that gives it.
struct Bound {
    path: String,
    at: Timestamp,
}

/// The codes of renewals.
pub(crate) struct RenewalCodes {
    pub invalid: Code,
    pub not_counted: Code,
}

const RENEWALS: RenewalCodes = RenewalCodes {
    invalid: Code::TimestampInvalid,
    not_counted: Code::TimestampNotCounted,
};

/// The codes of one end of the interval.
struct Codes {
    invalid: Code,
    authority_unknown: Code,
    unsupported: Code,
}

const LOWER: Codes = Codes {
    invalid: Code::SeenTokenInvalid,
    authority_unknown: Code::LowerBoundAuthorityUnknown,
    unsupported: Code::LowerBoundUnsupported,
};

const UPPER: Codes = Codes {
    invalid: Code::TimestampInvalid,
    authority_unknown: Code::TimestampAuthorityUnknown,
    unsupported: Code::TimestampUnsupported,
};

/// The authority's id in a token's file name; `stem` is what the token is over.
pub(crate) fn token_id<'a>(path: &'a str, stem: &str) -> Option<&'a str> {
    path.strip_prefix(stem)?
        .strip_prefix('.')?
        .strip_suffix(".tsr")
        .filter(|id| KeyName::id_is_valid(id))
}

/// The path of the renewal of this number of a token.
pub(crate) fn renewal_path(token: &str, number: usize) -> String {
    let stem = token.strip_suffix(".tsr").unwrap_or(token);
    format!("{stem}.renewed-{number}.tsr")
}

/// Judges both ends. `included`: the leaf was proved to be in the tree of the checkpoint that came along as a file.
pub(crate) fn check(
    source: &dyn Source,
    bag: &BagCheck,
    seal: &Seal,
    inputs: &Inputs<'_>,
    included: bool,
    findings: &mut Vec<Finding>,
) -> Times {
    let roots: &[Der] = inputs.trust.map_or(&[], |trust| trust.roots.as_slice());
    let (lower, seen) = lower(source, bag, seal, roots, findings);
    let upper = upper(inputs, roots, included, findings);
    let interval = Interval {
        sealed_after: lower.as_ref().map(|bound| bound.at),
        logged_before: upper.as_ref().map(|bound| bound.at),
    };
    if let (Some(after), Some(before)) = (interval.sealed_after, interval.logged_before)
        && after > before
    {
        let detail = format!("{after}, {before}");
        findings.push(Finding::new(Code::IntervalContradictory).with(detail));
        let interval = Interval::default();
        return Times { interval, seen };
    }
    let told = [(Code::LowerBoundOk, lower), (Code::TimestampOk, upper)];
    for (code, bound) in told {
        findings.extend(bound.map(|bound| Finding::new(code).about(bound.path).with(bound.at)));
    }
    let closed = seal.body.closed_at;
    if interval.sealed_after.is_some_and(|after| closed < after)
        || interval.logged_before.is_some_and(|before| closed > before)
    {
        findings.push(Finding::new(Code::ClockOutsideInterval).with(closed));
    }
    Times { interval, seen }
}

/// Sealed after: the tokens that the seal names, over the checkpoint in the packet.
fn lower(
    source: &dyn Source,
    bag: &BagCheck,
    seal: &Seal,
    roots: &[Der],
    findings: &mut Vec<Finding>,
) -> (Option<Bound>, Vec<(Sha256Digest, Timestamp)>) {
    let named = &seal.body.seen_tsr;
    let stray = bag.sizes.keys().filter(|path| {
        token_id(path, "seen/checkpoint").is_some_and(|id| named.iter().all(|(n, _)| n != id))
    });
    for path in stray {
        findings.push(Finding::new(Code::SeenTokenMismatch).about(path));
    }
    if named.is_empty() {
        findings.push(Finding::new(Code::LowerBoundNone));
        return (None, Vec::new());
    }
    let message = read_small(source, "seen/checkpoint", MAX_NOTE_BYTES)
        .ok()
        .flatten()
        .and_then(|bytes| text_of(&bytes));
    let mut judged = Vec::new();
    for (authority, digest) in named {
        let path = format!("seen/checkpoint.{authority}.tsr");
        if bag.digests.get(&path) != Some(digest) {
            findings.push(Finding::new(Code::SeenTokenMismatch).about(path));
            continue;
        }
        let token = read_small(source, &path, MAX_TOKEN).ok().flatten();
        let outcome = judge(token.as_deref(), message.as_deref(), roots);
        judged.push((path, outcome));
    }
    let good: Vec<Bound> = tell(judged, &LOWER, findings)
        .into_iter()
        .map(|(path, stamp)| Bound {
            path,
            at: Timestamp::from_millis(stamp.earliest_ms),
        })
        .collect();
    let seen = good
        .iter()
        .filter_map(|bound| Some((*bag.digests.get(&bound.path)?, bound.at)))
        .collect();
    let latest = good
        .into_iter()
        .reduce(|one, other| if other.at > one.at { other } else { one });
    (latest, seen)
}

/// Logged before: the tokens on the checkpoint by which the seal's place in the log was proved.
fn upper(
    inputs: &Inputs<'_>,
    roots: &[Der],
    included: bool,
    findings: &mut Vec<Finding>,
) -> Option<Bound> {
    let evidence = inputs.log.as_ref();
    let tokens: &[Token<'_>] = evidence.map_or(&[], |evidence| evidence.tokens);
    if tokens.is_empty() {
        findings.push(Finding::new(Code::TimestampAbsent));
        return None;
    }
    let message = evidence
        .and_then(|evidence| evidence.checkpoint)
        .and_then(text_of);
    let judged = judge_all(tokens, message.as_deref(), roots, &RENEWALS, findings);
    let good = tell(judged, &UPPER, findings);
    if !included {
        if !good.is_empty() {
            findings.push(Finding::new(Code::TimestampNotLogged));
        }
        return None;
    }
    good.into_iter()
        .map(|(path, stamp)| Bound {
            path,
            at: Timestamp::from_millis(stamp.latest_ms),
        })
        .reduce(|one, other| if other.at < one.at { other } else { one })
}

/// Judges tokens over one message, and tells of their renewals. Gives each token with its outcome, renewals left out: they bound nothing
/// by themselves, and say that a token was there while its certificate was good.
pub(crate) fn judge_all(
    tokens: &[Token<'_>],
    message: Option<&[u8]>,
    roots: &[Der],
    codes: &RenewalCodes,
    findings: &mut Vec<Finding>,
) -> Vec<(String, Result<Stamp, StampError>)> {
    let mut outcomes: Vec<Option<Result<Stamp, StampError>>> = Vec::new();
    let mut count = 0;
    for token in tokens {
        let outcome = match token.renews {
            None => {
                count += 1;
                (count <= MAX_TOKENS).then(|| judge(token.bytes, message, roots))
            }
            Some(place) => {
                let renewed = outcomes.get(place).and_then(Option::as_ref);
                renewed.map(|renewed| {
                    let file = tokens[place].bytes.unwrap_or_default();
                    let outcome = judge(token.bytes, Some(file), roots);
                    findings.push(renewal(&outcome, renewed, codes).about(token.path));
                    outcome
                })
            }
        };
        outcomes.push(outcome);
    }
    tokens
        .iter()
        .zip(outcomes)
        .filter(|(token, _)| token.renews.is_none())
        .filter_map(|(token, outcome)| Some((token.path.to_owned(), outcome?)))
        .collect()
}

/// What is found of a renewal, by what it renews.
fn renewal(
    outcome: &Result<Stamp, StampError>,
    renewed: &Result<Stamp, StampError>,
    codes: &RenewalCodes,
) -> Finding {
    match (outcome, renewed) {
        (Err(error @ (StampError::UnknownAuthority | StampError::Unsupported(_))), _) => {
            Finding::new(codes.not_counted).with(error)
        }
        (Err(error), _) => Finding::new(codes.invalid).with(error),
        (Ok(_), Err(_)) => {
            Finding::new(codes.not_counted).with("it renews a token that does not count")
        }
        (Ok(stamp), Ok(renewed)) => {
            let at = Timestamp::from_millis(stamp.latest_ms);
            // A certificate is good to the end of the second that it names.
            let ended = renewed.signer.not_after_ms.saturating_add(1000);
            let code = if stamp.latest_ms < ended {
                Code::TimestampRenewed
            } else {
                Code::TimestampRenewedLate
            };
            Finding::new(code).with(at)
        }
    }
}

/// The signed text of a checkpoint, whoever signed it: what a token covers.
pub(crate) fn text_of(checkpoint: &[u8]) -> Option<Vec<u8>> {
    Note::parse(checkpoint)
        .ok()
        .map(|note| note.text.into_bytes())
}

fn judge(token: Option<&[u8]>, message: Option<&[u8]>, roots: &[Der]) -> Result<Stamp, StampError> {
    let token = token.ok_or(StampError::Malformed("too large, or not to be read"))?;
    let message = message.ok_or(StampError::OtherImprint)?;
    verify(token, message, roots)
}

/// Tells what is wrong with tokens, and gives those that count.
fn tell(
    judged: Vec<(String, Result<Stamp, StampError>)>,
    codes: &Codes,
    findings: &mut Vec<Finding>,
) -> Vec<(String, Stamp)> {
    let counts = judged.iter().any(|(_, outcome)| outcome.is_ok());
    let mut good = Vec::new();
    for (path, outcome) in judged {
        let error = match outcome {
            Ok(stamp) => {
                good.push((path, stamp));
                continue;
            }
            Err(error) => error,
        };
        let code = match error {
            StampError::UnknownAuthority | StampError::Unsupported(_) if counts => {
                Code::TimestampNotCounted
            }
            StampError::UnknownAuthority => codes.authority_unknown,
            StampError::Unsupported(_) => codes.unsupported,
            _ => codes.invalid,
        };
        findings.push(Finding::new(code).about(path).with(error));
    }
    good
}
