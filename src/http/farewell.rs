//! The end of conversations in HTTP when the server stops: a request under way is answered, and then no more.

use super::prefixed::Prefixed;
use crate::hub::Hub;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1::UpgradeableConnection;
use hyper::service::HttpService;
use hyper_util::rt::TokioIo;
use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

/// One conversation; it is counted as long as this lives.
#[derive(Debug)]
pub(super) struct Farewell {
    hub: Arc<Hub>,
    /// Whether the head of a request has come.
    begun: Rc<Cell<bool>>,
}

impl Farewell {
    pub(super) fn new(hub: &Arc<Hub>) -> Self {
        hub.metrics.http_connections.enter();
        Self { hub: Arc::clone(hub), begun: Rc::default() }
    }

    /// To be set when the head of a request has come.
    pub(super) fn begun(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.begun)
    }

    /// Speaks to the end; with a client that has not said anything, only until the server stops.
    pub(super) async fn see_off<S>(
        self,
        conversation: UpgradeableConnection<TokioIo<Prefixed>, S>,
    ) -> hyper::Result<()>
    where
        S: HttpService<Incoming, ResBody = Full<Bytes>, Error = Infallible>,
    {
        let mut conversation = pin!(conversation);
        tokio::select! {
            biased;
            done = &mut conversation => return done,
            () = self.hub.health.stopped() => {}
        }
        if !self.begun.get() {
            return Ok(());
        }
        conversation.as_mut().graceful_shutdown();
        conversation.await
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.hub.metrics.http_connections.leave();
    }
}
