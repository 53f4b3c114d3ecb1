//! What a registered machine needs SSH for besides its link: checking it again, and
//! cleaning up when it is forgotten.

use std::path::Path;
use std::time::Duration;

use skerry_domain::{Coded as _, ErrorBody};
use skerry_store::workspace::MachineRecord;

use crate::Console;
use crate::api::*;
use crate::link_open::{SshConfig, passphrase_key, quoted};
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
        let mut forgotten = MachineForgotten {
            removed: Vec::new(),
            left: Vec::new(),
        };
        if clean_up {
            self.ssh_clean_up(record, &config, &mut forgotten).await?;
        } else {
            forgotten.left.push(format!(
                "The agent goes on in {} on the machine.",
                config.agent_home
            ));
            forgotten.left.push(format!(
                "The public key {} stands in authorized_keys of {}.",
                config.key.fingerprint, config.address.user
            ));
        }
        // Last: until here it is what lets us in.
        for file in [config.key.file.clone(), format!("{}.pub", config.key.file)] {
            if let Err(error) = tokio::fs::remove_file(Path::new(&file)).await
                && error.kind() != std::io::ErrorKind::NotFound
            {
                forgotten
                    .left
                    .push(format!("The file {file} could not be deleted: {error}."));
            }
        }
        self.secret_forget(&passphrase_key(&record.id)).await;
        forgotten
            .removed
            .push(String::from("The key pair on this computer."));
        Ok(forgotten)
    }

    async fn ssh_clean_up(
        &self,
        record: &MachineRecord,
        config: &SshConfig,
        forgotten: &mut MachineForgotten,
    ) -> Result<(), ErrorBody> {
        let session = self.open_ssh(&record.id, config).await?;
        match self.machine_client(&record.id).await {
            Ok(client) => client.shut_down().await?,
            Err(error) => tracing::info!(%error, "the agent was not there to be stopped"),
        }
        let program = format!("{}/bin", config.agent_home);
        let output = session
            .script(&format!("rm -rf {}", quoted(&program)), CLEAN_UP)
            .await
            .map_err(|error| error.to_body())?;
        if !output.success() {
            return Err(output.failure("Removing the agent's program").to_body());
        }
        forgotten
            .removed
            .push(format!("The agent was stopped and {program} deleted."));
        let removed = session
            .remove_public_key(&config.key.public_key)
            .await
            .map_err(|error| error.to_body())?;
        if removed {
            forgotten.removed.push(format!(
                "Our public key in authorized_keys of {}.",
                config.address.user
            ));
        }
        forgotten.left.push(format!(
            "The files and the database of its runs in {}.",
            config.agent_home
        ));
        if let Some(jump) = &config.address.jump {
            forgotten.left.push(format!(
                "Our public key in authorized_keys of {}@{}.",
                jump.user, jump.host
            ));
        }
        session.close().await;
        Ok(())
    }
}
