//! Deployments: what was asked for here, what the agents observe.

use std::net::IpAddr;
use std::time::Duration;

use skerry_agent::api::Invoke;
use skerry_agent::client::Client;
use skerry_domain::{
    Code, ErrorBody, Reason, RevisionOutcome as Outcome, ServicePhase, ServiceRevision,
    ServiceSource, ServiceSpec, ServiceState, validate,
};
use skerry_store::StoreError;
use skerry_store::workspace::{DeploymentRecord, ImageRecord};

use crate::Console;
use crate::api::*;
use crate::console::new_id;
use crate::models::{model_uri, number, version_machine};
use crate::run_start::{container_engine, needs_image};
use crate::runs::{MachineNames, check_id};

/// A body for a deployment is at most so large.
const LARGEST_BODY: usize = 1 << 20;
/// A page waits no longer than this for fresher news of one service.
const FRESH: Duration = Duration::from_secs(3);
/// How long a new revision may take to become healthy, in seconds.
const START_GRACE_S: u32 = 120;

/// A deployment with what was last observed of it.
struct Observed {
    record: DeploymentRecord,
    state: Option<ServiceState>,
    last_check_at: Option<i64>,
    last_check_ms: Option<u64>,
}

impl Observed {
    fn newest(&self) -> Option<&ServiceRevision> {
        self.state.as_ref()?.revisions.last()
    }

    fn live(&self) -> Option<&ServiceRevision> {
        self.state
            .as_ref()?
            .revisions
            .iter()
            .rev()
            .find(|revision| revision.outcome == Outcome::Live)
    }

    /// The revision that served before the one that serves (or was to serve) now.
    fn rollback_to(&self) -> Option<&ServiceRevision> {
        let now = self.live().or_else(|| self.newest())?;
        self.state
            .as_ref()?
            .revisions
            .iter()
            .rev()
            .find(|revision| {
                revision.outcome == Outcome::Retired
                    && revision.revision < now.revision
                    && (&revision.spec.source, &revision.spec.model_version)
                        != (&now.spec.source, &now.spec.model_version)
            })
    }
}

impl Console {
    /// The deployments.
    pub async fn deployments_list(&self, _: Nothing) -> Result<Vec<DeploymentRow>, ErrorBody> {
        let (found, names) = self
            .db(|store| {
                let records = store.deployments()?;
                let names = store.machine_names()?;
                let found = store.read(|reader| {
                    records
                        .into_iter()
                        .map(|record| {
                            let state = reader.service_state(&record.id)?;
                            Ok((record, state))
                        })
                        .collect::<Result<Vec<_>, StoreError>>()
                })?;
                Ok((found, names))
            })
            .await?;
        Ok(found
            .into_iter()
            .map(|(record, state)| self.deployment_row(&self.observed(record, state), &names))
            .collect())
    }

    /// A deployment with its history.
    pub async fn deployment_get(&self, args: ById) -> Result<DeploymentDetail, ErrorBody> {
        let record = self.deployment_record(&args.id).await?;
        let link = self.link_info(&record.machine_id);
        if link
            .as_ref()
            .is_some_and(|link| link.state == LinkState::Connected)
        {
            self.look_at(&record).await;
        }
        let (observed, names) = self.observe(record).await?;
        let row = self.deployment_row(&observed, &names);
        let revisions = observed
            .state
            .iter()
            .flat_map(|state| state.revisions.iter().rev())
            .map(|revision| revision_of(revision, &observed.record))
            .collect();
        let wanted = row.version;
        let model = row.model.clone();
        let version = self
            .db(move |store| {
                store.read(|reader| {
                    let version = match reader.model_version(&model, i64::from(wanted)) {
                        Ok(version) => version,
                        Err(StoreError::NotFound(_)) => return Ok(None),
                        Err(error) => return Err(error),
                    };
                    let machine = version_machine(reader, &version)?;
                    Ok(Some((version, machine)))
                })
            })
            .await?;
        let input_example = match version {
            Some((version, machine)) => self.input_example(&version, machine.as_deref()).await,
            None => None,
        };
        Ok(DeploymentDetail {
            link,
            revisions,
            bind: observed.record.bind.clone(),
            port: u32::from(observed.record.port),
            input_example,
            rollback_to: observed.rollback_to().map(|revision| revision.revision),
            row,
        })
    }

    /// Whether a port on a machine is free.
    pub async fn port_check(&self, query: PortQuery) -> Result<PortReport, ErrorBody> {
        check_id("machine_id", &query.machine_id)?;
        let port = port_of(query.port)?;
        let bind = bind_of(query.bind.as_deref())?;
        let client = self.machine_client(&query.machine_id).await?;
        let report = client.check_port(&bind, port).await?;
        Ok(PortReport {
            free: report.problem.is_none(),
            holder: report.problem.map(|problem| {
                problem
                    .details
                    .get("holder")
                    .cloned()
                    .unwrap_or(problem.message)
            }),
        })
    }

    /// Deploys a model version.
    pub async fn deployment_create(
        &self,
        args: DeploymentCreate,
    ) -> Result<DeploymentRow, ErrorBody> {
        validate::deployment_name("name", &args.name)?;
        check_id("machine_id", &args.machine_id)?;
        let bind = bind_of(args.bind.as_deref())?;
        let wanted = args.port.map(port_of).transpose()?;
        let machine = self.machine_row(&args.machine_id).await?;
        let source = self.source_of(&machine, &args.model, args.version).await?;
        let client = self.machine_client(&machine.id).await?;
        let port = self.choose_port(&client, &machine, &bind, wanted).await?;
        let record = DeploymentRecord {
            id: new_id(),
            name: args.name.clone(),
            machine_id: machine.id.clone(),
            model: args.model.clone(),
            bind,
            port,
            created_at: self.now(),
            deleted_at: None,
            told_phase: None,
        };
        // First here, so that a deployment is never without its row.
        let added = record.clone();
        self.db(move |store| store.deployment_add(&added))
            .await
            .map_err(|error| match error.code {
                Code::AlreadyExists => error
                    .because(Reason::DeploymentExists)
                    .with("name", &record.name)
                    .with("field", "name"),
                _ => error,
            })?;
        if let Err(error) = self
            .put_revision(&client, &record, args.version, source)
            .await
        {
            // After a lost answer the service may be there: its journal will tell.
            if !matches!(error.code, Code::TimedOut | Code::Disconnected) {
                let id = record.id.clone();
                self.db(move |store| store.deployment_undo(&id)).await?;
            }
            return Err(error);
        }
        self.deployment_activity(ActivityKind::DeploymentCreated, &record, Some(args.version))
            .await;
        self.row_of(record).await
    }

    /// Deploys another version.
    pub async fn deployment_update(
        &self,
        args: DeploymentUpdate,
    ) -> Result<DeploymentRow, ErrorBody> {
        let record = self.deployment_record(&args.id).await?;
        let row = self.row_of(record.clone()).await?;
        if row.live_version == Some(args.version)
            && row.version == args.version
            && row.state == ServicePhase::Healthy
        {
            return Err(ErrorBody::new(
                Code::WrongState,
                format!(
                    "Version {} is live in '{}' already.",
                    args.version, row.name
                ),
            )
            .because(Reason::VersionLiveAlready)
            .with("version", args.version.to_string())
            .with("deployment", row.name));
        }
        let machine = self.machine_row(&record.machine_id).await?;
        let source = self
            .source_of(&machine, &record.model, args.version)
            .await?;
        let client = self.machine_client(&machine.id).await?;
        self.put_revision(&client, &record, args.version, source)
            .await?;
        self.deployment_activity(ActivityKind::DeploymentUpdated, &record, Some(args.version))
            .await;
        self.row_of(record).await
    }

    /// Returns to the revision that was live before.
    pub async fn deployment_rollback(&self, args: ById) -> Result<DeploymentRow, ErrorBody> {
        let record = self.deployment_record(&args.id).await?;
        let client = self.machine_client(&record.machine_id).await?;
        self.look_at(&record).await;
        let (observed, _) = self.observe(record.clone()).await?;
        let Some(target) = observed.rollback_to().cloned() else {
            return Err(ErrorBody::new(
                Code::WrongState,
                format!("'{}' has no earlier revision to return to.", record.name),
            )
            .because(Reason::NoEarlierRevision)
            .with("deployment", record.name));
        };
        let version = version_in(&target.spec);
        self.put_revision(&client, &record, version, target.spec.source)
            .await?;
        self.deployment_activity(ActivityKind::DeploymentRolledBack, &record, Some(version))
            .await;
        self.row_of(record).await
    }

    /// Stops a deployment; it keeps its port and history.
    pub async fn deployment_stop(&self, args: ById) -> Result<DeploymentRow, ErrorBody> {
        let record = self.deployment_record(&args.id).await?;
        let client = self.machine_client(&record.machine_id).await?;
        let view = client.stop_service(&record.id).await?;
        self.services().put(view);
        self.deployment_activity(ActivityKind::DeploymentStopped, &record, None)
            .await;
        self.row_of(record).await
    }

    /// Starts a stopped deployment.
    pub async fn deployment_start(&self, args: ById) -> Result<DeploymentRow, ErrorBody> {
        let record = self.deployment_record(&args.id).await?;
        let client = self.machine_client(&record.machine_id).await?;
        let view = client.start_service(&record.id).await?;
        self.services().put(view);
        self.deployment_activity(ActivityKind::DeploymentStarted, &record, None)
            .await;
        self.row_of(record).await
    }

    /// Deletes a deployment.
    pub async fn deployment_delete(&self, args: DeploymentDelete) -> Result<Nothing, ErrorBody> {
        let record = self.deployment_record(&args.id).await?;
        if args.confirm_name != record.name {
            return Err(ErrorBody::invalid(
                "confirm_name",
                format!("Type the name of the deployment: {}.", record.name),
            )
            .because(Reason::ConfirmNameDiffers)
            .with("name", record.name));
        }
        // On a forgotten machine there is nobody left to ask.
        if self.link_info(&record.machine_id).is_some() {
            let client = self.machine_client(&record.machine_id).await?;
            match client.delete_service(&record.id).await {
                Err(error) if error.code != Code::NotFound => return Err(error),
                _ => {}
            }
        }
        let (id, at) = (record.id.clone(), self.now());
        self.db(move |store| store.deployment_delete(&id, at))
            .await?;
        self.services().forget(&record.id);
        self.deployment_activity(ActivityKind::DeploymentDeleted, &record, None)
            .await;
        Ok(())
    }

    /// Sends a request to a deployment.
    pub async fn deployment_invoke(
        &self,
        args: DeploymentInvoke,
    ) -> Result<DeploymentAnswer, ErrorBody> {
        if args.body.len() > LARGEST_BODY {
            return Err(ErrorBody::invalid("body", "A body has at most 1 MiB.")
                .because(Reason::BodyTooLong));
        }
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&args.body) {
            return Err(
                ErrorBody::invalid("body", format!("The body is not JSON: {error}."))
                    .because(Reason::BodyNotJson)
                    .with("why", error.to_string()),
            );
        }
        let record = self.deployment_record(&args.id).await?;
        let client = self.machine_client(&record.machine_id).await?;
        let answer = client
            .invoke(
                &record.id,
                &Invoke {
                    method: String::from("POST"),
                    path: String::from("/invocations"),
                    body: args.body,
                },
            )
            .await?;
        Ok(DeploymentAnswer {
            status: u32::from(answer.status),
            body: answer.body,
            ms: answer.ms,
        })
    }

    async fn deployment_record(&self, id: &str) -> Result<DeploymentRecord, ErrorBody> {
        check_id("id", id)?;
        let wanted = id.to_owned();
        self.db(move |store| store.deployment(&wanted))
            .await?
            .filter(|record| record.deleted_at.is_none())
            .ok_or_else(|| ErrorBody::not_found("deployment", id))
    }

    /// Takes a fresh look at one service; what is known stays when that fails.
    async fn look_at(&self, record: &DeploymentRecord) {
        let look = async {
            let client = self.machine_client(&record.machine_id).await?;
            client.service(&record.id).await
        };
        match tokio::time::timeout(FRESH, look).await {
            Ok(Ok(view)) => {
                self.services().put(view);
            }
            Ok(Err(error)) => tracing::debug!(%error, "a service could not be looked at"),
            Err(_) => tracing::debug!("a service was not seen in time"),
        }
    }

    fn observed(&self, record: DeploymentRecord, state: Option<ServiceState>) -> Observed {
        let view = self.services().get(&record.id);
        let (last_check_at, last_check_ms) = view.as_ref().map_or((None, None), |view| {
            (view.last_check_at, view.last_check_ms)
        });
        let seen = view.map(|view| view.state);
        let state = match (seen, state) {
            (Some(seen), Some(state)) if state.at > seen.at => Some(state),
            (Some(seen), _) => Some(seen),
            (None, state) => state,
        };
        Observed {
            record,
            state,
            last_check_at,
            last_check_ms,
        }
    }

    async fn observe(
        &self,
        record: DeploymentRecord,
    ) -> Result<(Observed, MachineNames), ErrorBody> {
        let id = record.id.clone();
        let (state, names) = self
            .db(move |store| {
                let state = store.read(|reader| reader.service_state(&id))?;
                Ok((state, store.machine_names()?))
            })
            .await?;
        Ok((self.observed(record, state), names))
    }

    async fn row_of(&self, record: DeploymentRecord) -> Result<DeploymentRow, ErrorBody> {
        let (observed, names) = self.observe(record).await?;
        Ok(self.deployment_row(&observed, &names))
    }

    fn deployment_row(&self, observed: &Observed, names: &MachineNames) -> DeploymentRow {
        let record = &observed.record;
        let state = observed.state.as_ref();
        let phase = state.map_or(ServicePhase::Starting, |state| state.phase);
        let live = match phase {
            ServicePhase::Stopped | ServicePhase::Failed => None,
            _ => observed.live(),
        };
        let connected = self
            .link_info(&record.machine_id)
            .is_some_and(|link| link.state == LinkState::Connected);
        DeploymentRow {
            id: record.id.clone(),
            name: record.name.clone(),
            machine_id: record.machine_id.clone(),
            machine: names
                .get(&record.machine_id)
                .cloned()
                .unwrap_or_else(|| record.machine_id.clone()),
            model: record.model.clone(),
            version: observed
                .newest()
                .map(|revision| version_in(&revision.spec))
                .unwrap_or_default(),
            live_version: live.map(|revision| version_in(&revision.spec)),
            image_digest: live
                .and_then(|revision| revision.image_digest.clone())
                .or_else(|| state.and_then(|state| state.image_digest.clone())),
            state: phase,
            cause: state.and_then(|state| state.cause.clone()),
            state_since: state.map_or(record.created_at, |state| state.at),
            last_check_at: observed.last_check_at,
            last_check_ms: observed.last_check_ms,
            stale: !connected,
            endpoint: endpoint(&record.bind, record.port),
        }
    }

    /// What an agent is to serve: an image on machines with a container engine, the
    /// model's own folder on this computer or where there is no engine.
    async fn source_of(
        &self,
        machine: &MachineRow,
        model: &str,
        version: u32,
    ) -> Result<ServiceSource, ErrorBody> {
        let name = model.to_owned();
        let (found, holder, images, names) = self
            .db(move |store| {
                let images = store.images_of(&name, version)?;
                let names = store.machine_names()?;
                store.read(|reader| {
                    let found = reader.model_version(&name, i64::from(version))?;
                    let holder = version_machine(reader, &found)?;
                    Ok((found, holder, images, names))
                })
            })
            .await?;
        let here = holder.as_deref() == Some(machine.id.as_str());
        if !needs_image(machine) && here {
            return Ok(ServiceSource::Model {
                model_uri: model_uri(&found),
            });
        }
        if container_engine(machine).is_some() {
            return match images.first() {
                Some(image) => Ok(ServiceSource::Image {
                    reference: by_digest(image),
                }),
                None => Err(ErrorBody::new(
                    Code::ImageMissing,
                    format!(
                        "Version {version} of '{model}' has no image yet, and {} runs containers. Containerize it first.",
                        machine.name
                    ),
                )
                .because(Reason::VersionWithoutImage)
                .with("machine", &machine.name)
                .with("model", model)
                .with("version", version.to_string())),
            };
        }
        let place = holder.and_then(|id| names.get(&id).cloned());
        Err(ErrorBody::new(
            Code::ModelUnusable,
            format!(
                "The files of version {version} of '{model}' are on {}; {} has no container engine to run an image of it.",
                place.as_deref().unwrap_or("another machine"),
                machine.name
            ),
        )
        .because(Reason::NoEngineForModel)
        .with("model", model)
        .with("version", version.to_string())
        .with("machine", &machine.name)
        .with("place", place.unwrap_or_default()))
    }

    async fn choose_port(
        &self,
        client: &Client,
        machine: &MachineRow,
        bind: &str,
        wanted: Option<u16>,
    ) -> Result<u16, ErrorBody> {
        let id = machine.id.clone();
        let kept: Vec<(u16, String)> = self
            .db(|store| store.deployments())
            .await?
            .into_iter()
            .filter(|other| other.machine_id == id)
            .map(|other| (other.port, other.name))
            .collect();
        let Some(port) = wanted else {
            // A free port may be kept by a stopped deployment; another is near.
            for _ in 0..20 {
                let report = client.check_port(bind, 0).await?;
                if let Some(problem) = report.problem {
                    return Err(problem);
                }
                if !kept.iter().any(|(port, _)| *port == report.port) {
                    return Ok(report.port);
                }
            }
            return Err(ErrorBody::new(
                Code::PortTaken,
                format!("No free port was found on {}; choose one.", machine.name),
            )
            .because(Reason::NoFreePort)
            .with("machine", &machine.name));
        };
        if let Some((_, name)) = kept.iter().find(|(kept, _)| *kept == port) {
            return Err(ErrorBody::new(
                Code::PortTaken,
                format!(
                    "Port {port} on {} belongs to the deployment '{name}'.",
                    machine.name
                ),
            )
            .with("field", "port")
            .because(Reason::PortOfDeployment)
            .with("port", port.to_string())
            .with("machine", &machine.name)
            .with("deployment", name)
            .with("holder", name));
        }
        match client.check_port(bind, port).await?.problem {
            Some(problem) => Err(problem.with("field", "port")),
            None => Ok(port),
        }
    }

    /// Gives an agent a revision to serve.
    async fn put_revision(
        &self,
        client: &Client,
        record: &DeploymentRecord,
        version: u32,
        source: ServiceSource,
    ) -> Result<(), ErrorBody> {
        let credentials = match &source {
            ServiceSource::Image { reference } => {
                let host = reference.split('/').next().unwrap_or_default();
                self.registry_credentials(host)
                    .await?
                    .and_then(|(_, credentials)| credentials)
            }
            ServiceSource::Model { .. } => None,
        };
        let spec = ServiceSpec {
            name: record.name.clone(),
            source,
            port: record.port,
            bind: record.bind.clone(),
            env: std::collections::BTreeMap::new(),
            model_name: Some(record.model.clone()),
            model_version: Some(version.to_string()),
            start_grace_s: START_GRACE_S,
            started_by: Some(self.user().to_owned()),
        };
        let view = client
            .put_service(&record.id, &spec, credentials.as_ref())
            .await?;
        self.services().put(view);
        Ok(())
    }

    async fn deployment_activity(
        &self,
        kind: ActivityKind,
        record: &DeploymentRecord,
        version: Option<u32>,
    ) {
        let detail = version.map(|version| format!("{} {version}", record.model));
        self.activity(kind, &record.id, &record.name, detail, None)
            .await;
    }
}

fn revision_of(revision: &ServiceRevision, record: &DeploymentRecord) -> Revision {
    let asked = match &revision.spec.source {
        ServiceSource::Image { reference } => reference
            .split_once('@')
            .map(|(_, digest)| digest.to_owned()),
        ServiceSource::Model { .. } => None,
    };
    Revision {
        revision: revision.revision,
        model: revision
            .spec
            .model_name
            .clone()
            .unwrap_or_else(|| record.model.clone()),
        version: version_in(&revision.spec),
        image_digest: revision.image_digest.clone().or(asked),
        at: revision.at,
        by: revision.spec.started_by.clone().unwrap_or_default(),
        outcome: match revision.outcome {
            Outcome::Pending => RevisionOutcome::Pending,
            Outcome::Live => RevisionOutcome::Live,
            Outcome::Retired => RevisionOutcome::Retired,
            Outcome::Refused => RevisionOutcome::Refused,
        },
        problem: revision.cause.clone(),
    }
}

fn version_in(spec: &ServiceSpec) -> u32 {
    spec.model_version
        .as_deref()
        .and_then(|version| version.parse::<i64>().ok())
        .map(number)
        .unwrap_or_default()
}

/// `host/repository@sha256:…`
fn by_digest(image: &ImageRecord) -> String {
    let name = image
        .reference
        .split('@')
        .next()
        .unwrap_or(&image.reference);
    // A colon after the last slash begins the tag; one before it belongs to the port.
    let name = match name.rfind(':') {
        Some(colon) if !name.get(colon..).unwrap_or_default().contains('/') => {
            name.get(..colon).unwrap_or(name)
        }
        _ => name,
    };
    format!("{name}@{}", image.digest)
}

fn endpoint(bind: &str, port: u16) -> String {
    if bind.contains(':') {
        format!("http://[{bind}]:{port}")
    } else {
        format!("http://{bind}:{port}")
    }
}

fn port_of(port: u32) -> Result<u16, ErrorBody> {
    validate::port("port", port)?;
    u16::try_from(port).map_err(|_| {
        ErrorBody::invalid("port", "A port is at most 65535.").because(Reason::PortRange)
    })
}

fn bind_of(bind: Option<&str>) -> Result<String, ErrorBody> {
    match bind.map(str::trim).filter(|bind| !bind.is_empty()) {
        None => Ok(String::from("127.0.0.1")),
        Some(bind) => bind
            .parse::<IpAddr>()
            .map(|address| address.to_string())
            .map_err(|_| {
                ErrorBody::invalid(
                    "bind",
                    "Enter an IP address of the machine, or 0.0.0.0 for all.",
                )
                .because(Reason::BindBad)
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_deployed_by_digest() {
        let image = |reference: &str| ImageRecord {
            model: String::from("m"),
            version: 1,
            reference: reference.to_owned(),
            digest: String::from("sha256:aa"),
            size: 1,
            registry_id: String::from("r"),
            created_at: 0,
        };
        assert_eq!(by_digest(&image("h:5000/a/b:1")), "h:5000/a/b@sha256:aa");
        assert_eq!(by_digest(&image("h:5000/a/b")), "h:5000/a/b@sha256:aa");
        assert_eq!(by_digest(&image("h/a:1@sha256:bb")), "h/a@sha256:aa");
    }

    fn revision(number: u32, version: u32, outcome: Outcome) -> ServiceRevision {
        ServiceRevision {
            revision: number,
            spec: ServiceSpec {
                name: String::from("d"),
                source: ServiceSource::Model {
                    model_uri: format!("runs:/x/{version}"),
                },
                port: 9000,
                bind: String::from("127.0.0.1"),
                env: std::collections::BTreeMap::new(),
                model_name: Some(String::from("m")),
                model_version: Some(version.to_string()),
                start_grace_s: 1,
                started_by: None,
            },
            at: 0,
            outcome,
            cause: None,
            image_digest: None,
        }
    }

    fn observed(revisions: Vec<ServiceRevision>) -> Observed {
        let last = revisions.last().unwrap().clone();
        Observed {
            record: DeploymentRecord {
                id: new_id(),
                name: String::from("d"),
                machine_id: new_id(),
                model: String::from("m"),
                bind: String::from("127.0.0.1"),
                port: 9000,
                created_at: 0,
                deleted_at: None,
                told_phase: None,
            },
            state: Some(ServiceState {
                service_id: new_id(),
                phase: ServicePhase::Healthy,
                at: 0,
                cause: None,
                deleted: false,
                wanted: true,
                spec: last.spec.clone(),
                revision: last.revision,
                image_digest: None,
                revisions,
            }),
            last_check_at: None,
            last_check_ms: None,
        }
    }

    #[test]
    fn rolling_back_finds_the_version_that_served_before() {
        let target = |revisions| {
            observed(revisions)
                .rollback_to()
                .map(|revision| revision.revision)
        };
        assert_eq!(target(vec![revision(1, 1, Outcome::Live)]), None);
        assert_eq!(
            target(vec![
                revision(1, 1, Outcome::Retired),
                revision(2, 2, Outcome::Live)
            ]),
            Some(1)
        );
        // What never served is no target, and back again is forth.
        assert_eq!(
            target(vec![
                revision(1, 1, Outcome::Retired),
                revision(2, 2, Outcome::Retired),
                revision(3, 3, Outcome::Refused),
                revision(4, 1, Outcome::Live)
            ]),
            Some(2)
        );
        // The same version twice is not a way back.
        assert_eq!(
            target(vec![
                revision(1, 1, Outcome::Retired),
                revision(2, 1, Outcome::Live)
            ]),
            None
        );
    }
}
