use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skerry_domain::{ErrorBody, Millis, Secret};
use ts_rs::TS;

use super::{DeploymentRow, RunRow};

/// About this program and its workspace.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AppInfo {
    /// Version of Skerry.
    pub version: String,
    /// Where the workspace lives.
    pub data_dir: String,
    /// Where the log files are.
    pub log_dir: String,
    /// Name of the person at the OS.
    pub user: String,
    /// Name of this computer.
    pub hostname: String,
    /// No machine, no run, no model yet: show the welcome.
    pub empty: bool,
    /// State of the place for secrets.
    pub secret_store: SecretStoreInfo,
}

/// Where secrets are kept.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SecretStoreInfo {
    /// Which.
    pub kind: SecretStoreKind,
    /// Usable at the moment.
    pub state: SecretStoreState,
    /// Why not, when not.
    pub problem: Option<ErrorBody>,
}

/// Which place for secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SecretStoreKind {
    /// The keyring of the operating system.
    Keyring,
    /// An encrypted file in the data folder.
    Vault,
}

/// Whether the place for secrets can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SecretStoreState {
    /// Open.
    Ready,
    /// Wants its passphrase (vault), or to be unlocked (keyring).
    Locked,
    /// No vault yet: choose a passphrase.
    New,
    /// Does not work; see the problem.
    Failed,
}

/// A secret known to the workspace; never its value.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SecretRow {
    /// Id.
    pub id: String,
    /// What it is, in words: "Passphrase of the key for lab-1".
    pub label: String,
    /// Whose: the name of the machine, or the host of the registry; none when that is
    /// gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub subject: Option<String>,
    /// The user, of a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub account: Option<String>,
    /// Of what kind.
    pub kind: SecretKind,
    /// When it was stored.
    pub created_at: Millis,
    /// Whether it is still there.
    pub present: bool,
}

/// Of what kind a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// Passphrase of an SSH key.
    KeyPassphrase,
    /// Password of an SSH account.
    MachinePassword,
    /// Password or token of a container registry.
    RegistryPassword,
}

/// Opens or creates the vault.
#[derive(Debug, Deserialize, TS)]
pub struct VaultUnlock {
    /// The passphrase; at least 8 characters for a new vault.
    pub passphrase: Secret,
}

/// Asks how strong a password is.
#[derive(Debug, Deserialize, TS)]
pub struct StrengthQuery {
    /// The password; it is not kept.
    pub password: Secret,
}

/// How strong a password is (zxcvbn).
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Strength {
    /// 0 (worthless) to 4 (strong).
    pub score: u8,
    /// Guesses needed, power of ten.
    pub guesses_log10: f64,
    /// What to do better; English, empty when strong.
    pub advice: Vec<String>,
    /// The same, for the UI's words.
    #[serde(default)]
    #[ts(as = "Option<Vec<StrengthAdvice>>", optional)]
    pub advice_keys: Vec<StrengthAdvice>,
}

/// What zxcvbn says about a password: its warnings, then its suggestions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StrengthAdvice {
    /// A row of keys.
    StraightRowsOfKeysAreEasyToGuess,
    /// A short pattern of keys.
    ShortKeyboardPatternsAreEasyToGuess,
    /// One character again and again.
    RepeatsLikeAaaAreEasyToGuess,
    /// Some characters again and again.
    RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess,
    /// One of the ten commonest.
    ThisIsATop10Password,
    /// One of the hundred commonest.
    ThisIsATop100Password,
    /// A very common one.
    ThisIsACommonPassword,
    /// Nearly a common one.
    ThisIsSimilarToACommonlyUsedPassword,
    /// A sequence such as abc or 6543.
    SequencesLikeAbcAreEasyToGuess,
    /// A recent year.
    RecentYearsAreEasyToGuess,
    /// A single word.
    AWordByItselfIsEasyToGuess,
    /// A date.
    DatesAreOftenEasyToGuess,
    /// A single name.
    NamesAndSurnamesByThemselvesAreEasyToGuess,
    /// A common name.
    CommonNamesAndSurnamesAreEasyToGuess,
    /// A few words are better, but no common phrase.
    UseAFewWordsAvoidCommonPhrases,
    /// Symbols, digits and capitals are not needed.
    NoNeedForSymbolsDigitsOrUppercaseLetters,
    /// Another word or two.
    AddAnotherWordOrTwo,
    /// A capital at the beginning helps little.
    CapitalizationDoesntHelpVeryMuch,
    /// Capitals throughout help little.
    AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase,
    /// A word backwards helps little.
    ReversedWordsArentMuchHarderToGuess,
    /// @ instead of a helps little.
    PredictableSubstitutionsDontHelpVeryMuch,
    /// A longer pattern of keys with more turns.
    UseALongerKeyboardPatternWithMoreTurns,
    /// No repetitions.
    AvoidRepeatedWordsAndCharacters,
    /// No sequences.
    AvoidSequences,
    /// No recent years.
    AvoidRecentYears,
    /// No years that have to do with the person.
    AvoidYearsThatAreAssociatedWithYou,
    /// No dates that have to do with the person.
    AvoidDatesAndYearsThatAreAssociatedWithYou,
}

/// What the first screen shows.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Overview {
    /// What needs a person, most urgent first.
    pub needs: Vec<Need>,
    /// Runs that go on, newest first.
    pub running: Vec<RunRow>,
    /// Deployments with their health.
    pub deployments: Vec<DeploymentRow>,
    /// What changed lately.
    pub changes: Vec<ActivityRow>,
    /// Since when `changes` counts as new for this person.
    pub last_seen_at: Option<Millis>,
}

/// Something that needs a person.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Need {
    /// What about.
    pub kind: NeedKind,
    /// Its subject: the run, machine, deployment or draft.
    pub subject_id: String,
    /// Name of the subject.
    pub subject: String,
    /// Cause, when known.
    pub problem: Option<ErrorBody>,
    /// Since when.
    pub since: Millis,
}

/// Why a person is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NeedKind {
    /// A run failed or was interrupted since last seen.
    RunFailed,
    /// A machine cannot be reached.
    MachineUnreachable,
    /// A deployment is not healthy.
    DeploymentUnhealthy,
    /// Somebody else asked for the approval of a version; the subject's id is model/version.
    ApprovalAsked,
    /// Somebody else asked that an alias be no longer protected; the subject's id is the model.
    UnprotectAsked,
    /// The wizard was left half way.
    SetupUnfinished,
    /// The place for secrets is locked.
    SecretsLocked,
}

/// Asks for a page of what happened, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ActivityQuery {
    /// Only entries before this id; `None` starts with the newest.
    pub before_id: Option<i64>,
    /// At most so many (1 to 500).
    pub limit: u32,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ActivityRow {
    /// Rises with time.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Who: the person at the OS, or a machine's name.
    pub actor: String,
    /// What, as a stable word such as `machine_registered`; the UI has the sentence.
    pub kind: ActivityKind,
    /// The id of what it happened to.
    pub subject_id: String,
    /// Its name.
    pub subject: String,
    /// A detail: version, alias, state.
    pub detail: Option<String>,
    /// What the detail says, for the UI's words: exit_code; machine; version; alias;
    /// model and version; reference; host; fingerprint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(as = "Option<BTreeMap<String, String>>", optional)]
    pub facts: BTreeMap<String, String>,
    /// The error, when it is about a failure.
    pub problem: Option<ErrorBody>,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// A machine was registered.
    MachineRegistered,
    /// A machine was forgotten.
    MachineForgotten,
    /// The link to a machine broke.
    MachineUnreachable,
    /// The link came back.
    MachineReachable,
    /// A host key was confirmed and pinned.
    HostKeyPinned,
    /// A run was started.
    RunStarted,
    /// A run ended well.
    RunFinished,
    /// A run ended with an error.
    RunFailed,
    /// A run was cancelled.
    RunCancelled,
    /// The machine went away under a run.
    RunInterrupted,
    /// Files of a run were saved on the computer of who works with the console.
    FilesSaved,
    /// Files of a run could not be saved.
    FilesSaveFailed,
    /// A model version was registered.
    VersionRegistered,
    /// An alias was set.
    AliasSet,
    /// An alias was removed.
    AliasRemoved,
    /// An alias moves only to approved versions from now on.
    AliasProtected,
    /// An alias is as free as any other again.
    AliasUnprotected,
    /// Somebody asked that a protected alias be free again.
    AliasUnprotectAsked,
    /// The approval of a version was asked for.
    ApprovalAsked,
    /// A version was approved.
    ApprovalGiven,
    /// The approval of a version was refused.
    ApprovalRefused,
    /// The request for an approval, or the approval, was taken back.
    ApprovalWithdrawn,
    /// A model version was deleted.
    VersionDeleted,
    /// A registered model was deleted.
    ModelDeleted,
    /// An image was pushed.
    ImagePushed,
    /// Making or pushing an image failed.
    ImageFailed,
    /// A deployment was made.
    DeploymentCreated,
    /// Another version was deployed.
    DeploymentUpdated,
    /// A deployment went back to an earlier revision.
    DeploymentRolledBack,
    /// A deployment was stopped.
    DeploymentStopped,
    /// A deployment was started again.
    DeploymentStarted,
    /// A deployment was deleted.
    DeploymentDeleted,
    /// A deployment became healthy.
    DeploymentHealthy,
    /// A deployment stopped being healthy.
    DeploymentUnhealthy,
    /// A container registry was added or changed.
    RegistrySaved,
    /// A container registry was removed.
    RegistryDeleted,
    /// A secret was deleted.
    SecretDeleted,
}

/// A person's preferences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Settings {
    /// Colors.
    pub theme: Theme,
    /// Language; `None` follows the system.
    pub language: Option<Language>,
    /// Rows of 26 instead of 32 pixels.
    pub compact: bool,
}

/// Colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Languages of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// Swedish.
    Sv,
}

/// What somebody types into the command palette.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PaletteQuery {
    /// At most 200 characters.
    pub query: String,
}

/// Something the command palette can open.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PaletteItem {
    /// What it is.
    pub kind: PaletteKind,
    /// Its id (a model's is its name).
    pub id: String,
    /// Its name.
    pub label: String,
    /// A second line: experiment, address, endpoint.
    pub hint: Option<String>,
}

/// What the palette finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PaletteKind {
    /// A run.
    Run,
    /// A machine.
    Machine,
    /// A registered model.
    Model,
    /// A deployment.
    Deployment,
    /// An experiment.
    Experiment,
    /// A report.
    Report,
}
