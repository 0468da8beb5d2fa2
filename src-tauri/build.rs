//! Names the app's own commands (so that each needs a permission), and lets the crate compile before the screens are
//! built: a clone without Node can then still be checked and linted.

use std::path::{Path, PathBuf};

const SCREENS: &str = "../ui/tablet/dist";
const NOT_BUILT: &str = "<!doctype html><meta charset=\"utf-8\"><title>Fieldseal</title>\
<p>The screens are not built. Run ./x build.</p>";

fn main() {
    println!("cargo:rerun-if-changed={SCREENS}");
    if !Path::new(SCREENS).join("index.html").is_file()
        && let Err(problem) = point_at_placeholder()
    {
        println!("cargo:warning=no screens and no placeholder for them: {problem}");
    }
    let app = tauri_build::AppManifest::new().commands(&[
        "call",
        "capture",
        "record",
        "scan",
        "camera",
        "biometric",
    ]);
    if let Err(problem) = tauri_build::try_build(tauri_build::Attributes::new().app_manifest(app)) {
        println!("cargo:warning={problem:#}");
        std::process::exit(1);
    }
}

/// The configuration's folder of screens can be overridden by a variable that `generate_context!` reads.
fn point_at_placeholder() -> std::io::Result<()> {
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| std::io::Error::other("no OUT_DIR"))?;
    let folder = PathBuf::from(out).join("not-built");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("index.html"), NOT_BUILT)?;
    let config = serde_json::json!({ "build": { "frontendDist": folder } });
    println!("cargo:rustc-env=TAURI_CONFIG={config}");
    println!("cargo:warning=the screens are not built: run ./x build");
    Ok(())
}
