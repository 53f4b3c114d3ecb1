//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use skerry_domain::KeyValue;

/// Train machine-learning models where the data is.
#[derive(Debug, Parser)]
#[command(name = "skerry", version)]
pub struct Arguments {
    /// Data folder of the workspace.
    #[arg(long, global = true, value_name = "DIR", env = "SKERRY_DATA")]
    pub data: Option<PathBuf>,
    /// Print one JSON value instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Verb {
    /// Register, look at and forget machines.
    #[command(subcommand, visible_alias = "machines")]
    Machine(Machine),
    /// Start, watch and look at runs.
    #[command(subcommand, visible_alias = "runs")]
    Run(Run),
    /// Register model versions, name them, make images of them.
    #[command(subcommand, visible_alias = "models")]
    Model(Model),
    /// Reports: text, charts and tables over runs.
    #[command(subcommand, visible_alias = "reports")]
    Report(Report),
    /// Container registries that images are pushed to.
    #[command(subcommand, visible_alias = "registries")]
    Registry(Registry),
    /// Deploy model versions and talk to them.
    #[command(
        subcommand,
        visible_alias = "deployment",
        visible_alias = "deployments"
    )]
    Deploy(Deploy),
    /// What happened, newest first.
    Activity {
        /// At most so many entries.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Open (or make) the vault, where there is no OS keyring.
    Unlock {
        /// Read the passphrase from standard input.
        #[arg(long, required = true)]
        passphrase_stdin: bool,
    },
    /// Call any command of the console by name; the answer is JSON.
    #[command(visible_alias = "command")]
    Call {
        /// Name, as in the generated bindings: `machines_list`.
        name: String,
        /// Arguments as JSON; `-` reads them from standard input, so that a secret
        /// never stands on the command line.
        #[arg(default_value = "null")]
        args: String,
    },
    /// Run the MLflow tracking server alone.
    Serve(Serve),
    /// Bring in what an MLflow server, an `mlruns` folder or MLflow's SQLite file has.
    /// Stopped and started again it goes on; repeated it changes nothing.
    Import(Import),
    /// Write everything to an MLflow server.
    Export(Export),
    /// Look for what is wrong.
    #[command(subcommand)]
    Doctor(Doctor),
    /// Delete for good what is in the bin of the tracking server whose data folder this
    /// is, also while it runs.
    Gc(Gc),
    /// Move runs of the tracking server whose data folder this is to another
    /// experiment, also while it runs.
    MoveRuns(MoveRuns),
    /// Serve the console to a browser on this computer.
    Web {
        /// Loopback address and port; port 0 takes a free one.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8765")]
        listen: SocketAddr,
    },
}

#[derive(Debug, Args)]
pub struct Serve {
    /// Address and port; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5000")]
    pub listen: SocketAddr,
    /// Token that clients send (MLFLOW_TRACKING_TOKEN). Other users of this computer
    /// can see it here; SKERRY_TOKEN or --token-file hide it.
    #[arg(long, value_name = "TOKEN", group = "auth")]
    pub token: Option<String>,
    /// File with the token.
    #[arg(long, value_name = "FILE", group = "auth")]
    pub token_file: Option<PathBuf>,
    /// Let everybody in who can reach the address.
    #[arg(long, group = "auth")]
    pub no_auth: bool,
    /// Only this user (MLFLOW_TRACKING_USERNAME), with the token as password
    /// (MLFLOW_TRACKING_PASSWORD).
    #[arg(long, value_name = "NAME", conflicts_with_all = ["no_auth", "users_file"])]
    pub user: Option<String>,
    /// File with the users who may come in, one `NAME:PASSWORD` a line, each with the name that
    /// the registry's history then has; lines that begin with # say nothing.
    #[arg(long, value_name = "FILE", group = "auth")]
    pub users_file: Option<PathBuf>,
    #[command(flatten)]
    pub places: Roots,
}

#[derive(Debug, Default, Args)]
pub struct Roots {
    /// Folder (path or file: URI) in which artifacts that clients send are kept, as for
    /// `mlflow server`; in the data folder when nothing is said.
    #[arg(long, value_name = "URI")]
    pub artifacts_destination: Option<String>,
    /// Where artifacts of new experiments go, as for `mlflow server`. A folder (path or
    /// file: URI) is then written by clients on this computer, and read by everybody
    /// whom this server lets in.
    #[arg(long, value_name = "URI")]
    pub default_artifact_root: Option<String>,
}

#[derive(Debug, Args)]
pub struct Gc {
    /// Only what has been in the bin for so long, such as 30d or 1d12h.
    #[arg(long, value_name = "TIME", value_parser = crate::serve::age)]
    pub older_than: Option<i64>,
    /// Only these runs; they must be in the bin.
    #[arg(long, value_name = "RUN,…", value_delimiter = ',')]
    pub run_ids: Vec<String>,
    /// Only these experiments with all of their runs; they must be in the bin.
    #[arg(long, value_name = "EXPERIMENT,…", value_delimiter = ',')]
    pub experiment_ids: Vec<String>,
    /// Only say what would go.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub places: Roots,
}

#[derive(Debug, Args)]
pub struct MoveRuns {
    /// Run ids.
    #[arg(required = true)]
    pub runs: Vec<String>,
    /// Name of the experiment.
    #[arg(long, value_name = "EXPERIMENT")]
    pub to: String,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Doctor {
    /// Check a store's file, and save what can be read of a damaged one. The file
    /// itself is only read.
    Store {
        /// The file; the one in the data folder when not given.
        file: Option<PathBuf>,
        /// Write everything that can be read into this new file.
        #[arg(long, value_name = "OUT.db")]
        rescue: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub struct Import {
    /// URL of a server, an `mlruns` folder, or an SQLite file.
    pub source: String,
    /// Folder with the artifacts, where it is neither in `mlruns` nor beside the file.
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<PathBuf>,
    /// Only say what would come.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub login: ServerLogin,
}

#[derive(Debug, Args)]
pub struct Export {
    /// URL of an MLflow server.
    pub url: String,
    #[command(flatten)]
    pub login: ServerLogin,
}

/// Without these, MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and
/// MLFLOW_TRACKING_PASSWORD, say who asks.
#[derive(Debug, Args)]
pub struct ServerLogin {
    /// File with the server's token.
    #[arg(long, value_name = "FILE", group = "server_login")]
    pub token_file: Option<PathBuf>,
    /// Read the token from standard input.
    #[arg(long, group = "server_login")]
    pub token_stdin: bool,
    /// User; the password is read from standard input.
    #[arg(long, value_name = "NAME", group = "server_login")]
    pub user: Option<String>,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Machine {
    /// Register a machine over SSH, from host key to answering agent.
    #[command(visible_alias = "register")]
    Add(MachineAdd),
    /// Use this computer.
    AddLocal,
    /// List machines.
    List,
    /// Everything about one.
    Show {
        /// Name or id.
        machine: String,
    },
    /// Check it again.
    Check {
        /// Name or id.
        machine: String,
    },
    /// Connect again now.
    Reconnect {
        /// Name or id.
        machine: String,
    },
    /// Give it another name.
    Rename {
        /// Name or id.
        machine: String,
        /// New name.
        name: String,
    },
    /// Forget it; says what stays there.
    Forget {
        /// Name or id.
        machine: String,
        /// Also stop the agent and remove its program and our key there.
        #[arg(long)]
        clean_up: bool,
    },
}

#[derive(Debug, Args)]
pub struct MachineAdd {
    /// `user@host`
    pub target: String,
    /// SSH port.
    #[arg(long, short, default_value_t = 22)]
    pub port: u32,
    /// Jump host, `user@host[:port]`.
    #[arg(long, value_name = "TARGET")]
    pub jump: Option<String>,
    /// The host key's fingerprint, `SHA256:…`, compared with what the machine offers.
    /// Without it the offered one is printed and nothing is trusted.
    #[arg(long, value_name = "FINGERPRINT")]
    pub host_key: Option<String>,
    /// The jump host's fingerprint.
    #[arg(long, value_name = "FINGERPRINT")]
    pub jump_host_key: Option<String>,
    #[command(flatten)]
    pub login: Login,
    /// Display name.
    #[arg(long)]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Login {
    /// Read the password from standard input; used once.
    #[arg(long)]
    pub password_stdin: bool,
    /// Log in with this private key; its passphrase, if any, is read from standard input.
    #[arg(long, value_name = "FILE", visible_alias = "key")]
    pub key_file: Option<PathBuf>,
    /// Log in with what ssh-agent holds.
    #[arg(long)]
    pub ssh_agent: bool,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Run {
    /// Start a run.
    Start(RunStart),
    /// Start the bundled sample project on this computer.
    Sample {
        /// Follow its log until it ends; the exit code is that of the run.
        #[arg(long, short)]
        follow: bool,
    },
    /// List runs.
    #[command(visible_alias = "search")]
    List {
        #[command(flatten)]
        which: WhichRuns,
        /// At most so many rows.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Everything about one.
    Show {
        /// Run id.
        run: String,
    },
    /// Its log.
    #[command(visible_alias = "logs")]
    Log {
        /// Run id.
        run: String,
        /// Go on until the run ends.
        #[arg(long, short)]
        follow: bool,
    },
    /// Points of its metrics.
    Chart {
        /// Run id.
        run: String,
        /// Metric keys; none takes all.
        keys: Vec<String>,
        /// At most so many points per metric.
        #[arg(long, default_value_t = 500)]
        points: u32,
    },
    /// Wait until it ends; the exit code is that of the run.
    Wait {
        /// Run id.
        run: String,
    },
    /// Cancel it.
    Cancel {
        /// Run id.
        run: String,
    },
    /// Its artifacts.
    Artifacts {
        /// Run id.
        run: String,
        /// Folder inside.
        #[arg(default_value = "")]
        path: String,
    },
    /// Save an artifact (or a folder of them) on this computer.
    Download {
        /// Run id.
        run: String,
        /// Path inside.
        path: String,
        /// Folder to put it in.
        #[arg(long, default_value = ".")]
        to: PathBuf,
    },
    /// Set a tag.
    Tag {
        /// Run id.
        run: String,
        /// `key=value`
        #[arg(value_parser = key_value)]
        tag: KeyValue,
    },
    /// Write runs as a Parquet file for data frames: typed columns, times in UTC.
    Export {
        /// Where to; a file that is there is not replaced.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        which: WhichRuns,
        /// Only these columns, such as `metrics.acc`, `params.lr` or `attributes.status`.
        #[arg(long = "column", value_name = "COLUMN")]
        columns: Vec<String>,
    },
    /// Take runs out of the table; they keep everything and are never deleted for good.
    Archive {
        /// Run ids.
        #[arg(required = true)]
        runs: Vec<String>,
    },
    /// Bring archived runs back to the table.
    Unarchive {
        /// Run ids.
        #[arg(required = true)]
        runs: Vec<String>,
    },
    /// Move runs to the bin.
    Delete {
        /// Run ids.
        #[arg(required = true)]
        runs: Vec<String>,
    },
    /// Move runs to another experiment, which is made when it is not there.
    Move {
        /// Run ids.
        #[arg(required = true)]
        runs: Vec<String>,
        /// Name of the experiment.
        #[arg(long, value_name = "EXPERIMENT")]
        to: String,
    },
    /// Take runs out of the bin.
    Restore {
        /// Run ids.
        #[arg(required = true)]
        runs: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub struct RunStart {
    /// Machine, by name or id.
    #[arg(long)]
    pub machine: String,
    /// Project folder on this computer.
    #[arg(long, default_value = ".")]
    pub project: PathBuf,
    /// Experiment; the project's own, or the folder's name, when not given.
    #[arg(long)]
    pub experiment: Option<String>,
    /// Display name.
    #[arg(long)]
    pub name: Option<String>,
    /// Container image present on the machine.
    #[arg(long)]
    pub image: Option<String>,
    /// Environment variable; not for secrets, it is shown with the run.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub env: Vec<KeyValue>,
    /// Data folder on the machine, mounted read-only: `/srv/data` or `/srv/data:/data`.
    #[arg(long, value_name = "SOURCE[:TARGET]")]
    pub data_folder: Vec<String>,
    /// Tag.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub tag: Vec<KeyValue>,
    /// Open the container's network; closed otherwise.
    #[arg(long)]
    pub open_network: bool,
    /// Follow its log until it ends; the exit code is that of the run.
    #[arg(long, short)]
    pub follow: bool,
    /// Command line; the project's own when not given.
    #[arg(last = true)]
    pub command: Vec<String>,
}

// A comment here would stand where the command says what it does.
#[derive(Debug, Args)]
pub struct WhichRuns {
    /// MLflow's search language: `metrics.acc > 0.9 and params.lr = '0.1'`.
    #[arg(long, default_value = "")]
    pub filter: String,
    /// Such as `metrics.acc DESC`.
    #[arg(long)]
    pub order_by: Vec<String>,
    /// Only this experiment.
    #[arg(long)]
    pub experiment: Option<String>,
    /// Archived ones instead.
    #[arg(long)]
    pub archived: bool,
    /// Deleted ones instead.
    #[arg(long, conflicts_with = "archived")]
    pub deleted: bool,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Model {
    /// Register a version from a run's artifacts.
    Register {
        /// Run id.
        run: String,
        /// Folder among its artifacts; the run's only model when not given.
        #[arg(long)]
        path: Option<String>,
        /// Model's name.
        #[arg(long)]
        name: String,
        /// Description of the version.
        #[arg(long)]
        description: Option<String>,
        /// Tag of the version.
        #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
        tag: Vec<KeyValue>,
        /// Alias to set.
        #[arg(long)]
        alias: Option<String>,
    },
    /// List models.
    List {
        /// Part of a name, tag or alias.
        #[arg(default_value = "")]
        text: String,
    },
    /// A model with its versions, or one version with its lineage.
    Show {
        /// Model.
        name: String,
        /// Version.
        version: Option<u32>,
    },
    /// Let an alias stand for a version.
    Alias {
        /// Model.
        name: String,
        /// Alias.
        alias: String,
        /// Version.
        version: u32,
    },
    /// Remove an alias.
    Unalias {
        /// Model.
        name: String,
        /// Alias.
        alias: String,
    },
    /// Set a tag of a version.
    Tag {
        /// Model.
        name: String,
        /// Version.
        version: u32,
        /// `key=value`
        #[arg(value_parser = key_value)]
        tag: KeyValue,
    },
    /// Make an image of a version and push it.
    #[command(visible_alias = "push")]
    Containerize {
        /// Model.
        name: String,
        /// Version.
        version: u32,
        /// Registry, by host or id.
        #[arg(long)]
        registry: String,
        /// Repository, such as `models/digits`.
        #[arg(long)]
        repository: String,
        /// Tag; the version when not given.
        #[arg(long)]
        tag: Option<String>,
        /// Base image on the machine; the run's own when not given.
        #[arg(long)]
        base_image: Option<String>,
        /// Do not wait for the end.
        #[arg(long)]
        no_wait: bool,
    },
    #[command(flatten)]
    Approval(Approval),
    /// Delete a version, or the model with all its versions.
    Delete {
        /// Model.
        name: String,
        /// Version.
        version: Option<u32>,
    },
}

/// Not put off: `mut_arg` needs the arguments that it changes.
#[derive(Debug, Subcommand)]
pub enum Approval {
    /// Ask for the approval of a version; somebody else gives it.
    Ask(Request),
    /// Approve a version that somebody else asked for.
    Approve(Decision),
    /// Refuse to approve a version that somebody else asked for.
    Refuse(Decision),
    /// Take back your request, or an approval that was given.
    #[command(mut_arg("reason", |reason| reason.help("Why; needed for an approval that was given")))]
    Withdraw(Request),
    /// Let an alias move only to approved versions.
    #[command(mut_arg("alias", |alias| alias.help("Alias; it need not stand for anything yet")))]
    Protect(Protection),
    /// Let a protected alias free: the first asks, a second person agrees.
    Unprotect(Protection),
    /// Who changed what of a model and when, newest first; also of a deleted one.
    History {
        /// Model.
        name: String,
        /// Only this version.
        version: Option<u32>,
        /// At most so many entries, up to 500.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        place: RegistryPlace,
    },
    /// Whether the history of all models is whole; the exit code is 1 when not.
    Verify {
        /// The hash that an earlier check ended with, to be found again.
        #[arg(long, value_name = "HASH")]
        noted: Option<String>,
        #[command(flatten)]
        place: RegistryPlace,
    },
    /// What an alias stood for.
    AliasAt {
        /// Model.
        name: String,
        /// Alias.
        alias: String,
        /// A day (UTC), such as 2026-11-27, or a moment, such as 2026-11-27T09:30:00Z.
        #[arg(value_name = "TIME", value_parser = crate::commands::span)]
        at: (i64, i64),
        #[command(flatten)]
        place: RegistryPlace,
    },
}

#[derive(Debug, Args)]
pub struct Request {
    /// Model.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub place: RegistryPlace,
}

#[derive(Debug, Args)]
pub struct Decision {
    /// Model.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Why.
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub place: RegistryPlace,
}

#[derive(Debug, Args)]
pub struct Protection {
    /// Model.
    pub name: String,
    /// Alias.
    pub alias: String,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub place: RegistryPlace,
}

#[derive(Debug, Clone, Copy, Args)]
pub struct RegistryPlace {
    /// In the registry of the `skerry serve` whose data folder this is, instead of the
    /// console's workspace. The server may be running.
    #[arg(long)]
    pub server: bool,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Registry {
    /// Add a registry, or change it.
    Add {
        /// `host[:port]`
        host: String,
        /// Account.
        #[arg(long)]
        username: Option<String>,
        /// Read the password or token from standard input.
        #[arg(long, requires = "username")]
        password_stdin: bool,
        /// Plain HTTP.
        #[arg(long)]
        insecure: bool,
    },
    /// List registries.
    List,
    /// Log in to it and say what happens.
    Test {
        /// Host or id.
        registry: String,
    },
    /// Remove it with its password.
    Delete {
        /// Host or id.
        registry: String,
    },
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Deploy {
    /// Deploy a model version.
    Create {
        /// Model.
        model: String,
        /// Version.
        version: u32,
        /// Machine, by name or id.
        #[arg(long)]
        machine: String,
        /// Name of the deployment.
        #[arg(long)]
        name: String,
        /// Port on the machine; a free one when not given.
        #[arg(long)]
        port: Option<u32>,
        /// Address on the machine to listen on; 127.0.0.1 when not given.
        #[arg(long)]
        bind: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// List deployments.
    List,
    /// A deployment with its revisions.
    Show {
        /// Name or id.
        deployment: String,
    },
    /// Deploy another version in its place.
    Update {
        /// Name or id.
        deployment: String,
        /// Version.
        version: u32,
        #[command(flatten)]
        wait: Wait,
    },
    /// Return to the revision that was live before.
    Rollback {
        /// Name or id.
        deployment: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Stop it.
    Stop {
        /// Name or id.
        deployment: String,
    },
    /// Start it again.
    Start {
        /// Name or id.
        deployment: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Delete it.
    Delete {
        /// Name or id.
        deployment: String,
    },
    /// Send a request to it.
    Invoke {
        /// Name or id.
        deployment: String,
        /// JSON body; `-` reads it from standard input; the model's own example when
        /// not given.
        body: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct Wait {
    /// Do not wait until it is observed to be healthy.
    #[arg(long)]
    pub no_wait: bool,
}

/// `key=value`
fn key_value(text: &str) -> Result<KeyValue, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok(KeyValue {
            key: key.to_owned(),
            value: value.to_owned(),
        }),
        _ => Err(String::from("expected KEY=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Arguments::command().debug_assert();
    }
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Report {
    /// All reports, the one changed last first.
    List,
    /// What stands in a report.
    Show {
        /// Id, or the title where only one report has it.
        report: String,
    },
    /// Write a report to files. Files that are there stay as they are.
    Export {
        /// Id, or the title where only one report has it.
        report: String,
        /// A file that ends in .html: the report in one file. Any other name is a folder,
        /// which also gets each chart as SVG and PNG.
        #[arg(long, value_name = "FILE|FOLDER")]
        to: PathBuf,
        /// Words that nobody wrote are Swedish.
        #[arg(long)]
        swedish: bool,
        /// Charts in a folder have dark colors; a page has both.
        #[arg(long)]
        dark: bool,
    },
}
