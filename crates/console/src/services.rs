//! The services of the machines as their agents see them now: what is not worth a
//! journal entry, such as the time of the last health check.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use skerry_agent::api::ServiceView;

use crate::Console;
use crate::api::{LinkState, Topic};

/// How often the agents are asked.
const INTERVAL: Duration = Duration::from_secs(5);

/// The newest view of each service.
#[derive(Debug, Default)]
pub(crate) struct ServiceViews {
    views: Mutex<HashMap<String, ServiceView>>,
}

impl ServiceViews {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, ServiceView>> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, id: &str) -> Option<ServiceView> {
        self.lock().get(id).cloned()
    }

    /// Takes a view; says whether it is news.
    pub(crate) fn put(&self, view: ServiceView) -> bool {
        let id = view.state.service_id.clone();
        let news = self.lock().get(&id) != Some(&view);
        if news {
            self.lock().insert(id, view);
        }
        news
    }

    pub(crate) fn forget(&self, id: &str) {
        self.lock().remove(id);
    }
}

impl Console {
    /// Asks the agents of machines with deployments for their services, again and
    /// again, until the workspace closes.
    pub(crate) fn services_watch(&self) {
        let console = self.clone();
        let stopping = self.stopping();
        self.spawn(async move {
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = tokio::time::sleep(INTERVAL) => {}
                }
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = console.services_look() => {}
                }
            }
        });
    }

    async fn services_look(&self) {
        let deployments = match self.db(|store| store.deployments()).await {
            Ok(deployments) => deployments,
            Err(error) => {
                tracing::warn!(%error, "the deployments could not be read");
                return;
            }
        };
        let mut machines: Vec<String> = deployments
            .into_iter()
            .map(|deployment| deployment.machine_id)
            .collect();
        machines.sort();
        machines.dedup();
        machines.retain(|id| {
            self.link_info(id)
                .is_some_and(|link| link.state == LinkState::Connected)
        });
        let looks = machines.iter().map(|id| async move {
            let client = self.machine_client(id).await?;
            client.services().await
        });
        // One slow machine does not keep the others' news back for long: each call
        // has its own time limit.
        for views in futures_util::future::join_all(looks).await {
            match views {
                Ok(views) => {
                    for view in views {
                        let id = view.state.service_id.clone();
                        if self.services().put(view) {
                            self.emit_for(&[Topic::Deployments], &id);
                        }
                    }
                }
                Err(error) => tracing::debug!(%error, "an agent did not tell its services"),
            }
        }
    }
}
