//! Answers on a line of their own: however they are cut, they are the same head and the same data; a complete head stays what
//! it was when more comes; and a body of a stated length has no more than that.

use crate::parts::choice;
use bytes::Bytes;
use data_plane::upstream::line::frames::{Frames, Framing};
use data_plane::upstream::line::head;

pub fn run(data: &[u8]) {
    let (step, answer) = choice(data, 64);
    let step = usize::from(step) + 1;
    let Ok(Some(read)) = head::read(answer) else {
        return;
    };
    assert!(read.length <= answer.len());
    let (first, rest) = answer.split_at(read.length);
    let again = head::read(first).expect("a head").expect("all of it");
    assert_eq!((again.length, again.framing), (read.length, read.framing));
    assert!(matches!(head::read(&first[..first.len() - 1]), Ok(None)));

    let whole = unframed(read.framing, std::iter::once(rest));
    let cut = unframed(read.framing, rest.chunks(step));
    assert_eq!(whole, cut);
    assert!(whole.0.len() <= rest.len());
    if let Framing::Length(length) = read.framing {
        assert!(whole.0.len() as u64 <= length);
        assert_eq!(whole.1, whole.0.len() as u64 == length);
    }
}

/// The data, and whether the body was whole.
fn unframed<'a>(framing: Framing, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, bool) {
    let (mut frames, mut data) = (Frames::new(framing), Vec::new());
    for piece in pieces {
        let mut came = Bytes::copy_from_slice(piece);
        loop {
            match frames.take(&mut came) {
                Ok(Some(next)) => data.extend_from_slice(&next),
                Ok(None) => break,
                Err(_) => return (data, false),
            }
        }
        assert!(came.is_empty());
    }
    let is_whole = frames.end().is_ok();
    (data, is_whole)
}
