//! What a run is asked to do: the options of the command line and of the library alike.
//!
//! Each option says its unit and its default. [`Options::check`] refuses contradictions with a
//! sentence before anything is opened.

use std::{
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _},
    str::FromStr,
    time::Duration,
};

use clap::Args;

use crate::LoadError;

/// Room for the stamp in a text, see [`crate::stamp`].
pub(crate) const TEXT_BYTES_LEAST: usize = 17;
/// Longest run when neither a duration nor a number of messages is given.
const DURATION: Duration = Duration::from_secs(30);

/// Everything that is decided before a run.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Address and port of a server; given several times, connections are spread over them and a lost
    /// one moves on to the next
    #[arg(long = "target", value_name = "HOST:PORT", default_value = "127.0.0.1:8080", value_parser = address)]
    pub targets: Vec<SocketAddr>,
    /// SDKAppID of the app that is used
    #[arg(long)]
    pub app: u32,
    /// Secret key of the app, to sign logins with
    #[arg(long, env = "TIM_KEY", hide_env_values = true)]
    pub key: String,
    /// What the userIDs begin with; a number follows. Another word means other people
    #[arg(long, value_name = "WORD", default_value = "load")]
    pub users: String,
    /// Connections that send and receive, one user each
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub connections: usize,
    /// How many of them are real SDK engines; the others speak raw frames
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub engines: usize,
    /// How many of the connections send; all of them receive [default: all]
    #[arg(long, value_name = "COUNT")]
    pub senders: Option<usize>,
    /// Connections beside them that are logged in and say nothing
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub idle: usize,
    /// Logins begun in a second
    #[arg(long, value_name = "PER_SECOND", default_value_t = 500.0)]
    pub ramp: f64,
    /// Messages in a second, of all connections together. They are due whatever the server does, and
    /// latency counts from when they were due
    #[arg(long, value_name = "PER_SECOND", default_value_t = 100.0)]
    pub rate: f64,
    /// Send as fast as answers come instead of at a rate: the most that is possible
    #[arg(long)]
    pub closed_loop: bool,
    /// Unanswered messages of one connection in the closed loop
    #[arg(long, value_name = "COUNT", default_value_t = 16)]
    pub window: usize,
    /// Who writes to whom: `ring`, everybody to the next one; `random`, any two; `hot:SHARE`, that
    /// share (0 to 1) from the first to the second and the rest at random
    #[arg(long, value_name = "MIX", default_value = "ring")]
    pub mix: Mix,
    /// Length of a text in bytes, at least 17
    #[arg(long, value_name = "BYTES", default_value_t = 120)]
    pub text_bytes: usize,
    /// How long messages are sent, in seconds [default: 30 without --messages]
    #[arg(long, value_name = "SECONDS")]
    pub duration: Option<f64>,
    /// How many messages are sent in all [default: no limit]
    #[arg(long, value_name = "COUNT")]
    pub messages: Option<u64>,
    /// Cut that share (0 to 1) of the connections at once, that many seconds after the first message;
    /// may be given several times
    #[arg(long = "storm", value_name = "SECONDS:SHARE")]
    pub storms: Vec<Storm>,
    /// Spread connections over the addresses 127.0.0.1 to 127.0.0.COUNT: one address has ports for
    /// about 28,000
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub sources: u8,
    /// How long the end waits, in seconds, until all is answered and received
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub settle: f64,
    /// A server process whose CPU time and memory are read from /proc; may be given several times
    #[arg(long = "pid")]
    pub pids: Vec<u32>,
    /// Leave out the check that nothing was lost, doubled or reordered
    #[arg(long)]
    pub no_check: bool,
}

/// Who writes to whom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mix {
    /// Everybody to the next one, the last one to the first.
    Ring,
    /// Any two.
    Random,
    /// A share of all messages goes from the first to the second connection; the rest is random.
    Hot(f64),
}

/// Connections that are cut at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Storm {
    /// Seconds after the first message.
    pub at_s: f64,
    /// How many of all connections, 0–1.
    pub share: f64,
}

fn share(text: &str) -> Option<f64> {
    text.parse().ok().filter(|it| (0.0..=1.0).contains(it))
}

impl FromStr for Mix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.strip_prefix("hot:").and_then(share)) {
            ("ring", _) => Ok(Self::Ring),
            ("random", _) => Ok(Self::Random),
            (_, Some(share)) => Ok(Self::Hot(share)),
            _ => Err("must be ring, random or hot:SHARE with a share from 0 to 1"),
        }
    }
}

impl FromStr for Storm {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':').and_then(|(at, of)| Some((at.parse().ok()?, share(of)?)));
        match parts {
            Some((at_s, share)) if at_s >= 0.0 && f64::is_finite(at_s) => Ok(Self { at_s, share }),
            _ => Err("must be SECONDS:SHARE, as in 10:0.5, with a share from 0 to 1"),
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().map_err(|it| it.to_string())?;
    let mut found: Vec<SocketAddr> = found.collect();
    // Sources are of version 4; prefer what they can reach.
    found.sort_by_key(SocketAddr::is_ipv6);
    found.into_iter().next().ok_or_else(|| "no such host".to_owned())
}

impl Options {
    /// The defaults, at these servers.
    #[must_use]
    pub fn new(targets: Vec<SocketAddr>, app: u32, key: String) -> Self {
        Self {
            targets,
            app,
            key,
            users: "load".to_owned(),
            connections: 100,
            engines: 0,
            senders: None,
            idle: 0,
            ramp: 500.0,
            rate: 100.0,
            closed_loop: false,
            window: 16,
            mix: Mix::Ring,
            text_bytes: 120,
            duration: None,
            messages: None,
            storms: Vec::new(),
            sources: 1,
            settle: 30.0,
            pids: Vec::new(),
            no_check: false,
        }
    }

    /// All connections, idle ones too.
    pub(crate) fn all(&self) -> usize {
        self.connections + self.idle
    }

    /// Connections that send.
    pub(crate) fn senders(&self) -> usize {
        self.senders.unwrap_or(self.connections)
    }

    /// Whether anything is sent at all.
    pub(crate) fn sends(&self) -> bool {
        self.senders() > 0 && (self.closed_loop || self.rate > 0.0)
    }

    /// When sending ends at the latest.
    pub(crate) fn sending_time(&self) -> Option<Duration> {
        let default = self.messages.is_none().then_some(DURATION);
        self.duration.map(Duration::from_secs_f64).or(default)
    }

    pub(crate) fn settle_time(&self) -> Duration {
        Duration::from_secs_f64(self.settle)
    }

    /// The address that connection `index` comes from; `None` leaves it to the system.
    pub(crate) fn source(&self, index: usize) -> Option<Ipv4Addr> {
        let last = index % usize::from(self.sources.max(1)) + 1;
        (self.sources > 1).then(|| Ipv4Addr::new(127, 0, 0, u8::try_from(last).unwrap_or(1)))
    }

    /// Whether all this can be done together.
    ///
    /// # Errors
    /// A sentence that says what to change.
    pub fn check(&self) -> Result<(), LoadError> {
        let time = |it: f64| (0.0..=1e7).contains(&it);
        let problem = if self.targets.is_empty() {
            "name at least one server with --target"
        } else if self.all() == 0 {
            "there is nothing to do without --connections and --idle"
        } else if self.senders() > self.connections || self.engines > self.connections {
            "--senders and --engines cannot be more than --connections"
        } else if self.senders() > 0 && self.connections < 2 {
            "writing takes two: give --connections 2 or more, or --senders 0"
        } else if !(self.ramp > 0.0 && self.ramp.is_finite()) {
            "--ramp must be more than 0 logins in a second"
        } else if !(self.rate >= 0.0 && self.rate <= 1e7) {
            "--rate must be from 0 to 10,000,000 messages in a second"
        } else if self.messages.is_some() && self.duration.is_none() && !self.sends() {
            "nobody sends, so --messages is never reached: give --duration instead"
        } else if self.closed_loop && !(1..=100_000).contains(&self.window) {
            "--window must be from 1 to 100,000"
        } else if self.closed_loop && matches!(self.mix, Mix::Hot(_)) {
            "a hot pair needs a rate: in the closed loop every connection is as fast as it can"
        } else if !(TEXT_BYTES_LEAST..=100_000).contains(&self.text_bytes) {
            "--text-bytes must be from 17 to 100,000"
        } else if !time(self.settle) || !self.duration.is_none_or(time) {
            "--duration and --settle are seconds, from 0 to 10,000,000"
        } else if !(1..=254).contains(&self.sources) {
            "--sources must be from 1 to 254"
        } else if self.user(self.all()).parse::<tim_protocol::ids::UserId>().is_err() {
            "--users must be a short word of printable ASCII"
        } else {
            return Ok(());
        };
        Err(LoadError::Options(problem))
    }

    /// The userID of connection `index`.
    pub(crate) fn user(&self, index: usize) -> String {
        format!("{}{index}", self.users)
    }

    /// The connection whose user that is.
    pub(crate) fn index_of(&self, user: &str) -> Option<u32> {
        let number = user.strip_prefix(&self.users)?.parse().ok()?;
        (usize::try_from(number).ok()? < self.all()).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Options {
        Options::new(vec![([127, 0, 0, 1], 1).into()], 1, "key".to_owned())
    }

    #[test]
    fn the_defaults_of_the_library_are_those_of_the_command_line() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            options: Options,
        }
        let line = ["tim-load", "--app", "1", "--key", "key", "--target", "127.0.0.1:1"];
        let line: Line = clap::Parser::parse_from(line);
        assert_eq!(format!("{:?}", line.options), format!("{:?}", good()));
    }

    #[test]
    fn contradictions_are_refused() {
        assert!(good().check().is_ok());
        let changes: [fn(&mut Options); 9] = [
            |it| it.targets.clear(),
            |it| it.connections = 1,
            |it| it.senders = Some(101),
            |it| it.ramp = 0.0,
            |it| it.rate = f64::NAN,
            |it| (it.closed_loop, it.mix) = (true, Mix::Hot(0.5)),
            |it| it.text_bytes = 16,
            |it| (it.rate, it.messages) = (0.0, Some(1)),
            |it| it.users = "no space".to_owned(),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut options = good();
            change(&mut options);
            assert!(options.check().is_err(), "change {index}");
        }
    }

    #[test]
    fn mixes_and_storms_are_read_or_refused() {
        assert_eq!("hot:0.25".parse(), Ok(Mix::Hot(0.25)));
        assert_eq!("10:0.5".parse(), Ok(Storm { at_s: 10.0, share: 0.5 }));
        assert!(["hot", "hot:2", "rings"].iter().all(|it| it.parse::<Mix>().is_err()));
        assert!(["10", "x:1", "-1:0.5", "1:1.5"].iter().all(|it| it.parse::<Storm>().is_err()));
    }
}
