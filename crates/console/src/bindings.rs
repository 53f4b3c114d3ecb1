//! The TypeScript declarations of every command, type, topic and code.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use skerry_domain::{Code, ErrorBody};
use ts_rs::{Config, TS, TypeVisitor};

use crate::api::*;
use crate::commands::command_table;

/// Collects the declaration of a type and of all that it uses.
struct Declarations {
    config: Config,
    seen: HashSet<TypeId>,
    text: BTreeMap<String, String>,
}

impl Declarations {
    fn add<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            let text = format!("{docs}export {}\n", T::decl(&self.config));
            self.text.insert(T::ident(&self.config), text);
        }
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        self.add::<T>();
    }
}

/// One line of the command table.
struct Row {
    name: &'static str,
    is_read: bool,
    args: String,
    result: String,
    topics: &'static [Topic],
}

macro_rules! rows {
    ($($kind:ident $name:ident($args:ty) -> $result:ty [$($topic:ident),*];)*) => {
        fn collect(declarations: &mut Declarations) -> Vec<Row> {
            vec![$({
                declarations.add::<$args>();
                declarations.add::<$result>();
                Row {
                    name: stringify!($name),
                    is_read: stringify!($kind) == "read",
                    args: <$args as TS>::name(&declarations.config),
                    result: <$result as TS>::name(&declarations.config),
                    topics: &[$(Topic::$topic),*],
                }
            }),*]
        }
    };
}
command_table!(rows);

/// The whole of `ui/src/bindings/api.ts`.
pub fn typescript() -> String {
    let mut declarations = Declarations {
        config: Config::new().with_large_int("number"),
        seen: HashSet::new(),
        text: BTreeMap::new(),
    };
    let rows = collect(&mut declarations);
    declarations.add::<ErrorBody>();
    declarations.add::<Code>();
    declarations.add::<Event>();
    declarations.add::<Topic>();

    let mut out = String::from(
        "// Generated from the command table in crates/console by `cargo xtask bindings`. Do not edit.\n\n",
    );
    for text in declarations.text.values() {
        out.push_str(text);
        out.push('\n');
    }
    out.push_str(
        "/** Every command with its arguments and its answer. */\nexport interface Commands {\n",
    );
    for row in &rows {
        let _ = writeln!(
            out,
            "  {}: {{ args: {}; result: {} }};",
            row.name, row.args, row.result
        );
    }
    out.push_str("}\n\nexport type CommandName = keyof Commands;\n\n");
    out.push_str(
        "/** What a command provides (reads) or invalidates (writes). */\nexport const commandTopics: Record<CommandName, { provides: Topic[]; invalidates: Topic[] }> = {\n",
    );
    for row in &rows {
        let topics = serde_json::to_string(row.topics).unwrap_or_default();
        let (provides, invalidates) = if row.is_read {
            (topics.as_str(), "[]")
        } else {
            ("[]", topics.as_str())
        };
        let _ = writeln!(
            out,
            "  {}: {{ provides: {provides}, invalidates: {invalidates} }},",
            row.name
        );
    }
    out.push_str("};\n");
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::typescript;

    /// What the crates' programs are made of, without their tests.
    fn sources(folder: &Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                all.push_str(text.split("#[cfg(test)]").next().unwrap());
            }
        }
    }

    #[test]
    fn every_word_is_said_somewhere() {
        let mut all = String::new();
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap() {
            sources(&entry.unwrap().path().join("src"), &mut all);
        }
        let declared = typescript();
        for (name, least) in [("Reason", 100), ("Finding", 30), ("ForgottenKind", 8)] {
            let (_, rest) = declared
                .split_once(&format!("export type {name} = "))
                .unwrap();
            let words: Vec<&str> = rest
                .split(';')
                .next()
                .unwrap()
                .split(" | ")
                .map(|word| word.trim_matches('"'))
                .collect();
            assert!(words.len() >= least, "{name}: {words:?}");
            for word in words {
                let variant: String = word
                    .split('_')
                    .map(|part| part[..1].to_uppercase() + &part[1..])
                    .collect();
                let use_of = format!("{name}::{variant}");
                let said = all.match_indices(&use_of).any(|(at, _)| {
                    let next = all[at + use_of.len()..].chars().next();
                    next.is_none_or(|c| !c.is_alphanumeric())
                });
                assert!(said, "{use_of} is said nowhere");
            }
        }
    }
}
