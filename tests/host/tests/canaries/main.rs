//! Canaries: a name, a plate, a place and secrets that exist nowhere else are sent through the whole line, with the real
//! programs talking as much as they can; then everything that they leave in the clear is searched for them.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod processes;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use processes::{Process, admin, ask, call, core_is_dumped, fieldseal, host, http};
use serde_json::json;

const OFFICER: &str = "金丝雀王小明";
const PARTY: &str = "金丝雀赵大山";
const PLATE: &str = "沪A·Q7K391";
const ADDRESS: &str = "金丝雀路7391弄";
const LATITUDE: f64 = 31.987_613;
const LONGITUDE: f64 = 121.876_527;
const PIN: &str = "739164";
const WRONG_PIN: &str = "739165";
const PASSWORD: &str = "canary password 7391 x";
const WRONG_PASSWORD: &str = "canary passwort 7391 y";
const BEARER: &str = "canary-bearer-7391-0123456789abcdef";
const REASON: &str = "金丝雀理由 7391";

/// What must be found nowhere. Places as they are written and as they are rounded.
fn canaries() -> Vec<String> {
    let fixed = [
        OFFICER,
        PARTY,
        PLATE,
        "Q7K391",
        ADDRESS,
        "31.9876",
        "121.8765",
        PIN,
        WRONG_PIN,
        PASSWORD,
        WRONG_PASSWORD,
        BEARER,
        REASON,
    ];
    fixed.map(str::to_owned).to_vec()
}

/// Walks a folder; gives each file's bytes.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.is_file() {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

fn contains(bytes: &[u8], canary: &str) -> bool {
    bytes
        .windows(canary.len())
        .any(|window| window == canary.as_bytes())
}

fn photo() -> Vec<u8> {
    let picture = image::RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8, y as u8, 7]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .unwrap();
    let mut bytes = bytes.into_inner();
    // A comment segment after the start of the image: what a camera's own text would be.
    let text = format!("{PLATE} {LATITUDE} {LONGITUDE}");
    let mut comment = vec![0xff, 0xfe];
    comment.extend_from_slice(&u16::try_from(text.len() + 2).unwrap().to_be_bytes());
    comment.extend_from_slice(text.as_bytes());
    bytes.splice(2..2, comment);
    bytes
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < Duration::from_secs(90),
            "waited in vain for {what}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn no_canary_is_found_in_logs_metrics_temporary_files_or_dumps() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let vault = dir.path().join("vault");
    admin(&data, &["init", "--origin", "test.example/log"], None);
    let person = admin(
        &data,
        &["add-person", "--name", OFFICER, "--badge", "7391001"],
        None,
    );
    let officer = person["id"].as_str().unwrap().to_owned();
    admin(
        &data,
        &["add-account", "reviewer", "--name", OFFICER],
        Some(PASSWORD),
    );

    let server = Process::start(
        &dir.path().join("server-run"),
        fieldseal(),
        &[
            "serve",
            "--data",
            data.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ],
    );
    let tablet = Process::start(
        &dir.path().join("tablet-run"),
        host(),
        &["--dir", vault.to_str().unwrap(), "--listen", "127.0.0.1:0"],
    );
    let mut secrets = canaries();
    let code = |whose: &[&str]| {
        let said = admin(
            &data,
            &[&["enrol-code"], whose, &["--url", &server.url]].concat(),
            None,
        );
        said["text"].as_str().unwrap().to_owned()
    };
    let one_time = |text: &str| {
        let code = text.split("&c=").nth(1).unwrap();
        code.split('&').next().unwrap().to_owned()
    };
    let (device_code, officer_code) = (code(&["device"]), code(&["officer", &officer]));
    secrets.extend([one_time(&device_code), one_time(&officer_code)]);

    whole_line(
        &server,
        &tablet,
        &device_code,
        &officer_code,
        &officer,
        &mut secrets,
    );
    for canary in secrets {
        for (name, bytes) in left_behind(&server, &tablet, &vault) {
            assert!(!contains(&bytes, &canary), "{canary} is in {name}");
        }
    }

    // A test that nothing could fail would show nothing: the search finds what is there, and the logs do speak.
    let logs = fs::read(server.stderr()).unwrap();
    assert!(
        contains(&logs, "TRACE"),
        "the server's log says nothing at all"
    );
    let mut database = Vec::new();
    files(&data, &mut database);
    assert!(database.iter().any(|(_, bytes)| contains(bytes, OFFICER)));

    let dumps = core_is_dumped(dir.path());
    for process in [server, tablet] {
        let (dumped, run) = process.abort();
        assert!(!dumped, "a crash left a dump of memory behind");
        let mut found = Vec::new();
        files(&run, &mut found);
        let core = found.iter().find(|(name, _)| name.contains("core"));
        assert!(core.is_none(), "{core:?}");
    }
    assert!(
        dumps,
        "this machine dumps no process at all, so that nothing was shown about dumps"
    );
}

/// Enrol, take photos, describe, seal, upload, review, decide, export; and what goes wrong on the way.
fn whole_line(
    server: &Process,
    tablet: &Process,
    device_code: &str,
    officer_code: &str,
    officer: &str,
    secrets: &mut Vec<String>,
) {
    call(tablet, json!({"do": "enrol-device", "text": device_code})).unwrap();
    call(
        tablet,
        json!({"do": "enrol-officer", "code": officer_code, "pin": PIN}),
    )
    .unwrap();
    call(
        tablet,
        json!({"do": "on-duty", "lead": officer, "second": null}),
    )
    .unwrap();
    let fix =
        json!({"latitude": LATITUDE, "longitude": LONGITUDE, "accuracyM": 5.0, "atMs": 1.7e12});
    call(tablet, json!({"do": "position", "fix": fix})).unwrap();
    let opened = json!({"do": "draft-open", "kind": "illegal-structure", "supplements": null});
    let draft = call(tablet, opened).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let name = percent(&format!("{PLATE}.jpg"));
    let capture = |draft: &str, bytes: Vec<u8>| {
        let query = format!("draft={draft}&source=camera&originalName={name}");
        ask(http()
            .post(format!("{}/capture?{query}", tablet.url))
            .body(bytes))
        .ok
    };
    assert!(capture(&draft, photo()));
    assert!(
        capture(&draft, photo()[..200].to_vec()),
        "a torn photo is evidence too"
    );
    let _ = capture("no-such-draft", photo());
    let facts = json!({"address": ADDRESS, "note": PLATE});
    call(
        tablet,
        json!({"do": "describe", "id": draft, "facts": facts}),
    )
    .unwrap();
    let party = json!({"presence": "refused", "name": PARTY, "note": PLATE});
    call(tablet, json!({"do": "party", "id": draft, "party": party})).unwrap();
    let sign = |pin: &str| json!({"do": "sign", "id": draft, "officer": officer, "pin": pin});
    assert!(call(tablet, sign(WRONG_PIN)).is_err());
    wait_until("the back-off after a wrong PIN", || {
        call(tablet, sign(PIN)).is_ok()
    });
    let sealed = call(tablet, json!({"do": "seal", "id": draft})).unwrap();
    let packet = sealed["summary"]["id"].as_str().unwrap().to_owned();
    wait_until("the packet to be safe", || {
        let view = call(tablet, json!({"do": "packet", "id": packet})).unwrap();
        view["summary"]["state"] == "safe"
    });
    review(server, &packet, secrets);
    let forged = http()
        .post(format!("{}/api/v1/packets/status", server.url))
        .bearer_auth(BEARER)
        .json(&json!({"packets": [{"packet": PLATE}], "note": ADDRESS}));
    assert!(!ask(forged).ok);
}

fn review(server: &Process, packet: &str, secrets: &mut Vec<String>) {
    let at = |path: &str| format!("{}/api/v1/{path}", server.url);
    let sign_in = |password: &str| {
        let body = json!({"account": "reviewer", "password": password});
        ask(http().post(at("session")).json(&body))
    };
    assert!(!sign_in(WRONG_PASSWORD).ok);
    let signed_in = sign_in(PASSWORD);
    assert!(signed_in.ok);
    let cookie = signed_in.cookie.clone();
    let csrf = signed_in.json()["csrf"].as_str().unwrap().to_owned();
    secrets.push(cookie.split_once('=').unwrap().1.to_owned());
    secrets.push(csrf.clone());
    let get = |path: &str| {
        let answer = ask(http().get(at(path)).header("cookie", &cookie));
        assert!(answer.ok, "{path}");
        answer
    };
    get("review/packets");
    let detail = get(&format!("review/packets/{packet}")).json();
    get(&format!("review/packets/{packet}/items/1/preview?w=320"));
    get(&format!("review/packets/{packet}/zip"));
    let body =
        json!({"decision": "returned", "reason": REASON, "packet_digest": detail["packet_digest"]});
    let decision = http()
        .post(at(&format!("review/packets/{packet}/decision")))
        .header("cookie", &cookie)
        .header("x-fieldseal-csrf", csrf)
        .json(&body);
    assert!(ask(decision).ok);
    get(&format!("review/packets/{packet}/export"));
}

/// All that is readable without a key: logs, answers to anybody, temporary files, the tablet's folder.
fn left_behind(server: &Process, tablet: &Process, vault: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    files(&server.run, &mut found);
    files(&tablet.run, &mut found);
    files(vault, &mut found);
    for path in ["metrics", "healthz", "readyz", "log/checkpoint", "trust"] {
        let answer = ask(http().get(format!("{}/{path}", server.url)));
        assert!(answer.ok, "{path}");
        found.push((path.to_owned(), answer.bytes));
    }
    found
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
