use super::*;
use crate::budget::Fleet;
use bundle::{FORMAT, Grant, Opened, OrgBundle, Signed, Statement, TokenDigest};
use host::clock::Random;
use ids::{GrantId, OrgId};
use proptest::prelude::*;
use seal::{KeyRing, SigningKey, VerifyingKey};
use std::sync::Arc;

const DIGESTS: [[u8; 32]; 3] = [[1; 32], [2; 32], [3; 32]];

fn signing() -> SigningKey {
    signing_of(5)
}

/// An Ed25519 key for tests, of this seed.
pub(super) fn signing_of(seed: u8) -> SigningKey {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use base64::Engine;
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    SigningKey::from_pem(&format!(
        "-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----"
    ))
    .unwrap()
}

fn org_id(number: u8) -> OrgId {
    OrgId::new(1, [number; 10])
}

/// A bundle of this organisation at this version, with one grant for each digest.
fn signed(org: u8, version: u64, digests: &[[u8; 32]]) -> (Signed, Vec<u8>) {
    let grants = digests.iter().map(|digest| Grant {
        id: GrantId::new(1, [digest[0]; 10]),
        name: "agent".into(),
        labels: std::collections::BTreeMap::default(),
        user: None,
        is_open: true,
        expires_at: None,
        tokens: vec![TokenDigest {
            digest: seal::to_hex(digest),
            until: None,
        }],
        attachments: vec![],
    });
    let bundle = OrgBundle {
        org: bundle::Org {
            id: org_id(org),
            slug: format!("org-{org}").parse().unwrap(),
            is_open: true,
            max_stale_ms: Some(1_000),
            dashboard: None,
            capture: None,
        },
        version,
        servers: vec![],
        policies: vec![],
        grants: grants.collect(),
    };
    let bytes = serde_json::to_vec(&bundle).unwrap();
    let statement = Statement {
        org: org_id(org),
        version,
        sha256: seal::to_hex(&seal::sha256(&bytes)),
        format: FORMAT,
    };
    let key = signing();
    (statement.sign(&key, &verifying().id()), bytes)
}

fn verifying() -> VerifyingKey {
    signing().verifying().unwrap()
}

fn opened(org: u8, version: u64, digests: &[[u8; 32]]) -> Opened {
    let (signed, bytes) = signed(org, version, digests);
    bundle::open(&signed, &bytes, &[verifying()]).unwrap()
}

#[test]
fn a_token_opens_what_the_newest_version_says() {
    let holder = Holder::default();
    holder.put(Org::new(opened(1, 1, &DIGESTS[..2]))).unwrap();
    let (org, index) = holder.grant(&DIGESTS[1]).unwrap();
    assert_eq!(org.bundle().grants[index].id, GrantId::new(1, [2; 10]));

    holder.put(Org::new(opened(1, 2, &DIGESTS[1..]))).unwrap();
    assert!(
        holder.grant(&DIGESTS[0]).is_none(),
        "a token that left opens nothing"
    );
    assert!(holder.grant(&DIGESTS[2]).is_some());
    assert_eq!(holder.grant(&DIGESTS[1]).unwrap().0.version(), 2);

    holder.remove(org_id(1));
    assert!(holder.grant(&DIGESTS[1]).is_none());
}

#[test]
fn an_older_version_never_replaces_a_newer_one() {
    let holder = Holder::default();
    holder.put(Org::new(opened(1, 5, &DIGESTS))).unwrap();
    for version in [5, 4, 1] {
        let refused = holder.put(Org::new(opened(1, version, &[])));
        assert_eq!(
            refused,
            Err(Rejected::NotNewer {
                held: 5,
                offered: version
            })
        );
    }
    assert!(holder.grant(&DIGESTS[0]).is_some());
}

#[test]
fn a_bundle_that_nobody_confirmed_for_too_long_is_too_old() {
    let holder = Holder::default();
    let org = Org::new(opened(1, 1, &[]));
    holder.confirm(10_000);
    assert!(!holder.is_too_old(&org, 11_000));
    assert!(holder.is_too_old(&org, 11_001));
}

struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let unique = seal::to_hex(&Random::system().bytes::<8>());
        Self(std::env::temp_dir().join(format!("portcullis-{name}-{unique}")))
    }

    fn disk(&self) -> Disk {
        let keys = KeyRing::parse(&format!("1 {}", "ab".repeat(32))).unwrap();
        Disk::open(self.0.clone(), keys).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_kept_is_read_back_the_newest_first_and_the_one_before_where_it_is_damaged() {
    let folder = Folder::new("disk");
    let disk = folder.disk();
    let (first, first_bytes) = signed(1, 1, &DIGESTS);
    let (second, second_bytes) = signed(1, 2, &DIGESTS);
    disk.keep(&first, &first_bytes, [1; 12]).unwrap();
    disk.keep(&second, &second_bytes, [2; 12]).unwrap();
    assert_eq!(disk.load(org_id(1)), Some((second, second_bytes)));

    let newest = folder.0.join(format!("{}.bundle", org_id(1)));
    std::fs::write(&newest, b"torn").unwrap();
    assert_eq!(disk.load(org_id(1)), Some((first, first_bytes)));
    assert_eq!(disk.orgs().unwrap(), [org_id(1)]);

    disk.forget(org_id(1)).unwrap();
    assert_eq!(disk.orgs().unwrap(), []);
    assert_eq!(disk.load(org_id(1)), None);
}

#[test]
fn what_was_known_of_the_fleet_is_kept_beside_the_bundles_and_a_damaged_file_says_nothing() {
    let folder = Folder::new("fleet");
    let disk = folder.disk();
    assert!(disk.load_fleet().is_none());
    let fleet = Fleet::default();
    fleet.heard(3, 1);
    let kept = fleet.kept();
    disk.keep_fleet(&kept, [1; 12]).unwrap();
    assert_eq!(folder.disk().load_fleet(), Some(kept));
    assert_eq!(disk.orgs().unwrap(), [], "it is no bundle");

    let path = folder.0.join("fleet");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(disk.load_fleet().is_none());
}

#[test]
fn the_snapshot_on_disk_shows_nothing() {
    let folder = Folder::new("sealed");
    let (signed, bytes) = signed(1, 1, &DIGESTS);
    folder.disk().keep(&signed, &bytes, [1; 12]).unwrap();
    let on_disk = std::fs::read(folder.0.join(format!("{}.bundle", org_id(1)))).unwrap();
    assert!(!String::from_utf8_lossy(&on_disk).contains("org-1"));
}

proptest! {
    #[test]
    fn no_changed_byte_of_a_snapshot_is_accepted(at: proptest::sample::Index, flip in 1_u8..) {
        let folder = Folder::new("flip");
        let (signed, bytes) = signed(1, 1, &DIGESTS);
        folder.disk().keep(&signed, &bytes, [1; 12]).unwrap();
        let path = folder.0.join(format!("{}.bundle", org_id(1)));
        let mut on_disk = std::fs::read(&path).unwrap();
        let at = at.index(on_disk.len());
        on_disk[at] ^= flip;
        std::fs::write(&path, on_disk).unwrap();
        prop_assert_eq!(folder.disk().load(org_id(1)), None);
    }
}

#[test]
fn what_a_start_puts_in_force_at_once_is_as_if_it_had_come_one_by_one() {
    let holder = Holder::default();
    holder.put(Org::new(opened(1, 5, &DIGESTS[..1]))).unwrap();
    let news = [opened(1, 4, &DIGESTS[1..2]), opened(2, 1, &DIGESTS[2..])];
    holder.restore(news.map(Org::new));
    let (org, _) = holder.grant(&DIGESTS[0]).unwrap();
    assert_eq!(org.version(), 5, "what is held is newer");
    assert!(holder.grant(&DIGESTS[1]).is_none());
    assert!(holder.grant(&DIGESTS[2]).is_some());
    assert_eq!(holder.orgs().len(), 2);
    holder.put(Org::new(opened(2, 2, &DIGESTS[1..2]))).unwrap();
    assert!(holder.grant(&DIGESTS[2]).is_none() && holder.grant(&DIGESTS[1]).is_some());
}

#[test]
fn what_was_taken_back_is_done_without_until_its_bundle_comes() {
    use bundle::revocation::{Revocation, Taken};
    let holder = Holder::default();
    holder.put(Org::new(opened(1, 5, &DIGESTS))).unwrap();
    let what = Taken::Grant(GrantId::new(1, [1; 10]));
    let told = |version| Revocation {
        org: org_id(1),
        what,
        version,
    };
    let is_taken = || holder.is_taken(&holder.org(org_id(1)).unwrap(), what);
    holder.take_back(&[told(5)]);
    assert!(!is_taken() && holder.taken_back() == 0, "it is known");
    holder.take_back(&[told(7)]);
    assert!(is_taken() && holder.taken_back() == 1);
    holder.put(Org::new(opened(1, 6, &DIGESTS))).unwrap();
    assert!(is_taken(), "an older one does not know it either");
    holder.put(Org::new(opened(1, 7, &DIGESTS))).unwrap();
    assert!(!is_taken() && holder.taken_back() == 0);
}

#[test]
fn a_refused_bundle_is_counted_until_a_good_one_comes() {
    let holder = Holder::default();
    holder.put(Org::new(opened(1, 5, &DIGESTS))).unwrap();
    holder.refuse(org_id(1));
    holder.refuse(org_id(1));
    assert_eq!(holder.refused(), 1);
    assert!(holder.put(Org::new(opened(1, 5, &DIGESTS[..1]))).is_err());
    assert_eq!(holder.refused(), 1);
    holder.put(Org::new(opened(1, 6, &DIGESTS))).unwrap();
    assert_eq!(holder.refused(), 0);
}

#[test]
fn the_same_bundle_signed_anew_takes_the_place_of_its_old_signature() {
    let holder = Holder::default();
    holder.put(Org::new(opened(1, 5, &DIGESTS))).unwrap();
    let mut again = opened(1, 5, &DIGESTS);
    again.signed.key = "another".into();
    holder.put(Org::new(again)).unwrap();
    assert_eq!(holder.org(org_id(1)).unwrap().key(), "another");
    let mut other = opened(1, 5, &DIGESTS[..2]);
    other.signed.key = "another".into();
    assert!(
        holder.put(Org::new(other)).is_err(),
        "other bytes of the same version and key are refused"
    );
    holder.put(Org::new(opened(1, 5, &DIGESTS[..2]))).unwrap();
    assert!(
        holder.grant(&DIGESTS[2]).is_none(),
        "a control plane of another release, with another key, may say it otherwise"
    );
    assert!(holder.put(Org::new(opened(1, 4, &DIGESTS))).is_err());
}

#[test]
fn a_reader_sees_one_whole_version_while_versions_change() {
    let holder = Arc::new(Holder::default());
    holder.put(Org::new(opened(1, 1, &DIGESTS[..1]))).unwrap();
    let reader = {
        let holder = holder.clone();
        std::thread::spawn(move || {
            let mut last = 0;
            while last < 50 {
                let (org, index) = holder
                    .grant(&DIGESTS[0])
                    .expect("every version holds this grant");
                assert!(org.version() >= last, "versions never go back");
                assert_eq!(org.bundle().grants[index].id, GrantId::new(1, [1; 10]));
                last = org.version();
            }
        })
    };
    for version in 2..=50 {
        let digests = if version % 2 == 0 {
            &DIGESTS[..]
        } else {
            &DIGESTS[..1]
        };
        holder.put(Org::new(opened(1, version, digests))).unwrap();
    }
    reader.join().unwrap();
}
