//! What the host tells about the program's life: it comes back, it may be gone in a moment, the
//! network changed, memory is short.

use std::{cell::RefCell, rc::Rc};

use js_sys::Function;
use tim_engine::oneshot;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};

use super::platform::Platform;
use crate::Engine;

/// A subscription; dropping it ends it.
struct Listener<T: ?Sized> {
    _callback: Closure<T>,
    undo: Function,
}

impl<T: ?Sized> Drop for Listener<T> {
    fn drop(&mut self) {
        // Throws for nobody.
        let _ = self.undo.call0(&JsValue::UNDEFINED);
    }
}

fn on_visible(platform: &Platform, tell: impl FnMut(bool) + 'static) -> Listener<dyn FnMut(bool)> {
    let callback = Closure::<dyn FnMut(bool)>::new(tell);
    let undo = platform.on_visible(callback.as_ref().unchecked_ref());
    Listener { _callback: callback, undo }
}

/// Keeps watching as long as it lives.
pub struct ProgramWatch {
    _visible: Listener<dyn FnMut(bool)>,
    _memory: Listener<dyn FnMut()>,
}

impl ProgramWatch {
    /// Watches for an engine. In the background only seconds remain, so everything collected for the
    /// files starts to be written.
    #[must_use]
    pub fn new(engine: &Engine, platform: JsValue) -> Self {
        let platform: Platform = platform.unchecked_into();
        let (on_hide, on_warning) = (engine.clone(), engine.clone());
        let visible = on_visible(&platform, move |visible| {
            if !visible {
                on_hide.flush_soon();
            }
        });
        let callback = Closure::<dyn FnMut()>::new(move || on_warning.trim_store());
        let undo = platform.on_memory_warning(callback.as_ref().unchecked_ref());
        Self { _visible: visible, _memory: Listener { _callback: callback, undo } }
    }
}

/// Resolves when the program comes back to the foreground or its network changes.
pub(super) async fn woken(platform: Platform) {
    let (sender, receiver) = oneshot::channel();
    let sender = Rc::new(RefCell::new(Some(sender)));
    let wake = move || {
        if let Some(sender) = sender.borrow_mut().take() {
            // Whoever waited may be gone.
            let _ = sender.send(());
        }
    };
    let on_return = wake.clone();
    let _visible = on_visible(&platform, move |visible| {
        if visible {
            on_return();
        }
    });
    let callback = Closure::<dyn FnMut()>::new(wake);
    let undo = platform.on_network(callback.as_ref().unchecked_ref());
    let _network = Listener { _callback: callback, undo };
    // The listeners hold the other end as long as this waits.
    let _ = receiver.await;
}
