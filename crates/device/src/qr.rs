//! QR codes as the screens draw them: one path of unit squares. The lowest correction, since a screen has no dirt and the code is
//! the coarser for it.

use qrcode::{Color, EcLevel, QrCode};

use crate::api::CodeView;
use crate::problem::{Code, Problem};

/// The code of a text.
pub(crate) fn view(text: &str) -> Result<CodeView, Problem> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L)
        .map_err(|error| Problem::because(Code::TooLarge, error))?;
    let side = code.width();
    let mut path = String::new();
    for y in 0..side {
        let mut x = 0;
        while x < side {
            let run = (x..side)
                .take_while(|x| code[(*x, y)] == Color::Dark)
                .count();
            if run > 0 {
                path.push_str(&format!("M{x} {y}h{run}v1h-{run}z"));
            }
            x += run.max(1);
        }
    }
    Ok(CodeView {
        text: text.to_owned(),
        side: u32::try_from(side).unwrap_or(u32::MAX),
        path,
    })
}
