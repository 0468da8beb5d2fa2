//! What a page in the window may do. Only our own page is ever loaded, and it may ask for the camera, for the
//! microphone (voice notes, and the sound of a video) and for the place, nothing else (no notifications, no clipboard).

use tauri::Url;
use tauri::webview::{PermissionKind, PermissionResponse};

/// Whether an address is the app's own: `tauri://localhost`, and `http(s)://tauri.localhost` on Windows and Android.
pub fn is_own_page(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => url.host_str() == Some("tauri.localhost") && url.port().is_none(),
        _ => false,
    }
}

/// Answers the webview's question for a page at `url` (none when it could not be told).
pub fn decide(url: Option<&Url>, kind: &PermissionKind) -> PermissionResponse {
    // On Android the place comes from the system itself, with the mark of a simulated one, which a web view leaves out.
    let place = !cfg!(target_os = "android");
    let wanted = matches!(kind, PermissionKind::Camera | PermissionKind::Microphone)
        || (place && matches!(kind, PermissionKind::Geolocation));
    if wanted && url.is_some_and(is_own_page) {
        PermissionResponse::Allow
    } else {
        PermissionResponse::Deny
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(url: &str, kind: PermissionKind) -> bool {
        matches!(
            decide(Some(&url.parse().unwrap()), &kind),
            PermissionResponse::Allow
        )
    }

    #[test]
    fn our_own_page_may_use_camera_microphone_and_place_only() {
        for page in [
            "tauri://localhost/",
            "tauri://localhost/index.html#/camera",
            "http://tauri.localhost/",
        ] {
            assert!(allowed(page, PermissionKind::Camera), "{page}");
            assert!(allowed(page, PermissionKind::Geolocation), "{page}");
            assert!(allowed(page, PermissionKind::Microphone), "{page}");
            assert!(!allowed(page, PermissionKind::DisplayCapture), "{page}");
            assert!(!allowed(page, PermissionKind::Notifications), "{page}");
        }
    }

    #[test]
    fn no_other_page_may_use_anything_or_be_loaded() {
        for page in [
            "https://example.org/",
            "http://tauri.localhost.example.org/",
            "http://tauri.localhost:8080/",
            "tauri://elsewhere/",
            "file:///etc/passwd",
            "evidence://localhost/preview/1",
            "data:text/html,hello",
            "about:blank",
        ] {
            assert!(!allowed(page, PermissionKind::Camera), "{page}");
            assert!(!is_own_page(&page.parse().unwrap()), "{page}");
        }
        assert!(matches!(
            decide(None, &PermissionKind::Camera),
            PermissionResponse::Deny
        ));
    }
}
