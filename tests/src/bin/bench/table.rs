//! Figures of several servers beside each other.

/// Rows by name, columns by server, in the order in which they came.
#[derive(Default)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<(String, Vec<(String, String)>)>,
}

impl Table {
    /// Puts a figure in, and prints it, so that a run that breaks off is not for nothing.
    pub fn put(&mut self, column: &str, row: &str, figure: impl Into<String>) {
        let figure = figure.into();
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        println!("{column}: {row}: {figure} (load {load})");
        if !self.columns.iter().any(|known| known == column) {
            self.columns.push(column.to_owned());
        }
        let figure = (column.to_owned(), figure);
        match self.rows.iter_mut().find(|(known, _)| known == row) {
            Some((_, figures)) => figures.push(figure),
            None => self.rows.push((row.to_owned(), vec![figure])),
        }
    }

    /// Prints it as Markdown.
    pub fn print(&self) {
        if self.rows.is_empty() {
            return;
        }
        println!("\n| | {} |", self.columns.join(" | "));
        println!("|---|{}", "---|".repeat(self.columns.len()));
        for (row, figures) in &self.rows {
            let cells: Vec<&str> = self
                .columns
                .iter()
                .map(|column| {
                    figures
                        .iter()
                        .find(|(of, _)| of == column)
                        .map_or("–", |(_, figure)| figure)
                })
                .collect();
            println!("| {row} | {} |", cells.join(" | "));
        }
        println!();
    }
}
