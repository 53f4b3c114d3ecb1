//! The open workspace: its folder, its store, its secrets, its events.

use std::fs::{File, TryLockError};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use skerry_domain::{Code, Coded as _, ErrorBody, Millis, Via};
use skerry_secrets::Secrets;
use skerry_store::workspace::NewActivity;
use skerry_store::{Actor, Store, StoreError, StoreOptions};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{ActivityKind, Event, Topic};
use crate::link::Links;
use crate::operations::Operations;
use crate::run_export::Exports;
use crate::services::ServiceViews;
use crate::setup::Setups;

/// Events that a slow reader may lag behind before it has to read everything anew.
const EVENTS_KEPT: usize = 1024;

/// How to open a workspace.
#[derive(Debug, Clone)]
pub struct ConsoleOptions {
    /// Data folder; made when it is not there.
    pub data_dir: PathBuf,
    /// The program of this computer's agent; `None` takes the one beside this program.
    pub agent_program: Option<PathBuf>,
    /// Keep a link to every machine. Off for commands that only look at the store.
    pub links: bool,
    /// Who uses the console; `None` asks the operating system, as every host does.
    pub person: Option<String>,
}

impl ConsoleOptions {
    /// A workspace in this folder, with all that belongs to it.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            agent_program: None,
            links: true,
            person: None,
        }
    }
}

/// The data folder to use when nobody named one: `$SKERRY_DATA`, else `skerry` in
/// the user's data folder.
pub fn default_data_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = set("SKERRY_DATA") {
        return folder.into();
    }
    set("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("."))
        .join("skerry")
}

/// An open workspace. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Console {
    inner: Arc<Inner>,
    actor: Arc<Actor>,
}

struct Inner {
    data_dir: PathBuf,
    agent_program: Option<PathBuf>,
    store: Store,
    secrets: Secrets,
    events: broadcast::Sender<Event>,
    links: Links,
    setups: Setups,
    operations: Operations,
    exports: Exports,
    services: ServiceViews,
    stopping: CancellationToken,
    tasks: TaskTracker,
    hostname: String,
    /// Held as long as the workspace is open: one program at a time.
    _lock: File,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console")
            .field("data_dir", &self.inner.data_dir)
            .finish_non_exhaustive()
    }
}

impl Console {
    /// Opens the workspace, starts the links to its machines and takes up what was left under
    /// way.
    ///
    /// # Errors
    /// [`Code::DataFolderInUse`], [`Code::FileAccess`], and what the store says.
    pub async fn open(options: ConsoleOptions) -> Result<Self, ErrorBody> {
        forbid_core_dumps();
        let data_dir = std::path::absolute(&options.data_dir).map_err(|error| {
            folder_problem(
                "The data folder has no usable path",
                &options.data_dir,
                &error,
            )
        })?;
        let (lock, store) = {
            let data_dir = data_dir.clone();
            blocking(move || {
                let lock = lock_folder(&data_dir)?;
                let store = Store::open(&data_dir.join("workspace.db"), StoreOptions::default())
                    .map_err(|error| error.to_body())?;
                Ok((lock, store))
            })
            .await?
        };
        let workspace = workspace_id(&store)?;
        let secrets = Secrets::open(&workspace, &data_dir.join("secrets.vault")).await;
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        let console = Self {
            inner: Arc::new(Inner {
                agent_program: options.agent_program,
                store,
                secrets,
                events,
                links: Links::default(),
                setups: Setups::default(),
                operations: Operations::default(),
                exports: Exports::default(),
                services: ServiceViews::default(),
                stopping: CancellationToken::new(),
                tasks: TaskTracker::new(),
                hostname: hostname(),
                data_dir,
                _lock: lock,
            }),
            actor: Arc::new(options.person.map_or_else(this_person, Actor::person)),
        };
        tracing::info!(data_dir = %console.data_dir().display(), "the workspace is open");
        if options.links {
            console.links_start().await;
            console.operations_resume().await?;
            console.services_watch();
        }
        Ok(console)
    }

    /// Ends the links and waits for what is under way; machines go on by themselves.
    pub async fn close(&self) {
        self.inner.stopping.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        tracing::info!("the workspace is closed");
    }

    /// What changes from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.inner.events.subscribe()
    }

    /// For who tells of changes and must not keep the workspace open.
    pub(crate) fn event_sender(&self) -> broadcast::Sender<Event> {
        self.inner.events.clone()
    }

    /// The data folder, absolute.
    pub fn data_dir(&self) -> &Path {
        &self.inner.data_dir
    }

    /// The program of this computer's agent.
    ///
    /// # Errors
    /// [`Code::AgentBinaryMissing`].
    pub(crate) fn agent_program(&self) -> Result<PathBuf, ErrorBody> {
        match &self.inner.agent_program {
            Some(program) => Ok(program.clone()),
            None => skerry_agent::local::beside_me(),
        }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Calls the store off the async threads.
    pub(crate) async fn db<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ErrorBody> {
        let store = self.inner.store.clone();
        blocking(move || call(&store).map_err(|error| error.to_body())).await
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.inner.secrets
    }

    pub(crate) fn setups(&self) -> &Setups {
        &self.inner.setups
    }

    pub(crate) fn links(&self) -> &Links {
        &self.inner.links
    }

    pub(crate) fn exports(&self) -> &Exports {
        &self.inner.exports
    }

    pub(crate) fn operations(&self) -> &Operations {
        &self.inner.operations
    }

    pub(crate) fn services(&self) -> &ServiceViews {
        &self.inner.services
    }

    /// Cancelled when the workspace closes.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.inner.stopping.child_token()
    }

    /// Runs a task that [`Console::close`] waits for; it must heed
    /// [`Console::stopping`].
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inner.tasks.spawn(task);
    }

    /// The person at this computer.
    pub(crate) fn user(&self) -> &str {
        &self.actor.who
    }

    /// Whom the history of the registry names.
    pub(crate) fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// The same console, used by somebody else.
    pub(crate) fn used_by(&self, person: String) -> Self {
        Self {
            inner: self.inner.clone(),
            actor: Arc::new(Actor::person(person)),
        }
    }

    /// This computer's name.
    pub(crate) fn hostname(&self) -> &str {
        &self.inner.hostname
    }

    pub(crate) fn now(&self) -> Millis {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
            })
    }

    /// Tells all hosts that something has changed.
    pub(crate) fn emit(&self, event: Event) {
        // Nobody listening is fine.
        let _ = self.inner.events.send(event);
    }

    /// Something about these topics has changed.
    pub(crate) fn emit_topics(&self, topics: &[Topic]) {
        if !topics.is_empty() {
            self.emit(Event {
                topics: topics.to_vec(),
                id: None,
            });
        }
    }

    /// Something about these topics has changed, at one thing.
    pub(crate) fn emit_for(&self, topics: &[Topic], id: &str) {
        self.emit(Event {
            topics: topics.to_vec(),
            id: Some(id.to_owned()),
        });
    }

    /// Writes down what the person did. Never fails: what happened has happened.
    pub(crate) async fn activity(
        &self,
        kind: ActivityKind,
        subject_id: &str,
        subject: &str,
        detail: Option<String>,
        problem: Option<ErrorBody>,
    ) {
        let actor = self.user().to_owned();
        let entry = self.new_activity(actor, kind, subject_id, subject, detail, problem);
        self.write_activity(entry).await;
    }

    /// Writes down what happened at a machine.
    pub(crate) async fn machine_activity(
        &self,
        machine: &str,
        kind: ActivityKind,
        subject_id: &str,
        subject: &str,
        detail: Option<String>,
        problem: Option<ErrorBody>,
    ) {
        let actor = machine.to_owned();
        let entry = self.new_activity(actor, kind, subject_id, subject, detail, problem);
        self.write_activity(entry).await;
    }

    pub(crate) fn new_activity(
        &self,
        actor: String,
        kind: ActivityKind,
        subject_id: &str,
        subject: &str,
        detail: Option<String>,
        problem: Option<ErrorBody>,
    ) -> NewActivity {
        NewActivity {
            at: self.now(),
            actor,
            kind: word(&kind),
            subject_id: subject_id.to_owned(),
            subject: subject.to_owned(),
            detail,
            problem,
            once: None,
        }
    }

    pub(crate) async fn write_activity(&self, entry: NewActivity) {
        match self.db(move |store| store.activity_add(&entry)).await {
            Ok(true) => self.emit_topics(&[Topic::Activity]),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the activity list could not be written"),
        }
    }
}

/// The word that a value without fields has on the wire.
pub(crate) fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Runs blocking work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ErrorBody> + Send + 'static,
) -> Result<T, ErrorBody> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            Err(ErrorBody::new(
                Code::Internal,
                format!("The work was broken off: {error}."),
            ))
        })
}

fn lock_folder(folder: &Path) -> Result<File, ErrorBody> {
    let failed =
        |error: &std::io::Error| folder_problem("The data folder cannot be used", folder, error);
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Params, logs and host names are nobody else's business.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
            .map_err(|error| failed(&error))?;
    }
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))
        .map_err(|error| failed(&error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(ErrorBody::new(
            Code::DataFolderInUse,
            format!("Another Skerry uses the data folder {}.", folder.display()),
        )
        .with("path", folder.display().to_string())),
        Err(TryLockError::Error(error)) => Err(failed(&error)),
    }
}

fn folder_problem(what: &str, folder: &Path, error: &std::io::Error) -> ErrorBody {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::FileAccess,
    };
    ErrorBody::new(code, format!("{what}: {}: {error}.", folder.display()))
        .with("path", folder.display().to_string())
}

/// Made with the workspace; secrets of two workspaces never meet.
fn workspace_id(store: &Store) -> Result<String, ErrorBody> {
    const KEY: &str = "workspace_id";
    let known = store.setting(KEY).map_err(|error| error.to_body())?;
    if let Some(Value::String(id)) = known {
        return Ok(id);
    }
    let id = new_id();
    store
        .setting_set(KEY, &Value::String(id.clone()))
        .map_err(|error| error.to_body())?;
    Ok(id)
}

/// A new id: uuid4, 32 hexadecimal digits.
pub(crate) fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// A person: the name that the system has for the user, which no environment variable
/// can change.
pub(crate) fn person(uid: nix::unistd::Uid) -> String {
    match nix::unistd::User::from_uid(uid) {
        Ok(Some(user)) if !user.name.is_empty() => user.name,
        _ => format!("uid {uid}"),
    }
}

/// Who runs this program. Within a user namespace anybody can be anybody: there the name
/// is not vouched for.
pub(crate) fn this_person() -> Actor {
    let name = person(nix::unistd::getuid());
    let whole = |map: String| map.split_whitespace().eq(["0", "0", "4294967295"]);
    // Where the kernel knows no such namespaces there is no such file.
    if std::fs::read_to_string("/proc/self/uid_map").map_or(true, whole) {
        Actor::person(name)
    } else {
        Actor::new(Via::Unknown, name)
    }
}

fn hostname() -> String {
    nix::sys::utsname::uname()
        .map(|uname| uname.nodename().to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// No core dumps: memory holds secrets.
fn forbid_core_dumps() {
    use nix::sys::resource::{Resource, setrlimit};
    if let Err(error) = setrlimit(Resource::RLIMIT_CORE, 0, 0) {
        tracing::warn!(%error, "core dumps could not be forbidden");
    }
}
