//! Approval of model versions by a second person, and aliases that move only to approved
//! versions. Both are told by the history of the registry: there is no second place that
//! could say otherwise.

use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};
use skerry_domain::tracking::{Artifact, ModelVersion};
use skerry_domain::{ApprovalState, Code, ErrorBody, Millis, Reason, RegistryEvent, Via};

use crate::registry_history::{Actor, Note};
use crate::{Reader, Result, StoreError, Tx, limits};

/// A reason has at most so many characters.
const REASON_LIMIT: usize = 5_000;

/// Events that say where the approval of a version stands.
const APPROVAL: &str = "'approval_asked', 'approval_withdrawn', 'approval_given', 'approval_refused', 'version_deleted'";
const UNPROTECTED: &str = "alias_unprotected";
const UNPROTECT_ASKED: &str = "alias_unprotect_asked";
/// Events that say whether an alias is protected: the last one counts.
const PROTECTION: &str = "'alias_protected', 'alias_unprotect_asked', 'alias_unprotected'";

/// A step of an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalStep {
    /// Who.
    pub who: String,
    /// When.
    pub at: Millis,
    /// Why; none was given when absent.
    pub reason: Option<String>,
    /// Digest of the version's files at that time, when files are known.
    pub files: Option<String>,
}

/// An alias that moves only to approved versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// The alias; it need not stand for a version at the moment.
    pub alias: String,
    /// Somebody asked that it be free again, and nobody has agreed yet.
    pub end_asked: Option<ApprovalStep>,
}

/// A request that somebody else than who asked has to decide about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The model.
    pub model: String,
    /// What is asked for.
    pub what: WaitingFor,
    /// By whom, when and why.
    pub asked: ApprovalStep,
}

/// What somebody has to decide about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitingFor {
    /// The approval of this version.
    Approval(i64),
    /// That this alias be no longer protected.
    Unprotection(String),
}

/// The approval of a version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Approval {
    /// Where it stands.
    pub state: ApprovalState,
    /// The last request.
    pub asked: Option<ApprovalStep>,
    /// What came of it.
    pub settled: Option<ApprovalStep>,
    /// The files are not those that were approved.
    pub files_changed: bool,
}

fn no(reason: Reason, version: &ModelVersion, message: String) -> StoreError {
    refusal(reason, version, message).into()
}

fn refusal(reason: Reason, version: &ModelVersion, message: String) -> ErrorBody {
    ErrorBody::new(Code::WrongState, message)
        .because(reason)
        .with("model", &version.name)
        .with("version", version.version.to_string())
}

fn alias_no(reason: Reason, name: &str, alias: &str, message: String) -> StoreError {
    ErrorBody::new(Code::WrongState, message)
        .because(reason)
        .with("model", name)
        .with("alias", alias)
        .into()
}

fn reason_missing() -> StoreError {
    ErrorBody::invalid("reason", "Say why.")
        .because(Reason::ReasonEmpty)
        .into()
}

impl Reader<'_> {
    /// The approval of a version.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn approval(&self, name: &str, version: i64) -> Result<Approval> {
        let model = self.registered_number(name)?;
        let version = self.model_version(name, version)?;
        self.approval_of(model, &version)
    }

    fn approval_of(&self, model: i64, version: &ModelVersion) -> Result<Approval> {
        let mut statement = self.conn().prepare_cached(&format!(
            "SELECT event, who, at, reason, after FROM registry_history
             WHERE model = ?1 AND version = ?2 AND event IN ({APPROVAL})
             ORDER BY seq DESC"
        ))?;
        let mut rows = statement.query(params![model, version.version])?;
        let mut approval = Approval::default();
        while let Some(row) = rows.next()? {
            let event = row.get_ref(0)?.as_str().unwrap_or_default();
            let state = match event {
                "approval_asked" => ApprovalState::Asked,
                "approval_given" => ApprovalState::Approved,
                "approval_refused" => ApprovalState::Refused,
                "approval_withdrawn" => ApprovalState::Withdrawn,
                // What a version of the number was before it was deleted counts no more.
                _ => break,
            };
            if approval.state == ApprovalState::None {
                approval.state = state;
            }
            let step = ApprovalStep {
                who: row.get(1)?,
                at: row.get(2)?,
                reason: row.get(3)?,
                files: row.get(4)?,
            };
            if state == ApprovalState::Asked {
                approval.asked = Some(step);
                break;
            }
            approval.settled.get_or_insert(step);
        }
        if approval.state == ApprovalState::Approved {
            let approved = approval
                .settled
                .as_ref()
                .and_then(|step| step.files.clone());
            approval.files_changed = self.digest_of(version)? != approved;
        }
        Ok(approval)
    }

    /// Files of a version, by their path in it, as far as they were noted.
    ///
    /// # Errors
    /// When the file fails.
    pub fn version_files(&self, version: &ModelVersion) -> Result<Vec<Artifact>> {
        let model_id = version.model_id.as_deref().filter(|id| !id.is_empty());
        let run_id = version.run_id.as_deref().filter(|id| !id.is_empty());
        let place = version.storage_location.as_deref().unwrap_or_default();
        let below = |marker: &str| {
            [version.source.as_str(), place]
                .into_iter()
                .find_map(|uri| Some(uri.split_once(marker)?.1.trim_matches('/').to_owned()))
        };
        let (owner, folder) = match (model_id, run_id) {
            (Some(id), _) => (id, Some(String::new())),
            (None, Some(id)) => (
                id,
                below(&format!("runs:/{id}/")).or_else(|| below(&format!("/{id}/artifacts/"))),
            ),
            (None, None) => return Ok(Vec::new()),
        };
        let Some(folder) = folder else {
            return Ok(Vec::new());
        };
        Ok(self
            .artifacts(owner)?
            .into_iter()
            .filter_map(|mut file| {
                if !folder.is_empty() {
                    file.path = file
                        .path
                        .strip_prefix(&folder)?
                        .strip_prefix('/')?
                        .to_owned();
                }
                Some(file)
            })
            .collect())
    }

    /// SHA-256 over path and hash of each file of a version; `None` when none is known.
    fn digest_of(&self, version: &ModelVersion) -> Result<Option<String>> {
        let files = self.version_files(version)?;
        if files.is_empty() {
            return Ok(None);
        }
        let mut sum = Sha256::new();
        for file in files {
            sum.update(format!("{}\0{}\0", file.path, file.sha256));
        }
        Ok(Some(format!("sha256:{}", hex::encode(sum.finalize()))))
    }

    /// Aliases of a model that move only to approved versions.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn protections(&self, name: &str) -> Result<Vec<Protection>> {
        self.protections_of(self.registered_number(name)?)
    }

    fn protections_of(&self, model: i64) -> Result<Vec<Protection>> {
        // Bare columns are those of the row with the greatest number.
        let mut statement = self.conn().prepare_cached(&format!(
            "SELECT subject, event, who, at, reason, max(seq) FROM registry_history
             WHERE model = ?1 AND event IN ({PROTECTION}) GROUP BY subject"
        ))?;
        let rows = statement.query_map([model], |row| {
            let step = ApprovalStep {
                who: row.get(2)?,
                at: row.get(3)?,
                reason: row.get(4)?,
                files: None,
            };
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, step))
        })?;
        let mut protections = Vec::new();
        for row in rows {
            let (alias, event, step) = row?;
            if event != UNPROTECTED {
                let end_asked = (event == UNPROTECT_ASKED).then_some(step);
                protections.push(Protection { alias, end_asked });
            }
        }
        Ok(protections)
    }

    /// What waits for a second person, of all models, the oldest first.
    ///
    /// # Errors
    /// When the file fails.
    pub fn waiting(&self) -> Result<Vec<Waiting>> {
        // Bare columns are those of the row with the greatest number.
        let mut statement = self.conn().prepare_cached(&format!(
            "SELECT m.name, last.version, last.subject, last.who, last.at, last.reason, last.after FROM (
                SELECT model, version, NULL AS subject, event, who, at, reason, after, max(seq) AS seq
                FROM registry_history WHERE event IN ({APPROVAL}) GROUP BY model, version
                UNION ALL
                SELECT model, NULL, subject, event, who, at, reason, NULL, max(seq)
                FROM registry_history WHERE event IN ({PROTECTION}) GROUP BY model, subject
             ) last JOIN registered_models m ON m.id = last.model
             WHERE last.event IN ('approval_asked', ?1) ORDER BY last.seq"
        ))?;
        let mut rows = statement.query([UNPROTECT_ASKED])?;
        let mut waiting = Vec::new();
        while let Some(row) = rows.next()? {
            let what = match (row.get(1)?, row.get(2)?) {
                (Some(version), _) => WaitingFor::Approval(version),
                (None, Some(alias)) => WaitingFor::Unprotection(alias),
                (None, None) => continue,
            };
            waiting.push(Waiting {
                model: row.get(0)?,
                what,
                asked: ApprovalStep {
                    who: row.get(3)?,
                    at: row.get(4)?,
                    reason: row.get(5)?,
                    files: row.get(6)?,
                },
            });
        }
        Ok(waiting)
    }

    pub(crate) fn is_protected(&self, model: i64, alias: &str) -> Result<bool> {
        let last = self.last_of_protection(model, alias)?;
        Ok(last.is_some_and(|(event, _)| event != UNPROTECTED))
    }

    /// What last happened to the protection of an alias, and who did it.
    fn last_of_protection(&self, model: i64, alias: &str) -> Result<Option<(String, String)>> {
        Ok(self
            .conn()
            .prepare_cached(&format!(
                "SELECT event, who FROM registry_history WHERE model = ?1 AND subject = ?2
                    AND event IN ({PROTECTION}) ORDER BY seq DESC LIMIT 1"
            ))?
            .query_row(params![model, alias], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// Refuses to let a protected alias go to a version that is not approved as it is.
    pub(crate) fn may_carry(&self, model: i64, alias: &str, version: &ModelVersion) -> Result<()> {
        if !self.is_protected(model, alias)? {
            return Ok(());
        }
        let approval = self.approval_of(model, version)?;
        let (reason, why) = match approval.state {
            ApprovalState::Approved if approval.files_changed => (
                Reason::ApprovedFilesChanged,
                "its files have changed since it was approved; ask for approval again",
            ),
            ApprovalState::Approved => return Ok(()),
            ApprovalState::Asked => (
                Reason::ApprovalMissing,
                "its approval is asked for and not given yet; somebody else than who asked gives it",
            ),
            ApprovalState::None | ApprovalState::Refused | ApprovalState::Withdrawn => (
                Reason::ApprovalMissing,
                "it is not approved; ask for its approval first",
            ),
        };
        let (name, number) = (&version.name, version.version);
        Err(refusal(
            reason,
            version,
            format!(
                "The alias '{alias}' of '{name}' is protected and cannot go to version {number}: {why}."
            ),
        )
        .with("alias", alias)
        .into())
    }

    /// Refuses to take a protected alias away.
    pub(crate) fn may_go(&self, model: i64, alias: &str) -> Result<()> {
        if !self.is_protected(model, alias)? {
            return Ok(());
        }
        let name: String = self.conn().query_row(
            "SELECT name FROM registered_models WHERE id = ?1",
            [model],
            |row| row.get(0),
        )?;
        Err(alias_no(
            Reason::AliasIsProtected,
            &name,
            alias,
            format!(
                "The alias '{alias}' of '{name}' is protected and cannot be taken away. Remove the \
                 protection first."
            ),
        ))
    }

    /// Refuses what would take protected aliases away in passing: deleting or renaming.
    pub(crate) fn refuse_protected(&self, model: i64, name: &str, what: &str) -> Result<()> {
        match self.protections_of(model)?.first() {
            None => Ok(()),
            Some(Protection { alias, .. }) => Err(alias_no(
                Reason::AliasIsProtected,
                name,
                alias,
                format!(
                    "{what}: the alias '{alias}' of '{name}' is protected. Remove the protection first."
                ),
            )),
        }
    }
}

impl Tx<'_> {
    /// The person who acts; nobody else may ask or decide.
    fn person(&self) -> Result<&str> {
        if self.actor.via == Via::Person && !self.actor.who.is_empty() {
            return Ok(&self.actor.who);
        }
        Err(ErrorBody::new(
            Code::WrongState,
            "Only a person whom the operating system names may do this, and not from within a user \
             namespace (unshare, rootless containers), where anybody can take any name.",
        )
        .because(Reason::PersonUnknown)
        .into())
    }

    /// Asks for the approval of a version.
    ///
    /// # Errors
    /// `NotFound`; `Input` when nobody vouches for the actor, or when it is asked for or given already.
    pub fn ask_approval(&self, name: &str, version: i64, reason: Option<&str>) -> Result<()> {
        self.person()?;
        let (model, version) = self.known_version(name, version)?;
        let approval = self.approval_of(model, &version)?;
        let what = format!("of version {} of '{name}'", version.version);
        match (approval.state, &approval.asked) {
            (ApprovalState::Asked, Some(asked)) => Err(no(
                Reason::ApprovalAskedAlready,
                &version,
                format!(
                    "The approval {what} is asked for already, by {}; it waits for a decision.",
                    asked.who
                ),
            )),
            (ApprovalState::Approved, _) if !approval.files_changed => Err(no(
                Reason::ApprovalGivenAlready,
                &version,
                format!("The approval {what} is given already."),
            )),
            _ => self.note_approval(RegistryEvent::ApprovalAsked, model, &version, reason),
        }
    }

    /// Approves a version, or refuses to, with a reason; never by who asked.
    ///
    /// # Errors
    /// `NotFound`; `Input` when nobody vouches for the actor, or when nobody has asked, or the actor has, or the
    /// files have changed since, or there is no reason.
    pub fn decide_approval(
        &self,
        name: &str,
        version: i64,
        approve: bool,
        reason: &str,
    ) -> Result<()> {
        let decider = self.person()?;
        let (model, version) = self.known_version(name, version)?;
        let approval = self.approval_of(model, &version)?;
        let what = format!("version {} of '{name}'", version.version);
        let Some(asked) = approval
            .asked
            .filter(|_| approval.state == ApprovalState::Asked)
        else {
            return Err(no(
                Reason::ApprovalNotAsked,
                &version,
                format!("Nobody is waiting for the approval of {what}: ask for it first."),
            ));
        };
        if asked.who == decider {
            return Err(no(
                Reason::ApprovalOwn,
                &version,
                format!(
                    "{decider} asked for the approval of {what} and cannot decide about it: somebody \
                     else has to, signed in to the computer under another name."
                ),
            ));
        }
        if approve && asked.files != self.digest_of(&version)? {
            return Err(no(
                Reason::AskedFilesChanged,
                &version,
                format!(
                    "The files of {what} have changed since its approval was asked for: refuse it, \
                     or let it be asked for again."
                ),
            ));
        }
        if reason.trim().is_empty() {
            return Err(reason_missing());
        }
        let event = if approve {
            RegistryEvent::ApprovalGiven
        } else {
            RegistryEvent::ApprovalRefused
        };
        self.note_approval(event, model, &version, Some(reason))
    }

    /// Takes back a request (only who asked can), or an approval that was given (anybody,
    /// with a reason). Aliases stay where they are.
    ///
    /// # Errors
    /// `NotFound`; `Input` when nobody vouches for the actor, or when there is nothing to take back.
    pub fn withdraw_approval(&self, name: &str, version: i64, reason: Option<&str>) -> Result<()> {
        let who = self.person()?;
        let (model, version) = self.known_version(name, version)?;
        let approval = self.approval_of(model, &version)?;
        let what = format!("version {} of '{name}'", version.version);
        match (approval.state, approval.asked) {
            (ApprovalState::Asked, Some(asked)) if asked.who != who => Err(no(
                Reason::ApprovalOfAnother,
                &version,
                format!(
                    "{} asked for the approval of {what}, so only {} can take that back; others \
                     approve or refuse.",
                    asked.who, asked.who
                ),
            )),
            (ApprovalState::Approved, _) if reason.is_none_or(|text| text.trim().is_empty()) => {
                Err(reason_missing())
            }
            (ApprovalState::Asked | ApprovalState::Approved, _) => {
                self.note_approval(RegistryEvent::ApprovalWithdrawn, model, &version, reason)
            }
            _ => Err(no(
                Reason::ApprovalNotAsked,
                &version,
                format!("There is no approval of {what} to take back."),
            )),
        }
    }

    /// Ends an approval because what was approved is replaced.
    pub(crate) fn end_approval(&self, model: i64, version: &ModelVersion) -> Result<()> {
        let state = self.approval_of(model, version)?.state;
        if matches!(state, ApprovalState::Asked | ApprovalState::Approved) {
            self.note_approval(
                RegistryEvent::ApprovalWithdrawn,
                model,
                version,
                Some("Its files were replaced by an import."),
            )?;
        }
        Ok(())
    }

    fn note_approval(
        &self,
        event: RegistryEvent,
        model: i64,
        version: &ModelVersion,
        reason: Option<&str>,
    ) -> Result<()> {
        let reason = checked(reason)?;
        let files = self.digest_of(version)?;
        self.note(
            model,
            Note {
                version: Some(version.version),
                after: files.as_deref(),
                reason,
                ..Note::of(event)
            },
        )
    }

    /// Protects an alias of a model, or lets it free, which takes two people: the first
    /// who wants it asks, the second agrees. Protecting it again takes the request back.
    /// An alias may be protected before it stands for anything. Answers what happened.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`; `Input` when nobody vouches for the actor, when it is so already, or when who asked
    /// agrees.
    pub fn protect_alias(
        &self,
        name: &str,
        alias: &str,
        protect: bool,
        reason: Option<&str>,
    ) -> Result<RegistryEvent> {
        let person = self.person()?;
        limits::alias(alias)?;
        let model = self.registered_number(name)?;
        let last = self.last_of_protection(model, alias)?;
        let no = |reason, message: String| Err(alias_no(reason, name, alias, message));
        let event = match (
            protect,
            last.as_ref().map(|(event, who)| (event.as_str(), who)),
        ) {
            (true, None | Some((UNPROTECTED | UNPROTECT_ASKED, _))) => {
                RegistryEvent::AliasProtected
            }
            (true, Some(_)) => {
                return no(
                    Reason::AliasProtectedAlready,
                    format!("The alias '{alias}' of '{name}' is protected already."),
                );
            }
            (false, None | Some((UNPROTECTED, _))) => {
                return no(
                    Reason::AliasNotProtected,
                    format!("The alias '{alias}' of '{name}' is not protected."),
                );
            }
            (false, Some((UNPROTECT_ASKED, who))) if who == person => {
                return no(
                    Reason::UnprotectOwn,
                    format!(
                        "{person} asked that the alias '{alias}' of '{name}' be free and cannot agree \
                         to it: somebody else has to, signed in to the computer under another name."
                    ),
                );
            }
            (false, Some((UNPROTECT_ASKED, _))) => RegistryEvent::AliasUnprotected,
            (false, Some(_)) => RegistryEvent::AliasUnprotectAsked,
        };
        self.note(
            model,
            Note {
                subject: Some(alias),
                reason: checked(reason)?,
                ..Note::of(event)
            },
        )?;
        Ok(event)
    }

    fn known_version(&self, name: &str, version: i64) -> Result<(i64, ModelVersion)> {
        Ok((
            self.registered_number(name)?,
            self.model_version(name, version)?,
        ))
    }

    /// The person, run or client who acts.
    pub(crate) fn actor(&self) -> &Actor {
        self.actor
    }
}

fn checked(reason: Option<&str>) -> Result<Option<&str>> {
    let reason = reason.map(str::trim).filter(|text| !text.is_empty());
    match reason {
        Some(text) if text.chars().count() > REASON_LIMIT => Err(ErrorBody::invalid(
            "reason",
            "A reason has at most 5,000 characters.",
        )
        .because(Reason::ReasonTooLong)
        .into()),
        reason => Ok(reason),
    }
}
