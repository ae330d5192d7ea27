//! Passwords: argon2id, two at a time, so that a flood of sign-ins cannot take every core.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use host::clock::Random;
use seal::Secret;
use std::sync::Arc;
use tokio::sync::Semaphore;

pub const SHORTEST: usize = 10;
/// Longer ones only cost time.
pub const LONGEST: usize = 1_000;

/// Ten or more characters, and among the first that anyone tries.
const COMMON: &str = include_str!("common_passwords.txt");

#[derive(Debug)]
pub struct Hasher {
    places: Arc<Semaphore>,
    /// Of no account: an unknown address costs the time of a known one.
    decoy: Secret,
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

pub fn check(password: &Secret) -> Result<(), Weak> {
    let length = password.expose().chars().count();
    if length < SHORTEST {
        return Err(Weak::Short);
    }
    if length > LONGEST {
        return Err(Weak::Long);
    }
    let lower = password.expose().to_lowercase();
    if COMMON.lines().any(|common| common == lower) {
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
        }
    }

    pub async fn hash(&self, password: &Secret, random: &Random) -> String {
        let (password, salt) = (password.clone(), random.bytes());
        self.aside(move || hash(password.expose(), salt)).await
    }

    /// Takes the same time whether there is an account or not.
    pub async fn verify(&self, password: &Secret, stored: Option<Secret>) -> bool {
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
