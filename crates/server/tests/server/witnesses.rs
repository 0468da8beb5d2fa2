//! Witnesses: what they cosign is on the checkpoint and in exports; what contradicts is refused, and nothing waits for them.

use std::sync::Arc;
use std::time::Duration;

use super::support::*;
use fieldseal_packet::findings::Code;
use fieldseal_packet::trust::Trust;
use fieldseal_packet::verify::{ZipSource, verify_export};
use fieldseal_server::access::reader::EntryReader;
use fieldseal_server::signing::ServerKeys;
use fieldseal_server::witnesses::Peer;
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::note::{CosignatureSigner, Note, Signer as _, Vkey};
use fieldseal_tlog::tile::decode_bundle;
use fieldseal_tlog::witness::AddCheckpoint;
use fieldseal_witness::entries::{self, EntriesError};
use fieldseal_witness::{Answer, Folder, Witness, service};
use reqwest::Method;
use tempfile::TempDir;

/// A witness that will answer under an address that is known before the log's key is.
struct Guard {
    at: TempDir,
    listener: std::net::TcpListener,
    peer: Peer,
}

impl Guard {
    fn new(name: &str, seed: u8) -> Guard {
        let at = TempDir::new().unwrap();
        let vkey = Folder::new(at.path())
            .init(&format!("witness.example/{name}"), &[seed; 32])
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let peer = Peer {
            name: name.to_owned(),
            url: format!("http://{}", listener.local_addr().unwrap()),
            vkey,
        };
        Guard { at, listener, peer }
    }

    fn watch(self, log: &Vkey) -> Standing {
        let folder = Folder::new(self.at.path());
        folder.add_log(log).unwrap();
        let witness = Arc::new(Witness::open(folder).unwrap());
        let listener = tokio::net::TcpListener::from_std(self.listener).unwrap();
        let router = service::router(witness.clone(), Arc::new(|| 1_700_000_000));
        Standing {
            _at: self.at,
            peer: self.peer,
            witness,
            serving: tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }),
        }
    }
}

struct Standing {
    _at: TempDir,
    peer: Peer,
    witness: Arc<Witness>,
    serving: tokio::task::JoinHandle<()>,
}

async fn site(guards: &[&Guard]) -> (Site, ServerKeys) {
    let peers: Vec<Peer> = guards.iter().map(|guard| guard.peer.clone()).collect();
    let site = Site::start_with(|config| {
        config.witnessing.witnesses = peers;
        config.witnessing.every = Duration::from_millis(50);
    })
    .await;
    let keys = ServerKeys::load(&site.config.layout().keys(), ORIGIN).unwrap();
    (site, keys)
}

async fn checkpoint(site: &Site) -> Note {
    let answer = site.request(Method::GET, "/log/checkpoint").send().await;
    let bytes = answer.unwrap().bytes().await.unwrap();
    Note::parse(&bytes).unwrap()
}

/// The newest checkpoint, once those have cosigned it.
async fn cosigned(site: &Site, by: &[&Vkey]) -> Note {
    loop {
        let note = checkpoint(site).await;
        if by.iter().all(|key| note.verify_by(key).is_ok()) {
            return note;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn metric(site: &Site, name: &str) -> u64 {
    let answer = site.request(Method::GET, "/metrics").send().await.unwrap();
    let text = answer.text().await.unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{name} ")));
    line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}

pub fn codes(site: &Site, id: &str, trust: &str) -> Vec<Code> {
    let to = TempDir::new().unwrap();
    let folder = site.admin().write_export(id, to.path()).unwrap();
    let mut files = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&folder).unwrap().to_str().unwrap();
                files.push((name.to_owned(), std::fs::read(&path).unwrap()));
            }
        }
    }
    let bag = zip(folder.file_name().unwrap().to_str().unwrap(), &files);
    let trust = Trust::parse(trust.as_bytes()).unwrap();
    let report = verify_export(&ZipSource::open(&bag).unwrap(), Some(&trust));
    report.findings.iter().map(|finding| finding.code).collect()
}

#[tokio::test]
async fn two_witnesses_cosign_and_the_export_shows_it() {
    let (one, two) = (Guard::new("w1", 11), Guard::new("w2", 12));
    let (site, keys) = site(&[&one, &two]).await;
    let log = keys.log.vkey();
    let (one, two) = (one.watch(log), two.watch(log));
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    let note = cosigned(&site, &[&one.peer.vkey, &two.peer.vkey]).await;
    note.verify_by(log).unwrap();
    let head = Checkpoint::parse(&note.text).unwrap();
    assert_eq!(one.witness.health().unwrap()[0].head.as_ref(), Some(&head));

    let trust = site.admin().trust().to_owned();
    assert!(
        trust.contains("group witnesses 2 w1 w2\nquorum witnesses\n"),
        "{trust}"
    );
    let found = codes(&site, &packet.id, &trust);
    assert!(found.contains(&Code::WitnessOk), "{found:?}");
    assert!(
        !found.iter().any(|code| code.level().word() == "failed"),
        "{found:?}"
    );
    // The console's findings follow by themselves.
    let reviewer = site.sign_in("reviewer").await;
    while !reviewer
        .detail(&packet.id)
        .await
        .findings
        .iter()
        .any(|finding| finding.code == "witness-ok")
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Whoever asks for a third one does not get it.
    let third = CosignatureSigner::from_seed("witness.example/w3", &[13; 32]).unwrap();
    let more = trust.replace(
        "group witnesses 2 w1 w2\n",
        &format!("witness w3 {}\ngroup witnesses 3 w1 w2 w3\n", third.vkey()),
    );
    assert!(codes(&site, &packet.id, &more).contains(&Code::WitnessAbsent));

    // One is gone: receipts come all the same, and the other goes on.
    two.serving.abort();
    let second = tablet.seal();
    site.delivered(&tablet, &second).await;
    let note = cosigned(&site, &[&one.peer.vkey]).await;
    assert!(Checkpoint::parse(&note.text).unwrap().size > head.size);
    let found = codes(&site, &second.id, &trust);
    assert!(found.contains(&Code::WitnessAbsent), "{found:?}");
    // What was proved stays proved, by the smaller checkpoint.
    assert!(codes(&site, &packet.id, &trust).contains(&Code::WitnessOk));
}

/// What the log's key signed over another history of this size.
fn other_history(keys: &ServerKeys, size: u64) -> Vec<u8> {
    let head = Checkpoint {
        origin: ORIGIN.to_owned(),
        size,
        root: [9; 32],
        extensions: vec![],
    };
    let signer: &dyn fieldseal_tlog::note::Signer = &*keys.log;
    AddCheckpoint {
        old_size: 0,
        proof: vec![],
        note: Note::sign(&head.text(), &[signer]).unwrap(),
    }
    .to_bytes()
}

#[tokio::test]
async fn a_log_that_went_back_is_told_by_its_witness() {
    let guard = Guard::new("w1", 11);
    let (site, keys) = site(&[&guard]).await;
    let standing = guard.watch(keys.log.vkey());
    // Before its data was put back to an older state the log had 1,000 leaves, and the witness remembers.
    let answer = standing
        .witness
        .add_checkpoint(&other_history(&keys, 1000), 1);
    assert!(matches!(answer, Answer::Cosigned(_)), "{answer:?}");
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    while metric(&site, "fieldseal_witness_ahead_leaves").await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(metric(&site, "fieldseal_cosignatures_total").await, 0);
    assert_eq!(checkpoint(&site).await.signatures.len(), 1);
}

#[tokio::test]
async fn a_log_that_forked_is_never_cosigned_again() {
    let guard = Guard::new("w1", 11);
    let (site, keys) = site(&[&guard]).await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    let size = Checkpoint::parse(&checkpoint(&site).await.text)
        .unwrap()
        .size;
    // Somebody with the log's key showed the witness another tree of this size first.
    let standing = guard.watch(keys.log.vkey());
    let answer = standing
        .witness
        .add_checkpoint(&other_history(&keys, size), 1);
    assert!(
        matches!(answer, Answer::Cosigned(_) | Answer::Refused(_)),
        "{answer:?}"
    );
    loop {
        if standing.witness.health().unwrap()[0].forked {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let text = site
        .http
        .get(format!("{}/healthz", standing.peer.url))
        .send()
        .await
        .unwrap();
    assert_eq!(text.status(), 503);
    assert_eq!(text.text().await.unwrap(), format!("forked {ORIGIN}\n"));
    // The server goes on for its tablets.
    let second = tablet.seal();
    site.delivered(&tablet, &second).await;
}

#[tokio::test]
async fn a_witness_with_a_pass_reads_every_leaf_and_nobody_without_does() {
    let at = TempDir::new().unwrap();
    let folder = Folder::new(at.path());
    folder.init("witness.example/w1", &[5; 32]).unwrap();
    let pass_sha256 = folder.make_pass(&[9; 32]).unwrap();
    let site = Site::start_with(|config| {
        let pass_sha256: fieldseal_packet::Sha256Digest = pass_sha256.parse().unwrap();
        config.entry_readers = vec![EntryReader {
            name: "w1".to_owned(),
            pass_sha256: pass_sha256.0,
        }];
    })
    .await;
    let keys = ServerKeys::load(&site.config.layout().keys(), ORIGIN).unwrap();
    folder.add_log(keys.log.vkey()).unwrap();
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    let url = site.url("/log");
    let mut leaves = Vec::new();
    let reading = entries::read(&folder, &url, |_, bytes| {
        leaves.extend(decode_bundle(bytes).unwrap());
        Ok(())
    })
    .await
    .unwrap();
    assert!(reading.hold && reading.outlook.is_good());
    assert_eq!(reading.leaves, leaves.len() as u64);
    assert!(leaves.contains(&packet.seal));

    // One byte of a leaf, changed behind the log's back.
    let log = site.config.layout().log();
    let path = format!("tile/entries/000.p/{}", leaves.len());
    let bundle = log.join(&path);
    let mut bytes = std::fs::read(&bundle).unwrap();
    let good = bytes.clone();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&bundle, &bytes).unwrap();
    let reading = entries::read(&folder, &url, |_, _| Ok(())).await.unwrap();
    assert!(!reading.hold);
    std::fs::write(&bundle, &good).unwrap();

    // Another pass, and none.
    folder.make_pass(&[8; 32]).unwrap();
    let refused = entries::read(&folder, &url, |_, _| Ok(())).await;
    assert!(matches!(refused, Err(EntriesError::Refused)));
    let path = format!("/log/{path}");
    let answer = site.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
}
