//! The authority's folder: a CA, a timestamping key and certificate (its extended key usage critical, as RFC 3161 asks), and the
//! configuration for `openssl ts`. Made under another name and renamed when whole, so that a half-made one is never used.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Largest request, bytes.
pub const MAX_QUERY: usize = 64 * 1024;

/// No authority, or no reply.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// There is no `openssl` to be found.
    #[error("the program openssl is not installed")]
    NoOpenssl,
    /// It ran and refused.
    #[error("openssl refused at: {0}")]
    Refused(&'static str),
    /// A file.
    #[error("the authority's folder can't be used")]
    File(#[from] io::Error),
}

/// What the timestamping key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, 2048 bits.
    Rsa,
    /// ECDSA on P-256.
    P256,
}

/// An authority in a folder.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
    /// `openssl` counts serial numbers in a file: one reply at a time.
    turn: Mutex<()>,
}

const CONFIG: &str = "\
[req]
distinguished_name = dn
prompt = no
[dn]
O = Fieldseal development
CN = not for production
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[tsa_cert]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = dev
[dev]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
# Of the arc that is meant for examples.
default_policy = 2.999.1
digests = sha256, sha384, sha512
accuracy = secs:1
clock_precision_digits = 3
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
";

impl Authority {
    /// Opens the folder, or makes it: `name` stands in the certificates, `days` is how long the timestamping certificate is good for.
    pub fn at(folder: &Path, name: &str, key: KeyKind, days: u32) -> Result<Self, AuthorityError> {
        if !folder.join("tsa.pem").is_file() {
            let mut making = folder.as_os_str().to_owned();
            making.push(".making");
            let making = PathBuf::from(making);
            if making.exists() {
                fs::remove_dir_all(&making)?;
            }
            make(&making, name, key, days)?;
            fs::rename(&making, folder)?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            turn: Mutex::new(()),
        })
    }

    /// Its CA's certificate, PEM.
    pub fn root_pem(&self) -> io::Result<String> {
        fs::read_to_string(self.root_path())
    }

    /// Where that lies.
    pub fn root_path(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The response to a request, both DER.
    pub fn reply(&self, query: &[u8]) -> Result<Vec<u8>, AuthorityError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        fs::write(self.folder.join("query"), query)?;
        openssl(
            &self.folder,
            "ts -reply",
            ["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query"],
            &["-out", "reply"],
        )?;
        Ok(fs::read(self.folder.join("reply"))?)
    }
}

fn make(folder: &Path, name: &str, key: KeyKind, days: u32) -> Result<(), AuthorityError> {
    fs::create_dir_all(folder)?;
    private(folder)?;
    let plain: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(32)
        .collect();
    let config = CONFIG.replace(
        "not for production",
        &format!("{plain} (not for production)"),
    );
    fs::write(folder.join("tsa.cnf"), config)?;
    fs::write(folder.join("serial"), "1000\n")?;
    let key = match key {
        KeyKind::Rsa => ["-newkey", "rsa:2048"].as_slice(),
        KeyKind::P256 => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    };
    let days = days.to_string();
    let request = ["req", "-config", "tsa.cnf", "-nodes", "-sha256"];
    let ca = [
        "-x509",
        "-extensions",
        "ca",
        "-days",
        "7300",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    ];
    openssl(
        folder,
        "the CA's certificate",
        request,
        &[key, &ca].concat(),
    )?;
    let own = ["-new", "-keyout", "tsa.key", "-out", "tsa.csr"];
    let subject = format!("/O=Fieldseal development/CN={plain} timestamps (not for production)");
    openssl(
        folder,
        "the timestamping key",
        request,
        &[key, &own, &["-subj", &subject]].concat(),
    )?;
    openssl(
        folder,
        "the timestamping certificate",
        ["x509", "-req", "-sha256", "-in", "tsa.csr"],
        &[
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-extfile",
            "tsa.cnf",
            "-extensions",
            "tsa_cert",
            "-days",
            &days,
            "-out",
            "tsa.pem",
        ],
    )
}

fn openssl<const N: usize>(
    folder: &Path,
    step: &'static str,
    first: [&str; N],
    rest: &[&str],
) -> Result<(), AuthorityError> {
    let status = Command::new("openssl")
        .args(first)
        .args(rest.iter().map(OsStr::new))
        .current_dir(folder)
        .env_remove("OPENSSL_CONF")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => AuthorityError::NoOpenssl,
            _ => AuthorityError::File(error),
        })?;
    if status.success() {
        Ok(())
    } else {
        Err(AuthorityError::Refused(step))
    }
}

fn private(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
