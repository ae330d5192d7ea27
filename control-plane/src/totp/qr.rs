//! A text as a QR code, drawn as one path of an SVG.

use qrcode::{Color, QrCode};
use std::fmt::Write;

/// The light frame that readers need.
const MARGIN: usize = 4;

#[derive(Debug)]
pub struct Qr {
    pub size: usize,
    pub path: String,
}

impl Qr {
    /// None: the text is too long for a code.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::new(text).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (at, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (x, y) = (at % width + MARGIN, at / width + MARGIN);
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
        let size = width + 2 * MARGIN;
        Some(Self { size, path })
    }
}
