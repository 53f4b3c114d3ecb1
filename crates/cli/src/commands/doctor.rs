//! `skerry doctor`: what is wrong, in words, and what can be saved.

use std::path::{Path, PathBuf};

use serde_json::json;
use skerry_domain::{Code, ErrorBody};
use skerry_store::{Checkup, Rescued};

use super::transfer::store_file;
use crate::arguments::Doctor;
use crate::output;

/// Does what the command line says.
pub async fn run(verb: Doctor, data_dir: PathBuf, json: bool) -> Result<(), ErrorBody> {
    let Doctor::Store { file, rescue } = verb;
    let file = file.unwrap_or_else(|| store_file(&data_dir));
    tokio::task::spawn_blocking(move || match rescue {
        Some(out) => save(&file, &out, json),
        None => look(&file, json),
    })
    .await
    .unwrap_or_else(|error| {
        Err(ErrorBody::new(
            Code::Internal,
            format!("The check broke off: {error}."),
        ))
    })
}

fn look(file: &Path, json: bool) -> Result<(), ErrorBody> {
    let checkup = skerry_store::check(file)?;
    output::print(json, &value(file, &checkup), || text(file, &checkup));
    if checkup.findings.is_empty() {
        return Ok(());
    }
    Err(ErrorBody::new(
        Code::StoreCorrupt,
        format!(
            "The store {} is damaged. --rescue OUT.db saves what can be read into a new file; this one stays as it is.",
            file.display()
        ),
    )
    .with("path", file.display().to_string()))
}

fn save(file: &Path, out: &Path, json: bool) -> Result<(), ErrorBody> {
    let rescued = skerry_store::rescue(file, out)?;
    let checkup = skerry_store::check(out)?;
    let lost = rescued
        .iter()
        .any(|table| table.gaps > 0 || table.dropped > 0);
    let tables: Vec<_> = rescued
        .iter()
        .map(|table| {
            json!({"table": table.table, "saved": table.saved, "dropped": table.dropped, "gaps": table.gaps})
        })
        .collect();
    let told =
        json!({"file": out, "tables": tables, "lost": lost, "sound": checkup.findings.is_empty()});
    output::print(json, &told, || rescue_text(out, &rescued, lost));
    if checkup.findings.is_empty() {
        return Ok(());
    }
    Err(ErrorBody::new(
        Code::StoreCorrupt,
        format!(
            "What was saved is in {}, but does not fit together: `skerry doctor store` says how.",
            out.display()
        ),
    ))
}

fn value(file: &Path, checkup: &Checkup) -> serde_json::Value {
    let findings: Vec<_> = checkup
        .findings
        .iter()
        .map(|finding| json!({"part": finding.part, "what": finding.what}))
        .collect();
    let tables: serde_json::Map<_, _> = checkup
        .tables
        .iter()
        .map(|(table, rows)| (table.clone(), json!(rows)))
        .collect();
    json!({"file": file, "sound": findings.is_empty(), "findings": findings, "tables": tables})
}

fn text(file: &Path, checkup: &Checkup) -> String {
    if checkup.findings.is_empty() {
        let rows: u64 = checkup.tables.iter().map(|(_, rows)| rows).sum();
        return format!(
            "{} is sound: {} tables, {rows} rows.",
            file.display(),
            checkup.tables.len()
        );
    }
    let rows: Vec<Vec<String>> = checkup
        .findings
        .iter()
        .map(|finding| vec![finding.part.to_owned(), finding.what.replace('\n', " ")])
        .collect();
    output::table(&["WHERE", "WHAT IS WRONG"], &rows)
}

fn rescue_text(out: &Path, rescued: &[Rescued], lost: bool) -> String {
    let rows: Vec<Vec<String>> = rescued
        .iter()
        .filter(|table| table.saved > 0 || table.gaps > 0 || table.dropped > 0)
        .map(|table| {
            vec![
                table.table.clone(),
                table.saved.to_string(),
                table.dropped.to_string(),
                table.gaps.to_string(),
            ]
        })
        .collect();
    let mut text = output::table(&["TABLE", "SAVED", "DROPPED", "UNREADABLE PLACES"], &rows);
    text.push_str(&format!(
        "\n\n{} holds what could be read{}. To use it, put it in the place of the damaged file, and move that \
         file and its -wal and -shm away; artifacts stay where they are.",
        out.display(),
        if lost { "" } else { ": nothing is missing" }
    ));
    text
}
