use super::*;
use proptest::prelude::*;

fn histogram(latencies: &[i64]) -> Histogram {
    let mut histogram = Histogram::new();
    for latency in latencies {
        let bucket = BOUNDS.partition_point(|bound| bound <= latency);
        *histogram.entry(i16::try_from(bucket).unwrap()).or_default() += 1;
    }
    histogram
}

#[test]
fn nothing_counted_took_no_time_that_could_be_told() {
    assert_eq!(latency(&Histogram::new()), None);
}

#[test]
fn what_lies_beyond_the_last_bound_is_told_as_that_bound() {
    let told = latency(&histogram(&[100_000_000])).unwrap();
    assert_eq!((told.p50, told.p99), (70_000.0, 70_000.0));
}

proptest! {
    #[test]
    fn a_percentile_lies_in_the_bucket_of_the_call_it_stands_for(mut latencies in prop::collection::vec(0i64..60_000_000, 1..200)) {
        latencies.sort_unstable();
        let told = latency(&histogram(&latencies)).unwrap();
        for (percent, told) in [(50, told.p50), (95, told.p95), (99, told.p99)] {
            let exact = latencies[(latencies.len() * percent).div_ceil(100) - 1];
            let bucket = BOUNDS.partition_point(|bound| *bound <= exact);
            let lower = bucket.checked_sub(1).map_or(0, |below| BOUNDS[below]);
            let [lower, upper] = [lower, BOUNDS[bucket]].map(|bound| f64::from(i32::try_from(bound).unwrap()));
            prop_assert!(told * 1_000.0 >= lower - 0.001 && told * 1_000.0 <= upper + 0.001);
        }
        prop_assert!(told.p50 <= told.p95 && told.p95 <= told.p99);
    }
}
