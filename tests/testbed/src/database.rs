//! A database for one test: a copy of a template that has the migrations, reached as the two roles of the product.

use seal::Secret;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};
use std::str::FromStr;
use url::Url;

/// Any number: holds off other test processes while one makes the template.
const TEMPLATE_LOCK: i64 = 727_001;
const PASSWORD: &str = "only on this test cluster";

#[derive(Debug)]
pub struct Database {
    pub owner: Secret,
    pub app: Secret,
    pub system: Secret,
    pub name: String,
}

impl Database {
    /// On the cluster of `PORTCULLIS_TEST_DATABASE_URL`, whose user must be a superuser of a cluster made for tests.
    pub async fn new() -> Self {
        let base = std::env::var("PORTCULLIS_TEST_DATABASE_URL").expect(
            "PORTCULLIS_TEST_DATABASE_URL names a superuser of a Postgres made for tests; `deploy/test` starts one",
        );
        let mut server = connect(&base, "postgres").await;
        let template = template(&mut server, &base).await;
        let name = format!(
            "pc_{}",
            seal::to_hex(&host::clock::Random::system().bytes::<8>())
        );
        server
            .execute(AssertSqlSafe(format!(
                "create database {name} template {template}"
            )))
            .await
            .unwrap();
        Self {
            owner: Secret::new(url(&base, &name, None)),
            app: Secret::new(url(&base, &name, Some("portcullis_app"))),
            system: Secret::new(url(&base, &name, Some("portcullis_system"))),
            name,
        }
    }

    /// The port that it is reached at, of the loopback.
    pub fn port(&self) -> u16 {
        let url = Url::parse(self.owner.expose()).unwrap();
        url.port().unwrap_or(5432)
    }

    /// The addresses of the product's two roles through another port.
    pub fn through(&self, port: u16) -> [Secret; 2] {
        [&self.app, &self.system].map(|secret| {
            let mut url = Url::parse(secret.expose()).unwrap();
            url.set_port(Some(port)).unwrap();
            Secret::new(url.to_string())
        })
    }

    /// Every row of every table, as text.
    pub fn dump(&self) -> Vec<u8> {
        let dump = std::process::Command::new("pg_dump")
            .args(["--data-only", "--inserts"])
            .arg(self.owner.expose())
            .output();
        let dump = dump.expect("pg_dump comes with Postgres");
        assert!(
            dump.status.success(),
            "{}",
            String::from_utf8_lossy(&dump.stderr)
        );
        dump.stdout
    }

    /// A connection as one of the roles.
    pub async fn connect(&self, url: &Secret) -> PgConnection {
        PgConnection::connect(url.expose()).await.unwrap()
    }
}

async fn template(server: &mut PgConnection, base: &str) -> String {
    let migrations = sqlx::migrate!("../../migrations");
    let marks: Vec<u8> = migrations
        .iter()
        .flat_map(|migration| migration.checksum.iter().copied())
        .collect();
    let name = format!("pc_template_{}", &seal::to_hex(&seal::sha256(&marks))[..16]);
    sqlx::query("select pg_advisory_lock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut *server)
        .await
        .unwrap();
    let exists: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(&name)
            .fetch_one(&mut *server)
            .await
            .unwrap();
    if !exists {
        for role in ["portcullis_app", "portcullis_system"] {
            let sql = format!(
                "do $$ begin create role {role} login; exception when duplicate_object then null; end $$;
                alter role {role} login nosuperuser nobypassrls password '{PASSWORD}'"
            );
            server.execute(AssertSqlSafe(sql)).await.unwrap();
        }
        let making = format!("{name}_making");
        server
            .execute(AssertSqlSafe(format!("drop database if exists {making}")))
            .await
            .unwrap();
        server
            .execute(AssertSqlSafe(format!("create database {making}")))
            .await
            .unwrap();
        let mut fresh = connect(base, &making).await;
        migrations.run(&mut fresh).await.unwrap();
        fresh.close().await.unwrap();
        server
            .execute(AssertSqlSafe(format!(
                "alter database {making} rename to {name}"
            )))
            .await
            .unwrap();
    }
    sqlx::query("select pg_advisory_unlock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(server)
        .await
        .unwrap();
    name
}

async fn connect(base: &str, database: &str) -> PgConnection {
    PgConnectOptions::from_str(base)
        .unwrap()
        .database(database)
        .connect()
        .await
        .unwrap()
}

fn url(base: &str, database: &str, role: Option<&str>) -> String {
    let mut url = Url::parse(base).unwrap();
    url.set_path(database);
    if let Some(role) = role {
        url.set_username(role).unwrap();
        url.set_password(Some(PASSWORD)).unwrap();
    }
    url.to_string()
}
