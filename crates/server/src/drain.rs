//! The end in good order.
//!
//! ```text
//! stop ──▶ /healthz says so ──delay──▶ no new connections; clients leave one by one ──▶ all gone
//! hurry ──▶ no delay, everybody leaves at once
//! ```
//!
//! While the delay lasts, everything goes on as before: balancers need a moment to notice that this
//! node is about to leave. A client that leaves is answered whatever had been taken up, then asked to
//! come back, to another node or to the next process.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{config::Drain, gateway::Gateway};

/// How long the end may take beyond what the operator allows, whatever clients do.
const STOP_DEADLINE: Duration = Duration::from_secs(8);

/// Ends all connections, those of the gateway and those that `accepting` serves until `door` closes.
pub(crate) async fn drain(
    settings: &Drain,
    gateway: Arc<Gateway>,
    door: CancellationToken,
    accepting: JoinHandle<()>,
    hurry: impl Future<Output = ()>,
) {
    let mut hurry = pin!(hurry);
    gateway.announce_stop();
    let hurried = tokio::select! {
        biased;
        () = hurry.as_mut() => true,
        () = sleep(settings.delay) => false,
    };
    door.cancel();
    let connections = gateway.connections();
    let spread = if hurried { Duration::ZERO } else { settings.spread(connections) };
    tracing::info!(connections, seconds = spread.as_secs_f32(), "clients are asked to come back");
    let ended = async {
        gateway.stop(spread).await;
        // It ends by itself once its connections have.
        let _ = accepting.await;
    };
    let mut ended = pin!(ended);
    let outcome = tokio::select! {
        outcome = timeout(spread + STOP_DEADLINE, ended.as_mut()) => outcome,
        () = hurry, if !hurried => {
            gateway.hurry();
            timeout(STOP_DEADLINE, ended).await
        }
    };
    if outcome.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}
