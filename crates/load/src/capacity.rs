//! Whether so many connections fit into this process: open files and ports, told before the start.

use std::fs;

use crate::{LoadError, options::Options};

/// Files that are open beside connections: the runtime's, the check's readers.
const OTHER_FILES: u64 = 100;
/// Ports of an address when the system does not say.
const PORTS: u64 = 28_000;

/// Raises the limit of open files as far as allowed and compares.
///
/// # Errors
/// A sentence with the number that would fit.
pub fn check(options: &Options) -> Result<(), LoadError> {
    let wanted = options.all() as u64;
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(0);
    let fit = files.saturating_sub(OTHER_FILES);
    if files > 0 && wanted > fit {
        return Err(LoadError::Capacity(format!(
            "{wanted} connections do not fit: this process may open {files} files, enough for {fit} \
             connections; raise the hard limit (`ulimit -Hn`, LimitNOFILE) or use several processes \
             with different --users"
        )));
    }
    let ports = ports().saturating_mul(u64::from(options.sources));
    let servers = if options.sources > 1 { 1 } else { options.targets.len() as u64 };
    let fit = ports.saturating_mul(servers);
    if wanted > fit {
        return Err(LoadError::Capacity(format!(
            "{wanted} connections do not fit: there are ports for {fit}; give more --sources"
        )));
    }
    Ok(())
}

fn ports() -> u64 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut ends = range.split_whitespace().map(str::parse::<u64>);
    match (ends.next(), ends.next()) {
        (Some(Ok(first)), Some(Ok(last))) if last > first => last - first,
        _ => PORTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_connections_are_refused_with_the_number_that_fits() {
        let address = ([127, 0, 0, 1], 1).into();
        let options = Options::new(vec![address], 1, String::new());
        assert!(check(&options).is_ok());
        let error = check(&Options { connections: 1 << 40, ..options }).unwrap_err();
        assert!(error.to_string().contains("enough for"), "{error}");
    }
}
