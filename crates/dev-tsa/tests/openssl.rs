//! The whole walk by `openssl` itself: request, reply over HTTP, verification.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use fieldseal_dev_tsa::{Authority, KeyKind, Manner, Serving};

fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
        .status
        .success()
}

fn post(url: &str, body: &[u8]) -> Vec<u8> {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    answer.split_off(head + 4)
}

#[test]
fn openssl_verifies_what_it_gives_and_refuses_what_it_gives_badly() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("data"), "some checkpoint\n").unwrap();
    assert!(openssl(
        here,
        &[
            "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q"
        ]
    ));
    let query = fs::read(here.join("q")).unwrap();
    for (name, kind) in [("rsa", KeyKind::Rsa), ("p256", KeyKind::P256)] {
        let made = Authority::at(&here.join(name), name, kind, 30).unwrap();
        let root = made.root_pem().unwrap();
        drop(made);
        // The same keys the second time.
        let authority = Authority::at(&here.join(name), name, kind, 30).unwrap();
        assert_eq!(authority.root_pem().unwrap(), root);
        let serving = Serving::start(authority).unwrap();
        let root = serving.authority().root_path();
        let verifies = |bytes: &[u8]| {
            fs::write(here.join("r"), bytes).unwrap();
            openssl(
                here,
                &[
                    "ts",
                    "-verify",
                    "-queryfile",
                    "q",
                    "-in",
                    "r",
                    "-CAfile",
                    root.to_str().unwrap(),
                ],
            )
        };
        let good = post(&serving.url(), &query);
        assert!(verifies(&good));
        for manner in [Manner::Refuse, Manner::Garbage, Manner::OtherImprint] {
            serving.behave(manner.clone());
            assert!(!verifies(&post(&serving.url(), &query)), "{manner:?}");
        }
        assert_eq!(serving.asked(), 4);
    }
}

#[test]
fn it_answers_on_loopback_alone() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::at(&folder.path().join("a"), "a", KeyKind::P256, 1).unwrap();
    assert!(Serving::start_on(authority, "0.0.0.0:0".parse().unwrap()).is_err());
}
