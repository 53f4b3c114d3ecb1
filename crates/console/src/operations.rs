//! Operations that take a while: making an image of a model version, saving the files of a run.
//!
//! Each is written down when it begins, when a step begins or ends, and when it ends, so that one
//! that the program did not live to finish is taken up or settled when the workspace is opened.
//! How far a step has come is kept in memory only.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skerry_domain::{Code, ErrorBody, Millis, Reason};
use skerry_store::workspace::OperationRecord;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::Console;
use crate::api::*;
use crate::artifact_save::FilesSave;
use crate::console::word;
use crate::image_build::ImageBuild;
use crate::runs::check_id;

/// How many operations a list shows.
const LISTED: u32 = 100;
/// Least time between two tellings of how far a step has come: oftener than anyone can read.
pub(crate) const PACE: Duration = Duration::from_millis(300);

/// What is under way at the moment.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    running: Mutex<HashMap<String, UnderWay>>,
}

#[derive(Debug)]
struct UnderWay {
    operation: Operation,
    /// What no other operation may work on meanwhile.
    claim: String,
    cancel: CancellationToken,
}

/// An operation with what its work takes; written down as one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job<W> {
    #[serde(flatten)]
    pub(crate) operation: Operation,
    #[serde(flatten)]
    pub(crate) work: W,
}

/// What an operation works on.
pub(crate) trait Work: Serialize {
    /// What no other operation may work on meanwhile.
    fn claim(&self) -> String;

    /// What the activity list says of an operation that has ended.
    fn news(&self, operation: &Operation) -> News<'_>;
}

pub(crate) struct News<'a> {
    pub(crate) kind: ActivityKind,
    pub(crate) subject_id: &'a str,
    pub(crate) subject: String,
    pub(crate) detail: String,
}

/// The work of an operation that was written down.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Kept {
    Image(ImageBuild),
    Files(FilesSave),
}

impl Operations {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, UnderWay>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &str) -> Option<Operation> {
        let running = self.lock();
        running.get(id).map(|entry| entry.operation.clone())
    }

    /// Whether an operation works on that.
    pub(crate) fn claimed(&self, claim: &str) -> bool {
        self.lock().values().any(|entry| entry.claim == claim)
    }

    fn any_saves(&self) -> bool {
        let running = self.lock();
        let mut kinds = running.values().map(|entry| entry.operation.kind);
        kinds.any(|kind| kind == OperationKind::SaveFiles)
    }

    /// Answers with what tells that the operation was cancelled; nothing when another one works
    /// on the same.
    fn enter(
        &self,
        operation: &Operation,
        claim: String,
        cancel: CancellationToken,
    ) -> Option<CancellationToken> {
        let mut running = self.lock();
        if running.values().any(|entry| entry.claim == claim) {
            return None;
        }
        let entry = UnderWay {
            operation: operation.clone(),
            claim,
            cancel: cancel.clone(),
        };
        running.insert(operation.id.clone(), entry);
        Some(cancel)
    }

    fn leave(&self, id: &str) {
        self.lock().remove(id);
    }
}

impl<W> Job<W> {
    pub(crate) fn new(
        id: String,
        kind: OperationKind,
        subject: String,
        steps: Vec<OperationStep>,
        started_at: Millis,
        work: W,
    ) -> Self {
        let operation = Operation {
            id,
            kind,
            subject,
            state: OperationState::Running,
            steps,
            problem: None,
            image: None,
            saved: None,
            started_at,
            ended_at: None,
        };
        Self { operation, work }
    }
}

impl Console {
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
        let record = self.operation_record(&args.id).await?;
        self.operation_of(record)
            .ok_or_else(|| ErrorBody::not_found("operation", &args.id))
    }

    /// Ends an operation. Of an image, what has been pushed stays, so that the next time is
    /// quicker; of files, nothing stays.
    pub async fn operation_cancel(&self, args: ById) -> Result<Operation, ErrorBody> {
        let record = self.operation_record(&args.id).await?;
        let under_way = serde_json::from_value::<Job<Kept>>(record.body)
            .ok()
            .filter(|job| job.operation.ended_at.is_none());
        let Some(job) = under_way else {
            return Err(
                ErrorBody::new(Code::WrongState, "The operation has ended already.")
                    .because(Reason::OperationEnded),
            );
        };
        match &job.work {
            Kept::Image(build) => {
                let client = self.machine_client(&build.machine_id).await?;
                client.cancel_image_build(&args.id).await?;
            }
            Kept::Files(_) => {
                if let Some(entry) = self.operations().lock().get(&args.id) {
                    entry.cancel.cancel();
                }
            }
        }
        self.operation_get(args).await
    }

    /// Takes up what was under way when the workspace was closed, or settles it; one that says
    /// too little, of another version, is settled as failed.
    pub(crate) async fn operations_resume(&self) -> Result<(), ErrorBody> {
        let left = self.db(|store| store.operations_unsettled()).await?;
        for record in left {
            match serde_json::from_value::<Job<Kept>>(record.body.clone()) {
                Ok(Job { operation, work }) => {
                    let claim = match &work {
                        Kept::Image(work) => work.claim(),
                        Kept::Files(work) => work.claim(),
                    };
                    let stopping = self.stopping();
                    if self
                        .operations()
                        .enter(&operation, claim, stopping)
                        .is_none()
                    {
                        self.operation_give_up(record).await?;
                        continue;
                    }
                    let console = self.clone();
                    self.spawn(async move {
                        match work {
                            Kept::Image(work) => {
                                console.follow_build(Job { operation, work }).await;
                            }
                            Kept::Files(work) => {
                                console.settle_save(Job { operation, work }).await;
                            }
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, id = %record.id, "an operation cannot be taken up again");
                    self.operation_give_up(record).await?;
                }
            }
        }
        Ok(())
    }

    async fn operation_give_up(&self, mut record: OperationRecord) -> Result<(), ErrorBody> {
        record.state = word(&OperationState::Failed);
        let now = self.now();
        self.db(move |store| {
            if let Ok(mut operation) = serde_json::from_value(record.body.clone()) {
                settle(
                    &mut operation,
                    OperationState::Failed,
                    Some(unfinished()),
                    now,
                );
                record.body = serde_json::to_value(operation)?;
            }
            store.operation_save(&record)
        })
        .await
    }

    async fn operation_record(&self, id: &str) -> Result<OperationRecord, ErrorBody> {
        check_id("id", id)?;
        let asked = id.to_owned();
        self.db(move |store| store.operation(&asked))
            .await?
            .ok_or_else(|| ErrorBody::not_found("operation", id))
    }

    /// The operation as recorded, with what is newer in memory.
    fn operation_of(&self, record: OperationRecord) -> Option<Operation> {
        if let Some(operation) = self.operations().get(&record.id) {
            return Some(operation);
        }
        // One written by another version is left out.
        serde_json::from_value(record.body).ok()
    }

    /// Writes down that an operation has begun; answers with what tells that it was cancelled or
    /// that the workspace closes, and with nothing when another one works on the same.
    pub(crate) async fn operation_begin(
        &self,
        job: &Job<impl Work>,
    ) -> Result<Option<CancellationToken>, ErrorBody> {
        let (claim, stopping) = (job.work.claim(), self.stopping());
        let entered = self.operations().enter(&job.operation, claim, stopping);
        if entered.is_some()
            && let Err(error) = self.operation_note(job).await
        {
            self.operations().leave(&job.operation.id);
            return Err(error);
        }
        Ok(entered)
    }

    /// Waits until no files are being saved: that ends with the workspace.
    pub async fn saves_ended(&self) {
        let mut events = self.events();
        while self.operations().any_saves() {
            // Some that were missed are as good as one.
            if let Err(broadcast::error::RecvError::Closed) = events.recv().await {
                return;
            }
        }
    }

    /// Tells how far an operation has come.
    pub(crate) fn operation_tell(&self, operation: &Operation) {
        if let Some(entry) = self.operations().lock().get_mut(&operation.id) {
            entry.operation = operation.clone();
        }
        self.emit_for(&[Topic::Operations], &operation.id);
    }

    /// Settles an operation, writes it down and tells of it.
    pub(crate) async fn operation_end(
        &self,
        mut job: Job<impl Work>,
        state: OperationState,
        problem: Option<ErrorBody>,
    ) {
        settle(&mut job.operation, state, problem.clone(), self.now());
        if let Err(error) = self.operation_note(&job).await {
            tracing::error!(%error, id = %job.operation.id, "the end of an operation could not be written down");
        }
        let Job { operation, work } = &job;
        self.operations().leave(&operation.id);
        if state != OperationState::Cancelled {
            let news = work.news(operation);
            let (id, subject, detail) = (news.subject_id, &news.subject, news.detail);
            self.activity(news.kind, id, subject, Some(detail), problem)
                .await;
        }
        self.emit_for(&[Topic::Operations], &operation.id);
    }

    pub(crate) async fn operation_note(&self, job: &Job<impl Work>) -> Result<(), ErrorBody> {
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

/// Why an operation failed that the program did not live to finish.
pub(crate) fn unfinished() -> ErrorBody {
    ErrorBody::new(
        Code::Cancelled,
        "Skerry was closed before this was finished. Start it again.",
    )
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
