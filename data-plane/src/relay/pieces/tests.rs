use super::*;
use crate::seats::{Kind, Limits, Seats};
use hyper::body::Body as _;

#[tokio::test]
async fn the_pieces_are_the_answer_and_hold_its_seat_to_the_last() {
    let seats = Seats::new(Limits::default());
    let (org, grant) = (ids::OrgId::new(1, [1; 10]), ids::GrantId::new(1, [2; 10]));
    let seat = seats.take(Kind::Call, org, grant).unwrap();
    let whole: Bytes = (0..200_000_u32)
        .map(|number| number.to_le_bytes()[0])
        .collect();
    let mut body = pieces(whole.clone(), Some(seat));
    assert_eq!(body.size_hint().exact(), Some(200_000));
    let mut read = Vec::new();
    while let Some(piece) = body.frame().await {
        let piece = piece.unwrap().into_data().unwrap();
        assert!(piece.len() <= PIECE);
        assert_eq!(seats.used().calls, 1);
        read.extend_from_slice(&piece);
    }
    assert_eq!(read, whole);
    drop(body);
    assert_eq!(seats.used().calls, 0);
}
