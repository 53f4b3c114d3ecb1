//! What leaves the console as files: runs as Parquet, and the files of a run.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test, helpers included

use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};
use sha2::{Digest as _, Sha256};
use skerry_console::api::*;
use skerry_console::{Console, ConsoleOptions};
use skerry_domain::tracking::{ArtifactOwner, MetricPoint};
use skerry_domain::{Code, KeyValue, Reason};
use skerry_store::{Batch, NewRun, Store, StoreOptions};

const RUNS: usize = 1_201;

async fn console(data: &Path) -> Console {
    let mut options = ConsoleOptions::new(data);
    options.links = false;
    Console::open(options).await.unwrap()
}

fn pair(key: &str, value: String) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value,
    }
}

/// Runs 0 to 1,200, of which the last is archived: the even ones with a tag, the first with
/// a metric that is no number.
fn seed(file: &Path) {
    let store = Store::open(file, StoreOptions::default()).unwrap();
    store
        .write(|tx| {
            for n in 0..RUNS {
                let run = tx.create_run(NewRun {
                    run_id: Some(format!("{n:032x}")),
                    name: format!("run, \"{n}\""),
                    start_time: Some(1_700_000_000_000 + n as i64),
                    ..NewRun::default()
                })?;
                let loss = if n == 0 { f64::NAN } else { n as f64 };
                let id = run.info.run_id;
                tx.log_batch(
                    &id,
                    Batch {
                        metrics: vec![MetricPoint::new("val/loss", loss, 1, 1)],
                        params: vec![pair("lr", format!("0.{n}"))],
                        tags: (n % 2 == 0)
                            .then(|| pair("team", "lab".to_owned()))
                            .into_iter()
                            .collect(),
                    },
                )?;
                if n + 1 == RUNS {
                    tx.archive_run(&id)?;
                }
            }
            Ok(())
        })
        .unwrap();
}

fn export(filter: &str, columns: Option<&[&str]>) -> RunsExport {
    RunsExport {
        filter: filter.to_owned(),
        order_by: vec!["start_time ASC".to_owned()],
        experiment: None,
        machine_id: None,
        stage: RunStage::Active,
        columns: columns.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect()),
    }
}

fn by_id(id: &str) -> ById {
    ById { id: id.to_owned() }
}

/// Goes on to the end; answers how far it was each time, and the file.
async fn whole(console: &Console, args: RunsExport) -> (Vec<u64>, Vec<u8>) {
    let mut state = console.runs_export(args).await.unwrap();
    let mut seen = vec![state.done];
    while state.size.is_none() {
        state = console.runs_export_more(by_id(&state.id)).await.unwrap();
        seen.push(state.done);
    }
    let size = state.size.unwrap();
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < size {
        let part = ExportPart {
            id: state.id.clone(),
            offset: bytes.len() as u64,
        };
        let part = console.runs_export_part(part).await.unwrap().base64;
        bytes.extend(
            base64::engine::general_purpose::STANDARD
                .decode(part)
                .unwrap(),
        );
    }
    console.runs_export_end(by_id(&state.id)).await.unwrap();
    let gone = console.runs_export_more(by_id(&state.id)).await;
    assert_eq!(gone.unwrap_err().code, Code::NotFound);
    (seen, bytes)
}

/// An export that is whole and kept; answers its id and size.
async fn kept(console: &Console) -> (String, u64) {
    let mut state = console.runs_export(export("", None)).await.unwrap();
    while state.size.is_none() {
        state = console.runs_export_more(by_id(&state.id)).await.unwrap();
    }
    (state.id, state.size.unwrap())
}

/// A disk that holds so much, gone when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf, size: &str) -> Self {
        std::fs::create_dir(&at).unwrap();
        let size = format!("size={size}");
        let place = at.to_str().unwrap();
        skerry_lab::run(&["mount", "-t", "tmpfs", "-o", &size, "tmpfs", place]).unwrap();
        Self(at)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = skerry_lab::run(&["umount", "--lazy", self.0.to_str().unwrap_or_default()]);
    }
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_kept_is_saved_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    seed(&folder.path().join("workspace.db"));
    let console = console(folder.path()).await;
    let early = console.runs_export(export("", None)).await.unwrap();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let path = out.join("runs.parquet");
    let error = console.runs_export_save(&early.id, &path).await;
    assert_eq!(error.unwrap_err().code, Code::WrongState);
    let error = console.runs_export_take(&early.id).await;
    assert_eq!(error.unwrap_err().code, Code::WrongState);

    let (id, size) = kept(&console).await;
    std::fs::write(&path, "an older one").unwrap();
    console.runs_export_save(&id, &path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), size);
    assert_eq!(rows(std::fs::read(&path).unwrap()).1.len(), RUNS - 1);
    assert_eq!(entries(&out), ["runs.parquet"]);

    // A disk that is too small for it: said with the place, and nothing is left there. With
    // another place the same export is saved.
    assert!(size > 16 << 10, "{size}");
    let disk = Disk::mount(folder.path().join("small"), "16k");
    let small = disk.0.join("runs.parquet");
    let error = console.runs_export_save(&id, &small).await.unwrap_err();
    assert_eq!(error.code, Code::DiskFull, "{error}");
    assert!(error.message.contains("small/runs.parquet"), "{error}");
    assert_eq!(entries(&disk.0), [""; 0]);
    let again = out.join("again.parquet");
    console.runs_export_save(&id, &again).await.unwrap();
    assert_eq!(
        std::fs::read(&again).unwrap(),
        std::fs::read(&path).unwrap()
    );

    // A host that hands it out itself has it from its beginning, once.
    let (mut file, length) = console.runs_export_take(&id).await.unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, length);
    assert_eq!(bytes, std::fs::read(&path).unwrap());
    let gone = console.runs_export_take(&id).await.unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
    console.close().await;
}

fn rows(bytes: Vec<u8>) -> (Vec<String>, Vec<Row>) {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names = schema
        .columns()
        .iter()
        .map(|c| c.name().to_owned())
        .collect();
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    (names, rows.collect())
}

fn fields(row: &Row) -> Vec<Field> {
    row.get_column_iter()
        .map(|(_, field)| field.clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_found_is_written_with_its_types() {
    let folder = tempfile::tempdir().unwrap();
    seed(&folder.path().join("workspace.db"));
    let console = console(folder.path()).await;
    let (seen, bytes) = whole(&console, export("", None)).await;
    assert_eq!(seen, [0, 1000, 1200]);
    // Nothing else is in the folder while it is made, or after.
    let odd = std::fs::read_dir(folder.path()).unwrap().flatten();
    let odd: Vec<_> = odd
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name.contains("tmp") || name.contains("parquet"))
        .collect();
    assert_eq!(odd, [""; 0]);
    let (names, rows) = rows(bytes);
    assert_eq!(
        names,
        [
            "run_id",
            "run_name",
            "status",
            "experiment",
            "machine",
            "start_time",
            "duration",
            "end_time",
            "user_id",
            "params.lr",
            "metrics.val/loss",
            "tags.team"
        ]
    );
    // The one that is archived is not on the table.
    assert_eq!(rows.len(), RUNS - 1);
    let first = fields(&rows[0]);
    assert_eq!(first[1], Field::Str("run, \"0\"".to_owned()));
    assert_eq!(first[5], Field::TimestampMillis(1_700_000_000_000));
    assert_eq!([&first[4], &first[6]], [&Field::Null, &Field::Null]);
    assert!(matches!(first[10], Field::Double(loss) if loss.is_nan()));
    assert_eq!(first[11], Field::Str("lab".to_owned()));
    let last = fields(&rows[RUNS - 2]);
    assert_eq!(last[9], Field::Str("0.1199".to_owned()));
    assert_eq!(last[10], Field::Double(1199.0));
    assert_eq!(last[11], Field::Null);
    console.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_columns_of_what_a_filter_finds_come_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    seed(&folder.path().join("workspace.db"));
    let console = console(folder.path()).await;
    let chosen = [
        "tags.team",
        "attributes.status",
        "tags.team",
        "metrics.none",
        "metrics_max.val/loss",
    ];
    let asked = export("metrics.`val/loss` > 1197", Some(&chosen));
    let (names, found) = rows(whole(&console, asked).await.1);
    let wanted = [
        "run_id",
        "run_name",
        "tags.team",
        "status",
        "metrics.none",
        "metrics_max.val/loss",
    ];
    assert_eq!(names, wanted);
    let teams: Vec<Field> = found.iter().map(|row| fields(row)[2].clone()).collect();
    assert_eq!(teams, [Field::Str("lab".to_owned()), Field::Null]);
    let best = [&found[0], &found[1]].map(|row| fields(row)[5].clone());
    assert_eq!(best, [Field::Double(1198.0), Field::Double(1199.0)]);

    let none = export("run_id = 'x'", None);
    assert_eq!(rows(whole(&console, none).await.1).1, []);

    let wrong = export("", Some(&["attributes.nothing"]));
    let wrong = console.runs_export(wrong).await.unwrap_err();
    assert_eq!(wrong.code, Code::Invalid);
    let wrong = console
        .runs_export(export("metrics.", None))
        .await
        .unwrap_err();
    assert_eq!(wrong.code, Code::Invalid);

    // What was left lying gives way.
    let first = console.runs_export(export("", None)).await.unwrap();
    let part = ExportPart {
        id: first.id.clone(),
        offset: 0,
    };
    let early = console.runs_export_part(part).await.unwrap_err();
    assert_eq!(early.code, Code::WrongState);
    for _ in 0..4 {
        console.runs_export(export("", None)).await.unwrap();
    }
    let gone = console
        .runs_export_more(by_id(&first.id))
        .await
        .unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
    console.close().await;
}

/// A run whose files lie in the workspace's own folder; its id, and where they lie.
fn with_files(data: &Path, files: &[(&str, &str)]) -> (String, PathBuf) {
    let store = Store::open(&data.join("workspace.db"), StoreOptions::default()).unwrap();
    let run = store.write(|tx| tx.create_run(NewRun::default())).unwrap();
    let (_, place) = run.info.artifact_uri.split_once(":/").unwrap();
    let place = data.join("artifacts").join(place);
    for (path, text) in files {
        let file = place.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        let owner = ArtifactOwner::Run(run.info.run_id.clone());
        let (path, hash) = ((*path).to_owned(), hex::encode(Sha256::digest(text)));
        let size = text.len() as u64;
        store
            .write(move |tx| tx.artifact_logged(owner, &path, size, &hash))
            .unwrap();
    }
    (run.info.run_id, place)
}

/// A run of a server that keeps its files in a storage of its own.
fn elsewhere(data: &Path) -> String {
    let store = Store::open(&data.join("workspace.db"), StoreOptions::default()).unwrap();
    let run = store.write(|tx| {
        let experiment = tx.create_experiment("bucket", Some("s3://bucket/x"), &[])?;
        let run = tx.create_run(NewRun {
            experiment_id: experiment,
            ..NewRun::default()
        })?;
        let owner = ArtifactOwner::Run(run.info.run_id.clone());
        tx.artifact_logged(owner, "a.txt", 1, "")?;
        Ok(run.info.run_id)
    });
    run.unwrap()
}

#[tokio::test]
async fn files_that_no_machine_holds_are_read_from_the_workspace_and_held_to_their_hash() {
    let folder = tempfile::tempdir().unwrap();
    let page = "<h1>Confusion</h1>";
    let files = [("plots/report.html", page), ("plots/data/notes.txt", "one")];
    let (run_id, place) = with_files(folder.path(), &files);
    let elsewhere = elsewhere(folder.path());
    let console = console(folder.path()).await;
    let query = |run_id: &str, path: &str| ArtifactQuery {
        run_id: run_id.to_owned(),
        path: path.to_owned(),
    };
    let rows = console
        .run_artifacts(query(&run_id, "plots"))
        .await
        .unwrap();
    let hash = hex::encode(Sha256::digest(page));
    assert_eq!((rows[0].is_dir, rows[0].sha256.as_deref()), (true, None));
    assert_eq!(rows[1].sha256.as_deref(), Some(hash.as_str()));
    let preview = console
        .run_artifact_preview(query(&run_id, "plots/report.html"))
        .await
        .unwrap();
    let ArtifactPreview::Text {
        text,
        truncated: false,
        format,
    } = preview
    else {
        panic!("{preview:?}");
    };
    assert_eq!((text.as_str(), format.as_str()), (page, "html"));

    let target = tempfile::tempdir().unwrap();
    let save = |run_id: &str| ArtifactSave {
        run_id: run_id.to_owned(),
        path: "plots".to_owned(),
        to_folder: target.path().display().to_string(),
    };
    let saved = saved(&console, save(&run_id)).await;
    assert_eq!(saved.state, OperationState::Done, "{saved:?}");
    let bytes = page.len() as u64 + 3;
    assert_eq!(saved.steps[0].done, bytes);
    let files = saved.saved.unwrap();
    assert_eq!((files.files, files.bytes), (2, bytes));
    let plots = target.path().join("plots");
    assert_eq!(files.path, plots.display().to_string());
    let read = std::fs::read_to_string(plots.join("data/notes.txt"));
    assert_eq!(read.unwrap(), "one");
    let again = console.run_artifact_save(save(&run_id)).await.unwrap_err();
    assert_eq!(again.reason, Some(Reason::FileExists));

    // A file that is not what was logged: nothing of the folder stays.
    std::fs::remove_dir_all(&plots).unwrap();
    std::fs::write(place.join("plots/data/notes.txt"), "two").unwrap();
    let refused = self::saved(&console, save(&run_id)).await;
    assert_eq!(refused.state, OperationState::Failed);
    assert_eq!(refused.problem.unwrap().reason, Some(Reason::FileChanged));
    assert_eq!(names(target.path()), Vec::<String>::new());

    // What left the workspace, where to, or why not, is written down.
    let query_all = ActivityQuery {
        before_id: None,
        limit: 10,
    };
    let told = console.activity_list(query_all).await.unwrap();
    let told: Vec<_> = told.iter().map(|row| (row.kind, &row.detail)).collect();
    let detail = Some(plots.display().to_string());
    let expected = [ActivityKind::FilesSaveFailed, ActivityKind::FilesSaved];
    assert_eq!(told, expected.map(|kind| (kind, &detail)));

    let refused = console
        .run_artifact_preview(query(&elsewhere, "a.txt"))
        .await
        .unwrap_err();
    assert_eq!(refused.reason, Some(Reason::FilesOnNoMachine));
    assert!(refused.message.contains("s3://bucket/x"), "{refused:?}");
    // One that lies here under a name that nobody may ask for is told as that.
    let named = with_files(folder.path(), &[("a\\b.txt", "one")]).0;
    let refused = console
        .run_artifact_preview(query(&named, "a\\b.txt"))
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::Invalid, "{refused:?}");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Looks at an operation until it is as wanted.
async fn once(console: &Console, id: &str, wanted: impl Fn(&Operation) -> bool) -> Operation {
    let mut events = console.events();
    loop {
        let now = console.operation_get(by_id(id)).await.unwrap();
        if wanted(&now) {
            return now;
        }
        events.recv().await.unwrap();
    }
}

async fn saved(console: &Console, args: ArtifactSave) -> Operation {
    let begun = console.run_artifact_save(args).await.unwrap();
    once(console, &begun.id, |now| now.ended_at.is_some()).await
}

/// A run with a file that comes as slowly as it is written: a pipe.
struct Slow {
    folder: tempfile::TempDir,
    target: tempfile::TempDir,
    run_id: String,
    pipe: PathBuf,
}

impl Slow {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (run_id, place) = with_files(folder.path(), &[("slow.bin", "0123456789")]);
        let pipe = place.join("slow.bin");
        std::fs::remove_file(&pipe).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        Self {
            folder,
            target: tempfile::tempdir().unwrap(),
            run_id,
            pipe,
        }
    }

    fn save(&self) -> ArtifactSave {
        ArtifactSave {
            run_id: self.run_id.clone(),
            path: "slow.bin".to_owned(),
            to_folder: self.target.path().display().to_string(),
        }
    }

    /// Writes into the pipe, a byte at a time, until it is closed at the other end.
    fn drip(&self) -> std::thread::JoinHandle<()> {
        let pipe = self.pipe.clone();
        std::thread::spawn(move || {
            let mut pipe = std::fs::OpenOptions::new().write(true).open(pipe).unwrap();
            while std::io::Write::write_all(&mut pipe, b"0").is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        })
    }
}

#[tokio::test]
async fn a_save_tells_how_far_it_is_and_leaves_nothing_when_it_is_cancelled() {
    let slow = Slow::new();
    let console = console(slow.folder.path()).await;
    let begun = console.run_artifact_save(slow.save()).await.unwrap();
    let dripping = slow.drip();
    assert_eq!(
        (begun.state, begun.steps[0].total),
        (OperationState::Running, Some(10))
    );
    let twice = console.run_artifact_save(slow.save()).await.unwrap_err();
    assert_eq!(
        (twice.code, twice.reason),
        (Code::Busy, Some(Reason::FilesBeingSaved))
    );
    once(&console, &begun.id, |now| now.steps[0].done > 0).await;
    assert_eq!(names(slow.target.path()).len(), 1, "what is not whole yet");

    console.operation_cancel(by_id(&begun.id)).await.unwrap();
    let ended = once(&console, &begun.id, |now| now.ended_at.is_some()).await;
    assert_eq!(ended.state, OperationState::Cancelled);
    assert_eq!(names(slow.target.path()), Vec::<String>::new());
    dripping.join().unwrap();
    let late = console.operation_cancel(by_id(&begun.id)).await;
    assert_eq!(late.unwrap_err().reason, Some(Reason::OperationEnded));
}

#[tokio::test]
async fn a_save_ends_with_the_workspace_and_leaves_nothing() {
    let slow = Slow::new();
    let console = console(slow.folder.path()).await;
    let begun = console.run_artifact_save(slow.save()).await.unwrap();
    let dripping = slow.drip();
    once(&console, &begun.id, |now| now.steps[0].done > 0).await;
    console.close().await;
    let ended = console.operation_get(by_id(&begun.id)).await.unwrap();
    assert_eq!(ended.state, OperationState::Failed);
    assert_eq!(ended.problem.unwrap().code, Code::Cancelled);
    assert_eq!(names(slow.target.path()), Vec::<String>::new());
    dripping.join().unwrap();
}

/// What a program that was killed left behind is taken away by the next one.
#[tokio::test]
async fn a_save_that_was_broken_off_is_settled_by_the_next_program() {
    let slow = Slow::new();
    let file = slow.folder.path().join("workspace.db");
    let first = console(slow.folder.path()).await;
    let begun = first.run_artifact_save(slow.save()).await.unwrap();
    let dripping = slow.drip();
    once(&first, &begun.id, |now| now.steps[0].done > 0).await;
    let left = slow.target.path().join(&names(slow.target.path())[0]);
    // What is written down in the middle of the work.
    let store = Store::open(&file, StoreOptions::default()).unwrap();
    let record = store.operation(&begun.id).unwrap().unwrap();
    first.close().await;
    drop(first);
    dripping.join().unwrap();
    store.operation_save(&record).unwrap();
    drop(store);
    std::fs::write(&left, "half").unwrap();

    let options = ConsoleOptions::new(slow.folder.path());
    let next = Console::open(options).await.unwrap();
    let ended = once(&next, &begun.id, |now| now.ended_at.is_some()).await;
    assert_eq!(ended.state, OperationState::Failed);
    assert_eq!(ended.problem.unwrap().code, Code::Cancelled);
    assert!(!left.exists());
    next.close().await;
    drop(next);

    // One that was killed with everything at its place has saved it.
    let store = Store::open(&file, StoreOptions::default()).unwrap();
    store.operation_save(&record).unwrap();
    drop(store);
    std::fs::write(slow.target.path().join("slow.bin"), "0123456789").unwrap();
    let options = ConsoleOptions::new(slow.folder.path());
    let last = Console::open(options).await.unwrap();
    let ended = once(&last, &begun.id, |now| now.ended_at.is_some()).await;
    assert_eq!(ended.state, OperationState::Done, "{ended:?}");
    assert_eq!(ended.saved.unwrap().files, 1);
    last.close().await;
}
