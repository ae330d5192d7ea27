use super::*;

#[test]
fn the_age_of_what_is_held_grows_until_it_is_confirmed_again() {
    let (holder, clock) = (Arc::new(Holder::default()), Clock::set(10_000));
    holder.confirm(8_500);
    let mut registry = Registry::default();
    let age = Bundles {
        holder: Arc::clone(&holder),
        clock,
    };
    registry.register_collector(Box::new(age));
    let shown = || {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("bundle_age_seconds "));
        line.map(str::to_owned)
    };
    assert_eq!(shown().as_deref(), Some("bundle_age_seconds 1.5"));
    holder.confirm(10_000);
    assert_eq!(shown().as_deref(), Some("bundle_age_seconds 0.0"));
}
