//! Tokens by `openssl ts`, and tokens made by hand, judged by this crate and by `openssl ts -verify`: where both have an opinion, it is the
//! same one.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod maker;

use std::path::Path;
use std::process::{Command, Stdio};

use fieldseal_stamp::{
    StampError, certificate_to_pem, certificates_from_pem, check_response, request, verify,
};
use maker::{Asks, Authority, CODE_SIGNING, Key, Says, Signer, TIME_STAMPING, certificate};
use sha2::{Digest as _, Sha256};

const MESSAGE: &[u8] = b"bureau.example/log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
/// Within the certificates of the maker.
const NOW: &str = "20261123013030Z";

fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .env_remove("OPENSSL_CONF")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("openssl is installed")
        .success()
}

/// What `openssl ts -verify` says of a token, at a time of its own choice or at the one given.
fn openssl_accepts(tsr: &[u8], message: &[u8], roots: &[Vec<u8>], at: Option<i64>) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let pem: String = roots.iter().map(|root| certificate_to_pem(root)).collect();
    for (name, bytes) in [
        ("tsr", tsr),
        ("message", message),
        ("roots.pem", pem.as_bytes()),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let mut arguments = vec![
        "ts",
        "-verify",
        "-data",
        "message",
        "-in",
        "tsr",
        "-CAfile",
        "roots.pem",
    ];
    let at = at.map(|at| at.to_string());
    arguments.extend(at.iter().flat_map(|at| ["-attime", at.as_str()]));
    openssl(folder.path(), &arguments)
}

const CONFIG: &str = "\
[req]
distinguished_name = dn
prompt = no
[dn]
CN = made for a test
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[tsa_cert]
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
[tsa]
default_tsa = t
[t]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
default_policy = 2.999.1
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
tsa_name = yes
";

/// A CA, one between where wished, and a timestamping key, by `openssl`.
fn authority(folder: &Path, key: &[&str], digest: &str, between: bool) {
    std::fs::write(folder.join("conf"), CONFIG).unwrap();
    std::fs::write(folder.join("serial"), "1000\n").unwrap();
    let common = ["req", "-config", "conf", "-nodes", digest];
    let run = |more: &[&str]| {
        let all = [common.as_slice(), key, more].concat();
        assert!(openssl(folder, &all), "{all:?}");
    };
    run(&[
        "-x509",
        "-extensions",
        "ca",
        "-days",
        "30",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    ]);
    let sign = |csr: &str, by: &str, extensions: &str, out: &str| {
        let (ca, key) = (format!("{by}.pem"), format!("{by}.key"));
        let arguments = [
            "x509",
            "-req",
            digest,
            "-in",
            csr,
            "-CA",
            &ca,
            "-CAkey",
            &key,
            "-CAcreateserial",
            "-extfile",
            "conf",
            "-extensions",
            extensions,
            "-days",
            "20",
            "-out",
            out,
        ];
        assert!(openssl(folder, &arguments), "{arguments:?}");
    };
    let mut issuer = "ca";
    if between {
        run(&[
            "-new",
            "-subj",
            "/CN=between",
            "-keyout",
            "mid.key",
            "-out",
            "mid.csr",
        ]);
        sign("mid.csr", "ca", "ca", "mid.pem");
        issuer = "mid";
    }
    run(&[
        "-new",
        "-subj",
        "/CN=timestamps",
        "-keyout",
        "tsa.key",
        "-out",
        "tsa.csr",
    ]);
    sign("tsa.csr", issuer, "tsa_cert", "tsa.pem");
}

const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P384: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
const RSA: &[&str] = &["-newkey", "rsa:2048"];

#[test]
fn tokens_by_openssl_are_good_and_each_tampering_is_refused_by_both() {
    for (key, digest, between) in [
        (RSA, "-sha256", false),
        (RSA, "-sha384", true),
        (RSA, "-sha512", false),
        (P256, "-sha256", true),
        (P256, "-sha384", false),
        (P384, "-sha256", false),
        (P384, "-sha384", true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        authority(folder.path(), key, digest, between);
        let nonce = [0x81, 2, 3, 4, 5, 6, 7, 8];
        let imprint: [u8; 32] = Sha256::digest(MESSAGE).into();
        std::fs::write(folder.path().join("tsq"), request(&imprint, &nonce)).unwrap();
        let mut arguments = vec![
            "ts",
            "-reply",
            "-config",
            "conf",
            "-section",
            "t",
            "-queryfile",
            "tsq",
            digest,
            "-out",
            "tsr",
        ];
        if between {
            arguments.extend(["-chain", "mid.pem"]);
        }
        assert!(openssl(folder.path(), &arguments));
        let tsr = std::fs::read(folder.path().join("tsr")).unwrap();
        let pem = std::fs::read_to_string(folder.path().join("ca.pem")).unwrap();
        let roots = certificates_from_pem(&pem).unwrap();

        check_response(&tsr, &imprint, &nonce).unwrap();
        let stamp = verify(&tsr, MESSAGE, &roots).unwrap();
        assert_eq!(stamp.accuracy_us, Some(1_500_100));
        assert_eq!(stamp.time_ms - stamp.earliest_ms, 1501);
        assert_eq!(stamp.latest_ms - stamp.time_ms, 1501);
        assert_eq!(
            (stamp.policy.as_str(), stamp.signer.name.as_str()),
            ("2.999.1", "timestamps")
        );
        assert_eq!(stamp.serial, "1001");
        assert!(openssl_accepts(&tsr, MESSAGE, &roots, None));

        assert_eq!(
            check_response(&tsr, &imprint, &nonce[1..]),
            Err(StampError::OtherNonce)
        );
        assert_eq!(
            check_response(&tsr, &[1; 32], &nonce),
            Err(StampError::OtherImprint)
        );
        assert_eq!(
            verify(&tsr, b"other", &roots),
            Err(StampError::OtherImprint)
        );
        assert!(!openssl_accepts(&tsr, b"other", &roots, None));
        assert_eq!(
            verify(&tsr, MESSAGE, &[]),
            Err(StampError::UnknownAuthority)
        );
        let stranger = Authority::new("stranger", Key::p256("s")).root;
        assert_eq!(
            verify(&tsr, MESSAGE, std::slice::from_ref(&stranger)),
            Err(StampError::UnknownAuthority)
        );
        assert!(!openssl_accepts(&tsr, MESSAGE, &[stranger], None));
        // The last bytes are the signature's, and the content's time is in the middle.
        let mut changed = tsr.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(verify(&changed, MESSAGE, &roots).is_err());
        assert!(!openssl_accepts(&changed, MESSAGE, &roots, None));
        let time = tsr
            .windows(3)
            .position(|bytes| bytes[0] == 0x18 && bytes[1] <= 0x13 && bytes[2] == b'2');
        let mut changed = tsr.clone();
        changed[time.unwrap() + 5] ^= 1;
        assert_eq!(
            verify(&changed, MESSAGE, &roots),
            Err(StampError::BadSignature)
        );
        assert!(!openssl_accepts(&changed, MESSAGE, &roots, None));
        for end in [0, 1, 9, tsr.len() / 2, tsr.len() - 1] {
            assert!(matches!(
                verify(&tsr[..end], MESSAGE, &roots),
                Err(StampError::Malformed(_))
            ));
        }
        let long = [tsr.as_slice(), &[0]].concat();
        assert!(matches!(
            verify(&long, MESSAGE, &roots),
            Err(StampError::Malformed(_))
        ));
    }
}

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
