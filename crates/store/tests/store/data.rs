//! Opening, closing, limits and the data itself.

use std::path::Path;
use std::sync::Arc;

use skerry_domain::tracking::{LogLine, MetricPoint};
use skerry_domain::{Code, Coded, LifecycleStage, LogStream};
use skerry_store::{Append, Batch, NewRun, Purge, Store, StoreOptions};

use crate::common::{log, new_run, open};

fn points(range: std::ops::Range<i64>) -> Vec<MetricPoint> {
    range
        .map(|n| MetricPoint::new("m", (n % 1_000) as f64, 1_700_000_000_000 + n, n))
        .collect()
}

/// Makes a store with a run of ten points and closes it; the run's id.
fn ten_points(path: &Path) -> String {
    let store = open(path);
    let run = new_run(&store);
    log(&store, &run, points(0..10));
    run
}

#[test]
fn what_was_written_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let run = ten_points(&path);
    let store = open(&path);
    let page = store
        .read(|r| r.metric_history(&run, "m", 0, None))
        .unwrap();
    assert_eq!(page.samples.len(), 10);
}

#[test]
fn a_copy_made_while_writing_is_whole() {
    // What a power cut leaves: the files as they are, in the midst of it.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = open(&path);
    let run = new_run(&store);
    for n in 0..20 {
        log(&store, &run, points(n * 100..n * 100 + 100));
    }
    let copy = folder.path().join("b.db");
    for ending in ["", "-wal"] {
        std::fs::copy(
            format!("{}{ending}", path.display()),
            format!("{}{ending}", copy.display()),
        )
        .unwrap();
    }
    let copy = open(&copy);
    let page = copy.read(|r| r.metric_history(&run, "m", 0, None)).unwrap();
    assert_eq!(page.samples.len(), 2_000, "every answered write");
}

#[test]
fn a_newer_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    drop(open(&path));
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("INSERT INTO migrations VALUES (99991231235959, 0)", [])
        .unwrap();
    drop(raw);
    let before = std::fs::read(&path).unwrap();
    let error = Store::open(&path, StoreOptions::default()).unwrap_err();
    assert_eq!(error.code(), Code::StoreNewer);
    assert!(error.to_string().contains("newer version"), "{error}");
    assert_eq!(before, std::fs::read(&path).unwrap());
}

#[test]
fn what_is_no_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    std::fs::write(&path, "this is a letter to my aunt ".repeat(100)).unwrap();
    let error = Store::open(&path, StoreOptions::default()).unwrap_err();
    assert_eq!(error.code(), Code::StoreCorrupt);
    let other = folder.path().join("b.db");
    let raw = rusqlite::Connection::open(&other).unwrap();
    raw.execute("CREATE TABLE addresses (name TEXT)", [])
        .unwrap();
    drop(raw);
    let error = Store::open(&other, StoreOptions::default()).unwrap_err();
    assert_eq!(error.code(), Code::StoreCorrupt);
    let folder_instead = folder.path().join("c.db");
    std::fs::create_dir(&folder_instead).unwrap();
    let error = Store::open(&folder_instead, StoreOptions::default()).unwrap_err();
    assert_eq!(error.code(), Code::FileAccess);
    let error =
        Store::open(&folder.path().join("no/such/x.db"), StoreOptions::default()).unwrap_err();
    assert_eq!(error.code(), Code::FileAccess);
}

#[test]
fn a_full_store_says_so_and_goes_on_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let pages = {
        drop(open(&path));
        std::fs::metadata(&path).unwrap().len() / 4_096
    };
    let options = StoreOptions {
        max_pages: Some(u32::try_from(pages).unwrap() + 40),
        ..StoreOptions::default()
    };
    let store = Store::open(&path, options).unwrap();
    let run = new_run(&store);
    let mut answered = 0;
    let error = loop {
        let (id, metrics) = (run.clone(), points(answered..answered + 500));
        let written = store.write(move |tx| {
            tx.log_batch(
                &id,
                Batch {
                    metrics,
                    ..Batch::default()
                },
            )
        });
        match written {
            Ok(()) => answered += 500,
            Err(error) => break error,
        }
        assert!(answered < 1_000_000, "it never filled up");
    };
    assert_eq!(error.code(), Code::DiskFull, "{error}");
    let page = store
        .read(|r| r.metric_history(&run, "m", 0, None))
        .unwrap();
    assert_eq!(
        page.samples.len(),
        usize::try_from(answered).unwrap(),
        "whole batches only"
    );
    // With room again it goes on, in the same process or another.
    drop(store);
    let store = open(&path);
    log(&store, &run, points(answered..answered + 500));
}

#[cfg(unix)]
#[test]
fn a_read_only_store_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    drop(open(&path));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    // Root may write what nobody may: a medium that is read-only binds it too.
    let root = std::fs::OpenOptions::new().append(true).open(&path).is_ok();
    let mount = |arguments: &[&str]| {
        let done = std::process::Command::new("mount")
            .args(arguments)
            .status()
            .unwrap();
        assert!(done.success(), "mount {arguments:?}");
    };
    let place = folder.path().display().to_string();
    if root {
        mount(&["--bind", &place, &place]);
        mount(&["-o", "remount,ro,bind", &place]);
    }
    let opened = Store::open(&path, StoreOptions::default());
    if root {
        let done = std::process::Command::new("umount")
            .arg(&place)
            .status()
            .unwrap();
        assert!(done.success());
    }
    assert_eq!(opened.unwrap_err().code(), Code::StoreReadOnly);
}

#[test]
fn long_series_are_merged_and_read_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    let run = new_run(&store);
    // Single points, batches, and what comes late and twice.
    for n in 0..700 {
        log(&store, &run, points(n..n + 1));
    }
    for n in 0..40 {
        log(&store, &run, points(700 + n * 1_000..1_700 + n * 1_000));
    }
    let whole = store
        .read(|r| r.metric_history(&run, "m", 0, None))
        .unwrap();
    assert_eq!(whole.samples.len(), 40_700);
    assert!(
        whole
            .samples
            .iter()
            .zip(0..)
            .all(|(sample, n)| sample.step == n)
    );
    for (offset, limit) in [
        (0, 10),
        (690, 20),
        (5_000, 12_345),
        (40_690, 100),
        (50_000, 5),
    ] {
        let page = store
            .read(|r| r.metric_history(&run, "m", offset, Some(limit)))
            .unwrap();
        let wanted: Vec<i64> = (0..40_700).skip(offset).take(limit).collect();
        let got: Vec<i64> = page.samples.iter().map(|sample| sample.step).collect();
        assert_eq!(got, wanted, "{offset} {limit}");
        assert_eq!(
            page.next.is_some(),
            offset + limit < 40_700,
            "{offset} {limit}"
        );
    }
    log(&store, &run, points(100..300));
    let again = store
        .read(|r| r.metric_history(&run, "m", 0, None))
        .unwrap();
    assert_eq!(again.samples.len(), 40_700, "what came twice is there once");
}

/// Numbers that look random and are the same every time.
fn numbers(mut state: u64) -> impl FnMut(u64) -> i64 {
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        i64::try_from(state % below).unwrap()
    }
}

#[test]
fn points_that_come_late_or_twice_are_found_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    for (late, seed) in [(1, 1), (40, 2), (5_000, 3), (1_000_000, 4)] {
        let run = new_run(&store);
        let mut number = numbers(88_172_645_463_325_252 + seed);
        let mut wanted = Vec::new();
        let mut batches = Vec::new();
        for n in 0..900 {
            let batch: Vec<MetricPoint> = (0..1 + number(40))
                .map(|k| {
                    let step = (n * 20 + k - number(late)).rem_euclid(20_000);
                    MetricPoint::new("m", number(3) as f64, step / 2, step)
                })
                .collect();
            wanted.extend(batch.iter().map(|p| (p.timestamp, p.step, p.value as i64)));
            batches.push(batch);
        }
        wanted.sort_unstable();
        wanted.dedup();
        let id = run.clone();
        store
            .write(move |tx| {
                for metrics in batches {
                    let batch = Batch {
                        metrics,
                        ..Batch::default()
                    };
                    tx.log_batch(&id, batch)?;
                }
                Ok(())
            })
            .unwrap();
        let read = |offset, limit| {
            let page = store
                .read(|r| r.metric_history(&run, "m", offset, limit))
                .unwrap();
            let samples: Vec<(i64, i64, i64)> = page
                .samples
                .iter()
                .map(|s| (s.timestamp, s.step, s.value as i64))
                .collect();
            (samples, page.next)
        };
        assert_eq!(read(0, None), (wanted.clone(), None), "late by {late}");
        let (third, half) = (wanted.len() / 3, wanted.len() / 2);
        let (part, next) = read(third, Some(half - third));
        assert_eq!(part, wanted[third..half], "late by {late}");
        assert_eq!(next, Some(half));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_that_are_written_together_are_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    let runs = [new_run(&store), new_run(&store)];
    let append = |run: &str, key: &str, step: i64| {
        let append = Append {
            run_id: run.to_owned(),
            points: vec![MetricPoint::new(key, 0.5, step, step)],
            listed: false,
            check: None,
        };
        let store = store.clone();
        tokio::spawn(async move { store.append(append).await })
    };
    let mut all = Vec::new();
    for step in 0..300 {
        for run in &runs {
            all.push(append(run, "a", step));
            all.push(append(run, "b", step));
        }
        all.push(append("0123456789abcdef0123456789abcdef", "a", step));
    }
    let mut refused = 0;
    for one in all {
        match one.await.unwrap() {
            Ok(()) => {}
            Err(error) => {
                assert_eq!(error.code(), Code::NotFound, "{error}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 300);
    for run in &runs {
        for key in ["a", "b"] {
            let page = store.read(|r| r.metric_history(run, key, 0, None)).unwrap();
            let steps: Vec<i64> = page.samples.iter().map(|sample| sample.step).collect();
            assert_eq!(steps, (0..300).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_chart_of_many_points_keeps_the_extremes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    let run = new_run(&store);
    for batch in 0..300 {
        let mut metrics = points(batch * 1_000..batch * 1_000 + 1_000);
        if batch == 123 {
            metrics[456].value = 1e9;
            metrics[457].value = f64::NAN;
            metrics[458].value = -1e9;
        }
        log(&store, &run, metrics);
    }
    let chart = store.read(|r| r.chart(&run, "m", 320, None)).unwrap();
    assert_eq!(chart.points, 300_000);
    assert!(chart.samples.len() <= 400, "{}", chart.samples.len());
    assert_eq!(chart.samples.first().unwrap().step, 0);
    assert_eq!(chart.samples.last().unwrap().step, 299_999);
    for step in [123_456, 123_457, 123_458] {
        assert!(
            chart.samples.iter().any(|sample| sample.step == step),
            "{step}"
        );
    }
    assert!(
        chart
            .samples
            .windows(2)
            .all(|pair| pair[0].step < pair[1].step)
    );
    let range = store
        .read(|r| r.chart(&run, "m", 320, Some((1_000, 1_099))))
        .unwrap();
    assert_eq!(range.samples.len(), 100, "few points are all there");
    let summary = store.read(|r| r.metric_summaries(&run)).unwrap();
    assert_eq!((summary[0].min, summary[0].max), (Some(-1e9), Some(1e9)));
    assert_eq!(summary[0].points, 300_000);
}

#[test]
fn logs_are_windows_on_numbered_lines() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    let line = |text: &str| LogLine {
        at: 5,
        stream: LogStream::Stderr,
        text: text.to_owned(),
        cut_bytes: 0,
    };
    assert_eq!(store.read(|r| r.read_log("r", 0, 10)).unwrap().total, 0);
    for batch in 0..50 {
        let lines = (0..7)
            .map(|n| line(&format!("Line {} ö", batch * 7 + n)))
            .collect();
        let first = store.write(move |tx| tx.append_log("r", lines)).unwrap();
        assert_eq!(first, batch * 7);
    }
    let page = store.read(|r| r.read_log("r", 100, 20)).unwrap();
    assert_eq!((page.total, page.lines.len()), (350, 20));
    assert_eq!(
        (page.lines[0].n, page.lines[0].line.text.as_str()),
        (100, "Line 100 ö")
    );
    assert_eq!(
        store
            .read(|r| r.read_log("r", 349, 20))
            .unwrap()
            .lines
            .len(),
        1
    );
    assert!(
        store
            .read(|r| r.read_log("r", 350, 20))
            .unwrap()
            .lines
            .is_empty()
    );
    assert_eq!(
        store
            .read(|r| r.search_log("r", "LINE 34", 100))
            .unwrap()
            .len(),
        11
    );
    // Ten megabytes on one line.
    let long = line(&"x".repeat(10_000_000));
    store
        .write(move |tx| tx.append_log("r", vec![long]))
        .unwrap();
    let page = store.read(|r| r.read_log("r", 350, 1)).unwrap();
    assert_eq!(page.lines[0].line.text.len(), 10_000_000);
}

#[test]
fn one_refused_write_takes_no_other_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("a.db")));
    let run = new_run(&store);
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let (store, run) = (Arc::clone(&store), run.clone());
            std::thread::spawn(move || {
                for n in 0..50_i64 {
                    let (id, step) = (run.clone(), thread * 1_000 + n);
                    let written = store.write(move |tx| {
                        tx.log_metric(&id, MetricPoint::new("m", 1.0, step, step))?;
                        if step % 5 == 0 {
                            // After it has written.
                            tx.log_metric("no such run", MetricPoint::new("m", 1.0, 1, 1))?;
                        }
                        Ok(())
                    });
                    assert_eq!(written.is_err(), step % 5 == 0);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let page = store
        .read(|r| r.metric_history(&run, "m", 0, None))
        .unwrap();
    assert_eq!(page.samples.len(), 8 * 40);
    assert!(page.samples.iter().all(|sample| sample.step % 5 != 0));
}

#[tokio::test]
async fn news_of_commits() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    let mut commits = store.commits();
    commits.borrow_and_update();
    let run = store
        .write_async(|tx| tx.create_run(NewRun::default()))
        .await
        .unwrap();
    commits.changed().await.unwrap();
    assert_eq!(store.read(|r| r.run(&run.info.run_id)).unwrap(), run);
}

#[test]
fn views_are_kept_by_name_and_a_name_once() {
    use skerry_store::workspace::ViewRecord;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("s.db"));
    let view = |id: &str, name: &str| ViewRecord {
        id: id.to_owned(),
        name: name.to_owned(),
        body: serde_json::json!({ "name": name }),
    };
    store.run_view_save(&view("1", "best")).unwrap();
    store.run_view_save(&view("2", "all")).unwrap();
    assert_eq!(
        store.run_view_save(&view("3", "best")).unwrap_err().code(),
        Code::AlreadyExists
    );
    store.run_view_save(&view("1", "better")).unwrap();
    assert_eq!(
        store.run_views().unwrap(),
        [view("2", "all"), view("1", "better")]
    );
    store.run_view_delete("2").unwrap();
    store.run_view_delete("2").unwrap();
    assert_eq!(store.run_views().unwrap(), [view("1", "better")]);
}

fn into_bin(store: &Store, run: &str) {
    let run = run.to_owned();
    store
        .write(move |tx| tx.set_run_lifecycle(&run, LifecycleStage::Deleted))
        .unwrap();
}

/// Points that do not compress to nothing.
fn noise(from: i64) -> Vec<MetricPoint> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (from..from + 1_000)
        .map(|n| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            MetricPoint::new("m", (state >> 11) as f64, n, n)
        })
        .collect()
}

#[test]
fn what_is_purged_gives_its_disk_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = open(&path);
    let (kept, gone) = (new_run(&store), new_run(&store));
    log(&store, &kept, points(0..100));
    for n in 0..40 {
        log(&store, &gone, noise(n * 1_000));
    }
    let named = Purge {
        run_ids: vec![kept.clone()],
        ..Purge::default()
    };
    let refused = store.read(|reader| reader.garbage(&named)).unwrap_err();
    assert_eq!(refused.code(), Code::WrongState);
    let run = kept.clone();
    let purged = store.write(move |tx| tx.purge_run(&run)).unwrap();
    assert!(!purged, "what is not in the bin stays");

    into_bin(&store, &gone);
    let garbage = store
        .read(|reader| reader.garbage(&Purge::default()))
        .unwrap();
    assert_eq!(garbage.runs, std::slice::from_ref(&gone));
    let old = Purge {
        before: Some(0),
        ..Purge::default()
    };
    assert!(
        store
            .read(|reader| reader.garbage(&old))
            .unwrap()
            .runs
            .is_empty()
    );
    store.settle().unwrap();
    let before = std::fs::metadata(&path).unwrap().len();
    let run = gone.clone();
    assert!(store.write(move |tx| tx.purge_run(&run)).unwrap());
    while store.write(|tx| tx.give_back(50)).unwrap() > 0 {}
    store.settle().unwrap();
    let after = std::fs::metadata(&path).unwrap().len();
    assert!(after + 200_000 < before, "{before} bytes, then {after}");
    let missing = store.read(|reader| reader.run(&gone)).unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    let history = store.read(|reader| reader.metric_history(&kept, "m", 0, None));
    assert_eq!(history.unwrap().samples.len(), 100);
}

#[test]
fn an_experiment_goes_when_nothing_is_left_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    let (id, run) = store
        .write(|tx| {
            let id = tx.create_experiment("e", None, &[])?;
            let run = tx.create_run(NewRun {
                experiment_id: id,
                ..NewRun::default()
            })?;
            tx.set_experiment_lifecycle(id, LifecycleStage::Deleted)?;
            Ok((id, run.info.run_id))
        })
        .unwrap();
    assert!(!store.write(move |tx| tx.purge_experiment(id)).unwrap());
    store.write(move |tx| tx.purge_run(&run)).unwrap();
    assert!(store.write(move |tx| tx.purge_experiment(id)).unwrap());
    assert!(
        store
            .write(|tx| tx.create_experiment("e", None, &[]))
            .unwrap()
            > id
    );
}

#[test]
fn an_older_file_is_compacted_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let run = ten_points(&path);
    // As it was made before pages could be given back.
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM")
        .unwrap();
    let mode = |conn: &rusqlite::Connection| -> i64 {
        conn.query_row("PRAGMA auto_vacuum", [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(mode(&conn), 0);
    drop(conn);
    let store = open(&path);
    store.compact().unwrap();
    assert_eq!(mode(&rusqlite::Connection::open(&path).unwrap()), 2);
    let history = store.read(|reader| reader.metric_history(&run, "m", 0, None));
    assert_eq!(history.unwrap().samples.len(), 10);
}

#[test]
fn names_of_metrics_and_params_are_told_by_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    let other = store
        .write(|tx| tx.create_experiment("other", None, &[]))
        .unwrap();
    let names = |store: &Store, experiment: Option<i64>| {
        store
            .read(|reader| {
                Ok((
                    reader.metric_keys(experiment)?,
                    reader.param_keys(experiment)?,
                ))
            })
            .unwrap()
    };
    assert_eq!(names(&store, None), (Vec::new(), Vec::new()));
    for (experiment, metric, params) in [
        (None, "loss", ["b", "a"]),
        (None, "acc", ["a", "c"]),
        (Some(other), "loss", ["z", "a"]),
    ] {
        store
            .write(move |tx| {
                let run = tx.create_run(NewRun {
                    experiment_id: experiment.unwrap_or_default(),
                    ..NewRun::default()
                })?;
                tx.log_batch(
                    &run.info.run_id,
                    Batch {
                        metrics: vec![MetricPoint::new(metric, 1.0, 1, 1)],
                        params: params
                            .map(|key| skerry_domain::KeyValue {
                                key: key.to_owned(),
                                value: "1".to_owned(),
                            })
                            .to_vec(),
                        ..Batch::default()
                    },
                )
            })
            .unwrap();
    }
    let words = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        names(&store, None),
        (words(&["acc", "loss"]), words(&["a", "b", "c", "z"]))
    );
    assert_eq!(
        names(&store, Some(0)),
        (words(&["acc", "loss"]), words(&["a", "b", "c"]))
    );
    assert_eq!(
        names(&store, Some(other)),
        (words(&["loss"]), words(&["a", "z"]))
    );
}

#[test]
fn values_are_told_by_column_and_experiment() {
    use skerry_store::ValuesOf;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    let other = store
        .write(|tx| tx.create_experiment("other", None, &[]))
        .unwrap();
    let pair = |key: &str, value: &str| skerry_domain::KeyValue {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    for (experiment, name, lr) in [(0, "x", "0.1"), (0, "x", "0.1"), (other, "y", "0.01")] {
        let batch = Batch {
            params: vec![pair("lr", lr), pair("text", &"z".repeat(64)), pair("a", "")],
            tags: vec![pair("team", name), pair("mlflow.user", "u")],
            ..Batch::default()
        };
        let new = NewRun {
            experiment_id: experiment,
            name: name.to_owned(),
            user_id: "ada".to_owned(),
            ..NewRun::default()
        };
        store
            .write(move |tx| {
                let run = tx.create_run(new)?;
                tx.log_batch(&run.info.run_id, batch)
            })
            .unwrap();
    }
    let told = |of: ValuesOf<'_>, experiment: Option<i64>, most: usize| {
        store
            .read(|reader| reader.values(of, experiment, most))
            .unwrap()
    };
    assert_eq!(told(ValuesOf::Param("lr"), None, 9), ["0.01", "0.1"]);
    assert_eq!(told(ValuesOf::Param("lr"), None, 1), ["0.01"]);
    assert_eq!(told(ValuesOf::Param("lr"), Some(0), 9), ["0.1"]);
    assert_eq!(told(ValuesOf::Param("a"), None, 9), [""]);
    assert!(told(ValuesOf::Param("text"), None, 9).is_empty());
    assert_eq!(told(ValuesOf::Tag("team"), Some(other), 9), ["y"]);
    assert!(told(ValuesOf::Tag("mlflow.user"), None, 9).is_empty());
    assert_eq!(told(ValuesOf::Name, None, 9), ["x", "y"]);
    assert_eq!(told(ValuesOf::User, Some(other), 9), ["ada"]);
    let tags = store.read(|reader| reader.tag_keys(Some(other)));
    assert_eq!(tags.unwrap(), ["team"]);
}

#[test]
fn two_who_change_a_report_do_not_overwrite_each_other() {
    use skerry_domain::Reason;
    use skerry_store::workspace::ReportChange;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let store = open(&path);
    let change = |from: u32, by: &str, text: &str| ReportChange {
        id: "1".to_owned(),
        from,
        title: "Widths".to_owned(),
        by: by.to_owned(),
        body: serde_json::json!({ "text": text }),
    };
    let first = store.report_save(&change(0, "ada", "a")).unwrap();
    assert_eq!((first.revision, first.updated_by.as_str()), (1, "ada"));
    let second = store.report_save(&change(1, "bo", "b")).unwrap();
    assert_eq!(second.revision, 2);
    assert_eq!(second.created_at, first.created_at);

    // Ada still has the first before her.
    let refused = store.report_save(&change(1, "ada", "c")).unwrap_err();
    assert_eq!(
        (refused.code(), refused.reason()),
        (Code::WrongState, Some(Reason::ReportChanged))
    );
    assert_eq!(refused.details()["by"], "bo");
    assert_eq!(store.report("1").unwrap(), Some(second.clone()));
    // Nor is a new one put in its place.
    assert!(store.report_save(&change(0, "ada", "c")).is_err());
    let third = store.report_save(&change(2, "ada", "c")).unwrap();

    drop(store);
    let store = open(&path);
    assert_eq!(store.reports().unwrap(), [third]);
    store.report_delete("1").unwrap();
    store.report_delete("1").unwrap();
    assert_eq!(
        store.report_save(&change(3, "bo", "d")).unwrap_err().code(),
        Code::NotFound
    );
    assert_eq!(store.reports().unwrap(), []);
}
