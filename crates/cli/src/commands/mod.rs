//! The verbs, each a few calls of the console's commands.

mod approval;
mod deploy;
mod doctor;
mod machine;
mod model;
mod operation;
mod registry;
mod report;
mod run;
mod transfer;

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use serde_json::{Value, json};
use skerry_console::api::{ActivityQuery, ActivityRow, SecretStoreInfo};
pub use skerry_domain::utc as time;
use skerry_domain::{Code, ErrorBody, Millis};

use crate::access::Access;
use crate::arguments::{Arguments, Model, Verb};
use crate::{output, serve, web};

/// What every verb needs.
pub struct Session {
    pub access: Access,
    pub json: bool,
}

/// Does what the command line says.
pub async fn run(arguments: Arguments) -> Result<(), ErrorBody> {
    let json = arguments.json;
    let data_dir = arguments
        .data
        .unwrap_or_else(skerry_console::default_data_dir);
    match arguments.verb {
        Verb::Serve(verb) => return serve::run(verb, data_dir, json).await,
        Verb::Gc(verb) => return serve::gc(verb, data_dir, json),
        Verb::MoveRuns(verb) => return serve::move_runs(verb, data_dir, json),
        Verb::Web { listen } => return web::run(listen, data_dir, json).await,
        Verb::Import(verb) => return transfer::import(verb, data_dir, json).await,
        Verb::Export(verb) => return transfer::export(verb, data_dir, json).await,
        Verb::Doctor(verb) => return doctor::run(verb, data_dir, json).await,
        Verb::Model(Model::Approval(verb)) if approval::at_server(&verb) => {
            return approval::in_server(verb, &data_dir, json).await;
        }
        _ => {}
    }
    let _log = skerry_console::logging::init(&data_dir.join("logs"));
    let mut session = Session {
        access: Access::open(data_dir).await?,
        json,
    };
    let done = tokio::select! {
        done = async {
            let done = session.act(arguments.verb).await;
            session.access.finish().await;
            done
        } => done,
        () = serve::ended() => Err(ErrorBody::new(
            Code::Cancelled,
            "Interrupted. What runs on machines goes on.",
        )),
    };
    session.access.close().await;
    done
}

impl Session {
    async fn act(&mut self, verb: Verb) -> Result<(), ErrorBody> {
        match verb {
            Verb::Machine(verb) => machine::run(self, verb).await,
            Verb::Run(verb) => run::run(self, verb).await,
            Verb::Model(verb) => model::run(self, verb).await,
            Verb::Report(verb) => report::run(self, verb).await,
            Verb::Registry(verb) => registry::run(self, verb).await,
            Verb::Deploy(verb) => deploy::run(self, verb).await,
            Verb::Activity { limit } => self.activity(limit).await,
            Verb::Unlock { .. } => {
                let args = json!({ "passphrase": read_secret("Passphrase of the vault")? });
                let info: SecretStoreInfo = self.access.call("vault_unlock", args).await?;
                output::print(self.json, &info, || String::from("The vault is open."));
                Ok(())
            }
            Verb::Call { name, args } => {
                let text = if args == "-" { read_all()? } else { args };
                let args: Value = serde_json::from_str(&text).map_err(|error| {
                    ErrorBody::invalid("args", format!("The arguments are not JSON: {error}."))
                })?;
                let answer = self.access.value(&name, args).await?;
                output::print(true, &answer, String::new);
                Ok(())
            }
            // Answered before a workspace is opened.
            Verb::Serve(_)
            | Verb::Gc(_)
            | Verb::MoveRuns(_)
            | Verb::Web { .. }
            | Verb::Import(_)
            | Verb::Export(_)
            | Verb::Doctor(_) => Ok(()),
        }
    }

    async fn activity(&mut self, limit: u32) -> Result<(), ErrorBody> {
        let query = ActivityQuery {
            before_id: None,
            limit,
        };
        let rows: Vec<ActivityRow> = self.access.call("activity_list", query).await?;
        output::print(self.json, &rows, || {
            let rows: Vec<Vec<String>> = rows
                .iter()
                .map(|row| {
                    vec![
                        time(row.at),
                        row.actor.clone(),
                        word(&row.kind),
                        row.subject.clone(),
                        row.detail.clone().unwrap_or_default(),
                    ]
                })
                .collect();
            output::table(&["TIME", "WHO", "WHAT", "SUBJECT", "DETAIL"], &rows)
        });
        Ok(())
    }
}

/// The word that a value has on the wire.
pub fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// A day or a moment, UTC, as [`time`] writes it: from and to in milliseconds, both
/// included.
pub fn span(text: &str) -> Result<(Millis, Millis), String> {
    let wrong = || format!("'{text}' is no time: write 2026-11-27 or 2026-11-27T09:30:00Z.");
    let (day, clock) = match text.split_once('T') {
        Some((day, clock)) => (day, Some(clock.strip_suffix('Z').ok_or_else(wrong)?)),
        None => (text, None),
    };
    let numbers = |text: &str, by: char| -> Option<[i64; 3]> {
        let parts: Option<Vec<i64>> = text
            .split(by)
            .map(|part| {
                part.bytes()
                    .all(|b| b.is_ascii_digit())
                    .then(|| part.parse().ok())?
            })
            .collect();
        parts?.try_into().ok()
    };
    let [year, month, of_month] = numbers(day, '-').ok_or_else(wrong)?;
    if !(0..=9_999).contains(&year) {
        return Err(wrong());
    }
    // Days by Howard Hinnant's `days_from_civil`.
    let y = year - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + of_month - 1;
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
    let begin = days * 86_400_000;
    // 30 February and the like come out as another day.
    if !time(begin).starts_with(day) {
        return Err(wrong());
    }
    match clock {
        None => Ok((begin, begin + 86_400_000 - 1)),
        Some(clock) => match numbers(clock, ':').ok_or_else(wrong)? {
            [h @ 0..=23, m @ 0..=59, s @ 0..=59] => {
                let at = begin + ((h * 60 + m) * 60 + s) * 1_000;
                Ok((at, at))
            }
            _ => Err(wrong()),
        },
    }
}

/// Reads a secret from standard input, to its end or the end of its line. A person at
/// a terminal is asked for it.
pub fn read_secret(what: &str) -> Result<String, ErrorBody> {
    if std::io::stdin().is_terminal() {
        output::progress(false, &format!("{what} (it will be seen as you type):"));
        let mut line = String::new();
        std::io::stdin()
            .read_line(&mut line)
            .map_err(|error| unreadable(&error))?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    Ok(read_all()?.trim_end_matches(['\r', '\n']).to_owned())
}

/// All of standard input.
pub fn read_all() -> Result<String, ErrorBody> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| unreadable(&error))?;
    Ok(text)
}

fn unreadable(error: &std::io::Error) -> ErrorBody {
    ErrorBody::new(
        Code::FileAccess,
        format!("Standard input cannot be read: {error}."),
    )
}

/// A path on this computer, absolute.
pub fn absolute(field: &str, path: &PathBuf) -> Result<String, ErrorBody> {
    let path = std::path::absolute(path)
        .map_err(|error| ErrorBody::invalid(field, format!("{}: {error}.", path.display())))?;
    path.into_os_string()
        .into_string()
        .map_err(|_| ErrorBody::invalid(field, "The path is not valid UTF-8."))
}

#[cfg(test)]
mod tests {
    use super::{span, time};

    #[test]
    fn times_are_read_as_they_are_written() {
        for at in [0, 951_782_400_000, 1_795_737_599_000] {
            assert_eq!(span(&time(at)), Ok((at, at)));
        }
        assert_eq!(span("2000-02-29"), Ok((951_782_400_000, 951_868_799_999)));
        for bad in [
            "",
            "today",
            "2000-2-9",
            "2001-02-29",
            "2000-13-01",
            "2000-02-29T24:00:00Z",
            "2000-02-29T10:00:00",
            "99999999-01-01",
            "-1-01-01",
            "2000-02-2९",
        ] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_iso_8601() {
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
        assert_eq!(time(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(time(1_795_737_599_999), "2026-11-26T23:59:59Z");
        assert_eq!(time(-1), "1969-12-31T23:59:59Z");
    }
}
