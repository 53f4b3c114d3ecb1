//! `skerry doctor`: what is wrong, in words, and what can be saved.

use std::path::{Path, PathBuf};

use serde_json::json;
use skerry_domain::{Code, ErrorBody};
use skerry_store::{Checkup, Rescue, WriteLog};

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
    let rescue = skerry_store::rescue(file, out)?;
    let checkup = skerry_store::check(out)?;
    let tables: Vec<_> = rescue
        .tables
        .iter()
        .map(|table| {
            json!({
                "table": table.table, "saved": table.saved, "rebuilt": table.rebuilt,
                "dropped": table.dropped, "gaps": table.gaps
            })
        })
        .collect();
    let (log, lost_pages) = match rescue.log {
        WriteLog::Empty => ("empty", 0),
        WriteLog::Read => ("read", 0),
        WriteLog::Damaged(pages) => ("damaged", pages),
        WriteLog::Foreign => ("foreign", 0),
    };
    let told = json!({
        "file": out, "tables": tables, "log": log, "log_pages_lost": lost_pages,
        "lost": rescue.lost(), "sound": checkup.findings.is_empty()
    });
    output::print(json, &told, || rescue_text(out, &rescue));
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

fn rescue_text(out: &Path, rescue: &Rescue) -> String {
    let rows: Vec<Vec<String>> = rescue
        .tables
        .iter()
        .filter(|table| table.saved > 0 || table.gaps > 0 || table.dropped > 0)
        .map(|table| {
            let counts = [table.saved, table.rebuilt, table.dropped, table.gaps];
            std::iter::once(table.table.clone())
                .chain(counts.map(|count| count.to_string()))
                .collect()
        })
        .collect();
    let head = ["TABLE", "SAVED", "REBUILT", "DROPPED", "UNREADABLE PAGES"];
    let mut text = output::table(&head, &rows);
    if rescue.tables.iter().any(|table| table.rebuilt > 0) {
        text.push_str(
            "\n\nRebuilt rows were lost; they are made again from what indexes and other rows say of them. \
             Runs and experiments of these have the tag skerry.rescued, which says what is not known.",
        );
    }
    match rescue.log {
        WriteLog::Empty | WriteLog::Read => {}
        WriteLog::Damaged(pages) => text.push_str(&format!(
            "\n\n{pages} pages of the log beside the file (-wal) could not be read: of what was written last \
             some may be missing.",
        )),
        WriteLog::Foreign => text.push_str(
            "\n\nThe log beside the file (-wal) contradicts it, as that of another file does; it was left out.",
        ),
    }
    text.push_str(&format!(
        "\n\n{} holds what could be read{}. To use it, put it in the place of the damaged file, and move that \
         file and its -wal and -shm away; artifacts stay where they are.",
        out.display(),
        if rescue.lost() {
            ""
        } else {
            ": nothing is missing"
        }
    ));
    text
}
