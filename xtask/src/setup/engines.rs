//! The engines a cluster of servers stands on and stands behind, for tests that start their own.
//!
//! Only the programs are wanted: each test has its private instance on a free port. What Debian starts
//! with a package is kept from starting, or ended. Without them those tests cannot run; everything else
//! can.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::{install_packages, may_install_packages};
use crate::process::{self, Program};
use crate::project::Project;
use crate::report;

struct Engine {
    /// Debian's package.
    package: &'static str,
    /// What tests start.
    program: &'static str,
    /// What the package would run all the time.
    service: &'static str,
}

const ENGINES: [Engine; 4] = [
    Engine { package: "postgresql", program: "postgres", service: "postgresql" },
    Engine { package: "nats-server", program: "nats-server", service: "nats-server" },
    Engine { package: "haproxy", program: "haproxy", service: "haproxy" },
    Engine { package: "nginx-light", program: "nginx", service: "nginx" },
];

/// Installs what can be installed; the packages that are missing then.
pub fn engines(project: &Project) -> Vec<&'static str> {
    let missing: Vec<&Engine> = ENGINES.iter().filter(|it| !is_there(it.program)).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let packages: Vec<&str> = missing.iter().map(|it| it.package).collect();
    // What failed is not tried each time.
    let note = project.scratch("no-engines");
    let tried = fs::read_to_string(&note).is_ok_and(|it| it == packages.join(" "));
    if may_install_packages() && !tried {
        let does =
            format!("installing the Debian packages {}, about a minute", packages.join(", "));
        let installed = report::step("engines", &does, || install(&missing));
        if let Err(error) = installed {
            println!("    {error:#}");
            // Costs time when it is missing, nothing else.
            let _ = fs::write(note, packages.join(" "));
        }
    }
    let missing = ENGINES.iter().filter(|it| !is_there(it.program)).map(|it| it.package);
    let missing: Vec<&str> = missing.collect();
    if !missing.is_empty() {
        let names = missing.join(" ");
        println!(
            "engines are missing, tests of clusters need them; on Debian: apt install {names}"
        );
    }
    missing
}

fn install(missing: &[&Engine]) -> Result<()> {
    let packages: Vec<&str> = missing.iter().map(|it| it.package).collect();
    install_packages(&packages)?;
    // systemd starts what is installed, whatever runlevel it is told.
    if Path::new("/run/systemd/system").exists() {
        let services = missing.iter().map(|it| it.service);
        Program::new("systemctl").args(["disable", "--now", "--quiet"]).args(services).run()?;
    }
    Ok(())
}

/// On the path, or where administrators and PostgreSQL's packages keep programs.
fn is_there(program: &str) -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    process::on_path(program).is_some()
        || Path::new("/usr/sbin").join(program).is_file()
        || versions.map(|it| it.path().join("bin").join(program)).any(|it| it.is_file())
}
