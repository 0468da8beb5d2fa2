//! JSON bodies with a limit, and parts of the address: refused as problems.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use fieldseal_wire::ProblemCode;
use serde::de::DeserializeOwned;

use crate::app::Shared;
use crate::problem::Failure;

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request<Body>, app: &Shared) -> Result<Self, Failure> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                value
                    .split(';')
                    .next()
                    .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
            });
        if !is_json {
            return Err(
                Failure::bad_request("Content-Type must be application/json")
                    .status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            );
        }
        let limit = app.config.limits.json_size;
        let announced = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(Failure::new(ProblemCode::TooLarge));
        }
        let reading =
            tokio::time::timeout(app.config.limits.idle, to_bytes(request.into_body(), limit));
        let bytes = match reading.await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(_)) => return Err(Failure::new(ProblemCode::TooLarge)),
            Err(_) => {
                return Err(Failure::bad_request("the body did not come")
                    .status(StatusCode::REQUEST_TIMEOUT));
            }
        };
        serde_json::from_slice(&bytes)
            .map(Json)
            .map_err(|_| Failure::bad_request("the body is not the JSON that is described"))
    }
}

/// A part of the address; what does not read names nothing that is here.
pub struct Part<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Shared> for Part<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        Path::from_request_parts(parts, app)
            .await
            .map(|Path(value)| Self(value))
            .map_err(|_| Failure::new(ProblemCode::NotFound))
    }
}
