//! TLS: certificate and key from PEM files, and a self-made pair for the demo. Only ring computes; TLS 1.2 and 1.3; only
//! `http/1.1` is offered, because WebSockets ride on it.

use super::certificate::Certificate;
use actix_web::cookie::time::{Duration, OffsetDateTime};
use cabinet_actors::clock::{Clock, SystemClock};
use cabinet_domain::time::UtcMillis;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where certificate and key lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain in PEM, the server's own certificate first.
    pub certificate_file: PathBuf,
    /// The private key in PEM (PKCS#8, PKCS#1 or SEC1).
    pub key_file: PathBuf,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file cannot be read or holds nothing of use.
    #[error("{file} is not a usable PEM file")]
    Pem {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// The certificate file holds no certificate.
    #[error("{0} holds no certificate")]
    Empty(PathBuf),
    /// Certificate and key do not fit, or are of a kind that is not supported.
    #[error("certificate and key cannot be used")]
    Unusable(#[from] rustls::Error),
    /// The demo's certificate could not be made.
    #[error("no certificate could be made")]
    Make(#[from] rcgen::Error),
    /// The demo's certificate could not be written.
    #[error("{file} could not be written")]
    Write {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// TLS with certificate and key from files, and the handle by which they are read again.
///
/// # Errors
/// [`TlsError`] when a file is missing or empty, or the two do not fit.
pub fn from_files(files: &TlsFiles) -> Result<(Arc<ServerConfig>, Arc<Certificate>), TlsError> {
    let certificate = Certificate::read(files)?;
    Ok((configuration(certificate.clone())?, certificate))
}

/// Reads certificate and key.
pub(super) fn certified(files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
    let pem = |file: &Path| {
        let file = file.to_owned();
        |source| TlsError::Pem { file, source }
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate_file)
        .map_err(pem(&files.certificate_file))?
        .collect::<Result<_, _>>()
        .map_err(pem(&files.certificate_file))?;
    if chain.is_empty() {
        return Err(TlsError::Empty(files.certificate_file.clone()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key_file).map_err(pem(&files.key_file))?;
    Ok(CertifiedKey::from_der(chain, key, &ring::default_provider())?)
}

/// The demo's certificates are valid for so many days, as public ones may be for at most 398 (CA/Browser Forum). Each start makes
/// others.
const DEMO_DAYS: i64 = 397;
/// And from an hour before on, for clocks that lag.
const DEMO_BEFORE_SECONDS: i64 = 3_600;

/// From when and until when a certificate made now is valid.
fn for_a_while(parameters: &mut rcgen::CertificateParams, now: UtcMillis) {
    // A time that no certificate can say leaves the library's own, which it can.
    if let Ok(now) = OffsetDateTime::from_unix_timestamp(now.0.div_euclid(1_000)) {
        parameters.not_before = now - Duration::seconds(DEMO_BEFORE_SECONDS);
        parameters.not_after = parameters.not_before + Duration::days(DEMO_DAYS);
    }
}

/// Makes a certificate authority for this run only, has it sign one certificate for `localhost`, 127.0.0.1 and ::1, and
/// writes the authority's certificate to `ca_file` for clients to trust. Neither key is ever written.
///
/// # Errors
/// [`TlsError`] when making or writing fails.
pub fn self_signed(ca_file: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let authority_key = rcgen::KeyPair::generate()?;
    let mut authority = rcgen::CertificateParams::new(Vec::new())?;
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    authority
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Cabinet en Ligne, demonstration");
    let now = SystemClock.now();
    for_a_while(&mut authority, now);
    authority.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = rcgen::Issuer::new(authority, authority_key);

    let key = rcgen::KeyPair::generate()?;
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    let mut parameters = rcgen::CertificateParams::new(names)?;
    parameters
        .distinguished_name
        .push(rcgen::DnType::CommonName, "localhost");
    for_a_while(&mut parameters, now);
    parameters.insert_extended_key_usage(rcgen::ExtendedKeyUsagePurpose::ServerAuth);
    parameters.use_authority_key_identifier_extension = true;
    let certificate = parameters.signed_by(&key, &issuer)?;

    std::fs::write(ca_file, authority_certificate.pem()).map_err(|source| TlsError::Write {
        file: ca_file.to_owned(),
        source,
    })?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let chain = vec![certificate.der().clone()];
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider())?;
    configuration(Arc::new(SingleCertAndKey::from(certified)))
}

fn configuration(certificate: Arc<dyn ResolvesServerCert>) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = true;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_certificate_is_written_and_its_files_are_told_from_bad_ones() {
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        let config = self_signed(&ca_file).unwrap();
        assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
        let pem = std::fs::read_to_string(&ca_file).unwrap();
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(!pem.contains("PRIVATE"));

        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "").unwrap();
        let files = |certificate: &Path, key: &Path| TlsFiles {
            certificate_file: certificate.to_owned(),
            key_file: key.to_owned(),
        };
        assert!(matches!(from_files(&files(&empty, &empty)), Err(TlsError::Empty(_))));
        assert!(matches!(
            from_files(&files(&ca_file, &empty)),
            Err(TlsError::Pem { .. })
        ));
        assert!(matches!(
            from_files(&files(&folder.path().join("none"), &empty)),
            Err(TlsError::Pem { .. })
        ));

        let (key_file, other) = (folder.path().join("key.pem"), rcgen::KeyPair::generate().unwrap());
        std::fs::write(&key_file, other.serialize_pem()).unwrap();
        assert!(matches!(
            from_files(&files(&ca_file, &key_file)),
            Err(TlsError::Unusable(_))
        ));
    }

    #[test]
    fn the_demo_s_certificate_is_valid_now_and_for_at_most_397_days() {
        let now = UtcMillis(1_795_348_800_123);
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        for_a_while(&mut parameters, now);
        let valid = parameters.not_after - parameters.not_before;
        assert_eq!(valid, Duration::days(397));
        let at = OffsetDateTime::from_unix_timestamp(now.0 / 1_000).unwrap();
        assert!(parameters.not_before < at && at + Duration::days(396) < parameters.not_after);
    }

    #[test]
    fn another_certificate_is_taken_up_and_a_pair_that_does_not_fit_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate_file: folder.path().join("cert.pem"),
            key_file: folder.path().join("key.pem"),
        };
        let make = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let write = |pair: &rcgen::CertifiedKey<rcgen::KeyPair>| {
            std::fs::write(&files.certificate_file, pair.cert.pem()).unwrap();
            std::fs::write(&files.key_file, pair.signing_key.serialize_pem()).unwrap();
        };
        write(&make());
        let (_, certificate) = from_files(&files).unwrap();
        assert!(!certificate.look().unwrap(), "the same");
        let (second, third) = (make(), make());
        write(&second);
        assert!(certificate.look().unwrap());
        // The new certificate is there, its key not yet.
        std::fs::write(&files.certificate_file, third.cert.pem()).unwrap();
        assert!(matches!(certificate.look(), Err(TlsError::Unusable(_))));
        write(&second);
        assert!(!certificate.look().unwrap(), "the present one had stayed");
        write(&third);
        assert!(certificate.look().unwrap());
    }
}
