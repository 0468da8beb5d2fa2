//! `/api/v1/session`: signing in and out at the console.

use axum::Json as Answer;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use fieldseal_wire::ProblemCode;
use fieldseal_wire::console::{Session, SignIn};
use sha2::{Digest as _, Sha256};

use super::body::Json;
use crate::access::password;
use crate::access::session::{COOKIE, SignedIn};
use crate::app::{Caller, Shared};
use crate::problem::Failure;
use crate::store::{StoreError, accounts, custody};

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new().route("/api/v1/session", post(sign_in).get(who).delete(sign_out))
}

fn cookie(app: &Shared, value: &str, seconds: i64) -> Result<HeaderValue, Failure> {
    let secure = if app.config.behind_proxy {
        "; Secure"
    } else {
        ""
    };
    HeaderValue::from_str(&format!(
        "{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"
    ))
    .map_err(|error| Failure::internal(&error))
}

/// Opens a session.
#[utoipa::path(post, path = "/api/v1/session", request_body = SignIn, responses((status = 200, body = Session)))]
pub(super) async fn sign_in(
    State(app): State<Shared>,
    caller: Caller,
    Json(request): Json<SignIn>,
) -> Result<Response, Failure> {
    let now = app.config.ambient.now();
    if let Some(seconds) = app.password_brake.held(caller.0, now) {
        return Err(Failure::new(ProblemCode::RateLimited).retry_after(seconds));
    }
    let wanted = request.account.clone();
    let account = app.db.read(move |c| accounts::find(c, &wanted)).await?;
    if let Some(wait) = account
        .as_ref()
        .map(|account| account.blocked_until - now)
        .filter(|wait| *wait > 0)
    {
        return Err(Failure::new(ProblemCode::RateLimited)
            .retry_after(u64::try_from(wait / 1000 + 1).unwrap_or(1)));
    }
    let checked = account.clone();
    let right = tokio::task::spawn_blocking(move || {
        password::is_right(&request.password, checked.as_ref())
    })
    .await
    .unwrap_or(false);
    let Some(account) = account.filter(|_| right) else {
        app.password_brake.failed(caller.0, now);
        let name = request.account;
        app.db
            .write(move |tx| {
                if let Some(account) = accounts::find(tx, &name)? {
                    let failures = account.failures.saturating_add(1);
                    accounts::set_failures(tx, &name, failures, now + password::wait_ms(failures))?;
                    custody::audit(tx, now, &format!("account/{name}"), "sign-in-failed", "")?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        return Err(
            Failure::new(ProblemCode::Unauthenticated).detail("account or password is wrong")
        );
    };
    let token = hex::encode(app.config.ambient.bytes::<32>()?);
    let csrf = hex::encode(app.config.ambient.bytes::<16>()?);
    let lifetime = app.session_lifetime_ms();
    let (token_sha256, name, secret): ([u8; 32], _, _) = (
        Sha256::digest(&token).into(),
        account.account.clone(),
        csrf.clone(),
    );
    app.db
        .write(move |tx| {
            accounts::set_failures(tx, &name, 0, 0)?;
            custody::audit(tx, now, &format!("account/{name}"), "signed-in", "")?;
            accounts::open_session(tx, &token_sha256, &name, &secret, now, now + lifetime)
        })
        .await?;
    let session = Session {
        account: account.account,
        name: account.name,
        role: account.role,
        csrf,
        origin: app.origin.clone(),
    };
    Ok((
        [(header::SET_COOKIE, cookie(&app, &token, lifetime / 1000)?)],
        Answer(session),
    )
        .into_response())
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", responses((status = 200, body = Session)))]
pub(super) async fn who(State(app): State<Shared>, who: SignedIn) -> Answer<Session> {
    let row = who.row;
    Answer(Session {
        account: row.account,
        name: row.name,
        role: row.role,
        csrf: row.csrf,
        origin: app.origin.clone(),
    })
}

/// Ends the session.
#[utoipa::path(delete, path = "/api/v1/session", responses((status = 204)))]
pub(super) async fn sign_out(
    State(app): State<Shared>,
    who: SignedIn,
) -> Result<Response, Failure> {
    let (now, actor) = (app.config.ambient.now(), who.actor());
    app.db
        .write(move |tx| {
            custody::audit(tx, now, &actor, "signed-out", "")?;
            accounts::close_session(tx, &who.token_sha256)
        })
        .await?;
    Ok((
        StatusCode::NO_CONTENT,
        [(header::SET_COOKIE, cookie(&app, "", 0)?)],
    )
        .into_response())
}
