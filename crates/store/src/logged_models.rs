//! Models that runs log (MLflow 3).

use rusqlite::{OptionalExtension, Row, params};
use skerry_domain::tracking::{LoggedModel, MetricPoint};
use skerry_domain::{Change, KeyValue};

use crate::experiments::pairs;
use crate::search::{Kind, Page, Searchable, Sql};
use crate::{Reader, Result, StoreError, Tx, limits, names};

/// A logged model to be made.
#[derive(Debug, Clone, Default)]
pub struct NewLoggedModel {
    /// Number of its experiment.
    pub experiment_id: i64,
    /// Its name; one is found when empty.
    pub name: String,
    /// Kind of model.
    pub model_type: String,
    /// The run that makes it.
    pub source_run_id: Option<String>,
    /// Its params.
    pub params: Vec<KeyValue>,
    /// Its tags.
    pub tags: Vec<KeyValue>,
}

/// A metric of a logged model.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedModelMetric {
    /// The point.
    pub point: MetricPoint,
    /// The run that measured it.
    pub run_id: String,
}

/// A field that logged models are ordered by.
#[derive(Debug, Clone, Default)]
pub struct OrderBy {
    /// An attribute, or `metrics.<name>`.
    pub field: String,
    /// Least first.
    pub ascending: bool,
    /// Only values measured on this data set.
    pub dataset_name: Option<String>,
    /// Only values measured on the data set of this digest.
    pub dataset_digest: Option<String>,
}

/// Which logged models to list.
#[derive(Debug, Clone, Default)]
pub struct LoggedModelQuery {
    /// Of these experiments.
    pub experiment_ids: Vec<i64>,
    /// MLflow's filter.
    pub filter: String,
    /// MLflow's order; newest first when nothing is said.
    pub order_by: Vec<OrderBy>,
    /// Only with metrics on one of these data sets: names, and digests when known.
    pub datasets: Vec<(String, Option<String>)>,
    /// At most so many; 0 for all.
    pub max_results: usize,
    /// So many are left out at the beginning.
    pub offset: usize,
}

const COLUMNS: &str = "m.model_id, m.experiment, e.name, m.name, m.artifact_location, m.created_at, \
     m.updated_at, m.status, m.status_message, m.model_type, m.source_run_id, m.machine_id";

const MODELS: Searchable<'_> = Searchable {
    attributes: &[
        ("name", "m.name", Kind::Listed),
        ("model_id", "m.model_id", Kind::Listed),
        ("model_type", "m.model_type", Kind::Listed),
        (
            "status",
            "replace(m.status, 'LOGGED_MODEL_', '')",
            Kind::Listed,
        ),
        ("source_run_id", "m.source_run_id", Kind::Optional),
        ("creation_timestamp", "m.created_at", Kind::Number),
        ("creation_time", "m.created_at", Kind::Number),
        ("last_updated_timestamp", "m.updated_at", Kind::Number),
    ],
    tags: "EXISTS (SELECT 1 FROM logged_model_tags t WHERE t.model_id = m.model_id AND t.key = ? AND {value} {op} ?)",
    params: Some(
        "EXISTS (SELECT 1 FROM logged_model_params t WHERE t.model_id = m.model_id AND t.key = ? AND {value} {op} ?)",
    ),
    metrics: None,
    datasets: None,
};

const METRICS: &str = "EXISTS (SELECT 1 FROM logged_model_points s WHERE s.model_id = m.model_id";

/// A text as SQL, where no parameter can stand since those before it are not known to
/// the builder. As its bytes, so that nothing in it is read as SQL or as a place in a
/// template, and however long it is it is one expression.
fn quoted(text: &str) -> String {
    format!("CAST(x'{}' AS TEXT)", hex::encode(text))
}

/// That a point `s` was measured on a data set.
fn on_dataset(name: Option<&str>, digest: Option<&str>) -> String {
    let is = |column: &str, value: Option<&str>| {
        value.map_or_else(
            || "1".to_owned(),
            |value| format!("{column} = {}", quoted(value)),
        )
    };
    format!(
        "({} AND {})",
        is("s.dataset_name", name),
        is("s.dataset_digest", digest)
    )
}

/// An error in a filter in the words that MLflow has for logged models.
fn worded(filter: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::Input(mut body) => {
            let message =
                body.message
                    .replacen("Invalid comparator", "Invalid comparison operator", 1);
            body.message = format!("Invalid filter string: '{filter}'. {message}");
            StoreError::Input(body)
        }
        other => other,
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<LoggedModel> {
    Ok(LoggedModel {
        model_id: row.get(0)?,
        experiment_id: row.get(1)?,
        experiment: row.get(2)?,
        name: row.get(3)?,
        artifact_location: row.get(4)?,
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
        status: row.get(7)?,
        status_message: row.get(8)?,
        model_type: row.get(9)?,
        source_run_id: row.get(10)?,
        machine_id: row.get(11)?,
        params: Vec::new(),
        tags: Vec::new(),
    })
}

fn missing(model_id: &str) -> StoreError {
    StoreError::NotFound(format!("Logged model with ID '{model_id}' not found."))
}

impl Reader<'_> {
    /// A logged model that is not deleted.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn logged_model(&self, model_id: &str) -> Result<LoggedModel> {
        let found = self
            .conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM logged_models m JOIN experiments e ON e.id = m.experiment
                 WHERE m.model_id = ?1 AND m.deleted = 0"
            ))?
            .query_row([model_id], from_row)
            .optional()?
            .ok_or_else(|| missing(model_id))?;
        self.with_model_data(found)
    }

    /// A logged model, deleted or not, and whether it is.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn any_logged_model(&self, model_id: &str) -> Result<(LoggedModel, bool)> {
        let (found, deleted) = self
            .conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS}, m.deleted FROM logged_models m JOIN experiments e ON e.id = m.experiment
                 WHERE m.model_id = ?1"
            ))?
            .query_row([model_id], |row| Ok((from_row(row)?, row.get("deleted")?)))
            .optional()?
            .ok_or_else(|| missing(model_id))?;
        Ok((self.with_model_data(found)?, deleted))
    }

    /// Logged models that a filter lets through.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn logged_models(&self, query: &LoggedModelQuery) -> Result<Page<LoggedModel>> {
        limits::ordered(query.order_by.len())?;
        limits::searched_datasets(query.datasets.len())?;
        let ids: Vec<String> = query.experiment_ids.iter().map(i64::to_string).collect();
        let mut sql = Sql::new(&format!(
            "SELECT {COLUMNS} FROM logged_models m JOIN experiments e ON e.id = m.experiment WHERE m.deleted = 0"
        ));
        sql.and(&format!("m.experiment IN ({})", ids.join(", ")), []);
        let on: Vec<String> = query
            .datasets
            .iter()
            .map(|(name, digest)| on_dataset(Some(name), digest.as_deref()))
            .collect();
        let on = match on.as_slice() {
            [] => String::new(),
            any => format!(" AND ({})", any.join(" OR ")),
        };
        // A metric that a filter names must be one that was measured on them.
        let metrics = format!("{METRICS} AND s.key = ? AND s.value {{op}} ?{on})");
        let searchable = Searchable {
            metrics: Some(&metrics),
            ..MODELS
        };
        sql.filter(&query.filter, &searchable)
            .map_err(|error| worded(&query.filter, error))?;
        if !on.is_empty() {
            sql.and(&format!("{METRICS}{on})"), []);
        }
        for order in &query.order_by {
            sql.model_order(order)?;
        }
        sql.order("m.created_at DESC");
        sql.order("m.model_id");
        sql.page(self.conn(), query.max_results, query.offset, from_row)?
            .try_map(|model| self.with_model_data(model))
    }

    /// Every point that was measured of a logged model, by metric.
    ///
    /// # Errors
    /// When the file fails.
    pub fn logged_model_metrics(&self, model_id: &str) -> Result<Vec<LoggedModelMetric>> {
        let mut statement = self.conn().prepare_cached(
            "SELECT key, value, timestamp, step, dataset_name, dataset_digest, run_id
             FROM logged_model_points WHERE model_id = ?1",
        )?;
        let rows = statement.query_map([model_id], |row| {
            let text = |n| -> rusqlite::Result<Option<String>> {
                Ok(Some(row.get::<_, String>(n)?).filter(|text| !text.is_empty()))
            };
            Ok(LoggedModelMetric {
                point: MetricPoint {
                    key: row.get(0)?,
                    value: row.get::<_, Option<f64>>(1)?.unwrap_or(f64::NAN),
                    timestamp: row.get(2)?,
                    step: row.get(3)?,
                    model_id: Some(model_id.to_owned()),
                    dataset_name: text(4)?,
                    dataset_digest: text(5)?,
                },
                run_id: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn with_model_data(&self, mut model: LoggedModel) -> Result<LoggedModel> {
        model.params = pairs(
            &mut self.conn().prepare_cached(
                "SELECT key, value FROM logged_model_params WHERE model_id = ?1 ORDER BY key",
            )?,
            [&model.model_id],
        )?;
        model.tags = pairs(
            &mut self.conn().prepare_cached(
                "SELECT key, value FROM logged_model_tags WHERE model_id = ?1 ORDER BY key",
            )?,
            [&model.model_id],
        )?;
        Ok(model)
    }
}

impl Sql {
    fn model_order(&mut self, order: &OrderBy) -> Result<()> {
        let way = if order.ascending { "ASC" } else { "DESC" };
        if let Some(metric) = order.field.strip_prefix("metrics.") {
            let value = format!(
                "(SELECT s.value FROM logged_model_points s WHERE s.model_id = m.model_id AND s.key = {} AND {}
                  ORDER BY s.timestamp DESC, s.step DESC, s.run_id LIMIT 1)",
                quoted(metric),
                on_dataset(order.dataset_name.as_deref(), order.dataset_digest.as_deref())
            );
            self.order(format!("{value} IS NULL, {value} {way}"));
            return Ok(());
        }
        let column = match order.field.as_str() {
            "creation_timestamp" | "creation_time" | "creation_timestamp_ms" => "m.created_at",
            "last_updated_timestamp" | "last_updated_timestamp_ms" => "m.updated_at",
            "name" => "m.name",
            "model_id" => "m.model_id",
            "model_type" => "m.model_type",
            "status" => "m.status",
            "source_run_id" => "m.source_run_id",
            "experiment_id" => "m.experiment",
            other => {
                return limits::invalid(if other.contains('.') {
                    format!("Invalid order by field name: {other}. Only metrics are supported.")
                } else {
                    format!("Invalid order by field name: {other}")
                });
            }
        };
        self.order(format!("{column} IS NULL, {column} {way}"));
        Ok(())
    }
}

impl Tx<'_> {
    /// Makes a logged model whose files are still to come.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub fn create_logged_model(&self, new: NewLoggedModel) -> Result<LoggedModel> {
        let experiment = self.active_experiment(new.experiment_id)?;
        if !new.name.is_empty() {
            if new.name.contains(['/', ':', '.', '%', '"', '\'']) {
                return limits::invalid(format!(
                    "Invalid model name ('{}') provided. Model name must be a non-empty string \
                     and cannot contain the following characters: '/', ':', '.', '%', '\"', '\\''",
                    new.name
                ));
            }
            limits::model_name(&new.name, "name")?;
        }
        let model_id = format!("m-{}", names::new_id());
        let model = LoggedModel {
            artifact_location: limits::appended(
                &experiment.artifact_location,
                &format!("models/{model_id}/artifacts"),
            ),
            model_id,
            experiment_id: experiment.id,
            experiment: experiment.name,
            name: if new.name.is_empty() {
                names::run_name()
            } else {
                new.name
            },
            created_at: self.now(),
            updated_at: self.now(),
            status: "LOGGED_MODEL_PENDING".to_owned(),
            status_message: String::new(),
            model_type: new.model_type,
            source_run_id: new.source_run_id.filter(|id| !id.is_empty()),
            params: new.params,
            tags: new.tags,
            machine_id: None,
        };
        self.put_logged_model(&model)?;
        self.journal_model(&model.model_id)?;
        Ok(model)
    }

    /// Inserts or replaces a logged model, params and tags included.
    pub(crate) fn put_logged_model(&self, model: &LoggedModel) -> Result<()> {
        self.conn().execute(
            "INSERT INTO logged_models (model_id, experiment, name, artifact_location, created_at, updated_at,
                status, status_message, model_type, source_run_id, machine_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (model_id) DO UPDATE SET experiment = excluded.experiment,
                name = excluded.name, updated_at = excluded.updated_at,
                status = excluded.status, status_message = excluded.status_message,
                model_type = excluded.model_type, source_run_id = excluded.source_run_id,
                artifact_location = excluded.artifact_location, deleted = 0",
            params![
                model.model_id,
                model.experiment_id,
                model.name,
                model.artifact_location,
                model.created_at,
                model.updated_at,
                model.status,
                model.status_message,
                model.model_type,
                model.source_run_id,
                model.machine_id
            ],
        )?;
        for (table, wanted) in [
            ("logged_model_params", &model.params),
            ("logged_model_tags", &model.tags),
        ] {
            self.conn().execute(
                &format!("DELETE FROM {table} WHERE model_id = ?1"),
                [&model.model_id],
            )?;
            let mut insert = self.conn().prepare_cached(&format!(
                "INSERT OR REPLACE INTO {table} (model_id, key, value) VALUES (?1, ?2, ?3)"
            ))?;
            for pair in wanted {
                insert.execute(params![model.model_id, pair.key, pair.value])?;
            }
        }
        Ok(())
    }

    /// Models follow the run that logged them to another experiment.
    pub(crate) fn move_logged_models(&self, run_id: &str, experiment: i64) -> Result<()> {
        let models: Vec<String> = self
            .conn()
            .prepare_cached(
                "UPDATE logged_models SET experiment = ?2 WHERE source_run_id = ?1 AND deleted = 0
                 RETURNING model_id",
            )?
            .query_map(params![run_id, experiment], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for model in models {
            self.journal_model(&model)?;
        }
        Ok(())
    }

    /// Says that a logged model's files are there, or why not.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn finalize_logged_model(&self, model_id: &str, status: &str) -> Result<LoggedModel> {
        self.conn().execute(
            "UPDATE logged_models SET status = ?2, updated_at = ?3 WHERE model_id = ?1 AND deleted = 0",
            params![model_id, status, self.now()],
        )?;
        self.journal_model(model_id)
    }

    /// Adds params to a logged model. One that comes again as it was changes nothing.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for a param that has another value already.
    pub fn log_model_params(&self, model_id: &str, params: &[KeyValue]) -> Result<()> {
        let mut known = self.logged_model(model_id)?.params;
        for pair in params {
            match known.iter().find(|known| known.key == pair.key) {
                Some(same) if same.value == pair.value => continue,
                Some(other) => {
                    return Err(StoreError::Invalid(format!(
                        "Changing param values is not allowed. Param with key='{}' was already logged with \
                         value='{}' for model ID='{model_id}'. Attempted logging new value '{}'.",
                        pair.key, other.value, pair.value
                    )));
                }
                None => {}
            }
            self.conn().execute(
                "INSERT INTO logged_model_params (model_id, key, value) VALUES (?1, ?2, ?3)",
                params![model_id, pair.key, pair.value],
            )?;
            known.push(pair.clone());
        }
        self.journal_model(model_id).map(drop)
    }

    /// Sets tags of a logged model.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn set_logged_model_tags(&self, model_id: &str, tags: &[KeyValue]) -> Result<LoggedModel> {
        self.logged_model(model_id)?;
        for pair in tags {
            self.conn().execute(
                "INSERT OR REPLACE INTO logged_model_tags (model_id, key, value) VALUES (?1, ?2, ?3)",
                params![model_id, pair.key, pair.value],
            )?;
        }
        self.journal_model(model_id)
    }

    /// Deletes a tag of a logged model.
    ///
    /// # Errors
    /// `NotFound` for the model or the tag.
    pub fn delete_logged_model_tag(&self, model_id: &str, key: &str) -> Result<()> {
        self.logged_model(model_id)?;
        let gone = self.conn().execute(
            "DELETE FROM logged_model_tags WHERE model_id = ?1 AND key = ?2",
            params![model_id, key],
        )?;
        if gone == 0 {
            return Err(StoreError::NotFound(format!(
                "No tag with key '{key}' found for model with ID '{model_id}'."
            )));
        }
        self.journal_model(model_id).map(drop)
    }

    /// Deletes a logged model; its files stay. One that is deleted already stays so.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn delete_logged_model(&self, model_id: &str) -> Result<()> {
        let (_, deleted) = self.any_logged_model(model_id)?;
        if deleted {
            return Ok(());
        }
        self.forget_logged_model(model_id)?;
        self.journal(|| Change::LoggedModelDeleted {
            model_id: model_id.to_owned(),
        })
    }

    pub(crate) fn forget_logged_model(&self, model_id: &str) -> Result<()> {
        self.conn().execute(
            "UPDATE logged_models SET deleted = 1, updated_at = ?2 WHERE model_id = ?1",
            params![model_id, self.now()],
        )?;
        Ok(())
    }

    fn journal_model(&self, model_id: &str) -> Result<LoggedModel> {
        let model = self.logged_model(model_id)?;
        self.journal(|| Change::LoggedModelSaved(model.clone()))?;
        Ok(model)
    }

    /// Notes a metric point that says which logged model it is about.
    pub(crate) fn put_model_metric(&self, run_id: &str, point: &MetricPoint) -> Result<()> {
        let Some(model_id) = &point.model_id else {
            return Ok(());
        };
        self.conn()
            .prepare_cached(
                "INSERT OR REPLACE INTO logged_model_points
                    (model_id, key, dataset_name, dataset_digest, run_id, value, timestamp, step)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                model_id,
                point.key,
                point.dataset_name.as_deref().unwrap_or(""),
                point.dataset_digest.as_deref().unwrap_or(""),
                run_id,
                (!point.value.is_nan()).then_some(point.value),
                point.timestamp,
                point.step
            ])?;
        Ok(())
    }
}
