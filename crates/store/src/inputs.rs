//! What went into a run, and the models that came out.

use rusqlite::{OptionalExtension, params};
use skerry_domain::Change;
use skerry_domain::tracking::{Dataset, DatasetInput, ModelOutput};

use crate::{Reader, Result, Tx, limits};

/// The tag of a data set's use that says what for.
const CONTEXT: &str = "mlflow.data.context";

type Inputs = (Vec<DatasetInput>, Vec<String>, Vec<ModelOutput>);

/// A data set as the list of an experiment shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetSummary {
    /// Number of the experiment.
    pub experiment_id: i64,
    /// Name of the data set.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// What it was used for, where that was said.
    pub context: Option<String>,
}

impl Reader<'_> {
    pub(crate) fn inputs_of(&self, run: i64) -> Result<Inputs> {
        let mut statement = self.conn().prepare_cached(
            "SELECT d.name, d.digest, d.source_type, d.source, d.schema, d.profile, i.tags
             FROM dataset_inputs i JOIN datasets d ON d.id = i.dataset WHERE i.run = ?1 ORDER BY d.id",
        )?;
        let mut datasets = Vec::new();
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            datasets.push(DatasetInput {
                dataset: Dataset {
                    name: row.get(0)?,
                    digest: row.get(1)?,
                    source_type: row.get(2)?,
                    source: row.get(3)?,
                    schema: row.get(4)?,
                    profile: row.get(5)?,
                },
                tags: serde_json::from_str(row.get_ref(6)?.as_str().unwrap_or_default())?,
            });
        }
        let models = self
            .conn()
            .prepare_cached("SELECT model_id FROM model_inputs WHERE run = ?1 ORDER BY model_id")?
            .query_map([run], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let outputs = self
            .conn()
            .prepare_cached(
                "SELECT model_id, step FROM model_outputs WHERE run = ?1 ORDER BY step, model_id",
            )?
            .query_map([run], |row| {
                Ok(ModelOutput {
                    model_id: row.get(0)?,
                    step: row.get(1)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok((datasets, models, outputs))
    }

    /// Data sets that active runs of experiments used; 1,000 at most.
    ///
    /// # Errors
    /// When the file fails.
    pub fn datasets(&self, experiments: &[i64]) -> Result<Vec<DatasetSummary>> {
        let ids: Vec<String> = experiments.iter().map(i64::to_string).collect();
        let mut statement = self.conn().prepare(&format!(
            "SELECT DISTINCT d.experiment, d.name, d.digest, i.context
             FROM datasets d JOIN dataset_inputs i ON i.dataset = d.id JOIN runs r ON r.id = i.run
             WHERE d.experiment IN ({}) AND r.deleted = 0 ORDER BY d.id DESC LIMIT 1000",
            ids.join(", ")
        ))?;
        let rows = statement.query_map([], |row| {
            Ok(DatasetSummary {
                experiment_id: row.get(0)?,
                name: row.get(1)?,
                digest: row.get(2)?,
                context: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Logs data sets and models that went into a run.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for what breaks a limit.
    pub fn log_inputs(
        &self,
        run_id: &str,
        datasets: Vec<DatasetInput>,
        models: Vec<String>,
    ) -> Result<()> {
        limits::run_id(run_id)?;
        for input in &datasets {
            limits::dataset(input)?;
        }
        let target = self.active_run(run_id)?;
        self.put_inputs(target.id, target.experiment, &datasets, &models)?;
        self.journal(|| Change::Inputs {
            run_id: run_id.to_owned(),
            datasets,
            models,
        })
    }

    /// Logs models that came out of a run.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn log_outputs(&self, run_id: &str, models: Vec<ModelOutput>) -> Result<()> {
        let target = self.active_run(run_id)?;
        self.put_outputs(target.id, &models)?;
        self.journal(|| Change::Outputs {
            run_id: run_id.to_owned(),
            models,
        })
    }

    pub(crate) fn put_inputs(
        &self,
        run: i64,
        experiment: i64,
        datasets: &[DatasetInput],
        models: &[String],
    ) -> Result<()> {
        for input in datasets {
            let set = &input.dataset;
            let known = self
                .conn()
                .prepare_cached(
                    "SELECT id FROM datasets WHERE experiment = ?1 AND name = ?2 AND digest = ?3",
                )?
                .query_row(params![experiment, set.name, set.digest], |row| row.get(0))
                .optional()?;
            let dataset: i64 = match known {
                Some(id) => id,
                None => {
                    self.conn().execute(
                        "INSERT INTO datasets (experiment, name, digest, source_type, source, schema, profile)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                        params![
                            experiment,
                            set.name,
                            set.digest,
                            set.source_type,
                            set.source,
                            set.schema,
                            set.profile
                        ],
                    )?;
                    self.conn().last_insert_rowid()
                }
            };
            let context = input
                .tags
                .iter()
                .find(|tag| tag.key == CONTEXT)
                .map(|tag| tag.value.as_str());
            // The first use counts, as in MLflow.
            self.conn().execute(
                "INSERT OR IGNORE INTO dataset_inputs (run, dataset, context, tags) VALUES (?1, ?2, ?3, ?4)",
                params![run, dataset, context, serde_json::to_string(&input.tags)?],
            )?;
        }
        for model in models {
            self.conn().execute(
                "INSERT OR IGNORE INTO model_inputs (run, model_id) VALUES (?1, ?2)",
                params![run, model],
            )?;
        }
        Ok(())
    }

    /// Data sets belong to an experiment: those of a run that has moved are noted there.
    pub(crate) fn move_inputs(&self, run: i64, to: i64) -> Result<()> {
        let elsewhere: Vec<i64> = self
            .conn()
            .prepare_cached(
                "SELECT d.id FROM dataset_inputs i JOIN datasets d ON d.id = i.dataset
                 WHERE i.run = ?1 AND d.experiment != ?2",
            )?
            .query_map([run, to], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for dataset in elsewhere {
            self.conn().execute(
                "INSERT OR IGNORE INTO datasets (experiment, name, digest, source_type, source, schema, profile)
                 SELECT ?2, name, digest, source_type, source, schema, profile FROM datasets WHERE id = ?1",
                [dataset, to],
            )?;
            self.conn().execute(
                "UPDATE OR IGNORE dataset_inputs SET dataset = (SELECT n.id FROM datasets n JOIN datasets o
                    ON o.name = n.name AND o.digest = n.digest WHERE o.id = ?2 AND n.experiment = ?3)
                 WHERE run = ?1 AND dataset = ?2",
                params![run, dataset, to],
            )?;
        }
        Ok(())
    }

    pub(crate) fn put_outputs(&self, run: i64, models: &[ModelOutput]) -> Result<()> {
        for output in models {
            self.conn().execute(
                "INSERT OR IGNORE INTO model_outputs (run, model_id, step) VALUES (?1, ?2, ?3)",
                params![run, output.model_id, output.step],
            )?;
        }
        Ok(())
    }
}
