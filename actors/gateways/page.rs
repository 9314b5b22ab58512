//! Mails of a demo: they go nowhere, and are shown on a page of the operators' listener.
//!
//! Must not be here: the page.

use crate::mail::{Envelope, Post, PostError};
use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// Mails that are shown; one more takes the oldest away.
pub const SHOWN_MAX: usize = 100;

/// The mails there are. Cheap to clone.
#[derive(Clone, Default)]
pub struct Page(Arc<Mutex<VecDeque<Envelope>>>);

impl Page {
    /// All of them, newest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Envelope> {
        self.0.lock().iter().cloned().collect()
    }
}

impl Post for Page {
    fn send(&self, envelope: Envelope) -> BoxFuture<'_, Result<String, PostError>> {
        let mut mails = self.0.lock();
        mails.push_front(envelope);
        mails.truncate(SHOWN_MAX);
        Box::pin(ready(Ok("shown on the demo's page".to_owned())))
    }
}
