//! From an HTTP request to a connection's task.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Extension, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use tim_protocol::{SUBPROTOCOL, limits};

use super::{Gateway, connection::Connection};

/// Read at once from a socket. The library's default would cost each idle connection 128 KB.
const READ_BUFFER: usize = 4 * 1024;
/// Frames are gathered up to here before they are written.
const WRITE_BUFFER: usize = 16 * 1024;

/// Who is at the other end of a connection, as limits count it: an IPv4 address, or an IPv6 network.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

fn refused(status: StatusCode, sentence: &'static str) -> Response {
    (status, sentence).into_response()
}

/// `GET /im/ws`
pub async fn upgrade(
    State(gateway): State<Arc<Gateway>>,
    Extension(Peer(address)): Extension<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        let sentence = "This address speaks WebSocket with the subprotocol tim.v1.\n";
        return refused(StatusCode::BAD_REQUEST, sentence);
    };
    let upgrade = upgrade.protocols([SUBPROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        let sentence = "This server speaks the WebSocket subprotocol tim.v1 and no other; \
                        the client did not offer it.\n";
        return refused(StatusCode::BAD_REQUEST, sentence);
    }
    if gateway.stop.is_cancelled() {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "The server is restarting; come back.\n");
    }
    let most = gateway.limits.connections_per_address;
    let Some(place) = gateway.connections.open(address, most) else {
        metrics::counter!("tim_connections_refused_total", "of" => "websockets").increment(1);
        let sentence = "There are too many connections from this address.\n";
        return refused(StatusCode::TOO_MANY_REQUESTS, sentence);
    };
    // Registered before the answer, so that a stop from now on waits for this connection.
    let token = gateway.tasks.token();
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        // Whoever sends pings and does not read the answers must not fill memory. What the outbox gives
        // at once fits in with the heads of its frames.
        .max_write_buffer_size(2 * gateway.limits.outgoing_bytes)
        .max_frame_size(limits::FRAME_BYTES)
        .max_message_size(limits::FRAME_BYTES)
        .on_upgrade(move |socket| async move {
            // Boxed: the task that waits for the upgrade would reserve the room twice.
            Box::pin(Connection::new(gateway, address).run(socket)).await;
            drop((place, token));
        })
}
