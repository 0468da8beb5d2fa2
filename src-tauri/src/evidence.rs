//! `evidence://localhost/thumb/<capture_seq>` and `…/preview/<capture_seq>`: re-encoded JPEGs of what the vault holds,
//! for `<img>`. Originals never come this way, and nothing of it may be cached: the answer would lie outside the vault.

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
        responder.respond(picture(&app.state::<Tablet>(), request.uri().path()))
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
