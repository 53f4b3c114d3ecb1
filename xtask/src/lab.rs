//! A machine to register, by hand.

use anyhow::Result;
use clap::Subcommand;
use skerry_lab::{Machine, MachineOptions, Registry};

use crate::packages;

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Put up one more machine with a registry; it stands until `down`
    Up {
        /// Without a Docker engine
        #[arg(long)]
        no_engine: bool,
        /// Without the training image (quicker)
        #[arg(long)]
        no_image: bool,
        /// A line for its sshd, such as "AllowStreamLocalForwarding no"
        #[arg(long, value_name = "LINE")]
        sshd: Vec<String>,
    },
    /// Remove every machine put up by hand, and what dead tests left
    Down,
    /// Say what stands
    Status,
}

pub(crate) fn run(action: &Action) -> Result<()> {
    match action {
        Action::Up {
            no_engine,
            no_image,
            sshd,
        } => up(!no_engine, !no_image && !no_engine, sshd.clone()),
        Action::Down => {
            println!("machines removed: {}", skerry_lab::remove_all(false)?);
            Ok(())
        }
        Action::Status => status(),
    }
}

fn up(engine: bool, image: bool, sshd_extra: Vec<String>) -> Result<()> {
    packages::install(&[packages::TEST])?;
    let machine = Machine::start(MachineOptions {
        engine,
        image,
        sshd_extra,
        ..MachineOptions::default()
    })?;
    let registry = Registry::start(&machine)?;
    let card = format!(
        "address        {} port {}\n\
         user           {}\n\
         password       in {}\n\
         host key       {}\n\
         registry       {} (plain http), user {}, password {}\n\
         image          {}\n\
         log in         sshpass -f {} ssh {}@{}\n",
        machine.address(),
        machine.port(),
        machine.user(),
        machine.password_file().display(),
        machine.host_key_fingerprint()?,
        registry.address(),
        registry.user(),
        registry.password(),
        if image {
            skerry_lab::TRAINING_IMAGE
        } else {
            "none"
        },
        machine.password_file().display(),
        machine.user(),
        machine.address(),
    );
    print!("{card}");
    registry.keep();
    machine.keep(&card)
}

fn status() -> Result<()> {
    let all = skerry_lab::standing()?;
    println!("machines: {}", all.len());
    for one in all {
        let owner = match (&one.card, one.owned) {
            (Some(_), _) => "put up by hand",
            (None, true) => "in use by a test",
            (None, false) => "left behind",
        };
        println!("\n{}: {owner}", one.number);
        if let Some(card) = one.card {
            print!("{card}");
        }
    }
    Ok(())
}
