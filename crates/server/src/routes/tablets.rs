//! `/api/v1/admin`: what the administrator does with tablets at the console. Everything that changes something is an audit
//! entry under the account's name, in the same transaction.

use std::collections::HashMap;
use std::time::Duration;

use axum::Json as Answer;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use fieldseal_wire::ProblemCode;
use fieldseal_wire::tablets::{
    AlarmsSeen, CodeView, NewCode, OrderTablet, ReplaceTablet, RevokeTablet, TabletAlarm,
    TabletEnded, TabletList, TabletOfficer, TabletOrder, TabletView,
};
use rusqlite::Transaction;

use super::body::{Json, Part};
use crate::access::session::SignedIn;
use crate::ambient::{Millis, rfc3339};
use crate::app::{App, Shared, millis};
use crate::codes::{self, OneTimeCode};
use crate::orders;
use crate::problem::Failure;
use crate::store::people::{self, Person};
use crate::store::{StoreError, keys};
use crate::tablets::{self, DeviceRow, Ending, Hand, TabletError};

/// How long a code that was made at the console can be used: somebody stands beside it with a tablet.
const CODE_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Longest name of a team, in characters.
const LONGEST_TEAM: usize = 64;

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/admin/devices", get(list))
        .route("/api/v1/admin/people", get(officers))
        .route("/api/v1/admin/codes", post(code))
        .route("/api/v1/admin/devices/{id}/retire", post(retire))
        .route("/api/v1/admin/devices/{id}/revoke", post(revoke))
        .route("/api/v1/admin/devices/{id}/replace", post(replace))
        .route("/api/v1/admin/devices/{id}/order", post(order))
        .route("/api/v1/admin/devices/{id}/alarms/seen", post(seen))
}

fn administrator(who: &SignedIn) -> Result<(), Failure> {
    who.require(&["administrator"])
}

/// Does one thing to the register, in one transaction, as this account; then the log is told that a leaf may wait.
async fn act<T: Send + 'static>(
    app: &Shared,
    who: &SignedIn,
    what: impl FnOnce(&Hand<'_>, &Transaction<'_>) -> Result<T, TabletError> + Send + 'static,
) -> Result<T, Failure> {
    let (this, by) = (app.clone(), who.actor());
    let done = app
        .db
        .write(move |tx| {
            let hand = Hand {
                keys: &this.keys,
                origin: &this.origin,
                by: &by,
                ambient: &this.config.ambient,
            };
            what(&hand, tx)
        })
        .await?;
    app.sequencer.kick();
    Ok(done)
}

impl From<TabletError> for Failure {
    fn from(error: TabletError) -> Self {
        match error {
            TabletError::Unknown => Self::new(ProblemCode::NotFound),
            TabletError::Ended => Self::new(ProblemCode::Conflict).detail("it has ended already"),
            TabletError::Reason => {
                Self::bad_request("a reason is lost, stolen, left, compromised or other")
            }
            TabletError::Store(error) => error.into(),
            TabletError::NoRandomness(error) => error.into(),
            TabletError::Sign(error) => Self::internal(&error),
        }
    }
}

/// Every tablet.
#[utoipa::path(get, path = "/api/v1/admin/devices", responses((status = 200, body = TabletList)))]
pub(super) async fn list(
    State(app): State<Shared>,
    who: SignedIn,
) -> Result<Answer<TabletList>, Failure> {
    administrator(&who)?;
    let now = app.config.ambient.now();
    let silent_after = millis(app.config.limits.silent_after);
    let (rows, people) = app
        .db
        .read(move |c| Ok::<_, StoreError>((tablets::list(c, now, silent_after)?, people::all(c)?)))
        .await?;
    let names: HashMap<&str, &Person> = people
        .iter()
        .map(|person| (person.id.as_str(), person))
        .collect();
    Ok(Answer(TabletList {
        devices: rows.iter().map(|row| view(row, &names)).collect(),
        now: rfc3339(now),
    }))
}

fn view(row: &DeviceRow, names: &HashMap<&str, &Person>) -> TabletView {
    let contact = row.contact.as_ref();
    let beaten = contact.filter(|contact| contact.beat_at.is_some());
    let officer = |id: &String| {
        let person = names.get(id.as_str());
        TabletOfficer {
            id: id.clone(),
            name: person.map(|person| person.name.clone()),
            badge: person.map(|person| person.badge.clone()),
            team: person.and_then(|person| person.team.clone()),
        }
    };
    TabletView {
        id: row.key.subject.clone(),
        name: row.key.name.clone(),
        team: row.key.team.clone(),
        status: row.key.status.clone(),
        claim: row.key.claim.clone(),
        enrolled_at: rfc3339(row.key.enrolled_at),
        ended_at: row.key.revoked_at.or(row.key.retired_at).map(rfc3339),
        replaces: row
            .key
            .replaces
            .as_deref()
            .and_then(|name| name.rsplit('/').next())
            .map(str::to_owned),
        replaced_by: row.replaced_by.clone(),
        officers: row.officers.iter().map(officer).collect(),
        seen_at: contact.map(|contact| rfc3339(contact.seen_at)),
        heartbeat_at: contact.and_then(|contact| contact.beat_at).map(rfc3339),
        silent: row.silent,
        packets_said: beaten.map(|contact| contact.device_seq),
        packets_here: row.packets,
        photos_said: beaten.map(|contact| contact.capture_seq),
        photos_here: row.captures,
        order: row
            .order
            .as_ref()
            // A withdrawal is of interest until the tablet has heard it.
            .filter(|order| order.what != "nothing" || order.told_at.is_none())
            .map(|order| TabletOrder {
                what: order.what.clone(),
                ordered_at: rfc3339(order.ordered_at),
                told_at: order.told_at.map(rfc3339),
                done_at: order.done_at.map(rfc3339),
            }),
        alarms: row
            .alarms
            .iter()
            .map(|alarm| TabletAlarm {
                code: alarm.code.clone(),
                number: alarm.number,
                at: rfc3339(alarm.at),
                seen_at: alarm.seen_at.map(rfc3339),
            })
            .collect(),
    }
}

/// Everybody who can be let in on a tablet.
#[utoipa::path(get, path = "/api/v1/admin/people", responses((status = 200, body = Vec<TabletOfficer>)))]
pub(super) async fn officers(
    State(app): State<Shared>,
    who: SignedIn,
) -> Result<Answer<Vec<TabletOfficer>>, Failure> {
    administrator(&who)?;
    let people = app.db.read(people::all).await?;
    let view = |person: Person| TabletOfficer {
        id: person.id,
        name: Some(person.name),
        badge: Some(person.badge),
        team: person.team,
    };
    Ok(Answer(people.into_iter().map(view).collect()))
}

fn shown(app: &App, url: &str, code: OneTimeCode) -> CodeView {
    let trust = fieldseal_packet::Sha256Digest::of(app.trust.as_bytes()).to_string();
    CodeView {
        text: codes::text(url, &code.code, &trust),
        code: code.code,
        id: code.id,
        expires_at: code.expires_at,
    }
}

fn until(app: &App) -> Millis {
    app.config.ambient.now() + millis(CODE_LIFETIME)
}

fn address(url: &str) -> Result<(), Failure> {
    if codes::is_address(url) {
        Ok(())
    } else {
        Err(Failure::bad_request(
            "tablets take an https address, or one of this very machine",
        ))
    }
}

/// Makes a one-time code.
#[utoipa::path(post, path = "/api/v1/admin/codes", request_body = NewCode, responses((status = 200, body = CodeView)))]
pub(super) async fn code(
    State(app): State<Shared>,
    who: SignedIn,
    Json(request): Json<NewCode>,
) -> Result<Answer<CodeView>, Failure> {
    administrator(&who)?;
    address(&request.url)?;
    let until = until(&app);
    let team = request
        .team
        .map(|team| team.trim().to_owned())
        .filter(|team| !team.is_empty());
    if team.as_ref().is_some_and(|team| {
        team.chars().count() > LONGEST_TEAM || team.chars().any(char::is_control)
    }) {
        return Err(Failure::bad_request(
            "a team's name has at most 64 characters",
        ));
    }
    let made = act(&app, &who, move |hand, tx| match request.officer {
        Some(officer) => {
            people::find(tx, &officer)?.ok_or(TabletError::Unknown)?;
            hand.officer_code(tx, &officer, until)
        }
        None => hand.device_code(tx, team, None, until),
    })
    .await?;
    Ok(Answer(shown(&app, &request.url, made)))
}

/// Retires a tablet, and the officers' keys on it.
#[utoipa::path(post, path = "/api/v1/admin/devices/{id}/retire", params(("id" = String, Path)), responses((status = 200, body = TabletEnded)))]
pub(super) async fn retire(
    State(app): State<Shared>,
    who: SignedIn,
    Part(id): Part<String>,
) -> Result<Answer<TabletEnded>, Failure> {
    administrator(&who)?;
    let ended = act(&app, &who, move |hand, tx| {
        let before = active(tx, hand, &id)?;
        let retired = hand.retire(tx, &id)?;
        Ok(TabletEnded {
            keys: before - active(tx, hand, &id)?,
            packets_missing: retired.packets_missing,
        })
    })
    .await?;
    Ok(Answer(ended))
}

/// How many active keys lie on a tablet, its own among them.
fn active(tx: &Transaction<'_>, hand: &Hand<'_>, device: &str) -> Result<u64, StoreError> {
    let name = hand.name(device);
    let mut rows = keys::named(tx, &name)?;
    rows.extend(keys::on_device(tx, &name)?);
    Ok(rows.iter().filter(|row| row.status == "active").count() as u64)
}

/// Revokes a tablet's key and the officers' keys on it, in one step.
#[utoipa::path(post, path = "/api/v1/admin/devices/{id}/revoke", params(("id" = String, Path)), request_body = RevokeTablet,
    responses((status = 200, body = TabletEnded)))]
pub(super) async fn revoke(
    State(app): State<Shared>,
    who: SignedIn,
    Part(id): Part<String>,
    Json(request): Json<RevokeTablet>,
) -> Result<Answer<TabletEnded>, Failure> {
    administrator(&who)?;
    let ended = act(&app, &who, move |hand, tx| {
        let revoked = hand.revoke(tx, &id, &request.reason)?;
        if revoked.keys == 0 {
            return Err(TabletError::Ended);
        }
        Ok(TabletEnded {
            keys: revoked.keys as u64,
            packets_missing: tablets::packets_missing(tx, &revoked.device)?,
        })
    })
    .await?;
    Ok(Answer(ended))
}

/// Ends a tablet, and makes the code of the one that takes over from it.
#[utoipa::path(post, path = "/api/v1/admin/devices/{id}/replace", params(("id" = String, Path)), request_body = ReplaceTablet,
    responses((status = 200, body = CodeView)))]
pub(super) async fn replace(
    State(app): State<Shared>,
    who: SignedIn,
    Part(id): Part<String>,
    Json(request): Json<ReplaceTablet>,
) -> Result<Answer<CodeView>, Failure> {
    administrator(&who)?;
    address(&request.url)?;
    let until = until(&app);
    let made = act(&app, &who, move |hand, tx| {
        let ending = request
            .reason
            .as_deref()
            .map_or(Ending::Retired, Ending::Revoked);
        hand.replace(tx, &id, ending, until)
    })
    .await?;
    Ok(Answer(shown(&app, &request.url, made)))
}

/// Orders a tablet to lock, or to empty itself once everything is safe (it is retired by that), or withdraws the order before.
#[utoipa::path(post, path = "/api/v1/admin/devices/{id}/order", params(("id" = String, Path)), request_body = OrderTablet, responses((status = 204)))]
pub(super) async fn order(
    State(app): State<Shared>,
    who: SignedIn,
    Part(id): Part<String>,
    Json(request): Json<OrderTablet>,
) -> Result<StatusCode, Failure> {
    administrator(&who)?;
    let what = orders::what(&request.what)
        .ok_or_else(|| Failure::bad_request("an order is lock, wipe or nothing"))?;
    act(&app, &who, move |hand, tx| hand.order(tx, &id, what)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The administrator has looked at a tablet's alarms.
#[utoipa::path(post, path = "/api/v1/admin/devices/{id}/alarms/seen", params(("id" = String, Path)), responses((status = 200, body = AlarmsSeen)))]
pub(super) async fn seen(
    State(app): State<Shared>,
    who: SignedIn,
    Part(id): Part<String>,
) -> Result<Answer<AlarmsSeen>, Failure> {
    administrator(&who)?;
    let seen = act(&app, &who, move |hand, tx| hand.alarms_seen(tx, &id)).await?;
    Ok(Answer(AlarmsSeen { seen: seen as u64 }))
}
