use super::*;
use crate::seats::{Kind, Limits, Seats};
use http_body_util::StreamBody;
use hyper::body::Frame;
use std::convert::Infallible;

type Piece = Result<Frame<Bytes>, Infallible>;

const INTAKE: Intake = Intake {
    most_body: 100 * 1024,
    body_rate: 1_024,
    grace: Duration::from_secs(10),
};

/// A piece of `bytes` every `pause`, `pieces` times.
fn dripping(pieces: usize, bytes: usize, pause: Duration) -> impl Body<Data = Bytes> + Unpin {
    let pieces = futures_util::stream::unfold(0, move |sent| async move {
        if sent == pieces {
            return None;
        }
        tokio::time::sleep(pause).await;
        let piece: Piece = Ok(Frame::data(Bytes::from(vec![b' '; bytes])));
        Some((piece, sent + 1))
    });
    StreamBody::new(Box::pin(pieces))
}

fn seats(bytes: usize) -> Seats {
    Seats::new(Limits {
        bytes,
        ..Limits::default()
    })
}

fn seat(seats: &Seats) -> Seat {
    let (org, grant) = (ids::OrgId::new(1, [1; 10]), ids::GrantId::new(1, [2; 10]));
    seats.take(Kind::Call, org, grant).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_body_slower_than_its_rate_is_cut_and_a_faster_one_is_not() {
    let seats = seats(1 << 20);
    let second = Duration::from_secs(1);
    let slow = INTAKE.read(dripping(60, 512, second), &seat(&seats)).await;
    assert!(matches!(slow, Err(Refusal::SlowBody)), "{slow:?}");
    let steady = INTAKE
        .read(dripping(60, 1_100, second), &seat(&seats))
        .await;
    assert_eq!(steady.unwrap().len(), 66_000);
    let never = INTAKE
        .read(dripping(1, 1, second * 3_600), &seat(&seats))
        .await;
    assert!(matches!(never, Err(Refusal::SlowBody)), "{never:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_of_unknown_length_is_cut_at_the_limit() {
    let seats = seats(1 << 20);
    let body = dripping(1_000, 10 * 1024, Duration::ZERO);
    let said = INTAKE.read(body, &seat(&seats)).await;
    assert!(matches!(said, Err(Refusal::TooLarge { most }) if most == INTAKE.most_body));
}

#[tokio::test(start_paused = true)]
async fn bodies_of_an_organisation_weigh_together() {
    let seats = seats(200 * 1024);
    let (one, two) = (seat(&seats), seat(&seats));
    let first = INTAKE
        .read(dripping(9, 10 * 1024, Duration::ZERO), &one)
        .await;
    assert_eq!(first.unwrap().len(), 90 * 1024);
    let second = INTAKE
        .read(dripping(9, 10 * 1024, Duration::ZERO), &two)
        .await;
    assert!(
        matches!(second, Err(Refusal::Busy(Busy::Org))),
        "{second:?}"
    );
    drop((one, two));
    assert_eq!(seats.used(), crate::seats::Use::default());
}

#[tokio::test(start_paused = true)]
async fn of_whoever_has_no_seat_little_is_read() {
    let busy = Refusal::Busy(Busy::Grant);
    let short = INTAKE.glance(dripping(2, 100, Duration::ZERO), &busy).await;
    assert_eq!(short.unwrap().len(), 200);
    let long = INTAKE
        .glance(dripping(20, 10 * 1024, Duration::ZERO), &busy)
        .await;
    assert!(matches!(long, Err(Refusal::Busy(Busy::Grant))), "{long:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_has_no_seat_is_not_waited_for() {
    let busy = Refusal::Busy(Busy::Grant);
    let begun = Instant::now();
    let slow = dripping(100, 10, Duration::from_millis(300));
    let slow = INTAKE.glance(slow, &busy).await;
    assert!(matches!(slow, Err(Refusal::Busy(Busy::Grant))), "{slow:?}");
    assert_eq!(begun.elapsed(), GLANCE);
    let announced = http_body_util::Full::new(Bytes::from(vec![b' '; FREE_BYTES + 1]));
    let announced = INTAKE.glance(announced, &busy).await;
    assert!(
        matches!(announced, Err(Refusal::Busy(Busy::Grant))),
        "{announced:?}"
    );
}
