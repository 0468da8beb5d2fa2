//! Registers and the offline map: from the administrator's file to what a tablet is given.

use std::path::PathBuf;

use super::support::*;
use fieldseal_packet::Sha256Digest;
use fieldseal_server::admin::{ImportError, Imported};
use fieldseal_wire::ProblemCode;
use fieldseal_wire::registers::{MapAnswer, Point, Register};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Method, Response};

fn write(site: &Site, text: impl AsRef<[u8]>) -> PathBuf {
    let file = site.folder.path().join("register.csv");
    std::fs::write(&file, text).unwrap();
    file
}

fn import(
    site: &Site,
    register: Register,
    text: impl AsRef<[u8]>,
    replace: bool,
) -> Result<Imported, ImportError> {
    let file = write(site, text);
    site.admin().import_register(register, &file, replace)
}

async fn ask(site: &Site, tablet: &Tablet, register: &str, known: Option<&str>) -> Response {
    let mut request = site
        .request(Method::GET, &format!("/api/v1/registers/{register}"))
        .bearer_auth(&tablet.token);
    if let Some(known) = known {
        request = request.header(IF_NONE_MATCH, known);
    }
    request.send().await.unwrap()
}

fn tag(response: &Response) -> String {
    response.headers()[ETAG].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_register_reaches_tablets_whole_or_says_that_nothing_is_new() {
    let site = Site::start().await;
    let tablet = site.device().await;
    let empty = ask(&site, &tablet, "points", None).await;
    assert_eq!(empty.headers()["x-fieldseal-version"], "0");
    assert_eq!(empty.text().await.unwrap(), "");

    // More than the stretches in which it is read.
    let mut text = String::from("number,name,lat,lon\n");
    for n in 0..1203 {
        text.push_str(&format!("P-{n:05},点位 {n},31.{n:05},121.4\n"));
    }
    let done = import(&site, Register::Points, &text, false).unwrap();
    assert_eq!((done.added, done.changed, done.head.version), (1203, 0, 1));

    let answer = ask(&site, &tablet, "points", None).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-fieldseal-version"], "1");
    assert_eq!(answer.headers()["x-fieldseal-rows"], "1203");
    let known = tag(&answer);
    let body = answer.bytes().await.unwrap();
    assert_eq!(known, format!("\"{}\"", Sha256Digest::of(&body)));
    let points: Vec<Point> = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(points.len(), 1203);
    assert_eq!(points[7].name.as_deref(), Some("点位 7"));
    assert_eq!(points[7].lat.as_deref(), Some("31.00007"));

    let same = ask(&site, &tablet, "points", Some(&known)).await;
    assert_eq!((same.status().as_u16(), tag(&same)), (304, known.clone()));

    // The same file again is nothing new; one row of it changes that row alone.
    let again = import(&site, Register::Points, &text, true).unwrap();
    assert_eq!((again.added, again.changed, again.news), (0, 0, false));
    let one = import(&site, Register::Points, "number,name\nP-00007,改\n", false).unwrap();
    assert_eq!((one.changed, one.removed, one.head.rows), (1, 0, 1203));
    let news = ask(&site, &tablet, "points", Some(&known)).await;
    assert_eq!(news.status(), 200);
    assert_eq!(news.headers()["x-fieldseal-version"], "2");
    // And as the whole register it removes the rest.
    let whole = import(&site, Register::Points, "number,name\nP-00007,改\n", true).unwrap();
    assert_eq!((whole.removed, whole.head.rows), (1202, 1));
    let body = ask(&site, &tablet, "points", None)
        .await
        .text()
        .await
        .unwrap();
    assert_eq!(body, "{\"number\":\"P-00007\",\"name\":\"改\"}\n");
}

#[tokio::test]
async fn a_wrong_line_keeps_the_whole_file_out() {
    let site = Site::start().await;
    let bad = import(
        &site,
        Register::Points,
        "number,lat,lon\nA,31.2,121.4\nB,131.2,21.4\n",
        false,
    );
    let Err(ImportError::Lines(problems)) = bad else {
        panic!("{bad:?}");
    };
    assert_eq!((problems.count, problems.named[0].line), (1, 3));
    import(&site, Register::Points, "编号\nA\n", false).unwrap();
    let bad = import(
        &site,
        Register::Tickets,
        "number,point\nT1,A\nT2,B\n",
        false,
    );
    let Err(ImportError::Lines(problems)) = bad else {
        panic!("{bad:?}");
    };
    assert_eq!(
        problems.named[0].to_string(),
        "line 3, point: is not in the register of points"
    );
    // Nothing of it was taken, the good line neither.
    let good = import(&site, Register::Tickets, "number,point\nT1,A\n", false).unwrap();
    assert_eq!((good.added, good.head.version), (1, 1));
}

#[tokio::test]
async fn only_enrolled_tablets_are_given_registers() {
    let site = Site::start().await;
    let tablet = site.device().await;
    for path in ["/api/v1/registers/points", "/api/v1/map"] {
        let answer = site.request(Method::GET, path).send().await.unwrap();
        assert_eq!(problem(answer).await.code, ProblemCode::Unauthenticated);
    }
    let answer = ask(&site, &tablet, "people", None).await;
    assert_eq!(problem(answer).await.code, ProblemCode::NotFound);
}

#[tokio::test]
async fn the_map_comes_in_pieces() {
    let site = Site::start().await;
    let tablet = site.device().await;
    let get = |path: String| {
        let request = site.request(Method::GET, &path).bearer_auth(&tablet.token);
        async move { request.send().await.unwrap() }
    };
    let none: MapAnswer = answer(get("/api/v1/map".into()).await).await.unwrap();
    assert!(none.map.is_none());
    let mut bytes = vec![0_u8; (1 << 20) + 1000];
    bytes[..8].copy_from_slice(b"PMTiles\x03");
    bytes[99] = 1;
    bytes[1 << 20] = 7;
    let file = write(&site, &bytes);
    assert!(site.admin().place_map(&file, true, None).unwrap().news);
    assert!(!site.admin().place_map(&file, true, None).unwrap().news);
    let map: MapAnswer = answer(get("/api/v1/map".into()).await).await.unwrap();
    let map = map.map.unwrap();
    assert!(map.gcj02);
    assert_eq!(map.sha256, Sha256Digest::of(&bytes).to_string());
    let mut whole = Vec::new();
    loop {
        let path = format!("/api/v1/map/{}?from={}", map.sha256, whole.len());
        let piece = get(path).await.bytes().await.unwrap();
        if piece.is_empty() {
            break;
        }
        whole.extend_from_slice(&piece);
    }
    assert!(whole == bytes);
    // Another map ends the pieces of the one before.
    bytes[200] = 1;
    let file = write(&site, &bytes);
    site.admin().place_map(&file, false, None).unwrap();
    let gone = get(format!("/api/v1/map/{}?from=0", map.sha256)).await;
    assert_eq!(problem(gone).await.code, ProblemCode::NotFound);
}
