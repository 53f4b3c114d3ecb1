//! The few words that a report adds to what people wrote.

use skerry_domain::{Smoothing, SmoothingKind};

/// In which language they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Swedish.
    Sv,
}

impl Language {
    fn choose(self, en: &str, sv: &str) -> String {
        match self {
            Self::En => en.to_owned(),
            Self::Sv => sv.to_owned(),
        }
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Sv => "sv",
        }
    }

    pub(crate) fn step(self) -> String {
        self.choose("step", "steg")
    }

    pub(crate) fn relative(self) -> String {
        self.choose("time since start", "tid sedan start")
    }

    pub(crate) fn time(self) -> String {
        self.choose("time (UTC)", "tid (UTC)")
    }

    pub(crate) fn more_lines(self, n: usize) -> String {
        match self {
            Self::En => format!("and {n} more"),
            Self::Sv => format!("och {n} till"),
        }
    }

    pub(crate) fn nothing_to_draw(self) -> String {
        self.choose("No values to draw", "Inga värden att rita")
    }

    pub(crate) fn no_runs(self) -> String {
        self.choose("No runs", "Inga körningar")
    }

    pub(crate) fn gaps(self, n: usize) -> String {
        match (self, n) {
            (Self::En, 1) => String::from("1 value is NaN: a gap"),
            (Self::En, _) => format!("{n} values are NaN: gaps"),
            (Self::Sv, 1) => String::from("1 värde är NaN: en lucka"),
            (Self::Sv, _) => format!("{n} värden är NaN: luckor"),
        }
    }

    pub(crate) fn infinite(self, n: usize) -> String {
        match (self, n) {
            (Self::En, 1) => String::from("1 value is infinite: a triangle at the edge"),
            (Self::En, _) => format!("{n} values are infinite: triangles at the edge"),
            (Self::Sv, 1) => String::from("1 värde är oändligt: en triangel vid kanten"),
            (Self::Sv, _) => format!("{n} värden är oändliga: trianglar vid kanten"),
        }
    }

    pub(crate) fn not_on_log(self, n: usize) -> String {
        match (self, n) {
            (Self::En, 1) => String::from("1 value of 0 or less has no place on this axis"),
            (Self::En, _) => format!("{n} values of 0 or less have no place on this axis"),
            (Self::Sv, 1) => String::from("1 värde på 0 eller mindre får inte plats på axeln"),
            (Self::Sv, _) => format!("{n} värden på 0 eller mindre får inte plats på axeln"),
        }
    }

    pub(crate) fn smoothed(self, smoothing: Smoothing, pale: bool) -> String {
        let weight = format!("{:.2}", smoothing.weight);
        let kind = match smoothing.kind {
            SmoothingKind::Exponential => self.choose("exponential mean", "exponentiellt medel"),
            SmoothingKind::Mean => self.choose("running mean", "glidande medel"),
            SmoothingKind::Gaussian => self.choose("Gaussian", "gaussiskt"),
        };
        let pale = match pale {
            true => self.choose("; pale: as logged", "; blekt: som loggat"),
            false => String::new(),
        };
        match self {
            Self::En => format!("smoothed by {weight} ({kind}){pale}"),
            Self::Sv => format!("utjämnat med {} ({kind}){pale}", weight.replace('.', ",")),
        }
    }
}
