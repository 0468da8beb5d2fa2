//! `/api/v1/auth`

use super::support::*;
use fieldseal_tlog::note::Signer as _;
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::*;
use std::time::Duration;

#[tokio::test]
async fn a_nonce_is_good_once_and_for_a_minute() {
    let site = Site::start().await;
    let tablet = site.device().await;
    let device = tablet.key.vkey().name().to_owned();
    let ask = ChallengeRequest {
        device: device.clone(),
    };
    let challenge: Challenge = site.post("/api/v1/auth/challenge", &ask).await.unwrap();
    let request = token_request(&tablet.key, &device, &challenge.nonce);
    let _: Token = site.post("/api/v1/auth/token", &request).await.unwrap();
    let replayed: Result<Token, _> = site.post("/api/v1/auth/token", &request).await;
    assert_eq!(code_of(replayed), ProblemCode::ChallengeInvalid);
    let challenge: Challenge = site.post("/api/v1/auth/challenge", &ask).await.unwrap();
    site.advance(Duration::from_secs(61));
    let late: Result<Token, _> = site
        .post(
            "/api/v1/auth/token",
            &token_request(&tablet.key, &device, &challenge.nonce),
        )
        .await;
    assert_eq!(code_of(late), ProblemCode::ChallengeInvalid);
}

#[tokio::test]
async fn only_the_enrolled_key_gets_a_token() {
    let site = Site::start().await;
    let tablet = site.device().await;
    let impostor = key(tablet.key.vkey().name());
    assert_eq!(
        code_of(site.token(&impostor).await),
        ProblemCode::KeyNotAccepted
    );
    let unknown = key(&format!("{ORIGIN}/device/d-nobody"));
    assert_eq!(
        code_of(site.token(&unknown).await),
        ProblemCode::KeyNotAccepted
    );
}

#[tokio::test]
async fn tokens_end_and_revocation_is_at_once() {
    let site = Site::start().await;
    let mut tablet = site.device().await;
    let packet = tablet.seal();
    assert_eq!(
        site.status(&tablet, &packet).await.state,
        ServerState::Unknown
    );
    site.advance(Duration::from_secs(16 * 60));
    assert_eq!(
        problem(site.create_raw(&tablet, &packet, 10).await)
            .await
            .code,
        ProblemCode::Unauthenticated
    );
    tablet.token = site.token(&tablet.key).await.unwrap().token;
    site.admin()
        .revoke(tablet.key.vkey().name(), "lost")
        .unwrap();
    assert_eq!(
        problem(site.create_raw(&tablet, &packet, 10).await)
            .await
            .code,
        ProblemCode::KeyNotAccepted
    );
    assert_eq!(
        code_of(site.token(&tablet.key).await),
        ProblemCode::KeyNotAccepted
    );
}
