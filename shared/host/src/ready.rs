//! Whether the process that listens on an address can do its work, asked from beside it: the health check of a container
//! that has no shell and no curl. What `/readyz` answers is each plane's affair.

#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// For each of connecting, asking and hearing.
const PATIENCE: Duration = Duration::from_secs(2);
const YES: &[u8] = b"HTTP/1.1 200";

#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    #[error("nobody answers on {address}")]
    Silent {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("`/readyz` on {address} says no")]
    No { address: SocketAddr },
}

/// `GET /readyz` of whoever listens on `listen`. Blocks.
pub fn ask(listen: SocketAddr) -> Result<(), NotReady> {
    let address = SocketAddr::new(reached(listen.ip()), listen.port());
    match first_bytes(address) {
        Ok(answer) if answer == YES => Ok(()),
        Ok(_) => Err(NotReady::No { address }),
        Err(source) => Err(NotReady::Silent { address, source }),
    }
}

/// Whoever listens everywhere listens on the loopback, too.
fn reached(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(all) if all.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(all) if all.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        one => one,
    }
}

fn first_bytes(address: SocketAddr) -> io::Result<[u8; YES.len()]> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = [0; YES.len()];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}
