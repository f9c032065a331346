//! A text as it is searched: its characters, and where each came from.

/// One character, and the bytes of the shown text that it came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) c: char,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The first `most` characters of `text`, and whether there are more. Blanks that follow each other are one unit, so that no
/// number of them moves the end.
pub(super) fn of_text(text: &str, most: usize) -> (Vec<Unit>, bool) {
    let mut view: Vec<Unit> = Vec::with_capacity(text.len().min(most));
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        let is_full = view.len() == most;
        match view.last_mut().filter(|last| is_blank(c) && is_blank(last.c)) {
            Some(last) => last.end = end,
            None if is_full => return (view, true),
            None => view.push(Unit { c, start, end }),
        }
    }
    (view, false)
}

/// The characters of `bytes`, each of which knows what it came from. What is not UTF-8 is taken for Latin-1.
pub(super) fn of_bytes(bytes: &[(u8, (usize, usize))]) -> Vec<Unit> {
    let plain: Vec<u8> = bytes.iter().map(|(byte, _)| *byte).collect();
    let mut view: Vec<Unit> = Vec::with_capacity(plain.len());
    let mut at = 0;
    let mut push = |c: char, length: usize| {
        let ((start, _), (_, end)) = (bytes[at].1, bytes[at + length - 1].1);
        at += length;
        match view.last_mut().filter(|last| is_blank(c) && is_blank(last.c)) {
            Some(last) => last.end = end,
            None => view.push(Unit { c, start, end }),
        }
    };
    for chunk in plain.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(c, c.len_utf8()));
        chunk.invalid().iter().for_each(|byte| push(char::from(*byte), 1));
    }
    view
}

/// Whether nobody sees it, or it is shown as white space: controls, white space, and what Unicode calls default ignorable.
pub(super) fn is_blank(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_graphic();
    }
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}
