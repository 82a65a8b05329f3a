//! What servers say of themselves to each other, in the database.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tim_protocol::usersig;

use crate::{
    bus::State,
    config::{App, Config},
    storage::{Beat, NodeKey},
};

/// How a server stands with the bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Bus {
    /// It has none.
    #[default]
    Alone,
    /// It reaches the others.
    Up,
    /// It does not.
    Away,
}

/// What a server says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelfDescription {
    /// For people.
    pub(super) name: String,
    /// Of the program.
    #[serde(default)]
    version: String,
    /// A digest of each app's settings: they must be the same everywhere.
    #[serde(default)]
    apps: BTreeMap<u32, String>,
    #[serde(default)]
    pub(super) bus: Bus,
    /// Grows when pushes of this server may have been lost.
    #[serde(default)]
    pub(super) losses: u64,
}

/// Another server.
#[derive(Debug)]
pub(super) struct Neighbour {
    pub key: NodeKey,
    /// How long ago it was heard of in the database.
    pub silent: Duration,
    pub state: Option<SelfDescription>,
}

fn digest(app: &App) -> String {
    let mut all = Sha256::new();
    // What a secret key is must not be seen in the database; that two differ must. So of each only
    // what it signs goes in, and of that only a few bytes come out.
    if let Ok(nobody) = "tim-server".parse() {
        for key in &app.secret_keys {
            all.update(usersig::sign(key, app.sdk_app_id, &nobody, 0, 0));
        }
    }
    all.update(format!("{:?}", App { secret_keys: Vec::new(), ..app.clone() }));
    all.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl SelfDescription {
    /// Of a server with this configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            name: config.node.clone().unwrap_or_else(|| config.listen.to_string()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            apps: config.apps.iter().map(|app| (app.sdk_app_id, digest(app))).collect(),
            // Should it turn out otherwise, the first beat says so.
            bus: if config.bus.is_some() { Bus::Up } else { Bus::Alone },
            losses: 0,
        }
    }

    #[cfg(test)]
    pub(super) fn named(name: &str, bus: Bus, losses: u64) -> Self {
        let (name, version) = (name.to_owned(), String::new());
        Self { name, version, apps: BTreeMap::new(), bus, losses }
    }

    pub(super) fn see(&mut self, bus: &State, losses: u64) {
        self.losses = losses;
        self.bus = match bus {
            State::Alone => Bus::Alone,
            State::Up => Bus::Up,
            State::Away { .. } => Bus::Away,
        };
    }

    /// As it is put into the database.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Neighbour {
    /// For people.
    pub fn name(&self) -> &str {
        self.state.as_ref().map_or("?", |it| &it.name)
    }

    /// In what it differs from this server and must not.
    pub fn differences(&self, me: &SelfDescription) -> Vec<String> {
        let Some(state) = &self.state else { return Vec::new() };
        let numbers = me.apps.keys().chain(state.apps.keys());
        let different = numbers.filter(|it| me.apps.get(it) != state.apps.get(it));
        let different: std::collections::BTreeSet<_> = different.collect();
        let sentence = |app: &&u32| match (me.apps.get(app), state.apps.get(app)) {
            (Some(_), Some(_)) => format!("app {app} has other settings on server {}", state.name),
            (Some(_), None) => format!("app {app} is not known to server {}", state.name),
            _ => format!("app {app} of server {} is not known here", state.name),
        };
        different.iter().map(sentence).collect()
    }
}

/// The other servers a beat has found.
pub(super) fn neighbours(beat: &Beat) -> Vec<Neighbour> {
    let neighbours = beat.others.iter().map(|it| Neighbour {
        key: it.key,
        silent: Duration::from_millis(it.silent_ms),
        // A newer version may say it in another way; that is no reason to fail.
        state: serde_json::from_str(&it.state).ok(),
    });
    neighbours.collect()
}
