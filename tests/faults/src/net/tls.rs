//! Certificates of a run: an authority that the tablet of this run trusts, and a stranger that nobody does.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};
use tokio_rustls::server::TlsStream;

/// Where the system looks for its roots; set for the process that runs the tablets.
pub const ROOTS: &str = "SSL_CERT_FILE";
const ROOT_FILE: &str = "root.pem";

/// What a listener shows.
#[derive(Clone)]
pub struct Certificates {
    good: TlsAcceptor,
    strange: TlsAcceptor,
}

/// Makes an authority and a certificate for this machine by it; gives the authority's file.
pub fn make(dir: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let names = || vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let good = CertificateParams::new(names())?.signed_by(&key, &authority)?;
    let stranger = KeyPair::generate()?;
    let strange = CertificateParams::new(names())?.self_signed(&stranger)?;
    for (name, text) in [
        (ROOT_FILE, authority.pem()),
        ("good.pem", good.pem()),
        ("good.key", key.serialize_pem()),
        ("strange.pem", strange.pem()),
        ("strange.key", stranger.serialize_pem()),
    ] {
        std::fs::write(dir.join(name), text)?;
    }
    Ok(dir.join(ROOT_FILE))
}

impl Certificates {
    /// What [`make`] wrote.
    pub fn load(dir: &Path) -> anyhow::Result<Self> {
        let acceptor = |name: &str| {
            let chain = CertificateDer::from_pem_file(dir.join(format!("{name}.pem")))?;
            let key = PrivateKeyDer::from_pem_file(dir.join(format!("{name}.key")))?;
            let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(vec![chain], key)?;
            anyhow::Ok(TlsAcceptor::from(Arc::new(config)))
        };
        Ok(Self {
            good: acceptor("good").context("the good certificate")?,
            strange: acceptor("strange").context("the stranger's certificate")?,
        })
    }

    pub async fn accept(
        &self,
        stream: TcpStream,
        strange: bool,
    ) -> io::Result<TlsStream<TcpStream>> {
        let acceptor = if strange { &self.strange } else { &self.good };
        acceptor.accept(stream).await
    }
}
