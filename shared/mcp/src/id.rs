//! When two JSON-RPC ids are the same id.

use json::{Decimal, Limits, Value};

/// Compares two ids as they were written: a server may spell the id `1.0` or `"a"` where the client wrote `1` or `"a"`.
/// Whatever is neither a string nor a number equals nothing.
pub fn same_id(a: &str, b: &str) -> bool {
    let limits = Limits {
        bytes: a.len().max(b.len()),
        depth: 0,
        values: 1,
    };
    let (Ok(first), Ok(second)) = (
        json::read(a.as_bytes(), &limits),
        json::read(b.as_bytes(), &limits),
    ) else {
        return false;
    };
    match (&first.root.value, &second.root.value) {
        (Value::String(first), Value::String(second)) => first == second,
        (Value::Number(first), Value::Number(second)) => {
            match (Decimal::parse(first), Decimal::parse(second)) {
                (Ok(first), Ok(second)) => first == second,
                _ => first == second,
            }
        }
        _ => false,
    }
}
