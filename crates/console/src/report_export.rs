//! Reports as files: a page, or one of its charts.

use std::collections::HashMap;

use base64::Engine as _;
use skerry_domain::{Code, ErrorBody, RunStatus, Smoothing};
use skerry_report::{
    Cell, Column, Figure, FigureError, Language as Words, Line, Look, Page, Part, Table,
    Theme as Colors, XAxis, looks,
};
use skerry_store::{Along, Pick};

use crate::Console;
use crate::api::*;
use crate::charts::{Drawn, Lines};
use crate::columns::MetricColumn;
use crate::console::blocking;
use crate::reports::Resolved;
use crate::runs::Seen;

/// Points of all lines of a chart together, and the least and most of one.
const POINTS: usize = 24_000;
const LEAST: usize = 60;
const MOST: usize = 2_000;

impl Console {
    /// A report, or a chart of it, as a file.
    pub async fn report_export(&self, args: ReportExport) -> Result<ExportedFile, ErrorBody> {
        let report = self.report_get(ById { id: args.id }).await?;
        let words = match args.language {
            Some(Language::Sv) => Words::Sv,
            Some(Language::En) | None => Words::En,
        };
        let title = report.content.title.clone();
        if args.format == ReportFormat::Html {
            let page = self.page(report, words).await?;
            let html = blocking(move || page.html().map_err(|error| undrawn(&error))).await?;
            return Ok(file(
                format!("{}.html", file_name(&title)),
                "text/html;charset=utf-8",
                html.as_bytes(),
            ));
        }
        let id = args.block.unwrap_or_default();
        let content = report.content;
        let at = content.blocks.iter().position(|block| block.id == id);
        let block = at.and_then(|at| content.blocks.get(at));
        let Some(body @ ReportBody::Chart { .. }) = block.map(|block| &block.body) else {
            return Err(ErrorBody::not_found("chart", &id));
        };
        let figure = match self.part(body.clone(), &content.runs, words).await? {
            Part::Figure(figure) => figure,
            _ => return Err(ErrorBody::not_found("chart", &id)),
        };
        let theme = match args.theme {
            Some(Theme::Dark) => Colors::Dark,
            Some(Theme::Light | Theme::System) | None => Colors::Light,
        };
        let name = format!(
            "{}-{}-{}",
            file_name(&title),
            at.unwrap_or_default() + 1,
            file_name(&figure.title)
        );
        let format = args.format;
        blocking(move || {
            Ok(if format == ReportFormat::Png {
                let bytes = figure.png(theme, words).map_err(|error| undrawn(&error))?;
                file(format!("{name}.png"), "image/png", &bytes)
            } else {
                let text = figure.svg(theme, words).map_err(|error| undrawn(&error))?;
                file(format!("{name}.svg"), "image/svg+xml", text.as_bytes())
            })
        })
        .await
    }

    async fn page(&self, report: Report, words: Words) -> Result<Page, ErrorBody> {
        let content = report.content;
        let runs = match &content.runs {
            ReportRuns::Chosen { runs } => said(
                words,
                format!("{} runs", runs.len()),
                format!("{} körningar", runs.len()),
            ),
            ReportRuns::Search { filter, limit, .. } => {
                let filter = if filter.is_empty() { "*" } else { filter };
                said(
                    words,
                    format!("the first {limit} runs of: {filter}"),
                    format!("de första {limit} körningarna av: {filter}"),
                )
            }
        };
        let changed = moment(report.updated_at);
        let by = &report.updated_by;
        let mut parts = Vec::new();
        for block in content.blocks {
            // One search that fails leaves the rest of the report.
            let part = self.part(block.body, &content.runs, words).await;
            parts.push(part.unwrap_or_else(|error| Part::Notice(error.message)));
        }
        Ok(Page {
            title: content.title,
            facts: vec![
                runs,
                said(
                    words,
                    format!("changed by {by}, {changed}"),
                    format!("ändrad av {by}, {changed}"),
                ),
                said(
                    words,
                    format!("exported {}", moment(self.now())),
                    format!("exporterad {}", moment(self.now())),
                ),
            ],
            parts,
            language: words,
        })
    }

    async fn part(
        &self,
        body: ReportBody,
        of_report: &ReportRuns,
        words: Words,
    ) -> Result<Part, ErrorBody> {
        match body {
            ReportBody::Text { text } => Ok(Part::Text(text)),
            ReportBody::Chart {
                title,
                metrics,
                x,
                over,
                log,
                smoothing,
                smoothing_kind,
                runs,
            } => {
                let resolved = self
                    .resolved(runs.unwrap_or_else(|| of_report.clone()), Vec::new())
                    .await?;
                let mut notes = notes(&resolved, words);
                let smoothing = (smoothing > 0.0).then_some(Smoothing {
                    kind: smoothing_kind,
                    weight: smoothing,
                });
                let title = if title.is_empty() {
                    metrics.join(", ")
                } else {
                    title
                };
                let (lines, apart) = self
                    .lines(resolved, metrics, x, over.clone(), smoothing)
                    .await?;
                if let Some(metric) = &over {
                    notes.extend(apart.notes(metric, words));
                }
                Ok(Part::Figure(Figure {
                    title,
                    x: match (over, x) {
                        (Some(metric), _) => XAxis::Metric(metric),
                        (None, ReportX::Step) => XAxis::Step,
                        (None, ReportX::Relative) => XAxis::Relative,
                        (None, ReportX::Time) => XAxis::Time,
                    },
                    log,
                    smoothing,
                    lines,
                    notes,
                }))
            }
            ReportBody::Table {
                title,
                columns,
                runs,
            } => {
                let resolved = self
                    .resolved(runs.unwrap_or_else(|| of_report.clone()), columns.clone())
                    .await?;
                Ok(Part::Table(self.table(title, &columns, resolved, words)))
            }
        }
    }

    /// The lines of a chart, and what of them has no place on its axis.
    async fn lines(
        &self,
        resolved: Resolved,
        metrics: Vec<String>,
        x: ReportX,
        over: Option<String>,
        smoothing: Option<Smoothing>,
    ) -> Result<(Vec<Line>, Apart), ErrorBody> {
        let ids: Vec<&str> = resolved
            .seen
            .iter()
            .map(|seen| seen.run.info.run_id.as_str())
            .collect();
        let looks = looks(&ids);
        let labels = told_apart(&resolved);
        let over = over.map(|key| ChartAxis {
            key,
            from: None,
            to: None,
        });
        let along = match x {
            ReportX::Step => Along::Step,
            ReportX::Relative | ReportX::Time => Along::Time,
        };
        self.db(move |store| {
            store.read(|reader| {
                let many = (resolved.seen.len() * metrics.len()).max(1);
                let most = (POINTS / many).clamp(LEAST, MOST);
                let mut drawn = Vec::new();
                let mut apart = Apart::default();
                for ((seen, look), label) in resolved.seen.iter().zip(&looks).zip(&labels) {
                    let info = &seen.run.info;
                    let smoothed = smoothing.map(|smoothing| (along, smoothing));
                    let of_run = Lines::of(reader, &info.run_id, over.as_ref(), None, smoothed)?;
                    for (nth, key) in metrics.iter().enumerate() {
                        let chart = of_run.draw(key, most)?;
                        if chart.total == 0 || apart.left_out(&chart) {
                            continue;
                        }
                        let mut look = *look;
                        // Metrics of one run have its color, and a dash each.
                        look.dash += nth;
                        let label = if metrics.len() > 1 {
                            format!("{label} · {key}")
                        } else {
                            label.clone()
                        };
                        drawn.push((nth, line(chart, x, info.start_time, label, look)));
                    }
                }
                drawn.sort_by_key(|(nth, _)| *nth);
                Ok((drawn.into_iter().map(|(_, line)| line).collect(), apart))
            })
        })
        .await
    }

    fn table(&self, title: String, columns: &[String], resolved: Resolved, words: Words) -> Table {
        let mut all = vec![Column {
            name: said(words, "Name".to_owned(), "Namn".to_owned()),
            numbers: false,
        }];
        all.extend(columns.iter().map(|id| Column {
            name: column_name(id, words),
            numbers: MetricColumn::of(id).is_some(),
        }));
        let mut rows: Vec<Vec<Cell>> = resolved
            .seen
            .iter()
            .map(|seen| {
                let row = self.run_row(seen, &resolved.names, 0);
                let mut cells = vec![Cell::Text(row.name.clone())];
                cells.extend(columns.iter().map(|id| cell(&row, seen, id, words)));
                cells
            })
            .collect();
        for run in &resolved.gone {
            let mut cells = vec![Cell::Gone(run.name.clone())];
            cells.resize(columns.len() + 1, Cell::None);
            rows.push(cells);
        }
        Table {
            title,
            columns: all,
            rows,
            // Those that are gone have rows.
            notes: more(&resolved, words).into_iter().collect(),
        }
    }
}

/// A line over steps, over time, or over the metric that it was read for.
fn line(chart: Drawn, x: ReportX, start: Option<i64>, label: String, look: Look) -> Line {
    let joined = chart.over.as_ref().is_none_or(|over| over.steady);
    let start = start
        .or_else(|| chart.samples.first().map(|sample| sample.timestamp))
        .unwrap_or_default();
    let places: Vec<f64> = match chart.over {
        Some(over) => over.xs,
        None => chart
            .samples
            .iter()
            .map(|sample| match x {
                ReportX::Step => sample.step as f64,
                ReportX::Time => sample.timestamp as f64,
                ReportX::Relative => (sample.timestamp - start) as f64 / 1000.0,
            })
            .collect(),
    };
    let mut points: Vec<(f64, usize)> = places.into_iter().zip(0..).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ordered = |value: &dyn Fn(usize) -> Option<f64>| {
        let values = points.iter().map(|&(_, at)| value(at).unwrap_or(f64::NAN));
        values.collect::<Vec<f64>>()
    };
    Line {
        label,
        look,
        y: ordered(&|at| chart.samples.get(at).map(|sample| sample.value)),
        smoothed: chart
            .smoothed
            .as_ref()
            .map(|smoothed| ordered(&|at| smoothed.get(at).copied())),
        joined,
        x: points.iter().map(|point| point.0).collect(),
    }
}

/// What lines over a metric leave out.
#[derive(Default)]
struct Apart {
    /// Lines without a step in common with it, and all lines.
    lines: usize,
    of: usize,
    /// Of the others: points at steps that it has too, and all points.
    pairs: u64,
    total: u64,
    /// Pairs without a place on the axis.
    unplaced: u64,
    unsteady: bool,
}

impl Apart {
    /// Counts a line; whether it has nothing to draw.
    fn left_out(&mut self, chart: &Drawn) -> bool {
        let Some(over) = &chart.over else {
            return false;
        };
        self.of += 1;
        if over.pairs == 0 {
            self.lines += 1;
            return true;
        }
        self.pairs += over.pairs;
        self.total += chart.total;
        self.unplaced += over.unplaced;
        self.unsteady |= !over.steady;
        false
    }

    /// In the words of the screens' charts.
    fn notes(&self, metric: &str, words: Words) -> Vec<String> {
        let mut notes = Vec::new();
        let mut note = |en: String, sv: String| notes.push(said(words, en, sv));
        let (n, of) = (self.lines, self.of);
        if n > 0 && n == of {
            note(
                format!("No step in common with {metric}"),
                format!("Inget steg gemensamt med {metric}"),
            );
        } else if n > 0 {
            note(
                format!("{n} of {of} lines have no step in common with {metric}"),
                format!("{n} av {of} linjer har inget steg gemensamt med {metric}"),
            );
        }
        let (n, total) = (self.pairs, self.total);
        if n < total {
            note(
                format!("{n} of {total} points are at steps that {metric} has too"),
                format!("{n} av {total} punkter ligger vid steg som {metric} också har"),
            );
        }
        let n = self.unplaced;
        if n > 0 {
            let left_out = if n == 1 { "utelämnad" } else { "utelämnade" };
            note(
                format!("{n} left out: {metric} is not finite there"),
                format!("{n} {left_out}: {metric} är inte ändligt där"),
            );
        }
        if self.unsteady {
            note(
                format!("{metric} goes back and forth: points are not joined"),
                format!("{metric} går fram och tillbaka: punkterna binds inte ihop"),
            );
        }
        notes
    }
}

fn said(words: Words, en: String, sv: String) -> String {
    match words {
        Words::En => en,
        Words::Sv => sv,
    }
}

/// That a search finds more than is shown.
fn more(resolved: &Resolved, words: Words) -> Option<String> {
    let (shown, total) = (resolved.seen.len() as u64, resolved.total);
    (shown < total).then(|| {
        said(
            words,
            format!("the first {shown} of {total} runs"),
            format!("de första {shown} av {total} körningar"),
        )
    })
}

/// What of the runs is not to be seen.
fn notes(resolved: &Resolved, words: Words) -> Vec<String> {
    let mut notes: Vec<String> = more(resolved, words).into_iter().collect();
    if !resolved.gone.is_empty() {
        let names: Vec<&str> = resolved.gone.iter().map(|run| run.name.as_str()).collect();
        let names = names.join(", ");
        notes.push(said(
            words,
            format!("deleted since: {names}"),
            format!("borttagna sedan dess: {names}"),
        ));
    }
    notes
}

/// Names of runs; those of the same name get the end of their id.
fn told_apart(resolved: &Resolved) -> Vec<String> {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for seen in &resolved.seen {
        *count.entry(seen.run.info.name.as_str()).or_default() += 1;
    }
    resolved
        .seen
        .iter()
        .map(|seen| {
            let info = &seen.run.info;
            let id = &info.run_id;
            match count.get(info.name.as_str()) {
                Some(2..) => {
                    let end = id.get(id.len().saturating_sub(8)..).unwrap_or(id);
                    format!("{} · {end}", info.name)
                }
                _ => info.name.clone(),
            }
        })
        .collect()
}

fn column_name(id: &str, words: Words) -> String {
    if let Some(MetricColumn { key, pick }) = MetricColumn::of(id) {
        return match pick {
            Pick::Last => key.to_owned(),
            Pick::Least => format!("{key} min"),
            Pick::Greatest => format!("{key} max"),
            Pick::At(step) => format!("{key} @ {step}"),
        };
    }
    let (en, sv) = match id {
        "attributes.status" => ("Status", "Status"),
        "attributes.experiment" => ("Experiment", "Experiment"),
        "attributes.machine" => ("Machine", "Maskin"),
        "attributes.start_time" => ("Started", "Startad"),
        "attributes.end_time" => ("Ended", "Slutade"),
        "attributes.duration" => ("Duration", "Längd"),
        "attributes.user_id" => ("By", "Av"),
        "attributes.run_id" => ("Run id", "Körnings-id"),
        _ => return id.split_once('.').map_or(id, |(_, key)| key).to_owned(),
    };
    said(words, en.to_owned(), sv.to_owned())
}

fn cell(row: &RunRow, seen: &Seen, id: &str, words: Words) -> Cell {
    if let Some(shown) = seen.columns.iter().find(|shown| shown.column == id) {
        let special = || shown.special.as_deref()?.parse().ok();
        return shown
            .value
            .or_else(special)
            .map_or(Cell::None, Cell::Number);
    }
    let run = &seen.run;
    let text = |text: Option<&str>| match text {
        Some(text) if !text.is_empty() => Cell::Text(text.to_owned()),
        _ => Cell::None,
    };
    let time = |at: Option<i64>| text(at.map(moment).as_deref());
    let (kind, key) = id.split_once('.').unwrap_or(("", id));
    match (kind, key) {
        ("params", key) => text(run.param(key)),
        ("tags", key) => text(run.tag(key)),
        (_, "status") => {
            let (en, sv) = match row.status {
                RunStatus::Running => ("Running", "Kör"),
                RunStatus::Scheduled => ("Queued", "I kö"),
                RunStatus::Finished => ("Finished", "Klar"),
                RunStatus::Failed => ("Failed", "Misslyckades"),
                RunStatus::Killed => ("Cancelled", "Avbruten"),
            };
            Cell::Text(said(words, en.to_owned(), sv.to_owned()))
        }
        (_, "experiment") => text(Some(&row.experiment)),
        (_, "machine") => text(row.machine.as_deref()),
        (_, "start_time") => time(row.started_at),
        (_, "end_time") => time(row.ended_at),
        (_, "duration") => match (row.started_at, row.ended_at) {
            (Some(from), Some(to)) => Cell::Text(duration(to.saturating_sub(from))),
            _ => Cell::None,
        },
        (_, "user_id") => text(row.user.as_deref()),
        (_, "run_id") => text(Some(&row.id)),
        _ => Cell::None,
    }
}

/// Hours, minutes and seconds.
fn duration(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {seconds} s"),
        _ => format!("{hours} h {minutes} min"),
    }
}

/// A time to the minute, UTC.
fn moment(at: i64) -> String {
    skerry_report::moment(at)
}

/// A title as a file's name: letters and digits of any script, hyphens for the rest.
fn file_name(title: &str) -> String {
    let mut name = String::new();
    for c in title.chars() {
        if c.is_alphanumeric() || matches!(c, '_' | '.') && !name.is_empty() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        // A name has at most 255 bytes on most file systems.
        if name.len() > 80 {
            break;
        }
    }
    let name = name.trim_end_matches(['-', '.']);
    if name.is_empty() {
        String::from("report")
    } else {
        name.to_owned()
    }
}

fn file(name: String, media_type: &str, bytes: &[u8]) -> ExportedFile {
    ExportedFile {
        name,
        media_type: media_type.to_owned(),
        base64: base64::engine::general_purpose::STANDARD.encode(bytes),
    }
}

fn undrawn(error: &FigureError) -> ErrorBody {
    ErrorBody::new(Code::Internal, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_title_is_a_file_name() {
        for (title, name) in [
            ("Which width is enough?", "Which-width-is-enough"),
            ("../../etc/passwd", "etc-passwd"),
            ("", "report"),
            ("…", "report"),
            ("val/loss, 2", "val-loss-2"),
            ("Rubrik åäö", "Rubrik-åäö"),
        ] {
            assert_eq!(file_name(title), name);
        }
        assert!(file_name(&"漢".repeat(500)).len() < 100);
    }
}
