//! Text that somebody must see as it is: what shows as nothing, or turns what is shown around, is named. PURE.

/// A stretch of text, or the name of a character that does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub is_sign: bool,
}

/// The text in pieces. White space that a reader cannot count, at either end, is named too.
pub fn pieces(text: &str) -> Vec<Piece> {
    let inner = text.trim_matches(' ');
    let before = text.len() - text.trim_start_matches(' ').len();
    let (start, end) = if inner.is_empty() {
        (text.len(), text.len())
    } else {
        (before, before + inner.len())
    };
    let mut pieces = Vec::new();
    let mut last = None;
    for (at, letter) in text.char_indices() {
        let is_at_an_end = at < start || at >= end;
        let sign = if is_at_an_end {
            Some("space".to_owned())
        } else {
            name(letter)
        };
        if let Some(sign) = sign {
            say(&mut pieces, &mut last, sign);
        } else {
            last = None;
            plain(&mut pieces, letter);
        }
        if letter == '\n' {
            last = None;
            plain(&mut pieces, letter);
        }
    }
    pieces
}

/// One sign after another of the same name is a count.
fn say(pieces: &mut Vec<Piece>, last: &mut Option<(String, u32)>, sign: String) {
    let times = match last {
        Some((name, times)) if *name == sign => *times + 1,
        _ => 1,
    };
    let text = match times {
        1 => sign.clone(),
        times => {
            pieces.pop();
            format!("{sign} ×{times}")
        }
    };
    pieces.push(Piece {
        text,
        is_sign: true,
    });
    *last = Some((sign, times));
}

fn plain(pieces: &mut Vec<Piece>, letter: char) {
    match pieces.last_mut() {
        Some(piece) if !piece.is_sign => piece.text.push(letter),
        _ => pieces.push(Piece {
            text: letter.to_string(),
            is_sign: false,
        }),
    }
}

/// What stands for a character that does not show as itself.
fn name(letter: char) -> Option<String> {
    #[expect(clippy::match_same_arms, reason = "each arm is a kind of its own")]
    let hides = match letter {
        '\n' => return Some("line feed".to_owned()),
        '\t' => return Some("tab".to_owned()),
        '\r' => return Some("carriage return".to_owned()),
        letter if letter.is_control() => true,
        // Spaces that are not the usual one.
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            true
        }
        // Of no width, of direction, and fillers.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' => true,
        // Marks of other scripts' texts that have no form of their own.
        '\u{600}'..='\u{605}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'
        | '\u{891}'
        | '\u{8e2}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{13455}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' => true,
        // Selectors, tags, and what everybody may draw as they please.
        '\u{fe00}'..='\u{fe0f}'
        | '\u{e000}'..='\u{f8ff}'
        | '\u{e0000}'..='\u{e0fff}'
        | '\u{f0000}'..='\u{10ffff}' => true,
        _ => false,
    };
    hides.then(|| format!("U+{:04X}", u32::from(letter)))
}

#[cfg(test)]
mod tests;
