//! The steps of `cargo xtask test`: what each is called, what it does, how it is done.
//!
//! A step asks for the tools and builds it needs itself, so that it can be run alone; what is there
//! already costs next to nothing.

use anyhow::{Result, bail, ensure};

use super::count::Count;
use crate::process::{self, Program};
use crate::project::Project;
use crate::{apps, constants, mini, setup, supply, tidy, wasm};

/// One named check.
pub struct Step {
    pub name: &'static str,
    pub does: &'static str,
    work: Work,
}

enum Work {
    /// Makes the others possible; counts only when it fails.
    Prepare(fn(&Project) -> Result<()>),
    /// Works or does not.
    Check(fn(&Project) -> Result<()>),
    /// Runs programs that count their tests.
    Tests(fn(&Project, &mut Tests<'_>) -> Result<()>),
}

use Work::{Check, Prepare};

pub const SETUP: Step = Step {
    name: "setup",
    does: "tools that are missing, up to 10 minutes on a fresh machine",
    work: Prepare(setup::everything),
};

pub const STEPS: &[Step] = &[
    Step { name: "fmt", does: "the format of the Rust sources", work: Check(fmt) },
    Step { name: "tidy", does: "the rules of this repository", work: Check(tidy) },
    Step {
        name: "clippy",
        does: "lints of all crates, up to 4 minutes the first time",
        work: Check(clippy),
    },
    Step {
        name: "clippy-wasm",
        does: "lints of the SDK as WebAssembly, up to 1 minute the first time",
        work: Check(clippy_wasm),
    },
    Step {
        name: "deny",
        does: "licences and sources of crates, and what is known against them, 4 minutes the first time",
        work: Check(supply::check),
    },
    Step {
        name: "native",
        does: "tests of all crates, up to 6 minutes the first time",
        work: Work::Tests(native),
    },
    Step {
        name: "postgres",
        does: "the server's tests on PostgreSQL, a few minutes",
        work: Work::Tests(postgres),
    },
    Step {
        name: "faults",
        does: "real servers and engines are hurt under traffic, 6 minutes and a build of the server",
        work: Work::Tests(faults),
    },
    Step {
        name: "wasm",
        does: "the WebAssembly and the npm package, up to 4 minutes the first time",
        work: Check(wasm::build),
    },
    Step {
        name: "mini-build",
        does: "the SDK for mini-programs, up to 4 minutes the first time",
        work: Check(mini::build),
    },
    Step {
        name: "browser",
        does: "tests of the SDK in headless Chromium, up to 4 minutes the first time",
        work: Work::Tests(browser),
    },
    Step {
        name: "typescript",
        does: "types of the package, the demo and the tests, under a minute",
        work: Check(typescript),
    },
    Step {
        name: "facade",
        does: "tests of the package's TypeScript without the WebAssembly, under a minute",
        work: Work::Tests(facade),
    },
    Step {
        name: "www",
        does: "tests of the demo page's own parts, under a minute",
        work: Work::Tests(www),
    },
    Step {
        name: "conformance",
        does: "constants and types against the published tim-js-sdk, under a minute",
        work: Work::Tests(conformance),
    },
    Step {
        name: "package",
        does: "the packed npm module in pages and bundlers, up to 10 minutes the first time",
        work: Work::Tests(package),
    },
    Step {
        name: "mini",
        does: "the packed module in a mini-program's logic layer and in WeChat's tools, a few minutes",
        work: Work::Tests(mini_programs),
    },
    Step {
        name: "e2e",
        does: "the demo page against the server in Chromium, a few minutes",
        work: Work::Tests(e2e),
    },
];

/// Only run when they are asked for.
pub const ON_DEMAND: &[Step] = &[Step {
    name: "mini-frameworks",
    does: "Taro and uni-app applications, 5 minutes and 1 GB of packages the first time",
    work: Work::Tests(mini_frameworks),
}];

/// The steps that need no build, for `cargo xtask lint`.
pub const LINT: &[&str] = &["fmt", "tidy", "clippy", "clippy-wasm"];

impl Step {
    /// Does the work: how many tests passed and failed, and why the step failed if it did.
    pub fn carry_out(&self, project: &Project) -> (Count, Option<anyhow::Error>) {
        let mut count = Count::default();
        let done = match self.work {
            Prepare(work) | Check(work) => work(project),
            Work::Tests(work) => work(project, &mut Tests { count: &mut count }),
        };
        match (done, &self.work) {
            (Ok(()), Prepare(_)) => (count, None),
            (Ok(()), Check(_)) => (Count::PASSED, None),
            (Ok(()), Work::Tests(_)) => (count, None),
            (Err(error), _) => {
                // A step that fails without a failing test, by not compiling for one, still counts.
                if count.failed == 0 {
                    count += Count::FAILED;
                }
                (count, Some(error))
            }
        }
    }
}

/// Runs test programs and adds up what they count.
struct Tests<'a> {
    count: &'a mut Count,
}

impl Tests<'_> {
    fn run(&mut self, program: Program) -> Result<()> {
        let mut count = Count::default();
        let status = program.watch(|line| count += Count::of_line(line))?;
        *self.count += count;
        judge(count, status.success())
    }
}

/// Whether a test program did well. Its word alone is not enough: one that found no tests, or lost
/// count of a failing one, ends well too.
fn judge(count: Count, ended_well: bool) -> Result<()> {
    if count.failed > 0 {
        bail!("{count}; the failing tests are named above");
    }
    ensure!(ended_well, "{count}, but the test program itself failed; the reason is shown above");
    ensure!(!count.is_empty(), "no test ran: the test program printed no summary");
    Ok(())
}

fn fmt(project: &Project) -> Result<()> {
    let checked = process::cargo().args(["fmt", "--all", "--check"]).directory(&project.root).run();
    checked.map_err(|_| anyhow::anyhow!("some files are not formatted: run `cargo fmt --all`"))
}

fn tidy(project: &Project) -> Result<()> {
    tidy::check(project)?;
    mini::check_dependencies(project)?;
    constants::check(project)
}

fn clippy(project: &Project) -> Result<()> {
    process::cargo()
        .args(["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])
        .directory(&project.root)
        .run()
}

fn clippy_wasm(project: &Project) -> Result<()> {
    let compiler = setup::wasm_compiler(project)?;
    if !compiler.has_clippy() {
        // Debian's second compiler comes without clippy of its own; the compiler's lints remain.
        println!("    no clippy for this compiler, checking with the compiler's own lints");
    }
    for host in [&[][..], mini::HOST] {
        let (command, strict): (_, &[&str]) = match compiler.has_clippy() {
            true => ("clippy", &["--", "-D", "warnings"]),
            false => ("check", &[]),
        };
        compiler
            .cargo(command)
            .args(["--locked", "--package", "tim-wasm", "--all-targets"])
            .args(host)
            .args(strict)
            .directory(&project.root)
            .run()?;
    }
    Ok(())
}

fn native(project: &Project, tests: &mut Tests<'_>) -> Result<()> {
    // Those two need engines that are installed, and have steps of their own.
    let engines = ["--exclude", "tim-rig", "--exclude", "tim-faults"];
    let cargo = process::cargo().args(["test", "--workspace", "--no-fail-fast"]).args(engines);
    tests.run(cargo.directory(&project.root))
}

/// The engines of clusters are there, or a sentence names their packages.
fn need_engines(project: &Project) -> Result<()> {
    let missing = setup::engines(project);
    let names = missing.join(" ");
    ensure!(missing.is_empty(), "these Debian packages are missing: {names}");
    Ok(())
}

fn postgres(project: &Project, tests: &mut Tests<'_>) -> Result<()> {
    need_engines(project)?;
    let cargo = process::cargo().args(["run", "--quiet", "--package", "tim-rig", "--", "postgres"]);
    let server = ["--", "cargo", "test", "--package", "tim-server", "--no-fail-fast"];
    tests.run(cargo.args(server).directory(&project.root))
}

fn faults(project: &Project, tests: &mut Tests<'_>) -> Result<()> {
    need_engines(project)?;
    let server = apps::server(project)?;
    // Two at a time on the smallest machine, and no more on larger ones: bounds in time are asserted.
    let packages = ["--package", "tim-rig", "--package", "tim-faults", "--no-fail-fast"];
    let cargo = process::cargo().arg("test").args(packages).args(["--", "--test-threads", "2"]);
    tests.run(cargo.env("TIM_SERVER_BIN", server).directory(&project.root))
}

fn browser(project: &Project, tests: &mut Tests<'_>) -> Result<()> {
    let compiler = setup::wasm_compiler(project)?;
    let tools = setup::bindgen(project)?;
    let browser = setup::browser(project)?;
    // `--tests` leaves out the examples in the documentation, which no page can run.
    let cargo = compiler.cargo("test").args(["--package", "tim-wasm", "--tests", "--no-fail-fast"]);
    let runner = tools.join(format!("wasm-bindgen-test-runner{}", std::env::consts::EXE_SUFFIX));
    tests.run(
        cargo
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
            .env("CHROMEDRIVER", browser.driver)
            // Seconds; the runner's own limit is meant for a handful of quick tests.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
            .directory(&project.root),
    )
}

fn typescript(project: &Project) -> Result<()> {
    wasm::package(project)?;
    npm(project, &["run", "check", "--workspaces", "--if-present"]).run()
}

fn facade(project: &Project, tests: &mut Tests<'_>) -> Result<()> {
    setup::npm_packages(project)?;
    tests.run(npm(project, &["test", "-w", "pkg"]))
}

fn www(project: &Project, tests: &mut Tests<'_>) -> Result<()> {
    wasm::package(project)?;
    tests.run(npm(project, &["test", "-w", "www"]))
}

fn conformance(project: &Project, tests: &mut Tests<'_>) -> Result<()> {
    wasm::package(project)?;
    let server = apps::server(project)?;
    let npm = npm(project, &["test", "-w", "tests/conformance"]);
    tests.run(npm.env("TIM_SERVER_BIN", server))
}

fn package(project: &Project, tests: &mut Tests<'_>) -> Result<()> {
    let browser = setup::browser(project)?;
    let tarball = apps::dist(project)?;
    let server = apps::server(project)?;
    let npm = npm(project, &["test", "-w", "tests/package"]).env("TIM_PACKAGE", tarball);
    tests.run(npm.env("TIM_SERVER_BIN", server).env("CHROMIUM", browser.chromium))
}

fn mini_programs(project: &Project, tests: &mut Tests<'_>) -> Result<()> {
    let browser = setup::browser(project)?;
    let tarball = apps::dist(project)?;
    let server = apps::server(project)?;
    let mut npm = npm(project, &["test", "-w", "tests/mini"]).env("TIM_PACKAGE", tarball);
    if let Some(shell) = setup::javascript_core(project) {
        npm = npm.env("JSC", shell);
    }
    tests.run(npm.env("TIM_SERVER_BIN", server).env("CHROMIUM", browser.chromium))
}

fn mini_frameworks(project: &Project, tests: &mut Tests<'_>) -> Result<()> {
    let tarball = apps::dist(project)?;
    let server = apps::server(project)?;
    let npm = npm(project, &["run", "test:frameworks", "-w", "tests/mini"]);
    tests.run(npm.env("TIM_PACKAGE", tarball).env("TIM_SERVER_BIN", server))
}

fn e2e(project: &Project, tests: &mut Tests<'_>) -> Result<()> {
    let browser = setup::browser(project)?;
    wasm::package(project)?;
    apps::page(project)?;
    let server = apps::server(project)?;
    let npm = npm(project, &["test", "-w", "tests/e2e"]);
    tests.run(npm.env("TIM_SERVER_BIN", server).env("CHROMIUM", browser.chromium))
}

fn npm(project: &Project, arguments: &[&str]) -> Program {
    process::npm().args(arguments).directory(&project.root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lint_names_steps_that_exist() {
        assert!(LINT.iter().all(|name| STEPS.iter().any(|step| step.name == *name)));
    }

    #[test]
    fn a_test_program_is_not_trusted_alone() {
        let sentence = |passed, failed, ended_well| {
            judge(Count { passed, failed }, ended_well).map_err(|error| error.to_string())
        };
        assert_eq!(sentence(2, 0, true), Ok(()));
        assert!(sentence(2, 1, true).unwrap_err().starts_with("2 passed, 1 failed;"));
        assert!(sentence(2, 0, false).unwrap_err().contains("itself failed"));
        assert!(sentence(0, 0, true).unwrap_err().contains("no test ran"));
    }
}
