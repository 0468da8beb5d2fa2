//! The window of the tablet app, and nothing else: six commands, a protocol for pictures and one for the map, that hand on to
//! [`fieldseal_device::Engine`], and the rules of what a page in this window may do.
//!
//! * [`commands`]: `call` (a request in, a view out) `capture` (a photo's bytes in, raw), `record` (a
//!   piece of a video or voice note in, raw) and `scan` (a picture's brightness in, the enrolment code it shows out).
//! * [`native`]: `camera` and `biometric`, where the platform has its own; `android` is the other end of them.
//! * [`evidence`]: `evidence://` answers thumbnails and previews, and recordings part by part.
//! * [`tiles`]: `tiles://` answers bytes of the offline map.
//! * [`tablet`]: opens the engine, and keeps the sentence when it can't be opened.
//! * [`permissions`]: camera, microphone and place for our own page only; no other page is ever loaded.
//!
//! The webview runs in its private mode, so that no picture, text or cookie of a page is ever written to the tablet's
//! disk outside the vault.

#[cfg(target_os = "android")]
mod android;
mod commands;
#[cfg(all(feature = "window-test", target_os = "linux"))]
mod driven;
mod evidence;
mod native;
mod permissions;
mod tablet;
mod tiles;

/// Before everything else in `main`: the window's program is also the decoder of pictures.
pub use fieldseal_device::run_decoder_child;
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
    fieldseal_device::no_crash_dumps();
    // GTK would end the process by a panic.
    #[cfg(target_os = "linux")]
    if !has_display(|name| std::env::var_os(name)) {
        return Err("There is no display to open a window on.".to_owned());
    }
    let builder = tauri::Builder::default();
    #[cfg(target_os = "android")]
    let builder = android::plugins(builder);
    builder
        .invoke_handler(tauri::generate_handler![
            commands::call,
            commands::capture,
            commands::record,
            commands::scan,
            native::camera,
            native::biometric
        ])
        .register_asynchronous_uri_scheme_protocol("evidence", evidence::answer)
        .register_asynchronous_uri_scheme_protocol("tiles", tiles::answer)
        .on_permission_request(|webview, kind| {
            permissions::decide(webview.url().ok().as_ref(), &kind)
        })
        .setup(|app| {
            let folder = app.path().app_local_data_dir()?.join("vault");
            #[cfg(target_os = "android")]
            let machine = android::machine(app.handle());
            #[cfg(not(target_os = "android"))]
            let machine = tablet::machine();
            let tablet = tablet::Tablet::open(&folder, tablet::Launch::from_process(), machine);
            #[cfg(target_os = "android")]
            if let Ok(engine) = tablet.engine() {
                android::start(app.handle(), &engine);
            }
            app.manage(tablet);
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

#[cfg(target_os = "linux")]
fn has_display(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| variable(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::has_display;

    #[test]
    fn a_display_is_a_variable_that_is_not_empty() {
        assert!(has_display(|name| (name == "DISPLAY").then(|| ":0".into())));
        assert!(has_display(
            |name| (name == "WAYLAND_DISPLAY").then(|| "wayland-0".into())
        ));
        assert!(!has_display(|_| None));
        assert!(!has_display(|_| Some("".into())));
    }
}
