//! From what a process writes to lines.

/// A longer line is cut into pieces of at most so many bytes.
pub const LONGEST: usize = 64 << 10;

/// Takes bytes as they come and gives lines.
#[derive(Debug, Default)]
pub struct Splitter {
    unfinished: Vec<u8>,
}

impl Splitter {
    /// Takes bytes; gives each line that they complete, and whether the line goes on
    /// in the next piece.
    pub fn push(&mut self, mut bytes: &[u8], mut give: impl FnMut(&str, bool)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            bytes = rest.get(1..).unwrap_or_default();
            self.take(line, &mut give);
            self.finish(&mut give);
        }
        self.take(bytes, &mut give);
    }

    /// Nothing more will come: gives what has no end, if anything.
    pub fn end(&mut self, mut give: impl FnMut(&str, bool)) {
        if !self.unfinished.is_empty() {
            self.finish(&mut give);
        }
    }

    fn take(&mut self, mut bytes: &[u8], give: &mut impl FnMut(&str, bool)) {
        loop {
            let room = LONGEST.saturating_sub(self.unfinished.len());
            // A line that just fits is not cut: its end may come next.
            if bytes.len() <= room {
                self.unfinished.extend_from_slice(bytes);
                return;
            }
            let (fits, rest) = bytes.split_at(room);
            self.unfinished.extend_from_slice(fits);
            bytes = rest;
            let cut = whole_letters(&self.unfinished);
            let next = self.unfinished.split_off(cut);
            give(&String::from_utf8_lossy(&self.unfinished), true);
            self.unfinished = next;
        }
    }

    fn finish(&mut self, give: &mut impl FnMut(&str, bool)) {
        let line = self
            .unfinished
            .strip_suffix(b"\r")
            .unwrap_or(&self.unfinished);
        // A carriage return writes over what stands there: a progress bar is its last state.
        let shown = line
            .rsplit(|byte| *byte == b'\r')
            .next()
            .unwrap_or_default();
        give(&String::from_utf8_lossy(shown), false);
        self.unfinished.clear();
    }
}

/// How many of these bytes do not end within a letter.
fn whole_letters(bytes: &[u8]) -> usize {
    // A letter has at most four bytes: look at no more than the last three.
    for back in 1..=3.min(bytes.len()) {
        let at = bytes.len() - back;
        let Some(byte) = bytes.get(at) else { break };
        let length = match byte {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            0x80..=0xBF => continue,
            _ => break,
        };
        return if length > back && at > 0 {
            at
        } else {
            bytes.len()
        };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(parts: &[&[u8]]) -> Vec<(String, bool)> {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for part in parts {
            splitter.push(part, |text, continues| {
                lines.push((text.to_owned(), continues))
            });
        }
        splitter.end(|text, continues| lines.push((text.to_owned(), continues)));
        lines
    }

    #[test]
    fn lines_however_they_come() {
        let whole = |text: &str| (text.to_owned(), false);
        assert_eq!(split(&[b"a\nb\r\n", b"", b"c"]), ["a", "b", "c"].map(whole));
        assert_eq!(split(&[b"\n\n"]), ["", ""].map(whole));
        assert_eq!(split(&[b"10%\r50%\r100%\nok\n"]), ["100%", "ok"].map(whole));
        assert_eq!(split(&[b"\xff\xfe\n"]), ["\u{fffd}\u{fffd}"].map(whole));
        assert_eq!(
            split(&["ä".as_bytes().split_at(1).0, "ä\n".as_bytes().split_at(1).1]),
            ["ä"].map(whole)
        );
    }

    #[test]
    fn ten_megabytes_on_one_line() {
        let line = "ü".repeat(5 << 20) + "\n";
        let lines = split(&[line.as_bytes()]);
        assert!(lines.iter().all(|(text, _)| text.len() <= LONGEST));
        assert!(lines.iter().rev().skip(1).all(|(_, continues)| *continues));
        let joined: String = lines.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(joined + "\n", line);
    }

    #[test]
    fn a_line_that_just_fits_is_whole() {
        let line = "x".repeat(LONGEST);
        assert_eq!(split(&[line.as_bytes(), b"\n"]), [(line, false)]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_doubled(text in "[^\r]{0,300}", cuts in prop::collection::vec(0usize..2000, 0..8)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % (bytes.len() + 1)).collect();
            cuts.sort_unstable();
            let mut parts = Vec::new();
            let mut from = 0;
            for cut in cuts {
                parts.push(&bytes[from..cut]);
                from = cut;
            }
            parts.push(&bytes[from..]);
            let expected: Vec<(String, bool)> = text
                .split_terminator('\n')
                .map(|line| (line.to_owned(), false))
                .collect();
            prop_assert_eq!(split(&parts), expected);
        }

        #[test]
        fn any_bytes_give_short_lines(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
            let repeated = bytes.repeat(40);
            for (text, _) in split(&[&repeated]) {
                // A byte that is no letter becomes one of three bytes.
                prop_assert!(text.len() <= 3 * LONGEST);
            }
        }
    }
}
