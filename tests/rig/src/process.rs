//! A process of the rig: started, watched, paused and, above all, ended.
//!
//! It ends in three ways. A test asks for it ([`Process::end`], [`Process::kill`]). The handle is
//! dropped, at the end of a test or while it panics. Or the test program dies without a word; then the
//! kernel sends the signal that `setpriv --pdeathsig` has asked it for. That signal comes when the
//! *thread* that started the process ends, so all are started by one thread that never ends.
//!
//! Signals go to a process that was not waited for yet, so a pid never means somebody else.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

use crate::{programs, tree};

/// How often is looked whether something has happened.
pub(crate) const GLANCE: Duration = Duration::from_millis(5);
/// How long an ending process may take before it is killed, and a killed one to be gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// What ends a process together with all it started, when its handle is dropped or the test program
/// dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// For programs that start no others, or whose children notice.
    Kill,
    /// What PostgreSQL calls an immediate shutdown.
    Quit,
    /// For programs that end their children when asked to end.
    Terminate,
}

impl Farewell {
    fn signal(self) -> Signal {
        match self {
            Self::Kill => Signal::KILL,
            Self::Quit => Signal::QUIT,
            Self::Terminate => Signal::TERM,
        }
    }

    /// As `setpriv` wants to read it.
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Quit => "QUIT",
            Self::Terminate => "TERM",
        }
    }
}

/// A program about to be started.
#[derive(Debug)]
pub struct Program {
    command: Command,
    name: String,
    farewell: Farewell,
}

impl Program {
    /// The program in `file`, without arguments.
    #[must_use]
    pub fn new(file: &Path, farewell: Farewell) -> Self {
        let mut command = match programs::on_path("setpriv") {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", farewell.name(), "--"]).arg(file);
                command
            }
            None => Command::new(file),
        };
        command.stdin(Stdio::null());
        // The terminal's interrupt is for the test, which then decides about its processes.
        command.process_group(0);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { command, name, farewell }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// A variable of its environment, which otherwise is that of the test.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it as somebody else, which only root may ask for.
    #[must_use]
    pub fn account(mut self, account: Option<Account>) -> Self {
        if let Some(account) = account {
            self.command.uid(account.user).gid(account.group);
        }
        self
    }

    /// Starts it. What it prints is appended to the files; they may be the same one.
    ///
    /// # Errors
    /// When it cannot be started, with its name.
    pub fn start(mut self, output: &Path, log: &Path) -> Result<Process> {
        self.command.stdout(append(output)?).stderr(append(log)?);
        let child = spawn(self.command).with_context(|| format!("cannot start {}", self.name))?;
        Ok(Process {
            child,
            ended: None,
            name: self.name,
            farewell: self.farewell,
            log: log.to_owned(),
        })
    }
}

/// A user of the system, for programs that refuse to run as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its user ID.
    pub user: u32,
    /// Its main group.
    pub group: u32,
}

impl Account {
    /// The account to use instead of root; `None` when we are not root and stay who we are.
    ///
    /// # Errors
    /// When we are root and the system has no such user.
    pub fn instead_of_root(name: &str) -> Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let id = |option: &str| -> Result<u32> {
            let output = Command::new("id").args([option, name]).output()?;
            let text = String::from_utf8_lossy(&output.stdout);
            text.trim().parse().with_context(|| format!("there is no user `{name}` to run as"))
        };
        Ok(Some(Self { user: id("-u")?, group: id("-g")? }))
    }

    /// Makes it the owner of a file or folder.
    ///
    /// # Errors
    /// When the file is not there.
    pub fn own(self, path: &Path) -> Result<()> {
        std::os::unix::fs::chown(path, Some(self.user), Some(self.group))
            .with_context(|| format!("cannot give {} away", path.display()))
    }
}

/// A running process; dropping it ends it and everything it started.
#[derive(Debug)]
pub struct Process {
    child: Child,
    ended: Option<ExitStatus>,
    name: String,
    farewell: Farewell,
    log: PathBuf,
}

impl Process {
    /// Its process ID; somebody else's once it has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// Sends a signal to the process alone.
    ///
    /// # Errors
    /// When it has ended.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        ensure!(self.ended.is_none(), "{} has ended", self.name);
        send(self.pid(), signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// Stops it and everything it started, as if the machine stood still; when this returns, none of
    /// them runs.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pause(&self) -> Result<()> {
        // Parents first: a stopped one starts no more children.
        self.signal(Signal::STOP)?;
        let members = tree::members(self.pid());
        for pid in &members[1..] {
            // One that ended meanwhile needs no pause.
            let _ = send(*pid, Signal::STOP);
        }
        let stopped = || members.iter().all(|pid| tree::is_stopped(*pid));
        ensure!(wait_for(PATIENCE, stopped), "{} does not stand still", self.name);
        Ok(())
    }

    /// Lets it go on after [`Process::pause`].
    ///
    /// # Errors
    /// When it has ended.
    pub fn resume(&self) -> Result<()> {
        for pid in &tree::members(self.pid())[1..] {
            let _ = send(*pid, Signal::CONT);
        }
        self.signal(Signal::CONT)
    }

    /// Asks it to end and waits for that.
    ///
    /// # Errors
    /// When it has not ended within the time; it goes on then.
    pub async fn end(&mut self, signal: Signal, within: Duration) -> Result<ExitStatus> {
        if let Some(status) = self.try_wait()? {
            return Ok(status);
        }
        self.signal(signal)?;
        let deadline = Instant::now() + within;
        while Instant::now() < deadline {
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(GLANCE).await;
        }
        bail!("{} did not end within {} s:\n{}", self.name, within.as_secs(), self.last_lines())
    }

    /// Ends it and everything it started at once, without a word to any of them. Nothing to do when
    /// it has ended.
    ///
    /// # Errors
    /// When one of them does not go away.
    pub fn kill(&mut self) -> Result<()> {
        if self.try_wait()?.is_some() {
            return Ok(());
        }
        // Standing still it starts nobody while the others are counted.
        self.signal(Signal::STOP)?;
        let members = tree::members(self.pid());
        for pid in &members {
            let _ = send(*pid, Signal::KILL);
        }
        self.ended = Some(self.child.wait()?);
        let gone = || members.iter().all(|pid| tree::has_ended(*pid));
        ensure!(wait_for(PATIENCE, gone), "what {} started does not end", self.name);
        Ok(())
    }

    /// Waits until `is_ready`, looking again and again. Whoever starts a process calls this with the
    /// sign that it is up.
    ///
    /// # Errors
    /// When the process ends before, or the time is over; with the end of its log.
    pub async fn ready(
        &mut self,
        within: Duration,
        mut is_ready: impl AsyncFnMut() -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + within;
        while !is_ready().await {
            if let Some(status) = self.try_wait()? {
                bail!("{} ended with {status}:\n{}", self.name, self.last_lines());
            }
            if Instant::now() > deadline {
                let seconds = within.as_secs();
                bail!("{} was not up within {seconds} s:\n{}", self.name, self.last_lines());
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// CPU time of it and everything it started, in seconds.
    #[must_use]
    pub fn cpu_seconds(&self) -> f64 {
        tree::cpu_seconds(self.pid())
    }

    fn last_lines(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// As far as it goes, whatever state it is in.
    fn dismiss(&mut self) -> Result<()> {
        if self.farewell != Farewell::Kill && self.try_wait()?.is_none() {
            self.signal(self.farewell.signal())?;
            // A paused one hears the signal when it goes on.
            self.resume()?;
            let started = Instant::now();
            while self.try_wait()?.is_none() && started.elapsed() < PATIENCE {
                thread::sleep(GLANCE);
            }
        }
        self.kill()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A handle that is dropped has nobody to complain to.
        let _ = self.dismiss();
    }
}

fn send(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no process ID")?;
    Ok(kill_process(pid, signal)?)
}

fn wait_for(within: Duration, mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + within;
    while !done() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(GLANCE);
    }
    true
}

fn append(file: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(file);
    opened.with_context(|| format!("cannot write {}", file.display()))
}

type Order = (Command, mpsc::Sender<std::io::Result<Child>>);

/// Starts a command on the thread that lives as long as this program.
fn spawn(command: Command) -> Result<Child> {
    static ORDERS: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (orders, incoming) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in incoming {
                // Whoever asked waits for the answer, so it is taken.
                let _ = answer.send(command.spawn());
            }
        });
        orders
    });
    let (answer, answered) = mpsc::channel();
    ORDERS.send((command, answer)).ok().context("the starting thread is gone")?;
    Ok(answered.recv().context("the starting thread is gone")??)
}
