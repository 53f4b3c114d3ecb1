//! The secrets of the workspace, by name only: what is kept, whether it can be used,
//! how strong a password would be.

use serde_json::Value;
use skerry_domain::{Coded as _, ErrorBody, Secret, validate};
use skerry_secrets::{SecretsPlace, SecretsState};
use skerry_store::workspace::SecretRecord;

use crate::Console;
use crate::api::*;
use crate::console::{blocking, word};

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
        let notes = self.db(|store| store.secret_notes()).await?;
        let mut rows = Vec::with_capacity(notes.len());
        for note in notes {
            let Ok(kind) = serde_json::from_value(Value::String(note.kind.clone())) else {
                continue;
            };
            // While the place is locked nothing can be said against its being there.
            let present = self.secrets().has(&note.id).await.unwrap_or(true);
            rows.push(SecretRow {
                id: note.id,
                label: note.label,
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

    /// How strong a password is; it is looked at and forgotten.
    pub async fn password_strength(&self, args: StrengthQuery) -> Result<Strength, ErrorBody> {
        // zxcvbn's time grows steeply with the length; its verdict does not.
        let password = Secret::new(args.password.expose().chars().take(128).collect::<String>());
        blocking(move || {
            let estimate = zxcvbn::zxcvbn(password.expose(), &[]);
            let advice = estimate.feedback().map_or_else(Vec::new, |feedback| {
                let warning = feedback.warning().map(|warning| warning.to_string());
                let more = feedback.suggestions().iter().map(ToString::to_string);
                warning.into_iter().chain(more).collect()
            });
            Ok(Strength {
                score: u8::from(estimate.score()),
                guesses_log10: estimate.guesses_log10(),
                advice,
            })
        })
        .await
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
