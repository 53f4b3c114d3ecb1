//! Services as the interface sees them; each is kept by a task of its own
//! ([`super::keeper`]).

use std::{path::PathBuf, sync::Arc};

use skerry_domain::{
    Code, ErrorBody, Reason, ServicePhase, ServiceSource, ServiceSpec, ServiceState, validate,
};
use skerry_engine::RegistryCredentials;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Agent,
    failure::Failure,
    health,
    keeper::{Command, Keeper},
    lock, unknown,
};
use crate::{
    api::{Invoke, Invoked, ServiceRequest, ServiceView},
    relay::record::now,
};

/// How to reach a service's keeper.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) view: watch::Receiver<ServiceView>,
    /// Where the revision that serves answers.
    pub(super) target: watch::Receiver<Option<PathBuf>>,
}

fn check(spec: &ServiceSpec) -> Failure<()> {
    validate::deployment_name("name", &spec.name)?;
    validate::port("port", u32::from(spec.port))?;
    for name in spec.env.keys() {
        validate::env_name("env", name)?;
    }
    match &spec.source {
        ServiceSource::Image { reference } => {
            let digest = reference.split_once("@sha256:").map(|(_, digest)| digest);
            let ok = digest.is_some_and(|digest| {
                digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
            if !ok {
                return Err(ErrorBody::invalid(
                    "source.reference",
                    "A deployment names its image by digest: host/repository@sha256:…",
                ));
            }
        }
        ServiceSource::Model { model_uri } => {
            if model_uri.is_empty() || model_uri.chars().any(char::is_control) {
                return Err(ErrorBody::invalid("source.model_uri", "Name a model."));
            }
        }
    }
    if !(1..=86_400).contains(&spec.start_grace_s) {
        return Err(ErrorBody::invalid(
            "start_grace_s",
            "The start may take from one second to a day.",
        ));
    }
    Ok(())
}

fn handle(agent: &Agent, id: &str) -> Failure<Handle> {
    lock(&agent.services)
        .get(id)
        .cloned()
        .ok_or_else(|| unknown("deployment", id))
}

async fn tell(
    handle: &Handle,
    command: impl FnOnce(oneshot::Sender<Failure<()>>) -> Command,
) -> Failure<()> {
    let (reply, answer) = oneshot::channel();
    let ended = || ErrorBody::new(Code::NotFound, "The deployment was deleted meanwhile.");
    handle
        .commands
        .send(command(reply))
        .await
        .map_err(|_| ended())?;
    answer.await.map_err(|_| ended())?
}

/// Makes a service, or a new revision of it.
pub(super) async fn put(
    agent: &Arc<Agent>,
    id: &str,
    request: ServiceRequest,
) -> Failure<ServiceView> {
    check(&request.spec)?;
    let id_ok = !id.is_empty()
        && id.len() <= 64
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !id_ok {
        return Err(ErrorBody::invalid(
            "id",
            "A deployment id has letters, digits and hyphens.",
        ));
    }
    let handle = {
        let mut services = lock(&agent.services);
        let same_name = services.iter().any(|(other, handle)| {
            other != id && handle.view.borrow().state.spec.name == request.spec.name
        });
        if same_name {
            return Err(ErrorBody::new(
                Code::AlreadyExists,
                format!(
                    "The machine has a deployment '{}' already.",
                    request.spec.name
                ),
            )
            .because(Reason::DeploymentExists)
            .with("name", request.spec.name)
            .with("field", "name"));
        }
        match services.get(id) {
            Some(handle) => handle.clone(),
            None => {
                let state = ServiceState {
                    service_id: id.to_owned(),
                    phase: ServicePhase::Stopped,
                    at: now(),
                    cause: None,
                    deleted: false,
                    wanted: false,
                    spec: request.spec.clone(),
                    revision: 0,
                    image_digest: None,
                    revisions: Vec::new(),
                };
                let handle = Keeper::spawn(agent, state);
                services.insert(id.to_owned(), handle.clone());
                handle
            }
        }
    };
    let credentials = request.credentials.map(|given| RegistryCredentials {
        username: given.username,
        password: given.password,
    });
    let told = tell(&handle, |reply| Command::Put {
        spec: Box::new(request.spec),
        credentials,
        reply,
    })
    .await;
    if told.is_err() && handle.view.borrow().state.revisions.is_empty() {
        // Nothing came of it: without a handle its keeper ends.
        lock(&agent.services).remove(id);
    }
    told?;
    let view = handle.view.borrow().clone();
    Ok(view)
}

/// Takes up every service that the last agent kept.
pub(super) fn resume(agent: &Arc<Agent>) -> Failure<()> {
    for state in agent.store.read(|reader| reader.agent_services())? {
        tracing::info!(service = %state.service_id, "taking up a service");
        let id = state.service_id.clone();
        let handle = Keeper::spawn(agent, state);
        lock(&agent.services).insert(id, handle);
    }
    Ok(())
}

pub(super) fn list(agent: &Agent) -> Vec<ServiceView> {
    let mut views: Vec<ServiceView> = lock(&agent.services)
        .values()
        .map(|handle| handle.view.borrow().clone())
        .collect();
    views.sort_by(|a, b| a.state.spec.name.cmp(&b.state.spec.name));
    views
}

pub(super) fn view(agent: &Agent, id: &str) -> Failure<ServiceView> {
    let handle = handle(agent, id)?;
    let view = handle.view.borrow().clone();
    Ok(view)
}

pub(super) async fn start(agent: &Agent, id: &str) -> Failure<ServiceView> {
    tell(&handle(agent, id)?, Command::Start).await?;
    view(agent, id)
}

pub(super) async fn stop(agent: &Agent, id: &str) -> Failure<ServiceView> {
    tell(&handle(agent, id)?, Command::Stop).await?;
    view(agent, id)
}

pub(super) async fn delete(agent: &Agent, id: &str) -> Failure<()> {
    tell(&handle(agent, id)?, Command::Delete).await
}

pub(super) async fn invoke(agent: &Agent, id: &str, request: Invoke) -> Failure<Invoked> {
    let target = handle(agent, id)?.target.borrow().clone();
    match target {
        Some(socket) => health::invoke(&socket, &request).await,
        None => Err(ErrorBody::new(
            Code::WrongState,
            "The deployment does not serve at the moment.",
        )
        .because(Reason::ServiceNotServing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_looked_at() {
        let spec = |change: fn(&mut serde_json::Value)| {
            let mut json = serde_json::json!({
                "name": "penguins", "port": 9000,
                "source": {"kind": "model", "model_uri": "runs:/x/model"},
            });
            change(&mut json);
            check(&serde_json::from_value(json).unwrap())
                .err()
                .and_then(|error| error.details.get("field").cloned())
        };
        assert_eq!(spec(|_| {}), None);
        assert_eq!(spec(|s| s["name"] = "Å".into()).as_deref(), Some("name"));
        assert_eq!(spec(|s| s["port"] = 0.into()).as_deref(), Some("port"));
        let image = |reference: &str| {
            let source = serde_json::json!({"kind": "image", "reference": reference});
            let json = serde_json::json!({"name": "a", "port": 1, "source": source});
            check(&serde_json::from_value(json).unwrap()).is_ok()
        };
        assert!(!image("r/m:latest"));
        assert!(!image("r/m@sha256:12"));
        assert!(image(&format!("r/m@sha256:{}", "a".repeat(64))));
    }
}
