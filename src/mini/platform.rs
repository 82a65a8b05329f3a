//! The object a mini-program's adapter makes for the engine, as declared in the npm package's
//! `src/mini/platform.ts`. None of its members throws.

use js_sys::{Array, Function, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// See `Platform` in platform.ts.
    #[derive(Clone)]
    pub type Platform;

    #[wasm_bindgen(method)]
    pub fn seed(this: &Platform) -> Array;
    #[wasm_bindgen(method)]
    pub fn now(this: &Platform) -> f64;
    #[wasm_bindgen(method, js_name = setTimer)]
    pub fn set_timer(this: &Platform, ms: f64, callback: &Function) -> f64;
    #[wasm_bindgen(method, js_name = clearTimer)]
    pub fn clear_timer(this: &Platform, id: f64);
    #[wasm_bindgen(method)]
    pub fn connect(this: &Platform, url: &str, protocol: &str, handlers: &Object) -> SocketObject;
    #[wasm_bindgen(method)]
    pub fn files(this: &Platform, folder: &str) -> FilesObject;
    #[wasm_bindgen(method, js_name = onVisible)]
    pub fn on_visible(this: &Platform, callback: &Function) -> Function;
    #[wasm_bindgen(method, js_name = onNetwork)]
    pub fn on_network(this: &Platform, callback: &Function) -> Function;
    #[wasm_bindgen(method, js_name = onMemoryWarning)]
    pub fn on_memory_warning(this: &Platform, callback: &Function) -> Function;
    #[wasm_bindgen(method)]
    pub fn log(this: &Platform, level: u8, line: &str);

    /// See `Socket` in platform.ts.
    pub type SocketObject;

    #[wasm_bindgen(method)]
    pub fn send(this: &SocketObject, frame: &str);
    #[wasm_bindgen(method)]
    pub fn close(this: &SocketObject);

    /// See `Files` in platform.ts.
    pub type FilesObject;

    #[wasm_bindgen(method)]
    pub fn read(this: &FilesObject, name: &str) -> Promise;
    #[wasm_bindgen(method)]
    pub fn append(this: &FilesObject, name: &str, bytes: &Uint8Array) -> Promise;
    #[wasm_bindgen(method)]
    pub fn replace(this: &FilesObject, name: &str, bytes: &Uint8Array) -> Promise;
    #[wasm_bindgen(method)]
    pub fn size(this: &FilesObject, name: &str) -> Promise;
    #[wasm_bindgen(method)]
    pub fn remove(this: &FilesObject, name: &str) -> Promise;
    #[wasm_bindgen(method)]
    pub fn clear(this: &FilesObject) -> Promise;

    /// See `FileFailure` in platform.ts.
    pub type FileFailure;

    #[wasm_bindgen(method, getter)]
    pub fn full(this: &FileFailure) -> bool;
    #[wasm_bindgen(method, getter)]
    pub fn text(this: &FileFailure) -> String;
}
