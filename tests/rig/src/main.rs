//! `tim-rig`: runs a command beside an engine of its own, for tests that only need its address.
//!
//! ```text
//! tim-rig postgres -- COMMAND…    with TIM_TEST_POSTGRES=postgres://tim@host:port
//! ```
//!
//! The engine ends with the command, whose exit code is passed on.

use std::process::{ExitCode, ExitStatus};

use anyhow::{Context as _, Result, bail};
use tim_rig::{Postgres, PostgresSettings};
use tokio::process::Command;

/// Tests run at the same time, each with servers of their own.
const CONNECTIONS: u32 = 400;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(Into::into).and_then(|it| it.block_on(run()));
    match ended {
        // A command that was killed has no code.
        Ok(status) => {
            status.code().and_then(|it| u8::try_from(it).ok()).map_or(ExitCode::FAILURE, Into::into)
        }
        Err(error) => complain(&error),
    }
}

#[expect(clippy::print_stderr, reason = "the program's complaints belong there")]
fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("tim-rig: {error:#}");
    ExitCode::FAILURE
}

async fn run() -> Result<ExitStatus> {
    let mut arguments = std::env::args_os().skip(1);
    let (engine, separator) = (arguments.next(), arguments.next());
    let is_known =
        engine.is_some_and(|it| it == "postgres") && separator.is_some_and(|it| it == "--");
    let (true, Some(program)) = (is_known, arguments.next()) else {
        bail!("say `tim-rig postgres -- COMMAND…`");
    };
    let settings = PostgresSettings { max_connections: CONNECTIONS, ..PostgresSettings::default() };
    let postgres = Postgres::start_with(settings).await?;
    // The URL without a database: tests make their own.
    let url = postgres.url("");
    let mut command = Command::new(&program);
    command.args(arguments).kill_on_drop(true);
    command.env("TIM_TEST_POSTGRES", url.trim_end_matches('/'));
    let status = command.status().await;
    status.with_context(|| format!("cannot start {}", program.display()))
}
