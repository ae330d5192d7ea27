//! What it costs to hold many organisations, each with ten grants, a server of 50 tools and three policies with rules for each
//! of them: memory and time for one, and what finding a token's grant takes among so many. Prints a table;
//! `cargo bench --workspace --bench organisations`. Linux alone tells the memory.

use base64::Engine;
use bundle::{
    Attachment, FORMAT, Grant, Hints, Opened, OrgBundle, Pinning, PolicyVersion, Server, Statement,
    Timeouts, TokenDigest, Tool, Transport,
};
use data_plane::bundles::{Holder, Org};
use ids::{GrantId, OrgId, PolicyId, ServerId};
use policy::Category;
use seal::{SigningKey, VerifyingKey};
use std::hint::black_box;
use std::time::Instant;

/// The replica's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const GRANTS: usize = 10;
const POLICIES: usize = 3;
const TOOLS: usize = 50;

fn signing() -> SigningKey {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[5; 32]).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("a key");
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----");
    SigningKey::from_pem(&pem).expect("a key")
}

fn ten(number: usize) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes
}

fn document() -> String {
    let entry = |n: usize| {
        format!(
            r#""tool_{n}":{{"deny_if":[{{"conditions":[{{"path":"args.amount","op":"gt","value":50000}}],"on_deny":"Too much."}},{{"conditions":[{{"path":"args.currency","op":"in","value":["XAU","XAG"]}}]}}]}}"#
        )
    };
    let entries: Vec<String> = (0..TOOLS).map(entry).collect();
    format!(
        r#"{{"version":"1","default":"deny","all_tools":{{"limits":[{{"counter":"calls","window":"minute","max":1000}}]}},"tools":{{{}}}}}"#,
        entries.join(",")
    )
}

fn digest(org: usize, grant: usize) -> [u8; 32] {
    seal::sha256(format!("{org}/{grant}").as_bytes())
}

fn bundle(at: usize) -> OrgBundle {
    let server = ServerId::new(1, ten(at));
    let policy = |n: usize| PolicyId::new(2, ten(at * POLICIES + n));
    let tool = |n: usize| Tool {
        name: format!("tool_{n}"),
        digest: seal::to_hex(&seal::sha256(&n.to_be_bytes())),
        category: Category::Write,
        is_read: true,
        hints: Hints::default(),
        is_changed: false,
        param_headers: Vec::new(),
        input_schema: None,
    };
    let grant = |n: usize| Grant {
        id: GrantId::new(3, ten(at * GRANTS + n)),
        name: format!("agent {n}"),
        labels: std::iter::once(("env".to_owned(), "production".to_owned())).collect(),
        user: Some("somebody@example.org".to_owned()),
        is_open: true,
        expires_at: None,
        tokens: vec![TokenDigest {
            digest: seal::to_hex(&digest(at, n)),
            until: None,
        }],
        attachments: vec![Attachment {
            server,
            policy: Some((policy(n % POLICIES), 1)),
        }],
    };
    OrgBundle {
        org: bundle::Org {
            id: OrgId::new(1, ten(at)),
            slug: format!("org-{at}").parse().expect("a slug"),
            is_open: true,
            max_stale_ms: None,
            dashboard: None,
            capture: None,
        },
        version: 1,
        servers: vec![Server {
            id: server,
            slug: "work".parse().expect("a slug"),
            name: "Work".into(),
            url: "https://work.example/mcp".into(),
            credential: None,
            transport: Transport::default(),
            timeouts: Timeouts::default(),
            pinning: Pinning::Warn,
            is_trusted: false,
            allows_sampling: false,
            allows_elicitation: false,
            is_open: true,
            tools: Some((0..TOOLS).map(tool).collect()),
        }],
        policies: (0..POLICIES)
            .map(|n| PolicyVersion {
                id: policy(n),
                slug: format!("policy-{n}").parse().expect("a slug"),
                number: 1,
                document: document(),
            })
            .collect(),
        grants: (0..GRANTS).map(grant).collect(),
    }
}

fn opened(at: usize, key: &SigningKey, verifying: &[VerifyingKey]) -> Opened {
    let bundle = bundle(at);
    let bytes = serde_json::to_vec(&bundle).expect("a bundle");
    let statement = Statement {
        org: bundle.org.id,
        version: 1,
        sha256: seal::to_hex(&seal::sha256(&bytes)),
        format: FORMAT,
    };
    let signed = statement.sign(key, &verifying[0].id());
    bundle::open(&signed, &bytes, verifying).expect("a bundle")
}

/// Resident bytes; 0 where nobody tells.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) * 1024
}

fn main() {
    // `cargo test --all-targets` only asks whether it runs.
    let is_bench = std::env::args().any(|word| word == "--bench");
    let sizes: &[usize] = if is_bench {
        &[100, 1_000, 10_000]
    } else {
        &[10]
    };
    let (key, verifying) = (signing(), [signing().verifying().expect("a key")]);
    println!(
        "{:>14} {:>12} {:>14} {:>14}",
        "organisations", "bytes each", "to hold, us", "to find, ns"
    );
    let holder = Holder::default();
    let (begun, mut held, mut took) = (resident(), 0, 0.0);
    for &size in sizes {
        for at in held..size {
            let opened = opened(at, &key, &verifying);
            let since = Instant::now();
            holder.put(Org::new(opened)).expect("a newer version");
            took += since.elapsed().as_secs_f64();
        }
        held = size;
        let bytes = (resident().saturating_sub(begun)) / size;
        let asked: Vec<[u8; 32]> = (0..1_000)
            .map(|n| digest(n * 7_919 % size, n % GRANTS))
            .collect();
        let since = Instant::now();
        for _ in 0..100 {
            for digest in &asked {
                assert!(black_box(holder.grant(black_box(digest))).is_some());
            }
        }
        let find = since.elapsed().as_secs_f64() * 1e9 / 1e5;
        let each = took * 1e6 / f64::from(u32::try_from(size).expect("a small number"));
        println!("{size:>14} {bytes:>12} {each:>14.1} {find:>14.0}");
    }
}
