//! Container registries of the workspace: kept, tested, deleted.

use skerry_agent::api::RegistryCredentials;
use skerry_domain::{Code, Coded as _, ErrorBody, Reason, Secret, validate};
use skerry_images::{Credentials, Registry};
use skerry_store::workspace::RegistryRecord;

use crate::Console;
use crate::api::*;
use crate::console::new_id;
use crate::runs::check_id;

impl Console {
    /// The registries, by host.
    pub async fn registries_list(&self, _: Nothing) -> Result<Vec<RegistryRow>, ErrorBody> {
        let records = self.db(|store| store.registries()).await?;
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            rows.push(self.registry_row(record).await?);
        }
        Ok(rows)
    }

    /// Adds or changes a registry. Its password goes to the place of secrets.
    pub async fn registry_save(&self, args: RegistrySave) -> Result<RegistryRow, ErrorBody> {
        let host = args.host.trim().to_ascii_lowercase();
        check_host(&host)?;
        let username = account(args.username.as_deref())?;
        let password = args.password.filter(|password| !password.is_empty());
        check_password(username.as_deref(), password.as_ref())?;
        let old = match &args.id {
            Some(id) => Some(self.registry_record(id).await?),
            None => None,
        };
        let keeps = old.is_some() && username.is_some() && password.is_none();
        if let Some(old) = &old
            && keeps
            && self.password_of(&old.id).await?.is_some()
            && (old.host != host || (args.insecure && !old.insecure))
        {
            // A stored password must not be led to another place, or into the clear, unseen.
            return Err(ErrorBody::invalid(
                "password",
                "The address has changed: enter the password again.",
            )
            .because(Reason::RegistryAddressChanged));
        }
        let record = RegistryRecord {
            id: old.as_ref().map_or_else(new_id, |old| old.id.clone()),
            host,
            username,
            insecure: args.insecure,
            created_at: old
                .as_ref()
                .map_or_else(|| self.now(), |old| old.created_at),
            tested_at: None,
            problem: None,
        };
        let saved = record.clone();
        self.db(move |store| store.registry_save(&saved))
            .await
            .map_err(|error| match error.code {
                Code::AlreadyExists => error
                    .because(Reason::RegistryExists)
                    .with("name", &record.host)
                    .with("field", "host"),
                _ => error,
            })?;
        if let Err(error) = self.keep_password(&record, password.as_ref()).await {
            self.registry_undo(&record.id, old).await;
            return Err(error);
        }
        self.activity(
            ActivityKind::RegistrySaved,
            &record.id,
            &record.host,
            None,
            None,
        )
        .await;
        self.registry_row(record).await
    }

    /// Asks the registry, from this computer, whether it takes the account.
    pub async fn registry_test(&self, args: ById) -> Result<RegistryRow, ErrorBody> {
        let mut record = self.registry_record(&args.id).await?;
        let password = match record.username {
            Some(_) => self.password_of(&record.id).await?,
            None => None,
        };
        let registry = Registry {
            host: record.host.clone(),
            insecure: record.insecure,
            ca_pem: None,
            credentials: record
                .username
                .clone()
                .zip(password)
                .map(|(username, password)| Credentials { username, password }),
        };
        match skerry_images::ping(&registry).await {
            Ok(_) => {
                record.tested_at = Some(self.now());
                record.problem = None;
            }
            Err(error) => record.problem = Some(error.to_body()),
        }
        let tested = record.clone();
        self.db(move |store| store.registry_save(&tested)).await?;
        self.registry_row(record).await
    }

    /// Removes a registry and its password from the workspace; the images stay where they are.
    pub async fn registry_delete(&self, args: ById) -> Result<Nothing, ErrorBody> {
        let record = self.registry_record(&args.id).await?;
        self.secret_forget(&password_key(&record.id)).await;
        let id = record.id.clone();
        self.db(move |store| store.registry_delete(&id)).await?;
        self.activity(
            ActivityKind::RegistryDeleted,
            &record.id,
            &record.host,
            None,
            None,
        )
        .await;
        Ok(())
    }

    /// The registry of a host with what an agent needs to log in there; none when the host is not
    /// known to the workspace.
    pub(crate) async fn registry_credentials(
        &self,
        host: &str,
    ) -> Result<Option<(RegistryRecord, Option<RegistryCredentials>)>, ErrorBody> {
        let host = host.to_owned();
        let Some(record) = self.db(move |store| store.registry_by_host(&host)).await? else {
            return Ok(None);
        };
        let credentials = match &record.username {
            Some(username) => {
                self.password_of(&record.id)
                    .await?
                    .map(|password| RegistryCredentials {
                        username: username.clone(),
                        password,
                    })
            }
            None => None,
        };
        Ok(Some((record, credentials)))
    }

    pub(crate) async fn registry_record(&self, id: &str) -> Result<RegistryRecord, ErrorBody> {
        check_id("registry_id", id)?;
        let wanted = id.to_owned();
        self.db(move |store| store.registry(&wanted))
            .await?
            .ok_or_else(|| ErrorBody::not_found("registry", id))
    }

    async fn password_of(&self, registry_id: &str) -> Result<Option<Secret>, ErrorBody> {
        self.secrets()
            .get(&password_key(registry_id))
            .await
            .map_err(|error| error.to_body())
    }

    async fn keep_password(
        &self,
        record: &RegistryRecord,
        password: Option<&Secret>,
    ) -> Result<(), ErrorBody> {
        let key = password_key(&record.id);
        match (password, &record.username) {
            (Some(password), Some(username)) => {
                let label = format!("Password of {username} at the registry {}", record.host);
                self.secret_keep(&key, SecretKind::RegistryPassword, &label, password)
                    .await
            }
            // An anonymous registry needs none; the old one must not stay.
            (_, None) => {
                self.secret_forget(&key).await;
                Ok(())
            }
            (None, Some(_)) => Ok(()),
        }
    }

    /// Puts the record back as it was before a password that could not be kept.
    async fn registry_undo(&self, id: &str, old: Option<RegistryRecord>) {
        let id = id.to_owned();
        let undone = match old {
            Some(old) => self.db(move |store| store.registry_save(&old)).await,
            None => self.db(move |store| store.registry_delete(&id)).await,
        };
        if let Err(error) = undone {
            tracing::warn!(%error, "a registry without its password stays");
        }
    }

    async fn registry_row(&self, record: RegistryRecord) -> Result<RegistryRow, ErrorBody> {
        let key = password_key(&record.id);
        let noted = self.db(|store| store.secret_notes()).await?;
        let kept = noted.iter().any(|note| note.id == key);
        // While the place of secrets is locked nothing can be said against it.
        let has_password = kept && self.secrets().has(&key).await.unwrap_or(true);
        Ok(row(record, has_password))
    }
}

pub(crate) fn password_key(registry_id: &str) -> String {
    format!("registry-{registry_id}")
}

fn row(record: RegistryRecord, has_password: bool) -> RegistryRow {
    RegistryRow {
        id: record.id,
        host: record.host,
        username: record.username,
        has_password,
        insecure: record.insecure,
        tested_at: record.tested_at,
        problem: record.problem,
    }
}

/// The same failure, told of the field that the person typed into.
pub(crate) fn of_field(
    error: &skerry_images::Error,
    field: &str,
    value: &str,
    reason: Reason,
) -> ErrorBody {
    let body = error.to_body();
    match body.code {
        Code::Invalid => body
            .because(reason)
            .with("field", field)
            .with("value", validate::shorten(value)),
        _ => body,
    }
}

/// A host that images can be named for, by Docker's rules.
fn check_host(host: &str) -> Result<(), ErrorBody> {
    skerry_images::check_registry_host(host)
        .and_then(|()| format!("{host}/x").parse::<skerry_images::Reference>())
        .map(drop)
        .map_err(|error| of_field(&error, "host", host, Reason::RegistryHostBad))
}

fn account(username: Option<&str>) -> Result<Option<String>, ErrorBody> {
    let Some(username) = username.map(str::trim).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    // RFC 7617 ends the user at the first colon.
    if username.chars().count() > 255 || username.chars().any(|c| c == ':' || c.is_control()) {
        let value = validate::shorten(username);
        let message =
            format!("'{value}' cannot be a user: at most 255 characters, without a colon.");
        return Err(ErrorBody::invalid("username", message)
            .because(Reason::RegistryUserBad)
            .with("value", value));
    }
    Ok(Some(username.to_owned()))
}

fn check_password(username: Option<&str>, password: Option<&Secret>) -> Result<(), ErrorBody> {
    let Some(password) = password else {
        return Ok(());
    };
    if username.is_none() {
        return Err(ErrorBody::invalid("username", "A password needs a user.")
            .because(Reason::RegistryUserMissing));
    }
    // Tokens of some registries are long.
    if password.expose().len() > 16 << 10 || password.expose().chars().any(char::is_control) {
        return Err(
            ErrorBody::invalid("password", "A password has at most 16 KiB, on one line.")
                .because(Reason::RegistryPasswordBad),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_those_that_images_can_be_named_for() {
        for host in [
            "registry.example",
            "10.99.0.1:5000",
            "localhost",
            "[::1]:5000",
        ] {
            assert!(check_host(host).is_ok(), "{host}");
        }
        for host in [
            "",
            "registry",
            "http://r.example",
            "r.example/x",
            "r.example:0",
            "r example",
        ] {
            let error = check_host(host).unwrap_err();
            assert_eq!(error.code, Code::Invalid, "{host}");
            assert_eq!(error.details["field"], "host", "{host}");
        }
    }

    #[test]
    fn accounts_and_passwords_are_checked() {
        assert_eq!(account(Some("  ")).unwrap(), None);
        assert_eq!(account(Some(" ada ")).unwrap().as_deref(), Some("ada"));
        for name in ["a:b", "a\nb", &"x".repeat(256)] {
            assert_eq!(
                account(Some(name)).unwrap_err().details["field"],
                "username"
            );
        }
        assert!(check_password(Some("ada"), Some(&Secret::new("pass word"))).is_ok());
        assert!(check_password(None, None).is_ok());
        for (name, password, field) in [
            (None, "x".to_owned(), "username"),
            (Some("ada"), "a\nb".to_owned(), "password"),
            (Some("ada"), "x".repeat((16 << 10) + 1), "password"),
        ] {
            let error = check_password(name, Some(&Secret::new(password.clone()))).unwrap_err();
            assert_eq!(error.details["field"], field);
            assert!(!error.message.contains(&password));
        }
    }
}
