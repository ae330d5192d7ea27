use super::*;

fn route() -> Route {
    Route {
        server: None,
        severity: None,
        rule: None,
        mail: true,
        webhooks: None,
        escalate: None,
    }
}

#[test]
fn a_route_fits_where_everything_it_names_does() {
    let (one, other) = (ServerId::new(1, [1; 10]), ServerId::new(1, [2; 10]));
    let rule = "/tools/create_refund/action";
    assert!(route().fits(one, Severity::Low, rule));
    let of_one = Route {
        server: Some(one),
        ..route()
    };
    assert!(of_one.fits(one, Severity::Low, rule));
    assert!(!of_one.fits(other, Severity::Low, rule));
    let high = Route {
        severity: Some("high".to_owned()),
        ..route()
    };
    let all = [
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];
    let fits = all.map(|severity| high.fits(one, severity, rule));
    assert_eq!(fits, [false, false, true, true]);
    for (outer, is_in) in [
        ("/tools/create_refund", true),
        (rule, true),
        ("/tools", true),
        ("/tools/create", false),
        ("/tools/create_refund/action/0", false),
    ] {
        let route = Route {
            rule: Some(outer.to_owned()),
            ..route()
        };
        assert_eq!(route.fits(one, Severity::Low, rule), is_in, "{outer}");
    }
}
