use super::*;

/// The library under its own name, by a clock that stands where it was put: `HSET clock s … us …`.
pub fn library_by_a_set_clock() -> String {
    const CLOCK: &str = "redis.call('TIME')";
    assert_eq!(BODY.matches(CLOCK).count(), 1, "its only clock");
    let body = BODY.replace(CLOCK, "redis.call('HMGET', 'clock', 's', 'us')");
    library(&TEXT.name, &body)
}
