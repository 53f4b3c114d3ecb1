use std::sync::Arc;

use skerry_domain::Via;
use skerry_domain::tracking::MetricPoint;
use skerry_store::{Actor, Append, Check, Reader, Result, Store, StoreError, Tx};

use crate::ArtifactRoot;
use crate::fault::Fault;
use crate::source::Locations;

/// What the routes work on.
#[derive(Debug, Clone)]
pub struct MlflowState {
    store: Store,
    artifacts: ArtifactRoot,
    locations: Arc<Locations>,
    alone: bool,
    door: Option<Arc<str>>,
}

impl MlflowState {
    /// All of a store may be written.
    pub fn new(store: Store, artifacts: ArtifactRoot) -> Self {
        Self {
            store,
            artifacts,
            locations: Arc::default(),
            alone: false,
            door: None,
        }
    }

    /// Nobody else follows this store. Big files may come in parts: their addresses
    /// carry no token, so whoever mounts the routes must let them through.
    #[must_use]
    pub(crate) fn served_alone(mut self) -> Self {
        self.alone = true;
        self
    }

    pub(crate) fn alone(&self) -> bool {
        self.alone
    }

    #[must_use]
    pub(crate) fn with_locations(mut self, locations: Locations) -> Self {
        self.locations = Arc::new(locations);
        self
    }

    /// Which locations clients may name.
    pub(crate) fn locations(&self) -> &Locations {
        &self.locations
    }

    /// The door of one run: its script may write to that run, to runs that it creates
    /// through this door, and to their models and files. It may register models and
    /// create experiments; it may read all, and delete or rename nothing of others.
    #[must_use]
    pub fn scoped_to_run(mut self, run_id: &str) -> Self {
        self.door = Some(Arc::from(run_id));
        self
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn artifacts(&self) -> &ArtifactRoot {
        &self.artifacts
    }

    pub(crate) fn door(&self) -> Option<&str> {
        self.door.as_deref()
    }

    /// Reads a little, here and now: a few microseconds.
    pub(crate) fn peek<T>(
        &self,
        read: impl FnOnce(&Reader<'_>) -> Result<T>,
    ) -> std::result::Result<T, Fault> {
        Ok(self.store.read(read)?)
    }

    /// Reads what may take a while, on a thread for that.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Fault> {
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || store.read(read)).await {
            Ok(answer) => Ok(answer?),
            Err(error) => Err(Fault::internal(format!("The read was broken off: {error}"))),
        }
    }

    /// Writes to a run; refused when it is not behind this door.
    pub(crate) async fn write_run<T: Send + 'static>(
        &self,
        run_id: String,
        write: impl FnOnce(&Tx<'_>, &str) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Fault> {
        let door = self.door.clone();
        let written = self.store.write_async(move |tx| {
            if let Some(door) = door {
                behind(tx, &run_id, &door)?;
            }
            write(tx, &run_id)
        });
        Ok(written.await?)
    }

    /// Logs points to a run; refused when it is not behind this door.
    pub(crate) async fn append(
        &self,
        run_id: String,
        points: Vec<MetricPoint>,
        listed: bool,
    ) -> std::result::Result<(), Fault> {
        let check = self
            .door
            .clone()
            .map(|door| -> Check { Box::new(move |tx, run_id| behind(tx, run_id, &door)) });
        let append = Append {
            run_id,
            points,
            listed,
            check,
        };
        Ok(self.store.append(append).await?)
    }

    /// Writes to a logged model; refused when its run is not behind this door.
    pub(crate) async fn write_model<T: Send + 'static>(
        &self,
        model_id: String,
        write: impl FnOnce(&Tx<'_>, &str) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Fault> {
        let door = self.door.clone();
        let written = self.store.write_async(move |tx| {
            if let Some(door) = door {
                let run = tx.logged_model(&model_id)?.source_run_id;
                if !run.is_some_and(|run| tx.behind_door(&run, &door).unwrap_or(false)) {
                    return Err(foreign(&model_id));
                }
            }
            write(tx, &model_id)
        });
        Ok(written.await?)
    }

    /// Writes what any run's script may write.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Fault> {
        let actor = self.actor();
        let written = self.store.write_async(move |tx| write(&tx.acting(&actor)));
        Ok(written.await?)
    }

    /// Whom the history of the registry names for what comes through here.
    fn actor(&self) -> Actor {
        match self.door() {
            Some(run) => Actor::new(Via::Script, run),
            None => Actor::new(Via::Client, &*crate::auth::person()),
        }
    }

    /// Refuses what a run's script may not do.
    pub(crate) fn only_at_large(&self, what: &str) -> std::result::Result<(), Fault> {
        match self.door() {
            None => Ok(()),
            Some(run) => Err(Fault::forbidden(format!(
                "The script of run {run} may not {what}."
            ))),
        }
    }
}

fn behind(tx: &Tx<'_>, run_id: &str, door: &str) -> Result<()> {
    if tx.behind_door(run_id, door)? {
        return Ok(());
    }
    // A run that is not there is that first.
    tx.run_info(run_id)?;
    Err(foreign(run_id))
}

fn foreign(id: &str) -> StoreError {
    StoreError::Forbidden(format!(
        "{id} belongs to another run: a run's script may write only to its own runs and models."
    ))
}
