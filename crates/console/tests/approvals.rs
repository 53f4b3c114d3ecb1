//! Approval by a second person, at the boundary of the console.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test, helpers included

use std::path::Path;

use skerry_console::api::*;
use skerry_console::approvals::Approvals;
use skerry_console::{Console, ConsoleOptions};
use skerry_domain::{ApprovalState, Code, Reason, RegistryEvent, Via};
use skerry_store::{NewModelVersion, NewRun, Store, StoreOptions};

async fn console(data: &Path, person: &str) -> Console {
    let mut options = ConsoleOptions::new(data);
    options.links = false;
    options.person = Some(person.to_owned());
    Console::open(options).await.unwrap()
}

fn with_versions(file: &Path) {
    let store = Store::open(file, StoreOptions::default()).unwrap();
    store
        .write(|tx| {
            tx.create_registered_model("digits", None, &[])?;
            for _ in 0..2 {
                tx.create_model_version(NewModelVersion {
                    name: "digits".to_owned(),
                    source: "mlflow-artifacts:/x".to_owned(),
                    ..NewModelVersion::default()
                })?;
            }
            Ok(())
        })
        .unwrap();
}

fn ask(version: u32) -> ApprovalAsk {
    ApprovalAsk {
        name: "digits".to_owned(),
        version,
        reason: None,
    }
}

fn decide(version: u32) -> ApprovalDecide {
    ApprovalDecide {
        name: "digits".to_owned(),
        version,
        approve: true,
        reason: "seen".to_owned(),
    }
}

fn alias(version: u32) -> AliasSet {
    AliasSet {
        name: "digits".to_owned(),
        alias: "champion".to_owned(),
        version,
    }
}

/// What the first screen says needs this person.
async fn needs(console: &Console) -> Vec<(NeedKind, String)> {
    let needs = console.overview(()).await.unwrap().needs;
    needs
        .into_iter()
        .map(|need| (need.kind, need.subject_id))
        .collect()
}

#[tokio::test]
async fn two_persons_at_one_workspace() {
    let folder = tempfile::tempdir().unwrap();
    with_versions(&folder.path().join("workspace.db"));
    let ada = console(folder.path(), "ada").await;
    ada.alias_set(alias(1)).await.unwrap();
    ada.alias_protect(AliasProtect {
        name: "digits".to_owned(),
        alias: "champion".to_owned(),
        protect: true,
        reason: None,
    })
    .await
    .unwrap();
    let missing = ada.alias_set(alias(2)).await.unwrap_err();
    assert_eq!(
        (missing.code, missing.reason),
        (Code::WrongState, Some(Reason::ApprovalMissing))
    );
    assert_eq!(missing.details["alias"], "champion");
    ada.approval_ask(ask(2)).await.unwrap();
    // Who asks cannot say in the request that it is somebody else.
    let forged = serde_json::json!({"name": "digits", "version": 2, "approve": true, "reason": "x",
        "person": "bo", "who": "bo"});
    let own = ada.call("approval_decide", forged).await.unwrap_err();
    assert_eq!(own.reason, Some(Reason::ApprovalOwn));
    let row = ada
        .version_get(VersionKey {
            name: "digits".to_owned(),
            version: 2,
        })
        .await
        .unwrap()
        .row;
    assert!(row.approval.own);
    // What she asked for does not wait for her.
    assert_eq!(needs(&ada).await, []);
    ada.close().await;
    drop(ada);

    let bo = console(folder.path(), "bo").await;
    let model = |console: Console| async move {
        let name = "digits".to_owned();
        console.model_get(ByName { name }).await.unwrap()
    };
    let seen = model(bo.clone()).await;
    assert_eq!(seen.row.waiting, 1);
    assert_eq!(seen.protected, ["champion"]);
    assert!(seen.row.aliases[0].protected);
    assert!(!seen.versions[0].approval.own);
    let waits = (NeedKind::ApprovalAsked, "digits/2".to_owned());
    assert_eq!(needs(&bo).await, [waits]);
    bo.approval_decide(decide(2)).await.unwrap();
    assert_eq!(needs(&bo).await, []);
    let seen = model(bo.clone()).await;
    assert_eq!(seen.versions[0].approval.state, ApprovalState::Approved);
    assert_eq!(seen.row.waiting, 0);
    let from = seen.versions[0].approval.asked.as_ref().unwrap().at;
    bo.alias_set(alias(2)).await.unwrap();

    let at = bo
        .alias_at(AliasAtQuery {
            name: "digits".to_owned(),
            alias: "champion".to_owned(),
            from: from - 1,
            to: i64::MAX,
        })
        .await
        .unwrap();
    let moves: Vec<Option<u32>> = at.moves.iter().map(|row| row.version).collect();
    assert_eq!(moves.last(), Some(&Some(2)), "{at:?}");
    let history = bo
        .registry_history(RegistryHistoryQuery {
            name: "digits".to_owned(),
            version: Some(2),
            before: None,
            limit: 10,
        })
        .await
        .unwrap();
    let told: Vec<(RegistryEvent, &str)> = history
        .iter()
        .map(|row| (row.event, row.who.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (RegistryEvent::AliasSet, "bo"),
            (RegistryEvent::ApprovalGiven, "bo"),
            (RegistryEvent::ApprovalAsked, "ada"),
            (RegistryEvent::VersionCreated, "")
        ]
    );
    let verify = |noted: Option<String>| bo.registry_verify(RegistryVerify { noted });
    let verified = verify(None).await.unwrap();
    assert!(verified.whole, "{verified:?}");
    assert!(verify(Some(verified.end)).await.unwrap().whole);
    let other = verify(Some("0".repeat(64))).await.unwrap();
    assert_eq!(other.problem, Some(RegistryBreak::NotNoted));
    let kinds: Vec<(ActivityKind, String)> = bo
        .activity_list(ActivityQuery {
            before_id: None,
            limit: 10,
        })
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.kind, row.actor))
        .collect();
    assert!(kinds.contains(&(ActivityKind::ApprovalAsked, "ada".to_owned())));
    assert!(kinds.contains(&(ActivityKind::ApprovalGiven, "bo".to_owned())));
    bo.close().await;
}

#[tokio::test]
async fn a_command_on_the_local_socket_is_who_the_system_says() {
    let folder = tempfile::tempdir().unwrap();
    with_versions(&folder.path().join("workspace.db"));
    // The window belongs to somebody else than who asks over the socket.
    let window = console(folder.path(), "somebody else").await;
    window.listen_local().unwrap();
    window.approval_ask(ask(1)).await.unwrap();
    let mut client = skerry_console::socket::LocalClient::connect(folder.path())
        .await
        .unwrap();
    let args = serde_json::to_value(decide(1)).unwrap();
    client.call("approval_decide", args).await.unwrap();
    let uid = nix::unistd::getuid();
    let me = nix::unistd::User::from_uid(uid).unwrap().unwrap().name;
    let row = window
        .version_get(VersionKey {
            name: "digits".to_owned(),
            version: 1,
        })
        .await
        .unwrap()
        .row;
    assert_eq!(row.approval.settled.unwrap().who, me);
    window.close().await;
}

#[test]
fn a_server_s_registry_is_reached_while_it_is_open() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        Approvals::of_server(folder.path()).unwrap_err().code,
        Code::NotFound
    );
    let file = folder.path().join("tracking.db");
    with_versions(&file);
    let served = Store::open(&file, StoreOptions::default()).unwrap();
    let approvals = Approvals::of_server(folder.path()).unwrap();
    let protect =
        serde_json::json!({"name": "digits", "alias": "champion", "protect": true, "reason": null});
    approvals.call("alias_protect", protect).unwrap();
    let refused = served.write(|tx| tx.set_alias("digits", "champion", 1));
    refused.unwrap_err();
    let query = serde_json::json!({"name": "digits", "version": null, "before": null, "limit": 1});
    let rows = approvals.call("registry_history", query).unwrap();
    assert_eq!(rows[0]["event"], "alias_protected");
    assert_eq!(rows[0]["via"], serde_json::to_value(Via::Person).unwrap());
    let other = approvals.call("machines_list", serde_json::Value::Null);
    assert_eq!(other.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("workspace.db");
    with_versions(&file);
    let run_id = {
        let store = Store::open(&file, StoreOptions::default()).unwrap();
        let run = store.write(|tx| tx.create_run(NewRun::default())).unwrap();
        run.info.run_id
    };
    let ada = console(folder.path(), "ada").await;
    let known = |value: Option<&str>| {
        Some(Known {
            value: value.map(str::to_owned),
        })
    };

    let set = |value: &str, known: Option<Known>| RunTagSet {
        run_id: run_id.clone(),
        key: "owner".to_owned(),
        value: value.to_owned(),
        known,
    };
    ada.run_tag_set(set("ann", known(None))).await.unwrap();
    for stale in [known(None), known(Some("bo"))] {
        let refused = ada.run_tag_set(set("cy", stale)).await.unwrap_err();
        assert_eq!(
            (refused.code, refused.reason),
            (Code::WrongState, Some(Reason::ValueChanged))
        );
    }
    // What is there already can be set by whoever wants the same.
    ada.run_tag_set(set("ann", known(None))).await.unwrap();
    let delete = |value: &str| RunTagDelete {
        run_id: run_id.clone(),
        key: "owner".to_owned(),
        known: known(Some(value)),
    };
    ada.run_tag_delete(delete("bo")).await.unwrap_err();
    let run = ada.run_get(ById { id: run_id.clone() }).await.unwrap().row;
    assert_eq!(run.tags[0].value, "ann");
    ada.run_tag_delete(delete("ann")).await.unwrap();

    let tag = |value: &str, known: Option<Known>| VersionTagSet {
        name: "digits".to_owned(),
        version: 1,
        key: "owner".to_owned(),
        value: value.to_owned(),
        known,
    };
    ada.version_tag_set(tag("ann", known(None))).await.unwrap();
    ada.version_tag_set(tag("bo", known(None)))
        .await
        .unwrap_err();
    // Who does not say what it was, such as the command line, changes whatever is there.
    ada.version_tag_set(tag("bo", None)).await.unwrap();
    let gone = VersionTagDelete {
        name: "digits".to_owned(),
        version: 1,
        key: "owner".to_owned(),
        known: known(Some("ann")),
    };
    ada.version_tag_delete(gone).await.unwrap_err();

    let describe = |text: &str, value: Option<&str>| VersionDescribe {
        name: "digits".to_owned(),
        version: 1,
        description: text.to_owned(),
        known: known(value),
    };
    ada.version_describe(describe("wide", None)).await.unwrap();
    ada.version_describe(describe("narrow", None))
        .await
        .unwrap_err();
    let key = VersionKey {
        name: "digits".to_owned(),
        version: 1,
    };
    let version = ada.version_get(key).await.unwrap().row;
    assert_eq!(version.description.as_deref(), Some("wide"));
    assert_eq!(version.tags[0].value, "bo");
}
