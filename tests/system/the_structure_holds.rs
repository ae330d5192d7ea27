//! The house stands as `ARCHITECTURE.md` draws it: read from the sources and from cargo's own word.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const PURE: [&str; 7] = ["ids", "json", "mcp", "policy", "seal", "bundle", "catalog"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
    found
}

/// Everything `package` is built with, not counting what only its tests need.
fn dependencies(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "-p",
            package,
            "-e",
            "normal",
            "--prefix",
            "none",
            "-f",
            "{p}",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn imports_point_down_only() {
    let planes = ["control-plane", "data-plane"];
    let own = |package: &str| -> BTreeSet<String> {
        let ours = [
            "ids",
            "json",
            "mcp",
            "policy",
            "seal",
            "bundle",
            "host",
            "egress",
            "address",
            "catalog",
            "cli",
            "control-plane",
            "data-plane",
            "testbed",
        ];
        dependencies(package)
            .into_iter()
            .filter(|name| ours.contains(&name.as_str()) && name != package)
            .collect()
    };
    let set = |names: &[&str]| -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    };
    assert_eq!(own("ids"), set(&[]));
    assert_eq!(own("json"), set(&[]));
    assert_eq!(own("seal"), set(&[]));
    assert_eq!(own("catalog"), set(&["json", "seal"]));
    assert_eq!(own("mcp"), set(&["json"]));
    assert_eq!(own("egress"), set(&[]));
    assert_eq!(own("address"), set(&["host", "seal"]));
    assert_eq!(own("host"), set(&["seal"]));
    for plane in planes {
        let below = own(plane);
        assert!(
            !below.contains("testbed"),
            "{plane} is built with test code"
        );
        assert!(
            planes.iter().all(|other| !below.contains(*other)),
            "{plane} imports the other plane"
        );
    }
    assert!(
        !dependencies("data-plane").contains("sqlx"),
        "the data plane reaches for the database"
    );
}

#[test]
fn the_pure_crates_touch_no_clock_disk_or_network() {
    let forbidden = [
        "tokio",
        "std::fs",
        "std::net::Tcp",
        "std::net::Udp",
        "SystemTime",
        "Instant::now",
        "std::env",
    ];
    for name in PURE {
        for path in sources(&root().join("shared").join(name).join("src")) {
            if path.components().any(|part| part.as_os_str() == "tests")
                || path.ends_with("tests.rs")
            {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for word in forbidden {
                assert!(!text.contains(word), "{} names `{word}`", path.display());
            }
        }
    }
}

#[test]
fn no_source_file_is_longer_than_can_be_read_at_a_sitting() {
    let long: Vec<String> = sources(&root())
        .into_iter()
        .filter_map(|path| {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            (lines > 600).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn one_tls_provider_is_in_the_tree() {
    for plane in ["control-plane", "data-plane"] {
        let tree = dependencies(plane);
        for foreign in ["ring", "openssl-sys", "native-tls"] {
            assert!(!tree.contains(foreign), "{plane} is built with {foreign}");
        }
    }
}
