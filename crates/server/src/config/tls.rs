//! The certificate the server shows, read from PEM files.
//!
//! It is read and judged when the server starts, so that a mistake stops the start with a sentence, and
//! can be read again later: certificates live for weeks, servers for months. What cannot be used then
//! changes nothing. This file knows nothing of connections; they ask for the certificate at each
//! handshake (`http/tls.rs`).

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use rustls::{
    InconsistentKeys,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use sha2::{Digest as _, Sha256};

/// The two settings, before anything was read.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsFiles {
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

/// Why a certificate cannot be used. Each variant reads as a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum BadCertificate {
    /// One setting is of no use without the other.
    #[error("`{given}` needs `{missing}` beside it: a certificate and its key come in pairs")]
    Alone {
        /// The setting that is there.
        given: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// The file is not there or not readable.
    #[error("`{setting}`: the file {} cannot be read", file.display())]
    Unreadable {
        /// Which setting names it.
        setting: &'static str,
        /// As the operator named it.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("`{setting}`: {} is no PEM file: it has no line -----BEGIN …-----", file.display())]
    NotPem {
        /// Which setting names it.
        setting: &'static str,
        /// As the operator named it.
        file: PathBuf,
    },
    /// The file is PEM, and what is looked for is not in it or is damaged.
    #[error("`{setting}`: there is no usable {wanted} in {}", file.display())]
    Lacking {
        /// Which setting names it.
        setting: &'static str,
        /// As the operator named it.
        file: PathBuf,
        /// What should be inside.
        wanted: &'static str,
    },
    /// The two files are not of one pair.
    #[error(
        "`tls.key`: the key in {} does not match the first certificate in {}",
        key.display(), certificate.display()
    )]
    OtherKey {
        /// The file of the key.
        key: PathBuf,
        /// The file of the certificate.
        certificate: PathBuf,
    },
}

/// A certificate with its key that can be read again while the server runs.
pub struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    /// What the files held when they were last judged, so that each change is judged once.
    seen: Mutex<[u8; 32]>,
}

/// Never shows the key: it must not reach a log.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.certificate).finish()
    }
}

impl TlsFiles {
    /// Reads the pair; `None` when neither setting is there.
    pub(super) fn read(self) -> Result<Option<Arc<Certificate>>, BadCertificate> {
        let (given, missing) = match (self.certificate, self.key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => {
                return Certificate::read(certificate, key).map(|it| Some(Arc::new(it)));
            }
            (Some(_), None) => ("tls.certificate", "tls.key"),
            (None, Some(_)) => ("tls.key", "tls.certificate"),
        };
        Err(BadCertificate::Alone { given, missing })
    }
}

impl Certificate {
    /// Reads a certificate (with those that vouch for it, if any) and its private key.
    ///
    /// # Errors
    /// A sentence for the operator, when the files cannot be used.
    pub fn read(certificate: PathBuf, key: PathBuf) -> Result<Self, BadCertificate> {
        let texts = read_both(&certificate, &key)?;
        let current = RwLock::new(Arc::new(judge(&certificate, &key, &texts)?));
        Ok(Self { certificate, key, current, seen: Mutex::new(fingerprint(&texts)) })
    }

    /// Reads the files again; whether they had changed. New connections get the new certificate.
    /// Blocks for as long as reading two small files takes.
    ///
    /// # Errors
    /// A sentence for the operator, once for each change; the certificate in use stays.
    pub fn read_again(&self) -> Result<bool, BadCertificate> {
        let texts = read_both(&self.certificate, &self.key)?;
        let fingerprint = fingerprint(&texts);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == fingerprint {
                return Ok(false);
            }
            *seen = fingerprint;
        }
        let new = Arc::new(judge(&self.certificate, &self.key, &texts)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(true)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// What the files of the certificate and of the key hold.
type Texts = (Vec<u8>, Vec<u8>);

fn read_both(certificate: &Path, key: &Path) -> Result<Texts, BadCertificate> {
    let read = |setting, file: &Path| match std::fs::read(file) {
        Err(source) => Err(BadCertificate::Unreadable { setting, file: file.to_owned(), source }),
        Ok(text) if !text.windows(11).any(|it| it == b"-----BEGIN ") => {
            Err(BadCertificate::NotPem { setting, file: file.to_owned() })
        }
        Ok(text) => Ok(text),
    };
    Ok((read("tls.certificate", certificate)?, read("tls.key", key)?))
}

fn fingerprint((certificate, key): &Texts) -> [u8; 32] {
    let lengths = certificate.len().to_le_bytes();
    Sha256::new()
        .chain_update(lengths)
        .chain_update(certificate)
        .chain_update(key)
        .finalize()
        .into()
}

fn judge(
    certificate: &Path,
    key: &Path,
    (chain, secret): &Texts,
) -> Result<CertifiedKey, BadCertificate> {
    let no_certificate = || BadCertificate::Lacking {
        setting: "tls.certificate",
        file: certificate.to_owned(),
        wanted: "certificate",
    };
    let no_key = || BadCertificate::Lacking {
        setting: "tls.key",
        file: key.to_owned(),
        wanted: "private key",
    };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|_| no_certificate())?;
    if chain.is_empty() {
        return Err(no_certificate());
    }
    let secret = PrivateKeyDer::from_pem_slice(secret).map_err(|_| no_key())?;
    let signing = ring::sign::any_supported_type(&secret).map_err(|_| no_key())?;
    let pair = CertifiedKey::new(chain, signing);
    match pair.keys_match() {
        Ok(()) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(BadCertificate::OtherKey {
                key: key.to_owned(),
                certificate: certificate.to_owned(),
            })
        }
        Err(_) => Err(no_certificate()),
    }
}
