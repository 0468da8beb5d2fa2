//! Over which networks packets go, and what goes first: the officer's rules and the server's deadline, with a real server.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fieldseal_device::Engine;
use fieldseal_device::api::Request;
use fieldseal_device::platform::{Boot, Connection, Machine, Platform, Timestamp};
use kit::{Bureau, Tablet, eventually, jpeg, noise};
use serde_json::Value;

/// This machine, connected as the test says.
struct Connected {
    machine: Machine,
    over: Arc<Mutex<Option<Connection>>>,
}

impl Platform for Connected {
    fn now(&self) -> Timestamp {
        self.machine.now()
    }
    fn zone(&self) -> String {
        self.machine.zone()
    }
    fn boot(&self) -> Boot {
        self.machine.boot()
    }
    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.machine.random(bytes)
    }
    fn free_bytes(&self, dir: &Path) -> Option<u64> {
        self.machine.free_bytes(dir)
    }
    fn battery(&self) -> Option<f64> {
        None
    }
    fn device_model(&self) -> Option<String> {
        None
    }
    fn connection(&self) -> Option<Connection> {
        self.over.lock().unwrap().clone()
    }
}

fn over(kind: &str, roaming: bool) -> Option<Connection> {
    Some(Connection {
        kind: kind.into(),
        metered: kind == "cellular",
        roaming,
        sign_in: false,
    })
}

/// The same tablet on a machine that says over what it is connected; unlocked.
fn connected(tablet: Tablet) -> (Tablet, Arc<Mutex<Option<Connection>>>) {
    let Tablet {
        engine,
        dir,
        officers,
    } = tablet;
    drop(engine);
    let says = Arc::new(Mutex::new(None));
    let platform = Connected {
        machine: Machine::new().unwrap(),
        over: says.clone(),
    };
    let tablet = Tablet {
        engine: Engine::open(kit::config(&dir), Arc::new(platform)).unwrap(),
        dir,
        officers,
    };
    tablet.unlock();
    (tablet, says)
}

fn rules(wifi_only: bool, while_roaming: bool) -> Request {
    Request::UploadRules {
        wifi_only: Some(wifi_only),
        while_roaming: Some(while_roaming),
    }
}

fn sealed(tablet: &Tablet, seed: u64) -> String {
    let draft = tablet.draft();
    tablet.capture(Some(&draft), &noise(seed, 200_000));
    tablet.seal(&draft);
    draft
}

fn row(tablet: &Tablet, packet: &str) -> Value {
    let uploads = tablet.ok(Request::Uploads);
    let rows = uploads["unsafePackets"].as_array().unwrap();
    let found = rows.iter().find(|row| row["packet"]["id"] == packet);
    found.unwrap().clone()
}

#[test]
fn over_mobile_data_packets_wait_say_why_and_go_when_told_to_this_once() {
    let bureau = Bureau::open();
    let (tablet, says) = connected(bureau.tablet("t1"));
    *says.lock().unwrap() = over("cellular", false);
    tablet.ok(rules(true, false));
    let first = sealed(&tablet, 1);
    // The server is asked about it all the same; its bytes stay here.
    eventually("the packet to wait", || {
        let row = row(&tablet, &first);
        row["cause"] == "waits-wifi" && tablet.ok(Request::State)["online"] == true
    });
    assert_eq!(tablet.ok(Request::Uploads)["waits"], "wifi");
    assert_eq!(tablet.ok(Request::State)["uploadsWait"], "wifi");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(row(&tablet, &first)["sentBytes"], 0.0);
    assert!(bureau.admin().packets().unwrap().is_empty());

    tablet.ok(Request::UploadAnyway);
    tablet.wait_for(&first, "safe");
    // For what waited then, not for what comes.
    eventually("the rule to hold again", || {
        tablet.ok(Request::Uploads)["waits"] == "wifi"
    });
    let second = sealed(&tablet, 2);
    eventually("the second to wait", || {
        row(&tablet, &second)["cause"] == "waits-wifi"
    });
    // Another connection by itself.
    *says.lock().unwrap() = over("wifi", false);
    tablet.wait_for(&second, "safe");
    assert!(tablet.ok(Request::Uploads)["waits"].is_null());
}

#[test]
fn anyway_is_for_the_connection_at_hand() {
    let mut bureau = Bureau::open();
    let (tablet, says) = connected(bureau.tablet("t1"));
    *says.lock().unwrap() = over("cellular", false);
    tablet.ok(rules(true, false));
    bureau.stop();
    sealed(&tablet, 1);
    assert!(tablet.ok(Request::UploadAnyway)["waits"].is_null());
    *says.lock().unwrap() = over("cellular", true);
    assert_eq!(tablet.ok(Request::Uploads)["waits"], "wifi");
}

#[test]
fn while_roaming_packets_wait_unless_they_may_go() {
    let bureau = Bureau::open();
    let (tablet, says) = connected(bureau.tablet("t1"));
    *says.lock().unwrap() = over("cellular", true);
    let packet = sealed(&tablet, 1);
    eventually("the packet to wait", || {
        row(&tablet, &packet)["cause"] == "waits-roaming"
    });
    tablet.ok(rules(false, true));
    tablet.wait_for(&packet, "safe");
}

#[test]
fn a_machine_that_cannot_tell_sends_whatever_the_rules_say() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let state = tablet.ok(rules(true, false));
    assert_eq!(state["uploadRules"]["told"], false);
    let packet = sealed(&tablet, 1);
    tablet.wait_for(&packet, "safe");
}

#[test]
fn the_servers_hours_are_the_deadline_of_kinds_without_one_and_the_nearest_goes_first() {
    let mut bureau = Bureau::open();
    bureau.stop();
    bureau.config.upload_within_hours = Some(48);
    bureau.config.return_days = Some(1);
    bureau.start();
    let tablet = bureau.tablet("t1");
    let returned = tablet.draft();
    tablet.capture(Some(&returned), &jpeg(1));
    tablet.seal(&returned);
    tablet.wait_for(&returned, "safe");
    bureau.decide(&returned, "returned", "补门牌");
    tablet.wait_for(&returned, "returned");
    bureau.stop();
    let plain = sealed(&tablet, 2);
    let supplement = tablet.ok(Request::DraftOpen {
        kind: "illegal-structure".into(),
        supplements: Some(returned.clone()),
    });
    let supplement = supplement["id"].as_str().unwrap().to_owned();
    tablet.capture(Some(&supplement), &jpeg(3));
    tablet.seal(&supplement);

    let uploads = tablet.ok(Request::Uploads);
    let rows = uploads["unsafePackets"].as_array().unwrap();
    let order: Vec<&str> = rows
        .iter()
        .map(|row| row["packet"]["id"].as_str().unwrap())
        .collect();
    // Sealed later, and due earlier.
    assert_eq!(order, [&supplement, &plain]);
    let time = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
    let sealed_at = tablet.ok(Request::Packet { id: plain.clone() })["summary"]["sealedAt"].clone();
    assert_eq!(
        time(&rows[1]["deadline"]).as_millis() - time(&sealed_at).as_millis(),
        48 * 3_600_000
    );
    assert_eq!(rows[0]["turn"], 1);
}

#[test]
fn a_rule_that_comes_later_is_for_what_waits_too() {
    let mut bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let first = tablet.draft();
    tablet.capture(Some(&first), &jpeg(1));
    tablet.seal(&first);
    tablet.wait_for(&first, "safe");
    bureau.stop();
    let waiting = sealed(&tablet, 2);
    tablet.ok(Request::UploadPause {
        id: waiting.clone(),
        pause: true,
    });
    assert!(row(&tablet, &waiting)["deadline"].is_null());
    bureau.config.upload_within_hours = Some(24);
    bureau.start();
    tablet.ok(Request::UploadNow { id: None });
    eventually("the deadline", || {
        !row(&tablet, &waiting)["deadline"].is_null()
    });
}
