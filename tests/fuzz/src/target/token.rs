//! Tokens, ids and slugs: what is read is spelt as it was written, and no slip of a letter passes.

use crate::parts::text;
use ids::token::{Token, TokenKind};
use ids::{CallId, GrantId, OrgId, PolicyId, ServerId, Slug};

pub fn run(data: &[u8]) {
    if let Some(text) = text(data) {
        named(text);
    }
    if let Some((random, rest)) = data.split_first_chunk::<32>() {
        made(*random, rest);
    }
}

fn named(text: &str) {
    if let Ok(token) = Token::parse(text) {
        assert_eq!(token.expose(), text);
        assert_eq!(text.len(), 53);
        assert!(text.starts_with(token.kind().prefix()));
        assert!(!format!("{token:?}").contains(&text[4..]));
    }
    macro_rules! spelt_alike {
        ($($id:ty),*) => {$(
            if let Ok(id) = text.parse::<$id>() {
                assert_eq!(id.to_string(), text);
            }
        )*};
    }
    spelt_alike!(OrgId, ServerId, PolicyId, GrantId, CallId);
    if let Ok(id) = text.parse::<CallId>() {
        let _ = id.unix_ms();
    }
    if let Ok(slug) = text.parse::<Slug>() {
        assert_eq!(slug.as_str(), text);
        assert!((2..=40).contains(&text.len()));
        assert!(text.parse::<OrgId>().is_err(), "a slug that is an id");
    }
    if let Ok(slug) = Slug::for_org(text) {
        assert_eq!(text.parse::<Slug>(), Ok(slug));
    }
}

fn made(random: [u8; 32], slip: &[u8]) {
    for kind in [TokenKind::Grant, TokenKind::ApiKey] {
        let token = Token::new(kind, random);
        let text = token.expose();
        assert_eq!(Token::parse(text), Ok(token.clone()));
        assert_eq!(token.kind(), kind);
        let [at, letter, ..] = slip else {
            continue;
        };
        let mut wrong = text.as_bytes().to_vec();
        let at = usize::from(*at) % wrong.len();
        let letter = letter % 0x80;
        let differs = wrong[at] != letter;
        wrong[at] = letter;
        let wrong = String::from_utf8(wrong).expect("letters");
        assert_eq!(Token::parse(&wrong).is_err(), differs, "{wrong}");
    }
}
