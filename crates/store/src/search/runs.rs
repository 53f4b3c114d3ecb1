use rusqlite::types::Value as Bound;
use skerry_domain::tracking::Run;

use super::parse::{self, Order};
use super::{Kind, Page, Searchable, Sql, View};
use crate::{Reader, Result, StoreError, runs};

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

const RUNS: Searchable = Searchable {
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
    metrics: Some(
        "EXISTS (SELECT 1 FROM series s WHERE s.run = r.id \
         AND s.metric = (SELECT id FROM metric_names WHERE name = ?) AND s.last_value {op} ?)",
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

impl Reader<'_> {
    /// Runs that a filter lets through, with their data.
    ///
    /// # Errors
    /// `Invalid` for a filter or order that cannot be read; the position is in the
    /// details.
    pub fn runs(&self, query: &RunQuery) -> Result<Page<Run>> {
        let joins = joins(&query.order_by)?;
        let mut sql = Sql::new(&format!(
            "SELECT {} FROM runs r JOIN experiments e ON e.id = r.experiment{} WHERE 1",
            runs::COLUMNS,
            joins.text
        ));
        sql.bound.extend(joins.bound);
        conditions(&mut sql, query)?;
        for by in joins.order {
            sql.order(by);
        }
        let page = sql.page(
            self.conn(),
            query.max_results,
            query.offset,
            runs::info_from_row,
        )?;
        page.try_map(|(id, info)| self.with_data(id, info))
    }

    /// How many runs a filter lets through; page and order do not matter.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub fn count_runs(&self, query: &RunQuery) -> Result<u64> {
        let mut sql = Sql::new("SELECT count(*) FROM runs r WHERE 1");
        conditions(&mut sql, query)?;
        sql.count(self.conn())
    }
}

fn conditions(sql: &mut Sql, query: &RunQuery) -> Result<()> {
    if !query.all_experiments || !query.experiment_ids.is_empty() {
        let ids: Vec<String> = query.experiment_ids.iter().map(i64::to_string).collect();
        sql.and(&format!("r.experiment IN ({})", ids.join(", ")), []);
    }
    sql.view(query.view, "r.deleted");
    sql.filter(&query.filter, &RUNS)
}

struct Joins {
    text: String,
    bound: Vec<Bound>,
    order: Vec<String>,
}

/// What is ordered by a metric, param or tag is joined in: NaN comes after numbers,
/// and what a run does not have comes last, either way.
fn joins(order_by: &[String]) -> Result<Joins> {
    let mut joins = Joins {
        text: String::new(),
        bound: Vec::new(),
        order: Vec::new(),
    };
    let mut seen: Vec<(String, String)> = Vec::new();
    for (n, text) in order_by.iter().enumerate() {
        let Order {
            entity,
            key,
            ascending,
        } = parse::order(text)?;
        let way = if ascending { "ASC" } else { "DESC" };
        let by = match entity.as_deref() {
            None | Some("attribute" | "attr" | "attributes" | "run") => {
                let Some((_, column)) = ORDER.iter().find(|(name, _)| *name == key) else {
                    let names: Vec<&str> = ORDER.iter().map(|(name, _)| *name).collect();
                    return Err(StoreError::Invalid(format!(
                        "Invalid attribute key '{key}' specified. Valid keys are '{names:?}'"
                    )));
                };
                let by = ("attribute".to_owned(), (*column).to_owned());
                // Without this the index could not give the order.
                if *column == "r.start_time" && !ascending {
                    joins.order.push("r.start_time DESC".to_owned());
                } else {
                    joins
                        .order
                        .push(format!("{column} IS NULL, {column} {way}"));
                }
                by
            }
            Some("metric" | "metrics") => {
                joins.text.push_str(&format!(
                    " LEFT JOIN series o{n} ON o{n}.run = r.id \
                     AND o{n}.metric = (SELECT id FROM metric_names WHERE name = ?)"
                ));
                joins.order.push(format!(
                    "o{n}.id IS NULL, o{n}.last_value IS NULL, o{n}.last_value {way}"
                ));
                joins.bound.push(Bound::from(key.clone()));
                ("metric".to_owned(), key)
            }
            Some(entity @ ("parameter" | "parameters" | "param" | "params" | "tag" | "tags")) => {
                let table = if entity.starts_with('p') {
                    "params"
                } else {
                    "tags"
                };
                joins.text.push_str(&format!(
                    " LEFT JOIN {table} o{n} ON o{n}.run = r.id AND o{n}.key = ?"
                ));
                joins
                    .order
                    .push(format!("o{n}.value IS NULL, o{n}.value {way}"));
                joins.bound.push(Bound::from(key.clone()));
                (table.to_owned(), key)
            }
            Some(other) => {
                return Err(StoreError::Invalid(format!(
                    "Invalid entity type '{other}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']"
                )));
            }
        };
        if seen.contains(&by) {
            return Err(StoreError::Invalid(format!(
                "`order_by` contains duplicate fields: {order_by:?}"
            )));
        }
        seen.push(by);
    }
    let ordered_by = |column: &str| seen.iter().any(|(_, other)| other == column);
    if !ordered_by("r.start_time") {
        joins.order.push("r.start_time DESC".to_owned());
    }
    if !ordered_by("r.run_id") {
        joins.order.push("r.run_id ASC".to_owned());
    }
    Ok(joins)
}
