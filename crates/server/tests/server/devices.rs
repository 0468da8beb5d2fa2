//! The life of a tablet after its enrolment: heartbeats, retirement, replacement.

use super::support::*;
use fieldseal_packet::entry::{Enrolled, Heartbeat, Retired};
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_server::admin::{DeviceRow, Ending, NewPerson};
use fieldseal_tlog::note::{Note, Signer};
use fieldseal_wire::device::{
    self, EnrolLookup, EnrolSubject, HeartbeatAnswer, HeartbeatRequest, Retirement, Standing,
};
use fieldseal_wire::{Problem, ProblemCode};
use reqwest::Method;
use std::time::Duration;

fn beat_by(
    key: &dyn Signer,
    device: &str,
    at: i64,
    (device_seq, capture_seq): (u64, u64),
    link: Sha256Digest,
) -> String {
    let beat = Heartbeat {
        origin: ORIGIN.to_owned(),
        device: device.to_owned(),
        device_seq,
        capture_seq,
        capture_link: link,
        at: Timestamp::from_millis(at),
    };
    String::from_utf8(Note::sign(&beat.text(), &[key]).unwrap().to_bytes()).unwrap()
}

struct Beating<'a> {
    site: &'a Site,
    tablet: &'a Tablet,
}

impl Beating<'_> {
    fn now(&self) -> i64 {
        self.site.config.ambient.now()
    }

    async fn post<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        note: String,
    ) -> Result<T, Problem> {
        let response = self
            .site
            .request(Method::POST, path)
            .bearer_auth(&self.tablet.token)
            .json(&HeartbeatRequest { note, done: None })
            .send()
            .await
            .unwrap();
        answer(response).await
    }

    async fn beat(
        &self,
        numbers: (u64, u64),
        link: Sha256Digest,
    ) -> Result<HeartbeatAnswer, Problem> {
        let device = self.tablet.key.vkey().name().to_owned();
        let note = beat_by(&self.tablet.key, &device, self.now(), numbers, link);
        self.post("/api/v1/heartbeat", note).await
    }

    fn row(&self) -> DeviceRow {
        let name = self.tablet.key.vkey().name().to_owned();
        let rows = self.site.admin().devices().unwrap();
        rows.into_iter().find(|row| row.key.name == name).unwrap()
    }

    fn alarms(&self) -> Vec<(String, u64)> {
        let alarms = self.row().alarms.into_iter();
        alarms.map(|alarm| (alarm.code, alarm.number)).collect()
    }
}

fn link(n: u8) -> Sha256Digest {
    Sha256Digest([n; 32])
}

#[tokio::test]
async fn a_heartbeat_is_a_leaf_and_brings_the_newest_checkpoint() {
    let site = Site::start().await;
    let tablet = site.device().await;
    let beating = Beating {
        site: &site,
        tablet: &tablet,
    };
    let first = beating.beat((0, 0), Sha256Digest::ZERO).await.unwrap();
    assert!(first.logged);
    assert_eq!(first.standing, Standing::Active);
    assert_eq!(first.next_after_s, 15 * 60);
    assert!(first.seen.checkpoint.is_some());
    // Too soon for another leaf, and heard all the same.
    assert!(!beating.beat((0, 3), link(3)).await.unwrap().logged);
    assert_eq!(beating.row().contact.unwrap().capture_seq, 3);
    site.advance(Duration::from_secs(11 * 60));
    assert!(beating.beat((1, 4), link(4)).await.unwrap().logged);
    let row = beating.row();
    assert_eq!((row.packets_missing(), row.captures_missing()), (1, 4));
    assert!(row.alarms.is_empty());
    let mut waited = 0;
    while site.admin().fsck().unwrap().leaves < 3 {
        waited += 1;
        assert!(waited < 200, "enrolment and two heartbeats become leaves");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn only_the_devices_own_key_speaks_for_it() {
    let site = Site::start().await;
    let (tablet, other) = (site.device().await, site.device().await);
    let beating = Beating {
        site: &site,
        tablet: &tablet,
    };
    let (own, foreign) = (tablet.key.vkey().name(), other.key.vkey().name());
    let now = beating.now();
    let zero = Sha256Digest::ZERO;
    let good = beat_by(&tablet.key, own, now, (0, 0), zero);
    for (note, expected) in [
        (
            beat_by(&other.key, foreign, now, (0, 0), zero),
            ProblemCode::BadRequest,
        ),
        (
            beat_by(&tablet.key, foreign, now, (0, 0), zero),
            ProblemCode::BadRequest,
        ),
        (
            beat_by(&key(own), own, now, (0, 0), zero),
            ProblemCode::KeyNotAccepted,
        ),
        (
            good.replace("capture-seq 0", "capture-seq 9"),
            ProblemCode::KeyNotAccepted,
        ),
        (
            good.replace(ORIGIN, "other.example/log"),
            ProblemCode::BadRequest,
        ),
        (format!("{good}x"), ProblemCode::BadRequest),
        (String::new(), ProblemCode::BadRequest),
    ] {
        let refused = beating
            .post::<HeartbeatAnswer>("/api/v1/heartbeat", note)
            .await;
        assert_eq!(code_of(refused), expected);
    }
    assert!(beating.row().contact.unwrap().beat_at.is_none());
    let unsigned = site
        .request(Method::POST, "/api/v1/heartbeat")
        .json(&HeartbeatRequest {
            note: good,
            done: None,
        })
        .send()
        .await
        .unwrap();
    assert_eq!(problem(unsigned).await.code, ProblemCode::Unauthenticated);
}

#[tokio::test]
async fn what_goes_back_or_tells_another_chain_raises_an_alarm_once_and_is_logged() {
    let site = Site::start().await;
    let tablet = site.device().await;
    let beating = Beating {
        site: &site,
        tablet: &tablet,
    };
    beating.beat((2, 9), link(9)).await.unwrap();
    // The same capture with another link: at once, and as a leaf, however soon.
    assert!(beating.beat((2, 9), link(8)).await.unwrap().logged);
    assert_eq!(beating.alarms(), [("other-chain".to_owned(), 9)]);
    // An old copy of the vault: it counts from where it was.
    site.advance(Duration::from_secs(6 * 60));
    assert!(beating.beat((1, 5), link(5)).await.unwrap().logged);
    assert!(beating.alarms().contains(&("went-back".to_owned(), 5)));
    let raised = beating.alarms().len();
    beating.beat((1, 5), link(5)).await.unwrap();
    assert_eq!(beating.alarms().len(), raised, "each once");
    assert_eq!(beating.row().open_alarms(), raised);
    let metrics = site.request(Method::GET, "/metrics").send().await.unwrap();
    assert!(
        metrics
            .text()
            .await
            .unwrap()
            .contains(&format!("fieldseal_device_alarms {raised}\n"))
    );
    let id = beating.row().key.subject;
    assert_eq!(site.admin().alarms_seen(&id).unwrap(), raised);
    assert_eq!(beating.row().open_alarms(), 0);
    assert_eq!(
        beating.row().contact.unwrap().capture_seq,
        9,
        "what was said stays said"
    );
}

#[tokio::test]
async fn a_heartbeat_that_comes_twice_or_late_is_no_contradiction() {
    let site = Site::start().await;
    let tablet = site.device().await;
    let beating = Beating {
        site: &site,
        tablet: &tablet,
    };
    let name = tablet.key.vkey().name().to_owned();
    let now = beating.now();
    let older = beat_by(&tablet.key, &name, now - 1000, (0, 4), link(4));
    let newer = beat_by(&tablet.key, &name, now, (1, 6), link(6));
    for note in [&newer, &older, &newer, &older] {
        beating
            .post::<HeartbeatAnswer>("/api/v1/heartbeat", note.clone())
            .await
            .unwrap();
    }
    assert!(beating.alarms().is_empty());
    // Much later it can't have been on its way.
    site.advance(Duration::from_secs(10 * 60));
    beating
        .post::<HeartbeatAnswer>("/api/v1/heartbeat", older)
        .await
        .unwrap();
    assert_eq!(beating.alarms(), [("went-back".to_owned(), 4)]);
}

#[tokio::test]
async fn a_packet_that_tells_another_chain_than_a_heartbeat_raises_an_alarm_and_comes_in() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    {
        let beating = Beating {
            site: &site,
            tablet: &tablet,
        };
        // The first capture of the packet, with a link that is not its own.
        beating.beat((1, 1), link(7)).await.unwrap();
    }
    site.upload(&tablet, &packet).await;
    let status = site.settled(&tablet, &packet).await;
    assert_eq!(
        status.state,
        device::ServerState::Logged,
        "evidence comes in all the same"
    );
    let beating = Beating {
        site: &site,
        tablet: &tablet,
    };
    assert_eq!(beating.alarms(), [("other-chain".to_owned(), 1)]);
    assert_eq!(beating.row().packets_missing(), 0);
}

#[tokio::test]
async fn a_tablet_retires_itself_only_when_all_its_packets_are_here() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    let name = tablet.key.vkey().name().to_owned();
    let id = name.rsplit('/').next().unwrap().to_owned();
    {
        let beating = Beating {
            site: &site,
            tablet: &tablet,
        };
        let last = beat_by(
            &tablet.key,
            &name,
            beating.now(),
            (1, 0),
            Sha256Digest::ZERO,
        );
        let refused = beating.post::<Retirement>("/api/v1/retire", last).await;
        assert_eq!(code_of(refused), ProblemCode::Conflict);
        assert_eq!(beating.row().key.status, "active");
    }
    site.upload(&tablet, &packet).await;
    site.settled(&tablet, &packet).await;
    let beating = Beating {
        site: &site,
        tablet: &tablet,
    };
    let captures = beating.row().captures;
    // It had two photos more, which are in no packet: nobody can bring them any more.
    let last = beat_by(
        &tablet.key,
        &name,
        beating.now(),
        (1, captures + 2),
        link(1),
    );
    let retired: Retirement = beating.post("/api/v1/retire", last.clone()).await.unwrap();
    let note = Note::parse(retired.retired.as_bytes()).unwrap();
    let trust = fieldseal_packet::trust::Trust::parse(site.admin().trust().as_bytes()).unwrap();
    note.verify_by(
        trust
            .keys
            .named(&format!("{ORIGIN}/authority"))
            .next()
            .unwrap(),
    )
    .unwrap();
    let body = Retired::parse(&note.text).unwrap();
    assert_eq!(
        (body.subject.as_str(), body.vkey),
        (name.as_str(), tablet.key.vkey().to_string())
    );
    assert_eq!(beating.alarms(), [("captures-missing".to_owned(), 2)]);
    assert_eq!(beating.row().key.status, "retired");
    // Asked again, when the answer was lost: the same word.
    let again: Retirement = beating.post("/api/v1/retire", last).await.unwrap();
    assert_eq!(again.retired, retired.retired);
    // From now on it is told so, and its heartbeats are no leaves.
    let told = beating.beat((1, captures + 2), link(1)).await.unwrap();
    assert_eq!(
        (told.standing, told.retired, told.logged),
        (Standing::Retired, Some(retired.retired), false)
    );
    // It takes on no officer.
    let person = site
        .admin()
        .add_person(&NewPerson {
            name: "乙".into(),
            badge: "2".into(),
            team: None,
        })
        .unwrap();
    let code = site.admin().officer_code(&person, HOUR).unwrap();
    let refused = site
        .enrol(&code.code, Some(&tablet.token))
        .await
        .map(|_| ());
    assert_eq!(code_of(refused), ProblemCode::KeyNotAccepted);
    assert!(
        site.admin().retire(&id).is_ok(),
        "the administrator gets no second leaf for it"
    );
}

#[tokio::test]
async fn what_a_retired_tablet_still_holds_comes_in_undoubted() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    let name = tablet.key.vkey().name().to_owned();
    Beating {
        site: &site,
        tablet: &tablet,
    }
    .beat((1, 0), Sha256Digest::ZERO)
    .await
    .unwrap();
    let retired = site.admin().retire(&name).unwrap();
    assert_eq!(
        (retired.device.as_str(), retired.packets_missing),
        (name.as_str(), 1)
    );
    // Its token may have ended: it gets a new one.
    let mut tablet = tablet;
    tablet.token = site.token(&tablet.key).await.unwrap().token;
    site.upload(&tablet, &packet).await;
    let status = site.settled(&tablet, &packet).await;
    assert_eq!(status.state, device::ServerState::Logged);
    let console = site.sign_in("reviewer").await;
    let detail = console.detail(&status.id).await;
    let doubts: Vec<_> = detail
        .findings
        .iter()
        .filter(|finding| finding.code.contains("revoked"))
        .collect();
    assert!(doubts.is_empty(), "retired is not revoked");
    assert!(matches!(
        site.admin().retire("d-nobody"),
        Err(fieldseal_server::admin::AdminError::NotNow(_))
    ));
}

#[tokio::test]
async fn a_tablet_is_replaced_and_the_chain_of_devices_shows() {
    let site = Site::start().await;
    let old = site.tablet().await;
    let old_name = old.key.vkey().name().to_owned();
    let old_id = old_name.rsplit('/').next().unwrap().to_owned();
    let code = site
        .admin()
        .replace(&old_id, Ending::Retired, HOUR)
        .unwrap();
    let subject: EnrolSubject = site
        .post(
            "/api/v1/enrol/lookup",
            &EnrolLookup {
                code: code.code.clone(),
            },
        )
        .await
        .unwrap();
    assert_ne!(subject.id, old_id, "a new tablet is a new device");
    let (new_key, enrolled) = site.enrol(&code.code, None).await.unwrap();
    let body = Enrolled::parse(&Note::parse(enrolled.entry.as_bytes()).unwrap().text).unwrap();
    assert_eq!(body.subject, new_key.vkey().name());
    let rows = site.admin().devices().unwrap();
    let row = |id: &str| rows.iter().find(|row| row.key.subject == id).unwrap();
    assert_eq!(
        row(&code.id).key.replaces.as_deref(),
        Some(old_name.as_str())
    );
    assert_eq!(row(&old_id).replaced_by.as_deref(), Some(code.id.as_str()));
    assert_eq!(row(&old_id).key.status, "retired");
    assert!(
        row(&old_id).officers.is_empty(),
        "the officers' keys on it are retired with it"
    );
    // An officer who was on the old one gets a new key on the new one.
    let officer = site
        .admin()
        .keys()
        .unwrap()
        .into_iter()
        .find(|key| key.kind == "officer")
        .unwrap();
    let again = site.admin().officer_code(&officer.subject, HOUR).unwrap();
    let token = site.token(&new_key).await.unwrap().token;
    site.enrol(&again.code, Some(&token)).await.unwrap();
    let rows = site.admin().devices().unwrap();
    let new = rows.iter().find(|row| row.key.subject == code.id).unwrap();
    assert_eq!(new.officers, [officer.subject]);
}

#[tokio::test]
async fn a_stolen_tablet_is_revoked_with_the_officers_keys_on_it_and_no_others() {
    let site = Site::start().await;
    let (stolen, kept) = (site.tablet().await, site.device().await);
    let name = stolen.key.vkey().name().to_owned();
    let keys = site.admin().keys().unwrap();
    let officer = keys
        .iter()
        .find(|key| key.on_device.as_deref() == Some(&name))
        .unwrap();
    let code = site.admin().officer_code(&officer.subject, HOUR).unwrap();
    site.enrol(&code.code, Some(&kept.token)).await.unwrap();
    site.admin()
        .replace(&name, Ending::Revoked("stolen"), HOUR)
        .unwrap();
    assert!(site.token(&stolen.key).await.is_err());
    for key in site.admin().keys().unwrap() {
        let expected = if key.name == name || key.on_device.as_deref() == Some(&name) {
            "revoked"
        } else {
            "active"
        };
        assert_eq!(key.status, expected, "{}", key.name);
    }
    // A tablet that was retired and is then stolen is revoked; one that was revoked can't be retired.
    let other = kept.key.vkey().name().to_owned();
    site.admin().retire(&other).unwrap();
    // Its own key, and that of the officer on it.
    assert_eq!(site.admin().revoke(&other, "stolen").unwrap(), 2);
    assert!(site.admin().retire(&other).is_err());
    assert!(
        site.admin()
            .replace(&name, Ending::Revoked("bored"), HOUR)
            .is_err()
    );
}

#[tokio::test]
async fn a_tablet_that_was_not_here_for_long_shows_as_silent() {
    let site = Site::start().await;
    let tablet = site.device().await;
    let beating = Beating {
        site: &site,
        tablet: &tablet,
    };
    assert!(!beating.row().silent);
    site.advance(Duration::from_secs(73 * 3600));
    assert!(beating.row().silent);
    let fresh = site.token(&tablet.key).await.unwrap();
    assert!(!beating.row().silent, "a token is a contact");
    drop(fresh);
}
