//! The four doors that every platform has between a screen and the engine. All answer a [`ProblemView`] when something could not be done, so a
//! screen needs one way to show it.

use std::collections::BTreeMap;

use fieldseal_device::api::{
    CaptureArgs, CaptureView, PieceArgs, ProblemView, RecordingView, Request, ScanView,
};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tauri::State;
use tauri::http::HeaderMap;
use tauri::ipc::InvokeBody;

use crate::tablet::Tablet;

/// A problem that arises in the shell itself, in the engine's own form.
pub fn problem(code: &str, message: &str) -> ProblemView {
    ProblemView {
        code: code.to_owned(),
        message: message.to_owned(),
        retriable: false,
        params: BTreeMap::new(),
    }
}

/// A request in, its view out. Taken as a plain value, so that a request of a newer screen is a problem like any other.
#[tauri::command]
pub async fn call(tablet: State<'_, Tablet>, request: Value) -> Result<Value, ProblemView> {
    let request: Request = serde_json::from_value(request)
        .map_err(|_| problem("bad-request", "This version does not know that request."))?;
    let engine = tablet.engine()?;
    // Android's own location manager tells it, with the mark of a simulated place; what a page says is left out there.
    let of_place = matches!(
        request,
        Request::Position { .. } | Request::NoPosition { .. }
    );
    if cfg!(target_os = "android") && of_place {
        return Ok(Value::Null);
    }
    on_worker(move || engine.call(request)).await
}

/// A photo's bytes in, raw; what goes with them is in the headers. Answers when they are durable.
#[tauri::command]
pub async fn capture(
    tablet: State<'_, Tablet>,
    request: tauri::ipc::Request<'_>,
) -> Result<CaptureView, ProblemView> {
    let engine = tablet.engine()?;
    let args = capture_args(request.headers())?;
    let bytes = raw_bytes(request.body())?;
    on_worker(move || engine.capture(args, &bytes[..])).await
}

/// The next bytes of a video or voice note in, raw; which one, and where they belong, is in the headers. Answers when they are
/// durable.
#[tauri::command]
pub async fn record(
    tablet: State<'_, Tablet>,
    request: tauri::ipc::Request<'_>,
) -> Result<RecordingView, ProblemView> {
    let engine = tablet.engine()?;
    let args = piece_args(request.headers())?;
    let bytes = raw_bytes(request.body())?;
    on_worker(move || engine.record(&args, &bytes)).await
}

fn piece_args(headers: &HeaderMap) -> Result<PieceArgs, ProblemView> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let recording = text("x-fieldseal-recording").map(str::to_owned);
    let offset = text("x-fieldseal-offset").and_then(|text| text.parse().ok());
    match (recording, offset) {
        (Some(recording), Some(offset)) => Ok(PieceArgs { recording, offset }),
        _ => Err(problem("bad-request", "A piece says where it belongs.")),
    }
}

/// A picture's brightness in, raw, its width in a header; what enrolment code it shows out.
#[tauri::command]
pub async fn scan(
    tablet: State<'_, Tablet>,
    request: tauri::ipc::Request<'_>,
) -> Result<ScanView, ProblemView> {
    let engine = tablet.engine()?;
    let width = width(request.headers())?;
    let luma = raw_bytes(request.body())?;
    on_worker(move || engine.scan(width, &luma)).await
}

fn width(headers: &HeaderMap) -> Result<usize, ProblemView> {
    headers
        .get("x-fieldseal-width")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .ok_or_else(|| problem("bad-request", "A picture comes with its width."))
}

/// Runs off the window's threads: hashing, encrypting and waiting for the disk take their time.
pub async fn on_worker<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProblemView> + Send + 'static,
) -> Result<T, ProblemView> {
    tauri::async_runtime::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| {
            Err(problem(
                "internal",
                "The engine stopped in the middle of this.",
            ))
        })
}

/// Numbers take some thirty times the memory of the bytes that they stand for; more than any camera's photo.
const MOST_NUMBERS: usize = 48 << 20;

/// The bytes as they came. Android's webview can't pass them raw: there they come as a JSON array of numbers.
fn raw_bytes(body: &InvokeBody) -> Result<Vec<u8>, ProblemView> {
    let refused = || problem("bad-request", "A picture comes as bytes.");
    match body {
        InvokeBody::Raw(bytes) => Ok(bytes.clone()),
        InvokeBody::Json(Value::Array(numbers)) if numbers.len() > MOST_NUMBERS => {
            Err(problem("too-large", "The file is larger than the limit."))
        }
        InvokeBody::Json(Value::Array(numbers)) => numbers
            .iter()
            .map(|number| number.as_u64().and_then(|n| u8::try_from(n).ok()))
            .collect::<Option<Vec<u8>>>()
            .ok_or_else(refused),
        InvokeBody::Json(_) => Err(refused()),
    }
}

/// The `x-fieldseal-*` headers; values are percent-encoded UTF-8, since a header holds ASCII only.
fn capture_args(headers: &HeaderMap) -> Result<CaptureArgs, ProblemView> {
    let value = |name: &str| -> Result<Option<String>, ProblemView> {
        let Some(raw) = headers.get(name) else {
            return Ok(None);
        };
        let text = raw
            .to_str()
            .ok()
            .and_then(|ascii| percent_decode_str(ascii).decode_utf8().ok());
        let text = text.ok_or_else(|| {
            problem(
                "bad-request",
                "A header of the photo is not percent-encoded UTF-8.",
            )
        })?;
        Ok(Some(text.into_owned()).filter(|text| !text.is_empty()))
    };
    Ok(CaptureArgs {
        draft: value("x-fieldseal-draft")?,
        kind: value("x-fieldseal-kind")?,
        shot: value("x-fieldseal-shot")?,
        source: value("x-fieldseal-source")?.unwrap_or_default(),
        original_name: value("x-fieldseal-original-name")?,
        mark: value("x-fieldseal-mark")?,
        follows: value("x-fieldseal-follows")?.and_then(|text| text.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tauri::http::HeaderValue;

    use super::*;

    #[test]
    fn bytes_come_raw_or_as_numbers() {
        assert_eq!(
            raw_bytes(&InvokeBody::Raw(vec![0, 255, 7])).unwrap(),
            [0, 255, 7]
        );
        assert_eq!(
            raw_bytes(&InvokeBody::Json(json!([0, 255, 7]))).unwrap(),
            [0, 255, 7]
        );
        assert_eq!(raw_bytes(&InvokeBody::Json(json!([]))).unwrap(), [0u8; 0]);
        for wrong in [
            json!([256]),
            json!([-1]),
            json!([1.5]),
            json!(["1"]),
            json!({"0": 1}),
            json!(null),
            json!("abc"),
        ] {
            assert_eq!(
                raw_bytes(&InvokeBody::Json(wrong)).unwrap_err().code,
                "bad-request"
            );
        }
    }

    #[test]
    fn headers_are_percent_encoded() {
        let mut headers = HeaderMap::new();
        headers.insert("x-fieldseal-source", HeaderValue::from_static("file-input"));
        headers.insert(
            "x-fieldseal-original-name",
            HeaderValue::from_static("%E7%85%A7%E7%89%87%201.jpg"),
        );
        headers.insert("x-fieldseal-draft", HeaderValue::from_static(""));
        let args = capture_args(&headers).unwrap();
        assert_eq!(args.source, "file-input");
        assert_eq!(args.original_name.as_deref(), Some("照片 1.jpg"));
        assert_eq!(args.draft, None);
        assert_eq!(args.shot, None);
    }

    #[test]
    fn a_piece_says_where_it_belongs() {
        let mut headers = HeaderMap::new();
        headers.insert("x-fieldseal-recording", HeaderValue::from_static("one"));
        for (text, expected) in [
            ("0", Some(0)),
            ("70001", Some(70001)),
            ("-1", None),
            ("", None),
        ] {
            headers.insert("x-fieldseal-offset", HeaderValue::from_static(text));
            assert_eq!(
                piece_args(&headers).ok().map(|args| args.offset),
                expected,
                "{text}"
            );
        }
        headers.remove("x-fieldseal-recording");
        assert_eq!(piece_args(&headers).unwrap_err().code, "bad-request");
    }

    #[test]
    fn a_width_is_a_number() {
        let mut headers = HeaderMap::new();
        assert_eq!(width(&headers).unwrap_err().code, "bad-request");
        for (text, expected) in [("640", Some(640)), ("-1", None), ("1.5", None), ("", None)] {
            headers.insert("x-fieldseal-width", HeaderValue::from_static(text));
            assert_eq!(width(&headers).ok(), expected);
        }
    }

    #[test]
    fn a_header_that_is_no_text_is_refused() {
        for wrong in [&b"%ff%fe"[..], &b"\xe7\x85\xa7"[..]] {
            let mut headers = HeaderMap::new();
            headers.insert(
                "x-fieldseal-original-name",
                HeaderValue::from_bytes(wrong).unwrap(),
            );
            assert_eq!(capture_args(&headers).unwrap_err().code, "bad-request");
        }
    }
}
