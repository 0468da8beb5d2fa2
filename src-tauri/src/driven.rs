//! Test builds only (feature `window-test`): WebKitGTK's moving test picture as the camera, unless the variable
//! `FIELDSEAL_TEST_CAMERA` is `none`: then the machine's own cameras are left, of which a test machine has none. Such a
//! window is not in private mode either, since WebDriver can't reach a private one; so no shipped window can be driven.

use webkit2gtk::{SettingsExt, WebViewExt};

pub fn use_mock_camera(window: &tauri::WebviewWindow) -> tauri::Result<()> {
    let mock = std::env::var_os("FIELDSEAL_TEST_CAMERA").is_none_or(|value| value != "none");
    window.with_webview(move |webview| {
        if let Some(settings) = webview.inner().settings() {
            settings.set_enable_mock_capture_devices(mock);
        }
    })
}
