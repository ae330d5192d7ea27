use super::lasts;
use time::Duration;

#[test]
fn how_long_is_said_in_the_largest_unit_that_fits() {
    let said = |seconds| lasts(Duration::seconds(seconds));
    assert_eq!(said(-5), "less than a minute");
    assert_eq!(said(59), "less than a minute");
    assert_eq!(said(60), "1 minute");
    assert_eq!(said(3_599), "59 minutes");
    assert_eq!(said(3_600), "1 hour");
    assert_eq!(said(172_799), "47 hours");
    assert_eq!(said(172_800), "2 days");
}
