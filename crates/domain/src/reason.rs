use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

/// Why, where one [`Code`](crate::Code) covers several things that a person meets: the
/// key of the UI's sentence. The comment names the details that the sentence is made
/// with; `field` may always be there.
///
/// A variant exists only where a person can meet it in the console. Where there is
/// none, the words of the code say enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    // Invalid: what a person types
    /// No host.
    HostEmpty,
    /// Neither a host name nor an address: value.
    HostBad,
    /// Not a port from 1 to 65535.
    PortRange,
    /// No user.
    UserEmpty,
    /// Cannot be a user name on a Unix machine: value.
    UserBad,
    /// No name.
    NameEmpty,
    /// A name of more than 100 characters.
    NameTooLong,
    /// A name with control characters.
    NameControl,
    /// No experiment.
    ExperimentEmpty,
    /// More than 500 characters, or control characters.
    ExperimentBad,
    /// No model name.
    ModelNameEmpty,
    /// More than 256 characters, or one that no model name has.
    ModelNameBad,
    /// No key.
    KeyEmpty,
    /// A key of more than 250 characters.
    KeyTooLong,
    /// A key with a character that no key has.
    KeyBad,
    /// A key that looks like a path.
    KeyPath,
    /// A tag value of more than 5,000 characters.
    TagTooLong,
    /// No alias.
    AliasEmpty,
    /// More than 255 characters, or one that no alias has.
    AliasBad,
    /// An alias that reads like a version: value.
    AliasReserved,
    /// Not an absolute path.
    PathRelative,
    /// More than 4,096 bytes, or control characters.
    PathBad,
    /// A path with `..`.
    PathUp,
    /// A path that is not inside the folder: value.
    PathOutside,
    /// Cannot be the name of an environment variable: value.
    EnvNameBad,
    /// Not 1 to 50 lower-case letters, digits and hyphens.
    DeploymentNameBad,
    /// No command.
    CommandEmpty,
    /// A command that ends in a backslash.
    CommandBackslash,
    /// A quotation mark that is not closed.
    CommandQuote,
    /// A command with a NUL character.
    CommandNul,
    /// A description of more than 5,000 characters.
    DescriptionTooLong,
    /// A tag that programs set.
    TagSystem,
    /// A search filter that cannot be read: position.
    FilterSyntax,
    /// A decision without a reason.
    ReasonEmpty,
    /// A reason of more than 5,000 characters.
    ReasonTooLong,

    // Invalid: registering a machine
    /// The jump host is the machine itself.
    JumpIsMachine,
    /// Not the fingerprints that the hosts showed.
    FingerprintsDiffer,
    /// No password.
    PasswordEmpty,
    /// Not the full path of a key file: value.
    KeyPathRelative,

    // Invalid: registries and images
    /// Cannot be a registry's host: value.
    RegistryHostBad,
    /// The address changed, so the password is asked for again.
    RegistryAddressChanged,
    /// Cannot be a user of a registry: value.
    RegistryUserBad,
    /// A password without a user.
    RegistryUserMissing,
    /// More than 16 KiB, or several lines.
    RegistryPasswordBad,
    /// Cannot be a repository: value.
    RepositoryBad,
    /// Cannot be an image's tag: value.
    TagBad,
    /// The run had no image: one to build on has to be chosen.
    BaseImageMissing,

    // Invalid: starting a run
    /// A project folder without files: path.
    ProjectEmpty,
    /// More files or bytes than a project may have: files, bytes (the limits).
    ProjectTooLarge,
    /// A file name that is not UTF-8: path.
    NameNotUtf8,
    /// Not the absolute path of a project folder.
    ProjectRelative,
    /// Not an image name.
    ImageNameBad,
    /// An image has to be chosen: machine.
    ImageChoose,
    /// A value of more than 32 KiB: key.
    EnvTooLong,
    /// An environment variable that Skerry sets: key.
    EnvReserved,
    /// An environment variable that is given twice: key.
    EnvTwice,
    /// No place for data: target.
    MountBad,
    /// Two data folders with one place: target.
    MountTwice,
    /// A tag that is given twice: key.
    TagTwice,

    // Invalid: deployments and files
    /// Another name was typed than that of the deployment: name.
    ConfirmNameDiffers,
    /// A body of more than 1 MiB.
    BodyTooLong,
    /// A body that is not JSON: why.
    BodyNotJson,
    /// Not an IP address.
    BindBad,
    /// An address that the machine does not have: bind.
    BindUnknown,
    /// The agent's user may not listen there: port.
    PortNotAllowed,
    /// No such folder on this computer: path.
    FolderMissing,

    // WrongState
    /// That version is live: version, deployment.
    VersionLiveAlready,
    /// Nothing to return to: deployment.
    NoEarlierRevision,
    /// No version has been healthy yet.
    NeverHealthy,
    /// The deployment does not serve at the moment.
    ServiceNotServing,
    /// Deployments have to go first: machine, n.
    MachineHasDeployments,
    /// Runs go on: machine, n.
    MachineHasRuns,
    /// In use: model, version (for one of its versions only), deployments.
    ModelDeployed,
    /// The operation has ended.
    OperationEnded,
    /// The files are on no registered machine: model and version, or none for a run
    /// (then `NotFound`).
    FilesOnNoMachine,
    /// The run has ended: run.
    RunEnded,
    /// The run was started by another program.
    RunOfOtherClient,
    /// Another step comes first: step.
    StepFirst,
    /// The draft has become a machine.
    MachineRegisteredAlready,
    /// There is no key pair yet.
    NoKeyPair,
    /// The agent has to be uploaded first.
    AgentFirst,
    /// No host key was looked at yet.
    NoHostKey,
    /// The experiment is deleted.
    ExperimentDeleted,
    /// The alias is protected and the version not approved: model, version, alias.
    ApprovalMissing,
    /// The alias is protected and the approved files have changed: model, version, alias.
    ApprovedFilesChanged,
    /// The files have changed since approval was asked for: model, version.
    AskedFilesChanged,
    /// Nobody vouches for the person's name.
    PersonUnknown,
    /// Who asked cannot decide: model, version.
    ApprovalOwn,
    /// Somebody else asked, and only they can take it back: model, version.
    ApprovalOfAnother,
    /// Nobody has asked: model, version.
    ApprovalNotAsked,
    /// It is asked for already: model, version.
    ApprovalAskedAlready,
    /// It is given already: model, version.
    ApprovalGivenAlready,
    /// A protected alias would go away: model, alias.
    AliasIsProtected,
    /// The alias is protected already: model, alias.
    AliasProtectedAlready,
    /// The alias is not protected: model, alias.
    AliasNotProtected,
    /// Who asked for the end of the protection cannot agree to it: model, alias.
    UnprotectOwn,

    // Busy
    /// An image is being made: subject.
    ImageBeingMade,
    /// These files are being saved: path.
    FilesBeingSaved,
    /// Another step of the registration.
    StepUnderWay,
    /// Another version is being started.
    DeploymentStarting,

    // AlreadyExists
    /// The machine is registered: machine.
    MachineExists,
    /// Another machine has the name: name.
    MachineNameTaken,
    /// The registry is there: name.
    RegistryExists,
    /// Another deployment has the name: name.
    DeploymentExists,
    /// Another view of the table of runs has the name: name.
    ViewExists,
    /// The file is there; nothing was saved: path.
    FileExists,

    // WrongState
    /// Somebody changed the report since it was read; nothing was saved: by, at.
    ReportChanged,
    /// A file is not what was logged; nothing was saved: path.
    FileChanged,
    /// Somebody changed the tag or text since it was read; nothing was saved: key.
    ValueChanged,

    // NotFound
    /// The run was not started from this workspace.
    RunNotFromHere,

    // CommandFailed: how a run ended
    /// With an exit code: exit_code.
    ExitCode,
    /// By a signal: signal, signal_name.
    KilledBySignal,
    /// The command could not be started: why.
    NotStartable,
    /// Nothing is known of its end.
    NoTrace,
    /// Skerry's entry point failed: exit_code, said.
    EntryPointFailed,
    /// The script said so itself: status.
    ScriptSaidFailed,

    // WorkloadGone, EngineMissing, EngineFailed
    /// Somebody removed the run's workload.
    RemovedBySomebody,
    /// Killed from outside: signal, signal_name (both absent when not known).
    KilledFromOutside,
    /// The container engine was stopped during the run.
    EngineStoppedDuringRun,
    /// The container could not start: why.
    ContainerNotStarted,

    // Unhealthy
    /// The scoring process did not start: why.
    ProcessNotStarted,
    /// The scoring process ended: exit_code, last_line.
    ProcessEnded,
    /// Ended from outside: why.
    EndedFromOutside,
    /// Not healthy in time: seconds, why.
    NotHealthyInTime,
    /// The health check's answer: status, said.
    HealthAnswered,
    /// No answer: why.
    NoAnswer,

    // ModelUnusable
    /// No MLmodel file there: path.
    NoMlmodel,
    /// The image says no command: image.
    ImageWithoutCommand,
    /// No engine where it is to run: machine, place (where the files are), model, version.
    NoEngineForModel,

    // FileAccess
    /// Not a folder: path.
    NotAFolder,
    /// Cannot be read: path, why.
    Unreadable,
    /// Cannot be written: path, why.
    Unwritable,

    // Disconnected, Cancelled, PortTaken, ImageMissing
    /// The agent was restarted before the image was finished.
    AgentRestartedDuringBuild,
    /// The deployment was stopped before the version was healthy.
    StoppedMeanwhile,
    /// No free port was found: machine.
    NoFreePort,
    /// A deployment has the port: port, machine, deployment.
    PortOfDeployment,
    /// No image yet on a machine that runs containers: model, version, machine.
    VersionWithoutImage,
}

/// A word of a newer version is as good as none.
pub(crate) fn known<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Reason>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Word {
        Known(Reason),
        Unknown(serde::de::IgnoredAny),
    }
    Ok(match Option::deserialize(from)? {
        Some(Word::Known(reason)) => Some(reason),
        Some(Word::Unknown(_)) | None => None,
    })
}
