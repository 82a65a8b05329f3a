//! The Socket port over a browser WebSocket.
//!
//! Frames that are no text are none of ours and are dropped. Handlers belong to the value: dropping
//! it takes them away and closes the connection.

use std::{cell::Cell, rc::Rc};

use futures::future::{Either, select};
use tim_engine::{oneshot, ports::Socket};
use tim_protocol::{CLOSE_RESTART, SUBPROTOCOL};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{CloseEvent, MessageEvent};

use crate::inbox::Inbox;

/// An open WebSocket.
pub struct WebSocket {
    socket: web_sys::WebSocket,
    frames: Rc<Inbox>,
    restarts: Rc<Cell<bool>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl WebSocket {
    /// Opens a connection; `None` when the address is no address or nobody answers.
    pub async fn open(url: String) -> Option<Self> {
        let socket = web_sys::WebSocket::new_with_str(&url, SUBPROTOCOL).ok()?;
        let frames = Rc::<Inbox>::default();
        let (frame, end) = (Rc::clone(&frames), Rc::clone(&frames));
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                frame.push(text);
            }
        });
        let (opened, is_open) = oneshot::channel();
        let on_open = Closure::once(move || {
            let _ = opened.send(());
        });
        let restarts = Rc::<Cell<bool>>::default();
        let told = Rc::clone(&restarts);
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            told.set(event.code() == CLOSE_RESTART);
            end.end();
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        // An error is always followed by a close.
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        let it = Self { socket, frames, restarts, _on_message: on_message, _on_close: on_close };
        let opened = {
            let closed = Box::pin(it.receive());
            matches!(select(is_open, closed).await, Either::Left((Ok(()), _)))
        };
        it.socket.set_onopen(None);
        opened.then_some(it)
    }
}

impl Socket for WebSocket {
    fn send(&self, frame: &str) {
        // Fails only while connecting, which is over; a closed connection drops the frame.
        let _ = self.socket.send_with_str(frame);
    }

    async fn receive(&self) -> Option<String> {
        self.frames.next().await
    }

    fn close(&self) {
        let _ = self.socket.close();
        // The browser may take its time to say so.
        self.frames.end();
    }

    fn server_restarts(&self) -> bool {
        self.restarts.get()
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}
