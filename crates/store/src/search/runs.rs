use rusqlite::OptionalExtension;
use rusqlite::types::Value as Bound;
use skerry_domain::tracking::Run;

use super::parse::{self, Clause, Expr, Op, Order, Value};
use super::place::Place;
use super::plan::{Asked, BOUNDS, Bounds, Search};
use super::sets::{self, About};
use super::{Condition, Kind, Page, Searchable, View};
use crate::archive::ARCHIVED_TAG;
use crate::{Reader, Result, StoreError, limits, runs};

/// Which runs to list.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Runs of these experiments; of all when empty and `all_experiments`.
    pub experiment_ids: Vec<i64>,
    /// An empty list of experiments means all of them instead of none.
    pub all_experiments: bool,
    /// MLflow's filter, such as `metrics.acc > 0.9 and params.lr = '0.01'`. Besides
    /// its attributes there is `machine_id`.
    pub filter: String,
    /// Only runs that came from this machine.
    pub machine_id: Option<String>,
    /// MLflow's order, such as `metrics.acc DESC`; besides that `metrics_min.acc` and
    /// `metrics_max.acc`, the least and the greatest value.
    pub order_by: Vec<String>,
    /// Deleted ones too.
    pub view: View,
    /// Only runs that are archived, or only those that are not.
    pub archived: Option<bool>,
    /// At most so many; 0 for all.
    pub max_results: usize,
    /// So many are left out at the beginning.
    pub offset: usize,
    /// Only runs behind this place in the order, wherever it is; `offset` then only
    /// counts those before. One of another order is as if there were none.
    pub after: Option<Place>,
}

/// What is read of the runs of a page besides their attributes.
#[derive(Debug, Clone, Copy)]
pub enum Data<'a> {
    /// Latest metrics, params, tags and inputs.
    All,
    /// Params and tags of these keys, and nothing else.
    Only {
        /// Keys of params.
        params: &'a [&'a str],
        /// Keys of tags.
        tags: &'a [&'a str],
    },
}

/// Other names of attributes that have a space in them.
pub(super) const ALIASES: &[&str] = &["run name", "Run name", "Run Name"];

const RUNS: Searchable<'_> = Searchable {
    attributes: &[
        ("run_id", "r.run_id", Kind::Listed),
        ("run_name", "r.name", Kind::Text),
        ("run name", "r.name", Kind::Text),
        ("Run name", "r.name", Kind::Text),
        ("Run Name", "r.name", Kind::Text),
        ("status", "r.status", Kind::Text),
        ("artifact_uri", "r.artifact_uri", Kind::Text),
        ("user_id", "r.user_id", Kind::Text),
        ("machine_id", "coalesce(r.machine_id, '')", Kind::Text),
        ("start_time", "r.start_time", Kind::Number),
        ("created", "r.start_time", Kind::Number),
        ("Created", "r.start_time", Kind::Number),
        ("end_time", "r.end_time", Kind::Number),
    ],
    tags: "EXISTS (SELECT 1 FROM tags t WHERE t.run = r.id AND t.key = ? AND {value} {op} ?)",
    params: Some(
        "EXISTS (SELECT 1 FROM params t WHERE t.run = r.id AND t.key = ? AND {value} {op} ?)",
    ),
    // The plus keeps it from walking along all values of a metric for each run.
    metrics: Some(
        "EXISTS (SELECT 1 FROM series s WHERE s.run = r.id \
         AND s.metric = ? AND +s.last_value {op} ?)",
    ),
    datasets: Some(
        "EXISTS (SELECT 1 FROM dataset_inputs i JOIN datasets d ON d.id = i.dataset \
         WHERE i.run = r.id AND {condition})",
    ),
};

/// Columns that runs can be ordered by, by attribute.
const ORDER: &[(&str, &str)] = &[
    ("run_id", "r.run_id"),
    ("run_name", "r.name"),
    ("run name", "r.name"),
    ("Run name", "r.name"),
    ("Run Name", "r.name"),
    ("status", "r.status"),
    ("artifact_uri", "r.artifact_uri"),
    ("user_id", "r.user_id"),
    ("experiment_id", "r.experiment"),
    ("start_time", "r.start_time"),
    ("created", "r.start_time"),
    ("Created", "r.start_time"),
    ("end_time", "r.end_time"),
];

/// What runs can be ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// A column of `runs r`.
    Column(&'static str),
    Metric(String, Standing),
    Param(String),
    Tag(String),
}

/// The value of a metric that is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Last,
    Least,
    Greatest,
}

impl Standing {
    /// Its column in `series`.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Last => "last_value",
            Self::Least => "min_value",
            Self::Greatest => "max_value",
        }
    }

    /// The stretches that have runs in its order when they are merged: of what never
    /// varied, the last value is the least and the greatest.
    pub(super) fn stretches(self) -> &'static [Stretch] {
        const CONSTANT: Stretch = Stretch {
            index: "series_by_value",
            column: "last_value",
            which: " AND varies = 0",
        };
        match self {
            Self::Last => &[Stretch {
                which: "",
                ..CONSTANT
            }],
            Self::Least => &[
                CONSTANT,
                Stretch {
                    index: "series_by_min",
                    column: "min_value",
                    which: " AND varies = 1",
                },
            ],
            Self::Greatest => &[
                CONSTANT,
                Stretch {
                    index: "series_by_max",
                    column: "max_value",
                    which: " AND varies = 1",
                },
            ],
        }
    }
}

/// Where the values of a metric lie in order, for some of the runs that have it.
pub(super) struct Stretch {
    pub index: &'static str,
    pub column: &'static str,
    /// Which runs these are, as SQL behind another condition.
    pub which: &'static str,
}

/// A field to order by. NaN comes after numbers, and what a run does not have comes
/// last, either way.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub field: Field,
    pub ascending: bool,
}

impl Key {
    /// Joins the field in as number `n`.
    pub(super) fn join(&self, n: usize, reader: &Reader<'_>) -> Result<Option<Condition>> {
        let (join, name) = match &self.field {
            Field::Column(_) => return Ok(None),
            Field::Metric(name, _) => {
                let join = format!(" LEFT JOIN series o{n} ON o{n}.run = r.id AND o{n}.metric = ?");
                return Ok(Some(Condition::new(join, [reader.metric_number(name)?])));
            }
            Field::Param(name) => (
                format!(" LEFT JOIN params o{n} ON o{n}.run = r.id AND o{n}.key = ?"),
                name,
            ),
            Field::Tag(name) => (
                format!(" LEFT JOIN tags o{n} ON o{n}.run = r.id AND o{n}.key = ?"),
                name,
            ),
        };
        Ok(Some(Condition::new(join, [Bound::from(name.clone())])))
    }

    /// Columns to order by, each with whether it ascends.
    pub(super) fn columns(&self, n: usize) -> Vec<(String, bool)> {
        let way = self.ascending;
        match &self.field {
            // So they are in the index.
            Field::Column(column @ "r.run_id") => vec![((*column).to_owned(), way)],
            Field::Column(column @ "r.start_time") if !way => vec![((*column).to_owned(), way)],
            Field::Column(column) => vec![
                (format!("{column} IS NULL"), true),
                ((*column).to_owned(), way),
            ],
            Field::Metric(_, standing) => {
                let column = format!("o{n}.{}", standing.column());
                vec![
                    (format!("o{n}.id IS NULL"), true),
                    (format!("{column} IS NULL"), true),
                    (column, way),
                ]
            }
            Field::Param(_) | Field::Tag(_) => vec![
                (format!("o{n}.value IS NULL"), true),
                (format!("o{n}.value"), way),
            ],
        }
    }
}

impl Reader<'_> {
    /// Runs that a filter lets through, with their data.
    ///
    /// # Errors
    /// `Invalid` for a filter or order that cannot be read; the position is in the
    /// details.
    pub fn runs(&self, query: &RunQuery) -> Result<Page<Run>> {
        self.runs_with(query, Data::All)
    }

    /// The same with as much of their data as is wanted.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub fn runs_with(&self, query: &RunQuery, data: Data<'_>) -> Result<Page<Run>> {
        let mut items = Vec::new();
        let next = self.read_each(query, data, |run| {
            items.push(run);
            Ok(())
        })?;
        Ok(Page { items, next })
    }

    /// Reads the same one after the other; answers where the next page begins.
    ///
    /// # Errors
    /// As [`Reader::runs`], and what `take` answers.
    pub fn each_run(
        &self,
        query: &RunQuery,
        take: impl FnMut(Run) -> Result<()>,
    ) -> Result<Option<usize>> {
        self.read_each(query, Data::All, take)
    }

    fn read_each(
        &self,
        query: &RunQuery,
        wanted: Data<'_>,
        mut take: impl FnMut(Run) -> Result<()>,
    ) -> Result<Option<usize>> {
        let mut found = self.find_runs(query, BOUNDS)?;
        let more = query.max_results > 0 && found.len() > query.max_results;
        if more {
            found.truncate(query.max_results);
        }
        let mut infos = self.conn().prepare_cached(&format!(
            "SELECT {} FROM runs r JOIN experiments e ON e.id = r.experiment WHERE r.id = ?1",
            runs::COLUMNS
        ))?;
        let mut data = runs::DataOfRuns::new(self)?;
        for run in found {
            let (id, info) = infos.query_row([run], runs::info_from_row)?;
            take(match wanted {
                Data::All => data.load(id, info)?,
                Data::Only { params, tags } => data.load_only(id, info, params, tags)?,
            })?;
        }
        Ok(more.then(|| query.offset.saturating_add(query.max_results)))
    }

    /// The numbers of all runs of a query, in order.
    pub(crate) fn all_runs(&self, query: &RunQuery) -> Result<Vec<i64>> {
        self.find_runs(query, BOUNDS)
    }

    /// Where a run stands in the order of a query, for the page behind it.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for an order that cannot be read.
    pub fn place(&self, query: &RunQuery, run_id: &str) -> Result<Place> {
        let run = self.run_number(run_id)?;
        self.search(query, BOUNDS)?.place(run)
    }

    pub(super) fn search(&self, query: &RunQuery, bounds: Bounds) -> Result<Search<'_>> {
        let mut search = Search {
            reader: self,
            scope: self.scope(query)?,
            keys: keys(&query.order_by)?,
            asked: self.asked(query)?,
            archived: query.archived,
            after: None,
            bounds,
        };
        let columns = search.columns().len();
        search.after = query.after.clone().filter(|place| place.0.len() == columns);
        Ok(search)
    }

    /// Numbers of the runs of a page, and one more when there is a next.
    pub(super) fn find_runs(&self, query: &RunQuery, bounds: Bounds) -> Result<Vec<i64>> {
        let search = self.search(query, bounds)?;
        let skipped = match search.after {
            Some(_) => 0,
            None => query.offset,
        };
        let mut found = search.find(match query.max_results {
            0 => usize::MAX,
            max => skipped.saturating_add(max).saturating_add(1),
        })?;
        found.drain(..skipped.min(found.len()));
        Ok(found)
    }

    /// How many runs a filter lets through; page and order do not matter.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub fn count_runs(&self, query: &RunQuery) -> Result<u64> {
        let condition = self.asked(query)?.condition(&[]);
        let count: i64 = self
            .conn()
            .prepare_cached(&format!(
                "SELECT count(*) FROM runs r WHERE {}",
                condition.text
            ))?
            .query_row(rusqlite::params_from_iter(&condition.bound), |row| {
                row.get(0)
            })?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The number of a metric; NULL for one that no run has.
    pub(super) fn metric_number(&self, name: &str) -> Result<Bound> {
        let number: Option<i64> = self
            .conn()
            .prepare_cached("SELECT id FROM metric_names WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        Ok(Bound::from(number))
    }

    fn asked(&self, query: &RunQuery) -> Result<Asked> {
        let mut filter = parse::expression(&query.filter)?;
        if let Some(machine) = &query.machine_id {
            // Beside the whole of the filter, whatever ORs there are in it.
            filter = filter.and(Clause {
                entity: Some("attributes".to_owned()),
                key: "machine_id".to_owned(),
                op: Op::Equal,
                value: Value::Text(machine.clone()),
                at: 0,
            });
        }
        if query.archived == Some(true) {
            // The index of tags knows them, however few they are.
            filter = filter.and(Clause {
                entity: Some("tags".to_owned()),
                key: ARCHIVED_TAG.to_owned(),
                op: Op::IsNotNull,
                value: Value::None,
                at: 0,
            });
        }
        let mut scope = Condition::new("1", []);
        if !query.all_experiments || !query.experiment_ids.is_empty() {
            let ids: Vec<String> = query.experiment_ids.iter().map(i64::to_string).collect();
            scope.and(&Condition::new(
                format!("r.experiment IN ({})", ids.join(", ")),
                [],
            ));
        }
        match query.view {
            View::Active => scope.and(&Condition::new("r.deleted = 0", [])),
            View::Deleted => scope.and(&Condition::new("r.deleted = 1", [])),
            View::All => {}
        }
        if let Some(archived) = query.archived {
            scope.and(&Condition::new(
                format!("r.archived = {}", i64::from(archived)),
                [],
            ));
        }
        let mut parts = sets::parts(&filter)
            .iter()
            .enumerate()
            .map(|(place, part)| {
                let metric = |name: &str| self.metric_number(name);
                Ok((place, RUNS.expression(part, &metric)?))
            })
            .collect::<Result<Vec<_>>>()?;
        // What costs least is asked first.
        parts.sort_by_key(|(place, _)| sets::parts(&filter).get(*place).map(cost));
        Ok(Asked {
            filter,
            scope,
            parts,
        })
    }

    /// Experiments and states that a query is about.
    fn scope(&self, query: &RunQuery) -> Result<Vec<(i64, bool)>> {
        let mut experiments = query.experiment_ids.clone();
        if experiments.is_empty() && query.all_experiments {
            experiments = self
                .conn()
                .prepare_cached("SELECT id FROM experiments")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
        }
        experiments.sort_unstable();
        experiments.dedup();
        let states: &[bool] = match query.view {
            View::Active => &[false],
            View::Deleted => &[true],
            View::All => &[false, true],
        };
        Ok(experiments
            .into_iter()
            .flat_map(|experiment| states.iter().map(move |deleted| (experiment, *deleted)))
            .collect())
    }
}

/// How much of a run is read to compare it: rows, about.
fn cost(part: &Expr) -> usize {
    match part {
        Expr::Is(clause) => match sets::about(clause) {
            About::Attribute => 0,
            About::Param | About::Tag => 1,
            About::Metric => 2,
            About::Dataset => 3,
        },
        Expr::All(parts) | Expr::Any(parts) => parts.iter().map(cost).sum(),
    }
}

/// What to order by, down to what is unlike for any two runs.
fn keys(order_by: &[String]) -> Result<Vec<Key>> {
    limits::ordered(order_by.len())?;
    let mut keys: Vec<Key> = Vec::new();
    for text in order_by {
        let Order {
            entity,
            key,
            ascending,
        } = parse::order(text)?;
        let field = match entity.as_deref() {
            None | Some("attribute" | "attr" | "attributes" | "run") => {
                let Some((_, column)) = ORDER.iter().find(|(name, _)| *name == key) else {
                    let names: Vec<&str> = ORDER.iter().map(|(name, _)| *name).collect();
                    return Err(StoreError::Invalid(format!(
                        "Invalid attribute key '{key}' specified. Valid keys are '{names:?}'"
                    )));
                };
                Field::Column(column)
            }
            Some("metric" | "metrics") => Field::Metric(key, Standing::Last),
            Some("metrics_min") => Field::Metric(key, Standing::Least),
            Some("metrics_max") => Field::Metric(key, Standing::Greatest),
            Some("parameter" | "parameters" | "param" | "params") => Field::Param(key),
            Some("tag" | "tags") => Field::Tag(key),
            Some(other) => {
                return Err(StoreError::Invalid(format!(
                    "Invalid entity type '{other}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']"
                )));
            }
        };
        if keys.iter().any(|key| key.field == field) {
            return Err(StoreError::Invalid(format!(
                "`order_by` contains duplicate fields: {order_by:?}"
            )));
        }
        keys.push(Key { field, ascending });
    }
    for (column, ascending) in [("r.start_time", false), ("r.run_id", true)] {
        let field = Field::Column(column);
        if !keys.iter().any(|key| key.field == field) {
            keys.push(Key { field, ascending });
        }
    }
    Ok(keys)
}
