//! The exported class.
//!
//! Every method clones the shared engine and moves it into its future, so that freeing the object
//! never pulls anything from under a running call. What the engine has to say leaves through one
//! callback, never inside the frame of a call.

use js_sys::{Function, Promise};
use tim_engine::{client::Config, error::Error, gate::Phase, output::Output};
use tim_protocol::{
    code::Code,
    json::{self, ObjectWriter},
    json_object,
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::{
    Engine, Host, Watch,
    outlet::{LogSwitch, Outlet},
};

/// What the facade creates an instance with.
struct Options {
    sdk_app_id: i64,
    url: String,
    language: String,
    version: String,
}

json_object!(read Options {
    sdk_app_id: "SDKAppID",
    url: "url",
    language: "language",
    version: "version",
});

/// One instance of the SDK.
#[wasm_bindgen]
pub struct Client {
    engine: Engine,
    log: LogSwitch,
    // Dropping it takes the listeners away.
    _watch: Watch,
}

#[wasm_bindgen]
impl Client {
    /// Makes an instance; nothing happens before a login. `output` gets JSON texts: arrays of
    /// operations, in order. `host` is what the ports stand on where that is an object; a page is
    /// all around and needs none.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, output: Function, host: JsValue) -> Result<Client, JsValue> {
        let options: Options = json::read(options)
            .map_err(|member| to_js(&Error::with(Code::INVALID_PARAMETERS, member)))?;
        let config = Config {
            sdk_app_id: options.sdk_app_id,
            url: options.url,
            language: options.language,
            version: options.version,
        };
        let log = LogSwitch::default();
        let tell = move |batch: Vec<Output>| {
            let json = json::write(&batch);
            // What a listener throws is the facade's matter; nothing here depends on it.
            let _ = output.call1(&JsValue::UNDEFINED, &JsValue::from_str(&json));
        };
        let outlet = Outlet::new(Box::new(tell), log.clone());
        let engine = Engine::new(Host::new(outlet, host.clone()), config);
        let watch = Watch::new(&engine, host);
        Ok(Self { engine, log, _watch: watch })
    }

    /// Runs a call of the API: JSON array of arguments in, JSON of `data` out; rejects with the JSON
    /// text of `{code, message}`.
    #[wasm_bindgen(unchecked_return_type = "Promise<string>")]
    pub fn call(&self, method: String, arguments: String) -> Promise {
        let engine = self.engine.clone();
        future_to_promise(async move {
            match engine.call(&method, &arguments).await {
                Ok(json) => Ok(JsValue::from_str(&json)),
                Err(error) => Err(to_js(&error)),
            }
        })
    }

    /// Makes a message: JSON of `{m, v}`; throws like `call` rejects.
    pub fn create(&self, method: &str, arguments: &str) -> Result<String, JsValue> {
        self.engine.create(method, arguments).map_err(|error| to_js(&error))
    }

    /// 0 idle, 1 logging in, 2 synchronising, 3 ready.
    pub fn state(&self) -> u32 {
        match self.engine.phase() {
            Phase::Idle => 0,
            Phase::LoggingIn => 1,
            Phase::Syncing => 2,
            Phase::Ready => 3,
        }
    }

    /// The logged-in user, empty when there is none.
    #[wasm_bindgen(js_name = loginUser)]
    pub fn login_user(&self) -> String {
        self.engine.login_user()
    }

    /// The server's clock in whole seconds.
    #[wasm_bindgen(js_name = serverTime)]
    pub fn server_time(&self) -> f64 {
        (self.engine.server_time_ms() / 1000) as f64
    }

    /// The sum of unread messages.
    #[wasm_bindgen(js_name = totalUnread)]
    pub fn total_unread(&self) -> u32 {
        self.engine.total_unread()
    }

    /// 0 everything … 4 nothing.
    #[wasm_bindgen(js_name = setLogLevel)]
    pub fn set_log_level(&self, level: u8) {
        self.log.set(level);
    }
}

/// An error as the facade reads it.
fn to_js(error: &Error) -> JsValue {
    let mut text = String::new();
    let mut object = ObjectWriter::new(&mut text);
    object.member("code", &error.code);
    object.member("message", &error.message);
    object.end();
    JsValue::from_str(&text)
}
