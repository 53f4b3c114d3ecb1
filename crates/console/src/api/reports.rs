use serde::{Deserialize, Serialize};
use skerry_domain::{Millis, SmoothingKind};
use ts_rs::TS;

use super::{Language, RunRow, Theme};

/// A report in a list.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReportRow {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// How many blocks stand in it.
    pub blocks: u32,
    /// When it was made.
    pub created_at: Millis,
    /// When it was changed last.
    pub updated_at: Millis,
    /// Who changed it last.
    pub updated_by: String,
}

/// A report: text, charts and tables over runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Report {
    /// Id.
    pub id: String,
    /// Rises by one with each change.
    pub revision: u32,
    /// When it was made.
    pub created_at: Millis,
    /// When it was changed last.
    pub updated_at: Millis,
    /// Who changed it last.
    pub updated_by: String,
    /// What people wrote.
    pub content: ReportContent,
}

/// What people wrote in a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ReportContent {
    /// Title (1 to 100 characters).
    pub title: String,
    /// The runs that it is about.
    pub runs: ReportRuns,
    /// What stands in it, in order (at most 100).
    pub blocks: Vec<ReportBlock>,
}

/// The runs that a report or a block is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReportRuns {
    /// These (at most 200), in this order.
    Chosen {
        /// The runs.
        runs: Vec<ChosenRun>,
    },
    /// Those that a search finds when the report is opened.
    Search {
        /// MLflow's search language; empty finds all.
        filter: String,
        /// MLflow's order_by; empty is newest first.
        order_by: Vec<String>,
        /// Only this experiment (name).
        experiment: Option<String>,
        /// At most so many (1 to 200).
        limit: u32,
    },
}

/// A run that somebody chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChosenRun {
    /// Run id.
    pub id: String,
    /// The name that it had then: what is said of it when it is gone.
    pub name: String,
}

/// A part of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ReportBlock {
    /// Unique in the report: 1 to 40 letters and digits.
    pub id: String,
    /// What it is.
    pub body: ReportBody,
}

/// What a part of a report is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReportBody {
    /// Markdown.
    Text {
        /// At most 100,000 characters.
        text: String,
    },
    /// A chart.
    Chart {
        /// What stands over it; empty: the metrics.
        title: String,
        /// Keys of its metrics (at most 8).
        metrics: Vec<String>,
        /// What it is drawn over.
        x: ReportX,
        /// Another metric instead of that, each run's own.
        #[serde(default)]
        over: Option<String>,
        /// Values on a logarithmic axis.
        log: bool,
        /// How much lines are smoothed: weight of the exponential mean, 0 (not) to 0.99.
        smoothing: f64,
        /// How they are smoothed.
        #[serde(default)]
        smoothing_kind: SmoothingKind,
        /// Its own runs; `null`: those of the report.
        runs: Option<ReportRuns>,
    },
    /// A table with a row for each run.
    Table {
        /// What stands over it; may be empty.
        title: String,
        /// Columns beside the name, such as `metrics.acc`, `params.lr`, `tags.team` or
        /// `attributes.status` (at most 50).
        columns: Vec<String>,
        /// Its own runs; `null`: those of the report.
        runs: Option<ReportRuns>,
    },
}

/// What a chart of a report is drawn over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReportX {
    /// Steps.
    Step,
    /// Time since the start of each run.
    Relative,
    /// Time of day.
    Time,
}

/// Saves a report.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReportSave {
    /// Id; empty for a new one.
    pub id: String,
    /// The revision that was changed; 0 for a new one. When the report has another by now,
    /// nothing is saved.
    pub revision: u32,
    /// What stands in it.
    pub content: ReportContent,
}

/// Asks which runs those of a report are now.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReportRunsQuery {
    /// Which.
    pub runs: ReportRuns,
    /// Columns whose values are wanted.
    pub columns: Vec<String>,
}

/// The runs of a report as they are now.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReportRunSet {
    /// The runs, also those in the bin; of params, tags and metrics those that were wanted.
    pub rows: Vec<RunRow>,
    /// Chosen ones that are not there any more.
    pub gone: Vec<ChosenRun>,
    /// How many a search finds in all; of chosen ones, how many are there.
    pub total: u64,
    /// Metrics of these runs (at most 1,000).
    pub metric_keys: Vec<String>,
}

/// Asks for a report, or a figure of it, as a file.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReportExport {
    /// Id of the report, as it was saved.
    pub id: String,
    /// As what.
    pub format: ReportFormat,
    /// The chart, for a figure.
    pub block: Option<String>,
    /// Colors of a figure; `null` and `system`: light.
    pub theme: Option<Theme>,
    /// Language of the words that nobody wrote; `null`: English.
    pub language: Option<Language>,
}

/// What a report is exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// The whole report: one file without script that fetches nothing.
    Html,
    /// A chart as SVG.
    Svg,
    /// A chart as PNG.
    Png,
}

/// A file to save.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ExportedFile {
    /// A name for it.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// What stands in it, in base64.
    pub base64: String,
}
