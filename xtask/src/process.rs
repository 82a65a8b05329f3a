//! Other programs: run them, read what they print, give up on them after a while.
//!
//! A failure says which command it was and how it ended, because that line is often all a CI log
//! leaves. Output goes straight to the user unless somebody here wants to read it.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// One command about to run.
pub struct Program {
    command: Command,
    limit: Option<Duration>,
}

impl Program {
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self { command: Command::new(program), limit: None }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Ends the program when it takes longer than this.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Runs it in front of the user.
    pub fn run(mut self) -> Result<()> {
        self.command.stdin(Stdio::null());
        let mut child = self.start()?;
        let status = self.wait(&mut child)?;
        self.judge(status, "")
    }

    /// Runs it unseen and returns what it printed; what it complained about is part of the error.
    pub fn read(mut self) -> Result<String> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.start()?;
        // Both pipes are drained while it runs: a full one would stop it for good.
        let out = drain(child.stdout.take());
        let err = drain(child.stderr.take());
        let status = self.wait(&mut child)?;
        let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
        self.judge(status, &err)?;
        Ok(out)
    }

    /// Runs it in front of the user and shows every line of its output to `line` as well. Its
    /// failure is not ours: the caller has seen the lines and may know more.
    pub fn watch(mut self, mut line: impl FnMut(&str)) -> Result<ExitStatus> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = self.start()?;
        let mut output = BufReader::new(child.stdout.take().expect("stdout was asked to be piped"));
        let mut bytes = Vec::new();
        while output.read_until(b'\n', &mut bytes)? > 0 {
            let mut screen = std::io::stdout().lock();
            screen.write_all(&bytes)?;
            screen.flush()?;
            line(String::from_utf8_lossy(&bytes).trim_end());
            bytes.clear();
        }
        self.wait(&mut child)
    }

    /// Becomes that program where the system can do it, so that signals need no forwarding.
    pub fn replace_ourselves(mut self) -> Result<()> {
        #[cfg(unix)]
        {
            let error = std::os::unix::process::CommandExt::exec(&mut self.command);
            Err(error).with_context(|| format!("cannot start `{}`", self.shown()))
        }
        #[cfg(not(unix))]
        {
            let mut child = self.start()?;
            let status = self.wait(&mut child)?;
            self.judge(status, "")
        }
    }

    fn start(&mut self) -> Result<Child> {
        self.command.spawn().with_context(|| {
            format!("cannot start `{}`; is it installed?", self.command.get_program().display())
        })
    }

    fn wait(&self, child: &mut Child) -> Result<ExitStatus> {
        let Some(limit) = self.limit else { return Ok(child.wait()?) };
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if started.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                bail!("`{}` did not finish within {} s", self.shown(), limit.as_secs());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn judge(&self, status: ExitStatus, complaint: &str) -> Result<()> {
        if status.success() {
            return Ok(());
        }
        let complaint = last_lines(complaint, 15);
        if complaint.is_empty() {
            bail!("`{}` ended with {status}; the reason is shown above", self.shown());
        }
        bail!("`{}` ended with {status}:\n{complaint}", self.shown());
    }

    /// The command as the user would type it: programs by name, however long their path.
    fn shown(&self) -> String {
        let program = Path::new(self.command.get_program());
        std::iter::once(program.file_name().unwrap_or(program.as_os_str()))
            .chain(self.command.get_args())
            .map(OsStr::to_string_lossy)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Cargo as the one that started us, so that `cargo +toolchain xtask` stays with its toolchain.
pub fn cargo() -> Program {
    Program::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The compiler cargo will use.
pub fn rustc() -> Program {
    Program::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// npm, without its chatter about funding and audits.
pub fn npm() -> Program {
    let name = if cfg!(windows) { "npm.cmd" } else { "npm" };
    Program::new(name).env("NPM_CONFIG_FUND", "false").env("NPM_CONFIG_AUDIT", "false")
}

/// Where the shell would find `program`.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path: OsString = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks ends the text; the exit status tells the rest.
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_named_with_its_complaint() {
        let failed = Program::new("sh").args(["-c", "echo no luck >&2; exit 3"]).read();
        let sentence = failed.unwrap_err().to_string();
        assert!(sentence.starts_with("`sh -c echo no luck"), "{sentence}");
        assert!(sentence.contains("exit status: 3:\nno luck"), "{sentence}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let failed = Program::new("no-such-program-here").run();
        assert!(
            failed.unwrap_err().to_string().contains("`no-such-program-here`; is it installed?")
        );
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let started = Instant::now();
        let failed = Program::new("sleep").arg("30").within(Duration::from_millis(100)).run();
        assert!(failed.unwrap_err().to_string().contains("did not finish"));
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn output_larger_than_a_pipe_is_read_whole() {
        let read = Program::new("sh").args(["-c", "head -c 300000 /dev/zero | tr '\\0' x"]).read();
        assert_eq!(read.unwrap().len(), 300_000);
    }

    #[test]
    fn every_line_is_shown_to_the_watcher() {
        let mut lines = Vec::new();
        let status =
            Program::new("printf").arg("one\\ntwo").watch(|line| lines.push(line.to_owned()));
        assert!(status.unwrap().success());
        assert_eq!(lines, ["one", "two"]);
    }
}
