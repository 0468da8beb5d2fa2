//! What an officer sees and does while packets are on their way.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use fieldseal_device::api::Request;
use kit::{Bureau, Tablet, eventually, jpeg, noise};
use serde_json::Value;

/// A network that wants a sign-in: answers whatever it is asked in the server's place.
struct Portal {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Portal {
    fn at(addr: SocketAddr, answer: &'static str) -> Self {
        let listener = TcpListener::bind(addr).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (stop, asked) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let (stopped, count) = (stop.clone(), asked.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                let Ok((mut stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                count.fetch_add(1, Ordering::SeqCst);
                stream.set_nonblocking(false).unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_millis(200)))
                    .unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self {
            stop,
            asked,
            thread: Some(thread),
        }
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = self.thread.take().unwrap().join();
    }
}

fn address(bureau: &Bureau) -> SocketAddr {
    bureau
        .url()
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap()
}

fn first(tablet: &Tablet) -> Value {
    tablet.ok(Request::Uploads)["unsafePackets"][0].clone()
}

#[test]
fn a_sign_in_page_is_not_taken_for_the_server() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 22\r\nConnection: close\r\n\r\n<html>Sign in</html>\r\n",
        "HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    ] {
        let mut bureau = Bureau::open();
        let tablet = bureau.tablet("tablet");
        tablet.ok(Request::Retention { keep_days: Some(0) });
        let draft = tablet.draft();
        tablet.capture(Some(&draft), &jpeg(1));
        bureau.stop();
        let portal = Portal::at(address(&bureau), answer);
        tablet.seal(&draft);
        eventually("the portal to be seen for what it is", || {
            tablet.ok(Request::Uploads)["link"] == "captive-portal"
        });
        let upload = first(&tablet);
        assert_eq!(upload["cause"], "captive-portal", "{answer}");
        assert_ne!(upload["packet"]["state"], "wedged", "no packet is to blame");
        assert_eq!(tablet.ok(Request::State)["online"], false);
        assert_eq!(tablet.ok(Request::Reclaim)["packets"], 0);
        assert!(portal.asked.load(Ordering::SeqCst) > 0);
        drop(portal);
        bureau.start();
        tablet.wait_for(&draft, "safe");
        assert!(tablet.ok(Request::Uploads)["link"].is_null());
    }
}

#[test]
fn one_packet_pauses_while_another_goes_and_a_restart_remembers() {
    let mut bureau = Bureau::open();
    let tablet = bureau.tablet("tablet");
    bureau.stop();
    let mut sealed = Vec::new();
    for n in 0..2 {
        let draft = tablet.draft();
        tablet.capture(Some(&draft), &noise(n, 300_000));
        tablet.seal(&draft);
        sealed.push(draft);
    }
    let uploads = tablet.ok(Request::UploadPause {
        id: sealed[0].clone(),
        pause: true,
    });
    let row = |uploads: &Value, id: &str| {
        let rows = uploads["unsafePackets"].as_array().unwrap();
        let found = rows.iter().find(|row| row["packet"]["id"] == id);
        found.unwrap().clone()
    };
    let paused = row(&uploads, &sealed[0]);
    assert_eq!(
        (&paused["paused"], &paused["cause"]),
        (&true.into(), &"paused".into())
    );
    assert!(paused["turn"].is_null());
    assert_eq!(row(&uploads, &sealed[1])["turn"], 1);
    let unknown = tablet.refused(Request::UploadPause {
        id: "01890a5d-ac96-774b-bcce-b302099a8057".into(),
        pause: true,
    });
    assert_eq!(unknown, "not-found");

    let tablet = tablet.restart();
    tablet.unlock();
    bureau.start();
    tablet.wait_for(&sealed[1], "safe");
    // A packet is safe on disk a moment before it leaves the list.
    eventually("one packet to be left", || {
        tablet.ok(Request::Uploads)["unsafeTotal"] == 1
    });
    let uploads = tablet.ok(Request::Uploads);
    assert_eq!(row(&uploads, &sealed[0])["sentBytes"], 0.0);
    tablet.ok(Request::UploadPause {
        id: sealed[0].clone(),
        pause: false,
    });
    tablet.wait_for(&sealed[0], "safe");
}

#[test]
fn the_answer_to_a_return_shows_its_day_and_the_turns_are_told() {
    let mut bureau = Bureau::open();
    bureau.stop();
    bureau.config.return_days = Some(2);
    bureau.start();
    let tablet = bureau.tablet("tablet");
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &jpeg(1));
    tablet.seal(&draft);
    tablet.wait_for(&draft, "safe");
    bureau.decide(&draft, "returned", "补门牌");
    tablet.wait_for(&draft, "returned");
    bureau.stop();
    let supplement = tablet.ok(Request::DraftOpen {
        kind: "illegal-structure".into(),
        supplements: Some(draft.clone()),
    });
    let supplement = supplement["id"].as_str().unwrap();
    tablet.capture(Some(supplement), &jpeg(2));
    tablet.seal(supplement);
    let plain = tablet.draft();
    tablet.capture(Some(&plain), &jpeg(3));
    tablet.seal(&plain);
    let uploads = tablet.ok(Request::Uploads);
    let rows = uploads["unsafePackets"].as_array().unwrap();
    let order: Vec<_> = rows
        .iter()
        .map(|row| (row["packet"]["id"].as_str().unwrap(), row["turn"].as_u64()))
        .collect();
    // Without a rule the time of sealing counts, which lies before the supplement's day.
    assert_eq!(order, [(&plain[..], Some(1)), (supplement, Some(2))]);
    assert!(rows[0]["deadline"].is_null());
    let decided = tablet.ok(Request::Packet { id: draft })["decisions"][0]["decidedAt"]
        .as_str()
        .unwrap()
        .parse::<fieldseal_packet::Timestamp>()
        .unwrap();
    let deadline: fieldseal_packet::Timestamp =
        rows[1]["deadline"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        deadline.as_millis() - decided.as_millis(),
        2 * 24 * 3_600_000
    );
    assert!(uploads["leftBytes"].as_f64().unwrap() > 0.0);
}
