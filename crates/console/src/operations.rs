//! Operations that take a while: making an image of a model version and pushing it.
//!
//! The agent does the work and keeps the state; here it is followed, written down at each step and
//! told to the hosts. Closing the console ends the following, not the work: opened again, it asks
//! the agent for the same build. How far a step has come is kept in memory only.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skerry_agent::api::{BuildStepKind, BuildView, ImageBuildRequest, StepState};
use skerry_domain::{Code, ErrorBody, Millis, Reason, validate};
use skerry_images::Reference;
use skerry_store::workspace::{ImageRecord, OperationRecord, RegistryRecord};

use crate::Console;
use crate::api::*;
use crate::console::{new_id, word};
use crate::models::{image_row, model_uri, version_machine};
use crate::registries::of_field;
use crate::runs::check_id;

/// How many operations a list shows.
const LISTED: u32 = 100;
/// How long one question to the agent waits for news.
const NEWS_WAIT: Duration = Duration::from_secs(20);
/// Least time between two questions: progress comes oftener than anyone can read.
const PACE: Duration = Duration::from_millis(300);
/// Time between two attempts to reach a machine that does not answer.
const RETRY: Duration = Duration::from_secs(3);

/// What is under way at the moment.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    running: Mutex<HashMap<String, Operation>>,
}

/// An operation with what following it takes; written down as one.
#[derive(Debug, Serialize, Deserialize)]
struct Job {
    #[serde(flatten)]
    operation: Operation,
    machine_id: String,
    registry_id: String,
    /// The name that the image gets.
    target: String,
    model: String,
    version: u32,
}

impl Operations {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Operation>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &str) -> Option<Operation> {
        self.lock().get(id).cloned()
    }
}

impl Console {
    /// Makes an image of a model version and pushes it; answers once the agent has begun.
    pub async fn containerize(&self, args: Containerize) -> Result<Operation, ErrorBody> {
        validate::model_name("name", &args.name)?;
        let registry = self.registry_record(&args.registry_id).await?;
        let target = target(&registry, &args.repository, &args.tag)?;
        let (mut request, machine_id) = self.build_request(&args, &target).await?;
        let subject = format!("{}/{}", args.name, args.version);
        if self.is_under_way(&subject) {
            return Err(ErrorBody::new(
                Code::Busy,
                format!("An image of {subject} is being made already."),
            )
            .because(Reason::ImageBeingMade)
            .with("subject", subject));
        }
        request.insecure = registry.insecure;
        request.credentials = self
            .registry_credentials(&registry.host)
            .await?
            .and_then(|(_, credentials)| credentials);
        let client = self.machine_client(&machine_id).await?;
        let view = client.start_image_build(&request).await?;
        let operation = Operation {
            id: request.id.clone(),
            kind: OperationKind::Containerize,
            subject,
            state: OperationState::Running,
            steps: steps(&view),
            problem: None,
            image: None,
            started_at: self.now(),
            ended_at: None,
        };
        let job = Job {
            operation: operation.clone(),
            machine_id,
            registry_id: registry.id,
            target: target.to_string(),
            model: args.name,
            version: args.version,
        };
        self.operation_note(&job).await?;
        self.follow_from_now(job);
        Ok(operation)
    }

    /// Takes up what was under way when the console was closed; one that says too little, of
    /// another version, is settled as failed.
    pub(crate) async fn operations_resume(&self) -> Result<(), ErrorBody> {
        let left = self.db(|store| store.operations_unsettled()).await?;
        for mut record in left {
            match serde_json::from_value::<Job>(record.body.clone()) {
                Ok(job) => self.follow_from_now(job),
                Err(error) => {
                    tracing::warn!(%error, id = %record.id, "an operation cannot be taken up again");
                    record.state = word(&OperationState::Failed);
                    let problem = ErrorBody::new(
                        Code::Cancelled,
                        "Skerry was closed before this was finished. Start it again.",
                    );
                    let now = self.now();
                    self.db(move |store| {
                        if let Ok(mut operation) = serde_json::from_value(record.body.clone()) {
                            settle(&mut operation, OperationState::Failed, Some(problem), now);
                            record.body = serde_json::to_value(operation)?;
                        }
                        store.operation_save(&record)
                    })
                    .await?;
                }
            }
        }
        Ok(())
    }

    fn follow_from_now(&self, job: Job) {
        self.operations()
            .lock()
            .insert(job.operation.id.clone(), job.operation.clone());
        let console = self.clone();
        self.spawn(async move { console.follow(job).await });
    }

    /// Operations, newest first.
    pub async fn operations_list(&self, _: Nothing) -> Result<Vec<Operation>, ErrorBody> {
        let records = self.db(|store| store.operations(LISTED)).await?;
        Ok(records
            .into_iter()
            .filter_map(|record| self.operation_of(record))
            .collect())
    }

    /// An operation with how far it has come.
    pub async fn operation_get(&self, args: ById) -> Result<Operation, ErrorBody> {
        check_id("id", &args.id)?;
        let id = args.id.clone();
        self.db(move |store| store.operation(&id))
            .await?
            .and_then(|record| self.operation_of(record))
            .ok_or_else(|| ErrorBody::not_found("operation", &args.id))
    }

    /// Ends an operation; what has been pushed stays, so that the next time is quicker.
    pub async fn operation_cancel(&self, args: ById) -> Result<Operation, ErrorBody> {
        check_id("id", &args.id)?;
        let id = args.id.clone();
        let record = self
            .db(move |store| store.operation(&id))
            .await?
            .ok_or_else(|| ErrorBody::not_found("operation", &args.id))?;
        let under_way = serde_json::from_value::<Job>(record.body)
            .ok()
            .filter(|job| job.operation.ended_at.is_none());
        let Some(job) = under_way else {
            return Err(
                ErrorBody::new(Code::WrongState, "The operation has ended already.")
                    .because(Reason::OperationEnded),
            );
        };
        let client = self.machine_client(&job.machine_id).await?;
        client.cancel_image_build(&args.id).await?;
        self.operation_get(args).await
    }

    async fn build_request(
        &self,
        args: &Containerize,
        target: &Reference,
    ) -> Result<(ImageBuildRequest, String), ErrorBody> {
        let (name, number) = (args.name.clone(), i64::from(args.version));
        let (version, machine, workload) = self
            .db(move |store| {
                store.read(|reader| {
                    let version = reader.model_version(&name, number)?;
                    let machine = version_machine(reader, &version)?;
                    let workload = match version.run_id.as_deref().filter(|id| !id.is_empty()) {
                        Some(run_id) => reader.workload_state(run_id)?,
                        None => None,
                    };
                    Ok((version, machine, workload))
                })
            })
            .await?;
        let machine_id = machine.ok_or_else(|| {
            ErrorBody::new(
                Code::WrongState,
                format!(
                    "The files of {} version {} are on no registered machine.",
                    args.name, args.version
                ),
            )
            .because(Reason::FilesOnNoMachine)
            .with("model", &args.name)
            .with("version", args.version.to_string())
        })?;
        let chosen = args.base_image.as_deref().map(str::trim);
        let base_image = match chosen.filter(|image| !image.is_empty()) {
            Some(image) if image.chars().count() > 512 || image.chars().any(char::is_control) => {
                return Err(ErrorBody::invalid(
                    "base_image",
                    "A base image has a name of at most 512 characters.",
                ));
            }
            Some(image) => Some(image.to_owned()),
            // The id, because the name may stand for another image by now.
            None => workload.and_then(|state| state.image_id.or(state.spec.image)),
        };
        let base_image = base_image.ok_or_else(|| {
            ErrorBody::invalid(
                "base_image",
                "The run had no container image: choose the image to build on.",
            )
            .because(Reason::BaseImageMissing)
        })?;
        let request = ImageBuildRequest {
            id: new_id(),
            base_image,
            model_uri: model_uri(&version),
            model_name: args.name.clone(),
            model_version: args.version.to_string(),
            run_id: version.run_id.clone().filter(|id| !id.is_empty()),
            description: version.description.clone(),
            created_at: version.created_at,
            target: target.to_string(),
            insecure: false,
            ca_pem: None,
            credentials: None,
        };
        Ok((request, machine_id))
    }

    fn is_under_way(&self, subject: &str) -> bool {
        let running = self.operations().lock();
        running
            .values()
            .any(|operation| operation.subject == subject)
    }

    /// The operation as recorded, with what is newer in memory.
    fn operation_of(&self, record: OperationRecord) -> Option<Operation> {
        if let Some(operation) = self.operations().get(&record.id) {
            return Some(operation);
        }
        // One written by another version is left out.
        serde_json::from_value(record.body).ok()
    }

    /// Follows an operation to its end, over lost connections.
    async fn follow(&self, mut job: Job) {
        let stopping = self.stopping();
        let mut revision = 0;
        loop {
            let asked = tokio::select! {
                // Taken up again when the workspace is opened.
                () = stopping.cancelled() => return,
                asked = self.ask(&job, revision) => asked,
            };
            let wait = match asked {
                Ok(view) => {
                    revision = view.revision;
                    let changed = self.take_in(&mut job, &view);
                    if view.state.is_final() {
                        return self.finish(job, view).await;
                    }
                    if changed && let Err(error) = self.operation_note(&job).await {
                        tracing::warn!(%error, id = %job.operation.id, "an operation could not be written down");
                    }
                    PACE
                }
                // The agent does not know the build, or the machine was forgotten.
                Err(error) if error.code == Code::NotFound => {
                    let error = ErrorBody::new(
                        Code::Disconnected,
                        "The agent was restarted before the image was finished. Start it again.",
                    )
                    .because(Reason::AgentRestartedDuringBuild);
                    return self.end(job, OperationState::Failed, Some(error)).await;
                }
                // The way to the agent fails; the work there goes on.
                Err(error) => {
                    tracing::debug!(%error, id = %job.operation.id, "an operation cannot be followed at the moment");
                    RETRY
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn ask(&self, job: &Job, revision: u64) -> Result<BuildView, ErrorBody> {
        let client = self.machine_client(&job.machine_id).await?;
        client
            .image_build(&job.operation.id, revision, NEWS_WAIT)
            .await
    }

    /// Takes over how far it has come; answers whether a step began or ended.
    fn take_in(&self, job: &mut Job, view: &BuildView) -> bool {
        let new = steps(view);
        let states = |steps: &[OperationStep]| steps.iter().map(|s| s.state).collect::<Vec<_>>();
        let changed = states(&new) != states(&job.operation.steps);
        job.operation.steps = new;
        if let Some(operation) = self.operations().lock().get_mut(&job.operation.id) {
            *operation = job.operation.clone();
        }
        self.emit_for(&[Topic::Operations], &job.operation.id);
        changed
    }

    async fn finish(&self, mut job: Job, view: BuildView) {
        let Some(result) = view.result else {
            let state = match view.state {
                StepState::Cancelled => OperationState::Cancelled,
                _ => OperationState::Failed,
            };
            return self.end(job, state, view.error).await;
        };
        let image = ImageRecord {
            model: job.model.clone(),
            version: job.version,
            reference: job.target.clone(),
            digest: result.digest,
            size: result.size,
            registry_id: job.registry_id.clone(),
            created_at: self.now(),
        };
        job.operation.image = Some(image_row(&image));
        match self.db(move |store| store.image_save(&image)).await {
            Ok(()) => self.end(job, OperationState::Done, None).await,
            // Pushed, but nobody would know it: starting again pushes nothing new.
            Err(error) => self.end(job, OperationState::Failed, Some(error)).await,
        }
    }

    async fn end(&self, mut job: Job, state: OperationState, problem: Option<ErrorBody>) {
        settle(&mut job.operation, state, problem.clone(), self.now());
        if let Err(error) = self.operation_note(&job).await {
            tracing::error!(%error, id = %job.operation.id, "the end of an operation could not be written down");
        }
        let operation = &job.operation;
        self.operations().lock().remove(&operation.id);
        let subject = format!("{} {}", job.model, job.version);
        let (kind, detail) = match state {
            OperationState::Done => (
                ActivityKind::ImagePushed,
                operation
                    .image
                    .as_ref()
                    .map(|image| image.reference.clone()),
            ),
            _ => (ActivityKind::ImageFailed, Some(job.target.clone())),
        };
        if state != OperationState::Cancelled {
            self.activity(kind, &job.model, &subject, detail, problem)
                .await;
        }
        self.emit_for(&[Topic::Operations, Topic::Models], &operation.id);
    }

    async fn operation_note(&self, job: &Job) -> Result<(), ErrorBody> {
        let body = serde_json::to_value(job);
        let (id, state) = (job.operation.id.clone(), word(&job.operation.state));
        let started_at = job.operation.started_at;
        self.db(move |store| {
            store.operation_save(&OperationRecord {
                id,
                state,
                started_at,
                body: body?,
            })
        })
        .await
    }
}

/// No more comes of an operation.
fn settle(
    operation: &mut Operation,
    state: OperationState,
    problem: Option<ErrorBody>,
    at: Millis,
) {
    operation.state = state;
    operation.ended_at = Some(at);
    operation.problem = problem;
    for step in &mut operation.steps {
        if step.state == OperationState::Running {
            step.state = state;
        }
    }
}

/// The name that the image gets, with each part checked as the field that it was typed into.
fn target(registry: &RegistryRecord, repository: &str, tag: &str) -> Result<Reference, ErrorBody> {
    let (repository, tag) = (repository.trim(), tag.trim());
    if repository.contains([':', '@']) {
        return Err(ErrorBody::invalid(
            "repository",
            "A repository has neither a tag nor a digest: models/penguins, for example.",
        )
        .because(Reason::RepositoryBad)
        .with("value", validate::shorten(repository)));
    }
    let name = format!("{}/{repository}", registry.host);
    name.parse::<Reference>()
        .map_err(|error| of_field(&error, "repository", repository, Reason::RepositoryBad))?
        .with_tag(tag)
        .map_err(|error| of_field(&error, "tag", tag, Reason::TagBad))
}

fn steps(view: &BuildView) -> Vec<OperationStep> {
    view.steps
        .iter()
        .map(|step| OperationStep {
            id: match step.kind {
                BuildStepKind::Base => OperationStepId::Base,
                BuildStepKind::Pack => OperationStepId::Pack,
                BuildStepKind::Push => OperationStepId::Push,
            },
            state: match step.state {
                StepState::Waiting => OperationState::Waiting,
                StepState::Running => OperationState::Running,
                StepState::Done => OperationState::Done,
                StepState::Failed => OperationState::Failed,
                StepState::Cancelled => OperationState::Cancelled,
            },
            done: step.done,
            total: (step.total > 0).then_some(step.total),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_target_is_told_of_its_own_field() {
        let registry = RegistryRecord {
            id: String::new(),
            host: "10.99.0.1:5000".to_owned(),
            username: None,
            insecure: true,
            created_at: 0,
            tested_at: None,
            problem: None,
        };
        let field = |repository: &str, tag: &str| {
            let error = target(&registry, repository, tag).unwrap_err();
            assert_eq!(error.code, Code::Invalid);
            error.details["field"].clone()
        };
        for repository in ["", "UPPER", "a:1", "a@b", "a//b", "ä", "/a", "a b"] {
            assert_eq!(field(repository, "1"), "repository", "{repository}");
        }
        for tag in ["", "-1", "a b", "ä", &"x".repeat(129)] {
            assert_eq!(field("models/x", tag), "tag", "{tag}");
        }
        let good = target(&registry, " models/x ", "1").unwrap();
        assert_eq!(good.to_string(), "10.99.0.1:5000/models/x:1");
    }
}
