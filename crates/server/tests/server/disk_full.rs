//! A full disk: 507, and nothing lost. The server runs on a small tmpfs in its own mount namespace; where that is not allowed the test says so
//! and passes.

use super::crash::{RESERVE, Victim};
use super::support::*;
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::ServerState;
use reqwest::Method;
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_loses_nothing() {
    let mut site = Site::start().await;
    let mut tablet = site.tablet().await;
    site.stop().await;
    let data = site.config.data.display().to_string();
    let kept = site.folder.path().join("kept");
    // The initialised folder is moved onto the tmpfs inside the namespace.
    let script = format!(
        "cp -a '{data}' '{kept}' && mount -t tmpfs -o size=24m tmpfs '{data}' && cp -a '{kept}'/. '{data}'/",
        kept = kept.display()
    );
    let unshare = |command: &str| {
        let mut process = Command::new("unshare");
        process.args(["--user", "--map-root-user", "--mount", "sh", "-c", command]);
        process
    };
    if !unshare("mount -t tmpfs tmpfs /mnt")
        .output()
        .is_ok_and(|out| out.status.success())
    {
        println!("skipped: no mount namespaces here");
        return;
    }
    let mut process = unshare(&format!("{script} && exec \"$0\" \"$@\""));
    process
        .arg(std::env::current_exe().unwrap())
        .env(RESERVE, "4194304");
    let victim = Victim::spawn(process, &site.config);
    site.base = Some(victim.url.clone());
    tablet.token = site.token(&tablet.key).await.unwrap().token;
    let small = tablet.seal();
    super::packets::is_safe(&site, &small, &site.delivered(&tablet, &small).await);
    // Announced size alone is too much.
    let large = tablet.seal_items(&[vec![1; 40 << 20]], |_| {});
    assert_eq!(
        problem(
            site.create_raw(&tablet, &large, large.zip.len() as u64)
                .await
        )
        .await
        .code,
        ProblemCode::StorageUnavailable
    );
    // Two that fit one by one, and not together.
    let (one, two) = (
        tablet.seal_items(&[vec![2; 16 << 20]], |_| {}),
        tablet.seal_items(&[vec![3; 16 << 20]], |_| {}),
    );
    let (first, second) = (
        site.create(&tablet, &one).await,
        site.create(&tablet, &two).await,
    );
    let half = one.zip.len() / 2;
    assert!(
        site.patch(&tablet, &first, 0, &one.zip[..half])
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let refused = site
        .patch(&tablet, &second, 0, &two.zip)
        .send()
        .await
        .unwrap();
    assert_eq!(problem(refused).await.code, ProblemCode::StorageUnavailable);
    // What was acknowledged is there, the log goes on, and room that is given back can be used.
    assert_eq!(site.offset(&tablet, &first).await, Some(half as u64));
    assert_eq!(
        site.status(&tablet, &small).await.state,
        ServerState::Logged
    );
    let gone = site
        .request(Method::DELETE, &second)
        .bearer_auth(&tablet.token)
        .header("Tus-Resumable", "1.0.0")
        .send()
        .await
        .unwrap();
    assert!(gone.status().is_success());
    assert!(
        site.patch(&tablet, &first, half as u64, &one.zip[half..])
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    super::packets::is_safe(&site, &one, &site.settled(&tablet, &one).await);
}
