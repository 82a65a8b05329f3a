//! ejabberd: one Erlang machine with its own database, Mnesia.
//!
//! Started as its `ejabberdctl` does it, but without a node name: a node of its own needs neither the
//! port mapper, which would stay behind, nor a cookie.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::server::{Invocation, Peer};

const CONFIG: &str = include_str!("../ejabberd.yml");

/// As Debian packages it.
pub const EJABBERD: Peer = Peer { name: "ejabberd", package: "ejabberd", prepare };

fn prepare(folder: &Path, port: u16) -> Result<Option<Invocation>> {
    let Some(libraries) = libraries() else { return Ok(None) };
    fs::write(folder.join("ejabberd.yml"), CONFIG.replace("@PORT@", &port.to_string()))?;
    let path = folder.display().to_string();
    let database = format!("\"{path}/mnesia\"");
    let mut arguments: Vec<String> = ["+K", "true", "+P", "250000"].map(Into::into).into();
    // Erlang's threads spin for a while before they sleep. That is not work and would be counted.
    for threads in ["+sbwt", "+sbwtdcpu", "+sbwtdio"] {
        arguments.extend([threads.into(), "none".into()]);
    }
    arguments.extend(["-mnesia", "dir", &database].map(Into::into));
    arguments.extend(["-noinput", "-s", "ejabberd"].map(Into::into));
    let environment = vec![
        ("ERL_LIBS", libraries.display().to_string()),
        ("ERL_MAX_PORTS", "32000".into()),
        ("ERL_MAX_ETS_TABLES", "1400".into()),
        ("ERL_CRASH_DUMP_BYTES", "0".into()),
        ("EJABBERD_CONFIG_PATH", format!("{path}/ejabberd.yml")),
        ("EJABBERD_LOG_PATH", format!("{path}/ejabberd.log")),
        ("HOME", path),
    ];
    Ok(Some(Invocation { program: "erl".into(), arguments, environment }))
}

/// The folder with ejabberd's own code, which lies below one that is named after the architecture.
fn libraries() -> Option<PathBuf> {
    let holds_ejabberd = |folder: &PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .filter(|it| it.file_name().to_string_lossy().starts_with("ejabberd-"))
            .any(|it| it.path().join("ebin/ejabberd.app").is_file())
    };
    let folders = fs::read_dir("/usr/lib").ok()?.flatten().map(|it| it.path());
    folders.into_iter().find(holds_ejabberd)
}
