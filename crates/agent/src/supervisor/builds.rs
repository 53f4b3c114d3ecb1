//! A model version becomes an image in a registry: base out of the engine, model on
//! top, blob by blob to the registry. Builds are held in memory only: so are their
//! credentials.

use std::{io, str::FromStr as _, sync::Arc, time::Duration};

use futures_util::TryStreamExt as _;
use skerry_domain::{Code, Coded as _, EngineKind, ErrorBody, validate};
use skerry_images::{
    Base, BuildSpec, Credentials, ModelFacts, Progress, ProgressFn, Reference, Registry,
};
use tokio::{sync::watch, time::timeout};
use tokio_util::{io::StreamReader, sync::CancellationToken};

use super::{
    Agent, artifacts,
    failure::{Failure, io_failure, off_thread},
    lock, unknown,
};
use crate::api::{BuildResult, BuildStep, BuildStepKind, BuildView, ImageBuildRequest, StepState};

/// The scoring server that goes into the image.
const SCORE_PY: &[u8] = include_bytes!("../../../../assets/scoring/score.py");
/// So many builds that have ended are remembered.
const REMEMBERED: usize = 50;

/// A build, under way or ended.
pub(super) struct Build {
    view: watch::Sender<BuildView>,
    cancel: CancellationToken,
}

impl Build {
    pub(super) fn view(&self) -> BuildView {
        self.view.borrow().clone()
    }

    /// Waits until its revision is above `after`, but not for long.
    pub(super) async fn view_after(&self, after: u64, wait: Duration) -> BuildView {
        let mut seen = self.view.subscribe();
        let _ = timeout(wait, seen.wait_for(|view| view.revision > after)).await;
        self.view()
    }

    pub(super) fn cancel(&self) {
        self.cancel.cancel();
    }

    fn change(&self, change: impl FnOnce(&mut BuildView)) {
        self.view.send_modify(|view| {
            change(view);
            view.revision += 1;
        });
    }

    fn step(&self, kind: BuildStepKind, change: impl FnOnce(&mut BuildStep)) {
        self.change(|view| {
            if let Some(step) = view.steps.iter_mut().find(|step| step.kind == kind) {
                change(step);
            }
        });
    }

    fn begin(&self, kind: BuildStepKind) {
        self.step(kind, |step| step.state = StepState::Running);
    }

    fn done(&self, kind: BuildStepKind) {
        self.step(kind, |step| {
            step.state = StepState::Done;
            step.total = step.done.max(step.total);
        });
    }

    fn progress(self: &Arc<Self>) -> ProgressFn {
        let build = Arc::clone(self);
        Arc::new(move |progress| {
            let (kind, done, total) = match progress {
                Progress::Reading { bytes } => (BuildStepKind::Base, bytes, 0),
                Progress::Packing { bytes } => (BuildStepKind::Pack, bytes, 0),
                Progress::Pushing { sent, total, .. } => (BuildStepKind::Push, sent, total),
            };
            build.step(kind, |step| {
                step.done = done;
                step.total = total;
            });
        })
    }

    fn end(&self, ended: Failure<BuildResult>) {
        let cancelled = self.cancel.is_cancelled();
        self.change(|view| {
            let state = match &ended {
                Ok(_) => StepState::Done,
                Err(error) if cancelled || error.code == Code::Cancelled => StepState::Cancelled,
                Err(_) => StepState::Failed,
            };
            for step in &mut view.steps {
                if step.state == StepState::Running {
                    step.state = state;
                }
            }
            view.state = state;
            match ended {
                Ok(result) => view.result = Some(result),
                Err(error) => view.error = Some(error),
            }
        });
    }
}

pub(super) fn get(agent: &Agent, id: &str) -> Failure<Arc<Build>> {
    lock(&agent.builds)
        .get(id)
        .cloned()
        .ok_or_else(|| unknown("image build", id))
}

/// Starts a build; one of that id that is there already is answered as it is.
pub(super) fn start(agent: &Arc<Agent>, request: ImageBuildRequest) -> Failure<BuildView> {
    check(&request)?;
    let target = Reference::from_str(&request.target)?;
    let build = {
        let mut builds = lock(&agent.builds);
        if let Some(there) = builds.get(&request.id) {
            return Ok(there.view());
        }
        if builds.len() >= REMEMBERED {
            builds.retain(|_, build| !build.view.borrow().state.is_final());
        }
        let step = |kind| BuildStep {
            kind,
            state: StepState::Waiting,
            done: 0,
            total: 0,
        };
        let build = Arc::new(Build {
            view: watch::Sender::new(BuildView {
                id: request.id.clone(),
                revision: 1,
                state: StepState::Running,
                steps: vec![
                    step(BuildStepKind::Base),
                    step(BuildStepKind::Pack),
                    step(BuildStepKind::Push),
                ],
                result: None,
                error: None,
            }),
            cancel: CancellationToken::new(),
        });
        builds.insert(request.id.clone(), Arc::clone(&build));
        build
    };
    let view = build.view();
    let agent = Arc::clone(agent);
    tokio::spawn(async move {
        let work = agent.home.build(&request.id);
        let ended = tokio::select! {
            ended = run(&agent, &build, request, target, &work) => ended,
            () = build.cancel.cancelled() => Err(cancelled()),
        };
        let cleared = off_thread(move || match std::fs::remove_dir_all(&work) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_failure("A build's folder cannot be removed", &error))
            }
            _ => Ok(()),
        });
        if let Err(error) = cleared.await {
            tracing::warn!(%error, "a build's folder is left behind");
        }
        if let Err(error) = &ended {
            tracing::warn!(code = ?error.code, message = %error.message, "an image build ended without an image");
        }
        build.end(ended);
    });
    Ok(view)
}

fn cancelled() -> ErrorBody {
    ErrorBody::new(Code::Cancelled, "The image build was cancelled.")
}

fn check(request: &ImageBuildRequest) -> Failure<()> {
    let id_ok = request.id.len() == 32 && request.id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !id_ok {
        return Err(ErrorBody::invalid(
            "id",
            "A build id has 32 hexadecimal digits.",
        ));
    }
    if request.base_image.is_empty() {
        return Err(ErrorBody::invalid("base_image", "Choose a base image."));
    }
    validate::model_name("model_name", &request.model_name)
}

async fn run(
    agent: &Arc<Agent>,
    build: &Arc<Build>,
    request: ImageBuildRequest,
    target: Reference,
    work: &std::path::Path,
) -> Failure<BuildResult> {
    let (shared, uri) = (Arc::clone(agent), request.model_uri.clone());
    let model_dir = off_thread(move || artifacts::model_folder(&shared, &uri)).await?;
    build.begin(BuildStepKind::Base);
    let base = base(agent, build, &request.base_image).await?;
    build.done(BuildStepKind::Base);
    build.begin(BuildStepKind::Pack);
    tokio::fs::create_dir_all(work)
        .await
        .map_err(|error| io_failure("A build's folder cannot be made", &error))?;
    let spec = BuildSpec {
        model_dir,
        score_py: SCORE_PY.to_vec(),
        model: ModelFacts {
            name: request.model_name,
            version: request.model_version,
            run_id: request.run_id,
            description: request.description,
        },
        created_ms: request.created_at,
    };
    let image = skerry_images::build(&base, spec, work, build.progress(), &build.cancel).await?;
    build.done(BuildStepKind::Pack);
    build.begin(BuildStepKind::Push);
    let registry = Registry {
        host: target.registry().to_owned(),
        insecure: request.insecure,
        ca_pem: request.ca_pem,
        credentials: request.credentials.map(|given| Credentials {
            username: given.username,
            password: given.password,
        }),
    };
    let pushed =
        skerry_images::push(&image, &target, &registry, build.progress(), &build.cancel).await?;
    build.done(BuildStepKind::Push);
    Ok(BuildResult {
        reference: pushed.reference.to_string(),
        digest: pushed.digest.to_string(),
        size: image.size(),
        uploaded_bytes: pushed.uploaded_bytes,
        skipped_bytes: pushed.skipped_bytes,
    })
}

/// The base image, read out of the engine once and kept by its id.
async fn base(agent: &Agent, build: &Arc<Build>, reference: &str) -> Failure<Base> {
    let engine = agent.engine(EngineKind::Docker);
    let image = engine.image(reference).await?;
    let folder = agent.home.image_base(&image.info.id);
    // One at a time: two builds on one base would unpack into each other.
    let _alone = agent.bases.lock().await;
    if let Ok(base) = Base::open(&folder) {
        return Ok(base);
    }
    // One that was broken off, or damaged: again from the start.
    let stale = folder.clone();
    off_thread(move || match std::fs::remove_dir_all(&stale) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_failure(
            "An unfinished base image cannot be removed",
            &error,
        )),
        _ => Ok(()),
    })
    .await?;
    let stream = engine
        .export_image(&image.info.id)
        .await?
        .map_err(io::Error::other);
    skerry_images::unpack_base(
        StreamReader::new(stream),
        &folder,
        build.progress(),
        &build.cancel,
    )
    .await
    .map_err(|error| error.to_body())
}
