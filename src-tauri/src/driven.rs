//! Test builds only (feature `window-test`): WebKitGTK's moving test picture as the camera. Such a window is not in
//! private mode either, since WebDriver can't reach a private one; so no shipped window can be driven.

use webkit2gtk::{SettingsExt, WebViewExt};

pub fn use_mock_camera(window: &tauri::WebviewWindow) -> tauri::Result<()> {
    window.with_webview(|webview| {
        if let Some(settings) = webview.inner().settings() {
            settings.set_enable_mock_capture_devices(true);
        }
    })
}
