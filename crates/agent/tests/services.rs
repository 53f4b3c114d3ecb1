//! Deployments as plain processes: health, replacement, restarts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use common::{Agent, model_service, repository, run_id, script, until};
use skerry_agent::api::{Invoke, ServiceView};
use skerry_domain::{Change, Code, RevisionOutcome, ServicePhase};

/// Trains the sample; gives the URI of its model.
async fn model(agent: &Agent) -> String {
    let mut spec = script("");
    spec.command = ["python3", "train.py"].map(str::to_owned).to_vec();
    spec.env
        .insert(String::from("SKERRY_SAMPLE_PACE"), String::from("0"));
    let spec = agent
        .with_project(spec, &repository().join("assets/sample"))
        .await;
    agent.run(&spec).await;
    agent.ended(&spec.run_id).await;
    format!("runs:/{}/model", spec.run_id)
}

async fn when(agent: &Agent, id: &str, is: impl Fn(&ServiceView) -> bool) -> ServiceView {
    until("the service gets there", async || {
        agent.client.service(id).await.ok().filter(|view| is(view))
    })
    .await
}

fn outcomes(view: &ServiceView) -> Vec<RevisionOutcome> {
    view.state
        .revisions
        .iter()
        .map(|revision| revision.outcome)
        .collect()
}

/// Asks a port for `/ping`; the status of the answer.
fn ping(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream
        .write_all(b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_served_replaced_and_brought_back() {
    let mut agent = Agent::start().await;
    let uri = model(&agent).await;
    let id = run_id();
    let port = agent.client.check_port("127.0.0.1", 0).await.unwrap().port;
    let spec = model_service("penguins", &uri, port);
    agent.client.put_service(&id, &spec, None).await.unwrap();
    let healthy = |view: &ServiceView| view.state.phase == ServicePhase::Healthy;
    let view = when(&agent, &id, healthy).await;
    assert_eq!(outcomes(&view), [RevisionOutcome::Live]);
    assert!(view.last_check_ms.is_some());
    assert_eq!(ping(port).as_deref(), Some("200"));
    let score = Invoke {
        method: String::from("POST"),
        path: String::from("/invocations"),
        body: String::from("not json"),
    };
    let answer = agent.client.invoke(&id, &score).await.unwrap();
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(
        !agent.texts(&id).await.is_empty(),
        "its log is in the journal"
    );
    // The name and the port are taken now.
    let other = model_service("penguins", &uri, port);
    let refused = agent.client.put_service(&run_id(), &other, None).await;
    assert_eq!(refused.unwrap_err().code, Code::AlreadyExists);
    let other = model_service("other", &uri, port);
    let other_id = run_id();
    let refused = agent.client.put_service(&other_id, &other, None).await;
    assert_eq!(refused.unwrap_err().code, Code::PortTaken);

    // A version that cannot serve is refused; the one before goes on.
    let bad = model_service("penguins", "runs:/nothing/model", port);
    agent.client.put_service(&id, &bad, None).await.unwrap();
    let view = when(&agent, &id, |view| {
        outcomes(view) == [RevisionOutcome::Live, RevisionOutcome::Refused]
    })
    .await;
    assert_eq!(view.state.phase, ServicePhase::Healthy);
    assert_eq!(view.state.revision, 1);
    assert!(view.state.revisions[1].cause.is_some());
    assert_eq!(ping(port).as_deref(), Some("200"));

    // Another that can takes over.
    agent.client.put_service(&id, &spec, None).await.unwrap();
    let view = when(&agent, &id, |view| view.state.revision == 3).await;
    assert_eq!(
        outcomes(&view),
        [
            RevisionOutcome::Retired,
            RevisionOutcome::Refused,
            RevisionOutcome::Live
        ]
    );

    // The agent goes, the service stays; the next agent opens its port again.
    agent.kill();
    agent.spawn().await;
    let view = when(&agent, &id, |view| view.last_check_at.is_some()).await;
    assert!(healthy(&view));
    assert_eq!(ping(port).as_deref(), Some("200"));

    // Its process is killed: seen, told, and started again.
    let record = agent
        .home
        .join("processes")
        .join(format!("skerry-service-{id}-3.json"));
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    let pid = i32::try_from(record["pid"].as_i64().unwrap()).unwrap();
    for member in skerry_engine::proc::session_members(pid) {
        let member = rustix::process::Pid::from_raw(member).unwrap();
        let _ = rustix::process::kill_process(member, rustix::process::Signal::KILL);
    }
    until("the fall is journaled", async || {
        let journal = agent.journal().await;
        journal
            .iter()
            .any(|entry| matches!(&entry.change, Change::Service(state) if state.phase == ServicePhase::Failed))
            .then_some(())
    })
    .await;
    when(&agent, &id, healthy).await;

    agent.client.stop_service(&id).await.unwrap();
    assert_eq!(ping(port), None);
    let stopped = agent.client.service(&id).await.unwrap();
    assert_eq!(stopped.state.phase, ServicePhase::Stopped);
    let answer = agent.client.invoke(&id, &score).await;
    assert_eq!(answer.unwrap_err().code, Code::WrongState);
    agent.client.start_service(&id).await.unwrap();
    when(&agent, &id, healthy).await;
    agent.client.delete_service(&id).await.unwrap();
    assert_eq!(
        agent.client.service(&id).await.unwrap_err().code,
        Code::NotFound
    );
    assert_eq!(ping(port), None);
    assert!(!agent.home.join("services").join(&id).exists());
    let last = agent
        .journal()
        .await
        .into_iter()
        .rev()
        .find_map(|entry| match entry.change {
            Change::Service(state) if state.service_id == id => Some(state),
            _ => None,
        });
    assert!(last.unwrap().deleted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_version_that_cannot_serve_says_why() {
    let agent = Agent::start().await;
    let id = run_id();
    let port = agent.client.check_port("127.0.0.1", 0).await.unwrap().port;
    // A model whose code fails when it is loaded.
    let run = script("true");
    agent.run(&run).await;
    agent.ended(&run.run_id).await;
    let spec = model_service("broken", &format!("runs:/{}/model", run.run_id), port);
    agent.client.put_service(&id, &spec, None).await.unwrap();
    let view = when(&agent, &id, |view| view.state.phase == ServicePhase::Failed).await;
    assert_eq!(view.state.cause.unwrap().code, Code::ModelUnusable);
    assert_eq!(
        agent.client.start_service(&id).await.unwrap_err().code,
        Code::WrongState
    );
    agent.client.delete_service(&id).await.unwrap();
}
