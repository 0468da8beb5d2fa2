//! Renewal: before an authority's certificate ends, its token is stamped itself, so that somebody whose certificate goes on says that
//! the token was there while it was good. The older one is kept; the renewal covers its bytes (`docs/spec/time.md`).

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::Authority;
use super::ask::{self, AskError};
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

/// One look: renews what ends soon, those that end first in front. Stops at the first failure. Gives how many were renewed.
pub async fn round(app: &Shared, outward: &Outward) -> Result<usize, AskError> {
    let settings = &app.config.stamping;
    let end = app
        .config
        .ambient
        .now()
        .saturating_add(millis(settings.renew_before));
    let due = app
        .db
        .read(move |c| stamps::ending(c, end, AT_ONCE))
        .await?;
    let mut renewed = 0;
    for (size, old) in due {
        let Some(authority) = current(&settings.authorities, &old) else {
            return Ok(renewed);
        };
        let answer = ask::ask(app, outward, authority, &old.der).await?;
        // By an authority whose own certificate ends as soon, nothing would be won.
        if answer.good_until <= old.good_until {
            return Err(AskError::NoLater);
        }
        let token = Token {
            authority: old.authority,
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
        renewed += 1;
    }
    Ok(renewed)
}

/// The authority of the same id, if it is still asked, else the first; one whose answers can be verified.
fn current<'a>(authorities: &'a [Authority], old: &Token) -> Option<&'a Authority> {
    let mut known = authorities
        .iter()
        .filter(|authority| authority.roots_pem.is_some());
    known
        .clone()
        .find(|authority| authority.id == old.given_by)
        .or_else(|| known.next())
}
