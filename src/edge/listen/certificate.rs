//! A certificate that is replaced while the server runs: connections that stand keep theirs, new ones get the new one. A pair
//! that cannot be used (half written, key and certificate of two renewals) leaves the present one in its place.
//!
//! Must not be here: when to look (`crate::run`), reading PEM (`tls`).

use super::tls::{TlsError, TlsFiles, certified};
use parking_lot::RwLock;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// The certificate in use, and where newer ones come from.
pub struct Certificate {
    files: TlsFiles,
    current: RwLock<Arc<CertifiedKey>>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish()
    }
}

impl Certificate {
    /// Reads the first.
    ///
    /// # Errors
    /// [`TlsError`].
    pub(super) fn read(files: &TlsFiles) -> Result<Arc<Self>, TlsError> {
        Ok(Arc::new(Self {
            current: RwLock::new(Arc::new(certified(files)?)),
            files: files.clone(),
        }))
    }

    /// Looks at the files. Answers whether there is another certificate now.
    ///
    /// # Errors
    /// [`TlsError`] when the files cannot be used; the present certificate stays.
    pub fn look(&self) -> Result<bool, TlsError> {
        let read = certified(&self.files)?;
        if self.current.read().cert == read.cert {
            return Ok(false);
        }
        *self.current.write() = Arc::new(read);
        Ok(true)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().clone())
    }
}
