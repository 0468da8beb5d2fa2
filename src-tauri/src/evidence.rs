//! `evidence://localhost/thumb/<capture_seq>` and `…/preview/<capture_seq>`: re-encoded JPEGs of what the vault holds,
//! for `<img>`; `…/media/<capture_seq>`: a video or voice note, part by part, for a player. Originals of pictures never come this
//! way, and nothing of it may be cached: the answer would lie outside the vault.

use percent_encoding::percent_decode_str;
use tauri::http::{Request, Response, StatusCode, header};
use tauri::{Manager, UriSchemeContext, UriSchemeResponder, Wry};

use crate::tablet::Tablet;

/// Which picture of an item.
pub use fieldseal_device::ImageKind;

/// Answers on a worker thread, as decrypting and decoding take their time.
pub fn answer(
    context: UriSchemeContext<'_, Wry>,
    request: Request<Vec<u8>>,
    responder: UriSchemeResponder,
) {
    let app = context.app_handle().clone();
    tauri::async_runtime::spawn_blocking(move || {
        let (tablet, path) = (app.state::<Tablet>(), request.uri().path());
        responder.respond(match recording(path) {
            Some(capture_seq) => media(&tablet, capture_seq, &request),
            None => picture(&tablet, path),
        })
    });
}

fn picture(tablet: &Tablet, path: &str) -> Response<Vec<u8>> {
    let Some((kind, capture_seq)) = wanted(path) else {
        return respond(StatusCode::NOT_FOUND, Vec::new());
    };
    let Ok(engine) = tablet.engine() else {
        return respond(StatusCode::SERVICE_UNAVAILABLE, Vec::new());
    };
    match engine.image(kind, capture_seq) {
        Ok(jpeg) => respond(StatusCode::OK, jpeg),
        // Locked, not decodable or not there: the screen has the reason from its view of the photo.
        Err(_) => respond(StatusCode::NOT_FOUND, Vec::new()),
    }
}

fn respond(status: StatusCode, jpeg: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(jpeg);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("image/jpeg"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        header::HeaderValue::from_static("nosniff"),
    );
    response
}

fn media(tablet: &Tablet, capture_seq: u64, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let Ok(engine) = tablet.engine() else {
        return respond(StatusCode::SERVICE_UNAVAILABLE, Vec::new());
    };
    let range = request.headers().get(header::RANGE);
    let range = range.and_then(|value| value.to_str().ok());
    let part = fieldseal_device::media_part(&engine, capture_seq, range);
    let mut builder = Response::builder().status(part.status);
    for (name, value) in part.headers {
        builder = builder.header(name, value);
    }
    builder
        .body(part.bytes)
        .unwrap_or_else(|_| respond(StatusCode::NOT_FOUND, Vec::new()))
}

fn recording(path: &str) -> Option<u64> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    path.strip_prefix("/media/")?.parse().ok()
}

/// `convertFileSrc` encodes the slash between the two parts as well.
fn wanted(path: &str) -> Option<(ImageKind, u64)> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let (kind, capture_seq) = path.strip_prefix('/')?.split_once('/')?;
    let kind = match kind {
        "thumb" => ImageKind::Thumb,
        "preview" => ImageKind::Preview,
        _ => return None,
    };
    Some((kind, capture_seq.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_has_an_address_of_its_own() {
        assert_eq!(recording("/media/12"), Some(12));
        assert_eq!(recording("/media%2F12"), Some(12));
        for wrong in ["/media/", "/media/-1", "/media/1/2", "/thumb/1", "media/1"] {
            assert_eq!(recording(wrong), None, "{wrong}");
        }
        assert!(wanted("/media/1").is_none());
    }

    #[test]
    fn an_address_names_a_kind_and_a_number() {
        assert!(matches!(wanted("/thumb/12"), Some((ImageKind::Thumb, 12))));
        assert!(matches!(
            wanted("/preview%2F7"),
            Some((ImageKind::Preview, 7))
        ));
        for wrong in [
            "",
            "/",
            "/thumb",
            "/thumb/",
            "/thumb/-1",
            "/thumb/1/2",
            "/original/1",
            "/preview/../1",
            "/thumb/%ff",
        ] {
            assert!(wanted(wrong).is_none(), "{wrong}");
        }
    }
}
