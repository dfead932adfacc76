//! The certificates that the server shows, and which of them a client gets to see.
//!
//! The files are looked at every few seconds. A renewed certificate is shown to whoever connects from then on; files that
//! cannot be used (a renewal that is half written, say) leave the former ones in place, and are told once.

use crate::config::TlsConfig;
use parking_lot::{Mutex, RwLock};
use rustls::client::verify_server_name;
use rustls::crypto::ring;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert, ServerConfig, ServerConnection};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Bytes that a session holds for a client that does not read; what is more stays in the outbox, where it is counted.
const SESSION_BYTES: usize = 64 << 10;

/// Why a certificate cannot be shown: the file, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateError {
    file: PathBuf,
    problem: String,
}

impl CertificateError {
    fn new(file: &Path, problem: impl fmt::Display) -> Self {
        Self { file: file.to_owned(), problem: problem.to_string() }
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.problem)
    }
}

impl std::error::Error for CertificateError {}

/// TLS as the listeners with it speak it: versions 1.2 and 1.3, and the certificate that suits the name asked for.
#[derive(Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    certificates: Arc<Certificates>,
    looked: Mutex<Looked>,
}

#[derive(Debug)]
struct Looked {
    at: Instant,
    /// What the files that were last tried looked like.
    files: Vec<Mark>,
}

impl Tls {
    /// Reads all certificates. The first is shown to clients that ask for no name, or for one that none is for.
    ///
    /// # Errors
    /// If there is none, or one cannot be used: names the file.
    pub fn load(pairs: &[TlsConfig]) -> Result<Self, CertificateError> {
        let files = pairs.iter().map(Mark::of).collect();
        let shown = pairs.iter().map(read).collect::<Result<_, _>>()?;
        let certificates = Arc::new(Certificates { pairs: pairs.to_vec(), shown: RwLock::new(shown) });
        let unusable = |error| CertificateError::new(Path::new("tls"), error);
        let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificates) as Arc<dyn ResolvesServerCert>);
        // Clients that come back after an outage, all at once, resume: a tenth of the work.
        config.ticketer = ring::Ticketer::new().map_err(unusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let looked = Mutex::new(Looked { at: Instant::now(), files });
        Ok(Self { config: Arc::new(config), certificates, looked })
    }

    pub(crate) fn session(&self) -> Result<ServerConnection, rustls::Error> {
        let mut session = ServerConnection::new(Arc::clone(&self.config))?;
        session.set_buffer_limit(Some(SESSION_BYTES));
        Ok(session)
    }

    /// Reads files that have changed since the last look, if that is some seconds ago.
    pub(crate) fn refresh(&self) {
        let mut looked = self.looked.lock();
        if looked.at.elapsed() < LOOK_EVERY {
            return;
        }
        looked.at = Instant::now();
        let files: Vec<Mark> = self.certificates.pairs.iter().map(Mark::of).collect();
        if files == looked.files {
            return;
        }
        looked.files = files;
        match self.certificates.pairs.iter().map(read).collect() {
            Ok(shown) => {
                *self.certificates.shown.write() = shown;
                tracing::info!("certificates were read anew");
            }
            Err(error) => tracing::error!("the former certificate is shown still: {error}"),
        }
    }
}

/// A certificate with its key, ready to be shown.
type Shown = Arc<CertifiedKey>;

#[derive(Debug)]
struct Certificates {
    pairs: Vec<TlsConfig>,
    /// In the order of `pairs`.
    shown: RwLock<Vec<Shown>>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Shown> {
        let shown = self.shown.read();
        let name = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let suited = name.and_then(|name| shown.iter().find(|one| is_for(one, &name)));
        suited.or_else(|| shown.first()).cloned()
    }
}

fn is_for(shown: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = shown.end_entity_cert().and_then(ParsedCertificate::try_from);
    parsed.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}

fn read(pair: &TlsConfig) -> Result<Shown, CertificateError> {
    let (certificate, key) = (pair.certificate.as_path(), pair.key.as_path());
    let text = bytes(certificate)?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| CertificateError::new(certificate, pem_problem(&error)))?;
    if chain.is_empty() {
        return Err(CertificateError::new(certificate, "there is no certificate in it (expected is PEM)"));
    }
    let secret = PrivateKeyDer::from_pem_slice(&bytes(key)?).map_err(|error| match error {
        PemError::NoItemsFound => CertificateError::new(
            key,
            "there is no private key in it that can be used (expected is PEM, without a passphrase)",
        ),
        error => CertificateError::new(key, pem_problem(&error)),
    })?;
    warn_if_exposed(key);
    CertifiedKey::from_der(chain, secret, &ring::default_provider()).map(Arc::new).map_err(
        |error| match error {
            rustls::Error::InconsistentKeys(_) => CertificateError::new(
                key,
                format!("it is not the key of the first certificate in {}", certificate.display()),
            ),
            error => CertificateError::new(key, error),
        },
    )
}

fn bytes(file: &Path) -> Result<Vec<u8>, CertificateError> {
    fs::read(file).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => CertificateError::new(
            file,
            "permission denied: let the user that the server runs as read it (a group of its own, say)",
        ),
        _ => CertificateError::new(file, format!("cannot be read: {error}")),
    })
}

fn pem_problem(error: &PemError) -> String {
    format!("it is damaged: {error:?}")
}

fn warn_if_exposed(key: &Path) {
    if fs::metadata(key).is_ok_and(|file| file.permissions().mode() & 0o004 != 0) {
        tracing::warn!("{}: everybody on this host can read this private key", key.display());
    }
}

/// What a change of a pair of files is seen by.
#[derive(Debug, PartialEq, Eq)]
struct Mark([Option<(u64, u64, i64, i64)>; 2]);

impl Mark {
    fn of(pair: &TlsConfig) -> Self {
        let seen = |file: Metadata| (file.ino(), file.len(), file.mtime(), file.mtime_nsec());
        Self([&pair.certificate, &pair.key].map(|path| fs::metadata(path).ok().map(seen)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey as Generated, generate_simple_self_signed};
    use tempfile::TempDir;

    fn pair(directory: &TempDir, name: &str) -> TlsConfig {
        let Generated { cert, signing_key } = generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let pair = TlsConfig {
            certificate: directory.path().join(format!("{name}.crt")),
            key: directory.path().join(format!("{name}.key")),
        };
        fs::write(&pair.certificate, cert.pem()).unwrap();
        fs::write(&pair.key, signing_key.serialize_pem()).unwrap();
        pair
    }

    fn shown(tls: &Tls) -> Vec<Vec<u8>> {
        tls.certificates.shown.read().iter().map(|one| one.cert[0].to_vec()).collect()
    }

    fn look_now(tls: &Tls) {
        tls.looked.lock().at -= LOOK_EVERY;
        tls.refresh();
    }

    #[test]
    fn a_renewed_certificate_takes_the_place_of_the_former() {
        let directory = tempfile::tempdir().unwrap();
        let one = pair(&directory, "one.test");
        let tls = Tls::load(std::slice::from_ref(&one)).unwrap();
        let former = shown(&tls);
        look_now(&tls);
        assert_eq!(shown(&tls), former);
        pair(&directory, "one.test");
        look_now(&tls);
        assert_ne!(shown(&tls), former);
    }

    #[test]
    fn half_a_renewal_leaves_the_former_in_place() {
        let directory = tempfile::tempdir().unwrap();
        let one = pair(&directory, "one.test");
        let tls = Tls::load(std::slice::from_ref(&one)).unwrap();
        let former = shown(&tls);
        let other = pair(&directory, "other.test");
        fs::copy(&other.certificate, &one.certificate).unwrap();
        look_now(&tls);
        assert_eq!(shown(&tls), former);
        fs::copy(&other.key, &one.key).unwrap();
        look_now(&tls);
        assert_ne!(shown(&tls), former);
        fs::remove_file(&one.key).unwrap();
        look_now(&tls);
        assert_ne!(shown(&tls), former);
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let (one, other) = (pair(&directory, "one.test"), pair(&directory, "other.test"));
        let refusal = |certificate: &Path, key: &Path| {
            let pair = TlsConfig { certificate: certificate.to_owned(), key: key.to_owned() };
            Tls::load(&[pair]).unwrap_err().to_string()
        };
        let text = refusal(&one.certificate, &other.key);
        assert!(text.contains("other.test.key: it is not the key of the first certificate in"), "{text}");
        let text = refusal(&one.key, &one.key);
        assert!(text.contains("one.test.key: there is no certificate in it"), "{text}");
        let text = refusal(&one.certificate, &one.certificate);
        assert!(text.contains("one.test.crt: there is no private key in it"), "{text}");
        let text = refusal(Path::new("/nowhere/to.crt"), &one.key);
        assert!(text.contains("/nowhere/to.crt: cannot be read: No such file"), "{text}");
        fs::write(&one.key, "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----\n").unwrap();
        let text = refusal(&one.certificate, &one.key);
        assert!(text.contains("one.test.key: it is damaged"), "{text}");
    }
}
