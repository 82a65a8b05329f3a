//! Every check of the project, in the order in which they fail fastest.
//!
//! A step that runs tests adds what its test runners count; any other step counts as one. The last
//! line of the whole run is `N passed, N failed` and nothing else, so that a machine can read it;
//! that holds for a machine without the needed tools, too.

mod count;
mod steps;

use std::process::ExitCode;
use std::time::Instant;

use clap::builder::PossibleValuesParser;
use count::Count;
use steps::{LINT, ON_DEMAND, SETUP, STEPS, Step};

use crate::project::Project;
use crate::report::Took;

/// The names `--only` accepts.
pub fn step_names() -> PossibleValuesParser {
    PossibleValuesParser::new(STEPS.iter().chain(ON_DEMAND).map(|step| step.name))
}

/// Runs the steps named in `only`, or all of them, with those `on_demand` as well if wanted.
pub fn run(project: &Project, only: &[String], on_demand: bool, keep_going: bool) -> ExitCode {
    let all = STEPS.iter().chain(ON_DEMAND);
    if !only.is_empty() {
        let named = all.filter(|step| only.iter().any(|it| it == step.name));
        return carry_out(project, named, keep_going);
    }
    // Set-up comes before the first minute of testing rather than in the middle: a machine that lacks
    // something says so at once.
    let steps = STEPS.len() + if on_demand { ON_DEMAND.len() } else { 0 };
    carry_out(project, std::iter::once(&SETUP).chain(all.take(steps)), keep_going)
}

/// The quick steps, all of them whatever fails.
pub fn lint(project: &Project) -> ExitCode {
    carry_out(project, STEPS.iter().filter(|step| LINT.contains(&step.name)), true)
}

fn carry_out<'a>(
    project: &Project,
    mut steps: impl Iterator<Item = &'a Step>,
    keep_going: bool,
) -> ExitCode {
    let started = Instant::now();
    let mut total = Count::default();
    let mut failures = Vec::new();
    let mut summary = Vec::new();
    for step in steps.by_ref() {
        println!("\n==> {}: {}", step.name, step.does);
        let started = Instant::now();
        let (count, failure) = step.carry_out(project);
        total += count;
        let verdict = if failure.is_some() { "FAILED" } else { "ok" };
        let took = Took(started.elapsed());
        println!("    {} {verdict}: {count}, {took}", step.name);
        summary.push(format!("{:12} {verdict:6} {count:>24} {took:>13}", step.name));
        if let Some(failure) = failure {
            println!("    {failure:#}");
            failures.push(format!("{} failed: {failure:#}", step.name));
            if !keep_going {
                break;
            }
        }
    }

    let total_took = Took(started.elapsed());
    println!("\n{}\n{:45} {total_took:>13}", summary.join("\n"), "");
    for step in steps {
        println!("{:12} not run", step.name);
    }
    for failure in &failures {
        println!("\nerror: {failure}");
    }
    if !failures.is_empty() {
        println!("\nA single step is run again with `cargo xtask test --only <step>`.");
    }
    println!("{total}");
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
