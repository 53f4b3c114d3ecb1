//! A revision on its way to serving: pulled, started, and watched until it is healthy.

use std::time::Duration;

use skerry_domain::{Code, ErrorBody, Reason, ServicePhase};
use skerry_engine::RegistryCredentials;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{failure::Failure, health, instance::Instance};

/// How often a starting revision is asked.
const PAUSE: Duration = Duration::from_millis(500);

/// A revision that is being tried, as a task's end tells it.
pub(super) struct Tried {
    pub(super) instance: Instance,
    /// How long the health check took, or why it was refused.
    pub(super) outcome: Failure<u64>,
}

/// Tries a revision; `stage` tells how far it is.
pub(super) async fn try_out(
    mut instance: Instance,
    credentials: Option<RegistryCredentials>,
    stage: watch::Sender<ServicePhase>,
) -> Tried {
    let outcome = bring_up(&mut instance, credentials, &stage).await;
    Tried { instance, outcome }
}

async fn bring_up(
    instance: &mut Instance,
    credentials: Option<RegistryCredentials>,
    stage: &watch::Sender<ServicePhase>,
) -> Failure<u64> {
    instance.pull(credentials.as_ref()).await?;
    drop(credentials);
    stage.send_replace(ServicePhase::Starting);
    instance.start().await?;
    let grace = Duration::from_secs(u64::from(instance.spec.start_grace_s));
    let deadline = Instant::now() + grace;
    loop {
        let socket = instance.socket();
        let answer = tokio::select! {
            answer = health::check(&socket) => answer,
            ended = instance.ended() => return Err(ended),
        };
        match answer {
            Ok(ms) => return Ok(ms),
            Err(error) if Instant::now() >= deadline => {
                let message = format!(
                    "It did not become healthy within {} s. {}",
                    grace.as_secs(),
                    error.message
                );
                return Err(ErrorBody::new(Code::Unhealthy, message)
                    .because(Reason::NotHealthyInTime)
                    .with("seconds", grace.as_secs().to_string())
                    .with("why", error.message));
            }
            Err(_) => tokio::select! {
                () = sleep(PAUSE) => {}
                ended = instance.ended() => return Err(ended),
            },
        }
    }
}
