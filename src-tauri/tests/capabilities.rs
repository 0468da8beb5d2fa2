//! What the window may do, as a list to compare with: a new right is a change of this file, seen in review.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

const RIGHTS: [&str; 6] = [
    "allow-call",
    "allow-capture",
    "allow-record",
    "allow-scan",
    "allow-camera",
    "allow-biometric",
];

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
            "permissions": RIGHTS,
        })
    );
}

/// What the build made of all that: every capability that is in the program, and every permission a command could have.
#[test]
fn nothing_else_is_built_in() {
    let built_in = read("gen/schemas/capabilities.json").unwrap();
    let names: Vec<_> = built_in.as_object().unwrap().keys().collect();
    assert_eq!(names, ["main"]);
    assert_eq!(built_in["main"]["permissions"], json!(RIGHTS));
    assert_eq!(built_in["main"]["windows"], json!(["main"]));
    for widening in ["remote", "webviews", "platforms"] {
        assert!(built_in["main"].get(widening).is_none(), "{widening}");
    }

    let manifests = read("gen/schemas/acl-manifests.json").unwrap();
    let manifests = manifests.as_object().unwrap();
    let plugins: Vec<_> = manifests
        .keys()
        .filter(|name| *name != "core" && !name.starts_with("core:"))
        .collect();
    assert_eq!(
        plugins,
        ["__app-acl__"],
        "no plugin brings commands of its own"
    );
    let own = &manifests["__app-acl__"];
    assert_eq!(own["default_permission"], Value::Null);
    assert_eq!(own["permission_sets"], json!({}));
    let permissions = own["permissions"].as_object().unwrap();
    assert_eq!(permissions.len(), 12);
    for command in ["call", "capture", "record", "scan", "camera", "biometric"] {
        let allow = &permissions[&format!("allow-{command}")];
        assert_eq!(
            allow["commands"],
            json!({"allow": [command], "deny": []}),
            "one command each"
        );
    }
}

/// Rights can also be given while the program runs.
#[test]
fn no_right_is_given_at_run_time() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files: Vec<_> = [source.clone(), source.join("android")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    assert!(files.len() > 11);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for call in ["add_capability", "dynamic_acl", ".plugin("] {
            // Kotlin's plugins, none of whose commands any capability names.
            if call == ".plugin(" && file.ends_with("src/android/mod.rs") {
                continue;
            }
            assert!(!text.contains(call), "{}: {call}", file.display());
        }
    }
}

/// Whole, so that a loosened directive is a change of this file.
#[test]
fn the_content_policy_is_this_one() {
    let config = read("tauri.conf.json").unwrap();
    assert_eq!(
        config["app"]["security"],
        json!({
            "capabilities": ["main"],
            "csp": {
                "default-src": "'self'",
                "script-src": "'self'",
                "style-src": "'self' 'unsafe-inline'",
                "img-src": "'self' data: blob: evidence: http://evidence.localhost",
                "media-src": "'self' blob: mediastream: evidence: http://evidence.localhost",
                "connect-src": "'self' ipc: http://ipc.localhost evidence: http://evidence.localhost tiles: http://tiles.localhost",
                "worker-src": "'self' blob:",
                "font-src": "'self' data:",
                "object-src": "'none'",
                "frame-src": "'none'",
                "base-uri": "'none'",
                "form-action": "'none'",
            },
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
    let allowed_hosts = [
        "http://ipc.localhost",
        "http://evidence.localhost",
        "http://tiles.localhost",
    ];
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
