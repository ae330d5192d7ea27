//! The way to servers, shared by all discoveries: what may be dialled, whom TLS trusts, and who may go now.

use crate::config::Site;
use egress::{Connector, Egress, Https, Lookup};
use ids::{OrgId, ServerId};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Discoveries under way at once: in all, and of one organisation. Each may hold its answers in memory.
const MOST: usize = 32;
const MOST_OF_ORG: usize = 4;

#[derive(Debug)]
pub struct Reach {
    egress: Arc<Egress>,
    lookup: Lookup,
    tls: rustls::ClientConfig,
    under_way: Arc<Mutex<HashSet<(OrgId, ServerId)>>>,
}

/// Why a discovery does not begin now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    #[error("this server's tools are being read already")]
    ThisServer,
    #[error("other servers of this organisation are being read; try again")]
    ThisOrg,
    #[error("too many servers are being read just now; try again")]
    Everyone,
}

/// A discovery under way; ends when it is dropped.
#[derive(Debug)]
pub struct Seat {
    under_way: Arc<Mutex<HashSet<(OrgId, ServerId)>>>,
    of: (OrgId, ServerId),
}

impl Reach {
    pub fn new(site: &Site, lookup: Lookup) -> Self {
        let mut exceptions = site.egress_allow.clone();
        if site.is_local {
            exceptions.extend(
                ["127.0.0.0/8", "::1/128"]
                    .iter()
                    .filter_map(|net| net.parse::<ipnet::IpNet>().ok()),
            );
        }
        Self {
            egress: Arc::new(Egress::new(exceptions)),
            lookup,
            tls: egress::platform_tls(),
            under_way: Arc::default(),
        }
    }

    pub fn egress(&self) -> &Egress {
        &self.egress
    }

    pub fn seat(&self, org: OrgId, server: ServerId) -> Result<Seat, Busy> {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if under_way.contains(&(org, server)) {
            return Err(Busy::ThisServer);
        }
        if under_way.iter().filter(|(of, _)| *of == org).count() >= MOST_OF_ORG {
            return Err(Busy::ThisOrg);
        }
        if under_way.len() >= MOST {
            return Err(Busy::Everyone);
        }
        under_way.insert((org, server));
        Ok(Seat {
            under_way: Arc::clone(&self.under_way),
            of: (org, server),
        })
    }

    pub(super) fn connector(&self, timeout: Duration) -> Https {
        let connector = Connector {
            egress: Arc::clone(&self.egress),
            lookup: self.lookup.clone(),
            timeout,
        };
        Https::new(self.tls.clone(), connector)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.of);
    }
}
