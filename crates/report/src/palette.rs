//! The colors of the console's charts: ten that stay apart for people who see colors otherwise,
//! and dash patterns beyond them. A run has the same on every screen and in every file.

use std::collections::BTreeMap;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Which of the ten colors, from 0.
    pub slot: usize,
    /// Which of the dash patterns, from 0.
    pub dash: usize,
}

pub(crate) const SLOTS: usize = 10;

/// Lengths of dashes and gaps in pixels; the first is a whole line.
pub(crate) const DASHES: [&[f64]; 5] = [
    &[],
    &[6.0, 3.0],
    &[2.0, 3.0],
    &[10.0, 3.0, 2.0, 3.0],
    &[12.0, 5.0],
];

/// A color as red, green, blue.
pub(crate) type Rgb = (u8, u8, u8);

/// The colors of one theme: those of `ui/src/shared/tokens.css`.
pub(crate) struct Colors {
    pub surface: Rgb,
    pub text: Rgb,
    pub quiet: Rgb,
    pub grid: Rgb,
    pub series: [Rgb; SLOTS],
}

pub(crate) const LIGHT: Colors = Colors {
    surface: (0xff, 0xff, 0xff),
    text: (0x0f, 0x20, 0x22),
    quiet: (0x56, 0x68, 0x6b),
    grid: (0xe1, 0xe8, 0xe7),
    series: [
        (0x04, 0x86, 0x5d),
        (0xcc, 0x4b, 0x32),
        (0x0f, 0x3a, 0xb8),
        (0xc0, 0x8a, 0x09),
        (0x8d, 0x10, 0x6d),
        (0x46, 0x97, 0xe9),
        (0x58, 0x4c, 0x07),
        (0xe3, 0x45, 0x76),
        (0x80, 0x88, 0xb6),
        (0x5d, 0x2a, 0x32),
    ],
};

pub(crate) const DARK: Colors = Colors {
    surface: (0x14, 0x1e, 0x21),
    text: (0xe4, 0xee, 0xed),
    quiet: (0x8f, 0xa3, 0xa5),
    grid: (0x1d, 0x2a, 0x2d),
    series: [
        (0x4b, 0xc4, 0x95),
        (0xeb, 0xa0, 0x54),
        (0x7c, 0x89, 0xff),
        (0xfb, 0xe0, 0x66),
        (0xb0, 0x5f, 0xb5),
        (0x85, 0xaf, 0xf5),
        (0x88, 0x94, 0x4b),
        (0xff, 0xb8, 0xd6),
        (0x84, 0x92, 0x90),
        (0xa5, 0x57, 0x3a),
    ],
};

impl Colors {
    /// Each color of the light theme that stands in a figure, with what it is in the dark one.
    pub(crate) fn pairs() -> Vec<(Rgb, Rgb)> {
        let mut pairs = vec![
            (LIGHT.surface, DARK.surface),
            (LIGHT.text, DARK.text),
            (LIGHT.quiet, DARK.quiet),
            (LIGHT.grid, DARK.grid),
        ];
        pairs.extend(LIGHT.series.into_iter().zip(DARK.series));
        pairs
    }
}

/// As it is written in SVG and CSS.
pub(crate) fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// FNV-1a, as the console's charts have it.
fn slot_of(id: &str) -> usize {
    let hash = id.encode_utf16().fold(0x811c_9dc5_u32, |hash, unit| {
        (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193)
    });
    hash as usize % SLOTS
}

/// A look for each of several runs, by their ids, as the console's charts have it: a run's own
/// color unless a run before it has that one, then the next that is as free. Up to ten differ by
/// color, more by their dash too.
pub fn looks(ids: &[&str]) -> Vec<Look> {
    let mut sorted: Vec<&str> = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut used = [0; SLOTS];
    let mut by_id = BTreeMap::new();
    for id in sorted {
        let least = used.iter().copied().min().unwrap_or_default();
        let own = slot_of(id);
        let slot = (own..own + SLOTS)
            .map(|slot| slot % SLOTS)
            .find(|slot| used.get(*slot) == Some(&least))
            .unwrap_or(own);
        if let Some(nth) = used.get_mut(slot) {
            *nth += 1;
        }
        let dash = least % DASHES.len();
        by_id.insert(id, Look { slot, dash });
    }
    ids.iter().filter_map(|id| by_id.get(id).copied()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests say what must hold by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_colors_are_those_of_the_screens() {
        let tokens = include_str!("../../../ui/src/shared/tokens.css");
        let (light, dark) = tokens.split_once("data-theme=\"dark\"").unwrap();
        let (_, light) = light.split_once("data-theme=\"light\"").unwrap();
        for (theme, colors) in [(light, LIGHT), (dark, DARK)] {
            let mut wanted = vec![
                ("--surface-raised".to_owned(), colors.surface),
                ("--text".to_owned(), colors.text),
                ("--chart-axis".to_owned(), colors.quiet),
                ("--chart-grid".to_owned(), colors.grid),
            ];
            for (n, color) in colors.series.into_iter().enumerate() {
                wanted.push((format!("--series-{}", n + 1), color));
            }
            for (token, color) in wanted {
                let line = format!("{token}: {};", hex(color).to_lowercase());
                assert!(theme.contains(&line), "{line}");
            }
        }
    }

    #[test]
    fn ten_runs_differ_by_color_and_more_by_their_dash() {
        // As ui/src/shared/charts/palette.ts has them, which counts from 1.
        assert_eq!((slot_of("a"), slot_of("b")), (0, 7));
        let ids: Vec<String> = (0..30).map(|n| format!("{n:032x}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let all = looks(&ids);
        assert_eq!(all.len(), 30);
        for (at, look) in all.iter().enumerate() {
            assert_eq!(looks(&[ids[at]])[0].slot, slot_of(ids[at]));
            assert_eq!(look.dash, at / SLOTS);
            assert!(!all.iter().take(at).any(|other| other == look), "{look:?}");
        }
        // A run that is added changes none before it.
        assert_eq!(looks(&ids[..12]), all[..12]);
        assert_eq!(looks(&["x", "x"]).len(), 2);
    }
}
