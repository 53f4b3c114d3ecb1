//! A table of runs.

use crate::Language;
use crate::axis::number;
use crate::markdown::escaped;

/// A table: a row for each run.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What stands over it.
    pub title: String,
    /// Its columns; the first names the run.
    pub columns: Vec<Column>,
    /// Its rows, with a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// Remarks under it.
    pub notes: Vec<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Numbers stand at its end.
    pub numbers: bool,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    None,
    /// Text.
    Text(String),
    /// A number; NaN and the infinities are shown as such.
    Number(f64),
    /// What is there no more.
    Gone(String),
}

impl Table {
    pub(crate) fn html(&self, language: Language) -> String {
        let mut out = String::from("<figure class=\"table\">");
        if !self.title.is_empty() {
            out.push_str(&format!(
                "<figcaption><bdi>{}</bdi></figcaption>",
                escaped(&self.title)
            ));
        }
        if self.rows.is_empty() {
            out.push_str(&format!("<p class=\"quiet\">{}</p>", language.no_runs()));
        } else {
            out.push_str("<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>");
            for column in &self.columns {
                let class = if column.numbers {
                    " class=\"right\""
                } else {
                    ""
                };
                out.push_str(&format!(
                    "<th scope=\"col\"{class}><bdi>{}</bdi></th>",
                    escaped(&column.name)
                ));
            }
            out.push_str("</tr></thead><tbody>");
            for row in &self.rows {
                out.push_str("<tr>");
                for (n, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
                    out.push_str(&cell.html(n == 0, column.numbers, language));
                }
                out.push_str("</tr>");
            }
            out.push_str("</tbody></table></div>");
        }
        if !self.notes.is_empty() {
            out.push_str(&format!(
                "<p class=\"quiet\">{}</p>",
                escaped(&self.notes.join(" · "))
            ));
        }
        out.push_str("</figure>");
        out
    }
}

impl Cell {
    fn html(&self, heads: bool, numbers: bool, language: Language) -> String {
        let (open, close) = if heads {
            ("<th scope=\"row\"", "</th>")
        } else {
            ("<td", "</td>")
        };
        let class = if numbers { " class=\"right\"" } else { "" };
        match self {
            Self::None => format!("{open}{class}>–{close}"),
            Self::Text(text) => format!("{open}{class}><bdi>{}</bdi>{close}", escaped(text)),
            Self::Number(value) => format!(
                "{open}{class} title=\"{value}\">{}{close}",
                number(*value, language)
            ),
            Self::Gone(text) => {
                format!("{open} class=\"gone\"><bdi>{}</bdi>{close}", escaped(text))
            }
        }
    }
}
