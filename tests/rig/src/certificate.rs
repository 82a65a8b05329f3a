//! Certificates for tests: an authority of one's own and a server's certificate signed by it.
//!
//! The authority's key is forgotten at once. A client that trusts [`Certificate::authority`] accepts
//! the server; one that does not, or that asks for another name, must refuse it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// A server's certificate, its key and who signed it; all PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The authority's certificate, for clients to trust.
    pub authority: String,
    /// The server's certificate.
    pub certificate: String,
    /// The server's private key (PKCS #8).
    pub key: String,
}

/// Where the parts were written.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// The authority's certificate.
    pub authority: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's key, which only its owner may read.
    pub key: PathBuf,
}

impl Certificate {
    /// For a server of this machine: `localhost` and 127.0.0.1.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn for_loopback() -> Result<Self> {
        Self::for_names(&["localhost", "127.0.0.1"])
    }

    /// For these names or addresses.
    ///
    /// # Errors
    /// When one of them is no name.
    pub fn for_names(names: &[&str]) -> Result<Self> {
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "authority of a test");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = KeyPair::generate()?;
        let authority_certificate = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);
        let names = names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
        Ok(Self {
            authority: authority_certificate.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// Writes `authority.pem`, `certificate.pem` and `key.pem` into a folder.
    ///
    /// # Errors
    /// When the folder cannot be written or has them already.
    pub fn write_to(&self, folder: &Path) -> Result<CertificateFiles> {
        let file = |name: &str| folder.join(name);
        let files = CertificateFiles {
            authority: file("authority.pem"),
            certificate: file("certificate.pem"),
            key: file("key.pem"),
        };
        fs::write(&files.authority, &self.authority)?;
        fs::write(&files.certificate, &self.certificate)?;
        // PostgreSQL refuses a key that others can read.
        let mut key =
            OpenOptions::new().create_new(true).write(true).mode(0o600).open(&files.key)?;
        key.write_all(self.key.as_bytes())?;
        Ok(files)
    }
}
