//! `GET /api/openapi.json`: what `/api` offers, from the handlers' own types. tus and the log's files have their own specifications.

use axum::Json as Answer;
use axum::Router;
use axum::routing::get;
use utoipa::OpenApi;

use crate::app::Shared;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Fieldseal",
        description = "Evidence intake and review. Uploads are tus 1.0 at /api/v1/uploads; errors are RFC 9457 problems."
    ),
    paths(
        super::enrol::lookup,
        super::enrol::bind,
        super::auth::challenge,
        super::auth::token,
        super::packets::status,
        super::packets::checkpoint,
        super::presence::heartbeat,
        super::presence::retire,
        super::registers::register,
        super::registers::map,
        super::registers::piece,
        super::forms::list,
        super::forms::one,
        super::rotation::post_rotate,
        super::session::sign_in,
        super::session::who,
        super::session::sign_out,
        super::review::packets_page,
        super::review::one,
        super::review::preview,
        super::review::original,
        super::exports::export,
        super::exports::exports,
        super::review::aside,
        super::decision::post_decision,
        super::tablets::list,
        super::tablets::officers,
        super::tablets::code,
        super::tablets::retire,
        super::tablets::revoke,
        super::tablets::replace,
        super::tablets::order,
        super::tablets::seen,
    ),
    components(schemas(fieldseal_wire::Problem))
)]
struct Description;

/// The route.
pub fn routes() -> Router<Shared> {
    Router::new().route(
        "/api/openapi.json",
        get(|| async { Answer(Description::openapi()) }),
    )
}
