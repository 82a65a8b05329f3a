//! Chromium and its driver, for the tests that need a real browser.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::{install_packages, may_install_packages};
use crate::process;
use crate::project::Project;
use crate::report;

/// The browser the tests use.
pub struct Browser {
    pub chromium: PathBuf,
    pub driver: PathBuf,
}

/// `$CHROMIUM` and `$CHROMEDRIVER`, or what is installed, or what can be installed.
pub fn browser(_: &Project) -> Result<Browser> {
    if let Some(found) = find()? {
        return Ok(found);
    }
    if may_install_packages() {
        report::step("Chromium", "installing the Debian packages, about 1 minute", || {
            install_packages(&["chromium", "chromium-driver"])
        })?;
        if let Some(found) = find()? {
            return Ok(found);
        }
    }
    bail!(
        "Chromium or its driver is missing: install both (on Debian, as root: \
         `apt-get install chromium chromium-driver`), or point CHROMIUM and CHROMEDRIVER to them"
    )
}

fn find() -> Result<Option<Browser>> {
    let chromium = locate("CHROMIUM", &["chromium", "chromium-browser", "google-chrome"])?;
    let driver = locate("CHROMEDRIVER", &["chromedriver"])?;
    Ok(chromium.zip(driver).map(|(chromium, driver)| Browser { chromium, driver }))
}

fn locate(variable: &str, names: &[&str]) -> Result<Option<PathBuf>> {
    if let Some(named) = env::var_os(variable).filter(|it| !it.is_empty()).map(PathBuf::from) {
        if !named.is_file() {
            bail!("{variable} names {}, which is no file: correct or unset it", named.display());
        }
        return Ok(Some(named));
    }
    Ok(names.iter().find_map(|name| process::on_path(name)))
}
