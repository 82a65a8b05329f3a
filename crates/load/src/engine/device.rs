//! A user's device with one page: an engine with its app, called as an app calls it.

use std::rc::Rc;

use serde_json::{Value, json};
use tim_engine::{
    client::{Client, Config},
    error::Error,
    gate::Phase,
};
use tokio::sync::Notify;

use super::host::{Listener, TokioHost, Ways};

/// A device; clones are the same one. Lives on a `LocalSet`.
pub struct Device<L: Listener> {
    /// The userID.
    pub user: String,
    /// The app at it.
    pub app: Rc<L>,
    client: Client<TokioHost<L>>,
    cut: Rc<Notify>,
}

impl<L: Listener> Clone for Device<L> {
    fn clone(&self) -> Self {
        let (user, client) = (self.user.clone(), self.client.clone());
        Self { user, app: Rc::clone(&self.app), client, cut: Rc::clone(&self.cut) }
    }
}

impl<L: Listener> Device<L> {
    /// A new device on which nobody was ever logged in.
    #[must_use]
    pub fn new(app: Rc<L>, ways: Ways, sdk_app_id: u32, user: &str) -> Self {
        let cut = Rc::default();
        let host = TokioHost::new(&app, ways, &cut);
        let config = Config {
            sdk_app_id: i64::from(sdk_app_id),
            url: "ws://somewhere".to_owned(),
            language: "en".to_owned(),
            version: "tim-load".to_owned(),
        };
        Self { user: user.to_owned(), app, client: Client::new(host, config), cut }
    }

    /// Ends the connection, if there is one, as if a cable were pulled.
    pub fn cut(&self) {
        self.cut.notify_waiters();
    }

    /// How far the login has come.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.client.phase()
    }

    /// Runs a call of the API.
    ///
    /// # Errors
    /// As the call of the API.
    pub async fn call(&self, method: &str, arguments: Value) -> Result<Value, Error> {
        let result = self.client.call(method, &arguments.to_string()).await;
        result.map(|it| serde_json::from_str(&it).expect("results are JSON"))
    }

    /// 0 or the code a call was refused with.
    pub async fn code(&self, method: &str, arguments: Value) -> u32 {
        self.call(method, arguments).await.map_or_else(|error| error.code.0, |_| 0)
    }

    /// Begins a login; 0 or the code it was refused with.
    pub async fn try_login(&self, user_sig: &str) -> u32 {
        self.code("login", json!([{ "userID": self.user, "userSig": user_sig }])).await
    }

    /// A text message as an app has it.
    ///
    /// # Panics
    /// When nobody can be written to under that name, or the text is empty.
    #[must_use]
    pub fn text(&self, to: &str, text: &str) -> Value {
        let options = json!([{
            "to": to, "conversationType": "C2C", "payload": { "text": text },
        }]);
        let json = self.client.create("createTextMessage", &options.to_string());
        let view: Value = serde_json::from_str(&json.expect("a good message")).expect("JSON");
        let mut message = view["m"].clone();
        let fields = message.as_object_mut().expect("a message is an object");
        fields.extend(view["v"].as_object().expect("an object").clone());
        message
    }
}
