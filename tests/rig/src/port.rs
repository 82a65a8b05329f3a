//! A loopback port that is ours for as long as the handle lives, also while nothing listens on it.
//!
//! A port the system hands out for 0 is free again the moment it is closed, and any outgoing
//! connection may take it before the engine that was ended starts again. So ports come from below
//! the range of outgoing connections, and the UDP port of the same number is held as the claim: other
//! rigs of this machine see it, and the kernel gives it back whatever happens to us.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use anyhow::{Context as _, Result};

/// Below the 32768 where Linux begins to choose ports of outgoing connections.
const RANGE: std::ops::Range<u16> = 15_000..32_000;
/// Far more than are ever taken in a row.
const ATTEMPTS: usize = 1_000;

/// A claimed port of 127.0.0.1.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _claim: UdpSocket,
}

impl Port {
    /// Claims a port nobody listens on.
    ///
    /// # Errors
    /// When a thousand ports in a row are taken.
    pub fn claim() -> Result<Self> {
        (0..ATTEMPTS).find_map(|_| Self::try_claim()).context("there is no free port")
    }

    fn try_claim() -> Option<Self> {
        let number = fastrand::u16(RANGE);
        let claim = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        // Somebody who knows nothing of claims may listen there.
        TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        Some(Self { number, _claim: claim })
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    /// The port with its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}
