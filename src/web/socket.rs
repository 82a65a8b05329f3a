//! The Socket port over a browser WebSocket.
//!
//! Frames that are no text are none of ours and are dropped. Handlers belong to the value: dropping
//! it takes them away and closes the connection.

use std::cell::RefCell;

use futures::{
    StreamExt,
    channel::{mpsc, oneshot},
    future::{Either, select},
};
use tim_engine::ports::Socket;
use tim_protocol::SUBPROTOCOL;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::MessageEvent;

/// An open WebSocket.
pub struct WebSocket {
    socket: web_sys::WebSocket,
    // `None` ends the stream: the connection is closed.
    frames: RefCell<Option<mpsc::UnboundedReceiver<Option<String>>>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    on_close: Closure<dyn FnMut()>,
}

impl WebSocket {
    /// Opens a connection; `None` when the address is no address or nobody answers.
    pub async fn open(url: String) -> Option<Self> {
        let socket = web_sys::WebSocket::new_with_str(&url, SUBPROTOCOL).ok()?;
        let (frame, frames) = mpsc::unbounded();
        let end = frame.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                // Nobody reads after the end.
                let _ = frame.unbounded_send(Some(text));
            }
        });
        let (opened, is_open) = oneshot::channel();
        let on_open = Closure::once(move || {
            let _ = opened.send(());
        });
        let on_close = Closure::<dyn FnMut()>::new(move || {
            let _ = end.unbounded_send(None);
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        // An error is always followed by a close.
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        let frames = RefCell::new(Some(frames));
        let it = Self { socket, frames, _on_message: on_message, on_close };
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
        // Taken out while waiting, so that no borrow is held.
        let mut frames = Frames { home: &self.frames, stream: self.frames.take() };
        frames.stream.as_mut()?.next().await.flatten()
    }

    fn close(&self) {
        let _ = self.socket.close();
        // The browser may take its time to say so.
        let _ = self.on_close.as_ref().unchecked_ref::<js_sys::Function>().call0(&self.socket);
    }
}

/// The stream of frames on loan; comes home also when the wait is given up.
struct Frames<'a> {
    home: &'a RefCell<Option<mpsc::UnboundedReceiver<Option<String>>>>,
    stream: Option<mpsc::UnboundedReceiver<Option<String>>>,
}

impl Drop for Frames<'_> {
    fn drop(&mut self) {
        *self.home.borrow_mut() = self.stream.take();
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
