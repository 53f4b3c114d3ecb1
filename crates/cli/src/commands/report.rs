//! `skerry report list|show|export`

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use skerry_console::api::*;
use skerry_console::files;
use skerry_domain::{Code, ErrorBody, Reason};

use super::{Session, time, word};
use crate::arguments::Report as Verb;
use crate::output;

/// A file that was written.
#[derive(Serialize)]
struct Written {
    path: String,
    bytes: u64,
}

pub async fn run(session: &mut Session, verb: Verb) -> Result<(), ErrorBody> {
    let json = session.json;
    match verb {
        Verb::List => {
            let rows: Vec<ReportRow> = session.access.call("reports_list", Value::Null).await?;
            output::print(json, &rows, || {
                let rows: Vec<Vec<String>> = rows
                    .iter()
                    .map(|row| {
                        vec![
                            row.id.clone(),
                            time(row.updated_at),
                            row.updated_by.clone(),
                            row.blocks.to_string(),
                            row.title.clone(),
                        ]
                    })
                    .collect();
                output::table(&["ID", "CHANGED", "BY", "PARTS", "TITLE"], &rows)
            });
            Ok(())
        }
        Verb::Show { report } => {
            let id = find(session, &report).await?;
            let report: Report = session.access.call("report_get", ById { id }).await?;
            output::print(json, &report, || shown(&report));
            Ok(())
        }
        Verb::Export {
            report,
            to,
            swedish,
            dark,
        } => {
            let id = find(session, &report).await?;
            let export = Export {
                id,
                language: if swedish { Language::Sv } else { Language::En },
                theme: if dark { Theme::Dark } else { Theme::Light },
            };
            let written = if to.extension().is_some_and(|end| end == "html") {
                let page = export.of(session, ReportFormat::Html, None).await?;
                vec![written(&to, &page).await?]
            } else {
                export.folder(session, &to).await?
            };
            output::print(json, &written, || {
                let lines: Vec<&str> = written.iter().map(|file| file.path.as_str()).collect();
                lines.join("\n")
            });
            Ok(())
        }
    }
}

/// The id of a report that is named by its id or its title.
async fn find(session: &mut Session, report: &str) -> Result<String, ErrorBody> {
    let rows: Vec<ReportRow> = session.access.call("reports_list", Value::Null).await?;
    if rows.iter().any(|row| row.id == report) {
        return Ok(report.to_owned());
    }
    let mut named = rows.into_iter().filter(|row| row.title == report);
    match (named.next(), named.next()) {
        (Some(row), None) => Ok(row.id),
        (Some(_), Some(_)) => Err(ErrorBody::invalid(
            "report",
            format!("Several reports have the title '{report}': name one by its id."),
        )),
        (None, _) => Err(ErrorBody::not_found("report", report)),
    }
}

/// How a report is written.
struct Export {
    id: String,
    language: Language,
    theme: Theme,
}

impl Export {
    async fn of(
        &self,
        session: &mut Session,
        format: ReportFormat,
        block: Option<String>,
    ) -> Result<ExportedFile, ErrorBody> {
        let args = ReportExport {
            id: self.id.clone(),
            format,
            block,
            theme: Some(self.theme),
            language: Some(self.language),
        };
        session.access.call("report_export", args).await
    }

    /// The page and every chart of it.
    async fn folder(&self, session: &mut Session, to: &Path) -> Result<Vec<Written>, ErrorBody> {
        std::fs::create_dir_all(to).map_err(|error| {
            let message = format!("{} cannot be made: {error}.", to.display());
            ErrorBody::file(Reason::Unwritable, to, &error, message)
        })?;
        let id = self.id.clone();
        let report: Report = session.access.call("report_get", ById { id }).await?;
        let mut made = vec![self.of(session, ReportFormat::Html, None).await?];
        for block in report.content.blocks {
            if let ReportBody::Chart { .. } = block.body {
                for format in [ReportFormat::Svg, ReportFormat::Png] {
                    made.push(self.of(session, format, Some(block.id.clone())).await?);
                }
            }
        }
        let mut all = Vec::new();
        for file in made {
            all.push(written(&to.join(&file.name), &file).await?);
        }
        Ok(all)
    }
}

async fn written(path: &Path, file: &ExportedFile) -> Result<Written, ErrorBody> {
    let path: PathBuf = std::path::absolute(path).map_err(|error| {
        ErrorBody::new(Code::FileAccess, format!("{}: {error}.", path.display()))
    })?;
    let bytes = files::decode(&file.base64)?;
    let count = bytes.len() as u64;
    files::write(&path, bytes, false).await?;
    Ok(Written {
        path: path.display().to_string(),
        bytes: count,
    })
}

fn shown(report: &Report) -> String {
    let content = &report.content;
    let mut lines = vec![
        content.title.clone(),
        format!(
            "revision {}, changed {} by {}",
            report.revision,
            time(report.updated_at),
            report.updated_by
        ),
        format!("runs: {}", runs(&content.runs)),
    ];
    for (n, block) in content.blocks.iter().enumerate() {
        let (what, own) = match &block.body {
            ReportBody::Text { text } => {
                let first = text.lines().find(|line| !line.trim().is_empty());
                (format!("text: {}", first.unwrap_or_default()), None)
            }
            ReportBody::Chart {
                title,
                metrics,
                x,
                over,
                smoothing,
                smoothing_kind,
                runs,
                ..
            } => {
                let x = over.clone().unwrap_or_else(|| word(x));
                let smoothed = if *smoothing > 0.0 {
                    format!(", smoothed by {smoothing:.2} ({})", word(smoothing_kind))
                } else {
                    String::new()
                };
                let what = format!("chart {title}: {} by {x}{smoothed}", metrics.join(", "));
                (what, runs.as_ref())
            }
            ReportBody::Table {
                title,
                columns,
                runs,
            } => (
                format!("table {title}: {}", columns.join(", ")),
                runs.as_ref(),
            ),
        };
        let own = own.map_or_else(String::new, |own| format!(" (of {})", runs(own)));
        lines.push(format!("{}. {what}{own}", n + 1));
    }
    lines.join("\n")
}

fn runs(runs: &ReportRuns) -> String {
    match runs {
        ReportRuns::Chosen { runs } => {
            let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
            names.join(", ")
        }
        ReportRuns::Search {
            filter,
            order_by,
            limit,
            ..
        } => {
            let what = if filter.is_empty() { "all" } else { filter };
            let order = if order_by.is_empty() {
                String::from("newest first")
            } else {
                order_by.join(", ")
            };
            format!("the first {limit} of {what}, {order}")
        }
    }
}
