//! Moving tracking data: in from MLflow, and out to it again.
//!
//! **Invariant:** nothing is lost in silence. What the source has is in the target at
//! the end, equal by count and hash, or the report names it. Stopped at any moment and
//! started again, a transfer goes on; repeated, it changes nothing. The source is
//! only read.
//!
//! **API boundary:** [`Source`] is what can be read (an `mlruns` folder, MLflow's
//! SQLite file, an MLflow server, a store), [`Target`] what can be written (a store, a
//! server); [`transfer`] carries everything from one to the other and compares. [`Wanted`]
//! is that by name; while a program has the store open, it is what does it
//! ([`take_transfers`], [`ask_holder`]). MLflow's
//! files, tables and REST client are known here and in `skerry_mlflow` alone. Everything
//! blocks: call it where that is allowed.

mod client;
mod compare;
mod database;
mod entities;
mod folder;
#[cfg(unix)]
mod held;
mod here;
mod local;
mod report;
mod server;
mod server_target;
mod stop;
mod store_target;
mod walk;
mod wanted;

pub use client::{Client, Credentials};
pub use database::DatabaseSource;
pub use entities::{
    Elsewhere, Files, Place, PointHash, Source, SourceModel, SourceRegistered, SourceRun, Target,
};
pub use folder::FolderSource;
#[cfg(unix)]
pub use held::{ask_holder, take_transfers};
pub use here::StoreSource;
pub use report::{Event, Problem, Report, Tally};
pub use server::ServerSource;
pub use server_target::ServerTarget;
pub use stop::Stop;
pub use store_target::StoreTarget;
pub use walk::{survey, transfer};
pub use wanted::{Export, Import, Wanted};

/// What a transfer answers.
pub type Result<T> = std::result::Result<T, skerry_domain::ErrorBody>;

/// The tag that keeps a run's id where a server gives it another one.
pub(crate) const RUN_TAG: &str = "skerry.run_id";
/// The same of a logged model.
pub(crate) const MODEL_TAG: &str = "skerry.model_id";
