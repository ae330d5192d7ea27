//! The text of `ring.lua` in its two dresses: a function library, and a script for a Redis without
//! functions. How a command is spelt in each; not whom it is sent to.

use redis::{Cmd, RedisError, ServerErrorKind};
use std::sync::LazyLock;

const BODY: &str = include_str!("ring.lua");
const VERBS: [Verb; 9] = [
    Verb::Charge,
    Verb::Refund,
    Verb::Post,
    Verb::Renew,
    Verb::Release,
    Verb::News,
    Verb::Lead,
    Verb::Raise,
    Verb::Muster,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Charge,
    Refund,
    Post,
    Renew,
    Release,
    News,
    Lead,
    Raise,
    Muster,
}

impl Verb {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::Post => "post",
            Self::Renew => "renew",
            Self::Release => "release",
            Self::News => "news",
            Self::Lead => "lead",
            Self::Raise => "raise",
            Self::Muster => "muster",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Functions,
    Scripts,
}

#[derive(Debug)]
struct Text {
    /// Named by its content: replicas of two versions side by side each find their own.
    name: String,
    library: String,
    script: redis::Script,
}

static TEXT: LazyLock<Text> = LazyLock::new(|| {
    let digest = seal::to_hex(&seal::sha256(BODY.as_bytes()));
    let name = format!("portcullis_{}", digest.get(..12).unwrap_or_default());
    let library = library(&name, BODY);
    let choose = VERBS
        .map(Verb::as_str)
        .map(|verb| format!("{verb} = {verb}"));
    let script = format!(
        "{BODY}\nlocal args = {{}}\nfor i = 2, #ARGV do args[i - 1] = ARGV[i] end\nreturn ({{ {} }})[ARGV[1]](KEYS, args)\n",
        choose.join(", ")
    );
    Text {
        name,
        library,
        script: redis::Script::new(&script),
    }
});

/// Written out: while a library loads, Redis offers Lua no more than `redis` itself.
fn library(name: &str, body: &str) -> String {
    let register = VERBS
        .map(Verb::as_str)
        .map(|verb| format!("redis.register_function('{name}_{verb}', {verb})\n"));
    format!("#!lua name={name}\n{body}\n{}", register.concat())
}

pub(super) fn command(form: Form, verb: Verb, keys: &[String], args: &[String]) -> Cmd {
    let text = &*TEXT;
    let mut command = match form {
        Form::Functions => {
            let mut fcall = redis::cmd("FCALL");
            fcall.arg(format!("{}_{}", text.name, verb.as_str()));
            fcall
        }
        Form::Scripts => {
            let mut evalsha = redis::cmd("EVALSHA");
            evalsha.arg(text.script.get_hash());
            evalsha
        }
    };
    command.arg(keys.len()).arg(keys);
    if form == Form::Scripts {
        command.arg(verb.as_str());
    }
    command.arg(args);
    command
}

/// Brings the text to the server, as a library where that is possible.
pub(super) async fn load(
    connection: &mut redis::aio::MultiplexedConnection,
) -> Result<Form, RedisError> {
    let loaded = redis::cmd("FUNCTION")
        .arg("LOAD")
        .arg("REPLACE")
        .arg(&TEXT.library)
        .query_async::<String>(connection)
        .await;
    match loaded {
        Ok(_) => Ok(Form::Functions),
        Err(error) if has_no_functions(&error) => {
            TEXT.script.load_async(connection).await?;
            Ok(Form::Scripts)
        }
        Err(error) => Err(error),
    }
}

fn has_no_functions(error: &RedisError) -> bool {
    error.kind() == redis::ErrorKind::Server(ServerErrorKind::NoPerm)
        || error
            .detail()
            .is_some_and(|detail| detail.to_ascii_lowercase().contains("unknown command"))
}

/// The server lost the text (a restart, a flush, a fail-over): nothing ran, so to load and ask again
/// charges once.
pub(super) fn is_lost(error: &RedisError) -> bool {
    error.kind() == redis::ErrorKind::Server(ServerErrorKind::NoScript)
        || error
            .detail()
            .is_some_and(|detail| detail.contains("Function not found"))
}

#[cfg(test)]
pub(super) mod tests;
