//! The tablet app on desktops. Phones and tablets start at `fieldseal_tablet::run` themselves.

// A release build on Windows opens no console beside the window.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    fieldseal_tablet::run_decoder_child();
    match fieldseal_tablet::start() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("fieldseal-tablet: {sentence}");
            std::process::ExitCode::FAILURE
        }
    }
}
