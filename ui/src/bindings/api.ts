// Generated from the command table in crates/console by `cargo xtask bindings`. Do not edit.

/**
 * What can happen.
 */
export type ActivityKind = "machine_registered" | "machine_forgotten" | "machine_unreachable" | "machine_reachable" | "host_key_pinned" | "run_started" | "run_finished" | "run_failed" | "run_cancelled" | "run_interrupted" | "files_saved" | "files_save_failed" | "version_registered" | "alias_set" | "alias_removed" | "alias_protected" | "alias_unprotected" | "alias_unprotect_asked" | "approval_asked" | "approval_given" | "approval_refused" | "approval_withdrawn" | "version_deleted" | "model_deleted" | "image_pushed" | "image_failed" | "deployment_created" | "deployment_updated" | "deployment_rolled_back" | "deployment_stopped" | "deployment_started" | "deployment_deleted" | "deployment_healthy" | "deployment_unhealthy" | "registry_saved" | "registry_deleted" | "secret_deleted";

/**
 * Asks for a page of what happened, newest first.
 */
export type ActivityQuery = {
/**
 * Only entries before this id; `None` starts with the newest.
 */
before_id: number | null,
/**
 * At most so many (1 to 500).
 */
limit: number, };

/**
 * Something that happened.
 */
export type ActivityRow = {
/**
 * Rises with time.
 */
id: number,
/**
 * When.
 */
at: number,
/**
 * Who: the person at the OS, or a machine's name.
 */
actor: string,
/**
 * What, as a stable word such as `machine_registered`; the UI has the sentence.
 */
kind: ActivityKind,
/**
 * The id of what it happened to.
 */
subject_id: string,
/**
 * Its name.
 */
subject: string,
/**
 * A detail: version, alias, state.
 */
detail: string | null,
/**
 * What the detail says, for the UI's words: exit_code; machine; version; alias;
 * model and version; reference; host; fingerprint.
 */
facts?: { [key in string]: string },
/**
 * The error, when it is about a failure.
 */
problem: ErrorBody | null, };

/**
 * Upload and start of the agent.
 */
export type AgentInstall = {
/**
 * What is being done.
 */
phase: AgentInstallPhase,
/**
 * Bytes sent.
 */
sent_bytes: number,
/**
 * Size of the program.
 */
total_bytes: number,
/**
 * Where it lies on the machine.
 */
path: string,
/**
 * Its version, once it answers.
 */
version: string | null, };

/**
 * What is being done with the agent.
 */
export type AgentInstallPhase = "uploading" | "starting" | "answering";

/**
 * What an alias stood for during a time.
 */
export type AliasAt = {
/**
 * The version at the beginning; `None` for none, or when it is not known.
 */
version: number | null,
/**
 * The entry that says so.
 */
since: RegistryHistoryRow | null,
/**
 * Moves after the beginning, oldest first.
 */
moves: Array<RegistryHistoryRow>,
/**
 * The model is older than its history, which begins here: what was before is not known.
 */
known_from: number | null, };

/**
 * Asks what an alias stood for during a time.
 */
export type AliasAtQuery = {
/**
 * Model, by a name that it has or had.
 */
name: string,
/**
 * Alias.
 */
alias: string,
/**
 * From then.
 */
from: number,
/**
 * Until then; the same for one moment.
 */
to: number, };

/**
 * Removes an alias.
 */
export type AliasDelete = {
/**
 * Model.
 */
name: string,
/**
 * Alias.
 */
alias: string, };

/**
 * Protects an alias, or lets it free.
 */
export type AliasProtect = {
/**
 * Model.
 */
name: string,
/**
 * Alias; it need not stand for anything yet.
 */
alias: string,
/**
 * It moves only to approved versions.
 */
protect: boolean,
/**
 * Why.
 */
reason: string | null, };

/**
 * What came of it.
 */
export type AliasProtected = {
/**
 * That the alias is protected, that a second person has yet to agree that it be free,
 * or that it is free.
 */
event: RegistryEvent, };

/**
 * An alias.
 */
export type AliasRow = {
/**
 * Alias.
 */
alias: string,
/**
 * Version it stands for.
 */
version: number,
/**
 * It moves only to approved versions.
 */
protected: boolean, };

/**
 * Sets an alias.
 */
export type AliasSet = {
/**
 * Model.
 */
name: string,
/**
 * Alias.
 */
alias: string,
/**
 * Version it shall stand for.
 */
version: number, };

/**
 * About this program and its workspace.
 */
export type AppInfo = {
/**
 * Version of Skerry.
 */
version: string,
/**
 * Where the workspace lives.
 */
data_dir: string,
/**
 * Where the log files are.
 */
log_dir: string,
/**
 * Name of the person at the OS.
 */
user: string,
/**
 * Name of this computer.
 */
hostname: string,
/**
 * No machine, no run, no model yet: show the welcome.
 */
empty: boolean,
/**
 * State of the place for secrets.
 */
secret_store: SecretStoreInfo, };

/**
 * Asks for the approval of a version, or takes a request or an approval back.
 */
export type ApprovalAsk = {
/**
 * Model.
 */
name: string,
/**
 * Version.
 */
version: number,
/**
 * Why; needed to take back an approval that was given.
 */
reason: string | null, };

/**
 * Approves a version, or refuses to.
 */
export type ApprovalDecide = {
/**
 * Model.
 */
name: string,
/**
 * Version.
 */
version: number,
/**
 * Approve it.
 */
approve: boolean,
/**
 * Why.
 */
reason: string, };

/**
 * The approval of a model version.
 */
export type ApprovalRow = {
/**
 * Where it stands.
 */
state: ApprovalState,
/**
 * The last request.
 */
asked: ApprovalStep | null,
/**
 * What came of it.
 */
settled: ApprovalStep | null,
/**
 * Approved, but its files are others now: it counts no more.
 */
files_changed: boolean,
/**
 * The person at this console asked, and so cannot decide.
 */
own: boolean, };

/**
 * Where the approval of a version stands.
 */
export type ApprovalState = "none" | "asked" | "approved" | "refused" | "withdrawn";

/**
 * A step of an approval.
 */
export type ApprovalStep = {
/**
 * Who.
 */
who: string,
/**
 * When.
 */
at: number,
/**
 * Why.
 */
reason: string | null,
/**
 * Digest of the version's files at that time, when files were known.
 */
files: string | null, };

/**
 * The beginning of an artifact.
 */
export type ArtifactPreview = { "kind": "text",
/**
 * At most the first 256 KiB; a page of HTML whole up to 5 MiB.
 */
text: string,
/**
 * There is more.
 */
truncated: boolean,
/**
 * `json`, `csv`, `html`, `yaml`, `python`, `text`.
 */
format: string, } | { "kind": "image",
/**
 * `data:image/png;base64,…`; SVG is shown as an image, never as a document.
 */
data_url: string, } | { "kind": "none",
/**
 * Size.
 */
size: number, };

/**
 * Points at a file or folder among a run's artifacts.
 */
export type ArtifactQuery = {
/**
 * Run.
 */
run_id: string,
/**
 * Path inside the run's artifacts; empty is the root.
 */
path: string, };

/**
 * A file or folder among a run's artifacts.
 */
export type ArtifactRow = {
/**
 * Path inside the run's artifacts.
 */
path: string,
/**
 * A folder.
 */
is_dir: boolean,
/**
 * Size of a file.
 */
size: number | null,
/**
 * SHA-256 of a file's content when it was logged, in hexadecimal digits.
 */
sha256: string | null, };

/**
 * Saves an artifact on this computer.
 */
export type ArtifactSave = {
/**
 * Run.
 */
run_id: string,
/**
 * Path inside the run's artifacts; a folder is saved with all below.
 */
path: string,
/**
 * Folder on this computer to put it in.
 */
to_folder: string, };

/**
 * Which value of a metric is its best.
 */
export type Best = "min" | "max";

/**
 * The best value of a metric.
 */
export type BestValue = {
/**
 * Key.
 */
key: string,
/**
 * Value; `null` stands for the infinities, see `special`.
 */
value: number | null,
/**
 * "Infinity" or "-Infinity" when it is one of those.
 */
special: string | null, };

/**
 * The id of something; for commands that need nothing else.
 */
export type ById = {
/**
 * Id.
 */
id: string, };

/**
 * The name of something; for commands that need nothing else.
 */
export type ByName = {
/**
 * Name.
 */
name: string, };

/**
 * A metric as the horizontal axis of others: values at the same step belong together, of
 * each step the last one.
 */
export type ChartAxis = {
/**
 * Its key.
 */
key: string,
/**
 * Only from this value of it, and the point before.
 */
from: number | null,
/**
 * Only to this value of it, and the point behind.
 */
to: number | null, };

/**
 * Asks for charts.
 */
export type ChartQuery = {
/**
 * Run.
 */
run_id: string,
/**
 * Metric keys; empty asks for all (at most 100).
 */
keys: Array<string>,
/**
 * At most so many points per series (10 to 5000); extremes are kept.
 */
max_points: number,
/**
 * Only from this step.
 */
from_step: number | null,
/**
 * Only to this step.
 */
to_step: number | null,
/**
 * Another metric to draw them over instead of steps or time.
 */
over: ChartAxis | null,
/**
 * A smooth line beside the values.
 */
smoothed: SmoothedLines | null, };

/**
 * One metric of one run, thinned so that minimum and maximum of each stretch stay.
 */
export type ChartSeries = {
/**
 * Metric key.
 */
key: string,
/**
 * Steps.
 */
steps: Array<number>,
/**
 * Times.
 */
times: Array<number>,
/**
 * Values; `null` for NaN (a gap) and the infinities.
 */
values: Array<number | null>,
/**
 * Where the smooth line is at each point, from all points that there are, when that was
 * asked for; `null` where the value is.
 */
smoothed: Array<number | null> | null,
/**
 * Points that are infinite: index into the arrays and sign.
 */
infinities: Array<Infinity>,
/**
 * How many points there are in the store.
 */
total: number,
/**
 * Whether points were left out.
 */
thinned: boolean,
/**
 * Where the points lie on another metric, when that was asked for.
 */
over: OverAxis | null, };

/**
 * One preflight check.
 */
export type Check = {
/**
 * Which.
 */
id: CheckId,
/**
 * State.
 */
state: CheckState,
/**
 * What was found; it decides on value, cause and remedy. None before it has run.
 */
finding?: Finding,
/**
 * The parameters of the finding: sizes in bytes, times in milliseconds.
 */
facts?: { [key in string]: string },
/**
 * The finding in English: "Docker 20.10.24 (API 1.41)".
 */
value: string | null,
/**
 * Why it is not well; English.
 */
cause: string | null,
/**
 * What to do.
 */
remedy: string | null,
/**
 * A command to copy.
 */
command: string | null,
/**
 * Time used.
 */
ms: number | null,
/**
 * Time limit.
 */
limit_ms: number,
/**
 * Registration needs it.
 */
required: boolean, };

/**
 * The preflight checks.
 */
export type CheckId = "os" | "cpu" | "memory" | "disk" | "gpu" | "clock" | "engine" | "engine_permission" | "home";

/**
 * State of a check.
 */
export type CheckState = "waiting" | "running" | "ok" | "warning" | "failed";

/**
 * A run that somebody chose.
 */
export type ChosenRun = {
/**
 * Run id.
 */
id: string,
/**
 * The name that it had then: what is said of it when it is gone.
 */
name: string, };

/**
 * What kind of failure a person meets. Travels from the place of the failure to
 * the screen unchanged; the UI has one table from code to words and action.
 *
 * A variant exists only where somebody decides by it.
 */
export type Code = "invalid" | "not_found" | "already_exists" | "wrong_state" | "busy" | "cancelled" | "disk_full" | "file_access" | "unsafe_link" | "store_newer" | "store_corrupt" | "store_read_only" | "transfer_incomplete" | "data_folder_in_use" | "port_taken" | "keyring_locked" | "keyring_unavailable" | "vault_absent" | "vault_locked" | "wrong_passphrase" | "vault_corrupt" | "secret_missing" | "host_not_found" | "connection_refused" | "timed_out" | "no_route" | "not_ssh" | "host_key_unknown" | "host_key_mismatch" | "host_key_revoked" | "password_refused" | "key_refused" | "auth_method_unavailable" | "ssh_agent_unavailable" | "key_file_invalid" | "disconnected" | "ssh_forbidden" | "command_failed" | "machine_unreachable" | "agent_unreachable" | "agent_binary_missing" | "agent_version" | "engine_missing" | "engine_permission" | "engine_failed" | "image_missing" | "out_of_memory" | "machine_restarted" | "workload_gone" | "preflight_failed" | "registry_unreachable" | "registry_unauthorized" | "registry_denied" | "not_a_registry" | "tls_failed" | "model_unusable" | "unhealthy" | "unauthenticated" | "internal";

/**
 * What a run has in a metric column.
 */
export type ColumnValue = {
/**
 * Id of the column, such as `metrics_max.acc`.
 */
column: string,
/**
 * Value; `null` when the run has none, and for what `special` says.
 */
value: number | null,
/**
 * "NaN", "Infinity" or "-Infinity" when it is one of those.
 */
special: string | null,
/**
 * Step of it, where that is known.
 */
step: number | null, };

/**
 * A fact of several runs.
 */
export type ComparedFact = {
/**
 * What it is about.
 */
group: FactGroup,
/**
 * Its key.
 */
key: string,
/**
 * Not all runs have the same.
 */
differs: boolean,
/**
 * Values; `null` where a run has none.
 */
values: Array<string | null>, };

/**
 * The latest value of a metric in several runs.
 */
export type ComparedMetric = {
/**
 * Metric key.
 */
key: string,
/**
 * Values; `null` where a run has none.
 */
values: Array<MetricValue | null>, };

/**
 * Runs beside one another. Values are in the order of `runs`.
 */
export type Comparison = {
/**
 * The runs, without params, tags and metrics.
 */
runs: Array<RunRow>,
/**
 * Params, tags, code, environment and data; in each group what differs comes first.
 */
facts: Array<ComparedFact>,
/**
 * Latest values of metrics, by key.
 */
metrics: Array<ComparedMetric>,
/**
 * Not all facts or metrics are listed: there are more than 2,000 of a group.
 */
more: boolean, };

/**
 * Makes an image of a model version and pushes it.
 */
export type Containerize = {
/**
 * Model.
 */
name: string,
/**
 * Version.
 */
version: number,
/**
 * Registry (id).
 */
registry_id: string,
/**
 * Repository, such as `models/digits`.
 */
repository: string,
/**
 * Tag, such as `1`.
 */
tag: string,
/**
 * Base image on the machine; `None` takes the run's own.
 */
base_image: string | null, };

/**
 * A folder of the machine inside the run.
 */
export type DataMount = {
/**
 * Absolute path on the machine.
 */
source: string,
/**
 * Absolute path in the container.
 */
target: string, };

/**
 * Looks at a data folder on a machine before it is used.
 */
export type DataQuery = {
/**
 * Machine (id).
 */
machine_id: string,
/**
 * Absolute path there.
 */
path: string, };

/**
 * What is in a data folder.
 */
export type DataSummary = {
/**
 * It is there and is a folder.
 */
exists: boolean,
/**
 * Files counted so far.
 */
files: number,
/**
 * Their size.
 */
bytes: number,
/**
 * Whether all could be counted in the time given.
 */
complete: boolean,
/**
 * What keeps it from being used.
 */
problem: ErrorBody | null, };

/**
 * What a deployment answered.
 */
export type DeploymentAnswer = {
/**
 * HTTP status.
 */
status: number,
/**
 * Body.
 */
body: string,
/**
 * How long it took.
 */
ms: number, };

/**
 * Makes a deployment.
 */
export type DeploymentCreate = {
/**
 * Name: a DNS label.
 */
name: string,
/**
 * Machine (id).
 */
machine_id: string,
/**
 * Model.
 */
model: string,
/**
 * Version; on a machine with a container engine it must have an image.
 */
version: number,
/**
 * Port on the machine; `None` chooses a free one.
 */
port: number | null,
/**
 * Address on the machine to listen on; `None` is 127.0.0.1.
 */
bind: string | null, };

/**
 * Deletes a deployment.
 */
export type DeploymentDelete = {
/**
 * Deployment.
 */
id: string,
/**
 * Its name, typed by the person.
 */
confirm_name: string, };

/**
 * A deployment with its history.
 */
export type DeploymentDetail = {
/**
 * As in the list.
 */
row: DeploymentRow,
/**
 * Link of its machine.
 */
link: LinkInfo | null,
/**
 * Revisions, newest first.
 */
revisions: Array<Revision>,
/**
 * Address it listens on.
 */
bind: string,
/**
 * Port it listens on.
 */
port: number,
/**
 * Input example as JSON for *Try it*.
 */
input_example: string | null,
/**
 * The revision *Roll back* would return to.
 */
rollback_to: number | null, };

/**
 * Sends a request to a deployment.
 */
export type DeploymentInvoke = {
/**
 * Deployment.
 */
id: string,
/**
 * JSON body for `/invocations`, at most 1 MiB.
 */
body: string, };

/**
 * A deployment in a list.
 */
export type DeploymentRow = {
/**
 * Id.
 */
id: string,
/**
 * Name.
 */
name: string,
/**
 * Machine (id).
 */
machine_id: string,
/**
 * Name of the machine.
 */
machine: string,
/**
 * Model that is wanted.
 */
model: string,
/**
 * Version that is wanted.
 */
version: number,
/**
 * Version that was observed serving; differs while a new one starts, or when it
 * was refused.
 */
live_version: number | null,
/**
 * Image digest that was observed; `None` on plain processes.
 */
image_digest: string | null,
/**
 * Observed state.
 */
state: ServicePhase,
/**
 * Why it is not healthy.
 */
cause: ErrorBody | null,
/**
 * Since when it is in that state.
 */
state_since: number,
/**
 * When its health was last checked.
 */
last_check_at: number | null,
/**
 * How long the last check took.
 */
last_check_ms: number | null,
/**
 * The machine's link is down: what is shown is the last known.
 */
stale: boolean,
/**
 * `http://127.0.0.1:9000` as seen on the machine.
 */
endpoint: string, };

/**
 * Deploys another version.
 */
export type DeploymentUpdate = {
/**
 * Deployment.
 */
id: string,
/**
 * Version of the same model.
 */
version: number, };

/**
 * What runs workloads on a machine.
 */
export type EngineInfo = {
/**
 * Which.
 */
kind: EngineKind,
/**
 * Its version.
 */
version: string | null, };

/**
 * What runs workloads on a machine.
 */
export type EngineKind = "docker" | "podman" | "process";

/**
 * An error as it crosses a boundary: agent to console, console to UI.
 */
export type ErrorBody = {
/**
 * What kind of failure.
 */
code: Code,
/**
 * Why, where the code covers several things. An older agent says none.
 */
reason?: Reason,
/**
 * What did not happen, and why; one or two sentences, no secret.
 */
message: string,
/**
 * Facts for a person or a program: field, host, fingerprints, path.
 */
details?: { [key in string]: string }, };

/**
 * Something has changed.
 */
export type Event = {
/**
 * What it is about.
 */
topics: Array<Topic>,
/**
 * The run, machine, draft, deployment, operation or model concerned;
 * `None` concerns all of the topic.
 */
id: string | null, };

/**
 * An experiment in a list.
 */
export type ExperimentRow = {
/**
 * Name.
 */
name: string,
/**
 * Runs in it that are neither archived nor deleted.
 */
runs: number,
/**
 * Last change.
 */
updated_at: number, };

/**
 * Some bytes of a file; none behind its end.
 */
export type ExportBytes = {
/**
 * At most 2 MiB of them.
 */
base64: string, };

/**
 * Reads a part of a file that was exported.
 */
export type ExportPart = {
/**
 * Export (id).
 */
id: string,
/**
 * First byte, from 0.
 */
offset: number, };

/**
 * A file to save.
 */
export type ExportedFile = {
/**
 * A name for it.
 */
name: string,
/**
 * Its media type.
 */
media_type: string,
/**
 * What stands in it, in base64.
 */
base64: string, };

/**
 * What a fact of a comparison is about.
 */
export type FactGroup = "param" | "tag" | "code" | "data" | "environment";

/**
 * Files that were saved.
 */
export type FilesSaved = {
/**
 * Where it is now.
 */
path: string,
/**
 * Files.
 */
files: number,
/**
 * Bytes.
 */
bytes: number, };

/**
 * What a check found, for the UI's words. The comment names the facts that come with it.
 */
export type Finding = "os_fine" | "os_not_linux" | "os_arch_unknown" | "cpu_found" | "memory_found" | "memory_little" | "disk_found" | "disk_little" | "disk_too_little" | "home_fine" | "home_noexec" | "home_not_writable" | "clock_agrees" | "clock_ahead" | "clock_behind" | "gpu_found" | "gpu_none" | "gpu_no_driver" | "gpu_broken" | "engine_found" | "engine_members_only" | "engine_too_old" | "engine_daemon_down" | "engine_no_podman_socket" | "engine_none" | "permission_fine" | "permission_no_engine" | "permission_denied" | "unclear" | "timed_out" | "connection_failed" | "not_started";

/**
 * What is removed with a machine, or stays. The comment names the facts.
 */
export type ForgottenKind = "local_agent" | "run_files" | "agent_going_on" | "public_key" | "jump_public_key" | "key_file" | "key_pair" | "agent_program";

/**
 * Something that was removed with a machine, or stays.
 */
export type ForgottenThing = {
/**
 * What.
 */
what: ForgottenKind,
/**
 * The parameters of its sentence.
 */
facts: { [key in string]: string }, };

/**
 * A host key as offered by a host.
 */
export type HostKeyOffer = {
/**
 * `host:port`.
 */
host: string,
/**
 * Whether it is the jump host.
 */
is_jump: boolean,
/**
 * `ssh-ed25519`, …
 */
algorithm: string,
/**
 * `SHA256:…`, as OpenSSH shows it.
 */
fingerprint: string,
/**
 * What we know of the host.
 */
state: HostKeyState,
/**
 * Fingerprint that is pinned, when it is another.
 */
known_fingerprint: string | null,
/**
 * Where the known key stands: "known_hosts of Skerry", "~/.ssh/known_hosts".
 */
known_from: string | null, };

/**
 * What we know of a host.
 */
export type HostKeyState = "unknown" | "pinned" | "known_to_user" | "mismatch" | "revoked";

/**
 * A container image on a machine.
 */
export type ImageOnMachine = {
/**
 * `name:tag`, or the id when it has none.
 */
reference: string,
/**
 * Image id.
 */
id: string,
/**
 * Size.
 */
size: number,
/**
 * When it was made.
 */
created_at: number, };

/**
 * An image of a model version.
 */
export type ImageRow = {
/**
 * `host/repository:tag`.
 */
reference: string,
/**
 * `sha256:…`
 */
digest: string,
/**
 * Compressed size.
 */
size: number,
/**
 * Registry (id).
 */
registry_id: string,
/**
 * When it was pushed.
 */
created_at: number, };

/**
 * An infinite point.
 */
export type Infinity = {
/**
 * Index into the series.
 */
index: number,
/**
 * Above or below.
 */
positive: boolean, };

/**
 * A machine on the way. Logged in to with the same method as the machine itself.
 */
export type JumpHost = {
/**
 * Host name or address.
 */
host: string,
/**
 * Port.
 */
port: number,
/**
 * User.
 */
user: string, };

/**
 * The key pair for a machine.
 */
export type KeyInfo = {
/**
 * `SHA256:…`
 */
fingerprint: string,
/**
 * The line for `authorized_keys`.
 */
public_key: string,
/**
 * File of the (encrypted) private key on this computer.
 */
file: string,
/**
 * The public key stands in the machine's `authorized_keys`.
 */
installed: boolean,
/**
 * A fresh login with it worked.
 */
verified: boolean, };

/**
 * A key with a value.
 */
export type KeyValue = {
/**
 * The key.
 */
key: string,
/**
 * The value.
 */
value: string, };

/**
 * What a value is known to be by who changes it: a tag's, or a description's.
 */
export type Known = {
/**
 * Null where there is none.
 */
value: string | null, };

/**
 * Languages of the console.
 */
export type Language = "en" | "sv";

/**
 * The observed state of the link between console and agent.
 */
export type LinkInfo = {
/**
 * State.
 */
state: LinkState,
/**
 * Since when.
 */
since: number,
/**
 * When the agent was last heard.
 */
last_seen_at: number | null,
/**
 * Why it is not connected.
 */
problem: ErrorBody | null, };

/**
 * Says nothing about the runs: those go on.
 */
export type LinkState = "connected" | "connecting" | "unreachable" | "blocked";

/**
 * A log line.
 */
export type LogLine = {
/**
 * Which stream.
 */
stream: LogStream,
/**
 * When the agent read it.
 */
at: number,
/**
 * The text; a line above 64 KiB comes in pieces.
 */
text: string,
/**
 * This is a piece of a longer line that goes on in the next one.
 */
continues: boolean, };

/**
 * Where a text stands in a log.
 */
export type LogMatches = {
/**
 * Line numbers.
 */
lines: Array<number>,
/**
 * More than `limit` match.
 */
more: boolean, };

/**
 * Asks for log lines.
 */
export type LogQuery = {
/**
 * Run.
 */
run_id: string,
/**
 * First line, from 0.
 */
from_line: number,
/**
 * At most so many (1 to 2000).
 */
limit: number, };

/**
 * Searches a log.
 */
export type LogSearch = {
/**
 * Run.
 */
run_id: string,
/**
 * Text to find, any case.
 */
text: string,
/**
 * At most so many (1 to 10,000).
 */
limit: number, };

/**
 * Which stream of a process a log line came from.
 */
export type LogStream = "stdout" | "stderr" | "system";

/**
 * A window of a log.
 */
export type LogWindow = {
/**
 * First line.
 */
from_line: number,
/**
 * The lines.
 */
lines: Array<LogLine>,
/**
 * How many lines there are so far.
 */
total: number,
/**
 * No more will come.
 */
complete: boolean, };

/**
 * How a login worked.
 */
export type LoginInfo = {
/**
 * Which method.
 */
method: LoginKind,
/**
 * The key's fingerprint or the file, when by key.
 */
detail: string | null,
/**
 * When it worked.
 */
at: number,
/**
 * Whether the password was stored.
 */
remembered: boolean, };

/**
 * Which way of logging in.
 */
export type LoginKind = "password" | "key_file" | "ssh_agent";

/**
 * How to log in.
 */
export type LoginMethod = { "kind": "password",
/**
 * The password.
 */
password: string,
/**
 * Keep it in the keyring.
 */
remember: boolean, } | { "kind": "key_file",
/**
 * Path on this computer.
 */
path: string,
/**
 * Its passphrase, if it has one.
 */
passphrase: string | null, } | { "kind": "ssh_agent" };

/**
 * Everything about a machine.
 */
export type MachineDetail = {
/**
 * As in the list.
 */
row: MachineRow,
/**
 * Host, port, user and jump host; `None` for this computer.
 */
ssh: SshAddress | null,
/**
 * Fingerprint of the pinned host key.
 */
host_key_fingerprint: string | null,
/**
 * How the console logs in: "key SHA256:…", "ssh-agent".
 */
login: string | null,
/**
 * The fingerprint of the key that logs in.
 */
key_fingerprint?: string,
/**
 * What the agent last reported.
 */
facts: MachineFacts | null,
/**
 * The last preflight.
 */
checks: Array<Check>,
/**
 * When the last preflight ran.
 */
checked_at: number | null, };

/**
 * Facts about a machine, as its agent reports them.
 */
export type MachineFacts = {
/**
 * Version of the agent.
 */
agent_version: string,
/**
 * Since when the agent runs.
 */
agent_started_at: number,
/**
 * Home folder of the agent.
 */
agent_home: string,
/**
 * Host name.
 */
hostname: string,
/**
 * "Debian GNU/Linux 12", "x86_64".
 */
os: string,
/**
 * Processor architecture.
 */
arch: string,
/**
 * Logical processors.
 */
cpus: number,
/**
 * Memory.
 */
memory_bytes: number,
/**
 * Size of the disk with the agent's home.
 */
disk_total_bytes: number,
/**
 * Free on it.
 */
disk_free_bytes: number,
/**
 * Machine clock minus this computer's.
 */
clock_skew_ms: number, };

/**
 * Forgets a machine.
 */
export type MachineForget = {
/**
 * Id.
 */
id: string,
/**
 * Also stop the agent and remove its program, and our key from
 * `authorized_keys`; what runs recorded there stays.
 */
clean_up: boolean, };

/**
 * What forgetting did, and what stays.
 */
export type MachineForgotten = {
/**
 * What was removed on the machine; English sentences.
 */
removed: Array<string>,
/**
 * What is still on the machine.
 */
left: Array<string>,
/**
 * The same as `removed`, for the UI's words.
 */
removed_what?: Array<ForgottenThing>,
/**
 * The same as `left`, for the UI's words.
 */
left_what?: Array<ForgottenThing>, };

/**
 * Where a machine is.
 */
export type MachineKind = "local" | "ssh";

/**
 * A machine in a list.
 */
export type MachineRow = {
/**
 * Id.
 */
id: string,
/**
 * Display name.
 */
name: string,
/**
 * This computer, or one over SSH.
 */
kind: MachineKind,
/**
 * `user@host:port`, or this computer's host name.
 */
address: string,
/**
 * State of the link, as observed.
 */
link: LinkInfo,
/**
 * What runs workloads there; as last observed.
 */
engine: EngineInfo | null,
/**
 * Runs that are queued or running there; as last observed.
 */
active_runs: number,
/**
 * Deployments there.
 */
deployments: number,
/**
 * When it was registered.
 */
created_at: number, };

/**
 * The latest value of a metric.
 */
export type MetricValue = {
/**
 * Key.
 */
key: string,
/**
 * Value; `null` stands for NaN and the infinities, see `special`.
 */
value: number | null,
/**
 * "NaN", "Infinity" or "-Infinity" when it is one of those.
 */
special: string | null,
/**
 * Step of it.
 */
step: number,
/**
 * Time of it.
 */
at: number, };

/**
 * A registered model.
 */
export type ModelDetail = {
/**
 * As in the list.
 */
row: ModelRow,
/**
 * Versions, newest first.
 */
versions: Array<VersionRow>,
/**
 * Aliases that move only to approved versions, also those that stand for none now.
 */
protected: Array<string>,
/**
 * Those of them that somebody wants to be free again.
 */
unprotect_asked: Array<UnprotectAsked>, };

/**
 * Asks for registered models.
 */
export type ModelQuery = {
/**
 * Part of a name, tag or alias, any case; empty finds all.
 */
text: string, };

/**
 * Registers a model version from a run.
 */
export type ModelRegister = {
/**
 * Run.
 */
run_id: string,
/**
 * Folder among its artifacts that holds the model.
 */
artifact_path: string,
/**
 * Model's name; made when it is not there.
 */
name: string,
/**
 * Description of the version.
 */
description: string | null,
/**
 * Tags of the version.
 */
tags: Array<KeyValue>,
/**
 * An alias to set.
 */
alias: string | null, };

/**
 * A registered model in a list.
 */
export type ModelRow = {
/**
 * Name.
 */
name: string,
/**
 * Description.
 */
description: string | null,
/**
 * Newest version.
 */
latest_version: number | null,
/**
 * How many versions.
 */
versions: number,
/**
 * Aliases with the version they stand for.
 */
aliases: Array<AliasRow>,
/**
 * Tags.
 */
tags: Array<KeyValue>,
/**
 * Versions whose approval is asked for.
 */
waiting: number,
/**
 * Deployments of any version.
 */
deployments: number,
/**
 * Last change.
 */
updated_at: number, };

/**
 * Something that needs a person.
 */
export type Need = {
/**
 * What about.
 */
kind: NeedKind,
/**
 * Its subject: the run, machine, deployment or draft.
 */
subject_id: string,
/**
 * Name of the subject.
 */
subject: string,
/**
 * Cause, when known.
 */
problem: ErrorBody | null,
/**
 * Since when.
 */
since: number, };

/**
 * Why a person is needed.
 */
export type NeedKind = "run_failed" | "machine_unreachable" | "deployment_unhealthy" | "approval_asked" | "unprotect_asked" | "setup_unfinished" | "secrets_locked";

/**
 * An operation that takes a while.
 */
export type Operation = {
/**
 * Id.
 */
id: string,
/**
 * What.
 */
kind: OperationKind,
/**
 * The model version, as `name/version`; or the saved file or folder of a run, as `run id/path`.
 */
subject: string,
/**
 * State.
 */
state: OperationState,
/**
 * Its steps, in order.
 */
steps: Array<OperationStep>,
/**
 * Why it failed.
 */
problem: ErrorBody | null,
/**
 * The image it made.
 */
image: ImageRow | null,
/**
 * What it saved.
 */
saved: FilesSaved | null,
/**
 * Start.
 */
started_at: number,
/**
 * End.
 */
ended_at: number | null, };

/**
 * What takes a while.
 */
export type OperationKind = "containerize" | "save_files";

/**
 * State of an operation or of a step.
 */
export type OperationState = "waiting" | "running" | "done" | "failed" | "cancelled";

/**
 * A step of an operation.
 */
export type OperationStep = {
/**
 * Which.
 */
id: OperationStepId,
/**
 * State.
 */
state: OperationState,
/**
 * Bytes done.
 */
done: number,
/**
 * Bytes in all, when known.
 */
total: number | null, };

/**
 * The steps of operations.
 */
export type OperationStepId = "base" | "pack" | "push" | "save";

/**
 * Where points lie on a metric that is the axis. They are along it, not by step.
 */
export type OverAxis = {
/**
 * The axis's values, ascending.
 */
xs: Array<number>,
/**
 * Steps at which both metrics have a value.
 */
pairs: number,
/**
 * Pairs among these whose value on the axis is NaN or infinite: they are left out.
 */
unplaced: number,
/**
 * The axis only rises or only falls from step to step: points may be joined by a line.
 */
steady: boolean, };

/**
 * What the first screen shows.
 */
export type Overview = {
/**
 * What needs a person, most urgent first.
 */
needs: Array<Need>,
/**
 * Runs that go on, newest first.
 */
running: Array<RunRow>,
/**
 * Deployments with their health.
 */
deployments: Array<DeploymentRow>,
/**
 * What changed lately.
 */
changes: Array<ActivityRow>,
/**
 * Since when `changes` counts as new for this person.
 */
last_seen_at: number | null, };

/**
 * Something the command palette can open.
 */
export type PaletteItem = {
/**
 * What it is.
 */
kind: PaletteKind,
/**
 * Its id (a model's is its name).
 */
id: string,
/**
 * Its name.
 */
label: string,
/**
 * A second line: experiment, address, endpoint.
 */
hint: string | null, };

/**
 * What the palette finds.
 */
export type PaletteKind = "run" | "machine" | "model" | "deployment" | "experiment" | "report";

/**
 * What somebody types into the command palette.
 */
export type PaletteQuery = {
/**
 * At most 200 characters.
 */
query: string, };

/**
 * Asks whether a port is free on a machine.
 */
export type PortQuery = {
/**
 * Machine (id).
 */
machine_id: string,
/**
 * Address there; `None` is 127.0.0.1.
 */
bind: string | null,
/**
 * Port.
 */
port: number, };

/**
 * Whether a port is free.
 */
export type PortReport = {
/**
 * Nothing listens there.
 */
free: boolean,
/**
 * Who holds it, when known.
 */
holder: string | null, };

/**
 * Looks at a project folder before it is used.
 */
export type ProjectQuery = {
/**
 * Absolute path on this computer.
 */
folder: string, };

/**
 * What is in a project folder.
 */
export type ProjectSummary = {
/**
 * Files that would be sent.
 */
files: number,
/**
 * Their size.
 */
bytes: number,
/**
 * What keeps it from being used: symlink loops, unreadable files.
 */
problems: Array<ErrorBody>,
/**
 * A command that fits: from `skerry.toml`, else `python train.py` and the like.
 */
suggested_command: string | null,
/**
 * Experiment from `skerry.toml`, else the folder's name.
 */
suggested_experiment: string | null, };

/**
 * Why, where one [`Code`](crate::Code) covers several things that a person meets: the
 * key of the UI's sentence. The comment names the details that the sentence is made
 * with; `field` may always be there.
 *
 * A variant exists only where a person can meet it in the console. Where there is
 * none, the words of the code say enough.
 */
export type Reason = "host_empty" | "host_bad" | "port_range" | "user_empty" | "user_bad" | "name_empty" | "name_too_long" | "name_control" | "experiment_empty" | "experiment_bad" | "model_name_empty" | "model_name_bad" | "key_empty" | "key_too_long" | "key_bad" | "key_path" | "tag_too_long" | "alias_empty" | "alias_bad" | "alias_reserved" | "path_relative" | "path_bad" | "path_up" | "path_outside" | "env_name_bad" | "deployment_name_bad" | "command_empty" | "command_backslash" | "command_quote" | "command_nul" | "description_too_long" | "tag_system" | "filter_syntax" | "reason_empty" | "reason_too_long" | "jump_is_machine" | "fingerprints_differ" | "password_empty" | "key_path_relative" | "registry_host_bad" | "registry_address_changed" | "registry_user_bad" | "registry_user_missing" | "registry_password_bad" | "repository_bad" | "tag_bad" | "base_image_missing" | "project_empty" | "project_too_large" | "name_not_utf8" | "project_relative" | "image_name_bad" | "image_choose" | "env_too_long" | "env_reserved" | "env_twice" | "mount_bad" | "mount_twice" | "tag_twice" | "confirm_name_differs" | "body_too_long" | "body_not_json" | "bind_bad" | "bind_unknown" | "port_not_allowed" | "folder_missing" | "version_live_already" | "no_earlier_revision" | "never_healthy" | "service_not_serving" | "machine_has_deployments" | "machine_has_runs" | "model_deployed" | "operation_ended" | "files_on_no_machine" | "run_ended" | "run_of_other_client" | "step_first" | "machine_registered_already" | "no_key_pair" | "agent_first" | "no_host_key" | "experiment_deleted" | "approval_missing" | "approved_files_changed" | "asked_files_changed" | "person_unknown" | "approval_own" | "approval_of_another" | "approval_not_asked" | "approval_asked_already" | "approval_given_already" | "alias_is_protected" | "alias_protected_already" | "alias_not_protected" | "unprotect_own" | "image_being_made" | "files_being_saved" | "step_under_way" | "deployment_starting" | "machine_exists" | "machine_name_taken" | "registry_exists" | "deployment_exists" | "view_exists" | "file_exists" | "report_changed" | "file_changed" | "value_changed" | "run_not_from_here" | "exit_code" | "killed_by_signal" | "not_startable" | "no_trace" | "entry_point_failed" | "script_said_failed" | "removed_by_somebody" | "killed_from_outside" | "engine_stopped_during_run" | "container_not_started" | "process_not_started" | "process_ended" | "ended_from_outside" | "not_healthy_in_time" | "health_answered" | "no_answer" | "no_mlmodel" | "image_without_command" | "no_engine_for_model" | "not_a_folder" | "unreadable" | "unwritable" | "agent_restarted_during_build" | "stopped_meanwhile" | "no_free_port" | "port_of_deployment" | "version_without_image";

/**
 * What is wrong with the history.
 */
export type RegistryBreak = { "kind": "changed",
/**
 * Its number.
 */
seq: number, } | { "kind": "missing",
/**
 * Its number.
 */
seq: number, } | { "kind": "end",
/**
 * Its number.
 */
seq: number, } | { "kind": "alias",
/**
 * Model.
 */
name: string,
/**
 * Alias.
 */
alias: string, } | { "kind": "not_noted" };

/**
 * What happened in the registry.
 */
export type RegistryEvent = "model_found" | "model_created" | "model_renamed" | "model_deleted" | "model_tag" | "version_created" | "version_replaced" | "version_deleted" | "version_tag" | "stage_changed" | "alias_found" | "alias_set" | "alias_removed" | "alias_refused" | "alias_protected" | "alias_unprotect_asked" | "alias_unprotected" | "approval_asked" | "approval_withdrawn" | "approval_given" | "approval_refused";

/**
 * Asks for the history of a model, newest first.
 */
export type RegistryHistoryQuery = {
/**
 * Model, by a name that it has or had; also one that was deleted.
 */
name: string,
/**
 * Only this version.
 */
version: number | null,
/**
 * Only before this entry.
 */
before: number | null,
/**
 * At most so many, up to 500.
 */
limit: number, };

/**
 * An entry of the registry's history.
 */
export type RegistryHistoryRow = {
/**
 * Number in the chain, from 1.
 */
seq: number,
/**
 * When it took effect here.
 */
at: number,
/**
 * The model's name at that time.
 */
name: string,
/**
 * What happened.
 */
event: RegistryEvent,
/**
 * To which version.
 */
version: number | null,
/**
 * The alias, or the key of a tag.
 */
subject: string | null,
/**
 * What was before.
 */
before: string | null,
/**
 * What is now.
 */
after: string | null,
/**
 * Why.
 */
reason: string | null,
/**
 * Through which door.
 */
via: Via,
/**
 * The person, or the id of the run; empty when it is not known.
 */
who: string,
/**
 * The machine that it happened on.
 */
machine: string | null,
/**
 * When it happened there, by its clock.
 */
happened_at: number | null,
/**
 * Hash of the entry, which covers all before it.
 */
hash: string, };

/**
 * A container registry known to the workspace.
 */
export type RegistryRow = {
/**
 * Id.
 */
id: string,
/**
 * `host[:port]`.
 */
host: string,
/**
 * Account; `None` for anonymous.
 */
username: string | null,
/**
 * A password is in the keyring.
 */
has_password: boolean,
/**
 * Plain HTTP; chosen by a person for this host.
 */
insecure: boolean,
/**
 * When it was last seen to work, from this computer.
 */
tested_at: number | null,
/**
 * What the last test said, when it failed.
 */
problem: ErrorBody | null, };

/**
 * Adds or changes a container registry.
 */
export type RegistrySave = {
/**
 * Which to change; `None` adds one.
 */
id: string | null,
/**
 * `host[:port]`.
 */
host: string,
/**
 * Account.
 */
username: string | null,
/**
 * Password or token; `None` keeps the stored one.
 */
password: string | null,
/**
 * Plain HTTP.
 */
insecure: boolean, };

/**
 * Whether the history is whole.
 */
export type RegistryVerified = {
/**
 * It is, and the noted hash, if any, is in it.
 */
whole: boolean,
/**
 * Entries that were looked at.
 */
entries: number,
/**
 * Hash of the last of them: note it elsewhere to be safe from a chain that is
 * written anew.
 */
end: string,
/**
 * What is wrong first.
 */
problem: RegistryBreak | null,
/**
 * The entry whose hash was noted.
 */
noted: number | null, };

/**
 * Asks whether the history is whole.
 */
export type RegistryVerify = {
/**
 * A hash that was noted elsewhere, to be found in the chain.
 */
noted: string | null, };

/**
 * Renames something.
 */
export type Rename = {
/**
 * Id.
 */
id: string,
/**
 * New name.
 */
name: string, };

/**
 * A report: text, charts and tables over runs.
 */
export type Report = {
/**
 * Id.
 */
id: string,
/**
 * Rises by one with each change.
 */
revision: number,
/**
 * When it was made.
 */
created_at: number,
/**
 * When it was changed last.
 */
updated_at: number,
/**
 * Who changed it last.
 */
updated_by: string,
/**
 * What people wrote.
 */
content: ReportContent, };

/**
 * A part of a report.
 */
export type ReportBlock = {
/**
 * Unique in the report: 1 to 40 letters and digits.
 */
id: string,
/**
 * What it is.
 */
body: ReportBody, };

/**
 * What a part of a report is.
 */
export type ReportBody = { "kind": "text",
/**
 * At most 100,000 characters.
 */
text: string, } | { "kind": "chart",
/**
 * What stands over it; empty: the metrics.
 */
title: string,
/**
 * Keys of its metrics (at most 8).
 */
metrics: Array<string>,
/**
 * What it is drawn over.
 */
x: ReportX,
/**
 * Another metric instead of that, each run's own.
 */
over: string | null,
/**
 * Values on a logarithmic axis.
 */
log: boolean,
/**
 * How much lines are smoothed: weight of the exponential mean, 0 (not) to 0.99.
 */
smoothing: number,
/**
 * How they are smoothed.
 */
smoothing_kind: SmoothingKind,
/**
 * Its own runs; `null`: those of the report.
 */
runs: ReportRuns | null, } | { "kind": "table",
/**
 * What stands over it; may be empty.
 */
title: string,
/**
 * Columns beside the name, such as `metrics.acc`, `params.lr`, `tags.team` or
 * `attributes.status` (at most 50).
 */
columns: Array<string>,
/**
 * Its own runs; `null`: those of the report.
 */
runs: ReportRuns | null, };

/**
 * What people wrote in a report.
 */
export type ReportContent = {
/**
 * Title (1 to 100 characters).
 */
title: string,
/**
 * The runs that it is about.
 */
runs: ReportRuns,
/**
 * What stands in it, in order (at most 100).
 */
blocks: Array<ReportBlock>, };

/**
 * Asks for a report, or a figure of it, as a file.
 */
export type ReportExport = {
/**
 * Id of the report, as it was saved.
 */
id: string,
/**
 * As what.
 */
format: ReportFormat,
/**
 * The chart, for a figure.
 */
block: string | null,
/**
 * Colors of a figure; `null` and `system`: light.
 */
theme: Theme | null,
/**
 * Language of the words that nobody wrote; `null`: English.
 */
language: Language | null, };

/**
 * What a report is exported as.
 */
export type ReportFormat = "html" | "svg" | "png";

/**
 * A report in a list.
 */
export type ReportRow = {
/**
 * Id.
 */
id: string,
/**
 * Title.
 */
title: string,
/**
 * How many blocks stand in it.
 */
blocks: number,
/**
 * When it was made.
 */
created_at: number,
/**
 * When it was changed last.
 */
updated_at: number,
/**
 * Who changed it last.
 */
updated_by: string, };

/**
 * The runs of a report as they are now.
 */
export type ReportRunSet = {
/**
 * The runs, also those in the bin; of params, tags and metrics those that were wanted.
 */
rows: Array<RunRow>,
/**
 * Chosen ones that are not there any more.
 */
gone: Array<ChosenRun>,
/**
 * How many a search finds in all; of chosen ones, how many are there.
 */
total: number,
/**
 * Metrics of these runs (at most 1,000).
 */
metric_keys: Array<string>, };

/**
 * The runs that a report or a block is about.
 */
export type ReportRuns = { "kind": "chosen",
/**
 * The runs.
 */
runs: Array<ChosenRun>, } | { "kind": "search",
/**
 * MLflow's search language; empty finds all.
 */
filter: string,
/**
 * MLflow's order_by; empty is newest first.
 */
order_by: Array<string>,
/**
 * Only this experiment (name).
 */
experiment: string | null,
/**
 * At most so many (1 to 200).
 */
limit: number, };

/**
 * Asks which runs those of a report are now.
 */
export type ReportRunsQuery = {
/**
 * Which.
 */
runs: ReportRuns,
/**
 * Columns whose values are wanted.
 */
columns: Array<string>, };

/**
 * Saves a report.
 */
export type ReportSave = {
/**
 * Id; empty for a new one.
 */
id: string,
/**
 * The revision that was changed; 0 for a new one. When the report has another by now,
 * nothing is saved.
 */
revision: number,
/**
 * What stands in it.
 */
content: ReportContent, };

/**
 * What a chart of a report is drawn over.
 */
export type ReportX = "step" | "relative" | "time";

/**
 * One revision of a deployment.
 */
export type Revision = {
/**
 * From 1.
 */
revision: number,
/**
 * Model.
 */
model: string,
/**
 * Version.
 */
version: number,
/**
 * Image digest.
 */
image_digest: string | null,
/**
 * When it was asked for.
 */
at: number,
/**
 * By whom.
 */
by: string,
/**
 * What became of it.
 */
outcome: RevisionOutcome,
/**
 * Why it was refused.
 */
problem: ErrorBody | null, };

/**
 * What became of a revision.
 */
export type RevisionOutcome = "pending" | "live" | "retired" | "refused";

/**
 * The best values of a run's metrics.
 */
export type RunBest = {
/**
 * Run id.
 */
run_id: string,
/**
 * A value for each metric that was ever a number.
 */
metrics: Array<BestValue>, };

/**
 * Everything about a run except points, lines and files.
 */
export type RunDetail = {
/**
 * As in the list; params, metrics, tags complete here.
 */
row: RunRow,
/**
 * Link of its machine.
 */
link: LinkInfo | null,
/**
 * Note in Markdown (tag `mlflow.note.content`).
 */
note: string | null,
/**
 * What it ran with.
 */
environment: RunEnvironment | null,
/**
 * Data snapshots and datasets it used.
 */
inputs: Array<RunInput>,
/**
 * Model versions registered from it.
 */
versions: Array<RunVersion>,
/**
 * Folders among its artifacts that hold an MLflow model.
 */
model_paths: Array<string>,
/**
 * System tags (`mlflow.*`, `skerry.*`).
 */
system_tags: Array<KeyValue>,
/**
 * Log lines so far.
 */
log_lines: number,
/**
 * Exit code of the process.
 */
exit_code: number | null, };

/**
 * What a run ran with.
 */
export type RunEnvironment = {
/**
 * The command line.
 */
command: Array<string>,
/**
 * Container image as asked for.
 */
image: string | null,
/**
 * Image id or digest as observed.
 */
image_digest: string | null,
/**
 * Hash over the project's files.
 */
project_hash: string | null,
/**
 * Folder on this computer that it came from.
 */
project_folder: string | null,
/**
 * Environment variables the person set.
 */
env: Array<KeyValue>,
/**
 * Data folders, read-only.
 */
data: Array<DataMount>,
/**
 * `false`: no network but loopback.
 */
network_open: boolean, };

/**
 * What the *New run* form offers for a machine.
 */
export type RunFormOptions = {
/**
 * A container image is needed there.
 */
needs_image: boolean,
/**
 * Images present there.
 */
images: Array<ImageOnMachine>,
/**
 * Experiments known to the workspace.
 */
experiments: Array<string>,
/**
 * The form of the last run on that machine, to start from.
 */
last: RunStart | null, };

/**
 * Several runs.
 */
export type RunIds = {
/**
 * Run ids (1 to 1000).
 */
run_ids: Array<string>, };

/**
 * What a run read.
 */
export type RunInput = {
/**
 * Dataset name, or the folder.
 */
name: string,
/**
 * Digest of it (a data snapshot's hash).
 */
digest: string,
/**
 * Source: path or URI.
 */
source: string,
/**
 * MLflow context tag such as `training`.
 */
context: string | null, };

/**
 * Names that runs have values under.
 */
export type RunKeys = {
/**
 * Of metrics.
 */
metrics: Array<string>,
/**
 * Of params.
 */
params: Array<string>,
/**
 * Of tags that people set.
 */
tags: Array<string>, };

/**
 * Asks for the names that runs have values under.
 */
export type RunKeysQuery = {
/**
 * Only runs of this experiment (name).
 */
experiment: string | null, };

/**
 * A page of runs.
 */
export type RunPage = {
/**
 * The rows.
 */
rows: Array<RunRow>,
/**
 * How many match in all.
 */
total: number, };

/**
 * Asks for a page of runs.
 */
export type RunQuery = {
/**
 * MLflow's search language; empty finds all.
 */
filter: string,
/**
 * MLflow's order_by, such as `metrics.acc DESC`, or `metrics_min.acc` and
 * `metrics_max.acc`; empty is newest first.
 */
order_by: Array<string>,
/**
 * Only this experiment (name).
 */
experiment: string | null,
/**
 * Only on this machine (id).
 */
machine_id: string | null,
/**
 * Which life stage.
 */
stage: RunStage,
/**
 * First row.
 */
offset: number,
/**
 * At most so many rows (1 to 1000).
 */
limit: number,
/**
 * Metric columns whose values the rows carry (at most 50): `metrics.acc` is the last
 * value, `metrics_min.acc` and `metrics_max.acc` the least and the greatest number,
 * `metrics_at.1000.acc` the value at step 1000 or, without one, the last before it.
 */
columns: Array<string>,
/**
 * The rows carry nothing but what these columns show, which may then be params and
 * tags too (`params.lr`, `tags.team`): no metrics, and of params and tags no others.
 */
only_columns: boolean, };

/**
 * A run in a list.
 */
export type RunRow = {
/**
 * Run id (uuid4 hex).
 */
id: string,
/**
 * Display name.
 */
name: string,
/**
 * Experiment's name.
 */
experiment: string,
/**
 * Where it runs; `None` for runs logged by other clients.
 */
machine_id: string | null,
/**
 * Name of that machine.
 */
machine: string | null,
/**
 * MLflow's status, as last heard.
 */
status: RunStatus,
/**
 * Finer state of runs that Skerry started.
 */
phase: WorkloadPhase | null,
/**
 * Why it ended as it did.
 */
reason: ErrorBody | null,
/**
 * When the status was last heard; older than now when the machine is unreachable.
 */
observed_at: number,
/**
 * The machine's link is down: what is shown is the last known.
 */
stale: boolean,
/**
 * Start.
 */
started_at: number | null,
/**
 * End.
 */
ended_at: number | null,
/**
 * Who started it.
 */
user: string | null,
/**
 * Life stage.
 */
stage: RunStage,
/**
 * Latest value of each metric (at most 50 keys). Numbers, or "NaN",
 * "Infinity", "-Infinity".
 */
metrics: Array<MetricValue>,
/**
 * Params (at most 50).
 */
params: Array<KeyValue>,
/**
 * Tags that people set (not `mlflow.` or `skerry.` ones; at most 50).
 */
tags: Array<KeyValue>,
/**
 * Values of the metric columns that were asked for, in that order.
 */
columns: Array<ColumnValue>, };

/**
 * A metric of one of several runs.
 */
export type RunSeries = {
/**
 * Run id.
 */
run_id: string,
/**
 * Its points.
 */
series: ChartSeries, };

/**
 * Where a run is: on the table, out of sight, or in the bin.
 */
export type RunStage = "active" | "archived" | "deleted";

/**
 * Starts a run.
 */
export type RunStart = {
/**
 * Where.
 */
machine_id: string,
/**
 * Experiment's name; made when it is not there.
 */
experiment: string,
/**
 * Display name; `None` lets the agent choose one.
 */
name: string | null,
/**
 * Project folder on this computer.
 */
project_folder: string,
/**
 * Command line, split like a shell's, nothing expanded.
 */
command: string,
/**
 * Container image present on the machine; `None` on a machine without engine.
 */
image: string | null,
/**
 * Environment variables. Not for secrets: they are shown on the run page.
 */
env: Array<KeyValue>,
/**
 * Data folders on the machine, mounted read-only.
 */
data: Array<DataMount>,
/**
 * Tags.
 */
tags: Array<KeyValue>,
/**
 * Open the container's network. Off: no interface but loopback.
 */
network_open: boolean, };

/**
 * A run that was started.
 */
export type RunStarted = {
/**
 * Run id.
 */
run_id: string,
/**
 * Files sent now.
 */
files_sent: number,
/**
 * Files that were there already.
 */
files_unchanged: number,
/**
 * Bytes sent now.
 */
bytes_sent: number, };

/**
 * A run's status, in MLflow's words.
 */
export type RunStatus = "RUNNING" | "SCHEDULED" | "FINISHED" | "FAILED" | "KILLED";

/**
 * Deletes a run's tag.
 */
export type RunTagDelete = {
/**
 * Run.
 */
run_id: string,
/**
 * Key.
 */
key: string,
/**
 * When it is something else by now, nothing is changed; null changes whatever is there.
 */
known: Known | null, };

/**
 * Sets a run's tag.
 */
export type RunTagSet = {
/**
 * Run.
 */
run_id: string,
/**
 * Key; not one of `mlflow.` or `skerry.`, except `mlflow.note.content`.
 */
key: string,
/**
 * Value.
 */
value: string,
/**
 * When it is neither this nor what is wanted by now, nothing is changed; null changes
 * whatever is there.
 */
known: Known | null, };

/**
 * Asks for values that runs have.
 */
export type RunValuesQuery = {
/**
 * Only runs of this experiment (name).
 */
experiment: string | null,
/**
 * A column of texts: `params.lr`, `tags.team`, `attributes.user_id`,
 * `attributes.run_name`.
 */
column: string, };

/**
 * A model version that came from a run.
 */
export type RunVersion = {
/**
 * Model.
 */
name: string,
/**
 * Version.
 */
version: number,
/**
 * Artifact folder.
 */
artifact_path: string, };

/**
 * How the table of runs was set up, kept under a name.
 */
export type RunView = {
/**
 * Id; empty for a new one.
 */
id: string,
/**
 * Unique name (1 to 100 characters).
 */
name: string,
/**
 * MLflow's search language.
 */
filter: string,
/**
 * MLflow's order_by.
 */
order_by: Array<string>,
/**
 * Only this experiment (name).
 */
experiment: string | null,
/**
 * Which life stage.
 */
stage: RunStage,
/**
 * Columns in order, such as `metrics.acc`, `metrics_max.acc` or `params.lr`; `null` is
 * the usual choice.
 */
columns: Array<string> | null, };

/**
 * Asks for the best values of runs' metrics.
 */
export type RunsBest = {
/**
 * Run ids (1 to 200).
 */
run_ids: Array<string>,
/**
 * Which are the best.
 */
best: Best, };

/**
 * Asks for one metric of several runs.
 */
export type RunsChartQuery = {
/**
 * Run ids (1 to 200).
 */
run_ids: Array<string>,
/**
 * Metric key.
 */
key: string,
/**
 * At most so many points per run (10 to 2000); extremes are kept.
 */
max_points: number,
/**
 * Only from this step.
 */
from_step: number | null,
/**
 * Only to this step.
 */
to_step: number | null,
/**
 * Another metric to draw it over instead of steps or time, each run's own.
 */
over: ChartAxis | null,
/**
 * A smooth line beside the values.
 */
smoothed: SmoothedLines | null, };

/**
 * Begins to write the runs that a search finds as a Parquet file.
 */
export type RunsExport = {
/**
 * MLflow's search language; empty finds all.
 */
filter: string,
/**
 * MLflow's order_by; empty is newest first.
 */
order_by: Array<string>,
/**
 * Only this experiment (name).
 */
experiment: string | null,
/**
 * Only on this machine (id).
 */
machine_id: string | null,
/**
 * Which life stage.
 */
stage: RunStage,
/**
 * Columns in order, such as `metrics.acc` or `params.lr`; `null` takes all there are.
 */
columns: Array<string> | null, };

/**
 * An export with how far it has come. Each `runs_export_more` writes some more runs until
 * `size` is there, then `runs_export_part` reads the file; `runs_export_end` forgets it.
 */
export type RunsExported = {
/**
 * Export (id).
 */
id: string,
/**
 * Runs written.
 */
done: number,
/**
 * Runs found.
 */
total: number,
/**
 * Bytes of the file, once it is whole.
 */
size: number | null, };

/**
 * Moves runs to another experiment.
 */
export type RunsMove = {
/**
 * Run ids (1 to 1000).
 */
run_ids: Array<string>,
/**
 * Name of the experiment; it is made when it is not there.
 */
experiment: string, };

/**
 * Of what kind a secret is.
 */
export type SecretKind = "key_passphrase" | "machine_password" | "registry_password";

/**
 * A secret known to the workspace; never its value.
 */
export type SecretRow = {
/**
 * Id.
 */
id: string,
/**
 * What it is, in words: "Passphrase of the key for lab-1".
 */
label: string,
/**
 * Whose: the name of the machine, or the host of the registry; none when that is
 * gone.
 */
subject?: string,
/**
 * The user, of a registry.
 */
account?: string,
/**
 * Of what kind.
 */
kind: SecretKind,
/**
 * When it was stored.
 */
created_at: number,
/**
 * Whether it is still there.
 */
present: boolean, };

/**
 * Where secrets are kept.
 */
export type SecretStoreInfo = {
/**
 * Which.
 */
kind: SecretStoreKind,
/**
 * Usable at the moment.
 */
state: SecretStoreState,
/**
 * Why not, when not.
 */
problem: ErrorBody | null, };

/**
 * Which place for secrets.
 */
export type SecretStoreKind = "keyring" | "vault";

/**
 * Whether the place for secrets can be used.
 */
export type SecretStoreState = "ready" | "locked" | "new" | "failed";

/**
 * Observed state of a deployment on its machine.
 */
export type ServicePhase = "pulling" | "starting" | "healthy" | "unhealthy" | "stopped" | "failed";

/**
 * A person's preferences.
 */
export type Settings = {
/**
 * Colors.
 */
theme: Theme,
/**
 * Language; `None` follows the system.
 */
language: Language | null,
/**
 * Rows of 26 instead of 32 pixels.
 */
compact: boolean, };

/**
 * Begins (or, with an id, changes the address of) a registration.
 */
export type SetupAddress = {
/**
 * The draft to change; `None` begins one.
 */
id: string | null,
/**
 * Display name; `None` proposes the host.
 */
name: string | null,
/**
 * Where.
 */
address: SshAddress, };

/**
 * Logs in for the first time.
 */
export type SetupAuthenticate = {
/**
 * The draft.
 */
id: string,
/**
 * How.
 */
method: LoginMethod, };

/**
 * A half-done registration, resumable.
 */
export type SetupDraft = {
/**
 * Id.
 */
id: string,
/**
 * Display name, proposed from the host until chosen.
 */
name: string,
/**
 * Where.
 */
address: SshAddress,
/**
 * The step that is next; the wizard opens here.
 */
step: SetupStep,
/**
 * Steps that are done, so that one can go back.
 */
done: Array<SetupStep>,
/**
 * Host keys offered, one per hop, jump host first.
 */
host_keys: Array<HostKeyOffer>,
/**
 * How the login worked.
 */
login: LoginInfo | null,
/**
 * Our key pair.
 */
key: KeyInfo | null,
/**
 * Preflight, in order; running ones grow live.
 */
checks: Array<Check>,
/**
 * Upload and start of the agent.
 */
agent: AgentInstall | null,
/**
 * Set once it is registered.
 */
machine_id: string | null,
/**
 * What went wrong last, and where; the wizard stays usable.
 */
problem: ErrorBody | null,
/**
 * An operation of this draft is under way.
 */
busy: boolean,
/**
 * When it was begun.
 */
created_at: number,
/**
 * When it last changed.
 */
updated_at: number, };

/**
 * Ends a registration.
 */
export type SetupFinish = {
/**
 * The draft.
 */
id: string,
/**
 * Display name.
 */
name: string, };

/**
 * Runs preflight checks.
 */
export type SetupPreflight = {
/**
 * The draft.
 */
id: string,
/**
 * Only this one, again; `None` runs all.
 */
check: CheckId | null, };

/**
 * Steps of *Register a machine*.
 */
export type SetupStep = "address" | "host_key" | "authenticate" | "key" | "preflight" | "agent" | "done";

/**
 * Confirms host keys by their fingerprints.
 */
export type SetupTrust = {
/**
 * The draft.
 */
id: string,
/**
 * The fingerprints that the person saw, one per hop, in order. Any other key
 * at connecting is refused.
 */
fingerprints: Array<string>, };

/**
 * What goes into a model and comes out of it, one line for each column or tensor.
 */
export type Signature = {
/**
 * What goes in.
 */
inputs: Array<SignatureField>,
/**
 * What comes out.
 */
outputs: Array<SignatureField>,
/**
 * What can be set for each request.
 */
params: Array<SignatureField>, };

/**
 * A column, tensor or param of a signature.
 */
export type SignatureField = {
/**
 * Name; empty when it has none.
 */
name: string,
/**
 * Type, as MLflow has it, with the shape of a tensor.
 */
kind: string,
/**
 * It may be left out.
 */
optional: boolean, };

/**
 * Asks for smooth lines: along another metric where they are drawn over one.
 */
export type SmoothedLines = {
/**
 * How.
 */
smoothing: Smoothing,
/**
 * Along time, not steps.
 */
by_time: boolean, };

/**
 * How a line is smoothed, and how much.
 */
export type Smoothing = {
/**
 * In which way.
 */
kind: SmoothingKind,
/**
 * Weight of the exponential mean, 0 (none) to 0.99; the others smooth as much.
 */
weight: number, };

/**
 * How a line is smoothed.
 */
export type SmoothingKind = "exponential" | "mean" | "gaussian";

/**
 * Where to find sshd.
 */
export type SshAddress = {
/**
 * Host name or address.
 */
host: string,
/**
 * Port, usually 22.
 */
port: number,
/**
 * User.
 */
user: string,
/**
 * A machine to go through first.
 */
jump: JumpHost | null, };

/**
 * How strong a password is (zxcvbn).
 */
export type Strength = {
/**
 * 0 (worthless) to 4 (strong).
 */
score: number,
/**
 * Guesses needed, power of ten.
 */
guesses_log10: number,
/**
 * What to do better; English, empty when strong.
 */
advice: Array<string>,
/**
 * The same, for the UI's words.
 */
advice_keys?: Array<StrengthAdvice>, };

/**
 * What zxcvbn says about a password: its warnings, then its suggestions.
 */
export type StrengthAdvice = "straight_rows_of_keys_are_easy_to_guess" | "short_keyboard_patterns_are_easy_to_guess" | "repeats_like_aaa_are_easy_to_guess" | "repeats_like_abc_abc_are_only_slightly_harder_to_guess" | "this_is_a_top10_password" | "this_is_a_top100_password" | "this_is_a_common_password" | "this_is_similar_to_a_commonly_used_password" | "sequences_like_abc_are_easy_to_guess" | "recent_years_are_easy_to_guess" | "a_word_by_itself_is_easy_to_guess" | "dates_are_often_easy_to_guess" | "names_and_surnames_by_themselves_are_easy_to_guess" | "common_names_and_surnames_are_easy_to_guess" | "use_a_few_words_avoid_common_phrases" | "no_need_for_symbols_digits_or_uppercase_letters" | "add_another_word_or_two" | "capitalization_doesnt_help_very_much" | "all_uppercase_is_almost_as_easy_to_guess_as_all_lowercase" | "reversed_words_arent_much_harder_to_guess" | "predictable_substitutions_dont_help_very_much" | "use_a_longer_keyboard_pattern_with_more_turns" | "avoid_repeated_words_and_characters" | "avoid_sequences" | "avoid_recent_years" | "avoid_years_that_are_associated_with_you" | "avoid_dates_and_years_that_are_associated_with_you";

/**
 * Asks how strong a password is.
 */
export type StrengthQuery = {
/**
 * The password; it is not kept.
 */
password: string, };

/**
 * Colors.
 */
export type Theme = "system" | "light" | "dark";

/**
 * What a piece of data is about. Reads say what they provide, writes what they
 * invalidate, events what has changed: the UI never guesses a refresh.
 */
export type Topic = "machines" | "setup" | "runs" | "logs" | "metrics" | "reports" | "models" | "operations" | "registries" | "deployments" | "activity" | "settings" | "secrets";

/**
 * A request that a second person has yet to agree to.
 */
export type UnprotectAsked = {
/**
 * Alias.
 */
alias: string,
/**
 * Who asked.
 */
who: string,
/**
 * The person at this console did, and cannot agree.
 */
own: boolean,
/**
 * When.
 */
at: number,
/**
 * Why.
 */
reason: string | null, };

/**
 * Opens or creates the vault.
 */
export type VaultUnlock = {
/**
 * The passphrase; at least 8 characters for a new vault.
 */
passphrase: string, };

/**
 * Changes a version's description.
 */
export type VersionDescribe = {
/**
 * Model.
 */
name: string,
/**
 * Version.
 */
version: number,
/**
 * Description; empty removes it.
 */
description: string,
/**
 * When it is neither this nor what is wanted by now, nothing is changed; null changes
 * whatever is there.
 */
known: Known | null, };

/**
 * A model version with its lineage.
 */
export type VersionDetail = {
/**
 * As in the list.
 */
row: VersionRow,
/**
 * Artifact folder in the run.
 */
artifact_path: string | null,
/**
 * Source URI as MLflow has it.
 */
source: string,
/**
 * Params of the run.
 */
params: Array<KeyValue>,
/**
 * What the run read: data snapshots.
 */
inputs: Array<RunInput>,
/**
 * Hash over the project's files of the run.
 */
project_hash: string | null,
/**
 * Its files with their hashes, as far as they were noted.
 */
files: Array<VersionFile>,
/**
 * What goes in and comes out, when the model says so and its machine can be asked.
 */
signature: Signature | null,
/**
 * Images made of it, newest first.
 */
images: Array<ImageRow>,
/**
 * Deployments that have or had it.
 */
deployments: Array<DeploymentRow>,
/**
 * Input example as JSON, for *Try it*, when the model has one.
 */
input_example: string | null, };

/**
 * A file of a model version.
 */
export type VersionFile = {
/**
 * Path in the version.
 */
path: string,
/**
 * Size.
 */
size: number,
/**
 * SHA-256 in hexadecimal digits.
 */
sha256: string, };

/**
 * Points at a model version.
 */
export type VersionKey = {
/**
 * Model.
 */
name: string,
/**
 * Version.
 */
version: number, };

/**
 * A model version in a list.
 */
export type VersionRow = {
/**
 * Model.
 */
name: string,
/**
 * Version, from 1.
 */
version: number,
/**
 * Description.
 */
description: string | null,
/**
 * Aliases.
 */
aliases: Array<string>,
/**
 * Tags.
 */
tags: Array<KeyValue>,
/**
 * Run that it came from.
 */
run_id: string | null,
/**
 * Name of that run.
 */
run: string | null,
/**
 * Latest metrics of that run.
 */
metrics: Array<MetricValue>,
/**
 * Machine that holds its files.
 */
machine_id: string | null,
/**
 * Name of that machine.
 */
machine: string | null,
/**
 * Its image, once containerized.
 */
image: ImageRow | null,
/**
 * Deployments where it is live.
 */
live_in: Array<string>,
/**
 * Its approval.
 */
approval: ApprovalRow,
/**
 * When it was registered.
 */
created_at: number,
/**
 * By whom.
 */
created_by: string | null, };

/**
 * Deletes a tag of a version.
 */
export type VersionTagDelete = {
/**
 * Model.
 */
name: string,
/**
 * Version.
 */
version: number,
/**
 * Key.
 */
key: string,
/**
 * When it is something else by now, nothing is changed; null changes whatever is there.
 */
known: Known | null, };

/**
 * Sets a tag of a version.
 */
export type VersionTagSet = {
/**
 * Model.
 */
name: string,
/**
 * Version.
 */
version: number,
/**
 * Key.
 */
key: string,
/**
 * Value.
 */
value: string,
/**
 * When it is neither this nor what is wanted by now, nothing is changed; null changes
 * whatever is there.
 */
known: Known | null, };

/**
 * Through which door somebody came.
 */
export type Via = "unknown" | "person" | "client" | "script" | "import";

/**
 * Where a run stands on its machine: finer than MLflow's status.
 */
export type WorkloadPhase = "queued" | "preparing" | "running" | "stopping" | "finished" | "failed" | "cancelled" | "interrupted";

/** Every command with its arguments and its answer. */
export interface Commands {
  app_info: { args: null; result: AppInfo };
  overview: { args: null; result: Overview };
  overview_seen: { args: null; result: null };
  activity_list: { args: ActivityQuery; result: Array<ActivityRow> };
  palette_search: { args: PaletteQuery; result: Array<PaletteItem> };
  settings_get: { args: null; result: Settings };
  settings_set: { args: Settings; result: Settings };
  secrets_list: { args: null; result: Array<SecretRow> };
  secret_delete: { args: ById; result: null };
  vault_unlock: { args: VaultUnlock; result: SecretStoreInfo };
  password_strength: { args: StrengthQuery; result: Strength };
  machines_list: { args: null; result: Array<MachineRow> };
  machine_get: { args: ById; result: MachineDetail };
  machine_add_local: { args: null; result: MachineRow };
  machine_rename: { args: Rename; result: MachineRow };
  machine_reconnect: { args: ById; result: MachineRow };
  machine_check: { args: ById; result: Array<Check> };
  machine_forget: { args: MachineForget; result: MachineForgotten };
  setup_list: { args: null; result: Array<SetupDraft> };
  setup_get: { args: ById; result: SetupDraft };
  setup_address: { args: SetupAddress; result: SetupDraft };
  setup_scan: { args: ById; result: SetupDraft };
  setup_trust: { args: SetupTrust; result: SetupDraft };
  setup_authenticate: { args: SetupAuthenticate; result: SetupDraft };
  setup_key: { args: ById; result: SetupDraft };
  setup_preflight: { args: SetupPreflight; result: SetupDraft };
  setup_agent: { args: ById; result: SetupDraft };
  setup_finish: { args: SetupFinish; result: SetupDraft };
  setup_discard: { args: ById; result: null };
  runs_search: { args: RunQuery; result: RunPage };
  run_keys: { args: RunKeysQuery; result: RunKeys };
  run_values: { args: RunValuesQuery; result: Array<string> };
  run_get: { args: ById; result: RunDetail };
  runs_compare: { args: RunIds; result: Comparison };
  runs_best: { args: RunsBest; result: Array<RunBest> };
  runs_chart: { args: RunsChartQuery; result: Array<RunSeries> };
  run_views: { args: null; result: Array<RunView> };
  run_view_save: { args: RunView; result: RunView };
  run_view_delete: { args: ById; result: null };
  run_chart: { args: ChartQuery; result: Array<ChartSeries> };
  run_log: { args: LogQuery; result: LogWindow };
  run_log_search: { args: LogSearch; result: LogMatches };
  run_artifacts: { args: ArtifactQuery; result: Array<ArtifactRow> };
  run_artifact_preview: { args: ArtifactQuery; result: ArtifactPreview };
  run_artifact_save: { args: ArtifactSave; result: Operation };
  run_tag_set: { args: RunTagSet; result: null };
  run_tag_delete: { args: RunTagDelete; result: null };
  run_cancel: { args: ById; result: null };
  runs_delete: { args: RunIds; result: null };
  runs_restore: { args: RunIds; result: null };
  runs_archive: { args: RunIds; result: null };
  runs_unarchive: { args: RunIds; result: null };
  runs_export: { args: RunsExport; result: RunsExported };
  runs_export_more: { args: ById; result: RunsExported };
  runs_export_part: { args: ExportPart; result: ExportBytes };
  runs_export_end: { args: ById; result: null };
  runs_move: { args: RunsMove; result: null };
  experiments_list: { args: null; result: Array<ExperimentRow> };
  run_form_options: { args: ById; result: RunFormOptions };
  project_inspect: { args: ProjectQuery; result: ProjectSummary };
  data_inspect: { args: DataQuery; result: DataSummary };
  run_form_of: { args: ById; result: RunStart };
  run_start: { args: RunStart; result: RunStarted };
  sample_start: { args: null; result: RunStarted };
  reports_list: { args: null; result: Array<ReportRow> };
  report_get: { args: ById; result: Report };
  report_runs: { args: ReportRunsQuery; result: ReportRunSet };
  report_export: { args: ReportExport; result: ExportedFile };
  report_save: { args: ReportSave; result: Report };
  report_delete: { args: ById; result: null };
  models_list: { args: ModelQuery; result: Array<ModelRow> };
  model_get: { args: ByName; result: ModelDetail };
  version_get: { args: VersionKey; result: VersionDetail };
  model_register: { args: ModelRegister; result: VersionKey };
  model_delete: { args: ByName; result: null };
  version_delete: { args: VersionKey; result: null };
  version_describe: { args: VersionDescribe; result: null };
  version_tag_set: { args: VersionTagSet; result: null };
  version_tag_delete: { args: VersionTagDelete; result: null };
  alias_set: { args: AliasSet; result: null };
  alias_delete: { args: AliasDelete; result: null };
  alias_protect: { args: AliasProtect; result: AliasProtected };
  approval_ask: { args: ApprovalAsk; result: null };
  approval_decide: { args: ApprovalDecide; result: null };
  approval_withdraw: { args: ApprovalAsk; result: null };
  registry_history: { args: RegistryHistoryQuery; result: Array<RegistryHistoryRow> };
  registry_verify: { args: RegistryVerify; result: RegistryVerified };
  alias_at: { args: AliasAtQuery; result: AliasAt };
  registries_list: { args: null; result: Array<RegistryRow> };
  registry_save: { args: RegistrySave; result: RegistryRow };
  registry_test: { args: ById; result: RegistryRow };
  registry_delete: { args: ById; result: null };
  containerize: { args: Containerize; result: Operation };
  operations_list: { args: null; result: Array<Operation> };
  operation_get: { args: ById; result: Operation };
  operation_cancel: { args: ById; result: Operation };
  deployments_list: { args: null; result: Array<DeploymentRow> };
  deployment_get: { args: ById; result: DeploymentDetail };
  port_check: { args: PortQuery; result: PortReport };
  deployment_create: { args: DeploymentCreate; result: DeploymentRow };
  deployment_update: { args: DeploymentUpdate; result: DeploymentRow };
  deployment_rollback: { args: ById; result: DeploymentRow };
  deployment_stop: { args: ById; result: DeploymentRow };
  deployment_start: { args: ById; result: DeploymentRow };
  deployment_delete: { args: DeploymentDelete; result: null };
  deployment_invoke: { args: DeploymentInvoke; result: DeploymentAnswer };
}

export type CommandName = keyof Commands;

/** What a command provides (reads) or invalidates (writes). */
export const commandTopics: Record<CommandName, { provides: Topic[]; invalidates: Topic[] }> = {
  app_info: { provides: ["machines","runs","models","secrets"], invalidates: [] },
  overview: { provides: ["machines","setup","runs","deployments","activity","secrets"], invalidates: [] },
  overview_seen: { provides: [], invalidates: [] },
  activity_list: { provides: ["activity"], invalidates: [] },
  palette_search: { provides: ["machines","runs","models","deployments"], invalidates: [] },
  settings_get: { provides: ["settings"], invalidates: [] },
  settings_set: { provides: [], invalidates: ["settings"] },
  secrets_list: { provides: ["secrets"], invalidates: [] },
  secret_delete: { provides: [], invalidates: ["secrets","activity"] },
  vault_unlock: { provides: [], invalidates: ["secrets","machines"] },
  password_strength: { provides: [], invalidates: [] },
  machines_list: { provides: ["machines"], invalidates: [] },
  machine_get: { provides: ["machines"], invalidates: [] },
  machine_add_local: { provides: [], invalidates: ["machines","activity"] },
  machine_rename: { provides: [], invalidates: ["machines"] },
  machine_reconnect: { provides: [], invalidates: ["machines"] },
  machine_check: { provides: [], invalidates: ["machines"] },
  machine_forget: { provides: [], invalidates: ["machines","activity"] },
  setup_list: { provides: ["setup"], invalidates: [] },
  setup_get: { provides: ["setup"], invalidates: [] },
  setup_address: { provides: [], invalidates: ["setup"] },
  setup_scan: { provides: [], invalidates: ["setup"] },
  setup_trust: { provides: [], invalidates: ["setup","activity"] },
  setup_authenticate: { provides: [], invalidates: ["setup","secrets"] },
  setup_key: { provides: [], invalidates: ["setup","secrets"] },
  setup_preflight: { provides: [], invalidates: ["setup"] },
  setup_agent: { provides: [], invalidates: ["setup"] },
  setup_finish: { provides: [], invalidates: ["setup","machines","activity"] },
  setup_discard: { provides: [], invalidates: ["setup","secrets"] },
  runs_search: { provides: ["runs","metrics"], invalidates: [] },
  run_keys: { provides: ["runs","metrics"], invalidates: [] },
  run_values: { provides: ["runs"], invalidates: [] },
  run_get: { provides: ["runs","metrics","models"], invalidates: [] },
  runs_compare: { provides: ["runs","metrics"], invalidates: [] },
  runs_best: { provides: ["runs","metrics"], invalidates: [] },
  runs_chart: { provides: ["metrics"], invalidates: [] },
  run_views: { provides: ["settings"], invalidates: [] },
  run_view_save: { provides: [], invalidates: ["settings"] },
  run_view_delete: { provides: [], invalidates: ["settings"] },
  run_chart: { provides: ["metrics"], invalidates: [] },
  run_log: { provides: ["logs"], invalidates: [] },
  run_log_search: { provides: ["logs"], invalidates: [] },
  run_artifacts: { provides: ["runs"], invalidates: [] },
  run_artifact_preview: { provides: ["runs"], invalidates: [] },
  run_artifact_save: { provides: [], invalidates: ["operations"] },
  run_tag_set: { provides: [], invalidates: ["runs"] },
  run_tag_delete: { provides: [], invalidates: ["runs"] },
  run_cancel: { provides: [], invalidates: ["runs","activity"] },
  runs_delete: { provides: [], invalidates: ["runs"] },
  runs_restore: { provides: [], invalidates: ["runs"] },
  runs_archive: { provides: [], invalidates: ["runs"] },
  runs_unarchive: { provides: [], invalidates: ["runs"] },
  runs_export: { provides: [], invalidates: [] },
  runs_export_more: { provides: [], invalidates: [] },
  runs_export_part: { provides: [], invalidates: [] },
  runs_export_end: { provides: [], invalidates: [] },
  runs_move: { provides: [], invalidates: ["runs"] },
  experiments_list: { provides: ["runs"], invalidates: [] },
  run_form_options: { provides: ["machines","runs"], invalidates: [] },
  project_inspect: { provides: [], invalidates: [] },
  data_inspect: { provides: [], invalidates: [] },
  run_form_of: { provides: ["runs"], invalidates: [] },
  run_start: { provides: [], invalidates: ["runs","activity"] },
  sample_start: { provides: [], invalidates: ["machines","runs","activity"] },
  reports_list: { provides: ["reports"], invalidates: [] },
  report_get: { provides: ["reports"], invalidates: [] },
  report_runs: { provides: ["runs","metrics"], invalidates: [] },
  report_export: { provides: ["reports","runs","metrics"], invalidates: [] },
  report_save: { provides: [], invalidates: ["reports"] },
  report_delete: { provides: [], invalidates: ["reports"] },
  models_list: { provides: ["models","deployments"], invalidates: [] },
  model_get: { provides: ["models","deployments","runs"], invalidates: [] },
  version_get: { provides: ["models","deployments","runs"], invalidates: [] },
  model_register: { provides: [], invalidates: ["models","activity","runs"] },
  model_delete: { provides: [], invalidates: ["models","activity"] },
  version_delete: { provides: [], invalidates: ["models","activity"] },
  version_describe: { provides: [], invalidates: ["models"] },
  version_tag_set: { provides: [], invalidates: ["models"] },
  version_tag_delete: { provides: [], invalidates: ["models"] },
  alias_set: { provides: [], invalidates: ["models","activity"] },
  alias_delete: { provides: [], invalidates: ["models","activity"] },
  alias_protect: { provides: [], invalidates: ["models","activity"] },
  approval_ask: { provides: [], invalidates: ["models","activity"] },
  approval_decide: { provides: [], invalidates: ["models","activity"] },
  approval_withdraw: { provides: [], invalidates: ["models","activity"] },
  registry_history: { provides: ["models"], invalidates: [] },
  registry_verify: { provides: ["models"], invalidates: [] },
  alias_at: { provides: ["models"], invalidates: [] },
  registries_list: { provides: ["registries"], invalidates: [] },
  registry_save: { provides: [], invalidates: ["registries","secrets","activity"] },
  registry_test: { provides: [], invalidates: ["registries"] },
  registry_delete: { provides: [], invalidates: ["registries","secrets","activity"] },
  containerize: { provides: [], invalidates: ["operations"] },
  operations_list: { provides: ["operations"], invalidates: [] },
  operation_get: { provides: ["operations"], invalidates: [] },
  operation_cancel: { provides: [], invalidates: ["operations"] },
  deployments_list: { provides: ["deployments"], invalidates: [] },
  deployment_get: { provides: ["deployments"], invalidates: [] },
  port_check: { provides: [], invalidates: [] },
  deployment_create: { provides: [], invalidates: ["deployments","models","activity"] },
  deployment_update: { provides: [], invalidates: ["deployments","models","activity"] },
  deployment_rollback: { provides: [], invalidates: ["deployments","models","activity"] },
  deployment_stop: { provides: [], invalidates: ["deployments","activity"] },
  deployment_start: { provides: [], invalidates: ["deployments","activity"] },
  deployment_delete: { provides: [], invalidates: ["deployments","models","activity"] },
  deployment_invoke: { provides: [], invalidates: [] },
};
