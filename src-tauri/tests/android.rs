//! What the Android app may do and hand out, as a list to compare with: a new permission, a component that others can start, or
//! a loosened flag is a change of this file, seen in review. And what Kotlin and Rust call each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

const PROJECT: &str = "gen/android";
const MAIN: &str = "gen/android/app/src/main";

fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn read(below: &str) -> String {
    fs::read_to_string(path(below)).expect(below)
}

/// An element: the names of those around it and its own, and its attributes.
#[derive(Debug)]
struct Element {
    place: String,
    attributes: BTreeMap<String, String>,
}

impl Element {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

fn elements(xml: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(xml);
    let mut around: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let element = |around: &[String], start: &BytesStart<'_>| {
        let own = start.name().as_ref().to_owned();
        let mut place = around.to_vec();
        place.push(own);
        let attributes = start
            .attributes()
            .map(|attribute| {
                let attribute = attribute.expect("an attribute");
                (
                    attribute.key.as_ref().to_owned(),
                    attribute.value.to_string(),
                )
            })
            .collect();
        Element {
            place: place.join("/"),
            attributes,
        }
    };
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(start) => {
                found.push(element(&around, &start));
                around.push(start.name().as_ref().to_owned());
            }
            Event::Empty(start) => found.push(element(&around, &start)),
            Event::End(_) => {
                around.pop();
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn at<'a>(all: &'a [Element], place: &str) -> Vec<&'a Element> {
    all.iter()
        .filter(|element| element.place == place)
        .collect()
}

#[test]
fn the_app_asks_for_these_permissions_and_no_others() {
    let manifest = elements(&read(&format!("{MAIN}/AndroidManifest.xml")));
    let asked: Vec<_> = at(&manifest, "manifest/uses-permission")
        .into_iter()
        .filter(|element| element.get("tools:node") != Some("remove"))
        .map(|element| {
            assert_eq!(element.attributes.len(), 1, "no condition, no flag");
            element.get("android:name").unwrap()
        })
        .collect();
    assert_eq!(
        asked,
        [
            "android.permission.INTERNET",
            "android.permission.ACCESS_NETWORK_STATE",
            "android.permission.CAMERA",
            "android.permission.RECORD_AUDIO",
            "android.permission.ACCESS_COARSE_LOCATION",
            "android.permission.ACCESS_FINE_LOCATION",
            "android.permission.USE_BIOMETRIC",
            "android.permission.VIBRATE",
        ]
    );
    let places: BTreeSet<_> = manifest
        .iter()
        .map(|element| element.place.as_str())
        .collect();
    assert_eq!(
        places.into_iter().collect::<Vec<_>>(),
        [
            "manifest",
            "manifest/application",
            "manifest/application/activity",
            "manifest/application/activity/intent-filter",
            "manifest/application/activity/intent-filter/action",
            "manifest/application/activity/intent-filter/category",
            "manifest/application/provider",
            "manifest/application/provider/meta-data",
            "manifest/uses-feature",
            "manifest/uses-permission",
        ],
        "no service, no receiver, no query, no permission of our own"
    );
    for feature in at(&manifest, "manifest/uses-feature") {
        assert_eq!(feature.get("android:required"), Some("false"));
    }
}

#[test]
fn nothing_is_backed_up_or_sent_in_the_clear() {
    let manifest = elements(&read(&format!("{MAIN}/AndroidManifest.xml")));
    let application = at(&manifest, "manifest/application");
    let flags: Vec<_> = application[0]
        .attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !matches!(*name, "android:icon" | "android:label" | "android:theme"))
        .collect();
    assert_eq!(
        flags,
        [
            ("android:allowBackup", "false"),
            ("android:dataExtractionRules", "@xml/data_extraction_rules"),
            ("android:fullBackupContent", "@xml/full_backup_content"),
            ("android:hasFragileUserData", "true"),
            (
                "android:networkSecurityConfig",
                "@xml/network_security_config"
            ),
            ("android:usesCleartextTraffic", "false"),
        ]
    );

    let domains: Vec<String> = ["", "device_"]
        .iter()
        .flat_map(|of| ["root", "file", "database", "sharedpref"].map(|kind| format!("{of}{kind}")))
        .chain(["external".to_owned()])
        .collect();
    for (file, places) in [
        (
            "data_extraction_rules.xml",
            &[
                "data-extraction-rules/cloud-backup/exclude",
                "data-extraction-rules/device-transfer/exclude",
            ][..],
        ),
        (
            "full_backup_content.xml",
            &["full-backup-content/exclude"][..],
        ),
    ] {
        let rules = elements(&read(&format!("{MAIN}/res/xml/{file}")));
        for place in places {
            let excluded: BTreeSet<_> = at(&rules, place)
                .into_iter()
                .map(|rule| {
                    assert_eq!(rule.get("path"), Some("."));
                    rule.get("domain").unwrap().to_owned()
                })
                .collect();
            assert_eq!(
                excluded,
                domains.iter().cloned().collect(),
                "{file} {place}"
            );
        }
        assert!(!rules.iter().any(|rule| rule.place.ends_with("/include")));
    }

    let network = elements(&read(&format!(
        "{MAIN}/res/xml/network_security_config.xml"
    )));
    let base = at(&network, "network-security-config/base-config");
    assert_eq!(base[0].get("cleartextTrafficPermitted"), Some("false"));
    assert_eq!(
        network.len(),
        4,
        "no exception for a host, no certificates of users"
    );
    assert_eq!(network[3].get("src"), Some("system"));
}

#[test]
fn others_can_start_the_launcher_and_nothing_else() {
    let manifest = elements(&read(&format!("{MAIN}/AndroidManifest.xml")));
    let exported: Vec<_> = manifest
        .iter()
        .filter(|element| element.get("android:exported") == Some("true"))
        .map(|element| element.get("android:name"))
        .collect();
    assert_eq!(exported, [Some(".MainActivity")]);
    let filter = "manifest/application/activity/intent-filter";
    let names = |what: &str| {
        at(&manifest, &format!("{filter}/{what}"))
            .iter()
            .map(|element| element.get("android:name").unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("action"), ["android.intent.action.MAIN"]);
    assert_eq!(names("category"), ["android.intent.category.LAUNCHER"]);
    let activity = at(&manifest, "manifest/application/activity");
    assert_eq!(activity.len(), 1);
    assert_eq!(
        activity[0].get("android:screenOrientation"),
        Some("fullUser")
    );
    let provider = at(&manifest, "manifest/application/provider");
    assert_eq!(provider.len(), 1);
    assert_eq!(provider[0].get("android:exported"), Some("false"));
    let handed_out = elements(&read(&format!("{MAIN}/res/xml/file_paths.xml")));
    let handed_out: Vec<_> = handed_out[1..]
        .iter()
        .map(|element| (element.place.as_str(), element.get("path").unwrap()))
        .collect();
    assert_eq!(handed_out, [("paths/external-files-path", "Pictures")]);
}

#[test]
fn the_window_is_in_no_screenshot() {
    let activity = read(&format!("{MAIN}/java/cn/fieldseal/tablet/MainActivity.kt"));
    let secured = activity.find("FLAG_SECURE").unwrap();
    assert!(
        secured < activity.find("super.onCreate").unwrap(),
        "before anything is drawn"
    );
}

/// A regenerated project brings these back.
#[test]
fn what_the_generator_would_loosen_is_as_we_want_it() {
    let gradle = read(&format!("{PROJECT}/app/build.gradle.kts"));
    assert!(!gradle.contains("usesCleartextTraffic"));
    assert!(gradle.contains("minSdk = 28\n"));
    assert!(gradle.contains("applicationId = \"cn.fieldseal.tablet\""));
    for library in ["camera-camera2", "camera-lifecycle", "camera-view"] {
        assert!(
            gradle.contains(&format!("androidx.camera:{library}:")),
            "{library}"
        );
    }
    assert!(gradle.contains("androidx.biometric:biometric:"));
    let wrapper = read(&format!(
        "{PROJECT}/gradle/wrapper/gradle-wrapper.properties"
    ));
    assert!(wrapper.contains("distributionUrl=https\\://services.gradle.org/"));
    let ignored = read(&format!("{PROJECT}/.gitignore"));
    assert!(
        ignored
            .lines()
            .any(|line| line == "/gradle/wrapper/gradle-wrapper.jar")
    );
}

/// Text between two words, each time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split(after).next())
        .collect()
}

/// Kotlin is not compiled here: at least what Rust calls must be there, and nothing else be open to a call.
#[test]
fn rust_and_kotlin_know_the_same_commands() {
    let rust: String = fs::read_dir(path("src/android"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let registered: BTreeSet<_> = between(&read("src/android/mod.rs"), "\"fieldseal-", ")")
        .into_iter()
        .map(|call| call.split('"').nth(2).unwrap().to_owned())
        .collect();
    let java = path(&format!("{MAIN}/java/cn/fieldseal/tablet"));
    let mut classes = BTreeSet::new();
    for entry in fs::read_dir(java).unwrap() {
        let file = entry.unwrap().path();
        let text = fs::read_to_string(&file).unwrap_or_default();
        if !text.contains("@TauriPlugin\n") && !text.contains("@TauriPlugin(") {
            continue;
        }
        let class = file.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(text.contains("package cn.fieldseal.tablet\n"), "{class}");
        assert!(text.contains(&format!("class {class}(")), "{class}");
        for command in between(&text, "@Command\n  fun ", "(") {
            let called = rust.contains(&format!("\"{command}\""));
            assert!(called, "{class}.{command} is called by nobody");
        }
        classes.insert(class);
    }
    assert_eq!(classes, registered);
}
