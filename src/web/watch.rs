//! What the page tells about its life: it came online, it is shown, it may be gone in a moment.

use std::{cell::RefCell, rc::Rc};

use gloo_events::EventListener;
use tim_engine::oneshot;
use wasm_bindgen::JsValue;
use web_sys::{Document, EventTarget, VisibilityState, Window};

use crate::Engine;

/// Keeps watching as long as it lives; before the page may be gone, everything collected for the
/// database starts to be written.
pub struct PageWatch {
    _listeners: Vec<EventListener>,
}

impl PageWatch {
    /// Watches for an engine.
    #[must_use]
    pub fn new(engine: &Engine, _: JsValue) -> Self {
        let Some((window, document)) = page() else { return Self { _listeners: Vec::new() } };
        let on_hide = engine.clone();
        let on_change = engine.clone();
        let shown = document.clone();
        Self {
            _listeners: vec![
                EventListener::new(&window, "pagehide", move |_| on_hide.flush_soon()),
                EventListener::new(&document, "visibilitychange", move |_| {
                    if shown.visibility_state() == VisibilityState::Hidden {
                        on_change.flush_soon();
                    }
                }),
            ],
        }
    }
}

/// Resolves when the browser goes online or offline, or the page becomes visible.
pub(super) async fn woken() {
    let Some((window, document)) = page() else { return futures::future::pending().await };
    let (sender, receiver) = oneshot::channel();
    let sender = Rc::new(RefCell::new(Some(sender)));
    let wake = move || {
        if let Some(sender) = sender.borrow_mut().take() {
            // Whoever waited may be gone.
            let _ = sender.send(());
        }
    };
    let (on_online, on_offline) = (wake.clone(), wake.clone());
    let shown = document.clone();
    let _listeners = [
        EventListener::new(AsRef::<EventTarget>::as_ref(&window), "online", move |_| on_online()),
        EventListener::new(AsRef::<EventTarget>::as_ref(&window), "offline", move |_| on_offline()),
        EventListener::new(
            AsRef::<EventTarget>::as_ref(&document),
            "visibilitychange",
            move |_| {
                if shown.visibility_state() == VisibilityState::Visible {
                    wake();
                }
            },
        ),
    ];
    // The listeners hold the other end as long as this waits.
    let _ = receiver.await;
}

fn page() -> Option<(Window, Document)> {
    let window = web_sys::window()?;
    let document = window.document()?;
    Some((window, document))
}
