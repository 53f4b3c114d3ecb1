//! The secrets of the workspace, by name only: what is kept, whether it can be used.

use std::collections::HashMap;

use serde_json::Value;
use skerry_domain::{Coded as _, ErrorBody, Secret, validate};
use skerry_secrets::{SecretsPlace, SecretsState};
use skerry_store::workspace::SecretRecord;
use skerry_store::{Store, StoreError};

use crate::Console;
use crate::api::*;
use crate::console::word;
use crate::link_open::passphrase_key;
use crate::{registries, setup};

impl Console {
    /// Where secrets are kept, and whether they can be used now.
    pub(crate) async fn secret_store_info(&self) -> SecretStoreInfo {
        let status = self.secrets().status().await;
        let state = match status.state {
            SecretsState::Ready => SecretStoreState::Ready,
            SecretsState::Locked => SecretStoreState::Locked,
            SecretsState::Absent => SecretStoreState::New,
            SecretsState::Unavailable => SecretStoreState::Failed,
        };
        let code = match status.state {
            SecretsState::Ready => None,
            SecretsState::Unavailable => Some(skerry_domain::Code::KeyringUnavailable),
            SecretsState::Absent => Some(skerry_domain::Code::VaultAbsent),
            SecretsState::Locked => Some(match status.place {
                SecretsPlace::Keyring => skerry_domain::Code::KeyringLocked,
                SecretsPlace::Vault => skerry_domain::Code::VaultLocked,
            }),
        };
        let message = status.reason.unwrap_or_else(|| match status.place {
            SecretsPlace::Keyring => "The keyring of this computer is locked.".to_owned(),
            SecretsPlace::Vault => "The vault with the secrets is locked.".to_owned(),
        });
        SecretStoreInfo {
            kind: match status.place {
                SecretsPlace::Keyring => SecretStoreKind::Keyring,
                SecretsPlace::Vault => SecretStoreKind::Vault,
            },
            state,
            problem: code.map(|code| ErrorBody::new(code, message)),
        }
    }

    /// The secrets that are kept; never their values.
    pub async fn secrets_list(&self, _: Nothing) -> Result<Vec<SecretRow>, ErrorBody> {
        let (notes, owners) = self
            .db(|store| Ok::<_, StoreError>((store.secret_notes()?, owners(store)?)))
            .await?;
        let mut rows = Vec::with_capacity(notes.len());
        for note in notes {
            let Ok(kind) = serde_json::from_value(Value::String(note.kind.clone())) else {
                continue;
            };
            // While the place is locked nothing can be said against its being there.
            let present = self.secrets().has(&note.id).await.unwrap_or(true);
            let (subject, account) = owners.get(&note.id).cloned().unzip();
            rows.push(SecretRow {
                id: note.id,
                label: note.label,
                subject,
                account: account.flatten(),
                kind,
                created_at: note.created_at,
                present,
            });
        }
        Ok(rows)
    }

    /// Deletes a secret.
    pub async fn secret_delete(&self, args: ById) -> Result<Nothing, ErrorBody> {
        let notes = self.db(|store| store.secret_notes()).await?;
        let note = notes
            .into_iter()
            .find(|note| note.id == args.id)
            .ok_or_else(|| ErrorBody::not_found("secret", &validate::shorten(&args.id)))?;
        self.secrets()
            .delete(&note.id)
            .await
            .map_err(|error| error.to_body())?;
        let id = note.id.clone();
        self.db(move |store| store.secret_forget(&id)).await?;
        self.activity(
            ActivityKind::SecretDeleted,
            &note.id,
            &note.label,
            None,
            None,
        )
        .await;
        Ok(())
    }

    /// Opens the vault, or makes it when there is none yet.
    pub async fn vault_unlock(&self, args: VaultUnlock) -> Result<SecretStoreInfo, ErrorBody> {
        let status = self.secrets().status().await;
        let done = match status.state {
            SecretsState::Absent => self.secrets().create_vault(&args.passphrase).await,
            _ => self.secrets().unlock_vault(&args.passphrase).await,
        };
        done.map_err(|error| error.to_body())?;
        self.links().retry_all();
        Ok(self.secret_store_info().await)
    }

    /// Stores a secret and notes that it is kept.
    pub(crate) async fn secret_keep(
        &self,
        key: &str,
        kind: SecretKind,
        label: &str,
        secret: &Secret,
    ) -> Result<(), ErrorBody> {
        self.secrets()
            .set(key, secret)
            .await
            .map_err(|error| error.to_body())?;
        let record = SecretRecord {
            id: key.to_owned(),
            kind: word(&kind),
            label: label.to_owned(),
            created_at: self.now(),
        };
        self.db(move |store| store.secret_note(&record)).await
    }

    /// Deletes a secret of something that goes away. What cannot be deleted is logged:
    /// the thing goes away all the same.
    pub(crate) async fn secret_forget(&self, key: &str) {
        if let Err(error) = self.secrets().delete(key).await {
            tracing::warn!(%error, key, "a secret could not be deleted");
            return;
        }
        let id = key.to_owned();
        if let Err(error) = self.db(move |store| store.secret_forget(&id)).await {
            tracing::warn!(%error, key, "a deleted secret is still noted");
        }
    }
}

/// Whose each secret is, by its key: the name of the machine, or the host of the registry
/// with its user.
fn owners(store: &Store) -> Result<HashMap<String, (String, Option<String>)>, StoreError> {
    let machines = store.machines()?.into_iter();
    let machines = machines.map(|machine| (machine.id, machine.name));
    let drafts = store.setups()?.into_iter().filter_map(|draft| {
        let name = draft.state.pointer("/draft/name")?.as_str()?.to_owned();
        Some((draft.id, name))
    });
    // A machine's name counts more than that of the draft that it was.
    let mut owners = HashMap::new();
    for (id, name) in drafts.chain(machines) {
        owners.insert(setup::password_key(&id), (name.clone(), None));
        owners.insert(passphrase_key(&id), (name, None));
    }
    for registry in store.registries()? {
        let key = registries::password_key(&registry.id);
        owners.insert(key, (registry.host, registry.username));
    }
    Ok(owners)
}
