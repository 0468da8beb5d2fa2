//! Timestamps of checkpoints, by authorities that answer well and badly. The good answers are OpenSSL's.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_dev_tsa::{Authority as DevAuthority, KeyKind, Manner, Serving};
use fieldseal_packet::beat::Beat;
use fieldseal_packet::entry::Heartbeat;
use fieldseal_packet::findings::Code;
use fieldseal_packet::trust::Trust;
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_server::Config;
use fieldseal_server::presence;
use fieldseal_server::stamping::Authority;
use fieldseal_server::store::stamps::{self, Stamped};
use fieldseal_server::store::{Db, StoreError};
use fieldseal_stamp::{Der, certificates_from_pem};
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::leaf_hash;
use fieldseal_tlog::note::{Note, Signer as _};
use fieldseal_tlog::proof::TlogProof;
use fieldseal_wire::device::{HeartbeatAnswer, HeartbeatRequest, SeenCheckpoint};
use tempfile::TempDir;

use super::crash::Victim;
use super::support::*;
use super::witnesses::{codes, metric};

/// An authority that answers, and what the server is told of it.
struct Tsa {
    serving: Serving,
    id: &'static str,
    _folder: TempDir,
}

impl Tsa {
    fn new(id: &'static str, key: KeyKind, days: u32) -> Self {
        let folder = TempDir::new().unwrap();
        let authority = DevAuthority::at(&folder.path().join("tsa"), id, key, days).unwrap();
        Self {
            serving: Serving::start(authority).unwrap(),
            id,
            _folder: folder,
        }
    }

    fn settings(&self) -> Authority {
        Authority {
            id: self.id.to_owned(),
            url: self.serving.url(),
            roots_pem: Some(self.serving.authority().root_pem().unwrap()),
        }
    }

    fn roots(&self) -> Vec<Der> {
        certificates_from_pem(&self.serving.authority().root_pem().unwrap()).unwrap()
    }
}

fn quick(config: &mut Config, authorities: &[Authority]) {
    config.stamping.every = Duration::from_millis(200);
    config.stamping.first_wait = Duration::from_millis(50);
    config.stamping.patience = Duration::from_millis(1500);
    config.stamping.authorities = authorities.to_vec();
}

fn db(site: &Site) -> Db {
    Db::open(&site.config.layout().database(), false).unwrap()
}

fn newest(db: &Db) -> Option<Stamped> {
    db.read_blocking(stamps::newest_stamped).unwrap()
}

/// Waits until it holds: stamping runs beside everything else.
async fn until<T>(what: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(found) = what().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come");
}

async fn seen(site: &Site) -> SeenCheckpoint {
    let request = site.request(reqwest::Method::GET, "/api/v1/checkpoint");
    answer(request.send().await.unwrap()).await.unwrap()
}

async fn text(site: &Site, path: &str) -> String {
    let request = site.request(reqwest::Method::GET, path);
    request.send().await.unwrap().text().await.unwrap()
}

fn text_of(checkpoint: &[u8]) -> (String, u64) {
    let text = Note::parse(checkpoint).unwrap().text;
    let size = Checkpoint::parse(&text).unwrap().size;
    (text, size)
}

#[tokio::test]
async fn two_authorities_stamp_what_the_log_has_grown_to() {
    let (a, b) = (
        Tsa::new("tsa-a", KeyKind::Rsa, 3000),
        Tsa::new("tsa-b", KeyKind::P256, 3000),
    );
    let site = Site::start_with(|config| quick(config, &[a.settings(), b.settings()])).await;
    let none = seen(&site).await;
    assert!(none.checkpoint.is_none() && none.tokens.is_empty() && none.newest.is_none());
    assert!(
        text(&site, "/readyz")
            .await
            .contains("newest timestamp: none")
    );
    // The trust file brings the roots to whoever enrols.
    let trust = Trust::parse(text(&site, "/trust").await.as_bytes()).unwrap();
    let roots = certificates_from_pem(&trust.roots_pem).unwrap();
    assert_eq!(roots, [a.roots(), b.roots()].concat());
    assert_eq!(site.admin().trust(), text(&site, "/trust").await);
    let mut sizes = Vec::new();
    for _ in 0..2 {
        site.device().await;
        let known = sizes.last().copied().unwrap_or(0);
        let stamped = until(async || {
            let seen = seen(&site).await;
            let grown = text_of(seen.checkpoint.as_ref()?.as_bytes()).1 > known;
            (grown && seen.tokens.len() == 2).then_some(seen)
        })
        .await;
        let (text, size) = text_of(stamped.checkpoint.unwrap().as_bytes());
        let ids: Vec<&str> = stamped.tokens.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["tsa-a", "tsa-b"]);
        for (id, token) in &stamped.tokens {
            let der = STANDARD.decode(token).unwrap();
            let own = if id == "tsa-a" { a.roots() } else { b.roots() };
            fieldseal_stamp::verify(&der, text.as_bytes(), &own).unwrap();
            fieldseal_stamp::verify(&der, text.as_bytes(), &roots).unwrap();
        }
        assert!(stamped.newest.is_none());
        sizes.push(size);
    }
    // As long as the log does not grow, nobody is asked.
    let asked = a.serving.asked();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!((a.serving.asked(), asked), (2, 2));
    assert!(
        text(&site, "/readyz")
            .await
            .starts_with("ready\nnewest timestamp: ")
    );
    let metrics = text(&site, "/metrics").await;
    assert!(
        metrics.contains("fieldseal_stamps_total 4\n")
            && metrics.contains("fieldseal_stamp_age_seconds "),
        "{metrics}"
    );
    // A leaf's earliest proof is by the oldest stamped checkpoint that holds it.
    let oldest = db(&site)
        .read_blocking(|c| stamps::stamped_checkpoint_for(c, 0))
        .unwrap();
    assert_eq!(oldest.unwrap().size, sizes[0]);
}

#[tokio::test]
async fn an_authority_that_fails_holds_nobody_and_is_asked_again() {
    let (a, b) = (
        Tsa::new("a", KeyKind::P256, 3000),
        Tsa::new("b", KeyKind::P256, 3000),
    );
    let site = Site::start_with(|config| quick(config, &[a.settings(), b.settings()])).await;
    let database = db(&site);
    // One good answer that can be given again.
    b.serving.behave(Manner::Replay);
    site.device().await;
    until(async || newest(&database).filter(|stamped| stamped.tokens.len() == 2)).await;
    let slow = Manner::Slow(Duration::from_secs(3));
    for manner in [
        Manner::Replay,
        Manner::Refuse,
        Manner::Garbage,
        Manner::OtherImprint,
        Manner::Endless,
        Manner::Down,
        slow,
    ] {
        let before = newest(&database).unwrap().size;
        b.serving.behave(manner.clone());
        let mut tablet = site.tablet().await;
        let packet = tablet.seal();
        // No receipt waits for a stamp.
        site.delivered(&tablet, &packet).await;
        let asked = b.serving.asked();
        let stamped = until(async || {
            let stamped = newest(&database).filter(|stamped| stamped.size > before)?;
            // Asked once more than for this answer, so that it was looked at.
            (b.serving.asked() > asked + 1).then_some(stamped)
        })
        .await;
        let ids: Vec<&str> = stamped
            .tokens
            .iter()
            .map(|token| token.authority.as_str())
            .collect();
        assert_eq!(ids, ["a"], "{manner:?}");
    }
    assert!(
        !text(&site, "/metrics")
            .await
            .contains("fieldseal_stamp_failures_total 0\n")
    );
    b.serving.behave(Manner::Good);
    until(async || newest(&database).filter(|stamped| stamped.tokens.len() == 2)).await;
}

#[tokio::test]
async fn an_answer_that_its_roots_do_not_confirm_is_refused() {
    let (a, stranger) = (
        Tsa::new("a", KeyKind::P256, 3000),
        Tsa::new("a", KeyKind::P256, 3000),
    );
    let settings = Authority {
        roots_pem: stranger.settings().roots_pem,
        ..a.settings()
    };
    let site = Site::start_with(|config| quick(config, &[settings])).await;
    site.device().await;
    until(async || (a.serving.asked() > 1).then_some(())).await;
    assert_eq!(newest(&db(&site)), None);
    let seen = seen(&site).await;
    assert!(seen.checkpoint.is_some() && seen.tokens.is_empty());
}

#[tokio::test]
async fn a_token_is_renewed_before_its_certificate_ends() {
    let short = Tsa::new("tsa", KeyKind::Rsa, 30);
    let mut site = Site::start_with(|config| quick(config, &[short.settings()])).await;
    site.device().await;
    let database = db(&site);
    let first = until(async || newest(&database)).await;
    // Its own authority can't: its certificate ends as soon.
    assert_eq!(first.tokens.len(), 1);
    site.stop().await;
    // The house's new certificate ends as soon: another one has to help.
    let useless = Tsa::new("tsa", KeyKind::P256, 30);
    // One that is down holds nobody up.
    let down = Tsa::new("down", KeyKind::P256, 3000);
    down.serving.behave(Manner::Down);
    let long = Tsa::new("other", KeyKind::P256, 3000);
    site.config.stamping.authorities = vec![useless.settings(), down.settings(), long.settings()];
    site.restart().await;
    let of_first = || {
        let mut tokens = newest(&database).unwrap().tokens;
        tokens.retain(|token| token.authority == "tsa");
        tokens
    };
    let renewed = until(async || Some(of_first()).filter(|tokens| tokens.len() == 2)).await;
    assert_eq!(renewed[0], first.tokens[0]);
    let new = &renewed[1];
    assert_eq!(
        (new.stem(), new.given_by.as_str()),
        ("tsa.renewed-1".into(), "other")
    );
    let stamp = fieldseal_stamp::verify(&new.der, &renewed[0].der, &long.roots()).unwrap();
    assert_eq!(Some(stamp.signer.not_after_ms), new.good_until);
    assert!(new.good_until > renewed[0].good_until);
    // A tablet is given the first tokens alone.
    assert!(
        seen(&site)
            .await
            .tokens
            .iter()
            .all(|(id, _)| id == "tsa" || id == "other")
    );
    // Once is enough.
    site.restart().await;
    assert_eq!(of_first().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_leave_nothing_unstamped_and_nothing_wrong() {
    let tsa = Tsa::new("dev", KeyKind::P256, 3000);
    let mut site = Site::start_with(|config| quick(config, &[tsa.settings()])).await;
    site.stop().await;
    let roots = tsa.roots();
    let mut all = 0;
    for round in 0..8 {
        let mut victim = Victim::stamping(&site.config, &tsa.settings());
        site.base = Some(victim.url.clone());
        site.device().await;
        tokio::time::sleep(Duration::from_millis(30 * round)).await;
        victim.kill();
        let database = db(&site);
        all = database
            .read_blocking(|c| {
                let mut size = 0;
                while let Some(stamped) = stamps::stamped_checkpoint_for(c, size)? {
                    let (text, leaves) = text_of(&stamped.checkpoint);
                    assert_eq!(leaves, stamped.size);
                    for token in &stamped.tokens {
                        fieldseal_stamp::verify(&token.der, text.as_bytes(), &roots).unwrap();
                    }
                    size = stamped.size;
                }
                Ok::<_, StoreError>(fieldseal_server::store::log::head(c)?.size)
            })
            .unwrap();
    }
    site.base = None;
    site.restart().await;
    let database = db(&site);
    until(async || newest(&database).filter(|stamped| stamped.size >= all)).await;
}

#[tokio::test]
async fn an_export_hands_over_the_heartbeat_that_tells_of_its_captures() {
    let tsa = Tsa::new("tsa", KeyKind::P256, 3000);
    let site = Site::start_with(|config| quick(config, &[tsa.settings()])).await;
    let mut tablet = site.tablet().await;
    let film = vec![7; 4 << 20];
    let packet = tablet.seal_items(&[jpeg(1), film], |_| {});
    let links = presence::captures(&packet.zip.as_slice());
    let (newest, link) = *links.last().unwrap();
    let device = tablet.key.vkey().name().to_owned();
    let said = Beat {
        head: Heartbeat {
            origin: ORIGIN.to_owned(),
            device,
            device_seq: 0,
            capture_seq: newest,
            capture_link: Sha256Digest(link),
            at: Timestamp::from_millis(site.config.ambient.now()),
        },
        captures: links
            .iter()
            .map(|(n, link)| (*n, Sha256Digest(*link)))
            .collect(),
    };
    let note = Note::sign(&said.text(), &[&*tablet.key])
        .unwrap()
        .to_bytes();
    let request = HeartbeatRequest {
        note: String::from_utf8(note.clone()).unwrap(),
        done: None,
    };
    let sent = site
        .request(reqwest::Method::POST, "/api/v1/heartbeat")
        .bearer_auth(&tablet.token)
        .json(&request);
    let heard: HeartbeatAnswer = answer(sent.send().await.unwrap()).await.unwrap();
    assert!(heard.logged);
    // Stamped before the packet comes: that is the bound that its own proof does not give.
    let database = db(&site);
    until(async || newest_holding(&database, 3)).await;
    site.delivered(&tablet, &packet).await;
    until(async || site.admin().is_stamped(&packet.id).unwrap().then_some(())).await;
    let folder = TempDir::new().unwrap();
    let export = site
        .admin()
        .write_export(&packet.id, folder.path())
        .unwrap();
    let read =
        |name: &str| std::fs::read(export.join("data/receipt/heartbeats").join(name)).unwrap();
    assert_eq!(read("3.note"), note);
    let proof = TlogProof::parse(&read("3.tlog-proof")).unwrap();
    let trust = Trust::parse(site.admin().trust().as_bytes()).unwrap();
    proof
        .verify(&leaf_hash(&note), trust.keys.named(ORIGIN).next().unwrap())
        .unwrap();
    let (text, size) = text_of(&proof.checkpoint);
    let told = fieldseal_stamp::verify(&read("3.tsa.tsr"), text.as_bytes(), &tsa.roots()).unwrap();
    assert_eq!(size, 4, "without the packet's own leaf");
    let own = std::fs::read(export.join("data/receipt/checkpoint")).unwrap();
    let token = std::fs::read(export.join("data/receipt/checkpoint.tsa.tsr")).unwrap();
    let (text, _) = text_of(&own);
    let logged = fieldseal_stamp::verify(&token, text.as_bytes(), &tsa.roots()).unwrap();
    assert!(told.time_ms <= logged.time_ms);
    // Verifiers judge it, the server's own too.
    let trust = std::fs::read_to_string(site.config.layout().trust()).unwrap();
    assert!(codes(&site, &packet.id, &trust).contains(&Code::CaptureBounded));
    let console = site.sign_in("reviewer").await;
    let bounded = until(async || {
        let detail = console.detail(&packet.id).await;
        let bounded = detail
            .findings
            .into_iter()
            .filter(|finding| finding.code == "capture-bounded");
        let subjects: Vec<String> = bounded.map(|finding| finding.subject).collect();
        (!subjects.is_empty()).then_some(subjects)
    })
    .await;
    assert_eq!(bounded, ["data/items/0001.jpg", "data/items/0002.bin"]);
    // The screen has the time itself, photo by photo, and it is that of the heartbeat's token: earlier than the packet's own.
    let detail = console.detail(&packet.id).await;
    let before: Vec<&str> = detail
        .items
        .iter()
        .filter_map(|item| item.captured_before.as_deref())
        .collect();
    assert_eq!(before.len(), 2);
    assert_eq!(before[0], before[1]);
    assert!(*before[0] <= *detail.logged_before.unwrap());
    assert!(detail.items.iter().all(|item| item.challenge.is_none()));
    // For that the photos were not read again: the first look had hashed them.
    let read = metric(&site, "fieldseal_look_bytes_total").await;
    assert!((1..2 << 20).contains(&read), "{read} bytes");
    // The packets' captures and the heartbeat agree.
    assert!(
        site.admin()
            .devices()
            .unwrap()
            .iter()
            .all(|row| row.alarms.is_empty())
    );
}

#[tokio::test]
async fn the_reviewer_is_shown_the_interval_once_it_is_proved() {
    let tsa = Tsa::new("tsa", KeyKind::P256, 3000);
    let site = Site::start_with(|config| quick(config, &[tsa.settings()])).await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    let console = site.sign_in("reviewer").await;
    let detail = until(async || {
        let detail = console.detail(&packet.id).await;
        detail.logged_before.is_some().then_some(detail)
    })
    .await;
    assert!(
        detail
            .findings
            .iter()
            .any(|finding| finding.code == "timestamp-ok")
    );
    // This tablet's seal names no token.
    assert_eq!(detail.sealed_after, None);
    let stamped = newest_holding(&db(&site), detail.leaf_index.unwrap()).unwrap();
    let (text, _) = text_of(&stamped.checkpoint);
    let stamp =
        fieldseal_stamp::verify(&stamped.tokens[0].der, text.as_bytes(), &tsa.roots()).unwrap();
    let latest = Timestamp::from_millis(stamp.latest_ms).to_string();
    assert_eq!(detail.logged_before, Some(latest));
}

fn newest_holding(db: &Db, leaf: u64) -> Option<Stamped> {
    db.read_blocking(|c| stamps::stamped_checkpoint_for(c, leaf))
        .unwrap()
}
