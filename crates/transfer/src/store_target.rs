//! A store of ours, written. Small writes are put together into one transaction.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{Read, Write};

use sha2::{Digest, Sha256};
use skerry_domain::tracking::{Experiment, LoggedModel, ModelVersion, Run};
use skerry_domain::{Code, ErrorBody};
use skerry_mlflow::ArtifactRoot;
use skerry_store::{Sample, Store, StoreError, Tx};

use crate::Result;
use crate::compare::unreadable;
use crate::entities::{Place, Source, SourceModel, SourceRegistered, SourceRun, Target};
use crate::here::StoreSource;
use crate::report::Problem;
use crate::server::is_storage;
use crate::stop::Stop;

/// Queued rows and points that are written together.
const TOGETHER: usize = 8_192;
/// Files that are still being written lie here, below the root.
const INCOMING: &str = ".incoming";

/// SHA-256 and size of files, by path.
type Noted = HashMap<String, (String, u64)>;
type Queued = Box<dyn FnOnce(&Tx<'_>) -> skerry_store::Result<()> + Send>;

/// A store that takes what comes, and keeps ids and numbers.
pub struct StoreTarget {
    here: StoreSource,
    stop: Stop,
    queue: RefCell<Vec<Queued>>,
    weight: Cell<usize>,
    /// Files that the last owner had: path to SHA-256 and size.
    files: RefCell<(String, Noted)>,
}

impl StoreTarget {
    /// Into a store and the folder of its artifacts, until it is stopped.
    pub fn new(store: Store, root: ArtifactRoot, stop: Stop) -> Self {
        Self {
            here: StoreSource::new(store, root),
            stop,
            queue: RefCell::default(),
            weight: Cell::new(0),
            files: RefCell::default(),
        }
    }

    fn queue(
        &self,
        weight: usize,
        write: impl FnOnce(&Tx<'_>) -> skerry_store::Result<()> + Send + 'static,
    ) -> Result<()> {
        self.queue.borrow_mut().push(Box::new(write));
        self.weight.set(self.weight.get() + weight);
        if self.weight.get() >= TOGETHER {
            self.flush()?;
        }
        Ok(())
    }

    fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Tx<'_>) -> skerry_store::Result<T> + Send + 'static,
    ) -> Result<skerry_store::Result<T>> {
        self.stop.unless(|| Ok(self.here.store.write(write)))
    }

    /// Where the files of this experiment's runs and models go here.
    fn base(here: &Experiment) -> String {
        if ArtifactRoot::base(&here.artifact_location).is_ok() {
            here.artifact_location.trim_end_matches('/').to_owned()
        } else {
            format!("mlflow-artifacts:/{}", here.id)
        }
    }
}

impl Target for StoreTarget {
    fn as_source(&self) -> &dyn Source {
        &self.here
    }

    fn experiment(&self, experiment: &Experiment) -> Result<Experiment> {
        let mut wanted = experiment.clone();
        if !is_storage(&wanted.artifact_location) {
            wanted.artifact_location.clear();
        }
        Ok(self.write(move |tx| tx.import_experiment(&wanted))??)
    }

    fn run(&self, here: &Experiment, run: &SourceRun, elsewhere: bool) -> Result<Place> {
        let mut wanted: Run = run.run.clone();
        wanted.info.experiment_id = here.id;
        wanted.info.experiment = here.name.clone();
        if !elsewhere {
            wanted.info.artifact_uri =
                format!("{}/{}/artifacts", Self::base(here), wanted.info.run_id);
        }
        let there = self.here.run_of(&wanted.info.run_id)?;
        if let Some(machine) = there
            .as_ref()
            .and_then(|run| run.run.info.machine_id.clone())
        {
            return Err(ErrorBody::new(
                Code::AlreadyExists,
                format!(
                    "The run {} is here already: it came from a machine of this workspace.",
                    wanted.info.run_id
                ),
            )
            .with("machine", machine));
        }
        let place = Place::of_run(&SourceRun {
            run: wanted.clone(),
            metrics: run.metrics.clone(),
        });
        if there.is_none_or(|there| there.run != wanted) {
            let weight = 1 + wanted.params.len() + wanted.tags.len();
            self.queue(weight, move |tx| tx.import_run(&wanted))?;
        }
        Ok(place)
    }

    fn points(&self, run: &SourceRun, key: &str, samples: &[Sample]) -> Result<()> {
        let (run_id, key, samples) = (
            run.run.info.run_id.clone(),
            key.to_owned(),
            samples.to_vec(),
        );
        self.queue(samples.len(), move |tx| {
            tx.import_points(&run_id, &key, &samples)
        })
    }

    fn run_done(&self, _: &Experiment, _: &SourceRun) -> Result<()> {
        Ok(())
    }

    fn model(&self, here: &Experiment, model: &SourceModel, elsewhere: bool) -> Result<Place> {
        let mut wanted: LoggedModel = model.model.clone();
        wanted.experiment_id = here.id;
        wanted.experiment = here.name.clone();
        if !elsewhere {
            wanted.artifact_location =
                format!("{}/models/{}/artifacts", Self::base(here), wanted.model_id);
        }
        let there = self.here.model_of(&wanted.model_id)?;
        let wanted = SourceModel {
            model: wanted,
            ..model.clone()
        };
        let place = Place::of_model(&wanted);
        let same = there.is_some_and(|there| {
            there.model == wanted.model
                && there.deleted == wanted.deleted
                && there.metrics.len() == wanted.metrics.len()
        });
        if !same {
            let weight = 1 + wanted.metrics.len();
            self.queue(weight, move |tx| {
                tx.import_logged_model(&wanted.model, wanted.deleted, &wanted.metrics)
            })?;
        }
        Ok(place)
    }

    fn model_done(&self, _: &SourceModel) -> Result<()> {
        Ok(())
    }

    fn register(&self, registered: &SourceRegistered) -> Result<Vec<Problem>> {
        self.flush()?;
        let mut problems = Vec::new();
        let name = registered.model.name.clone();
        let (model, next) = (registered.model.clone(), registered.next_version);
        self.write(move |tx| tx.import_registered_model(&model, next))??;
        for version in &registered.versions {
            let mut wanted: ModelVersion = version.clone();
            wanted.source = self.uri(&wanted.source)?;
            if let Some(location) = &wanted.storage_location {
                wanted.storage_location = Some(self.uri(location)?);
            }
            match self.write(move |tx| tx.import_model_version(&wanted))? {
                Ok(()) => {}
                Err(error @ StoreError::AlreadyExists(_)) => problems.push(Problem::new(
                    format!("registered model '{name}': version {}", version.version),
                    error.to_string(),
                )),
                Err(error) => return Err(error.into()),
            }
        }
        for (alias, version) in &registered.model.aliases {
            if !registered.versions.iter().any(|v| v.version == *version) {
                problems.push(Problem::new(
                    format!("registered model '{name}': alias '{alias}'"),
                    format!("it points to version {version}, which is not there"),
                ));
                continue;
            }
            let subject = format!("registered model '{name}': alias '{alias}'");
            let (name, alias, version) = (name.clone(), alias.clone(), *version);
            match self.write(move |tx| tx.import_alias(&name, &alias, version))? {
                Ok(()) => {}
                // Protected here, and the version is not approved.
                Err(error @ StoreError::Input(_)) => {
                    problems.push(Problem::new(subject, error.to_string()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(problems)
    }

    fn experiment_done(&self, _: &Experiment, _: &Experiment) -> Result<()> {
        Ok(())
    }

    fn known_file(&self, place: &Place, path: &str) -> Result<Option<(String, u64)>> {
        let file = self.here.root.path_of(&place.uri, path)?;
        let Ok(facts) = std::fs::metadata(&file) else {
            return Ok(None);
        };
        let owner = place.owner.id();
        let mut files = self.files.borrow_mut();
        if files.0 != owner {
            let noted = self.here.store.read(|reader| reader.artifacts(owner))?;
            let noted = noted
                .into_iter()
                .map(|file| (file.path, (file.sha256, file.size)));
            *files = (owner.to_owned(), noted.collect());
        }
        Ok(files
            .1
            .get(path)
            .filter(|(_, size)| *size == facts.len())
            .cloned())
    }

    fn put_file(
        &self,
        place: &Place,
        path: &str,
        _: u64,
        mut from: Box<dyn Read>,
    ) -> Result<(String, u64)> {
        let file = self.here.root.path_of(&place.uri, path)?;
        let incoming = self.here.root.folder().join(INCOMING);
        let failed = |error: std::io::Error| {
            let code = match error.kind() {
                std::io::ErrorKind::StorageFull => Code::DiskFull,
                _ => Code::FileAccess,
            };
            ErrorBody::new(
                code,
                format!("{} cannot be written: {error}.", file.display()),
            )
        };
        std::fs::create_dir_all(&incoming).map_err(failed)?;
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let part = incoming.join(uuid::Uuid::new_v4().simple().to_string());
        let written = write_part(&part, &mut from, &failed).and_then(|written| {
            std::fs::rename(&part, &file).map_err(failed)?;
            Ok(written)
        });
        let (sha256, size) = match written {
            Ok(written) => written,
            Err(error) => {
                let _ = std::fs::remove_file(&part);
                return Err(error);
            }
        };
        let (owner, path, hash) = (place.owner.id().to_owned(), path.to_owned(), sha256.clone());
        self.queue(1, move |tx| tx.import_artifact(&owner, &path, size, &hash))?;
        Ok((sha256, size))
    }

    fn flush(&self) -> Result<()> {
        let queued = self.queue.take();
        self.weight.set(0);
        *self.files.borrow_mut() = Default::default();
        if queued.is_empty() {
            return Ok(());
        }
        Ok(self.write(move |tx| queued.into_iter().try_for_each(|write| write(tx)))??)
    }

    fn find_run(&self, run_id: &str) -> Result<Option<SourceRun>> {
        self.here.run_of(run_id)
    }

    fn find_model(&self, model_id: &str) -> Result<Option<SourceModel>> {
        self.here.model_of(model_id)
    }

    /// What stands before `<run>/artifacts` or `<model>/artifacts` is another place here.
    fn uri(&self, uri: &str) -> Result<String> {
        let mut at = 0;
        let mut parts = uri.split('/').peekable();
        while let Some(part) = parts.next() {
            at += part.len() + 1;
            if parts.peek() != Some(&"artifacts") {
                continue;
            }
            let root = if part.starts_with("m-") {
                self.here
                    .model_of(part)?
                    .map(|model| model.model.artifact_location)
            } else {
                self.here.run_of(part)?.map(|run| run.run.info.artifact_uri)
            };
            if let Some(root) = root {
                let rest = uri.get(at + "artifacts".len()..).unwrap_or_default();
                return Ok(format!("{root}{rest}"));
            }
        }
        Ok(uri.to_owned())
    }

    fn exact(&self) -> bool {
        true
    }
}

fn write_part(
    part: &std::path::Path,
    from: &mut dyn Read,
    failed: &dyn Fn(std::io::Error) -> ErrorBody,
) -> Result<(String, u64)> {
    let mut into = std::fs::File::create_new(part).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(&error)),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        hasher.update(bytes);
        into.write_all(bytes).map_err(failed)?;
        size += u64::try_from(read).unwrap_or(0);
    }
    // The row that says that it is there must not survive a power cut that it does not.
    into.sync_data().map_err(failed)?;
    Ok((hex::encode(hasher.finalize()), size))
}
