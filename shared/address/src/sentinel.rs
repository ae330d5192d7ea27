//! Asks sentinels who the primary is. Watches nothing: the line asks again when it has to.

use crate::{Sentinels, at, manner};
use redis::aio::MultiplexedConnection;
use redis::{Client, ErrorKind, RedisError, Value};

/// The first sentinel that knows says it.
pub async fn primary(sentinels: &Sentinels) -> Result<Client, RedisError> {
    let mut last = None;
    for sentinel in &sentinels.ask {
        match named(sentinel, &sentinels.name).await {
            Ok(Some((host, port))) => return at(&sentinels.like, &host, port),
            Ok(None) => {}
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| {
        (
            ErrorKind::MasterNameNotFoundBySentinel,
            "no sentinel knows a primary of this name",
        )
            .into()
    }))
}

async fn named(sentinel: &Client, name: &str) -> Result<Option<(String, u16)>, RedisError> {
    let mut connection = sentinel
        .get_multiplexed_async_connection_with_config(&manner())
        .await?;
    redis::cmd("SENTINEL")
        .arg("GET-MASTER-ADDR-BY-NAME")
        .arg(name)
        .query_async(&mut connection)
        .await
}

/// Sentinels name the old primary until they have agreed on another.
pub async fn must_be_primary(connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    let role: Value = redis::cmd("ROLE").query_async(connection).await?;
    let is_primary = matches!(
        &role,
        Value::Array(parts) if parts.first() == Some(&Value::BulkString(b"master".to_vec()))
    );
    if is_primary {
        Ok(())
    } else {
        Err((ErrorKind::Client, "what the sentinels named is no primary").into())
    }
}
