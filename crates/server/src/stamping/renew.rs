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
/// it is asked once for that, and another is tried; an answer that fails otherwise ends the look. Gives how many were renewed.
pub async fn round(app: &Shared, outward: &Outward) -> Result<usize, AskError> {
    let settings = &app.config.stamping;
    let now = app.config.ambient.now();
    let end = now.saturating_add(millis(settings.renew_before));
    let due = app
        .db
        .read(move |c| stamps::ending(c, end, AT_ONCE))
        .await?;
    // How long each authority's answers of this look are good.
    let mut known: BTreeMap<&str, Option<Millis>> = BTreeMap::new();
    let (mut renewed, mut left) = (0, 0);
    for (size, old) in due {
        let mut done = false;
        for authority in current(&settings.authorities, &old) {
            let hopeless = |good_until: &Option<Millis>| *good_until <= old.good_until;
            if known.get(authority.id.as_str()).is_some_and(hopeless) {
                continue;
            }
            let answer = ask::ask(app, outward, authority, &old.der).await?;
            known.insert(&authority.id, answer.good_until);
            if hopeless(&answer.good_until) {
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
            left += 1;
        }
    }
    match left {
        0 => Ok(renewed),
        _ => Err(AskError::NoLater),
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
