//! Runs that are archived: out of sight for whoever asks for that, and all there.

use rusqlite::Connection;
use skerry_domain::{Code, Coded, KeyValue, LifecycleStage};
use skerry_store::{ARCHIVED_TAG, Purge, RunQuery, Store};

use crate::common::{new_run, open};

fn runs(store: &Store, count: usize) -> Vec<String> {
    (0..count).map(|_| new_run(store)).collect()
}

/// How many there are, and their ids in order.
fn found(store: &Store, archived: Option<bool>, filter: &str) -> (u64, Vec<String>) {
    let query = RunQuery {
        all_experiments: true,
        archived,
        filter: filter.to_owned(),
        ..RunQuery::default()
    };
    store
        .read(|reader| {
            let runs = reader.runs(&query)?.items;
            let mut ids: Vec<String> = runs.into_iter().map(|run| run.info.run_id).collect();
            ids.sort();
            Ok((reader.count_runs(&query)?, ids))
        })
        .unwrap()
}

fn sorted(ids: &[&String]) -> (u64, Vec<String>) {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
    ids.sort();
    (ids.len() as u64, ids)
}

fn archive(store: &Store, id: &str) {
    let id = id.to_owned();
    store.write(move |tx| tx.archive_run(&id)).unwrap();
}

fn unarchive(store: &Store, id: &str) {
    let id = id.to_owned();
    store.write(move |tx| tx.unarchive_run(&id)).unwrap();
}

fn value(store: &Store, id: &str) -> Option<String> {
    let run = store.read(|reader| reader.run(id)).unwrap();
    run.tag(ARCHIVED_TAG).map(str::to_owned)
}

#[test]
fn a_tag_says_that_a_run_is_archived_whoever_sets_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    let ids = runs(&store, 3);
    archive(&store, &ids[0]);
    let at = value(&store, &ids[0]).unwrap();
    assert!(at.starts_with("20") && at.ends_with('Z'), "{at}");
    // As MLflow's clients do it, with a value of their own, which stays.
    let other = ids[1].clone();
    let tag = KeyValue {
        key: ARCHIVED_TAG.to_owned(),
        value: "since spring".to_owned(),
    };
    store
        .write(move |tx| tx.set_run_tags(&other, vec![tag]))
        .unwrap();
    archive(&store, &ids[1]);
    assert_eq!(value(&store, &ids[1]).as_deref(), Some("since spring"));

    let archived = sorted(&[&ids[0], &ids[1]]);
    assert_eq!(found(&store, Some(true), ""), archived);
    assert_eq!(found(&store, Some(false), ""), sorted(&[&ids[2]]));
    let by_tag = "tags.`skerry.archived` IS NOT NULL";
    assert_eq!(found(&store, None, by_tag), archived);
    // Who does not ask for that sees all.
    assert_eq!(found(&store, None, "").0, 3);

    unarchive(&store, &ids[0]);
    unarchive(&store, &ids[0]);
    assert_eq!(value(&store, &ids[0]), None);
    assert_eq!(found(&store, Some(true), ""), sorted(&[&ids[1]]));
}

#[test]
fn what_is_archived_is_no_garbage_until_it_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    let ids = runs(&store, 2);
    for id in &ids {
        archive(&store, id);
    }
    let id = ids[0].clone();
    store
        .write(move |tx| tx.set_run_lifecycle(&id, LifecycleStage::Deleted))
        .unwrap();
    let refused = ids[0].clone();
    let error = store
        .write(move |tx| tx.unarchive_run(&refused))
        .unwrap_err();
    assert_eq!(error.code(), Code::Invalid);
    assert_eq!(found(&store, Some(true), ""), sorted(&[&ids[1]]));
    let garbage = store
        .read(|reader| reader.garbage(&Purge::default()))
        .unwrap();
    assert_eq!(garbage.runs, [ids[0].clone()]);
}

#[test]
fn an_older_file_keeps_what_its_tags_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let ids = {
        let store = open(&path);
        let ids = runs(&store, 2);
        archive(&store, &ids[1]);
        ids
    };
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "DROP INDEX runs_by_start;
         ALTER TABLE runs DROP COLUMN archived;
         CREATE INDEX runs_by_start ON runs (experiment, deleted, start_time DESC, run_id);
         DELETE FROM migrations WHERE time IN (20261127164500, 20261127203000);",
    )
    .unwrap();
    drop(conn);
    let store = open(&path);
    assert_eq!(found(&store, Some(true), ""), sorted(&[&ids[1]]));
    assert_eq!(found(&store, Some(false), ""), sorted(&[&ids[0]]));
}
