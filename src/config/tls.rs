//! Certificates to show.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A certificate and its key, as PEM files. Which clients it is for stands in the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate and, after it, those that lead to a known authority ("fullchain").
    pub certificate: PathBuf,
    /// Its private key, without a passphrase.
    pub key: PathBuf,
}
