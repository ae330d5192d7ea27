//! What a variable may be read as, and how its absence of sense is put to the person who set it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

pub trait Reads: FromStr {
    /// Completes "`PORTCULLIS_X` is not …".
    const EXPECTED: &'static str;
}

impl Reads for bool {
    const EXPECTED: &'static str = "`true` or `false`";
}

impl Reads for u16 {
    const EXPECTED: &'static str = "a whole number from 0 to 65535";
}

impl Reads for u32 {
    const EXPECTED: &'static str = "a whole number from 0 to 4294967295";
}

impl Reads for u64 {
    const EXPECTED: &'static str = "a whole number from 0 up";
}

impl Reads for usize {
    const EXPECTED: &'static str = "a whole number from 0 up";
}

impl Reads for IpAddr {
    const EXPECTED: &'static str = "an IP address such as `127.0.0.1`";
}

impl Reads for SocketAddr {
    const EXPECTED: &'static str = "an address and port such as `127.0.0.1:8080`";
}

impl Reads for ipnet::IpNet {
    const EXPECTED: &'static str = "a network such as `10.0.0.0/8`";
}

impl Reads for url::Url {
    const EXPECTED: &'static str = "a URL such as `http://127.0.0.1:8080`";
}

impl Reads for PathBuf {
    const EXPECTED: &'static str = "a path";
}
