//! Where NATS is and who we are to it: the URL of the configuration, taken apart.
//!
//! One URL or several with commas between them, `nats://` or `tls://`, port 4222 unless it says
//! otherwise, `user:password@` or `token@` before the host. The secret is taken out here: what is
//! handed on, logged or shown afterwards is host and port.

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

use super::BusError;

/// What NATS wants to know of us.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Secret {
    /// Nothing.
    #[default]
    None,
    /// A token.
    Token(String),
    /// A user and a password.
    Password(String, String),
}

/// A way to NATS.
pub(super) struct Address {
    /// The servers, in the order of the URL, without secrets.
    pub servers: Vec<ServerAddr>,
    /// The same for all of them.
    pub secret: Secret,
}

impl Address {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// When it is not one, or holds what a way to NATS does not have.
    pub(super) fn read(url: &str) -> Result<Self, BusError> {
        let mut servers = Vec::new();
        let mut secret = Secret::None;
        for part in url.split(',').map(str::trim) {
            let (server, its_secret) = read_one(part)?;
            servers.push(server);
            if its_secret != Secret::None && its_secret != secret {
                if secret != Secret::None {
                    return Err(BusError::TwoSecrets);
                }
                secret = its_secret;
            }
        }
        Ok(Self { servers, secret })
    }
}

fn read_one(url: &str) -> Result<(ServerAddr, Secret), BusError> {
    if url.split_once("://").is_some_and(|(scheme, _)| !matches!(scheme, "nats" | "tls")) {
        return Err(BusError::Scheme);
    }
    // The cause is not passed on: it could hold a part of the URL, and that a secret.
    let address = url.parse::<ServerAddr>().map_err(|_| BusError::NotUrl)?;
    let mut url = address.into_inner();
    let is_bare =
        matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if url.host_str().is_none_or(str::is_empty) || !is_bare {
        return Err(BusError::NotUrl);
    }
    let plain = |text: &str| {
        percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| BusError::NotUrl)
    };
    let secret = match (url.username(), url.password()) {
        ("", None) => Secret::None,
        (token, None) => Secret::Token(plain(token)?),
        (user, Some(password)) => Secret::Password(plain(user)?, plain(password)?),
    };
    let cleaned = url.set_username("").and_then(|()| url.set_password(None));
    cleaned.map_err(|()| BusError::NotUrl)?;
    let address = ServerAddr::from_url(url).map_err(|_| BusError::NotUrl)?;
    Ok((address, secret))
}

/// The name of a server towards people.
pub(super) fn name(server: &ServerAddr) -> String {
    let (host, port) = (server.host(), server.port());
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> (Vec<String>, Secret) {
        let address = Address::read(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        (address.servers.iter().map(|it| it.as_url_str().to_owned()).collect(), address.secret)
    }

    #[test]
    fn urls_are_taken_apart() {
        let password = |user: &str, password: &str| Secret::Password(user.into(), password.into());
        assert_eq!(read("nats://a:4223"), (vec!["nats://a:4223".into()], Secret::None));
        assert_eq!(read("tls://u:p%40%2C@a/"), (vec!["tls://a/".into()], password("u", "p@,")));
        assert_eq!(
            read("nats://secret@a"),
            (vec!["nats://a".into()], Secret::Token("secret".into()))
        );
        let both = vec!["nats://a".to_owned(), "nats://[::1]:1".to_owned()];
        assert_eq!(read("nats://u:p@a, nats://[::1]:1"), (both.clone(), password("u", "p")));
        assert_eq!(read("nats://u:p@a,nats://u:p@[::1]:1"), (both, password("u", "p")));
        assert_eq!(read("a").0, ["nats://a"]);
    }

    #[test]
    fn names_hold_no_secret() {
        let address = Address::read("nats://u:p@a,tls://[::1]:77").unwrap();
        let names: Vec<_> = address.servers.iter().map(name).collect();
        assert_eq!(names, ["a:4222", "[::1]:77"]);
    }

    #[test]
    fn other_urls_are_refused() {
        for (url, error) in [
            ("", BusError::NotUrl),
            ("nats://", BusError::NotUrl),
            ("nats://a:port", BusError::NotUrl),
            ("nats://a,,nats://b", BusError::NotUrl),
            ("nats://a/path", BusError::NotUrl),
            ("nats://a?tls=1", BusError::NotUrl),
            ("http://a", BusError::Scheme),
            ("redis://a", BusError::Scheme),
            ("ws://a", BusError::Scheme),
            ("nats://u:p@a,nats://u:q@b", BusError::TwoSecrets),
        ] {
            let found = Address::read(url).err().map(|it| it.to_string());
            assert_eq!(found, Some(error.to_string()), "{url}");
        }
    }
}
