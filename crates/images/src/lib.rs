//! A model version becomes an OCI image, and the image reaches a registry, without a Docker daemon.
//!
//! **Invariant:** no layer is ever held in memory: layers are spooled to folders that the caller
//! names. The same base, model folder, scoring server and facts give the same bytes, hence the same
//! digest. Nothing is pushed that was not hashed here, and a tag is written only when every blob is
//! there. Credentials go only to the registry that asked for them (and the token issuer it names),
//! never in the clear unless the registry was marked for plain http.
//!
//! **API boundary:** [`unpack_base`] reads what an engine exports, [`build`] puts the model on top,
//! [`push`] sends it, [`resolve`] and [`ping`] ask a registry. Engines are not spoken to here.

mod base;
mod build;
mod digest;
mod error;
mod layer;
mod progress;
mod reference;
mod registry;

pub use base::{Base, unpack_base};
pub use build::{BuildSpec, BuiltImage, ModelFacts, build};
pub use digest::Digest;
pub use error::Error;
pub use progress::{Progress, ProgressFn};
pub use reference::{Reference, check_registry_host};
pub use registry::{Challenge, Credentials, Ping, Pushed, Registry, ping, push, resolve};
