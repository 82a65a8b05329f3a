//! Prosody and ejabberd, the servers that tim-server is measured beside.
//!
//! Nice to have: without one its numbers are left out, and the benchmark says so. Both packages bring
//! a service; where systemd runs the machine it would be started now and at every boot, so there
//! they are the user's to install.

use std::fs;
use std::path::Path;

use super::{install_packages, may_install_packages};
use crate::project::Project;
use crate::report;

/// Installs those that are missing, if that does no more than put files in place.
pub fn peers(project: &Project) {
    let programs = [("prosody", "/usr/bin/prosody"), ("ejabberd", "/usr/sbin/ejabberdctl")];
    let missing = programs.iter().filter(|(_, program)| !Path::new(program).exists());
    let missing: Vec<&str> = missing.map(|(package, _)| *package).collect();
    // What failed is not tried each time.
    let note = project.scratch("no-peers");
    let services_would_start = Path::new("/run/systemd/system").exists();
    if missing.is_empty() || services_would_start || !may_install_packages() || note.exists() {
        return;
    }
    let does = "installing the Debian packages of the servers we are measured beside, 1 minute";
    let installed = report::step("peers", does, || install_packages(&missing));
    if let Err(error) = installed {
        println!("    {error:#}; the benchmark leaves them out");
        // Costs time when it is missing, nothing else.
        let _ = fs::write(note, "");
    }
}
