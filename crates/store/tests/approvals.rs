//! Approvals, protected aliases, and the history of the registry.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests say what must hold by panicking, their helpers too"
)]

use std::path::Path;

use proptest::prelude::*;
use rusqlite::Connection;
use skerry_domain::tracking::{ArtifactOwner, ModelVersion};
use skerry_domain::{
    ApprovalState, Change, Coded, JournalEntry, KeyValue, Reason, RegistryEvent, Via,
};
use skerry_store::{
    Actor, Broken, NewModelVersion, NewRun, Protection, Result, Store, StoreError, StoreOptions,
    Tx, WaitingFor, check,
};

fn open(path: &Path) -> Store {
    Store::open(path, StoreOptions::default()).unwrap()
}

/// Does something in the name of somebody.
fn act<T: Send + 'static>(
    store: &Store,
    actor: Actor,
    work: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    store.write(move |tx| work(&tx.acting(&actor)))
}

fn ada() -> Actor {
    Actor::person("ada")
}

fn bo() -> Actor {
    Actor::person("bo")
}

fn new_version(tx: &Tx<'_>, run_id: Option<String>) -> Result<ModelVersion> {
    let _ = tx.create_registered_model("digits", None, &[]);
    tx.create_model_version(NewModelVersion {
        name: "digits".to_owned(),
        source: match &run_id {
            Some(id) => format!("runs:/{id}/model"),
            None => "mlflow-artifacts:/x".to_owned(),
        },
        run_id,
        ..NewModelVersion::default()
    })
}

/// A store with two versions of a model.
fn two_versions(path: &Path) -> Store {
    let store = open(path);
    for _ in 0..2 {
        act(&store, ada(), |tx| new_version(tx, None)).unwrap();
    }
    store
}

fn approve(store: &Store, version: i64) {
    act(store, ada(), move |tx| {
        tx.ask_approval("digits", version, None)
    })
    .unwrap();
    act(store, bo(), move |tx| {
        tx.decide_approval("digits", version, true, "looked at it")
    })
    .unwrap();
}

fn reason<T: std::fmt::Debug>(done: Result<T>) -> Reason {
    done.unwrap_err().reason().unwrap()
}

fn state(store: &Store, version: i64) -> ApprovalState {
    let read = store.read(|reader| reader.approval("digits", version));
    read.unwrap().state
}

fn alias(store: &Store) -> Option<i64> {
    let model = store.read(|reader| reader.registered_model("digits"));
    model.unwrap().aliases.get("champion").copied()
}

fn whole(store: &Store) {
    let verified = store.read(|reader| reader.verify_registry_history(None));
    assert_eq!(verified.unwrap().broken, None);
}

#[test]
fn a_second_person_decides() {
    let folder = tempfile::tempdir().unwrap();
    let store = two_versions(&folder.path().join("a.db"));
    let decide = |who: Actor, approve, why: &'static str| {
        act(&store, who, move |tx| {
            tx.decide_approval("digits", 1, approve, why)
        })
    };
    assert_eq!(reason(decide(bo(), true, "x")), Reason::ApprovalNotAsked);
    for nobody in [
        Actor::new(Via::Client, "ada"),
        Actor::new(Via::Script, "r1"),
        Actor::person(""),
    ] {
        let asked = act(&store, nobody, |tx| tx.ask_approval("digits", 1, None));
        assert_eq!(reason(asked), Reason::PersonUnknown);
    }
    let ask = || {
        act(&store, ada(), |tx| {
            tx.ask_approval("digits", 1, Some(" for the hall "))
        })
    };
    ask().unwrap();
    assert_eq!(reason(ask()), Reason::ApprovalAskedAlready);
    let own = decide(ada(), true, "mine").unwrap_err();
    assert_eq!(own.reason(), Some(Reason::ApprovalOwn));
    assert!(own.to_string().contains("somebody else has to"), "{own}");
    assert_eq!(reason(decide(ada(), false, "mine")), Reason::ApprovalOwn);
    assert_eq!(reason(decide(bo(), true, "  ")), Reason::ReasonEmpty);
    assert_eq!(state(&store, 1), ApprovalState::Asked);
    let other = act(&store, bo(), |tx| tx.withdraw_approval("digits", 1, None));
    assert_eq!(reason(other), Reason::ApprovalOfAnother);

    decide(bo(), false, "no test set").unwrap();
    assert_eq!(state(&store, 1), ApprovalState::Refused);
    ask().unwrap();
    act(&store, ada(), |tx| tx.withdraw_approval("digits", 1, None)).unwrap();
    assert_eq!(state(&store, 1), ApprovalState::Withdrawn);
    ask().unwrap();
    decide(bo(), true, "seen").unwrap();
    let approval = store.read(|reader| reader.approval("digits", 1)).unwrap();
    let (asked, settled) = (approval.asked.unwrap(), approval.settled.unwrap());
    assert_eq!(
        (asked.who.as_str(), asked.reason.as_deref()),
        ("ada", Some("for the hall"))
    );
    assert_eq!(
        (settled.who.as_str(), settled.reason.as_deref()),
        ("bo", Some("seen"))
    );
    assert_eq!(reason(ask()), Reason::ApprovalGivenAlready);
    assert_eq!(state(&store, 2), ApprovalState::None);

    // Anybody may take back what was given, with a reason.
    let back = |why| {
        act(&store, ada(), move |tx| {
            tx.withdraw_approval("digits", 1, why)
        })
    };
    assert_eq!(reason(back(None)), Reason::ReasonEmpty);
    back(Some("a leak in the test set")).unwrap();
    assert_eq!(state(&store, 1), ApprovalState::Withdrawn);
    whole(&store);
}

#[test]
fn a_protected_alias_moves_only_to_an_approved_version_through_any_door() {
    let folder = tempfile::tempdir().unwrap();
    let store = two_versions(&folder.path().join("a.db"));
    approve(&store, 1);
    let set = |who: Actor, version| {
        act(&store, who, move |tx| {
            tx.set_alias("digits", "champion", version)
        })
    };
    set(ada(), 2).unwrap();
    let protect = |on| {
        act(&store, ada(), move |tx| {
            tx.protect_alias("digits", "champion", on, Some("it serves the hall"))
        })
    };
    protect(true).unwrap();
    assert_eq!(reason(protect(true)), Reason::AliasProtectedAlready);
    set(ada(), 1).unwrap();

    // Persons, clients and scripts.
    for actor in [
        ada(),
        Actor::new(Via::Client, ""),
        Actor::new(Via::Script, "r1"),
    ] {
        assert_eq!(reason(set(actor, 2)), Reason::ApprovalMissing);
    }
    // An import.
    let import = store.write(|tx| tx.import_alias("digits", "champion", 2));
    assert_eq!(reason(import), Reason::ApprovalMissing);
    // A machine: the journal goes on, and the history says what was refused.
    let change = |seq, change| JournalEntry { seq, at: 5, change };
    let there = store
        .read(|reader| reader.model_version("digits", 1))
        .unwrap();
    let applied = store
        .write(move |tx| {
            tx.apply(
                "m1",
                "j",
                &[
                    change(
                        1,
                        Change::ModelVersionSaved(ModelVersion {
                            version: 7,
                            ..there
                        }),
                    ),
                    change(
                        2,
                        Change::AliasSet {
                            name: "digits".to_owned(),
                            alias: "champion".to_owned(),
                            version: 7,
                            by: Some("r7".to_owned()),
                        },
                    ),
                    change(
                        3,
                        Change::AliasDeleted {
                            name: "digits".to_owned(),
                            alias: "champion".to_owned(),
                            by: None,
                        },
                    ),
                ],
            )
        })
        .unwrap();
    assert_eq!(applied.cursor, 3);
    assert_eq!(alias(&store), Some(1));
    let history = store
        .read(|reader| reader.registry_history("digits", Some(3), None, 10))
        .unwrap();
    let refused = &history[0];
    assert_eq!(refused.event, RegistryEvent::AliasRefused);
    assert_eq!(
        (
            refused.actor.who.as_str(),
            refused.actor.machine_id.as_deref(),
            refused.actor.happened_at
        ),
        ("r7", Some("m1"), Some(5))
    );

    // Nor in passing.
    let client = || Actor::new(Via::Client, "");
    for done in [
        act(&store, client(), |tx| tx.delete_alias("digits", "champion")),
        act(&store, client(), |tx| tx.delete_model_version("digits", 1)),
        act(&store, client(), |tx| tx.delete_registered_model("digits")),
        act(&store, client(), |tx| {
            tx.rename_registered_model("digits", "other").map(drop)
        }),
    ] {
        assert_eq!(reason(done), Reason::AliasIsProtected);
    }
    assert_eq!(alias(&store), Some(1));

    approve(&store, 2);
    set(client(), 2).unwrap();
    assert_eq!(alias(&store), Some(2));
    // What was approved once no longer is.
    act(&store, bo(), |tx| {
        tx.withdraw_approval("digits", 1, Some("old"))
    })
    .unwrap();
    assert_eq!(reason(set(ada(), 1)), Reason::ApprovalMissing);

    // That it be free again takes two.
    let free = |who: Actor| {
        act(&store, who, |tx| {
            tx.protect_alias("digits", "champion", false, Some("retired"))
        })
    };
    let asked = || {
        let all = store.read(|reader| reader.protections("digits")).unwrap();
        all.into_iter()
            .map(|one| (one.alias, one.end_asked.map(|step| step.who)))
            .collect::<Vec<_>>()
    };
    let waiting = || {
        let all = store.read(|reader| reader.waiting()).unwrap();
        all.into_iter()
            .map(|one| (one.model, one.what, one.asked.who))
            .collect::<Vec<_>>()
    };
    assert_eq!(waiting(), []);
    assert_eq!(free(ada()).unwrap(), RegistryEvent::AliasUnprotectAsked);
    act(&store, bo(), |tx| tx.ask_approval("digits", 1, None)).unwrap();
    let digits = || "digits".to_owned();
    let freed = WaitingFor::Unprotection("champion".to_owned());
    assert_eq!(
        waiting(),
        [
            (digits(), freed, "ada".to_owned()),
            (digits(), WaitingFor::Approval(1), "bo".to_owned()),
        ]
    );
    act(&store, bo(), |tx| tx.withdraw_approval("digits", 1, None)).unwrap();
    assert_eq!(waiting().len(), 1);
    assert_eq!(asked(), [("champion".to_owned(), Some("ada".to_owned()))]);
    assert_eq!(reason(free(ada())), Reason::UnprotectOwn);
    assert_eq!(reason(set(bo(), 1)), Reason::ApprovalMissing);
    // Protecting it takes the request back.
    protect(true).unwrap();
    assert_eq!(asked(), [("champion".to_owned(), None)]);
    free(bo()).unwrap();
    assert_eq!(free(ada()).unwrap(), RegistryEvent::AliasUnprotected);
    assert_eq!(asked(), []);
    assert_eq!(reason(protect(false)), Reason::AliasNotProtected);
    set(ada(), 1).unwrap();
    whole(&store);
}

#[test]
fn an_approval_is_of_the_files_that_were_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("a.db"));
    let run = store.write(|tx| tx.create_run(NewRun::default())).unwrap();
    let run_id = run.info.run_id;
    let file = |path: &'static str, sha: &'static str| {
        let owner = ArtifactOwner::Run(run_id.clone());
        store
            .write(move |tx| tx.artifact_logged(owner, path, 3, sha))
            .unwrap();
    };
    file("model/MLmodel", "aa");
    file("notes.txt", "cc");
    let id = run_id.clone();
    act(&store, ada(), move |tx| new_version(tx, Some(id))).unwrap();
    act(&store, ada(), |tx| {
        tx.protect_alias("digits", "champion", true, None)
    })
    .unwrap();
    act(&store, ada(), |tx| tx.ask_approval("digits", 1, None)).unwrap();
    file("model/MLmodel", "bb");
    let decide = |approve| {
        act(&store, bo(), move |tx| {
            tx.decide_approval("digits", 1, approve, "seen")
        })
    };
    assert_eq!(reason(decide(true)), Reason::AskedFilesChanged);
    decide(false).unwrap();
    act(&store, ada(), |tx| tx.ask_approval("digits", 1, None)).unwrap();
    decide(true).unwrap();
    // What is not of the model does not matter.
    file("notes.txt", "dd");
    act(&store, ada(), |tx| tx.set_alias("digits", "champion", 1)).unwrap();

    file("model/data.bin", "ee");
    let approval = store.read(|reader| reader.approval("digits", 1)).unwrap();
    assert!(approval.files_changed);
    let set = act(&store, ada(), |tx| tx.set_alias("digits", "champion", 1));
    assert_eq!(reason(set), Reason::ApprovedFilesChanged);
    approve(&store, 1);
    act(&store, ada(), |tx| tx.set_alias("digits", "champion", 1)).unwrap();

    // An import that brings another source ends it.
    let mut version = store
        .read(|reader| reader.model_version("digits", 1))
        .unwrap();
    version.source = format!("runs:/{run_id}/other");
    store
        .write(move |tx| tx.import_model_version(&version))
        .unwrap();
    assert_eq!(state(&store, 1), ApprovalState::Withdrawn);
    whole(&store);
}

#[test]
fn a_history_outlives_what_it_is_about() {
    let folder = tempfile::tempdir().unwrap();
    let store = two_versions(&folder.path().join("a.db"));
    let act = |work: fn(&Tx<'_>) -> Result<()>| act(&store, ada(), work).unwrap();
    act(|tx| tx.set_alias("digits", "champion", 1));
    act(|tx| tx.delete_model_version("digits", 1));
    act(|tx| tx.rename_registered_model("digits", "numbers").map(drop));
    act(|tx| {
        let tag = KeyValue {
            key: "k".to_owned(),
            value: "v".to_owned(),
        };
        tx.set_registered_model_tag("numbers", &tag)?;
        tx.set_registered_model_tag("numbers", &tag)?;
        tx.delete_registered_model_tag("numbers", "k")
    });
    act(|tx| {
        tx.transition_stage("numbers", 2, "production", false)
            .map(drop)
    });
    act(|tx| tx.delete_registered_model("numbers"));
    // Another one of the name is another one, also in its number.
    act(|tx| tx.create_registered_model("numbers", None, &[]).map(drop));
    let words = |name: &'static str| -> Vec<String> {
        let entries = store.read(|reader| reader.registry_history(name, None, None, 100));
        let mut entries = entries.unwrap();
        entries.reverse();
        entries
            .iter()
            .map(|entry| {
                let more = [&entry.subject, &entry.before, &entry.after];
                let more: Vec<&str> = more.into_iter().flatten().map(String::as_str).collect();
                format!(
                    "{:?} {:?} {}",
                    entry.event,
                    entry.version.unwrap_or(0),
                    more.join(" ")
                )
            })
            .collect()
    };
    let expected = [
        "ModelCreated 0 ",
        "VersionCreated 1 mlflow-artifacts:/x",
        "VersionCreated 2 mlflow-artifacts:/x",
        "AliasSet 1 champion",
        "AliasRemoved 1 champion",
        "VersionDeleted 1 ",
        "ModelRenamed 0 digits numbers",
        "ModelTag 0 k v",
        "ModelTag 0 k v",
        "StageChanged 2 None Production",
        "ModelDeleted 0 ",
    ];
    assert_eq!(words("digits"), expected);
    let mut more = expected.map(str::to_owned).to_vec();
    more.push("ModelCreated 0 ".to_owned());
    assert_eq!(words("numbers"), more);
    let never = store.read(|reader| reader.registry_history("never", None, None, 100));
    assert!(matches!(never, Err(StoreError::NotFound(_))));
    whole(&store);
}

#[test]
fn what_was_there_before_the_history_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = two_versions(&path);
    act(&store, ada(), |tx| tx.set_alias("digits", "champion", 2)).unwrap();
    drop(store);
    // As a file of the version before was.
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "DROP TABLE registry_history; DELETE FROM facts WHERE name = 'registry_history_end';
         DELETE FROM migrations WHERE time = 20261127091500;",
    )
    .unwrap();
    drop(conn);
    let store = open(&path);
    whole(&store);
    let history = store
        .read(|reader| reader.registry_history("digits", None, None, 10))
        .unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|entry| (entry.event, entry.version))
        .collect();
    assert_eq!(
        told,
        [
            (RegistryEvent::AliasFound, Some(2)),
            (RegistryEvent::ModelFound, None)
        ]
    );
    let before = history[1].at - 1;
    let at = |at| {
        let found = store.read(|reader| reader.alias_at("digits", "champion", at, at));
        found.unwrap()
    };
    assert_eq!(at(before).version, None);
    assert_eq!(at(before).known_from, Some(history[1].at));
    assert_eq!(at(history[0].at).version, Some(2));
    // What is made from now on is known from its beginning.
    act(&store, ada(), |tx| {
        tx.create_registered_model("later", None, &[])
    })
    .unwrap();
    let later = store.read(|reader| reader.alias_at("later", "champion", 0, 0));
    assert_eq!(later.unwrap().known_from, None);
}

#[test]
fn a_journal_says_which_run_moved_an_alias() {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        journal: true,
        ..StoreOptions::default()
    };
    let store = Store::open(&folder.path().join("a.db"), options).unwrap();
    for actor in [Actor::new(Via::Script, "r7"), Actor::new(Via::Client, "")] {
        act(&store, actor, |tx| {
            let version = new_version(tx, None)?;
            tx.set_alias("digits", "champion", version.version)?;
            tx.delete_alias("digits", "champion")
        })
        .unwrap();
    }
    let entries = store.read(|reader| reader.journal_after(0, 100)).unwrap();
    let told: Vec<Option<String>> = entries
        .into_iter()
        .filter_map(|entry| match entry.change {
            Change::AliasSet { by, .. } | Change::AliasDeleted { by, .. } => Some(by),
            _ => None,
        })
        .collect();
    let run = || Some("r7".to_owned());
    assert_eq!(told, [run(), run(), None, None]);
}

/// What a person, a client or a machine does next.
#[derive(Debug, Clone)]
enum Step {
    Version,
    Alias(u8, u8),
    Unalias(u8),
    Delete(u8),
    Protect(u8, bool, bool),
    Ask(u8, bool),
    Decide(u8, bool, bool),
    Tag(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Version),
        6 => (0..3_u8, 1..6_u8).prop_map(|(alias, version)| Step::Alias(alias, version)),
        1 => (0..3_u8).prop_map(Step::Unalias),
        1 => (1..6_u8).prop_map(Step::Delete),
        2 => (0..3_u8, any::<bool>(), any::<bool>()).prop_map(|(alias, ada, on)| Step::Protect(alias, ada, on)),
        2 => (1..6_u8, any::<bool>()).prop_map(|(version, ada)| Step::Ask(version, ada)),
        2 => (1..6_u8, any::<bool>(), any::<bool>()).prop_map(|(v, ada, yes)| Step::Decide(v, ada, yes)),
        1 => (1..6_u8).prop_map(Step::Tag),
    ]
}

fn take(store: &Store, step: Step) -> Result<()> {
    let who = |is_ada| if is_ada { ada() } else { bo() };
    let name = |alias: u8| format!("a{alias}");
    match step {
        Step::Version => act(store, ada(), |tx| new_version(tx, None).map(drop)),
        Step::Alias(alias, version) => act(store, Actor::new(Via::Client, ""), move |tx| {
            tx.set_alias("digits", &name(alias), version.into())
        }),
        Step::Unalias(alias) => act(store, bo(), move |tx| {
            tx.delete_alias("digits", &name(alias))
        }),
        Step::Delete(version) => act(store, bo(), move |tx| {
            tx.delete_model_version("digits", version.into())
        }),
        Step::Protect(alias, is_ada, on) => act(store, who(is_ada), move |tx| {
            tx.protect_alias("digits", &name(alias), on, None).map(drop)
        }),
        Step::Ask(version, is_ada) => act(store, who(is_ada), move |tx| {
            tx.ask_approval("digits", version.into(), None)
        }),
        Step::Decide(version, is_ada, yes) => act(store, who(is_ada), move |tx| {
            tx.decide_approval("digits", version.into(), yes, "because")
        }),
        Step::Tag(version) => act(store, ada(), move |tx| {
            let tag = KeyValue {
                key: "k".to_owned(),
                value: version.to_string(),
            };
            tx.set_model_version_tag("digits", version.into(), &tag)
        }),
    }
}

/// None once the model is gone.
fn protections(store: &Store) -> Vec<Protection> {
    store
        .read(|reader| reader.protections("digits"))
        .unwrap_or_default()
}

fn aliases(store: &Store) -> Vec<Option<i64>> {
    let read = store.read(|reader| reader.registered_model("digits"));
    let aliases = read.map(|model| model.aliases).unwrap_or_default();
    (0..3)
        .map(|n| aliases.get(&format!("a{n}")).copied())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_acknowledged_move_is_in_the_history_and_every_forgery_is_found(
        steps in proptest::collection::vec(step(), 1..40),
        (row, column, other) in (any::<prop::sample::Index>(), 0..15_usize, any::<prop::sample::Index>()),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = open(&path);
        act(&store, ada(), |tx| new_version(tx, None)).unwrap();
        for step in steps {
            let before = aliases(&store);
            let protected = protections(&store);
            let done = take(&store, step.clone());
            let after = aliases(&store);
            if done.is_err() {
                prop_assert_eq!(&before, &after, "a refused step changed something");
            }
            let newest = store.read(|reader| reader.registry_history("digits", None, None, 8)).unwrap();
            // Nobody takes a protection away alone.
            for one in protected {
                if !protections(&store).iter().any(|other| other.alias == one.alias) {
                    let asked = one.end_asked.expect("nobody had asked").who;
                    prop_assert_ne!(&asked, &newest[0].actor.who);
                }
            }
            for (n, (was, is)) in before.iter().zip(&after).enumerate() {
                // The last entry about the alias says what it stands for.
                let name = format!("a{n}");
                let last = newest.iter().find(|entry| entry.subject.as_deref() == Some(&name) && matches!(
                    entry.event, RegistryEvent::AliasSet | RegistryEvent::AliasRemoved));
                if was != is {
                    let last = last.expect("a move without an entry");
                    let stands = (last.event == RegistryEvent::AliasSet).then_some(last.version).flatten();
                    prop_assert_eq!(stands, *is);
                    // Both the one who asked and the one who decided are known, and are two.
                    if let Some(version) = is && protections(&store).iter().any(|one| one.alias == name) {
                        let approval = store.read(|reader| reader.approval("digits", *version)).unwrap();
                        prop_assert_eq!(approval.state, ApprovalState::Approved);
                        prop_assert_ne!(approval.asked.unwrap().who, approval.settled.unwrap().who);
                    }
                }
                let at = store.read(|reader| reader.alias_at("digits", &name, i64::MAX - 1, i64::MAX)).unwrap();
                prop_assert_eq!(at.version, *is);
            }
        }
        let verified = store.read(|reader| reader.verify_registry_history(None)).unwrap();
        prop_assert_eq!(&verified.broken, &None);
        let noted = store.read(|reader| reader.verify_registry_history(Some(&verified.end))).unwrap();
        prop_assert_eq!(noted.noted, Some(verified.entries));
        drop(store);
        // All of it is in the one file then.
        let conn = Connection::open(&path).unwrap();
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(conn);

        // One forgery in a copy each, by somebody who can write the file.
        let last = verified.entries;
        let row = 1 + i64::try_from(row.index(usize::try_from(last).unwrap())).unwrap();
        let other = 1 + i64::try_from(other.index(usize::try_from(last).unwrap())).unwrap();
        let columns = ["seq", "at", "model", "name", "event", "version", "subject", "before", "after",
            "reason", "via", "who", "machine_id", "happened_at", "hash"];
        let column = columns[column];
        let forged = match column {
            "seq" => format!("UPDATE registry_history SET seq = seq + {last} WHERE seq = {row}"),
            "at" | "model" | "version" | "happened_at" =>
                format!("UPDATE registry_history SET {column} = coalesce({column}, 0) + 1 WHERE seq = {row}"),
            _ => format!("UPDATE registry_history SET {column} = coalesce({column}, '') || 'x' WHERE seq = {row}"),
        };
        let mut forgeries = vec![forged, format!("DELETE FROM registry_history WHERE seq = {row}")];
        if row != other {
            forgeries.push(format!(
                "UPDATE registry_history SET seq = -1 WHERE seq = {row};
                 UPDATE registry_history SET seq = {row} WHERE seq = {other};
                 UPDATE registry_history SET seq = {other} WHERE seq = -1"
            ));
        }
        for (n, forgery) in forgeries.iter().enumerate() {
            let copy = folder.path().join(format!("copy-{n}.db"));
            std::fs::copy(&path, &copy).unwrap();
            let conn = Connection::open(&copy).unwrap();
            conn.execute_batch("DROP TRIGGER registry_history_stays; DROP TRIGGER registry_history_keeps;").unwrap();
            conn.execute_batch(forgery).unwrap();
            drop(conn);
            let store = open(&copy);
            let found = store.read(|reader| reader.verify_registry_history(None)).unwrap().broken;
            let first = if n == 2 { row.min(other) } else { row };
            let at = match &found {
                Some(Broken::Changed(seq) | Broken::Missing(seq)) => *seq,
                Some(Broken::End(seq)) => *seq + 1,
                other => return Err(TestCaseError::fail(format!("{forgery}: {other:?}"))),
            };
            prop_assert_eq!(at, first, "{}: {:?}", forgery, found);
            // It is told wherever a store is looked through.
            let findings = check(&copy).unwrap().findings;
            prop_assert!(findings.iter().any(|finding| finding.what.contains("history")), "{findings:?}");
        }
    }
}

#[test]
fn an_alias_that_was_moved_behind_the_history_shows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = two_versions(&path);
    act(&store, ada(), |tx| tx.set_alias("digits", "champion", 1)).unwrap();
    drop(store);
    let conn = Connection::open(&path).unwrap();
    conn.execute("UPDATE aliases SET version = 2", []).unwrap();
    for forbidden in [
        "UPDATE registry_history SET who = 'x'",
        "DELETE FROM registry_history",
    ] {
        conn.execute(forbidden, []).unwrap_err();
    }
    drop(conn);
    let store = open(&path);
    let found = store.read(|reader| reader.verify_registry_history(None));
    assert_eq!(
        found.unwrap().broken,
        Some(Broken::Alias("digits".to_owned(), "champion".to_owned()))
    );
}
