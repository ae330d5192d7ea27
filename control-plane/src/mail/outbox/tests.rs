use super::*;

#[test]
fn a_server_that_is_away_is_asked_less_and_less_often_and_a_few_dozen_times_in_all() {
    let pauses: Vec<i64> = (1..=8).map(|tries| pause(tries).whole_minutes()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    let mut waited = Duration::ZERO;
    let tries = (1..).take_while(|tries| {
        waited += pause(*tries);
        waited <= PATIENCE
    });
    assert_eq!(tries.count(), 28);
}
