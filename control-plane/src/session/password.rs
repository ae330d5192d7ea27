//! Passwords: argon2id, two at a time, so that a flood of sign-ins cannot take every core.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use host::clock::Random;
use prometheus_client::metrics::counter::Counter;
use seal::Secret;
use std::sync::Arc;
use tokio::sync::Semaphore;
use zxcvbn::Score;

pub const SHORTEST: usize = 10;
/// Longer ones only cost time.
pub const LONGEST: usize = 1_000;

/// Fewer guesses than this and whoever steals the hash has the password in an afternoon: common words and names, walks over
/// the keyboard, dates, and what their owner is called.
const EASY: Score = Score::One;

#[derive(Debug)]
pub struct Hasher {
    places: Arc<Semaphore>,
    /// Of no account: an unknown address costs the time of a known one.
    decoy: Secret,
    verified: Counter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    #[error("expected at least {SHORTEST} characters")]
    Short,
    #[error("expected at most {LONGEST} characters")]
    Long,
    #[error("this password is among the first that anyone tries")]
    Common,
}

/// `about` is what everyone knows of its owner: the address and the name.
pub fn check(password: &Secret, about: &[&str]) -> Result<(), Weak> {
    let length = password.expose().chars().count();
    if length < SHORTEST {
        return Err(Weak::Short);
    }
    if length > LONGEST {
        return Err(Weak::Long);
    }
    let joined = about.iter().map(|known| {
        let local = known.split('@').next().unwrap_or(known);
        local.chars().filter(|c| c.is_alphanumeric()).collect()
    });
    let joined: Vec<String> = joined.collect();
    let about: Vec<&str> = about
        .iter()
        .flat_map(|known| known.split(['@', ' ', '.']).chain([*known]))
        .chain(joined.iter().map(String::as_str))
        .collect();
    if zxcvbn::zxcvbn(password.expose(), &about).score() <= EASY {
        return Err(Weak::Common);
    }
    Ok(())
}

impl Hasher {
    pub fn new(random: &Random) -> Self {
        let decoy = Secret::new(hash(&seal::to_hex(&random.bytes::<16>()), random.bytes()));
        Self {
            places: Arc::new(Semaphore::new(2)),
            decoy,
            verified: Counter::default(),
        }
    }

    /// How many passwords were tried against an account, or the decoy.
    pub fn verified(&self) -> &Counter {
        &self.verified
    }

    pub async fn hash(&self, password: &Secret, random: &Random) -> String {
        let (password, salt) = (password.clone(), random.bytes());
        self.aside(move || hash(password.expose(), salt)).await
    }

    /// Takes the same time whether there is an account or not, and whether it has a password.
    pub async fn verify(&self, password: &Secret, stored: Option<Secret>) -> bool {
        self.verified.inc();
        let has_account = stored.is_some();
        let (password, stored) = (
            password.clone(),
            stored.unwrap_or_else(|| self.decoy.clone()),
        );
        let matches = self
            .aside(move || {
                PasswordHash::new(stored.expose()).is_ok_and(|hash| {
                    argon2()
                        .verify_password(password.expose().as_bytes(), &hash)
                        .is_ok()
                })
            })
            .await;
        matches && has_account
    }

    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let place = self
            .places
            .clone()
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        })
        .await
        .expect("hashing does not panic")
    }
}

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("the parameters are within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str, salt: [u8; 16]) -> String {
    argon2()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .expect("a 16-byte salt is within bounds")
        .to_string()
}

#[cfg(test)]
mod tests;
