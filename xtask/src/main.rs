//! `cargo xtask`: the project's one command, the same for people and for CI.
//!
//! # Layout
//!
//! - [`setup`] puts in place what the other commands need, one file per tool;
//! - [`module`] compiles the SDK; [`wasm`] makes the npm package's part for pages of it, `sizes.mjs`
//!   measures the result; [`mini`] the part for mini-programs; [`constants`] generates the tables the package shares with Rust;
//! - [`test`] runs every check and counts, [`tidy`] is the check of our own rules, [`supply`] that of
//!   what we take from others; [`fuzz`] goes on where tests stop;
//! - [`apps`] holds the short commands on top: demo, dist, bench;
//! - [`process`], [`project`], [`inputs`] and [`report`] are what they stand on: other programs,
//!   where things lie, whether something changed, what the user is told.
//!
//! Every failure ends in one sentence: which step, what was wrong, what to do. Nothing here decides
//! how the SDK or the server behave; this crate only calls what builds and tests them.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints")]

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use project::Project;

mod apps;
mod constants;
mod fuzz;
mod inputs;
mod mini;
mod module;
mod process;
mod project;
mod report;
mod setup;
mod supply;
mod test;
mod tidy;
mod wasm;

const VARIABLES: &str = "\
Environment:
  CHROMIUM, CHROMEDRIVER  programs to test with, instead of those on the PATH
  JSC                     JavaScriptCore's shell; without one its tests are left out
  TIM_RUST_SRC            sources of the Rust library (folder or archive) to build the wasm target and the
                          small download from, for machines whose rustup cannot get them
  XDG_CACHE_HOME          where tools are kept between clones, in tim-wasm; default ~/.cache";

/// Build, run, test and measure the project. Whatever a command needs is set up first.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true, after_help = VARIABLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and serve the demo page
    Demo {
        /// Arguments for the server, after `--`
        #[arg(last = true)]
        server: Vec<String>,
    },
    /// Run every check; the last line is `N passed, N failed`
    Test {
        /// Go on after a failing step
        #[arg(long)]
        keep_going: bool,
        /// Test in applications of mini-program frameworks as well, with 1 GB of packages
        #[arg(long)]
        mini_frameworks: bool,
        /// Run this step alone; may be given several times
        #[arg(long, value_name = "STEP", value_parser = test::step_names())]
        only: Vec<String>,
    },
    /// Run the quick checks: format, tidy, clippy
    Lint,
    /// Feed hostile input to everything that reads what comes from a network
    Fuzz {
        /// How long, for each target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Add what reaches new code to the corpus in fuzz/corpus
        #[arg(long)]
        keep: bool,
        /// Targets by name; all of them when none is given
        #[arg(value_name = "TARGET")]
        targets: Vec<String>,
    },
    /// Run the benchmarks
    Bench {
        /// Arguments for the benchmarks, after `--`
        #[arg(last = true)]
        bench: Vec<String>,
    },
    /// Make the npm tarball
    Dist,
    /// Put in place what the other commands need
    Setup,
    /// Build the WebAssembly and the npm package, and print what a page downloads
    Wasm,
    /// Build what mini-programs take, and print what it adds to a code package
    Mini,
    /// Write pkg/src/constants.ts from the tables in Rust
    Constants,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match Project::find().and_then(|project| run(&project, arguments.command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(project: &Project, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        // These two have the last word on the screen themselves.
        Command::Test { keep_going, mini_frameworks, only } => {
            return Ok(test::run(project, &only, mini_frameworks, keep_going));
        }
        Command::Lint => return Ok(test::lint(project)),
        Command::Demo { server } => apps::demo(project, &server)?,
        Command::Fuzz { seconds, keep, targets } => fuzz::run(project, &targets, seconds, keep)?,
        Command::Bench { bench } => apps::bench(project, &bench)?,
        Command::Dist => apps::dist(project).map(drop)?,
        Command::Setup => setup::everything(project)?,
        Command::Wasm => wasm::build(project)?,
        Command::Mini => mini::build(project)?,
        Command::Constants => constants::write(project)?,
    }
    Ok(ExitCode::SUCCESS)
}
