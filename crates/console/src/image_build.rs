//! Making an image of a model version and pushing it.
//!
//! The agent does the work and keeps the state; here it is followed and written down at each step.
//! Closing the console ends the following, not the work: opened again, it asks the agent for the
//! same build.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use skerry_agent::api::{BuildStepKind, BuildView, ImageBuildRequest, StepState};
use skerry_domain::{Code, ErrorBody, Reason, validate};
use skerry_images::Reference;
use skerry_store::workspace::{ImageRecord, RegistryRecord};

use crate::Console;
use crate::api::*;
use crate::console::new_id;
use crate::models::{image_row, model_uri, version_machine};
use crate::operations::{Job, News, PACE, Work};
use crate::registries::of_field;

/// How long one question to the agent waits for news.
const NEWS_WAIT: Duration = Duration::from_secs(20);
/// Time between two attempts to reach a machine that does not answer.
const RETRY: Duration = Duration::from_secs(3);

/// What following a build takes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImageBuild {
    pub(crate) machine_id: String,
    registry_id: String,
    /// The name that the image gets.
    target: String,
    model: String,
    version: u32,
}

impl Work for ImageBuild {
    fn claim(&self) -> String {
        subject(&self.model, self.version)
    }

    fn news(&self, operation: &Operation) -> News<'_> {
        let image = operation.image.as_ref();
        let (kind, detail) = match image.filter(|_| operation.state == OperationState::Done) {
            Some(image) => (ActivityKind::ImagePushed, image.reference.clone()),
            None => (ActivityKind::ImageFailed, self.target.clone()),
        };
        News {
            kind,
            subject_id: &self.model,
            subject: subject(&self.model, self.version),
            detail,
        }
    }
}

impl Console {
    /// Makes an image of a model version and pushes it; answers once the agent has begun.
    pub async fn containerize(&self, args: Containerize) -> Result<Operation, ErrorBody> {
        validate::model_name("name", &args.name)?;
        let registry = self.registry_record(&args.registry_id).await?;
        let target = target(&registry, &args.repository, &args.tag)?;
        let (mut request, machine_id) = self.build_request(&args, &target).await?;
        let subject = subject(&args.name, args.version);
        if self.operations().claimed(&subject) {
            return Err(being_made(&subject));
        }
        request.insecure = registry.insecure;
        request.credentials = self
            .registry_credentials(&registry.host)
            .await?
            .and_then(|(_, credentials)| credentials);
        let client = self.machine_client(&machine_id).await?;
        let view = client.start_image_build(&request).await?;
        let build = ImageBuild {
            machine_id,
            registry_id: registry.id,
            target: target.to_string(),
            model: args.name,
            version: args.version,
        };
        let job = Job::new(
            request.id,
            OperationKind::Containerize,
            subject.clone(),
            steps(&view),
            self.now(),
            build,
        );
        let operation = job.operation.clone();
        if self.operation_begin(&job).await?.is_none() {
            return Err(being_made(&subject));
        }
        let console = self.clone();
        self.spawn(async move { console.follow_build(job).await });
        Ok(operation)
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

    /// Follows an operation to its end, over lost connections.
    pub(crate) async fn follow_build(&self, mut job: Job<ImageBuild>) {
        let stopping = self.stopping();
        let mut revision = 0;
        loop {
            let asked = tokio::select! {
                // Taken up again when the workspace is opened.
                () = stopping.cancelled() => return,
                asked = self.ask_for_build(&job, revision) => asked,
            };
            let wait = match asked {
                Ok(view) => {
                    revision = view.revision;
                    let changed = self.take_in(&mut job.operation, &view);
                    if view.state.is_final() {
                        return self.finish_build(job, view).await;
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
                    return self
                        .operation_end(job, OperationState::Failed, Some(error))
                        .await;
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

    async fn ask_for_build(
        &self,
        job: &Job<ImageBuild>,
        revision: u64,
    ) -> Result<BuildView, ErrorBody> {
        let client = self.machine_client(&job.work.machine_id).await?;
        client
            .image_build(&job.operation.id, revision, NEWS_WAIT)
            .await
    }

    /// Takes over how far it has come; answers whether a step began or ended.
    fn take_in(&self, operation: &mut Operation, view: &BuildView) -> bool {
        let new = steps(view);
        let states = |steps: &[OperationStep]| steps.iter().map(|s| s.state).collect::<Vec<_>>();
        let changed = states(&new) != states(&operation.steps);
        operation.steps = new;
        self.operation_tell(operation);
        changed
    }

    async fn finish_build(&self, mut job: Job<ImageBuild>, view: BuildView) {
        let Some(result) = view.result else {
            let state = match view.state {
                StepState::Cancelled => OperationState::Cancelled,
                _ => OperationState::Failed,
            };
            return self.operation_end(job, state, view.error).await;
        };
        let image = ImageRecord {
            model: job.work.model.clone(),
            version: job.work.version,
            reference: job.work.target.clone(),
            digest: result.digest,
            size: result.size,
            registry_id: job.work.registry_id.clone(),
            created_at: self.now(),
        };
        job.operation.image = Some(image_row(&image));
        let (state, problem) = match self.db(move |store| store.image_save(&image)).await {
            Ok(()) => (OperationState::Done, None),
            // Pushed, but nobody would know it: starting again pushes nothing new.
            Err(error) => (OperationState::Failed, Some(error)),
        };
        self.operation_end(job, state, problem).await;
        self.emit_topics(&[Topic::Models]);
    }
}

fn subject(model: &str, version: u32) -> String {
    format!("{model}/{version}")
}

fn being_made(subject: &str) -> ErrorBody {
    ErrorBody::new(
        Code::Busy,
        format!("An image of {subject} is being made already."),
    )
    .because(Reason::ImageBeingMade)
    .with("subject", subject)
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
