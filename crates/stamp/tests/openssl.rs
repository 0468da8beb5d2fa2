//! Tokens by `openssl ts`, judged by this crate and by `openssl ts -verify`: both say the same, of good ones and of each tampering.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod maker;
mod tool;

use std::path::Path;

use fieldseal_stamp::{StampError, certificates_from_pem, check_response, request, verify};
use maker::{Authority, Key};
use sha2::{Digest as _, Sha256};
use tool::{MESSAGE, openssl, openssl_accepts};

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
