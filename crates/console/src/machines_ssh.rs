//! What a registered machine needs SSH for besides its link: checking it again, and
//! cleaning up when it is forgotten.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use skerry_domain::{Coded as _, ErrorBody};
use skerry_store::workspace::MachineRecord;

use skerry_agent::client::Client;
use skerry_ssh::Session;

use crate::Console;
use crate::api::*;
use crate::console::blocking;
use crate::link_open::{SshConfig, SshConnector, hops, passphrase_key, quoted};
use crate::setup::password_key;
use crate::setup_preflight::{check_all, check_here};

/// How long the clean-up on a machine may take.
const CLEAN_UP: Duration = Duration::from_secs(60);

impl Console {
    /// Checks a machine again, as at its registration.
    pub async fn machine_check(&self, args: ById) -> Result<Vec<Check>, ErrorBody> {
        let record = self.machine_record(&args.id).await?;
        let checks = if record.kind == "local" {
            check_here(self).await
        } else {
            let config = SshConfig::of(&record)?;
            let session = self.open_ssh(&record.id, &config).await?;
            let checks = check_all(self, &session).await;
            session.close().await;
            checks
        };
        let (kept, now) = (checks.clone(), self.now());
        self.observe_machine(&args.id, None, move |observed| {
            observed.checks = kept;
            observed.checked_at = Some(now);
        })
        .await?;
        Ok(checks)
    }

    /// Removes what a machine and this computer have of each other. The machine's
    /// runs stay on it.
    pub(crate) async fn ssh_forget(
        &self,
        record: &MachineRecord,
        clean_up: bool,
    ) -> Result<MachineForgotten, ErrorBody> {
        let config = SshConfig::of(record)?;
        let mut forgotten = MachineForgotten::default();
        if clean_up {
            let session = Arc::new(self.open_ssh(&record.id, &config).await?);
            // First the link: it would start the agent again.
            self.link_end(&record.id);
            if let Err(error) = ssh_clean_up(&session, &config, &mut forgotten).await {
                self.link_start(record);
                return Err(error);
            }
            session.close().await;
        } else {
            let (home, user) = (&config.agent_home, &config.address.user);
            let key = &config.key.fingerprint;
            forgotten.note_left(
                ForgottenKind::AgentGoingOn,
                &[("path", home)],
                format!("The agent goes on in {home} on the machine."),
            );
            forgotten.note_left(
                ForgottenKind::PublicKey,
                &[("fingerprint", key), ("user", user)],
                format!("The public key {key} stands in authorized_keys of {user}."),
            );
        }
        // Last: until here it is what lets us in.
        for file in [config.key.file.clone(), format!("{}.pub", config.key.file)] {
            if let Err(error) = tokio::fs::remove_file(Path::new(&file)).await
                && error.kind() != std::io::ErrorKind::NotFound
            {
                forgotten.note_left(
                    ForgottenKind::KeyFile,
                    &[("path", &file), ("why", &error.to_string())],
                    format!("The file {file} could not be deleted: {error}."),
                );
            }
        }
        self.secret_forget(&passphrase_key(&record.id)).await;
        self.secret_forget(&password_key(&record.id)).await;
        self.unpin(&config.address, &record.id).await?;
        forgotten.note_removed(
            ForgottenKind::KeyPair,
            &[],
            "The key pair on this computer.",
        );
        Ok(forgotten)
    }

    /// Forgets the pinned host keys on the way to an address, except those that
    /// another machine needs.
    pub(crate) async fn unpin(&self, address: &SshAddress, own_id: &str) -> Result<(), ErrorBody> {
        let machines = self.db(|store| store.machines()).await?;
        let used: Vec<(String, u16)> = machines
            .iter()
            .filter(|other| other.id != own_id)
            .filter_map(|other| SshConfig::of(other).ok())
            .flat_map(|other| hops(&other.address))
            .map(|hop| (hop.host, hop.port))
            .collect();
        for hop in hops(address) {
            let host = (hop.host, hop.port);
            if !used.contains(&host) {
                let trust = self.trust();
                blocking(move || {
                    trust
                        .forget(&host.0, host.1)
                        .map_err(|error| error.to_body())
                })
                .await?;
            }
        }
        Ok(())
    }
}

/// Ends the agent, takes its program away and our key out of authorized_keys.
async fn ssh_clean_up(
    session: &Arc<Session>,
    config: &SshConfig,
    forgotten: &mut MachineForgotten,
) -> Result<(), ErrorBody> {
    let connector = SshConnector::new(Arc::clone(session), config.agent_home.clone());
    if let Err(error) = Client::new(Arc::new(connector)).shut_down().await {
        tracing::info!(%error, "the agent was not there to be stopped");
    }
    let program = format!("{}/bin", config.agent_home);
    let output = session
        .script(&format!("rm -rf {}", quoted(&program)), CLEAN_UP)
        .await
        .map_err(|error| error.to_body())?;
    if !output.success() {
        return Err(output.failure("Removing the agent's program").to_body());
    }
    forgotten.note_removed(
        ForgottenKind::AgentProgram,
        &[("path", &program)],
        format!("The agent was stopped and {program} deleted."),
    );
    let (user, key) = (&config.address.user, &config.key.fingerprint);
    let removed = session
        .remove_public_key(&config.key.public_key)
        .await
        .map_err(|error| error.to_body())?;
    if removed {
        forgotten.note_removed(
            ForgottenKind::PublicKey,
            &[("fingerprint", key), ("user", user)],
            format!("Our public key in authorized_keys of {user}."),
        );
    }
    let home = &config.agent_home;
    forgotten.note_left(
        ForgottenKind::RunFiles,
        &[("path", home)],
        format!("The files and the database of its runs in {home}."),
    );
    if let Some(jump) = &config.address.jump {
        let (user, host) = (&jump.user, &jump.host);
        forgotten.note_left(
            ForgottenKind::JumpPublicKey,
            &[("fingerprint", key), ("user", user), ("host", host)],
            format!("Our public key in authorized_keys of {user}@{host}."),
        );
    }
    Ok(())
}
