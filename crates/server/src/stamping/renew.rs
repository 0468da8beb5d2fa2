//! Renewal: before an authority's certificate ends, its token is stamped itself, so that somebody whose certificate goes on says that
//! the token was there while it was good. The older one is kept; the renewal covers its bytes (`docs/spec/time.md`).

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::Authority;
use super::ask::{self, AskError};
use crate::ambient::Millis;
use crate::app::{Shared, millis};
use crate::outward::Outward;
use crate::store::stamps::{self, Token};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(3600);
/// Tokens in one look: an authority is not asked for thousands at once.
const AT_ONCE: u32 = 200;
/// An authority that fails as often in one look is left alone until the next.
const PATIENCE: u32 = 3;
/// A renewal that is good for less than this longer is none, milliseconds: it would be due again at once, and there is an end to their number.
const GAIN: Millis = 24 * 3600 * 1000;

pub(super) async fn run(app: Shared, outward: Outward, mut stop: watch::Receiver<bool>) {
    loop {
        if *stop.borrow() {
            return;
        }
        let work = round(&app, &outward);
        let outcome = tokio::select! {
            outcome = work => outcome,
            _ = stop.changed() => return,
        };
        if let Err(error) = outcome {
            app.stamping.failures.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "timestamps that end soon could not be renewed; it is tried again"
            );
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => return,
        }
    }
}

/// One look: renews what ends soon, those that end first in front. An authority whose own certificate ends no later wins nothing, so
/// it is asked once for that, and another is tried; so is another when one gives no answer, or a bad one. Gives how many were renewed; the
/// error is why the last of those that are left was not.
pub async fn round(app: &Shared, outward: &Outward) -> Result<usize, AskError> {
    let settings = &app.config.stamping;
    let now = app.config.ambient.now();
    let end = now.saturating_add(millis(settings.renew_before));
    let due = app
        .db
        .read(move |c| stamps::ending(c, end, AT_ONCE))
        .await?;
    let mut known: BTreeMap<&str, Experience> = BTreeMap::new();
    let mut renewed = 0;
    let mut left = None;
    for (size, old) in due {
        let mut why = AskError::NoLater;
        let mut done = false;
        for authority in current(&settings.authorities, &old) {
            let met = known.entry(&authority.id).or_default();
            if met.is_hopeless_for(&old) {
                continue;
            }
            let answer = match ask::ask(app, outward, authority, &old.der).await {
                Ok(answer) => answer,
                // Nothing that another authority could mend.
                Err(error @ (AskError::Store(_) | AskError::Random(_))) => return Err(error),
                Err(error) => {
                    met.failures += 1;
                    app.stamping.failures.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(
                        authority = authority.id,
                        error = &error as &dyn std::error::Error,
                        "a timestamp could not be renewed by this authority"
                    );
                    why = error;
                    continue;
                }
            };
            met.good_until = Some(answer.good_until);
            if met.is_hopeless_for(&old) {
                continue;
            }
            let token = Token {
                authority: old.authority.clone(),
                n: old.n + 1,
                given_by: authority.id.clone(),
                stamped_at: answer.at,
                good_until: answer.good_until,
                der: answer.der,
            };
            app.db
                .write(move |tx| stamps::add(tx, size, &token))
                .await?;
            app.stamping.renewals.fetch_add(1, Ordering::Relaxed);
            done = true;
            break;
        }
        if done {
            renewed += 1;
        } else {
            left = Some(why);
        }
    }
    left.map_or(Ok(renewed), Err)
}

/// What one look has met of an authority.
#[derive(Default)]
struct Experience {
    /// How long its answers are good, once it has given one.
    good_until: Option<Option<Millis>>,
    /// Requests that gave nothing.
    failures: u32,
}

impl Experience {
    /// Whether it need not be asked for this token: its answers end hardly later, or it does not answer.
    fn is_hopeless_for(&self, old: &Token) -> bool {
        let worth = old.good_until.map(|end| end.saturating_add(GAIN));
        let no_later = self.good_until.is_some_and(|until| until < worth);
        no_later || self.failures >= PATIENCE
    }
}

/// Whom to ask: the authority of the same id, if it is still asked, then the others; those whose answers can be verified.
fn current<'a>(authorities: &'a [Authority], old: &Token) -> Vec<&'a Authority> {
    let mut known: Vec<&Authority> = authorities
        .iter()
        .filter(|authority| authority.roots_pem.is_some())
        .collect();
    known.sort_by_key(|authority| authority.id != old.given_by);
    known
}
