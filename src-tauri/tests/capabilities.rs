//! What the window may do, as a list to compare with: a new right is a change of this file, seen in review.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

fn read(path: &str) -> std::io::Result<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

#[test]
fn the_window_has_these_rights_and_no_others() {
    let files: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("capabilities"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, ["main.json"]);

    let mut capability = read("capabilities/main.json").unwrap();
    capability
        .as_object_mut()
        .unwrap()
        .retain(|key, _| key != "$schema" && key != "description");
    assert_eq!(
        capability,
        json!({
            "identifier": "main",
            "local": true,
            "windows": ["main"],
            "permissions": ["allow-call", "allow-capture", "allow-scan"],
        })
    );
}

#[test]
fn the_page_loads_nothing_from_elsewhere_and_evaluates_nothing() {
    let config = read("tauri.conf.json").unwrap();
    assert_eq!(config["app"]["security"]["capabilities"], json!(["main"]));
    assert_eq!(config["app"]["withGlobalTauri"], json!(false));
    assert!(config["build"].get("devUrl").is_none());

    let policy = config["app"]["security"]["csp"].as_object().unwrap();
    let allowed_hosts = ["http://ipc.localhost", "http://evidence.localhost"];
    for (directive, sources) in policy {
        for source in sources.as_str().unwrap().split(' ') {
            assert_ne!(source, "'unsafe-eval'", "{directive}");
            assert_ne!(source, "*", "{directive}");
            assert!(
                !source.contains("://") || allowed_hosts.contains(&source),
                "{directive} {source}"
            );
        }
    }
    assert_eq!(policy["default-src"], json!("'self'"));
    assert_eq!(policy["script-src"], json!("'self'"));
    assert_eq!(policy["frame-src"], json!("'none'"));
    assert_eq!(policy["object-src"], json!("'none'"));
}
