//! The window of the tablet app, and nothing else: two commands and one picture protocol that hand on to
//! [`fieldseal_device::Engine`], and the rules of what a page in this window may do.
//!
//! * [`commands`]: `call` (a request in, a view out) and `capture` (a photo's bytes in, raw).
//! * [`evidence`]: `evidence://` answers thumbnails and previews.
//! * [`tablet`]: opens the engine, and keeps the sentence when it can't be opened.
//! * [`permissions`]: camera and place for our own page only; no other page is ever loaded.
//!
//! The webview runs in its private mode, so that no picture, text or cookie of a page is ever written to the tablet's
//! disk outside the vault.

mod commands;
#[cfg(all(feature = "window-test", target_os = "linux"))]
mod driven;
mod evidence;
mod permissions;
mod tablet;

use tauri::Manager;

/// Where Android and iOS come in.
#[cfg(mobile)]
#[tauri::mobile_entry_point]
fn mobile() {
    // There is no terminal to say it on, and no caller to give it to.
    let _ = start();
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// One sentence when there can be no window (no display, no webview). A vault that can't be opened is no error here:
/// the window says it.
pub fn start() -> Result<(), String> {
    tauri::Builder::default()
        .invoke_handler(tauri::generate_handler![commands::call, commands::capture])
        .register_asynchronous_uri_scheme_protocol("evidence", evidence::answer)
        .on_permission_request(|webview, kind| {
            permissions::decide(webview.url().ok().as_ref(), &kind)
        })
        .setup(|app| {
            let folder = app.path().app_local_data_dir()?.join("vault");
            app.manage(tablet::Tablet::open(
                &folder,
                tablet::Launch::from_process(),
            ));
            let config = app
                .config()
                .app
                .windows
                .first()
                .ok_or("the configuration names no window")?;
            let private = !cfg!(feature = "window-test");
            let window = tauri::WebviewWindowBuilder::from_config(app, config)?
                .incognito(private)
                .on_navigation(permissions::is_own_page)
                .build()?;
            #[cfg(all(feature = "window-test", target_os = "linux"))]
            driven::use_mock_camera(&window)?;
            #[cfg(not(all(feature = "window-test", target_os = "linux")))]
            drop(window);
            Ok(())
        })
        .run(tauri::generate_context!())
        .map_err(|problem| format!("The window could not be opened: {problem}"))
}
