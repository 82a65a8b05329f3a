//! `tim-server`: arguments and signals; the rest is in the library.

mod commands;

use std::{
    error::Error,
    io::{self, IsTerminal as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use commands::CommandError;
use futures::FutureExt as _;
use tim_protocol::{ids::UserId, usersig};
use tim_server::{
    config::{App, Config, LogFormat, Origin, Overrides},
    http::refresh_certificate,
    service::now_s,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

// Frames are small, short-lived and mostly freed on another thread than the one that made them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A self-hosted chat server for tim-wasm. Without arguments it keeps its data in ./tim-data, makes a
/// development app and listens on 127.0.0.1:8080.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Settings {
    /// Configuration file (TOML)
    #[arg(long, short, env = "TIM_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// Address and port to listen on
    #[arg(long, global = true)]
    listen: Option<String>,
    /// Folder of the database, unless that is elsewhere, and of the generated keys
    #[arg(long, global = true)]
    data: Option<String>,
    /// Where messages are kept: sqlite (in the data folder), or postgres://user:password@host/database
    #[arg(long, global = true)]
    database: Option<String>,
    /// What joins several servers: local (nothing), or nats://host:port
    #[arg(long, global = true)]
    bus: Option<String>,
    /// Folder of the web page to serve
    #[arg(long, global = true)]
    web_root: Option<String>,
    /// Log level, or levels by module
    #[arg(long, global = true)]
    log: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Print a UserSig, the credential a user logs in with
    Usersig {
        /// SDKAppID; may be left out when there is only one app
        #[arg(long)]
        app: Option<u32>,
        /// userID
        #[arg(long)]
        user: UserId,
        /// Lifetime in seconds
        #[arg(long, default_value_t = 15_552_000)]
        expire: u64,
    },
    /// Read the configuration, say whether it is good, and exit
    CheckConfig,
    /// Look whether the configuration, the database and the bus can be used, and change nothing
    Check,
    /// Bring the schema of the database up to date, and exit
    Migrate,
    /// Copy the SQLite database, also while a server works with it
    Backup {
        /// The file to write; it must not exist
        file: PathBuf,
    },
}

/// Why the program ends, as a sentence for the operator.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Config(#[source] tim_server::config::ConfigError),
    #[error(
        "the address {0} is in use by another program; choose another one with --listen, \
         TIM_LISTEN or `listen` in the configuration file"
    )]
    InUse(SocketAddr),
    #[error("cannot listen on {0}; choose another address with --listen, TIM_LISTEN or `listen`")]
    Listen(SocketAddr, #[source] io::Error),
    #[error("cannot start")]
    Start(#[source] io::Error),
    #[error("{0}")]
    Run(#[source] tim_server::service::StartError),
    #[error("{0}")]
    Command(#[source] CommandError),
    #[error("there are several apps; name one with --app")]
    WhichApp,
    #[error("there is no app {0}")]
    NoSuchApp(u32),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match load(&arguments.settings) {
        Ok(config) => match arguments.command {
            None => serve(config),
            Some(Command::Usersig { app, user, expire }) => {
                print_user_sig(&config, app, &user, expire)
            }
            Some(Command::CheckConfig) => {
                say(&format!("The configuration is good: {} app(s).", config.apps.len()));
                Ok(())
            }
            Some(Command::Check) => run(commands::check(&config)).map(|it| say(&it.join("\n"))),
            Some(Command::Migrate) => run(commands::migrate(&config)).map(|it| say(&it)),
            Some(Command::Backup { file }) => {
                run(commands::back_up(&config, &file)).map(|it| say(&it))
            }
        },
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run<T>(command: impl Future<Output = Result<T, CommandError>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::Start)?.block_on(command).map_err(Failure::Command)
}

#[expect(clippy::print_stdout, reason = "the answer to a command belongs on standard output")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "the operator reads this before any log exists")]
fn complain(failure: &Failure) {
    let mut text = format!("tim-server: {failure}");
    let mut source = failure.source();
    // These say what is wrong themselves; do not say it twice.
    match failure {
        Failure::Config(error) => source = error.source(),
        Failure::Run(_) | Failure::Command(_) => source = None,
        _ => {}
    }
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    eprintln!("{text}");
}

fn load(settings: &Settings) -> Result<Config, Failure> {
    let sources = [
        ("listen", "TIM_LISTEN", "--listen", &settings.listen),
        ("data", "TIM_DATA", "--data", &settings.data),
        ("database", "TIM_DATABASE", "--database", &settings.database),
        ("bus", "TIM_BUS", "--bus", &settings.bus),
        ("node", "TIM_NODE", "", &None),
        ("webRoot", "TIM_WEB_ROOT", "--web-root", &settings.web_root),
        ("tls.certificate", "TIM_TLS_CERTIFICATE", "", &None),
        ("tls.key", "TIM_TLS_KEY", "", &None),
        ("trustedProxies", "TIM_TRUSTED_PROXIES", "", &None),
        ("log", "TIM_LOG", "--log", &settings.log),
        ("logFormat", "TIM_LOG_FORMAT", "", &None),
    ];
    let mut overrides = Overrides { server: Vec::new(), environment: std::env::vars().collect() };
    for (key, variable, name, argument) in sources {
        if let Some(text) = argument {
            overrides.server.push((key, text.clone(), Origin::Argument(name)));
        } else if let Ok(text) = std::env::var(variable) {
            overrides.server.push((key, text, Origin::Variable(variable.to_owned())));
        }
    }
    Config::load(settings.config.as_deref(), &overrides).map_err(Failure::Config)
}

fn print_user_sig(
    config: &Config,
    app: Option<u32>,
    user_id: &UserId,
    lifetime_s: u64,
) -> Result<(), Failure> {
    let app: &App = match (app, config.apps.as_slice()) {
        (None, [only]) => only,
        (None, _) => return Err(Failure::WhichApp),
        (Some(id), apps) => {
            apps.iter().find(|it| it.sdk_app_id == id).ok_or(Failure::NoSuchApp(id))?
        }
    };
    let key = app.secret_keys.first().ok_or(Failure::NoSuchApp(app.sdk_app_id))?;
    say(&usersig::sign(key, app.sdk_app_id, user_id, now_s(), lifetime_s));
    Ok(())
}

fn start_log(config: &Config) {
    // The library of NATS tells of each attempt to connect, while the bus tells of what changed; and
    // PostgreSQL remarks that there are tables already.
    let log = format!("async_nats=off,sqlx=warn,{}", config.log);
    let filter = tracing_subscriber::EnvFilter::new(log);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match config.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

/// What a developer needs to know when the server has made up its own app.
fn introduce(config: &Config, url: &str) {
    let app = &config.apps[0];
    let key_file = config.key_file(app);
    say(&format!(
        "tim-server is listening on {url}\n\
         development app   SDKAppID {}\n\
         secret key        in {}\n\
         demo              {url}/",
        app.sdk_app_id,
        key_file.display()
    ));
}

/// Connections that may wait to be accepted; the system's `somaxconn` is the limit. When a node dies, all
/// its clients come here at once, and whoever finds no room waits for a second at least.
const BACKLOG: u32 = 4096;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As the library does by itself: connections of the process before do not hold the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// SIGHUP asks a service to read its files again. Only a developer's own server ends with the terminal
/// it was started in.
fn listen_for_hangups(config: &Config) -> io::Result<()> {
    if config.has_development_app && config.tls.is_none() {
        return Ok(());
    }
    let certificate = config.tls.clone();
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match &certificate {
                Some(certificate) => refresh_certificate(certificate).await,
                None => tracing::info!("there is no certificate to be read again"),
            }
        }
    });
    Ok(())
}

fn serve(config: Config) -> Result<(), Failure> {
    start_log(&config);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Start)?;
    runtime.block_on(async {
        let listener = listen(config.listen).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Failure::InUse(config.listen),
            _ => Failure::Listen(config.listen, error),
        })?;
        let address = listener.local_addr().map_err(Failure::Start)?;
        // Before anybody is told that the server is up: a signal from now on ends it in good order.
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Start)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Start)?;
        listen_for_hangups(&config).map_err(Failure::Start)?;
        let (stop, stopped) = oneshot::channel();
        let (hurry, hurried) = oneshot::channel();
        tokio::spawn(async move {
            for told in [stop, hurry] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                // Nobody listens any more when the server ends by itself.
                let _ = told.send(());
            }
        });
        let mut stopped = stopped.map(drop);
        let server = tokio::select! {
            server = tim_server::start(config.clone()) => server.map_err(Failure::Run)?,
            () = &mut stopped => return Ok(()),
        };
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{address}");
        if config.has_development_app {
            introduce(&config, &url);
        } else {
            say(&format!("tim-server is listening on {url}"));
        }
        server.serve(listener, stopped, hurried.map(drop)).await;
        Ok(())
    })
}
