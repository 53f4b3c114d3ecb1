//! The agent of this computer: found by its socket, started when it is not there.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use skerry_domain::{Code, ErrorBody};
use tokio::time::{Instant, sleep};

use crate::{
    VERSION,
    client::{Client, UnixConnector},
};

/// Name of the program.
pub const PROGRAM: &str = "skerry-agent";

/// What the agent inherits; a console's environment may hold more than its business.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PYENV_ROOT",
    "CUDA_VISIBLE_DEVICES",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "SKERRY_AGENT_LOG",
];

/// The agent program that was installed beside this one.
pub fn beside_me() -> Result<PathBuf, ErrorBody> {
    let missing = |what: String| ErrorBody::new(Code::AgentBinaryMissing, what);
    let me = std::env::current_exe()
        .map_err(|error| missing(format!("This program's own place is not known: {error}.")))?;
    // Tests and examples live in a folder below the one with the programs.
    let found = me
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(PROGRAM))
        .find(|path| path.is_file());
    found.ok_or_else(|| {
        missing(format!(
            "The program {PROGRAM} is not beside {}.",
            me.display()
        ))
    })
}

/// A client for the agent with this home.
pub fn client(home: &Path) -> Client {
    Client::new(Arc::new(UnixConnector {
        path: home.join("agent.sock"),
    }))
}

/// Makes sure that an agent of this version with this home runs, and returns a client
/// for it. The agent outlives whoever calls this.
pub async fn ensure(program: &Path, home: &Path) -> Result<Client, ErrorBody> {
    let client = client(home);
    match client.status().await {
        Ok(status) if status.version == VERSION => return Ok(client),
        Ok(_) => client.shut_down().await?,
        Err(error) if error.code == Code::AgentVersion => client.shut_down().await?,
        Err(error) if error.code == Code::AgentUnreachable => {}
        Err(error) => return Err(error),
    }
    start(program, home, &client).await?;
    Ok(client)
}

async fn start(program: &Path, home: &Path, client: &Client) -> Result<(), ErrorBody> {
    let failed = |what: &str, error: &io::Error| {
        let code = match error.kind() {
            io::ErrorKind::StorageFull => Code::DiskFull,
            io::ErrorKind::NotFound => Code::AgentBinaryMissing,
            _ => Code::FileAccess,
        };
        ErrorBody::new(code, format!("{what}: {error}."))
    };
    std::fs::create_dir_all(home).map_err(|error| {
        failed(
            &format!("The folder {} cannot be made", home.display()),
            &error,
        )
    })?;
    let output_path = home.join("agent.out");
    let output = std::fs::File::create(&output_path).map_err(|error| {
        failed(
            &format!("{} cannot be written", output_path.display()),
            &error,
        )
    })?;
    let output_too = output
        .try_clone()
        .map_err(|error| failed("The agent cannot be started", &error))?;
    let mut agent = tokio::process::Command::new(program)
        .arg("serve")
        .arg("--home")
        .arg(home)
        .env_clear()
        .envs(
            INHERITED
                .iter()
                .filter_map(|name| Some((*name, std::env::var_os(name)?))),
        )
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(output_too)
        .spawn()
        .map_err(|error| failed(&format!("{} cannot be started", program.display()), &error))?;
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = client.status().await;
        match answer {
            Ok(_) => {
                // Collect it when it ends while we are still here.
                tokio::spawn(async move { agent.wait().await });
                return Ok(());
            }
            Err(error) if error.code != Code::AgentUnreachable => return Err(error),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => {}
        }
        if let Ok(Some(status)) = agent.try_wait() {
            // Another may have been faster; then that one answers.
            if client.status().await.is_ok() {
                return Ok(());
            }
            let words = std::fs::read_to_string(&output_path).unwrap_or_default();
            let last = words.lines().last().unwrap_or_default();
            return Err(ErrorBody::new(
                Code::AgentUnreachable,
                format!("The agent ended at once ({status}): {last}"),
            ));
        }
        sleep(Duration::from_millis(50)).await;
    }
}
