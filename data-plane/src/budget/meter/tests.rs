use super::*;
use prometheus_client::registry::Registry;

#[test]
fn the_limiters_numbers_are_shown() {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Watch(Budget::in_memory())));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    for line in ["limiter_away 0", "limiter_epoch_changes_total 0"] {
        assert!(text.lines().any(|shown| shown == line), "{text}");
    }
}
