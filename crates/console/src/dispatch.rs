//! Calls a command by its name, for hosts that speak JSON.

use serde_json::Value;
use skerry_domain::{Code, ErrorBody};

use crate::Console;
use crate::api::*;
use crate::commands::command_table;

macro_rules! dispatch {
    ($($kind:ident $name:ident($args:ty) -> $result:ty [$($topic:ident),*];)*) => {
        /// The names of all commands.
        pub const COMMAND_NAMES: &[&str] = &[$(stringify!($name)),*];

        impl Console {
            /// Calls a command by name. Arguments and answer are JSON as declared in
            /// the generated TypeScript.
            ///
            /// # Errors
            /// [`Code::NotFound`] for an unknown command, [`Code::Invalid`] for
            /// arguments of another shape, else what the command says.
            pub async fn call(&self, name: &str, args: Value) -> Result<Value, ErrorBody> {
                match name {
                    $(stringify!($name) => {
                        let args: $args = parse(name, args)?;
                        let answer: $result = Box::pin(self.$name(args)).await?;
                        if stringify!($kind) == "write" {
                            self.emit_topics(&[$(Topic::$topic),*]);
                        }
                        serde_json::to_value(answer).map_err(|error| {
                            ErrorBody::new(Code::Internal, format!("The answer of {name} cannot be sent: {error}"))
                        })
                    })*
                    _ => Err(ErrorBody::not_found("command", name)),
                }
            }
        }
    };
}
command_table!(dispatch);

pub(crate) fn parse<T: serde::de::DeserializeOwned>(
    name: &str,
    args: Value,
) -> Result<T, ErrorBody> {
    // serde's message can quote the value; it names the field only here, since the
    // value may be a secret.
    serde_json::from_value(args).map_err(|error| {
        let text = error.to_string();
        let what = if text.starts_with("missing field") || text.starts_with("unknown variant") {
            text.split(", expected")
                .next()
                .unwrap_or_default()
                .to_owned()
        } else {
            String::from("a value has the wrong type")
        };
        ErrorBody::new(
            Code::Invalid,
            format!("The arguments of {name} are not valid: {what}."),
        )
    })
}
