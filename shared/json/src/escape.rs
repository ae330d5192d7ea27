//! Escapes in strings: what one stands for, and a string without them.

/// The escape at the beginning of some bytes.
pub(crate) struct Escape {
    pub character: char,
    /// How many bytes spell it, the backslash included.
    pub length: usize,
    /// Half of a surrogate pair, which no character is.
    pub is_half: bool,
}

/// Why it is none: after how many bytes, and what should have been there.
pub(crate) type NoEscape = (usize, &'static str);

impl Escape {
    /// Reads the escape that `bytes` begin with: a backslash and what follows.
    pub fn read(bytes: &[u8]) -> Result<Self, NoEscape> {
        let character = match bytes.get(1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return Self::unicode(bytes),
            _ => return Err((1, "an escape")),
        };
        Ok(Self {
            character,
            length: 2,
            is_half: false,
        })
    }

    fn unicode(bytes: &[u8]) -> Result<Self, NoEscape> {
        let first = four_digits(bytes, 2)?;
        let one = |character, is_half| Self {
            character,
            length: 6,
            is_half,
        };
        if let Some(character) = char::from_u32(first) {
            return Ok(one(character, false));
        }
        let is_followed = bytes.get(6..8) == Some(b"\\u");
        if first < 0xDC00 && is_followed {
            let second = four_digits(bytes, 8)?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(Self {
                    character: char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                    length: 12,
                    is_half: false,
                });
            }
        }
        Ok(one(char::REPLACEMENT_CHARACTER, true))
    }
}

fn four_digits(bytes: &[u8], from: usize) -> Result<u32, NoEscape> {
    let mut code = 0;
    for at in from..from + 4 {
        let digit = bytes
            .get(at)
            .and_then(|byte| char::from(*byte).to_digit(16));
        code = code * 16 + digit.ok_or((at, "four hexadecimal digits"))?;
    }
    Ok(code)
}

/// The text that `raw` spells, whose escapes have all been read and which is `length` bytes long without them: one
/// allocation, of just that size.
pub(crate) fn unescaped(raw: &str, length: usize) -> String {
    let mut out = String::with_capacity(length);
    let mut rest = raw;
    while let Some((plain, _)) = rest.split_once('\\') {
        out.push_str(plain);
        let escape = rest.get(plain.len()..).unwrap_or("");
        let Ok(read) = Escape::read(escape.as_bytes()) else {
            break;
        };
        out.push(read.character);
        rest = escape.get(read.length..).unwrap_or("");
    }
    out.push_str(rest);
    out
}
