//! `tiles://localhost/<from>-<to>`: bytes of the offline map, `to` left out of them. The piece stands in the address, not in a
//! `Range` header, so that every webview asks plainly. A map is no secret: it is given while locked too.

use percent_encoding::percent_decode_str;
use tauri::http::{HeaderValue, Request, Response, StatusCode, header};
use tauri::{Manager, UriSchemeContext, UriSchemeResponder, Wry};

use crate::tablet::Tablet;

/// Answers on a worker thread, as reading takes its time.
pub fn answer(
    context: UriSchemeContext<'_, Wry>,
    request: Request<Vec<u8>>,
    responder: UriSchemeResponder,
) {
    let app = context.app_handle().clone();
    tauri::async_runtime::spawn_blocking(move || {
        responder.respond(piece(&app.state::<Tablet>(), request.uri().path()))
    });
}

fn piece(tablet: &Tablet, path: &str) -> Response<Vec<u8>> {
    let Some((from, to)) = wanted(path) else {
        return respond(StatusCode::NOT_FOUND, Vec::new());
    };
    let Ok(engine) = tablet.engine() else {
        return respond(StatusCode::SERVICE_UNAVAILABLE, Vec::new());
    };
    match engine.tiles(from, to - from) {
        Ok(Some((bytes, _))) => respond(StatusCode::OK, bytes),
        Ok(None) | Err(_) => respond(StatusCode::NOT_FOUND, Vec::new()),
    }
}

fn respond(status: StatusCode, bytes: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(bytes);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The page is of another scheme; no page but ours is ever in this window.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn wanted(path: &str) -> Option<(u64, u64)> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let (from, to) = path.strip_prefix('/')?.split_once('-')?;
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_piece() {
        assert_eq!(wanted("/0-127"), Some((0, 127)));
        assert_eq!(wanted("/7-7"), Some((7, 7)));
        for wrong in [
            "", "/", "/0", "/0-", "/-1", "/2-1", "/a-b", "/0-1-2", "/%ff",
        ] {
            assert!(wanted(wrong).is_none(), "{wrong}");
        }
    }
}
