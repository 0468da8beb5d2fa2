//! Tokens made by hand, judged by this crate and by `openssl ts -verify`: where both have an opinion, it is the same one.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod maker;
mod tool;

use fieldseal_stamp::{StampError, check_response, verify};
use maker::{Asks, Authority, CODE_SIGNING, Key, Says, Signer, TIME_STAMPING, certificate};
use tool::{MESSAGE, openssl_accepts};

/// Within the certificates of the maker.
const NOW: &str = "20261123013030Z";

/// A token, what we say of it, and whether `openssl` says otherwise.
struct Case {
    what: &'static str,
    tsr: Vec<u8>,
    roots: Vec<Vec<u8>>,
    time: &'static str,
    expected: Result<(), StampError>,
    /// `openssl` judges otherwise here, for a reason that is known.
    openssl_differs: bool,
}

fn case(
    what: &'static str,
    authority: &Authority,
    change: impl FnOnce(&mut Asks),
    expected: Result<(), StampError>,
) -> Case {
    let mut asks = Asks::at(NOW);
    change(&mut asks);
    Case {
        what,
        tsr: authority.stamp(&asks, MESSAGE),
        roots: vec![authority.root.clone()],
        time: NOW,
        expected,
        openssl_differs: false,
    }
}

/// A signer under one more authority; `change` is of the one between.
fn under_another(change: impl FnOnce(&mut Says)) -> Authority {
    let mut root = Authority::new("deep", Key::p256("unused"));
    let between_key = Key::p256("between");
    let mut between = Says {
        subject: "between".to_owned(),
        serial: 9,
        ..Says::root(&root.root_name)
    };
    change(&mut between);
    let key = Key::p256("deep signer");
    let says = Says::stamping("deep timestamps", "between");
    root.signer = Signer {
        certificate: certificate(&says, &key, &between_key),
        says,
        key,
    };
    root.root_name = hex::encode(certificate(&between, &between_key, &root.root_key));
    root
}

/// The certificate between, which [`under_another`] leaves there.
fn with_between(authority: &Authority) -> impl FnOnce(&mut Asks) + use<> {
    let between = hex::decode(&authority.root_name).unwrap();
    move |asks: &mut Asks| asks.more.push(between)
}

fn purposes() -> Vec<Case> {
    let p256 = || Key::p256("signer");
    let wrong = Err(StampError::WrongPurpose);
    let says = |change: fn(&mut Says)| Authority::with("purpose", p256(), change);
    vec![
        case("a good token by P-256", &says(|_| {}), |_| {}, Ok(())),
        case(
            "a good token by RSA",
            &Authority::new("rsa", Key::rsa()),
            |_| {},
            Ok(()),
        ),
        case(
            "with nonce, without accuracy",
            &says(|_| {}),
            |asks| {
                asks.nonce = Some(5);
                asks.accuracy = None;
            },
            Ok(()),
        ),
        case(
            "granted with changes",
            &says(|_| {}),
            |asks| asks.status = 1,
            Ok(()),
        ),
        case(
            "refused",
            &says(|_| {}),
            |asks| asks.status = 2,
            Err(StampError::NotGranted(2)),
        ),
        case(
            "its authority named",
            &says(|_| {}),
            |asks| {
                asks.authority = Some("purpose test timestamps".to_owned());
            },
            Ok(()),
        ),
        case(
            "another authority named",
            &says(|_| {}),
            |asks| {
                asks.authority = Some("somebody else".to_owned());
            },
            Err(StampError::OtherSigner),
        ),
        case(
            "for signing code",
            &says(|s| s.purposes = vec![CODE_SIGNING]),
            |_| {},
            wrong.clone(),
        ),
        case(
            "for two purposes",
            &says(|s| s.purposes = vec![TIME_STAMPING, CODE_SIGNING]),
            |_| {},
            wrong.clone(),
        ),
        case(
            "for none",
            &says(|s| s.purposes.clear()),
            |_| {},
            wrong.clone(),
        ),
        case(
            "not critical",
            &says(|s| s.purposes_critical = false),
            |_| {},
            wrong.clone(),
        ),
        case(
            "a key for certificates",
            &says(|s| s.key_usage = Some(0x84)),
            |_| {},
            wrong,
        ),
        case(
            "no key usage",
            &says(|s| s.key_usage = None),
            |_| {},
            Ok(()),
        ),
        case(
            "an odd extension",
            &says(|s| s.odd_extension = true),
            |_| {},
            Err(StampError::Unsupported("critical extension")),
        ),
        Case {
            openssl_differs: true,
            ..case(
                "the signer's certificate left out, being the caller's",
                &says(|_| {}),
                |_| {},
                Ok(()),
            )
        },
    ]
    .into_iter()
    .map(|mut one| {
        if one.what.starts_with("the signer's certificate left out") {
            let authority = says(|_| {});
            let mut asks = Asks::at(NOW);
            asks.with_signer = false;
            one.tsr = authority.stamp(&asks, MESSAGE);
            one.roots.push(authority.signer.certificate);
        }
        one
    })
    .collect()
}

fn paths() -> Vec<Case> {
    let unknown = || Err(StampError::UnknownAuthority);
    let late = || Err(StampError::CertificateNotValid);
    let mut cases = Vec::new();
    let deep = |what, change: fn(&mut Says), expected| {
        let authority = under_another(change);
        case(what, &authority, with_between(&authority), expected)
    };
    cases.extend([
        deep("one authority between", |_| {}, Ok(())),
        deep(
            "the one between is no authority",
            |says| says.authority = None,
            unknown(),
        ),
        deep(
            "the one between may not sign certificates",
            |says| says.key_usage = Some(0x02),
            unknown(),
        ),
        deep(
            "the one between has ended",
            |says| says.not_after = "20261101000000Z".to_owned(),
            late(),
        ),
        deep(
            "the one between is for timestamps",
            |says| says.purposes = vec![TIME_STAMPING],
            Ok(()),
        ),
        Case {
            openssl_differs: true,
            ..deep(
                "the one between is for code",
                |says| says.purposes = vec![CODE_SIGNING],
                unknown(),
            )
        },
        deep(
            "the one between is not understood",
            |says| says.odd_extension = true,
            Err(StampError::Unsupported("critical extension")),
        ),
    ]);
    let authority = under_another(|_| {});
    cases.push(case(
        "the one between left out",
        &authority,
        |_| {},
        unknown(),
    ));

    let short = Authority::with("short", Key::p256("signer"), |says| {
        says.not_before = "20261101000000Z".to_owned();
        says.not_after = "20261123013030Z".to_owned();
    });
    let at = |what, time: &'static str, expected| Case {
        time,
        ..case(what, &short, |asks| asks.time = time.to_owned(), expected)
    };
    cases.extend([
        // notAfter is inclusive (RFC 5280, 4.1.2.5); OpenSSL ends a second sooner.
        Case {
            openssl_differs: true,
            ..at(
                "in the certificate's last second",
                "20261123013030.5Z",
                Ok(()),
            )
        },
        at("after the certificate's end", "20261123013031Z", late()),
        at(
            "before the certificate's beginning",
            "20261031235959Z",
            late(),
        ),
        at("at its beginning", "20261101000000Z", Ok(())),
    ]);
    cases
}

fn seconds(time: &str) -> i64 {
    // The maker's times lie in two months alone.
    let part = |at: usize| time[at..at + 2].parse::<i64>().unwrap();
    assert_eq!(&time[..4], "2026");
    let days = match part(4) {
        10 => 20_727,
        11 => 20_758,
        _ => panic!("another month"),
    };
    (days + part(6) - 1) * 86_400 + part(8) * 3600 + part(10) * 60 + part(12)
}

#[test]
fn openssl_and_we_agree_on_purposes_paths_and_times() {
    for case in purposes().into_iter().chain(paths()) {
        let found = verify(&case.tsr, MESSAGE, &case.roots).map(|stamp| {
            assert_eq!(
                stamp.time_ms.div_euclid(1000),
                seconds(case.time),
                "{}",
                case.what
            );
        });
        assert_eq!(found, case.expected, "{}", case.what);
        let accepted = openssl_accepts(&case.tsr, MESSAGE, &case.roots, Some(seconds(case.time)));
        assert_eq!(
            accepted == found.is_ok(),
            !case.openssl_differs,
            "{}: openssl accepts: {accepted}",
            case.what
        );
    }
}

#[test]
fn a_token_outlives_its_certificate() {
    let authority = Authority::with("past", Key::rsa(), |says| {
        says.not_before = "20261001000000Z".to_owned();
        says.not_after = "20261031000000Z".to_owned();
    });
    let tsr = authority.stamp(&Asks::at("20261015120000Z"), MESSAGE);
    let roots = [authority.root];
    assert!(verify(&tsr, MESSAGE, &roots).is_ok());
    // `openssl` asks the clock unless told otherwise: hence `-attime` in VERIFY.txt.
    assert!(!openssl_accepts(
        &tsr,
        MESSAGE,
        &roots,
        Some(seconds("20261115000000Z"))
    ));
    assert!(openssl_accepts(
        &tsr,
        MESSAGE,
        &roots,
        Some(seconds("20261015120000Z"))
    ));
}

#[test]
fn no_changed_byte_of_a_token_passes() {
    for key in [Key::rsa(), Key::p256("signer")] {
        let authority = Authority::new("bytes", key);
        let tsr = authority.stamp(&Asks::at(NOW), MESSAGE);
        let roots = [authority.root];
        for offset in 0..tsr.len() {
            let mut changed = tsr.clone();
            changed[offset] ^= 1 << (offset % 8);
            if verify(&changed, MESSAGE, &roots).is_ok() {
                // What nothing depends on: the status's 0 and 1, versions, and the list of digest algorithms.
                let version = tsr[..offset].ends_with(&[0x02, 0x01]);
                assert!(offset < 60 || version, "byte {offset}");
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
        let authority = Authority::new("any", Key::p256("signer"));
        let _ = verify(&bytes, MESSAGE, &[authority.root, bytes.clone()]);
        let _ = check_response(&bytes, &[0; 32], &[1]);
    }
}
