//! Approval of model versions, protected aliases and the history of the registry: in the
//! workspace, and in the store of a tracking server that lies in a data folder.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use skerry_domain::{Code, Coded as _, ErrorBody, RegistryEvent, validate};
use skerry_store::{Actor, Approval, Broken, RegistryEntry, Store, StoreError, StoreOptions, Tx};

use crate::Console;
use crate::api::*;
use crate::console::{blocking, this_person};
use crate::dispatch::parse;
use crate::runs::MachineNames;

/// One store, and the person who asks and decides in it.
#[derive(Debug, Clone)]
pub struct Approvals {
    store: Store,
    actor: Arc<Actor>,
    machines: MachineNames,
}

impl Approvals {
    /// Those of the tracking server whose data folder this is, for the person whom the
    /// operating system names. The server may be running meanwhile.
    ///
    /// # Errors
    /// [`Code::NotFound`] when no server ever kept its data there, and what the store says.
    pub fn of_server(data_dir: &Path) -> Result<Self, ErrorBody> {
        let file = data_dir.join("tracking.db");
        if !file.is_file() {
            return Err(ErrorBody::new(
                Code::NotFound,
                format!(
                    "No tracking server keeps its data in {}.",
                    data_dir.display()
                ),
            )
            .with("path", data_dir.display().to_string()));
        }
        let store = Store::open(&file, StoreOptions::default()).map_err(|error| error.to_body())?;
        Ok(Self {
            store,
            actor: Arc::new(this_person()),
            machines: MachineNames::default(),
        })
    }

    /// Calls a command by its name, as [`Console::call`] does.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a command about anything else, and what the command says.
    pub fn call(&self, name: &str, args: Value) -> Result<Value, ErrorBody> {
        let answer = match name {
            "approval_ask" => serde_json::to_value(self.ask(parse(name, args)?)?),
            "approval_decide" => serde_json::to_value(self.decide(parse(name, args)?)?),
            "approval_withdraw" => serde_json::to_value(self.withdraw(parse(name, args)?)?),
            "alias_protect" => serde_json::to_value(self.protect(parse(name, args)?)?),
            "registry_history" => serde_json::to_value(self.history(&parse(name, args)?)?),
            "registry_verify" => serde_json::to_value(self.verify(&parse(name, args)?)?),
            "alias_at" => serde_json::to_value(self.alias_at(&parse(name, args)?)?),
            _ => return Err(ErrorBody::not_found("command", name)),
        };
        answer.map_err(|error| {
            ErrorBody::new(
                Code::Internal,
                format!("The answer of {name} cannot be sent: {error}"),
            )
        })
    }

    fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ErrorBody> {
        let actor = self.actor.clone();
        self.store
            .write(move |tx| write(&tx.acting(&actor)))
            .map_err(|error| error.to_body())
    }

    fn ask(&self, args: ApprovalAsk) -> Result<(), ErrorBody> {
        self.write(move |tx| {
            tx.ask_approval(&args.name, i64::from(args.version), args.reason.as_deref())
        })
    }

    fn decide(&self, args: ApprovalDecide) -> Result<(), ErrorBody> {
        self.write(move |tx| {
            tx.decide_approval(
                &args.name,
                i64::from(args.version),
                args.approve,
                &args.reason,
            )
        })
    }

    fn withdraw(&self, args: ApprovalAsk) -> Result<(), ErrorBody> {
        self.write(move |tx| {
            tx.withdraw_approval(&args.name, i64::from(args.version), args.reason.as_deref())
        })
    }

    fn protect(&self, args: AliasProtect) -> Result<AliasProtected, ErrorBody> {
        if args.protect {
            validate::alias("alias", &args.alias)?;
        }
        let event = self.write(move |tx| {
            tx.protect_alias(
                &args.name,
                &args.alias,
                args.protect,
                args.reason.as_deref(),
            )
        })?;
        Ok(AliasProtected { event })
    }

    fn history(&self, query: &RegistryHistoryQuery) -> Result<Vec<RegistryHistoryRow>, ErrorBody> {
        if !(1..=500).contains(&query.limit) {
            return Err(ErrorBody::invalid("limit", "Ask for 1 to 500 entries."));
        }
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let entries = self.read(|reader| {
            reader.registry_history(
                &query.name,
                query.version.map(i64::from),
                query.before,
                limit,
            )
        })?;
        Ok(entries.into_iter().map(|entry| self.row(entry)).collect())
    }

    fn verify(&self, args: &RegistryVerify) -> Result<RegistryVerified, ErrorBody> {
        let noted = args.noted.as_deref().map(str::trim);
        let noted = noted.filter(|noted| !noted.is_empty());
        let verified = self.read(|reader| reader.verify_registry_history(noted))?;
        let problem = match verified.broken {
            Some(Broken::Changed(seq)) => Some(RegistryBreak::Changed { seq }),
            Some(Broken::Missing(seq)) => Some(RegistryBreak::Missing { seq }),
            Some(Broken::End(seq)) => Some(RegistryBreak::End { seq }),
            Some(Broken::Alias(name, alias)) => Some(RegistryBreak::Alias { name, alias }),
            None if noted.is_some() && verified.noted.is_none() => Some(RegistryBreak::NotNoted),
            None => None,
        };
        Ok(RegistryVerified {
            whole: problem.is_none(),
            entries: verified.entries,
            end: verified.end,
            problem,
            noted: verified.noted,
        })
    }

    fn alias_at(&self, query: &AliasAtQuery) -> Result<AliasAt, ErrorBody> {
        let found =
            self.read(|reader| reader.alias_at(&query.name, &query.alias, query.from, query.to))?;
        Ok(AliasAt {
            version: found.version.and_then(|number| u32::try_from(number).ok()),
            since: found.entry.map(|entry| self.row(entry)),
            moves: found
                .moves
                .into_iter()
                .map(|entry| self.row(entry))
                .collect(),
            known_from: found.known_from,
        })
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&skerry_store::Reader<'_>) -> Result<T, StoreError>,
    ) -> Result<T, ErrorBody> {
        self.store.read(read).map_err(|error| error.to_body())
    }

    fn row(&self, entry: RegistryEntry) -> RegistryHistoryRow {
        let machine = entry.actor.machine_id;
        RegistryHistoryRow {
            seq: entry.seq,
            at: entry.at,
            name: entry.name,
            event: entry.event,
            version: entry.version.and_then(|number| u32::try_from(number).ok()),
            subject: entry.subject,
            before: entry.before,
            after: entry.after,
            reason: entry.reason,
            via: entry.actor.via,
            who: entry.actor.who,
            machine: machine.map(|id| self.machines.get(&id).cloned().unwrap_or(id)),
            happened_at: entry.actor.happened_at,
            hash: entry.hash,
        }
    }
}

impl Console {
    /// Does something with the workspace's approvals, off the async threads.
    async fn approvals<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Approvals) -> Result<T, ErrorBody> + Send + 'static,
    ) -> Result<T, ErrorBody> {
        let (store, actor) = (self.store().clone(), self.actor().clone());
        blocking(move || {
            let machines = store.machine_names().map_err(|error| error.to_body())?;
            work(&Approvals {
                store,
                actor,
                machines,
            })
        })
        .await
    }

    /// Writes to the registry in the name of the person at this console.
    pub(crate) async fn registry_write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ErrorBody> {
        let actor = self.actor().clone();
        self.db(move |store| store.write(move |tx| write(&tx.acting(&actor))))
            .await
    }

    /// Asks for the approval of a version.
    pub async fn approval_ask(&self, args: ApprovalAsk) -> Result<Nothing, ErrorBody> {
        let (name, version) = (args.name.clone(), args.version);
        self.approvals(move |approvals| approvals.ask(args)).await?;
        self.approval_activity(ActivityKind::ApprovalAsked, &name, version)
            .await;
        Ok(())
    }

    /// Approves a version, or refuses to; never by who asked.
    pub async fn approval_decide(&self, args: ApprovalDecide) -> Result<Nothing, ErrorBody> {
        let (name, version) = (args.name.clone(), args.version);
        let kind = if args.approve {
            ActivityKind::ApprovalGiven
        } else {
            ActivityKind::ApprovalRefused
        };
        self.approvals(move |approvals| approvals.decide(args))
            .await?;
        self.approval_activity(kind, &name, version).await;
        Ok(())
    }

    /// Takes back a request, or an approval that was given.
    pub async fn approval_withdraw(&self, args: ApprovalAsk) -> Result<Nothing, ErrorBody> {
        let (name, version) = (args.name.clone(), args.version);
        self.approvals(move |approvals| approvals.withdraw(args))
            .await?;
        self.approval_activity(ActivityKind::ApprovalWithdrawn, &name, version)
            .await;
        Ok(())
    }

    async fn approval_activity(&self, kind: ActivityKind, name: &str, version: u32) {
        self.activity(kind, name, name, Some(version.to_string()), None)
            .await;
    }

    /// Protects an alias, asks that it be free again, or agrees to that.
    pub async fn alias_protect(&self, args: AliasProtect) -> Result<AliasProtected, ErrorBody> {
        let (name, alias) = (args.name.clone(), args.alias.clone());
        let protected = self
            .approvals(move |approvals| approvals.protect(args))
            .await?;
        let kind = match protected.event {
            RegistryEvent::AliasUnprotected => ActivityKind::AliasUnprotected,
            RegistryEvent::AliasUnprotectAsked => ActivityKind::AliasUnprotectAsked,
            _ => ActivityKind::AliasProtected,
        };
        self.alias_activity(kind, &name, &alias, None).await;
        Ok(protected)
    }

    /// The history of a model.
    pub async fn registry_history(
        &self,
        query: RegistryHistoryQuery,
    ) -> Result<Vec<RegistryHistoryRow>, ErrorBody> {
        self.approvals(move |approvals| approvals.history(&query))
            .await
    }

    /// Walks along the chain of the whole history.
    pub async fn registry_verify(
        &self,
        args: RegistryVerify,
    ) -> Result<RegistryVerified, ErrorBody> {
        self.approvals(move |approvals| approvals.verify(&args))
            .await
    }

    /// What an alias stood for during a time.
    pub async fn alias_at(&self, query: AliasAtQuery) -> Result<AliasAt, ErrorBody> {
        self.approvals(move |approvals| approvals.alias_at(&query))
            .await
    }
}

/// An approval as `person` sees it.
pub(crate) fn approval_row(approval: Approval, person: &str) -> ApprovalRow {
    let step = |step: skerry_store::ApprovalStep| ApprovalStep {
        who: step.who,
        at: step.at,
        reason: step.reason,
        files: step.files,
    };
    ApprovalRow {
        state: approval.state,
        own: approval
            .asked
            .as_ref()
            .is_some_and(|asked| asked.who == person),
        asked: approval.asked.map(step),
        settled: approval.settled.map(step),
        files_changed: approval.files_changed,
    }
}
