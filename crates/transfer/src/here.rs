//! A store of ours, read.

use std::io::Read;
use std::ops::ControlFlow;

use skerry_domain::ErrorBody;
use skerry_domain::tracking::{Experiment, ModelVersion, RegisteredModel};
use skerry_mlflow::ArtifactRoot;
use skerry_store::{RegistryQuery, Store, StoreError};

use crate::Result;
use crate::entities::{
    EachPoint, Elsewhere, Files, Place, Source, SourceModel, SourceRegistered, SourceRun,
};
use crate::local;

/// Runs that are read at once.
const PAGE: usize = 100;

/// A store and the folder with its artifacts.
#[derive(Debug, Clone)]
pub struct StoreSource {
    pub(crate) store: Store,
    pub(crate) root: ArtifactRoot,
}

impl StoreSource {
    /// The store, and the folder that `mlflow-artifacts:/` means.
    pub fn new(store: Store, root: ArtifactRoot) -> Self {
        Self { store, root }
    }

    pub(crate) fn run_of(&self, run_id: &str) -> Result<Option<SourceRun>> {
        match self.store.read(|reader| reader.run(run_id)) {
            Ok(mut run) => {
                let metrics = run.metrics.drain(..).map(|point| point.key).collect();
                Ok(Some(SourceRun { run, metrics }))
            }
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn model_of(&self, model_id: &str) -> Result<Option<SourceModel>> {
        let found = self.store.read(|reader| {
            let (model, deleted) = reader.any_logged_model(model_id)?;
            let metrics = reader.logged_model_metrics(model_id)?;
            Ok(SourceModel {
                model,
                deleted,
                metrics,
            })
        });
        match found {
            Ok(model) => Ok(Some(model)),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Source for StoreSource {
    fn experiments(&self) -> Result<Vec<Experiment>> {
        Ok(self.store.read(|reader| reader.all_experiments())?)
    }

    fn runs(
        &self,
        experiment: &Experiment,
        cursor: &str,
    ) -> Result<(Vec<SourceRun>, Option<String>)> {
        let ids = self
            .store
            .read(|reader| reader.run_ids(experiment.id, cursor, PAGE))?;
        let mut runs = Vec::with_capacity(ids.len());
        for id in &ids {
            runs.extend(self.run_of(id)?);
        }
        let next = ids.last().filter(|_| ids.len() == PAGE).cloned();
        Ok((runs, next))
    }

    fn history(&self, run: &SourceRun, key: &str, each: &mut EachPoint<'_>) -> Result<()> {
        let mut failed = None;
        let read = self.store.read(|reader| {
            reader.each_of_history(
                &run.run.info.run_id,
                key,
                0,
                None,
                &mut |samples| match each(samples) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                },
            )
        });
        match (failed, read) {
            (Some(error), _) => Err(error),
            // A run that is not there yet has no points.
            (None, Ok(_) | Err(StoreError::NotFound(_))) => Ok(()),
            (None, Err(error)) => Err(error.into()),
        }
    }

    fn models(&self, experiment: &Experiment) -> Result<Vec<SourceModel>> {
        let ids = self
            .store
            .read(|reader| reader.logged_model_ids(experiment.id))?;
        let mut models = Vec::with_capacity(ids.len());
        for (id, _) in ids {
            models.extend(self.model_of(&id)?);
        }
        Ok(models)
    }

    fn registered_names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        // Prompts are registered models that are only listed when they are asked for.
        for filter in ["", "tags.`mlflow.prompt.is_prompt` = 'true'"] {
            let query = RegistryQuery {
                filter: filter.to_owned(),
                ..RegistryQuery::default()
            };
            let page = self.store.read(|reader| reader.registered_models(&query))?;
            names.extend(page.items.into_iter().map(|model| model.name));
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn registered(&self, name: &str) -> Result<SourceRegistered> {
        let (model, versions, next_version) = self.store.read(|reader| {
            let model: RegisteredModel = reader.registered_model(name)?;
            let next = reader.next_version_of(name)?;
            let mut versions: Vec<ModelVersion> = Vec::new();
            for number in 1..next {
                match reader.model_version(name, number) {
                    Ok(version) => versions.push(version),
                    Err(StoreError::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok((model, versions, next))
        })?;
        Ok(SourceRegistered {
            model: RegisteredModel {
                latest_versions: Vec::new(),
                ..model
            },
            versions,
            next_version,
        })
    }

    fn files(&self, place: &Place) -> Result<Files> {
        let Ok(folder) = self.root.path_of(&place.uri, "") else {
            return Ok(Files {
                elsewhere: Some(Elsewhere::Storage),
                ..Files::default()
            });
        };
        let mut found = local::files(&folder);
        let noted = self
            .store
            .read(|reader| reader.artifacts(place.owner.id()))?;
        for artifact in noted {
            if !found.files.iter().any(|(path, _)| *path == artifact.path)
                && !found
                    .unreachable
                    .iter()
                    .any(|(path, _)| *path == artifact.path)
            {
                let why = "it is on the machine that logged it, or lost";
                found.unreachable.push((artifact.path, why.to_owned()));
            }
        }
        Ok(found)
    }

    fn open(&self, place: &Place, path: &str) -> Result<Box<dyn Read>> {
        let folder = self
            .root
            .path_of(&place.uri, "")
            .map_err(|_| ErrorBody::not_found("artifact", path))?;
        local::open(&folder, path)
    }

    fn near(&self) -> bool {
        true
    }
}
