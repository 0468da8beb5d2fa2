//! The kind of the tablet's key, and who vouches for it: a program of the maker's that gives the key's certificates.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fieldseal_device::platform::{Boot, Machine, Platform};
use fieldseal_packet::Timestamp;
use fieldseal_stamp::certificates_from_pem;
use fieldseal_tlog::note::Algorithm;

/// How a new key of the tablet's is made.
#[derive(clap::Args)]
pub struct DeviceKey {
    /// ed25519, p256 or sm2; what the deployment asks for when left out
    #[arg(long, value_name = "KIND", value_parser = ["ed25519", "p256", "sm2"])]
    key: Option<String>,
    /// Program that vouches for a P-256 key: it reads the public key (PEM) and writes the maker's certificates (PEM), the key's own first
    #[arg(long, value_name = "PROGRAM", requires = "key")]
    pub attest_with: Option<PathBuf>,
}

impl DeviceKey {
    pub fn algorithm(&self) -> Option<Algorithm> {
        Some(match self.key.as_deref()? {
            "p256" => Algorithm::EcdsaP256,
            "sm2" => Algorithm::Sm2,
            _ => Algorithm::Ed25519,
        })
    }
}

/// This machine, with such a program.
pub struct Attesting {
    machine: Machine,
    program: Option<PathBuf>,
}

impl Attesting {
    pub const fn new(machine: Machine, program: Option<PathBuf>) -> Self {
        Self { machine, program }
    }
}

impl Platform for Attesting {
    fn now(&self) -> Timestamp {
        self.machine.now()
    }

    fn zone(&self) -> String {
        self.machine.zone()
    }

    fn boot(&self) -> Boot {
        self.machine.boot()
    }

    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.machine.random(bytes)
    }

    fn free_bytes(&self, dir: &Path) -> Option<u64> {
        self.machine.free_bytes(dir)
    }

    fn battery(&self) -> Option<f64> {
        self.machine.battery()
    }

    fn device_model(&self) -> Option<String> {
        self.machine.device_model()
    }

    fn attest(&self, spki: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        self.program
            .as_deref()
            .map_or_else(|| Ok(Vec::new()), |program| run(program, spki))
    }
}

/// PEM of a SubjectPublicKeyInfo in, certificates out.
fn run(program: &Path, spki: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let pem = fieldseal_stamp::certificate_to_pem(spki).replace("CERTIFICATE", "PUBLIC KEY");
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(pem.as_bytes())?;
    }
    let done = child.wait_with_output()?;
    if !done.status.success() {
        return Err(io::Error::other(
            "the program that vouches for the key failed",
        ));
    }
    String::from_utf8(done.stdout)
        .ok()
        .and_then(|text| certificates_from_pem(&text))
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| {
            io::Error::other("the program that vouches for the key gave no certificates")
        })
}
