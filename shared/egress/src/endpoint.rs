//! Where a server of 2024-11-05 wants its messages posted: what the `endpoint` event of its stream says, and no other
//! origin than its own. PURE.

use http::Uri;
use url::Url;

/// A longer address is none.
const LONGEST: usize = 4 * 1024;

/// The address that `said` means, seen from the server's own. Credentials in it would go to whoever reads the log.
pub fn endpoint(server: &Uri, said: &[u8]) -> Option<Uri> {
    if said.len() > LONGEST {
        return None;
    }
    let base = Url::parse(&server.to_string()).ok()?;
    let mut meant = base.join(std::str::from_utf8(said).ok()?.trim()).ok()?;
    meant.set_fragment(None);
    let is_own = meant.origin() == base.origin()
        && meant.username().is_empty()
        && meant.password().is_none();
    is_own.then(|| meant.as_str().parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
