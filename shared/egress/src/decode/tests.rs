use super::*;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::HeaderValue;
use proptest::prelude::*;

fn headers(encoding: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_str(encoding).unwrap());
    headers
}

fn encode(encoding: &str, text: &[u8]) -> Vec<u8> {
    fn through<W: Write>(mut to: W, text: &[u8], end: impl FnOnce(W) -> Vec<u8>) -> Vec<u8> {
        to.write_all(text).unwrap();
        end(to)
    }
    let usual = Compression::default();
    match encoding {
        "gzip" | "x-gzip" => through(GzEncoder::new(Vec::new(), usual), text, |it| {
            it.finish().unwrap()
        }),
        "deflate" => through(ZlibEncoder::new(Vec::new(), usual), text, |it| {
            it.finish().unwrap()
        }),
        "raw" => through(DeflateEncoder::new(Vec::new(), usual), text, |it| {
            it.finish().unwrap()
        }),
        "zstd" => zstd::encode_all(text, 3).unwrap(),
        "br" => {
            let (mut out, mut input) = (Vec::new(), text);
            let params = brotli::enc::BrotliEncoderParams {
                quality: 4,
                ..Default::default()
            };
            brotli::BrotliCompress(&mut input, &mut out, &params).unwrap();
            out
        }
        other => panic!("{other}"),
    }
}

fn decode(encoding: &str, pieces: &[&[u8]]) -> Result<Vec<u8>, Undecodable> {
    let mut decoder = Decoder::of(&headers(encoding))?;
    let mut all = Vec::new();
    for piece in pieces {
        all.extend_from_slice(&decoder.push(Bytes::copy_from_slice(piece))?);
    }
    decoder.finish()?;
    Ok(all)
}

/// What a header calls each, and what it is.
const ALL: [(&str, &str); 6] = [
    ("gzip", "gzip"),
    ("X-GZIP", "x-gzip"),
    ("deflate", "deflate"),
    ("deflate", "raw"),
    ("br", "br"),
    ("zstd", "zstd"),
];

#[test]
fn an_answer_comes_out_as_it_went_in_however_it_is_cut() {
    let text: Vec<u8> = (0..200_000_u32)
        .flat_map(|number| (number % 977).to_string().into_bytes())
        .collect();
    for (named, encoding) in ALL {
        let packed = encode(encoding, &text);
        assert!(decode(named, &[&packed]).unwrap() == text, "{encoding}");
        let bytes: Vec<&[u8]> = packed.chunks(1).take(packed.len()).collect();
        assert!(decode(named, &bytes).unwrap() == text, "{encoding}");
    }
    assert_eq!(decode("identity", &[b"a", b"b"]).unwrap(), b"ab");
}

#[test]
fn what_came_by_now_can_be_read_by_now() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(b"data: 1\n\n").unwrap();
    packed.flush().unwrap();
    let first = packed.get_ref().clone();
    let mut decoder = Decoder::of(&headers("gzip")).unwrap();
    assert_eq!(&decoder.push(first.into()).unwrap()[..], b"data: 1\n\n");
    let mut packed = zstd::Encoder::new(Vec::new(), 3).unwrap();
    packed.write_all(b"data: 2\n\n").unwrap();
    packed.flush().unwrap();
    let first = packed.get_ref().clone();
    let mut decoder = Decoder::of(&headers("zstd")).unwrap();
    assert_eq!(&decoder.push(first.into()).unwrap()[..], b"data: 2\n\n");
}

#[test]
fn a_bomb_ends_before_it_is_unpacked() {
    for (named, encoding) in ALL {
        let bomb = encode(encoding, &vec![b'a'; 24 << 20]);
        let mut decoder = Decoder::of(&headers(named)).unwrap();
        let outcome = decoder.push(Bytes::from(bomb.clone()));
        assert_eq!(outcome, Err(Undecodable::TooLarge), "{encoding}");
        // In small pieces it gets no further.
        let mut decoder = Decoder::of(&headers(named)).unwrap();
        let (mut taken, mut given) = (0, 0);
        let end = bomb.chunks(512).find_map(|piece| {
            taken += piece.len();
            match decoder.push(Bytes::copy_from_slice(piece)) {
                Ok(out) => {
                    given += out.len();
                    assert!(given <= FREE.max(RATIO * taken));
                    None
                }
                Err(error) => Some(error),
            }
        });
        assert_eq!(end, Some(Undecodable::TooLarge), "{encoding}");
    }
}

#[test]
fn no_piece_becomes_more_than_an_answer_may_weigh() {
    // Hardly compressible, so that the ratio allows it.
    let mut seed = 1_u32;
    let text: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + u8::try_from((seed >> 24) % 16).unwrap()
    })
    .take(MOST_AT_ONCE + 1)
    .collect();
    for (named, encoding) in [("gzip", "gzip"), ("zstd", "zstd")] {
        let packed = encode(encoding, &text);
        assert_eq!(
            decode(named, &[&packed]),
            Err(Undecodable::TooLarge),
            "{encoding}"
        );
    }
}

#[test]
fn an_answer_that_repeats_itself_is_none_up_to_a_mebibyte() {
    let text = vec![b'a'; FREE];
    for (named, encoding) in ALL {
        let packed = encode(encoding, &text);
        assert!(packed.len() * RATIO < FREE);
        assert_eq!(decode(named, &[&packed]).unwrap().len(), FREE);
    }
}

#[test]
fn a_window_of_gigabytes_is_not_made_room_for() {
    // Frame header of zstd: magic, a descriptor without content size, a window of 2^31 bytes; then a last raw block.
    let zstd = [
        0x28,
        0xb5,
        0x2f,
        0xfd,
        0x00,
        21 << 3,
        0x09,
        0x00,
        0x00,
        b'a',
    ];
    assert_eq!(decode("zstd", &[&zstd]), Err(Undecodable::Broken));
    // The extension of brotli says 17 in seven bits, then six bits of window: 30.
    let brotli = [0x11, 0x1e, 0x03];
    assert_eq!(decode("br", &[&brotli]), Err(Undecodable::Broken));
}

#[test]
fn what_is_cut_off_or_goes_on_behind_its_end_is_broken() {
    for (named, encoding) in ALL {
        let packed = encode(
            encoding,
            &[b"some words, some words".as_slice(); 40].concat(),
        );
        let cut = &packed[..packed.len() - 1];
        assert_eq!(
            decode(named, &[cut]),
            Err(Undecodable::Broken),
            "{encoding}"
        );
        let more = [&packed[..], b"more of it"].concat();
        assert_eq!(
            decode(named, &[&more]),
            Err(Undecodable::Broken),
            "{encoding}"
        );
    }
    for named in ["gzip", "deflate", "br", "zstd"] {
        assert!(
            decode(named, &[b"<html>not packed</html>"]).is_err(),
            "{named}"
        );
        // No body at all is an answer of nothing.
        assert_eq!(decode(named, &[]).unwrap(), b"", "{named}");
    }
}

#[test]
fn what_is_not_read_here_is_said_to_be_so() {
    for named in ["compress", "gzip, br", "gzip,gzip", "aes128gcm", "utf-8"] {
        assert_eq!(
            Decoder::of(&headers(named)).unwrap_err(),
            Undecodable::Unknown,
            "{named}"
        );
    }
    let mut twice = headers("gzip");
    twice.append(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    assert!(Decoder::of(&twice).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_exceed(
        named in prop::sample::select(vec!["gzip", "deflate", "br", "zstd"]),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        at in 0..400_usize,
    ) {
        let (head, tail) = bytes.split_at(at.min(bytes.len()));
        if let Ok(out) = decode(named, &[head, tail]) {
            prop_assert!(out.len() <= FREE);
        }
    }

    #[test]
    fn a_changed_byte_never_makes_it_panic(
        (named, encoding) in prop::sample::select(ALL.to_vec()),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let mut packed = encode(encoding, &b"some words, some more words, ".repeat(200));
        let at = at.index(packed.len());
        packed[at] = to;
        let _ = decode(named, &[&packed]);
    }
}
