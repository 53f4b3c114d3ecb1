//! Ports of the machine: whether one is free, and who has it when it is not.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
};

use skerry_domain::{Code, ErrorBody, Reason};
use tokio::net::TcpListener;

use super::failure::Failure;
use crate::api::{PortQuery, PortReport};

fn address(bind: &str, port: u16) -> Failure<SocketAddr> {
    let ip: IpAddr = bind.parse().map_err(|_| {
        let shown = skerry_domain::validate::shorten(bind);
        let message = format!("'{shown}' is not an IP address of the machine.");
        ErrorBody::invalid("bind", message)
            .because(Reason::BindUnknown)
            .with("bind", shown)
    })?;
    Ok(SocketAddr::new(ip, port))
}

/// Listens on a port, or tells why that cannot be.
pub(super) async fn listen(bind: &str, port: u16) -> Failure<TcpListener> {
    let address = address(bind, port)?;
    TcpListener::bind(address).await.map_err(|error| {
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                let holder = holder(port);
                let by = holder
                    .as_deref()
                    .map(|name| format!(" by {name}"))
                    .unwrap_or_default();
                ErrorBody::new(
                    Code::PortTaken,
                    format!("Port {port} of the machine is taken{by}."),
                )
                .with("holder", holder.unwrap_or_default())
            }
            io::ErrorKind::AddrNotAvailable => {
                ErrorBody::invalid("bind", format!("The machine has no address {bind}."))
                    .because(Reason::BindUnknown)
                    .with("bind", bind)
            }
            io::ErrorKind::PermissionDenied => ErrorBody::invalid(
                "port",
                format!("The agent's user may not listen on port {port}: choose one from 1024 on."),
            )
            .because(Reason::PortNotAllowed),
            _ => ErrorBody::new(
                Code::Internal,
                format!("Port {port} of the machine cannot be listened on: {error}."),
            ),
        }
        .with("port", port.to_string())
    })
}

/// Answers a form that asks before anything is deployed.
pub(super) async fn check(query: &PortQuery) -> PortReport {
    match listen(&query.bind, query.port).await {
        Ok(listener) => PortReport {
            port: listener
                .local_addr()
                .map_or(query.port, |address| address.port()),
            problem: None,
        },
        Err(problem) => PortReport {
            port: query.port,
            problem: Some(problem),
        },
    }
}

/// The name of the program that listens on a port, if it is one that we may see.
fn holder(port: u16) -> Option<String> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|table| {
            table
                .lines()
                .skip(1)
                .filter_map(|line| {
                    let fields: Vec<&str> = line.split_whitespace().collect();
                    let (_, hex) = fields.get(1)?.rsplit_once(':')?;
                    // 0A: listening
                    let listens =
                        *fields.get(3)? == "0A" && u16::from_str_radix(hex, 16) == Ok(port);
                    listens.then(|| format!("socket:[{}]", fields.get(9).unwrap_or(&"")))
                })
                .collect::<Vec<_>>()
        })
        .collect();
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let holds = fs::read_dir(entry.path().join("fd"))
            .ok()?
            .flatten()
            .any(|fd| {
                fs::read_link(fd.path()).is_ok_and(|target| {
                    inodes
                        .iter()
                        .any(|inode| target.as_os_str() == inode.as_str())
                })
            });
        if !holds {
            return None;
        }
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        Some(format!("{} (process {pid})", name.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_names_its_holder() {
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = held.local_addr().unwrap().port();
        let query = |bind: &str, port| PortQuery {
            bind: bind.to_owned(),
            port,
        };
        let problem = check(&query("127.0.0.1", port)).await.problem.unwrap();
        assert_eq!(problem.code, Code::PortTaken);
        let own = format!("(process {})", std::process::id());
        assert!(problem.message.contains(&own), "{}", problem.message);
        let free = check(&query("127.0.0.1", 0)).await;
        assert!(free.problem.is_none() && free.port > 0);
        for bad in ["nowhere", "203.0.113.7"] {
            assert_eq!(
                check(&query(bad, 0)).await.problem.unwrap().code,
                Code::Invalid
            );
        }
    }
}
