//! The spellings that a string in a document may have to follow.

use crate::clock;
use crate::finding::Flaw;
use crate::path::Path;
use crate::selector::Selector;
use crate::word::Window;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A sentence for a person.
    Message,
    /// `[A-Za-z0-9._-]{1,64}`
    Id,
    Counter,
    Selector,
    Zone,
    Path,
    /// A path that yields one value.
    OnePath,
    /// A path into the arguments that yields one value.
    ArgumentPath,
    /// A whole number and `s`, `m`, `h` or `d`, within bounds in seconds.
    Duration {
        least: u64,
        most: u64,
    },
    /// `MAX/WINDOW`
    Rate,
}

pub(crate) const MOST_MESSAGE_CHARS: usize = 2_000;
pub(crate) const MOST_NAME_CHARS: usize = 256;

impl Form {
    pub(crate) fn check(self, text: &str) -> Result<(), Flaw> {
        match self {
            Self::Message => at_most(text, MOST_MESSAGE_CHARS),
            Self::Id => {
                let is_id = (1..=64).contains(&text.len())
                    && text.bytes().all(|byte| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
                    });
                is_id.then_some(()).ok_or_else(|| {
                    Flaw::new(
                        "bad_id",
                        format!(
                            "`{}` is not an id: 1 to 64 letters, digits, `.`, `_` and `-`",
                            start(text)
                        ),
                    )
                })
            }
            Self::Counter if text.is_empty() || text.chars().any(char::is_control) => {
                Err(Flaw::new(
                    "bad_counter",
                    "the name of a counter is not empty and has no control characters",
                ))
            }
            Self::Counter => at_most(text, MOST_NAME_CHARS),
            Self::Selector => {
                at_most(text, MOST_NAME_CHARS).and_then(|()| Selector::parse(text).map(drop))
            }
            Self::Zone => clock::zone(text).map(drop),
            Self::Path => Path::parse(text).map(drop),
            Self::OnePath | Self::ArgumentPath => {
                let path = Path::parse(text)?;
                if path.is_many() {
                    Err(Flaw::new(
                        "bad_path",
                        format!("`{text}` yields many values, and one is needed here"),
                    ))
                } else if self == Self::ArgumentPath && !path.is_argument() {
                    Err(Flaw::new(
                        "bad_path",
                        format!("`{text}` is no argument; expected a path that begins with `args`"),
                    ))
                } else {
                    Ok(())
                }
            }
            Self::Duration { least, most } => match duration(text) {
                Some(seconds) if (least..=most).contains(&seconds) => Ok(()),
                Some(_) => Err(Flaw::new(
                    "out_of_range",
                    format!("`{text}` is not within {least} and {most} seconds"),
                )),
                None => Err(Flaw::new(
                    "bad_duration",
                    format!(
                        "`{}` is not a duration: a whole number and `s`, `m`, `h` or `d`",
                        start(text)
                    ),
                )),
            },
            Self::Rate => rate(text).map(drop).ok_or_else(|| {
                Flaw::new(
                    "bad_rate",
                    format!(
                        "`{}` is not a rate: `MAX/WINDOW`, with one of {}",
                        start(text),
                        Window::WORDS.join(", ")
                    ),
                )
                .hint(Some("10/minute"))
            }),
        }
    }
}

/// The seconds of `90s`, `30m`, `24h` or `7d`.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let (number, seconds) = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    digits(number)?.checked_mul(seconds)
}

/// The budget and the window of `10/minute`.
pub(crate) fn rate(text: &str) -> Option<(u64, Window)> {
    let (max, window) = text.split_once('/')?;
    let max = digits(max).filter(|max| *max <= crate::limit::MOST_UNITS)?;
    Some((max, Window::from_word(window)?))
}

fn digits(text: &str) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

fn at_most(text: &str, most: usize) -> Result<(), Flaw> {
    if text.chars().nth(most).is_some() {
        Err(Flaw::new(
            "too_long",
            format!("a text of more than {most} characters"),
        ))
    } else {
        Ok(())
    }
}

/// Enough of a text to know it again.
pub(crate) fn start(text: &str) -> &str {
    text.char_indices()
        .nth(80)
        .and_then(|(end, _)| text.get(..end))
        .unwrap_or(text)
}
