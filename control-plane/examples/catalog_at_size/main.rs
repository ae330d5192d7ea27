//! How long the catalogue takes with 43,000 servers and 515,000 tools that were generated: each search in the database, each page
//! from end to end. `tests/catalog-at-size` runs it, on a Postgres of its own whose log it reads.

#[path = "../told/mod.rs"]
mod told;
#[path = "../../tests/world/mod.rs"]
mod world;

use catalog::{Annotations, Category, Evidence, Field, Parameter, ServerEntry, ToolEntry};
use control_plane::catalog::import;
use sqlx::{Connection, Executor, PgConnection};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use told::{Told, end_of};
use world::{Who, World};

const SERVERS: usize = 43_000;
const TOOLS: usize = 515_000;
/// Of the largest server that is known.
const LARGEST: usize = 805;
const BIG: [&str; 4] = [
    "catalog_servers",
    "catalog_tools",
    "catalog_changes",
    "catalog_words",
];
/// At the 99th percentile, in milliseconds: in the database, and of a whole page.
const SEARCH: f64 = 50.0;
const PAGE: f64 = 100.0;

const VERBS: [(&str, Category); 24] = [
    ("get", Category::Read),
    ("list", Category::Read),
    ("search", Category::Read),
    ("describe", Category::Read),
    ("read", Category::Read),
    ("fetch", Category::Read),
    ("find", Category::Read),
    ("export", Category::Read),
    ("create", Category::Write),
    ("update", Category::Write),
    ("add", Category::Write),
    ("set", Category::Write),
    ("tag", Category::Write),
    ("upload", Category::Write),
    ("run", Category::Execute),
    ("start", Category::Execute),
    ("send", Category::Execute),
    ("execute", Category::Execute),
    ("delete", Category::Destructive),
    ("drop", Category::Destructive),
    ("purge", Category::Destructive),
    ("pay", Category::Financial),
    ("refund", Category::Financial),
    ("handle", Category::Unknown),
];
const SYLLABLES: [&str; 40] = [
    "da", "ti", "mo", "re", "ca", "lo", "ve", "ni", "su", "pa", "ke", "ro", "fi", "zu", "ba", "le",
    "mi", "to", "ga", "ne", "po", "ri", "sa", "du", "he", "vo", "ly", "xa", "qui", "jo", "wen",
    "tra", "sta", "clo", "gri", "ple", "cha", "spi", "dro", "bri",
];

/// The same numbers each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    /// One of some words, the first far more often than the last, as in any language.
    fn word(&mut self, words: usize) -> String {
        let number = self
            .below(words)
            .min(self.below(words))
            .min(self.below(words));
        let (a, b, c) = (number % 40, number / 40 % 40, number / 1_600 % 40);
        format!("{}{}{}", SYLLABLES[a], SYLLABLES[b], SYLLABLES[c])
    }
}

fn server(number: usize, tools: usize, chance: &mut Chance) -> ServerEntry {
    let subject = chance.word(9_000);
    let tools = (0..tools).map(|tool| {
        let (verb, category) = VERBS[chance.below(VERBS.len())];
        let name = format!(
            "{verb}_{}_{}_{tool}",
            chance.word(6_000),
            chance.word(3_000)
        );
        let parameter = |name: String| Parameter {
            name,
            kind: "string".to_owned(),
            required: true,
            choices: Vec::new(),
        };
        ToolEntry {
            name,
            category,
            confidence: 80,
            evidence: vec![Evidence {
                field: Field::Name,
                word: verb.to_owned(),
                category,
            }],
            signals: Vec::new(),
            parameters: (0..4).map(|_| parameter(chance.word(2_000))).collect(),
            annotations: Annotations::default(),
            wording: "0".repeat(16),
            schema: "0".repeat(16),
        }
    });
    let tools = tools.collect();
    ServerEntry {
        ecosystem: ["npm", "pypi", "oci", "remote"][number % 4].to_owned(),
        package: format!("{subject}-{}-mcp-{number}", chance.word(2_000)),
        version: "1.0.0".to_owned(),
        name: subject,
        transport: "stdio".to_owned(),
        tokens: 4_000,
        tools: Some(tools),
    }
}

/// Together as many tools as are asked for; one server has the most that any real one has.
fn generated() -> impl Iterator<Item = ServerEntry> {
    let (rest, mut chance) = (TOOLS - LARGEST, Chance(7));
    (0..SERVERS).map(move |number| {
        let tools = if number == 0 {
            LARGEST
        } else {
            (rest * number / (SERVERS - 1)) - (rest * (number - 1) / (SERVERS - 1))
        };
        server(number, tools, &mut chance)
    })
}

/// The URL of one question.
type Ask = Box<dyn Fn(&mut Chance) -> String>;

#[expect(clippy::too_many_lines, reason = "one table, row by row")]
#[tokio::main]
async fn main() -> ExitCode {
    let rounds: usize = said("--rounds").map_or(300, |text| text.parse().expect("a number"));
    let log = PathBuf::from(said("--log").expect("`--log` names the log of the database"));
    let world = World::new().await;
    let mut sql = PgConnection::connect(world.database.owner.expose())
        .await
        .unwrap();
    let begun = Instant::now();
    let report = import::import(&mut sql, generated(), world.app.now().time())
        .await
        .unwrap();
    sql.execute("vacuum analyze").await.unwrap();
    let stored: (i64, i64) = sqlx::query_as("select servers, tools from catalog_state")
        .fetch_one(&mut sql)
        .await
        .unwrap();
    println!(
        "{} servers with {} tools brought in within {:.0} s",
        stored.0,
        stored.1,
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(
        (report.servers, stored.1),
        (SERVERS, i64::try_from(TOOLS).unwrap())
    );

    let largest = format!("/catalog/npm-{}", generated().next().unwrap().package);
    let tool = generated().next().unwrap().tools.unwrap()[400].name.clone();
    let mut chance = Chance(11);
    let kinds: [(&str, Ask); 14] = [
        (
            "a word of a few tools",
            Box::new(|it| format!("/v1/catalog/servers?q={}", it.word(9_000))),
        ),
        (
            "the commonest verb",
            Box::new(|_| "/v1/catalog/servers?q=get".into()),
        ),
        (
            "a verb and a word",
            Box::new(|it| format!("/v1/catalog/servers?q=delete+{}", it.word(6_000))),
        ),
        (
            "a word with two letters swapped",
            Box::new(|it| format!("/v1/catalog/servers?q={}", swapped(&it.word(6_000)))),
        ),
        (
            "a word and a category",
            Box::new(|it| {
                format!(
                    "/v1/catalog/servers?q={}&category=financial",
                    it.word(6_000)
                )
            }),
        ),
        (
            "a beginning of three letters",
            Box::new(|it| format!("/v1/catalog/servers?q={}", &it.word(6_000)[..3])),
        ),
        (
            "what is not there",
            Box::new(|_| "/v1/catalog/servers?q=xylophone+zebra".into()),
        ),
        (
            "a category alone",
            Box::new(|_| "/v1/catalog/servers?category=destructive".into()),
        ),
        ("page of the list", Box::new(|_| "/catalog".into())),
        (
            "page of a search",
            Box::new(|it| format!("/catalog?q={}+{}", it.word(6_000), VERBS[it.below(24)].0)),
        ),
        ("page of the largest server", {
            let path = largest.clone();
            Box::new(move |_| path.clone())
        }),
        ("page of a tool", {
            let path = format!("{largest}/{tool}");
            Box::new(move |_| path.clone())
        }),
        (
            "page of a category",
            Box::new(|_| "/catalog/categories/financial".into()),
        ),
        (
            "a late part of the sitemap",
            Box::new(|_| "/catalog/sitemap/tools-24.xml".into()),
        ),
    ];
    let (mut bad, mut scanned) = (Vec::new(), BTreeSet::new());
    println!(
        "{:<34} {:>8} {:>8} {:>9} {:>9}",
        "asked", "db p50", "db p99", "whole p50", "whole p99"
    );
    for (what, path) in &kinds {
        let (mut database, mut whole) = (Vec::new(), Vec::new());
        for round in 0..rounds + 5 {
            let (path, from, begun) = (path(&mut chance), end_of(&log), Instant::now());
            let answer = world.get(&Who::default(), &path).await;
            let ms = begun.elapsed().as_secs_f64() * 1_000.0;
            assert!(answer.status.is_success(), "{path}: {}", answer.text);
            let told = Told::read(&log, from, &BIG);
            scanned.extend(
                told.scans
                    .iter()
                    .map(|table| format!("{path}: sequential scan of {table}")),
            );
            // The first ones prepare statements and fill caches.
            if round >= 5 {
                database.push(told.ms);
                whole.push(ms);
            }
        }
        let at = |times: &mut Vec<f64>, percent: usize| {
            times.sort_by(f64::total_cmp);
            times[(times.len() * percent).div_ceil(100) - 1]
        };
        let (p50, p99) = (at(&mut database, 50), at(&mut database, 99));
        let (whole50, whole99) = (at(&mut whole, 50), at(&mut whole, 99));
        println!("{what:<34} {p50:>8.1} {p99:>8.1} {whole50:>9.1} {whole99:>9.1}");
        let is_machine = what.contains("sitemap");
        if p99 > SEARCH && !is_machine {
            bad.push(format!("{what}: {p99:.1} ms in the database at p99"));
        }
        if whole99 > PAGE && what.starts_with("page") {
            bad.push(format!("{what}: {whole99:.1} ms at p99"));
        }
    }
    for fault in bad.iter().chain(&scanned) {
        println!("NOT GOOD  {fault}");
    }
    if bad.is_empty() && scanned.is_empty() {
        println!(
            "every search within {SEARCH} ms in the database and every page within {PAGE} ms at p99; no sequential scan of {}",
            BIG.join(", ")
        );
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}

/// With its second and third letter in each other's place.
fn swapped(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    letters.swap(1, 2);
    letters.into_iter().collect()
}

fn said(name: &str) -> Option<String> {
    std::env::args().skip_while(|word| word != name).nth(1)
}
