//! `tim-load`: arguments and output; the rest is in the library.

use std::process::ExitCode;

use clap::Parser;
use tim_load::{Load, LoadError, options::Options, report::Report};

/// Put load on tim-server, measure it, and check that no message was lost, doubled or reordered.
///
/// Ends with 0 when all is well, with 1 when the check found a violation, with 2 when the run could
/// not be carried out.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let Arguments { options, json } = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime
        .map_err(LoadError::Threads)
        .and_then(|it| it.block_on(async { Load::start(options)?.finish().await }));
    match result {
        Ok(report) => {
            print(&report, json);
            if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            complain(&error);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the result of the program")]
fn print(report: &Report, json: bool) {
    if json {
        println!("{}", serde_json::to_string(report).expect("a report is plain data"));
    } else {
        print!("{report}");
    }
}

#[expect(clippy::print_stderr, reason = "why the program failed")]
fn complain(error: &LoadError) {
    eprintln!("tim-load: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        eprintln!("  because: {source}");
        cause = source.source();
    }
}
