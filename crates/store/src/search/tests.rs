//! Whatever way a search takes, it finds what looking at every run would find.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use proptest::prelude::*;
use skerry_domain::tracking::MetricPoint;
use skerry_domain::{KeyValue, LifecycleStage};

use super::plan::Bounds;
use super::{Place, RunQuery, View};
use crate::{Batch, NewRun, Reader, Result, Store, StoreOptions};

#[derive(Debug, Clone)]
struct Made {
    experiment: usize,
    deleted: bool,
    archived: bool,
    start: Option<i64>,
    /// The points of each, the latest last.
    metrics: BTreeMap<&'static str, [f64; 2]>,
    params: BTreeMap<&'static str, String>,
    tags: BTreeMap<&'static str, String>,
}

/// Also texts that are alike as far as the index goes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["a", "b", "A", "ab", "é"]).prop_map(str::to_owned),
        prop::sample::select(vec!["x", "y"]).prop_map(|end| "z".repeat(64) + end),
    ]
}

fn some<T: std::fmt::Debug + Clone + 'static>(
    names: &'static [&'static str],
    value: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = BTreeMap<&'static str, T>> {
    prop::collection::btree_map(prop::sample::select(names), value, 0..=names.len())
}

fn number() -> impl Strategy<Value = f64> + Clone {
    prop::sample::select(vec![f64::NAN, f64::INFINITY, -1.5, 0.0, 1.0, 2.0])
}

fn made() -> impl Strategy<Value = Made> {
    (
        0..2_usize,
        prop::bool::weighted(0.2),
        any::<bool>(),
        prop::option::weighted(0.8, 0..4_i64),
        some(&["m", "n"], [number(), number()]),
        some(&["p", "q"], text().boxed()),
        some(&["t", "mlflow.user"], text().boxed()),
    )
        .prop_map(
            |(experiment, deleted, archived, start, metrics, params, tags)| Made {
                experiment,
                deleted,
                archived,
                start,
                metrics,
                params,
                tags,
            },
        )
}

#[derive(Debug, Clone)]
enum Filter {
    Metric(&'static str, &'static str, f64),
    Text(&'static str, &'static str, &'static str, String),
    There(&'static str, &'static str, bool),
    Start(&'static str, i64),
    /// One of the runs by its number.
    Run(usize, bool),
    All(Vec<Filter>),
    Any(Vec<Filter>),
}

const COMPARE: &[&str] = &["=", "!=", "<", "<=", ">", ">="];

fn filter() -> impl Strategy<Value = Filter> {
    let pair = || {
        prop::sample::select(vec![
            ("params", "p"),
            ("params", "q"),
            ("tags", "t"),
            ("tags", "mlflow.user"),
        ])
    };
    let compare = || prop::sample::select(COMPARE);
    let leaf = prop_oneof![
        3 => (prop::sample::select(vec!["m", "n", "none"]), compare(), -2..3_i32)
            .prop_map(|(key, op, value)| Filter::Metric(key, op, f64::from(value))),
        3 => (pair(), prop::sample::select(vec!["=", "!=", "LIKE", "ILIKE"]), text())
            .prop_map(|((entity, key), op, text)| Filter::Text(entity, key, op, text)),
        1 => (pair(), any::<bool>()).prop_map(|((entity, key), there)| Filter::There(entity, key, there)),
        1 => (compare(), 0..4_i64).prop_map(|(op, at)| Filter::Start(op, at)),
        1 => (0..30_usize, any::<bool>()).prop_map(|(run, listed)| Filter::Run(run, listed)),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::All),
            prop::collection::vec(inner, 2..4).prop_map(Filter::Any),
        ]
    })
}

fn compared<T: PartialOrd>(a: &T, op: &str, b: &T) -> bool {
    match op {
        "=" => a == b,
        "!=" => a != b,
        "<" => a < b,
        "<=" => a <= b,
        ">" => a > b,
        _ => a >= b,
    }
}

impl Filter {
    fn text(&self, ids: &[String]) -> String {
        match self {
            Self::Metric(key, op, value) => format!("metrics.{key} {op} {value}"),
            Self::Text(entity, key, op, text) => format!("{entity}.`{key}` {op} '{text}'"),
            Self::There(entity, key, there) => {
                format!(
                    "{entity}.`{key}` IS {}NULL",
                    if *there { "NOT " } else { "" }
                )
            }
            Self::Start(op, at) => format!("attributes.start_time {op} {at}"),
            Self::Run(run, true) => format!("run_id IN ('{}', 'x')", ids[run % ids.len()]),
            Self::Run(run, false) => format!("run_id = '{}'", ids[run % ids.len()]),
            Self::All(parts) | Self::Any(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| part.text(ids)).collect();
                let word = if matches!(self, Self::All(_)) {
                    " AND "
                } else {
                    " OR "
                };
                format!("({})", parts.join(word))
            }
        }
    }

    fn lets_through(&self, run: &Made, number: usize, runs: usize) -> bool {
        match self {
            Self::Metric(key, op, value) => run
                .metrics
                .get(key)
                .is_some_and(|[_, found]| compared(found, op, value)),
            Self::Text(entity, key, op, wanted) => {
                run.pairs(entity).get(key).is_some_and(|found| match *op {
                    // Without % in it, a pattern is the text itself.
                    "LIKE" => found == wanted,
                    // SQLite knows upper and lower case of ASCII.
                    "ILIKE" => found.eq_ignore_ascii_case(wanted),
                    op => compared(found, op, wanted),
                })
            }
            Self::There(entity, key, there) => run.pairs(entity).contains_key(key) == *there,
            Self::Start(op, at) => run.start.is_some_and(|start| compared(&start, op, at)),
            Self::Run(wanted, _) => number == wanted % runs,
            Self::All(parts) => parts
                .iter()
                .all(|part| part.lets_through(run, number, runs)),
            Self::Any(parts) => parts
                .iter()
                .any(|part| part.lets_through(run, number, runs)),
        }
    }
}

impl Made {
    fn pairs(&self, entity: &str) -> &BTreeMap<&'static str, String> {
        if entity == "params" {
            &self.params
        } else {
            &self.tags
        }
    }
}

const FIELDS: &[&str] = &[
    "metrics.m",
    "metrics.n",
    "metrics.none",
    "metrics_min.m",
    "metrics_max.m",
    "params.p",
    "params.q",
    "tags.t",
    "tags.`mlflow.user`",
    "start_time",
    "run_id",
    "run_name",
];

/// What is there first, as its order says; what is not there last.
fn ordered<T>(
    a: Option<T>,
    b: Option<T>,
    ascending: bool,
    order: impl Fn(&T, &T) -> Ordering,
) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if ascending => order(&a, &b),
        (Some(a), Some(b)) => order(&b, &a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn by_number(a: &f64, b: &f64) -> Ordering {
    a.partial_cmp(b).unwrap()
}

fn by_field(field: &str, ascending: bool, a: (&Made, &String), b: (&Made, &String)) -> Ordering {
    match field.split_once('.') {
        Some((standing @ ("metrics" | "metrics_min" | "metrics_max"), key)) => {
            let (a, b) = (a.0.metrics.get(key), b.0.metrics.get(key));
            let number = |points: Option<&[f64; 2]>| {
                let [first, last] = *points?;
                let value = match standing {
                    "metrics" => last,
                    "metrics_min" => first.min(last),
                    _ => first.max(last),
                };
                (!value.is_nan()).then_some(value)
            };
            b.is_some()
                .cmp(&a.is_some())
                .then(ordered(number(a), number(b), ascending, by_number))
        }
        Some((entity, key)) => {
            let key = key.trim_matches('`');
            ordered(
                a.0.pairs(entity).get(key),
                b.0.pairs(entity).get(key),
                ascending,
                |a, b| a.cmp(b),
            )
        }
        None if field == "start_time" => ordered(a.0.start, b.0.start, ascending, Ord::cmp),
        // A run's name is made of its number here.
        None => ordered(Some(a.1), Some(b.1), ascending, |a, b| a.cmp(b)),
    }
}

#[derive(Debug, Clone)]
struct Asked {
    filter: Option<Filter>,
    order: Vec<(&'static str, bool)>,
    experiments: Vec<usize>,
    view: View,
    archived: Option<bool>,
    offset: usize,
    max: usize,
    bounds: Bounds,
}

fn asked() -> impl Strategy<Value = Asked> {
    let order = (
        prop::sample::subsequence(FIELDS, 0..4).prop_shuffle(),
        prop::collection::vec(any::<bool>(), 4),
    )
        .prop_map(|(fields, ways)| fields.into_iter().zip(ways).collect());
    let bounds = (
        0..4_usize,
        0..6_usize,
        0..30_usize,
        0..3_usize,
        0..12_usize,
        0..8_usize,
    )
        .prop_map(|(few, some, scope, ties, looks, glance)| Bounds {
            few,
            some,
            scope,
            ties,
            looks,
            glance,
        });
    (
        prop::option::weighted(0.8, filter()),
        order,
        prop::sample::subsequence(vec![0, 1], 1..=2),
        prop::sample::select(vec![View::Active, View::Deleted, View::All]),
        any::<Option<bool>>(),
        0..4_usize,
        0..6_usize,
        bounds,
    )
        .prop_map(
            |(filter, order, experiments, view, archived, offset, max, bounds)| Asked {
                filter,
                order,
                experiments,
                view,
                archived,
                offset,
                max,
                bounds,
            },
        )
}

impl Asked {
    /// Numbers of the runs, by looking at each.
    fn naive(&self, runs: &[Made], ids: &[String]) -> Vec<usize> {
        let mut found: Vec<usize> = (0..runs.len())
            .filter(|n| {
                let run = &runs[*n];
                self.experiments.contains(&run.experiment)
                    && (self.view == View::All || run.deleted == (self.view == View::Deleted))
                    && self
                        .archived
                        .is_none_or(|archived| run.archived == archived)
                    && self
                        .filter
                        .as_ref()
                        .is_none_or(|filter| filter.lets_through(run, *n, runs.len()))
            })
            .collect();
        found.sort_by(|a, b| {
            let with = |n: &usize| (&runs[*n], &ids[*n]);
            let order = self
                .order
                .iter()
                .map(|(field, ascending)| by_field(field, *ascending, with(a), with(b)));
            let last = [("start_time", false), ("run_id", true)]
                .map(|(field, ascending)| by_field(field, ascending, with(a), with(b)));
            order
                .chain(last)
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        if self.max > 0 {
            found.truncate(self.offset + self.max + 1);
        }
        found
    }
}

fn pairs(map: &BTreeMap<&'static str, String>) -> Vec<KeyValue> {
    map.iter()
        .map(|(key, value)| KeyValue {
            key: (*key).to_owned(),
            value: value.clone(),
        })
        .collect()
}

/// Puts runs into a store; answers its experiments, and the ids of the runs.
fn fill(store: &Store, runs: Vec<Made>) -> (Vec<i64>, Vec<String>) {
    store
        .write(move |tx| {
            let experiments = vec![0, tx.create_experiment("other", None, &[])?];
            let mut ids = Vec::new();
            for (n, run) in runs.iter().enumerate() {
                // Not in the order of their numbers.
                let id = format!(
                    "{:032x}",
                    (n as u128 + 1) * 0x9e37_79b9_7f4a_7c15 % 0xffff_fffb
                );
                tx.create_run(NewRun {
                    run_id: Some(id.clone()),
                    name: id.clone(),
                    experiment_id: experiments[run.experiment],
                    start_time: run.start,
                    ..NewRun::default()
                })?;
                let point = |step: usize| {
                    let points = run.metrics.iter();
                    let at = i64::try_from(step).unwrap();
                    points.map(move |(key, values)| MetricPoint::new(*key, values[step], at, at))
                };
                // Of every other run the points come one by one.
                let (first, second) = if n % 2 == 0 {
                    (point(0).chain(point(1)).collect(), Vec::new())
                } else {
                    (point(0).collect(), point(1).collect())
                };
                tx.log_batch(
                    &id,
                    Batch {
                        metrics: first,
                        params: pairs(&run.params),
                        tags: pairs(&run.tags),
                    },
                )?;
                tx.log_batch(
                    &id,
                    Batch {
                        metrics: second,
                        ..Batch::default()
                    },
                )?;
                if run.archived {
                    tx.archive_run(&id)?;
                }
                if run.deleted {
                    tx.set_run_lifecycle(&id, LifecycleStage::Deleted)?;
                }
                ids.push(id);
            }
            Ok((experiments, ids))
        })
        .unwrap()
}

/// The ids of runs by their numbers.
fn named(reader: &Reader<'_>, numbers: &[i64]) -> Result<Vec<String>> {
    let mut statement = reader
        .conn()
        .prepare("SELECT run_id FROM runs WHERE id = ?1")?;
    Ok(numbers
        .iter()
        .map(|run| statement.query_row([run], |row| row.get(0)))
        .collect::<rusqlite::Result<_>>()?)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn finds_what_looking_at_all_finds(
        runs in prop::collection::vec(made(), 1..40),
        asked in prop::collection::vec(asked(), 40),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("t.db"), StoreOptions::default()).unwrap();
        let (experiments, ids) = fill(&store, runs.clone());
        for asked in asked {
            let query = RunQuery {
                experiment_ids: asked.experiments.iter().map(|n| experiments[*n]).collect(),
                all_experiments: asked.experiments.len() == 2,
                filter: asked.filter.as_ref().map(|filter| filter.text(&ids)).unwrap_or_default(),
                machine_id: None,
                order_by: asked
                    .order
                    .iter()
                    .map(|(field, ascending)| format!("{field} {}", if *ascending { "ASC" } else { "DESC" }))
                    .collect(),
                view: asked.view,
                archived: asked.archived,
                max_results: asked.max,
                offset: asked.offset,
                after: None,
            };
            let wanted: Vec<String> = asked.naive(&runs, &ids).into_iter().map(|n| ids[n].clone()).collect();
            let found = store.read(|reader| {
                named(reader, &reader.find_runs(&query, asked.bounds)?)
            }).unwrap();
            let part: Vec<&String> = wanted.iter().skip(asked.offset).collect();
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), part, "{:?}\n{:?}", query, asked.bounds);
            // A page behind any run of the answer is what comes after that run.
            if let Some(last) = wanted.get(asked.offset) {
                let (page, again) = store.read(|reader| {
                    let place = reader.place(&query, last)?;
                    let after = RunQuery {
                        offset: asked.offset + 1,
                        after: Place::from_json(&place.to_json()),
                        ..query.clone()
                    };
                    Ok((reader.find_runs(&after, asked.bounds)?, reader.runs(&RunQuery { after: None, ..after })?))
                }).unwrap();
                let again: Vec<String> = again.items.into_iter().map(|run| run.info.run_id).collect();
                let page: Vec<String> = store.read(|reader| named(reader, &page)).unwrap();
                let page = if asked.max > 0 { page.iter().take(asked.max).cloned().collect() } else { page };
                prop_assert_eq!(page, again, "behind {} in {:?}\n{:?}", last, query, asked.bounds);
            }
            let page = store.read(|reader| reader.runs(&query)).unwrap();
            let end = if asked.max == 0 { wanted.len() } else { asked.offset + asked.max };
            let shown: Vec<&String> = page.items.iter().map(|run| &run.info.run_id).collect();
            let part: Vec<&String> = wanted.iter().take(end).skip(asked.offset).collect();
            prop_assert_eq!(shown, part);
            prop_assert_eq!(page.next, (wanted.len() > end).then_some(end));
            let all = RunQuery { max_results: 0, offset: 0, ..query };
            let (count, found) = store.read(|reader| {
                Ok((reader.count_runs(&all)?, reader.find_runs(&all, asked.bounds)?))
            }).unwrap();
            prop_assert_eq!(count, found.len() as u64);
        }
    }
}

/// What SQLite does for a query, step by step.
fn steps(reader: &Reader<'_>, sql: &str, bound: &[rusqlite::types::Value]) -> Vec<String> {
    reader
        .conn()
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap()
        .query_map(rusqlite::params_from_iter(bound), |row| row.get(3))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

/// The table as it opens: it reads one index from its beginning, sorts nothing, and looks
/// at no run besides those that it shows; and as little is looked at to count them.
#[test]
fn runs_that_are_not_archived_are_read_from_one_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("t.db"), StoreOptions::default()).unwrap();
    let query = RunQuery {
        all_experiments: true,
        archived: Some(false),
        max_results: 100,
        ..RunQuery::default()
    };
    store
        .read(|reader| {
            let search = reader.search(&query, super::plan::BOUNDS)?;
            let parts = search.parts(0);
            let [super::stretch::Part::Index(index)] = parts.as_slice() else {
                panic!("one stretch of index has them all");
            };
            assert!(index.certain);
            let walk = steps(reader, &index.sql, &index.bound);
            assert_eq!(walk.len(), 1, "{walk:?}");
            assert!(walk[0].contains("COVERING INDEX runs_by_start"), "{walk:?}");
            let count = search.asked.condition(&[]);
            let count = steps(
                reader,
                &format!("SELECT count(*) FROM runs r WHERE {}", count.text),
                &count.bound,
            );
            assert!(
                count[0].contains("COVERING INDEX runs_by_start"),
                "{count:?}"
            );
            Ok(())
        })
        .unwrap();
}

/// Runs in the order of a metric are read along indexes, sorted nowhere, and what an
/// index does not have is not read from the rows of the series.
#[test]
fn runs_by_a_metric_are_read_along_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("t.db"), StoreOptions::default()).unwrap();
    let indexes = [
        ("metrics.m", &["series_by_value"][..]),
        ("metrics_min.m", &["series_by_value", "series_by_min"]),
        ("metrics_max.m", &["series_by_value", "series_by_max"]),
    ];
    for (field, indexes) in indexes {
        for way in ["ASC", "DESC"] {
            let query = RunQuery {
                all_experiments: true,
                order_by: vec![format!("{field} {way}")],
                max_results: 100,
                ..RunQuery::default()
            };
            store
                .read(|reader| {
                    let search = reader.search(&query, super::plan::BOUNDS)?;
                    for part in search.parts(0) {
                        let super::stretch::Part::Index(index) = part else {
                            continue;
                        };
                        let walk = steps(reader, &index.sql, &index.bound);
                        assert!(!walk.iter().any(|step| step.contains("B-TREE")), "{walk:?}");
                        let read: Vec<&String> = walk
                            .iter()
                            .filter(|step| step.contains(" series "))
                            .collect();
                        assert_eq!(read.len(), indexes.len(), "{walk:?}");
                        for (step, index) in read.iter().zip(indexes) {
                            let step = step.as_str();
                            assert!(
                                step.contains(&format!("COVERING INDEX {index}")),
                                "{walk:?}"
                            );
                        }
                    }
                    Ok(())
                })
                .unwrap();
        }
    }
}
