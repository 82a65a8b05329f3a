//! A Debian source package's contents from a suite this machine does not use, without touching the
//! machine: its own mirrors, proxies and keys, with the suite replaced, in a private apt state.
//!
//! apt checks the signatures as for any other package. Nothing is installed; the package is unpacked
//! into a folder.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::process::{self, Program};

/// Downloads `package` in the upstream version `release` and unpacks it into a folder below `work`.
pub fn unpack(package: &str, release: &str, work: &Path) -> Result<PathBuf> {
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let codename = codename(&system).context("this is not a Debian system")?;
    ensure!(process::on_path("apt-get").is_some(), "apt-get is missing");
    let sources = machine_sources(codename)?;
    ensure!(!sources.is_empty(), "apt has no source for {codename} main");

    let mut searched = Vec::new();
    for suite in suites(codename) {
        let apt = Apt::prepare(&work.join(&suite), &sources, &suite)?;
        // Not every mirror has every suite.
        if apt.run("apt-get", &["update", "-qq"]).is_err() {
            continue;
        }
        searched.push(suite);
        let offered = apt.run("apt-cache", &["madison", package])?;
        let Some(version) = matching_version(&offered, release) else { continue };
        apt.run("apt-get", &["download", "-qq", &format!("{package}={version}")])?;
        let unpacked = work.join("unpacked");
        Program::new("dpkg").arg("-x").arg(apt.downloaded()?).arg(&unpacked).read()?;
        return Ok(unpacked);
    }
    bail!("no {package} {release} in the Debian suites {}", searched.join(", "))
}

/// An apt that knows one suite and keeps its state to itself.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn prepare(folder: &Path, sources: &[Source], suite: &str) -> Result<Self> {
        for part in ["lists/partial", "cache/archives/partial", "sources"] {
            fs::create_dir_all(folder.join(part))?;
        }
        let sources: Vec<String> = sources.iter().map(|it| it.in_suite(suite)).collect();
        fs::write(folder.join("sources/suite.sources"), sources.join("\n"))?;
        fs::write(folder.join("apt.conf"), settings(folder))?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let apt = Program::new(program).arg("-c").arg(self.folder.join("apt.conf"));
        apt.args(arguments).directory(&self.folder).read()
    }

    fn downloaded(&self) -> Result<PathBuf> {
        let files = fs::read_dir(&self.folder)?;
        let mut files = files.filter_map(|entry| Some(entry.ok()?.path()));
        files
            .find(|file| file.extension().is_some_and(|it| it == "deb"))
            .context("apt-get downloaded nothing")
    }
}

/// Read after the machine's own settings, so proxies stay and only these change.
fn settings(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "Dir::Etc::sourcelist \"/dev/null\";\n\
         Dir::Etc::sourceparts \"{folder}/sources\";\n\
         Dir::State::lists \"{folder}/lists\";\n\
         Dir::Cache \"{folder}/cache\";\n\
         Acquire::Languages \"none\";\n\
         Acquire::Retries \"3\";\n\
         #clear Acquire::IndexTargets::deb::DEP-11;\n\
         #clear Acquire::IndexTargets::deb::DEP-11-icons-small;\n\
         #clear Acquire::IndexTargets::deb::DEP-11-icons;\n\
         #clear APT::Update::Post-Invoke;\n\
         #clear APT::Update::Post-Invoke-Success;\n"
    )
}

/// Where to look, small lists first.
fn suites(codename: &str) -> Vec<String> {
    let own = format!("{codename}-backports");
    let mut suites = vec!["trixie-backports".to_owned()];
    for suite in [&own, codename, "trixie", "forky-backports", "forky", "sid"] {
        if !suites.iter().any(|it| it == suite) {
            suites.push(suite.to_owned());
        }
    }
    suites
}

fn codename(os_release: &str) -> Option<&str> {
    let value = |name: &str| {
        let line = os_release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(|value| value.trim_matches('"'))
    };
    if value("ID") == Some("debian") { value("VERSION_CODENAME") } else { None }
}

/// The first offered version whose upstream part is `release`: `1.95.0+dfsg1-2~bpo13+1` is 1.95.0.
fn matching_version(madison: &str, release: &str) -> Option<String> {
    let versions = madison.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    let mut same = versions.filter(|version| {
        let rest = version.strip_prefix(release);
        rest.is_some_and(|rest| rest.starts_with(['+', '-', '~']))
    });
    same.next().map(str::to_owned)
}

/// One entry of the machine's apt configuration, as far as another suite of it is concerned.
#[derive(Debug, PartialEq)]
struct Source {
    uris: String,
    /// A path or a whole key; apt's default keys when absent.
    signed_by: Option<String>,
}

impl Source {
    fn in_suite(&self, suite: &str) -> String {
        let Self { uris, signed_by } = self;
        let mut text = format!("Types: deb\nURIs: {uris}\nSuites: {suite}\nComponents: main\n");
        if let Some(key) = signed_by {
            writeln!(text, "Signed-By: {key}").expect("a String takes all text");
        }
        text
    }
}

fn machine_sources(codename: &str) -> Result<Vec<Source>> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(folder) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(folder.filter_map(|entry| Some(entry.ok()?.path())));
    }
    files.sort();
    let mut sources = Vec::new();
    for file in files.iter().filter(|file| file.is_file()) {
        let text =
            fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        match file.extension().and_then(|it| it.to_str()) {
            Some("sources") => sources.extend(paragraphs(&text, codename)),
            Some("list") => {
                sources.extend(text.lines().filter_map(|line| one_line(line, codename)));
            }
            _ => {}
        }
    }
    Ok(sources)
}

/// The paragraphs of a `.sources` file that hold `main` of the suite itself (not its updates).
fn paragraphs(text: &str, codename: &str) -> Vec<Source> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let paragraphs = lines.split(|line| line.trim().is_empty());
    paragraphs.filter_map(|paragraph| self::paragraph(paragraph, codename)).collect()
}

fn paragraph(lines: &[&str], codename: &str) -> Option<Source> {
    let field = |wanted: &str| {
        let at = lines.iter().position(|line| {
            line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case(wanted))
        })?;
        let mut value = lines[at].split_once(':')?.1.trim().to_owned();
        // A value goes on in indented lines, which a key in full makes use of.
        for line in lines[at + 1..].iter().take_while(|line| line.starts_with([' ', '\t'])) {
            value.push('\n');
            value.push_str(line);
        }
        Some(value)
    };
    let lists = |name: &str, wanted: &str| {
        field(name).is_some_and(|value| value.split_whitespace().any(|word| word == wanted))
    };
    let enabled = field("Enabled").is_none_or(|value| value != "no");
    (enabled && lists("Types", "deb") && lists("Suites", codename) && lists("Components", "main"))
        .then_some(())?;
    Some(Source { uris: field("URIs")?, signed_by: field("Signed-By") })
}

/// A line of a `.list` file: `deb [signed-by=key] uri suite components…`.
fn one_line(line: &str, codename: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb")?;
    let rest = rest.starts_with([' ', '\t']).then_some(rest.trim_start())?;
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    let (uri, suite) = (words.next()?, words.next()?);
    (suite == codename && words.any(|word| word == "main")).then_some(())?;
    let mut options = options.split_whitespace();
    let signed_by = options.find_map(|option| option.strip_prefix("signed-by="));
    Some(Source { uris: uri.to_owned(), signed_by: signed_by.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(uris: &str, signed_by: Option<&str>) -> Source {
        Source { uris: uris.to_owned(), signed_by: signed_by.map(str::to_owned) }
    }

    #[test]
    fn only_the_paragraphs_of_the_suite_itself_are_taken() {
        let text = "Types: deb\n# comment\nURIs: http://mirror/debian\n\
                    Suites: bookworm bookworm-updates\nComponents: main contrib\n\
                    Signed-By: /keys/debian.gpg\n\n\
                    Types: deb\nURIs: http://mirror/security\nSuites: bookworm-security\n\
                    Components: main\n\n\
                    Types: deb\nURIs: http://other\nSuites: nodistro\nComponents: main\n\n\
                    Enabled: no\nTypes: deb\nURIs: http://off\nSuites: bookworm\nComponents: main\n\n\
                    Types: deb-src\nURIs: http://src\nSuites: bookworm\nComponents: main\n";
        let expected = vec![source("http://mirror/debian", Some("/keys/debian.gpg"))];
        assert_eq!(paragraphs(text, "bookworm"), expected);
    }

    #[test]
    fn a_key_in_full_is_carried_over() {
        let text = "Types: deb\nURIs: http://m\nSuites: sid\nComponents: main\nSigned-By:\n -----BEGIN\n .\n";
        let found = paragraphs(text, "sid");
        assert_eq!(found, [source("http://m", Some("\n -----BEGIN\n ."))]);
        assert!(found[0].in_suite("forky").ends_with("Signed-By: \n -----BEGIN\n .\n"));
    }

    #[test]
    fn one_line_entries_are_read() {
        let read = |line| one_line(line, "bookworm");
        assert_eq!(read("deb http://m bookworm main"), Some(source("http://m", None)));
        assert_eq!(
            read("deb [arch=amd64 signed-by=/k.gpg] http://m bookworm contrib main"),
            Some(source("http://m", Some("/k.gpg")))
        );
        for other in [
            "# deb http://m bookworm main",
            "deb-src http://m bookworm main",
            "deb http://m bookworm-updates main",
            "deb http://m bookworm contrib",
            "deb [broken http://m bookworm main",
            "deb",
            "",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn the_suite_is_replaced_and_the_rest_kept() {
        assert_eq!(
            source("http://m", Some("/k.gpg")).in_suite("trixie-backports"),
            "Types: deb\nURIs: http://m\nSuites: trixie-backports\nComponents: main\nSigned-By: /k.gpg\n"
        );
    }

    #[test]
    fn the_version_is_that_of_the_compiler_and_nothing_near() {
        let offered = " rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://m trixie-backports/main\n\
                        rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://m trixie-backports/main\n";
        let version = |release| matching_version(offered, release);
        assert_eq!(version("1.95.0").as_deref(), Some("1.95.0+dfsg1-2~bpo13+1"));
        assert_eq!(version("1.95"), None);
        assert_eq!(version("1.96.10"), None);
    }

    #[test]
    fn only_debian_has_a_codename_here() {
        assert_eq!(codename("ID=debian\nVERSION_CODENAME=bookworm\n"), Some("bookworm"));
        assert_eq!(codename("ID=\"debian\"\nVERSION_CODENAME=\"trixie\"\n"), Some("trixie"));
        assert_eq!(codename("ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n"), None);
        assert_eq!(codename(""), None);
    }

    #[test]
    fn no_suite_is_searched_twice() {
        let suites = suites("trixie");
        assert_eq!(suites[0], "trixie-backports");
        assert_eq!(suites.iter().filter(|it| *it == "trixie").count(), 1);
        assert_eq!(suites.iter().filter(|it| *it == "trixie-backports").count(), 1);
    }
}
