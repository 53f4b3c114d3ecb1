use rusqlite::types::Value as Bound;
use skerry_domain::tracking::Run;

use super::parse::{self, Clause, Expr, Op, Order, Value};
use super::plan::{BOUNDS, Bounds, Search};
use super::{Condition, Kind, Page, Searchable, View};
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
    /// MLflow's order, such as `metrics.acc DESC`.
    pub order_by: Vec<String>,
    /// Deleted ones too.
    pub view: View,
    /// At most so many; 0 for all.
    pub max_results: usize,
    /// So many are left out at the beginning.
    pub offset: usize,
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
         AND s.metric = (SELECT id FROM metric_names WHERE name = ?) AND +s.last_value {op} ?)",
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
    Metric(String),
    Param(String),
    Tag(String),
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
    pub(super) fn join(&self, n: usize) -> Option<Condition> {
        let (join, name) = match &self.field {
            Field::Column(_) => return None,
            Field::Metric(name) => (
                format!(
                    " LEFT JOIN series o{n} ON o{n}.run = r.id \
                     AND o{n}.metric = (SELECT id FROM metric_names WHERE name = ?)"
                ),
                name,
            ),
            Field::Param(name) => (
                format!(" LEFT JOIN params o{n} ON o{n}.run = r.id AND o{n}.key = ?"),
                name,
            ),
            Field::Tag(name) => (
                format!(" LEFT JOIN tags o{n} ON o{n}.run = r.id AND o{n}.key = ?"),
                name,
            ),
        };
        Some(Condition::new(join, [Bound::from(name.clone())]))
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
            Field::Metric(_) => vec![
                (format!("o{n}.id IS NULL"), true),
                (format!("o{n}.last_value IS NULL"), true),
                (format!("o{n}.last_value"), way),
            ],
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
        let mut found = self.find_runs(query, BOUNDS)?;
        found.drain(..query.offset.min(found.len()));
        let more = query.max_results > 0 && found.len() > query.max_results;
        if more {
            found.truncate(query.max_results);
        }
        let mut infos = self.conn().prepare_cached(&format!(
            "SELECT {} FROM runs r JOIN experiments e ON e.id = r.experiment WHERE r.id = ?1",
            runs::COLUMNS
        ))?;
        let mut data = runs::DataOfRuns::new(self)?;
        let mut items = Vec::with_capacity(found.len());
        for run in found {
            let (id, info) = infos.query_row([run], runs::info_from_row)?;
            items.push(data.load(id, info)?);
        }
        Ok(Page {
            items,
            next: more.then(|| query.offset.saturating_add(query.max_results)),
        })
    }

    /// Numbers of the runs up to the end of a page, and one more when there is a next.
    pub(super) fn find_runs(&self, query: &RunQuery, bounds: Bounds) -> Result<Vec<i64>> {
        let (filter, condition) = conditions(query)?;
        let search = Search {
            reader: self,
            scope: self.scope(query)?,
            filter,
            condition,
            keys: keys(&query.order_by)?,
            bounds,
        };
        search.find(match query.max_results {
            0 => usize::MAX,
            max => query.offset.saturating_add(max).saturating_add(1),
        })
    }

    /// How many runs a filter lets through; page and order do not matter.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub fn count_runs(&self, query: &RunQuery) -> Result<u64> {
        let (_, condition) = conditions(query)?;
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

fn conditions(query: &RunQuery) -> Result<(Expr, Condition)> {
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
    let mut texts = Vec::new();
    if !query.all_experiments || !query.experiment_ids.is_empty() {
        let ids: Vec<String> = query.experiment_ids.iter().map(i64::to_string).collect();
        texts.push(format!("r.experiment IN ({})", ids.join(", ")));
    }
    match query.view {
        View::Active => texts.push("r.deleted = 0".to_owned()),
        View::Deleted => texts.push("r.deleted = 1".to_owned()),
        View::All => {}
    }
    let condition = RUNS.expression(&filter)?;
    texts.push(condition.text);
    Ok((filter, Condition::new(texts.join(" AND "), condition.bound)))
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
            Some("metric" | "metrics") => Field::Metric(key),
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
