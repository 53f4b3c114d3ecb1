//! A report as one file of HTML.

use std::sync::LazyLock;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use crate::markdown::{escaped, rendered};
use crate::palette::{Colors, hex};
use crate::{Figure, FigureError, Language, Table, Theme};

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// Facts about it, in a line below the title.
    pub facts: Vec<String>,
    /// What stands in it, in order.
    pub parts: Vec<Part>,
    /// In which language the words are that nobody wrote.
    pub language: Language,
}

/// What stands in a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Markdown.
    Text(String),
    /// A chart.
    Figure(Figure),
    /// A table.
    Table(Table),
    /// Something could not be shown, and why.
    Notice(String),
}

/// The one style sheet; figures, which have the colors of the light theme, take those of the dark
/// one where that is preferred.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let mut style = String::from(include_str!("page.css"));
    style.push_str("@media (prefers-color-scheme: dark) {\n");
    for (light, dark) in Colors::pairs() {
        let (light, dark) = (hex(light), hex(dark));
        style.push_str(&format!(
            "figure svg [stroke=\"{light}\"] {{ stroke: {dark}; }} \
             figure svg [fill=\"{light}\"] {{ fill: {dark}; }}\n"
        ));
    }
    style.push_str("}\n");
    style
});

/// Nothing is loaded, nothing runs, and of styles only ours counts.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
});

impl Page {
    /// As HTML: complete in itself, light and dark.
    ///
    /// # Errors
    /// When a figure cannot be drawn.
    pub fn html(&self) -> Result<String, FigureError> {
        let (title, language) = (escaped(&self.title), self.language.code());
        let mut out = format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"generator\" content=\"Skerry\">\n\
             <title>{title}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n\
             <header><h1><bdi>{title}</bdi></h1>",
            *POLICY, *STYLE
        );
        if !self.facts.is_empty() {
            out.push_str(&format!(
                "<p class=\"quiet\">{}</p>",
                escaped(&self.facts.join(" · "))
            ));
        }
        out.push_str("</header>\n");
        for part in &self.parts {
            match part {
                Part::Text(text) => {
                    out.push_str("<div class=\"words\">");
                    out.push_str(&rendered(text));
                    out.push_str("</div>");
                }
                Part::Figure(figure) => {
                    out.push_str("<figure>");
                    out.push_str(&figure.svg(Theme::Light, self.language)?);
                    out.push_str("</figure>");
                }
                Part::Table(table) => out.push_str(&table.html(self.language)),
                Part::Notice(text) => {
                    out.push_str(&format!("<p class=\"notice\">{}</p>", escaped(text)));
                }
            }
            out.push('\n');
        }
        out.push_str("</main>\n</body>\n</html>\n");
        Ok(out)
    }
}
