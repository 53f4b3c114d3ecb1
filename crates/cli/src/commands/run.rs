//! `skerry run …`

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use skerry_console::api::*;
use skerry_console::files::{self, NewFile};
use skerry_domain::{Code, ErrorBody, LogStream, RunStatus, WorkloadPhase};

use super::{Session, absolute, machine, operation, time, word};
use crate::arguments::{Run, RunStart as Start, WhichRuns};
use crate::output;

const POLL: Duration = Duration::from_millis(300);
const LINES: u32 = 1000;

pub async fn run(session: &mut Session, verb: Run) -> Result<(), ErrorBody> {
    let json = session.json;
    match verb {
        Run::Start(start) => {
            let follow = start.follow;
            let form = form(session, start).await?;
            let started: RunStarted = session.access.call("run_start", form).await?;
            begun(session, started, follow).await
        }
        Run::Sample { follow } => {
            let started: RunStarted = session.access.call("sample_start", ()).await?;
            begun(session, started, follow).await
        }
        Run::List { which, limit } => {
            let query = RunQuery {
                stage: stage(&which),
                filter: which.filter,
                order_by: which.order_by,
                experiment: which.experiment,
                machine_id: None,
                offset: 0,
                limit,
                columns: Vec::new(),
                only_columns: false,
            };
            let page: RunPage = session.access.call("runs_search", query).await?;
            output::print(json, &page, || {
                let rows: Vec<Vec<String>> = page.rows.iter().map(line).collect();
                output::table(
                    &["RUN", "NAME", "EXPERIMENT", "MACHINE", "STATUS", "STARTED"],
                    &rows,
                )
            });
            Ok(())
        }
        Run::Show { run } => {
            let detail = get(session, &run).await?;
            output::print(json, &detail, || describe(&detail));
            Ok(())
        }
        Run::Log { run, follow } => {
            log(session, &run, follow).await?;
            Ok(())
        }
        Run::Chart { run, keys, points } => {
            let query = ChartQuery {
                run_id: run,
                keys,
                max_points: points,
                from_step: None,
                to_step: None,
                over: None,
                smoothed: None,
            };
            let series: Vec<ChartSeries> = session.access.call("run_chart", query).await?;
            output::print(json, &series, || {
                let rows: Vec<Vec<String>> = series
                    .iter()
                    .flat_map(|series| {
                        series
                            .steps
                            .iter()
                            .zip(&series.values)
                            .map(|(step, value)| {
                                let value =
                                    value.map_or_else(|| "-".into(), |value| value.to_string());
                                vec![series.key.clone(), step.to_string(), value]
                            })
                    })
                    .collect();
                output::table(&["METRIC", "STEP", "VALUE"], &rows)
            });
            Ok(())
        }
        Run::Wait { run } => {
            let detail = wait(session, &run).await?;
            output::print(json, &detail, || describe(&detail));
            outcome(&detail)
        }
        Run::Cancel { run } => nothing(session, "run_cancel", json!({ "id": run })).await,
        Run::Artifacts { run, path } => {
            let query = ArtifactQuery { run_id: run, path };
            let rows: Vec<ArtifactRow> = session.access.call("run_artifacts", query).await?;
            output::print(json, &rows, || {
                let rows: Vec<Vec<String>> = rows
                    .iter()
                    .map(|row| {
                        let size = row.size.map_or_else(String::new, |size| size.to_string());
                        vec![
                            format!("{}{}", row.path, if row.is_dir { "/" } else { "" }),
                            size,
                        ]
                    })
                    .collect();
                output::table(&["PATH", "BYTES"], &rows)
            });
            Ok(())
        }
        Run::Download { run, path, to } => {
            let save = ArtifactSave {
                run_id: run,
                path,
                to_folder: absolute("to", &to)?,
            };
            let begun: Operation = session.access.call("run_artifact_save", save).await?;
            let saved = operation::finished(session, begun).await?.saved;
            output::print(json, &saved, || {
                saved
                    .as_ref()
                    .map_or_else(String::new, |saved| saved.path.clone())
            });
            Ok(())
        }
        Run::Tag { run, tag } => {
            let args = json!({ "run_id": run, "key": tag.key, "value": tag.value });
            nothing(session, "run_tag_set", args).await
        }
        Run::Export { to, which, columns } => {
            let asked = RunsExport {
                stage: stage(&which),
                filter: which.filter,
                order_by: which.order_by,
                experiment: which.experiment,
                machine_id: None,
                columns: Some(columns).filter(|columns| !columns.is_empty()),
            };
            export(session, asked, to).await
        }
        Run::Archive { runs } => nothing(session, "runs_archive", json!({ "run_ids": runs })).await,
        Run::Unarchive { runs } => {
            nothing(session, "runs_unarchive", json!({ "run_ids": runs })).await
        }
        Run::Delete { runs } => nothing(session, "runs_delete", json!({ "run_ids": runs })).await,
        Run::Move { runs, to } => {
            let args = json!({ "run_ids": runs, "experiment": to });
            nothing(session, "runs_move", args).await
        }
        Run::Restore { runs } => nothing(session, "runs_restore", json!({ "run_ids": runs })).await,
    }
}

/// Calls a command that has no answer.
pub async fn nothing(
    session: &mut Session,
    name: &str,
    args: serde_json::Value,
) -> Result<(), ErrorBody> {
    let answer = session.access.value(name, args).await?;
    output::print(session.json, &answer, String::new);
    Ok(())
}

async fn get(session: &mut Session, run: &str) -> Result<RunDetail, ErrorBody> {
    session.access.call("run_get", json!({ "id": run })).await
}

async fn begun(session: &mut Session, started: RunStarted, follow: bool) -> Result<(), ErrorBody> {
    if !follow {
        output::print(session.json, &started, || started.run_id.clone());
        return Ok(());
    }
    if !session.json {
        log(session, &started.run_id, true).await?;
    }
    let detail = wait(session, &started.run_id).await?;
    if session.json {
        output::print(true, &detail, String::new);
    } else {
        output::line(&format!("{}  {}", started.run_id, state(&detail.row)));
    }
    outcome(&detail)
}

/// Waits until the run has ended, as observed.
async fn wait(session: &mut Session, run: &str) -> Result<RunDetail, ErrorBody> {
    loop {
        let detail = get(session, run).await?;
        let ended = match detail.row.phase {
            Some(phase) => phase.is_final(),
            None => detail.row.status.is_final(),
        };
        if ended {
            return Ok(detail);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// A run that did not end well is an error of the command.
fn outcome(detail: &RunDetail) -> Result<(), ErrorBody> {
    if detail.row.status == RunStatus::Finished {
        return Ok(());
    }
    Err(detail.row.reason.clone().unwrap_or_else(|| {
        ErrorBody::new(
            Code::CommandFailed,
            format!("The run ended as {}.", state(&detail.row)),
        )
    }))
}

/// With `--json` the log is one array; followed, it is a line of JSON for each line, since
/// its end is not known.
async fn log(session: &mut Session, run: &str, follow: bool) -> Result<(), ErrorBody> {
    let mut from_line = 0;
    let mut all = Vec::new();
    loop {
        let query = LogQuery {
            run_id: run.to_owned(),
            from_line,
            limit: LINES,
        };
        let window: LogWindow = session.access.call("run_log", query).await?;
        from_line += window.lines.len() as u64;
        match (session.json, follow) {
            (true, false) => all.extend(window.lines),
            (true, true) => {
                for line in &window.lines {
                    output::line(&serde_json::to_string(line).unwrap_or_default());
                }
            }
            (false, _) => {
                for line in &window.lines {
                    let mark = if line.stream == LogStream::System {
                        "▸ "
                    } else {
                        ""
                    };
                    output::line(&format!("{mark}{}", line.text));
                }
            }
        }
        if from_line >= window.total {
            if !follow || window.complete {
                if session.json && !follow {
                    output::print(true, &all, String::new);
                }
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn form(session: &mut Session, start: Start) -> Result<RunStart, ErrorBody> {
    let machine_id = machine::find(session, &start.machine).await?.id;
    let project_folder = absolute("project", &start.project)?;
    let summary: ProjectSummary = session
        .access
        .call("project_inspect", json!({ "folder": project_folder }))
        .await?;
    if let Some(problem) = summary.problems.into_iter().next() {
        return Err(problem);
    }
    let command = if start.command.is_empty() {
        summary
            .suggested_command
            .ok_or_else(|| ErrorBody::invalid("command", "Say what to run: … -- python train.py"))?
    } else {
        start
            .command
            .iter()
            .map(|word| quoted(word))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let experiment = start
        .experiment
        .or(summary.suggested_experiment)
        .unwrap_or_else(|| String::from("Default"));
    Ok(RunStart {
        machine_id,
        experiment,
        name: start.name,
        project_folder,
        command,
        image: start.image,
        env: start.env,
        data: start.data_folder.iter().map(|text| mount(text)).collect(),
        tags: start.tag,
        network_open: start.open_network,
    })
}

fn mount(text: &str) -> DataMount {
    let (source, target) = text.split_once(':').unwrap_or((text, "/data"));
    DataMount {
        source: source.to_owned(),
        target: target.to_owned(),
    }
}

/// A word as the console's splitting of command lines takes it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn state(row: &RunRow) -> String {
    let state = row
        .phase
        .map_or_else(|| word(&row.status), |phase| word(&phase));
    if row.stale {
        format!("{state} (last known {})", time(row.observed_at))
    } else {
        state
    }
}

fn line(row: &RunRow) -> Vec<String> {
    vec![
        row.id.clone(),
        row.name.clone(),
        row.experiment.clone(),
        row.machine.clone().unwrap_or_default(),
        state(row),
        row.started_at.map_or_else(String::new, time),
    ]
}

fn describe(detail: &RunDetail) -> String {
    let row = &detail.row;
    let mut text = format!(
        "{}  {}\nexperiment  {}\nmachine     {}\nstatus      {}",
        row.id,
        row.name,
        row.experiment,
        row.machine.as_deref().unwrap_or("-"),
        state(row)
    );
    if let Some(reason) = &row.reason {
        text.push_str(&format!(
            "\nreason      {} [{}]",
            reason.message,
            reason.code.as_str()
        ));
    } else if row.phase == Some(WorkloadPhase::Failed)
        && let Some(code) = detail.exit_code
    {
        text.push_str(&format!("\nexit code   {code}"));
    }
    for metric in &row.metrics {
        let value = metric
            .value
            .map(|value| value.to_string())
            .or_else(|| metric.special.clone())
            .unwrap_or_default();
        text.push_str(&format!(
            "\nmetric      {} = {value} (step {})",
            metric.key, metric.step
        ));
    }
    for param in &row.params {
        text.push_str(&format!("\nparam       {} = {}", param.key, param.value));
    }
    for tag in &row.tags {
        text.push_str(&format!("\ntag         {} = {}", tag.key, tag.value));
    }
    for input in &detail.inputs {
        text.push_str(&format!("\ninput       {} {}", input.name, input.digest));
    }
    for path in &detail.model_paths {
        text.push_str(&format!("\nmodel       {path}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_survives_the_consoles_splitting() {
        for word in ["a", "", "a b", "it's", "\"x\"", "$HOME", "a\\b", "å ö"] {
            let line = format!("run {}", quoted(word));
            assert_eq!(
                skerry_domain::validate::command("command", &line).unwrap(),
                ["run", word]
            );
        }
    }
}

fn stage(which: &WhichRuns) -> RunStage {
    match (which.archived, which.deleted) {
        (true, _) => RunStage::Archived,
        (_, true) => RunStage::Deleted,
        _ => RunStage::Active,
    }
}

/// Runs that were written.
#[derive(serde::Serialize)]
struct Exported {
    path: String,
    runs: u64,
    bytes: u64,
}

async fn export(session: &mut Session, asked: RunsExport, to: PathBuf) -> Result<(), ErrorBody> {
    let path = absolute("to", &to)?;
    // Said before the work; what is there by its end is not replaced either.
    files::vacant(Path::new(&path))?;
    let access = &mut session.access;
    let mut state: RunsExported = access.call("runs_export", asked).await?;
    let id = json!({ "id": state.id });
    let size = loop {
        if let Some(size) = state.size {
            break size;
        }
        state = access.call("runs_export_more", id.clone()).await?;
    };
    let mut file = NewFile::begin(Path::new(&path), false)?;
    let mut offset = 0;
    while offset < size {
        let part = json!({ "id": state.id, "offset": offset });
        let part: ExportBytes = access.call("runs_export_part", part).await?;
        let bytes = files::decode(&part.base64)?;
        file.copy(&mut bytes.as_slice())?;
        offset += bytes.len() as u64;
    }
    let () = access.call("runs_export_end", id).await?;
    file.finish()?;
    let exported = Exported {
        path,
        runs: state.done,
        bytes: size,
    };
    output::print(session.json, &exported, || {
        format!("{} runs in {}", exported.runs, exported.path)
    });
    Ok(())
}
