//! The server's own settings, and how the sources become one [`Config`].

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;

use super::{
    App, Certificate, ConfigError, Drain, Overrides, is_private, keys,
    source::{self, FileSettings, Setting, Value},
    tls::TlsFiles,
};
use crate::{
    bus,
    storage::{self, Location, PostgresSettings},
};

/// Everything the operator decides.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Folder of the database, unless that is elsewhere, and of the generated keys.
    pub data: PathBuf,
    /// URL of a PostgreSQL database; `None` keeps everything in `data`.
    pub database: Option<String>,
    /// How a PostgreSQL database is used.
    pub postgres: Postgres,
    /// URL of the NATS that joins several servers; `None` for a single one.
    pub bus: Option<String>,
    /// Certificates (PEM) to trust instead of the system's when NATS is reached by TLS.
    pub bus_ca_file: Option<PathBuf>,
    /// What this server is called in logs and by its neighbours; its address when not given.
    pub node: Option<String>,
    /// What is logged: a level, or levels by module.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// Folder of the page that is served; `None` serves a word of help.
    pub web_root: Option<PathBuf>,
    /// Shown to clients; without one the server speaks plain HTTP.
    pub tls: Option<Arc<Certificate>>,
    tls_files: TlsFiles,
    /// Proxies whose word about the client's address counts.
    pub trusted_proxies: Vec<IpNet>,
    /// How the server takes its leave.
    pub drain: Drain,
    /// Protection against too much.
    pub limits: Limits,
    /// The tenants.
    pub apps: Vec<App>,
    /// The app was made up because the operator named none.
    pub has_development_app: bool,
}

/// How a PostgreSQL database is used.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// Connections that read.
    pub readers: u32,
    /// Connections that write.
    pub writers: u32,
    /// Longest statement.
    pub statement_timeout_ms: u64,
}

impl Default for Postgres {
    fn default() -> Self {
        Self { readers: 8, writers: 4, statement_timeout_ms: 10_000 }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What one connection, address or user may ask for.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections of one address.
    pub connections_per_address: u32,
    /// Requests of one connection in a second.
    pub requests_per_second: u32,
    /// Writes of one connection that may be under way at the same time.
    pub window: u32,
    /// Bytes that may wait for a client that reads too slowly.
    pub outgoing_bytes: usize,
    /// Failed logins of one user within a minute; 0 is no limit.
    pub login_failures_per_user: u32,
    /// Failed logins from one address within a minute; 0 is no limit.
    pub login_failures_per_address: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_per_address: 1_000,
            requests_per_second: 500,
            window: 64,
            outgoing_bytes: 2 * 1024 * 1024,
            login_failures_per_user: 10,
            login_failures_per_address: 10,
        }
    }
}

impl Config {
    /// The defaults of every setting, without an app.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data,
            database: None,
            postgres: Postgres::default(),
            bus: None,
            bus_ca_file: None,
            node: None,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            web_root: None,
            tls: None,
            tls_files: TlsFiles::default(),
            trusted_proxies: Vec::new(),
            drain: Drain::default(),
            limits: Limits::default(),
            apps: Vec::new(),
            has_development_app: false,
        }
    }

    /// Reads all sources and prepares the data folder.
    ///
    /// # Errors
    /// A sentence for the operator, when something is wrong with any of it.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, ConfigError> {
        let FileSettings { server, apps } = match file {
            Some(file) => source::read(file)?,
            None => FileSettings::default(),
        };
        let mut config = Self::new(PathBuf::from("tim-data"));
        let default_web_root = PathBuf::from("www/dist");
        config.web_root = default_web_root.is_dir().then_some(default_web_root);
        for setting in server.into_iter().chain(overrides.server_settings()) {
            config.take(&setting.key, &setting.value).map_err(|problem| setting.wrong(problem))?;
        }
        config.tls = std::mem::take(&mut config.tls_files).read()?;
        let unusable = |source| ConfigError::Data { folder: config.data.clone(), source };
        keys::prepare(&config.data).map_err(unusable)?;
        if config.bus.is_some() && config.database.is_none() {
            return Err(ConfigError::Contradiction(
                "`bus` joins servers that share a database, but `database` is not set: SQLite is \
                 for a single server"
                    .to_owned(),
            ));
        }
        if apps.is_empty() && config.bus.is_some() {
            return Err(ConfigError::Contradiction(
                "several servers need the same apps with the same keys: name them in the \
                 configuration file, each as [[app]]"
                    .to_owned(),
            ));
        }
        if apps.is_empty() {
            config.has_development_app = true;
            let mut app = App::new(keys::development_app(&config.data).map_err(unusable)?);
            app.name = "development".to_owned();
            app.issue_user_sig = is_private(config.listen) && config.trusted_proxies.is_empty();
            config.apps.push(app);
        }
        for settings in apps {
            config.apps.push(configured_app(settings)?);
        }
        let mut seen = Vec::new();
        for app in &mut config.apps {
            for setting in overrides.app_settings(app.sdk_app_id) {
                app.set(setting)?;
            }
            if app.secret_keys.is_empty() && config.bus.is_some() {
                return Err(ConfigError::Contradiction(format!(
                    "app {}: several servers need the same key: give `secretKeys`",
                    app.sdk_app_id
                )));
            }
            if app.secret_keys.is_empty() {
                let key = keys::secret_key(&config.data, app.sdk_app_id);
                app.secret_keys =
                    vec![key.map_err(|source| ConfigError::Data {
                        folder: config.data.clone(),
                        source,
                    })?];
            }
            if app.issue_user_sig && !is_private(config.listen) {
                return Err(ConfigError::Contradiction(format!(
                    "app {}: `dev.issueUserSig` gives anybody a login and is only possible while \
                     `listen` is an address of this machine alone (127.0.0.1), not {}",
                    app.sdk_app_id, config.listen
                )));
            }
            if app.issue_user_sig && !config.trusted_proxies.is_empty() {
                return Err(ConfigError::Contradiction(format!(
                    "app {}: `dev.issueUserSig` gives anybody a login and is not possible together \
                     with `trustedProxies`, through which others than this machine come",
                    app.sdk_app_id
                )));
            }
            if seen.contains(&app.sdk_app_id) {
                let problem = format!("there are two apps with sdkAppID {}", app.sdk_app_id);
                return Err(ConfigError::Contradiction(problem));
            }
            seen.push(app.sdk_app_id);
        }
        Ok(config)
    }

    /// Where messages are kept.
    #[must_use]
    pub fn location(&self) -> Location {
        match &self.database {
            None => Location::File(self.data.join("tim.db")),
            Some(url) => Location::Postgres(PostgresSettings {
                url: url.clone(),
                readers: self.postgres.readers,
                writers: self.postgres.writers,
                statement_timeout_ms: self.postgres.statement_timeout_ms,
            }),
        }
    }

    /// The file that holds the generated key of an app.
    #[must_use]
    pub fn key_file(&self, app: &App) -> PathBuf {
        keys::file(&self.data, app.sdk_app_id)
    }

    fn take(&mut self, key: &str, value: &Value) -> Result<(), String> {
        let limits = &mut self.limits;
        match key {
            "listen" => self.listen = address(&value.text()?)?,
            "data" => self.data = value.text()?.into(),
            "database" => self.database = database(value)?,
            "postgres.readers" => self.postgres.readers = value.int(1, 1000)?,
            "postgres.writers" => self.postgres.writers = value.int(1, 100)?,
            "postgres.statementTimeoutMs" => {
                self.postgres.statement_timeout_ms = value.int(100, 600_000)?;
            }
            "bus" => self.bus = bus_url(value)?,
            "nats.caFile" => self.bus_ca_file = Some(value.text()?.into()),
            "node" => self.node = Some(value.text()?),
            "log" => self.log = log_filter(value)?,
            "logFormat" => self.log_format = log_format(value)?,
            "webRoot" => self.web_root = Some(web_root(value)?),
            "tls.certificate" => self.tls_files.certificate = Some(value.text()?.into()),
            "tls.key" => self.tls_files.key = Some(value.text()?.into()),
            "trustedProxies" => self.trusted_proxies = networks(value)?,
            "drain.delaySeconds" => self.drain.delay = seconds(value)?,
            "drain.spreadSeconds" => self.drain.spread = Some(seconds(value)?),
            "limits.connectionsPerAddress" => {
                limits.connections_per_address = value.int(1, 1_000_000)?;
            }
            "limits.requestsPerSecond" => limits.requests_per_second = value.int(1, 1_000_000)?,
            "limits.window" => limits.window = value.int(1, 1024)?,
            "limits.outgoingBytes" => limits.outgoing_bytes = value.int(1 << 19, 1 << 30)?,
            "limits.loginFailuresPerUser" => {
                limits.login_failures_per_user = value.int(0, 1_000_000)?;
            }
            "limits.loginFailuresPerAddress" => {
                limits.login_failures_per_address = value.int(0, 1_000_000)?;
            }
            _ => return Err("there is no such setting".to_owned()),
        }
        Ok(())
    }
}

fn database(value: &Value) -> Result<Option<String>, String> {
    let text = value.text()?;
    if text == "sqlite" {
        return Ok(None);
    }
    storage::check_url(&text)?;
    Ok(Some(text))
}

fn bus_url(value: &Value) -> Result<Option<String>, String> {
    let text = value.text()?;
    if text == "local" {
        return Ok(None);
    }
    bus::check_url(&text).map_err(|error| format!("must be local, or a URL of NATS: {error}"))?;
    Ok(Some(text))
}

fn configured_app(settings: Vec<Setting>) -> Result<App, ConfigError> {
    let id = settings.iter().find(|it| it.key == "sdkAppID").cloned();
    let Some(id) = id else {
        let problem = "an [[app]] needs a number: sdkAppID = 1400000001";
        return Err(ConfigError::Contradiction(problem.to_owned()));
    };
    let number = id.value.int(1, i64::from(u32::MAX)).map_err(|problem| id.wrong(problem))?;
    let mut app = App::new(number);
    for setting in settings {
        app.set(setting)?;
    }
    Ok(app)
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let problem = |error: Option<io::Error>| {
        let detail = error.map(|it| format!(" ({it})")).unwrap_or_default();
        format!(
            "must be an address and a port from 0 to 65535, as in 127.0.0.1:8080 or [::]:8080{detail}"
        )
    };
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let mut found = text.to_socket_addrs().map_err(|error| problem(Some(error)))?;
    found.next().ok_or_else(|| problem(None))
}

fn seconds(value: &Value) -> Result<Duration, String> {
    value.int(0, 3600).map(Duration::from_secs)
}

/// Networks or single addresses: a list, or in a variable one text with commas.
fn networks(value: &Value) -> Result<Vec<IpNet>, String> {
    let network = |text: &str| {
        let text = text.trim();
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| address()).map_err(|_| {
            format!("\"{text}\" is no address or network, as in 127.0.0.1 or 10.0.0.0/8")
        })
    };
    match value {
        Value::Text(text) => text.split(',').map(network).collect(),
        _ => value.list()?.iter().map(|it| network(&it.text()?)).collect(),
    }
}

fn log_filter(value: &Value) -> Result<String, String> {
    let text = value.text()?;
    match text.parse::<tracing_subscriber::filter::EnvFilter>() {
        Ok(_) if !text.is_empty() => Ok(text),
        _ => Err("must be error, warn, info, debug, trace or levels by module".to_owned()),
    }
}

fn log_format(value: &Value) -> Result<LogFormat, String> {
    match value.text()?.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be \"text\" or \"json\"".to_owned()),
    }
}

fn web_root(value: &Value) -> Result<PathBuf, String> {
    let folder = PathBuf::from(value.text()?);
    if folder.is_dir() { Ok(folder) } else { Err(format!("{} is no folder", folder.display())) }
}
