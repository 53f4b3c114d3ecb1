//! A console that reads an agent's journal ends up with what the agent has, however
//! often and in whatever pieces it reads.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests say what must hold by panicking, their helpers too"
)]

use proptest::prelude::*;
use skerry_domain::tracking::{
    ArtifactOwner, Dataset, DatasetInput, LogLine, MetricPoint, ModelOutput, Run,
};
use skerry_domain::{Change, JournalEntry, KeyValue, LifecycleStage, LogStream, RunStatus};
use skerry_store::{
    Applied, Batch, NewLoggedModel, NewModelVersion, NewRun, Result, RunQuery, RunUpdate, Store,
    StoreOptions, Tx,
};
use tempfile::TempDir;

fn open(folder: &TempDir, name: &str, journal: bool) -> Store {
    let options = StoreOptions {
        journal,
        ..StoreOptions::default()
    };
    Store::open(&folder.path().join(name), options).unwrap()
}

fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn line(text: String) -> LogLine {
    LogLine {
        at: 1,
        stream: LogStream::Stdout,
        text,
        cut_bytes: 0,
    }
}

/// What a script may do; numbers choose among what is there.
#[derive(Debug, Clone)]
enum Step {
    Run(u8),
    Metric(u8, f64, i64),
    Param(u8, u8),
    Tag(u8, u8),
    DropTag(u8),
    End(u8),
    Bin(u8, bool),
    Log(u8, u8),
    File(u8, u8),
    Version(u8),
    Alias(u8),
    Model(u8),
    Input(u8),
    Move(u8, u8),
}

fn step() -> impl Strategy<Value = Step> {
    let n = any::<u8>;
    prop_oneof![
        n().prop_map(Step::Run),
        (n(), prop_oneof![any::<f64>(), Just(f64::NAN)], 0..50_i64)
            .prop_map(|(a, b, c)| Step::Metric(a, b, c)),
        (n(), n()).prop_map(|(a, b)| Step::Param(a, b)),
        (n(), n()).prop_map(|(a, b)| Step::Tag(a, b)),
        n().prop_map(Step::DropTag),
        n().prop_map(Step::End),
        (n(), any::<bool>()).prop_map(|(a, b)| Step::Bin(a, b)),
        (n(), 1..5_u8).prop_map(|(a, b)| Step::Log(a, b)),
        (n(), n()).prop_map(|(a, b)| Step::File(a, b)),
        n().prop_map(Step::Version),
        n().prop_map(Step::Alias),
        n().prop_map(Step::Model),
        n().prop_map(Step::Input),
        (n(), n()).prop_map(|(a, b)| Step::Move(a, b)),
    ]
}

fn take(tx: &Tx<'_>, runs: &mut Vec<String>, step: &Step) -> Result<()> {
    let run = |n: u8| runs.get(usize::from(n) % runs.len().max(1)).cloned();
    let id = match step {
        Step::Run(n) => {
            let experiment = tx.experiment_named(&format!("experiment {}", n % 3))?;
            let run = tx.create_run(NewRun {
                experiment_id: experiment.id,
                start_time: Some(i64::from(*n)),
                ..NewRun::default()
            })?;
            runs.push(run.info.run_id);
            return Ok(());
        }
        Step::Metric(n, ..)
        | Step::Param(n, _)
        | Step::Tag(n, _)
        | Step::DropTag(n)
        | Step::End(n)
        | Step::Bin(n, _)
        | Step::Log(n, _)
        | Step::File(n, _)
        | Step::Version(n)
        | Step::Alias(n)
        | Step::Model(n)
        | Step::Input(n)
        | Step::Move(n, _) => run(*n),
    };
    let Some(id) = id else {
        return Ok(());
    };
    match step {
        Step::Run(_) => Ok(()),
        Step::Metric(n, value, step) => {
            let points = (0..i64::from(n % 4) + 1)
                .map(|more| MetricPoint::new("m", *value, 1_000 + more, step + more))
                .collect();
            tx.log_batch(
                &id,
                Batch {
                    metrics: points,
                    ..Batch::default()
                },
            )
        }
        Step::Param(_, key) => tx.log_param(&id, pair(&format!("p{key}"), "v")),
        Step::Tag(n, value) => {
            tx.set_run_tags(&id, vec![pair(&format!("t{}", n % 3), &value.to_string())])
        }
        Step::DropTag(_) => tx.delete_run_tag(&id, "t1"),
        Step::End(n) => tx
            .update_run(
                &id,
                &RunUpdate {
                    status: Some(RunStatus::Finished),
                    end_time: Some(i64::from(*n)),
                    name: Some(format!("name {n}")),
                },
            )
            .map(drop),
        Step::Bin(_, deleted) => tx.set_run_lifecycle(
            &id,
            if *deleted {
                LifecycleStage::Deleted
            } else {
                LifecycleStage::Active
            },
        ),
        Step::Log(n, count) => {
            let lines = (0..*count)
                .map(|more| line(format!("{n} {more}")))
                .collect();
            tx.append_log(&id, lines).map(drop)
        }
        Step::File(n, size) => tx.artifact_logged(
            ArtifactOwner::Run(id),
            &format!("f{}", n % 4),
            u64::from(*size),
            "00",
        ),
        Step::Version(n) => {
            let name = format!("model {}", n % 2);
            let _ = tx.create_registered_model(&name, Some("d"), &[pair("a", "1")]);
            let version = tx.create_model_version(NewModelVersion {
                name: name.clone(),
                source: "mlflow-artifacts:/x".to_owned(),
                run_id: Some(id),
                tags: vec![pair("k", "v")],
                ..NewModelVersion::default()
            })?;
            tx.describe_model_version(&name, version.version, Some("better"))
                .map(drop)
        }
        Step::Alias(n) => {
            let name = format!("model {}", n % 2);
            match tx.latest_versions(&name, &[])?.first() {
                Some(version) => tx.set_alias(&name, "champion", version.version),
                None => Ok(()),
            }
        }
        Step::Model(_) => {
            let experiment_id = tx.run_info(&id)?.experiment_id;
            let model = tx.create_logged_model(NewLoggedModel {
                experiment_id,
                source_run_id: Some(id.clone()),
                params: vec![pair("p", "1")],
                ..NewLoggedModel::default()
            })?;
            tx.finalize_logged_model(&model.model_id, "LOGGED_MODEL_READY")?;
            tx.log_outputs(
                &id,
                vec![ModelOutput {
                    model_id: model.model_id,
                    step: 0,
                }],
            )
        }
        Step::Input(n) => tx.log_inputs(
            &id,
            vec![DatasetInput {
                dataset: Dataset {
                    name: format!("set {}", n % 2),
                    digest: "d".to_owned(),
                    source_type: "local".to_owned(),
                    source: "{}".to_owned(),
                    schema: None,
                    profile: None,
                },
                tags: vec![pair("mlflow.data.context", "training")],
            }],
            Vec::new(),
        ),
        Step::Move(_, to) => {
            let to = tx.experiment_named(&format!("experiment {}", to % 3))?;
            tx.move_run(&id, to.id).map(drop)
        }
    }
}

/// All that can be seen of a store, in words; what is local to it left out.
fn seen(store: &Store) -> String {
    store
        .read(|reader| {
            let mut runs: Vec<Run> = reader
                .runs(&RunQuery {
                    all_experiments: true,
                    view: skerry_store::View::All,
                    ..RunQuery::default()
                })?
                .items;
            runs.sort_by(|a, b| a.info.run_id.cmp(&b.info.run_id));
            let mut out = String::new();
            for run in &mut runs {
                run.info.experiment_id = 0;
                run.info.machine_id = None;
                let id = run.info.run_id.clone();
                out.push_str(&format!(
                    "{run:?}\n{:?}\n",
                    reader.metric_history(&id, "m", 0, None)?.samples
                ));
                out.push_str(&format!("{:?}\n", reader.read_log(&id, 0, 10_000)?));
                for file in reader.artifacts(&id)? {
                    out.push_str(&format!("{} {} {}\n", file.path, file.size, file.sha256));
                }
                for output in &run.model_outputs {
                    let mut model = reader.logged_model(&output.model_id)?;
                    model.experiment_id = 0;
                    model.machine_id = None;
                    out.push_str(&format!("{model:?}\n"));
                }
            }
            let query = skerry_store::RegistryQuery::default();
            for mut version in reader
                .model_versions(&skerry_store::RegistryQuery {
                    order_by: vec!["name".to_owned(), "version_number".to_owned()],
                    ..query.clone()
                })?
                .items
            {
                version.machine_id = None;
                out.push_str(&format!("{version:?}\n"));
            }
            for model in reader.registered_models(&query)?.items {
                out.push_str(&format!(
                    "{} {:?} {:?} {:?}\n",
                    model.name, model.description, model.tags, model.aliases
                ));
            }
            Ok(out)
        })
        .unwrap()
}

fn apply(console: &Store, machine: &str, entries: &[JournalEntry]) -> Applied {
    let (machine, entries) = (machine.to_owned(), entries.to_vec());
    console
        .write(move |tx| tx.apply(&machine, "journal", &entries))
        .unwrap()
}

fn played(folder: &TempDir, steps: &[Step]) -> (Store, Vec<JournalEntry>) {
    let agent = open(folder, "agent.db", true);
    let mut runs = Vec::new();
    for step in steps {
        let (step, mut known) = (step.clone(), runs.clone());
        // What is refused, such as writing to a deleted run, is a part of the play.
        if let Ok(after) = agent.write(move |tx| {
            take(tx, &mut known, &step)?;
            Ok(known)
        }) {
            runs = after;
        }
    }
    let entries = agent
        .read(|reader| reader.journal_after(0, 100_000))
        .unwrap();
    (agent, entries)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn read_in_pieces_and_again_it_is_the_same(
        steps in prop::collection::vec(step(), 1..60),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (agent, entries) = played(&folder, &steps);
        let last = entries.last().map_or(0, |entry| entry.seq);
        let console = open(&folder, "console.db", false);
        // Prefixes of any length, overlapping, going back: then all of it, twice.
        for cut in &cuts {
            let end = cut.index(entries.len() + 1);
            apply(&console, "machine", &entries[..end]);
        }
        apply(&console, "machine", &entries);
        let once = seen(&console);
        prop_assert_eq!(&once, &seen(&agent));
        let again = apply(&console, "machine", &entries);
        prop_assert_eq!(again.entries, 0);
        prop_assert_eq!(again.cursor, last);
        prop_assert_eq!(once, seen(&console));
    }
}

#[test]
fn two_machines_share_names_and_not_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let console = open(&folder, "console.db", false);
    let steps = [
        Step::Run(0),
        Step::Version(0),
        Step::Alias(0),
        Step::Version(0),
    ];
    for machine in ["one", "two"] {
        let own = tempfile::tempdir().unwrap();
        let (_, entries) = played(&own, &steps);
        apply(&console, machine, &entries);
    }
    console
        .read(|reader| {
            let model = reader.registered_model("model 0")?;
            let numbers: Vec<(i64, Option<String>)> = reader
                .model_versions(&skerry_store::RegistryQuery {
                    order_by: vec!["version_number".to_owned()],
                    ..skerry_store::RegistryQuery::default()
                })?
                .items
                .into_iter()
                .map(|version| (version.version, version.machine_id))
                .collect();
            let of = |n: i64, machine: &str| (n, Some(machine.to_owned()));
            assert_eq!(
                numbers,
                [of(1, "one"), of(2, "one"), of(3, "two"), of(4, "two")]
            );
            // The alias of the last script counts; on its machine the version was 1.
            assert_eq!(model.aliases["champion"], 3);
            let experiment = reader.experiment_by_name("experiment 0")?;
            let runs = reader.runs(&RunQuery {
                experiment_ids: vec![experiment.id],
                filter: "attributes.run_name != '' OR attributes.run_id = 'x'".to_owned(),
                machine_id: Some("two".to_owned()),
                ..RunQuery::default()
            })?;
            assert_eq!(runs.items.len(), 1);
            assert_eq!(runs.items[0].info.machine_id.as_deref(), Some("two"));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_new_journal_begins_at_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let console = open(&folder, "console.db", false);
    let (_, entries) = played(&folder, &[Step::Run(0), Step::Run(1)]);
    apply(&console, "machine", &entries);
    let cursor =
        |journal: &'static str| console.read(move |r| r.cursor("machine", journal)).unwrap();
    assert_eq!(cursor("journal"), entries.last().unwrap().seq);
    assert_eq!(cursor("another"), 0);
}

#[test]
fn what_makes_no_sense_does_not_stop_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let console = open(&folder, "console.db", false);
    let entry = |seq, change| JournalEntry { seq, at: 1, change };
    let lines = |first| Change::LogLines {
        run_id: "r".to_owned(),
        first,
        lines: vec![line(format!("line {first}"))],
    };
    let entries = [
        entry(
            1,
            Change::Params {
                run_id: "not there".to_owned(),
                params: vec![pair("a", "b")],
            },
        ),
        entry(2, lines(0)),
        entry(3, lines(1)),
        entry(4, lines(1)),
    ];
    assert_eq!(apply(&console, "machine", &entries).cursor, 4);
    let page = console.read(|reader| reader.read_log("r", 0, 10)).unwrap();
    assert_eq!(page.total, 2);
    assert_eq!(page.lines[1].line.text, "line 1");
}

#[test]
fn nothing_is_journaled_of_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (agent, entries) = played(&folder, &[Step::Run(0), Step::Param(0, 1)]);
    let run = entries
        .iter()
        .find_map(|entry| match &entry.change {
            Change::RunSaved(run) => Some(run.run_id.clone()),
            _ => None,
        })
        .unwrap();
    let batch = Batch {
        metrics: vec![MetricPoint::new("m", 1.0, 1, 1)],
        params: vec![pair("p1", "another value")],
        tags: Vec::new(),
    };
    agent
        .write(move |tx| tx.log_batch(&run, batch))
        .unwrap_err();
    let last = agent.read(|reader| reader.journal_last()).unwrap();
    assert_eq!(last, entries.last().unwrap().seq);
}
