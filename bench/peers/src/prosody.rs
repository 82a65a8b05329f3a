//! Prosody: one Lua process, one file per user and kind of data.

use std::{fs, path::Path};

use anyhow::Result;

use crate::server::{Invocation, Peer};

const CONFIG: &str = include_str!("../prosody.cfg.lua");

/// As Debian packages it.
pub const PROSODY: Peer = Peer { name: "Prosody", package: "prosody", prepare };

fn prepare(folder: &Path, port: u16) -> Result<Option<Invocation>> {
    let program = Path::new("/usr/bin/prosody");
    if !program.is_file() {
        return Ok(None);
    }
    fs::create_dir(folder.join("data"))?;
    let path = folder.display().to_string();
    let config = CONFIG.replace("@FOLDER@", &path).replace("@PORT@", &port.to_string());
    fs::write(folder.join("prosody.cfg.lua"), config)?;
    Ok(Some(Invocation {
        program: program.display().to_string(),
        arguments: vec!["-F".into(), "--config".into(), format!("{path}/prosody.cfg.lua")],
        environment: vec![("HOME", path)],
    }))
}
