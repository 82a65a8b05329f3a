//! The Socket port over the platform's sockets. Handlers belong to the value: dropping it closes the
//! connection, and what the host still has to say of it reaches nobody.

use std::rc::Rc;

use futures::future::{Either, select};
use js_sys::{Object, Reflect};
use tim_engine::{oneshot, ports::Socket};
use tim_protocol::SUBPROTOCOL;
use wasm_bindgen::{JsValue, prelude::Closure};

use super::platform::{Platform, SocketObject};
use crate::inbox::Inbox;

/// An open connection.
pub struct ProgramSocket {
    socket: SocketObject,
    frames: Rc<Inbox>,
    handlers: Object,
    _on_frame: Closure<dyn FnMut(String)>,
    _on_close: Closure<dyn FnMut()>,
}

impl ProgramSocket {
    /// Opens a connection; `None` when nobody answers or the host allows none.
    pub async fn open(platform: Platform, url: String) -> Option<Self> {
        let frames = Rc::<Inbox>::default();
        let (frame, end) = (Rc::clone(&frames), Rc::clone(&frames));
        let on_frame = Closure::<dyn FnMut(String)>::new(move |text| frame.push(text));
        let on_close = Closure::<dyn FnMut()>::new(move || end.end());
        let (opened, is_open) = oneshot::channel();
        let mut opened = Some(opened);
        let on_open = Closure::<dyn FnMut()>::new(move || {
            if let Some(opened) = opened.take() {
                let _ = opened.send(());
            }
        });
        let handlers = Object::new();
        set(&handlers, "open", on_open.as_ref());
        set(&handlers, "frame", on_frame.as_ref());
        set(&handlers, "close", on_close.as_ref());
        let socket = platform.connect(&url, SUBPROTOCOL, &handlers);
        let it = Self { socket, frames, handlers, _on_frame: on_frame, _on_close: on_close };
        let opened = {
            let closed = Box::pin(it.receive());
            matches!(select(is_open, closed).await, Either::Left((Ok(()), _)))
        };
        set(&it.handlers, "open", &ignore());
        opened.then_some(it)
    }
}

impl Socket for ProgramSocket {
    fn send(&self, frame: &str) {
        self.socket.send(frame);
    }

    async fn receive(&self) -> Option<String> {
        self.frames.next().await
    }

    fn close(&self) {
        self.socket.close();
        // The host may take its time to say so.
        self.frames.end();
    }
}

impl Drop for ProgramSocket {
    fn drop(&mut self) {
        for name in ["open", "frame", "close"] {
            set(&self.handlers, name, &ignore());
        }
        self.socket.close();
    }
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // Cannot fail on a plain object.
    let _ = Reflect::set(object, &JsValue::from_str(name), value);
}

/// A function that does nothing: the handlers' closures are gone.
fn ignore() -> JsValue {
    Closure::<dyn FnMut()>::once_into_js(|| {})
}
