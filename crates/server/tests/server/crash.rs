//! kill -9 at random moments of an upload's end: twenty times, seed printed. Afterwards nothing is doubled, nothing acknowledged is lost, and each
//! packet has exactly one leaf.
//!
//! This tests the order of steps, not fsync: the page cache survives a kill.

use super::support::*;
use fieldseal_server::stamping::Authority;
use fieldseal_server::{Config, Server, admin};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ROUNDS: u64 = 20;
const FOLDER: &str = "FIELDSEAL_TEST_CRASH_FOLDER";
/// How many bytes the child leaves free.
pub const RESERVE: &str = "FIELDSEAL_TEST_RESERVE";
const TSA_URL: &str = "FIELDSEAL_TEST_TSA_URL";
const TSA_ROOTS: &str = "FIELDSEAL_TEST_TSA_ROOTS";

/// Not a test: the server process that the test below starts and kills.
#[test]
#[ignore = "started by the test below"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut config = Config::new(folder);
        if let (Ok(url), Ok(roots)) = (std::env::var(TSA_URL), std::env::var(TSA_ROOTS)) {
            config.stamping.every = Duration::from_millis(100);
            config.stamping.authorities = vec![Authority {
                id: "dev".to_owned(),
                url,
                roots_pem: Some(roots),
            }];
        }
        if let Ok(bytes) = std::env::var(RESERVE) {
            config.limits.reserve = bytes.parse().unwrap();
        }
        let running = Server::start(config, "127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        println!("\nlistening on {}", running.url());
        std::future::pending::<()>().await;
    });
}

/// A server in a process of its own.
pub struct Victim {
    process: Child,
    /// Where it listens.
    pub url: String,
}

impl Victim {
    fn start(config: &Config) -> Self {
        Self::spawn(Command::new(std::env::current_exe().unwrap()), config)
    }

    /// One whose checkpoints are stamped.
    pub fn stamping(config: &Config, authority: &Authority) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .env(TSA_URL, &authority.url)
            .env(TSA_ROOTS, authority.roots_pem.as_deref().unwrap());
        Self::spawn(command, config)
    }

    /// By a command that ends in this very program.
    pub fn spawn(command: Command, config: &Config) -> Self {
        Self::try_spawn(command, config).expect("the server did not start")
    }

    /// `None` when it ended before it listened.
    fn try_spawn(mut command: Command, config: &Config) -> Option<Self> {
        let mut process = command
            .args(["--exact", "crash::child", "--ignored", "--nocapture"])
            .env(FOLDER, &config.data)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        let url = url.unwrap_or_default();
        let victim = Self { process, url };
        (!victim.url.is_empty()).then_some(victim)
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A small generator, so that a run can be repeated from its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_lose_and_double_nothing() {
    let seed = match std::env::var("FIELDSEAL_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => {
            u64::from_le_bytes(
                fieldseal_server::ambient::Ambient::default()
                    .bytes()
                    .unwrap(),
            ) | 1
        }
    };
    println!("FIELDSEAL_SEED={seed}");
    let mut dice = Dice(seed);
    let mut site = Site::start().await;
    site.stop().await;
    assert!(admin::is_initialised(&site.config).unwrap());
    let mut victim = Victim::start(&site.config);
    site.base = Some(victim.url.clone());
    let mut tablet = site.tablet().await;
    let mut sealed = Vec::new();
    for round in 0..ROUNDS {
        let packet = tablet.seal_items(&[jpeg(round as u8), vec![round as u8; 200_000]], |_| {});
        let location = site.create(&tablet, &packet).await;
        let cut = 1 + dice.below(packet.zip.len() as u64 - 2) as usize;
        let response = site
            .patch(&tablet, &location, 0, &packet.zip[..cut])
            .send()
            .await
            .unwrap();
        let acknowledged: u64 = response.headers()["upload-offset"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let last = tokio::spawn(
            site.patch(&tablet, &location, acknowledged, &packet.zip[cut..])
                .send(),
        );
        tokio::time::sleep(Duration::from_micros(dice.below(60_000))).await;
        victim.kill();
        let answered =
            matches!(last.await.unwrap(), Ok(response) if response.status().is_success());
        victim = Victim::start(&site.config);
        site.base = Some(victim.url.clone());
        tablet.token = site.token(&tablet.key).await.unwrap().token;
        if let Some(offset) = site.offset(&tablet, &location).await {
            let least = if answered {
                packet.zip.len() as u64
            } else {
                acknowledged
            };
            assert!(
                offset >= least,
                "round {round}: {least} bytes were acknowledged, {offset} are there"
            );
        } else {
            panic!("round {round}: an acknowledged upload is gone");
        }
        let status = site.delivered(&tablet, &packet).await;
        super::packets::is_safe(&site, &packet, &status);
        sealed.push(packet);
    }
    for packet in &sealed {
        super::packets::is_safe(&site, packet, &site.status(&tablet, packet).await);
    }
    victim.kill();
    let report = site.admin().fsck().unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    // Three enrolments, and one leaf for each packet.
    assert_eq!((report.packets, report.leaves), (ROUNDS, 3 + ROUNDS));
}

/// Killed at the n-th fsync of one of its threads, for n from 1 up: so each durable step is met, start-up's included.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_fsync_loses_and_doubles_nothing() {
    let traced = |when: u32| {
        let mut strace = Command::new("strace");
        let inject = format!("inject=fsync,fdatasync:signal=KILL:when={when}");
        strace.args([
            "-D",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=fsync,fdatasync",
            "-e",
            &inject,
        ]);
        strace
    };
    if !traced(1)
        .arg("true")
        .output()
        .is_ok_and(|out| out.status.success())
    {
        println!("skipped: strace can't trace here");
        return;
    }
    let mut site = Site::start().await;
    let mut tablet = site.tablet().await;
    site.stop().await;
    const STEPS: u32 = 14;
    for when in 1..=STEPS {
        let packet = tablet.seal_items(&[vec![when as u8; 50_000]], |_| {});
        let mut command = traced(when);
        command.arg(std::env::current_exe().unwrap());
        if let Some(mut victim) = Victim::try_spawn(command, &site.config) {
            site.base = Some(victim.url.clone());
            // As far as it goes: any request may find nobody there.
            if let Ok(location) = site.try_upload(&mut tablet, &packet).await {
                println!("fsync {when}: the upload was answered ({location})");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            victim.kill();
        }
        let mut victim = Victim::start(&site.config);
        site.base = Some(victim.url.clone());
        tablet.token = site.token(&tablet.key).await.unwrap().token;
        super::packets::is_safe(&site, &packet, &site.delivered(&tablet, &packet).await);
        victim.kill();
    }
    let report = site.admin().fsck().unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    assert_eq!(
        (report.packets, report.leaves),
        (u64::from(STEPS), 3 + u64::from(STEPS))
    );
}
