//! From an exported image and a model folder to an image.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::{Arc, Mutex};

use common::*;
use flate2::read::GzDecoder;
use proptest::prelude::*;
use serde_json::{Value, json};
use skerry_domain::{Code, Coded};
use skerry_images::{Base, Digest, Error, Progress, build, unpack_base};
use tokio_util::sync::CancellationToken;

async fn unpack(archive: Vec<u8>, folder: &Path) -> Result<Base, Error> {
    unpack_base(
        Cursor::new(archive),
        folder,
        quiet(),
        &CancellationToken::new(),
    )
    .await
}

fn parts(image: &skerry_images::BuiltImage, folder: &Path) -> (Value, Value) {
    let manifest: Value = serde_json::from_slice(image.manifest()).unwrap();
    let digest: Digest = serde_json::from_value(manifest["config"]["digest"].clone()).unwrap();
    let config = fs::read(folder.join("work").join(digest.hex())).unwrap();
    assert_eq!(Digest::of(&config), digest);
    (manifest, serde_json::from_slice(&config).unwrap())
}

#[tokio::test]
async fn the_image_says_what_it_is_and_starts_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let layers = [
        tar_of(&[("a", b"1")]),
        tar_of(&[("b", b"2")]),
        tar_of(&[("a", b"1")]),
    ];
    let image = small_image(folder.path(), &layers).await;
    let (manifest, config) = parts(&image, folder.path());
    assert_eq!(*image.digest(), Digest::of(image.manifest()));
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 4);
    assert_eq!(manifest["layers"][0], manifest["layers"][2]);
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 4);
    assert_eq!(config["architecture"], "amd64");
    let settings = &config["config"];
    assert_eq!(settings["Entrypoint"][1], "/opt/skerry/score.py");
    assert_eq!(settings["ExposedPorts"], json!({"8080/tcp": {}}));
    assert_eq!(
        (&settings["Env"][0], &settings["User"]),
        (&json!("PATH=/usr/bin"), &json!("1000"))
    );
    assert!(settings.get("Cmd").is_none() && settings.get("Healthcheck").is_none());
    assert!(config.get("container").is_none());
    let labels = &settings["Labels"];
    assert_eq!(labels["kept"], "yes");
    assert_eq!(labels["skerry.model.name"], "penguins");
    assert_eq!(labels["skerry.model.version"], "3");
    assert_eq!(labels["skerry.run.id"], "0123456789abcdef0123456789abcdef");
    assert_eq!(
        labels["org.opencontainers.image.created"],
        "2026-11-26T23:49:59Z"
    );
    assert_eq!(
        labels["org.opencontainers.image.description"],
        "Tells penguins apart — å"
    );

    // The model's layer, read back.
    let digest: Digest = serde_json::from_value(manifest["layers"][3]["digest"].clone()).unwrap();
    let bytes = fs::read(folder.path().join("work").join(digest.hex())).unwrap();
    assert_eq!(Digest::of(&bytes), digest);
    let mut tar = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
    let mut names = Vec::new();
    for entry in tar.entries().unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            (
                entry.header().uid().unwrap(),
                entry.header().mtime().unwrap()
            ),
            (0, 0)
        );
        names.push(entry.path().unwrap().display().to_string());
    }
    let long = format!("opt/skerry/model/data/{}", "long-name-".repeat(20));
    assert_eq!(
        names,
        [
            "opt/skerry/",
            "opt/skerry/model/",
            "opt/skerry/model/MLmodel",
            "opt/skerry/model/data/",
            "opt/skerry/model/data/deep/",
            "opt/skerry/model/data/deep/factor",
            &long,
            "opt/skerry/model/model.py",
            "opt/skerry/score.py",
        ]
    );
}

#[tokio::test]
async fn the_same_content_is_the_same_digest() {
    let layers = [tar_of(&[("a", &noise(1, 300_000))])];
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = small_image(one.path(), &layers).await;
    // Another date and other rights of the same files.
    let model = model_folder(two.path());
    fs::set_permissions(model.join("MLmodel"), fs::Permissions::from_mode(0o600)).unwrap();
    let file = fs::File::options()
        .write(true)
        .open(model.join("model.py"))
        .unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    let base = unpack(saved_image(&layers), &two.path().join("base"))
        .await
        .unwrap();
    let cancel = CancellationToken::new();
    let work = two.path().join("work");
    let second = build(&base, spec(model.clone()), &work, quiet(), &cancel)
        .await
        .unwrap();
    assert_eq!(first.digest(), second.digest());
    // A base that was kept gives the same again; another model does not.
    let kept = Base::open(&two.path().join("base")).unwrap();
    assert_eq!(
        build(&kept, spec(model.clone()), &work, quiet(), &cancel)
            .await
            .unwrap()
            .digest(),
        first.digest()
    );
    fs::write(model.join("data/deep/factor"), "3").unwrap();
    assert_ne!(
        build(&kept, spec(model), &work, quiet(), &cancel)
            .await
            .unwrap()
            .digest(),
        first.digest()
    );
}

#[tokio::test]
async fn the_newer_layout_gives_the_same_layers() {
    let layers = [tar_of(&[("a", b"1")]), vec![0; 1024]];
    let config = config_of(&layers);
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    zip.write_all(&layers[0]).unwrap();
    let zipped = zip.finish().unwrap();
    let blob = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::of(bytes).hex());
    let manifest = json!({
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": Digest::of(&config), "size": config.len()},
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": Digest::of(&zipped), "size": 1},
            {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": Digest::of(&layers[1]), "size": 1},
        ],
    })
    .to_string();
    let index = json!({"manifests": [
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": Digest::of(b"not there"), "size": 1, "platform": {"os": "unknown"}},
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": Digest::of(manifest.as_bytes()), "size": 1, "platform": {"os": "linux"}},
    ]})
    .to_string();
    let archive = tar_of(&[
        (&blob(&config), &config),
        (&blob(manifest.as_bytes()), manifest.as_bytes()),
        (&blob(&zipped), &zipped),
        (&blob(&layers[1]), &layers[1]),
        ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
        ("index.json", index.as_bytes()),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let base = unpack(archive, folder.path()).await.unwrap();
    let older = tempfile::tempdir().unwrap();
    let same = unpack(saved_image(&layers), older.path()).await.unwrap();
    let model = model_folder(older.path());
    let cancel = CancellationToken::new();
    let mut diff_ids = Vec::new();
    for base in [base, same] {
        let work = tempfile::tempdir().unwrap();
        let image = build(
            &base,
            spec(model.clone()),
            &work.path().join("work"),
            quiet(),
            &cancel,
        )
        .await
        .unwrap();
        diff_ids.push(parts(&image, work.path()).1["rootfs"]["diff_ids"].clone());
    }
    assert_eq!(diff_ids[0], diff_ids[1]);
}

#[tokio::test]
async fn broken_archives_are_refused_and_never_opened() {
    let layers = [tar_of(&[("a", &noise(1, 100_000))])];
    let good = saved_image(&layers);
    let mut damaged = good.clone();
    let part = noise(1, 100_000)[50_000..50_008].to_vec();
    let at = damaged.windows(8).position(|bytes| bytes == part).unwrap();
    damaged[at] ^= 1;
    let manifest = |text: &str| tar_of(&[("manifest.json", text.as_bytes())]);
    let windows = tar_of(&[
        ("manifest.json", br#"[{"Config":"c.json","Layers":[]}]"#),
        ("c.json", br#"{"os":"windows","rootfs":{"diff_ids":[]}}"#),
    ]);
    for (archive, words) in [
        (Vec::new(), "not an exported image"),
        (noise(3, 5000), "cannot be read"),
        (good[..60_000].to_vec(), ""),
        (damaged, "is damaged"),
        (tar_of(&[("x", b"y")]), "not an exported image"),
        (manifest("{"), "cannot be read"),
        (manifest("[]"), "is empty"),
        (
            manifest(r#"[{"Config":"c.json","Layers":["a/layer.tar"]}]"#),
            "c.json is missing",
        ),
        (windows, "'windows'"),
        (
            tar_of(&[("blobs/sha256/x", &[0x28, 0xb5, 0x2f, 0xfd, 0, 0])]),
            "zstd",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let error = unpack(archive, folder.path()).await.unwrap_err();
        assert_eq!(error.code(), Code::EngineFailed, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(matches!(
            Base::open(folder.path()),
            Err(Error::BaseIncomplete(_))
        ));
    }
    // Neither is a folder that has something in it touched, nor a base opened that lost a file.
    let folder = tempfile::tempdir().unwrap();
    unpack(good.clone(), folder.path()).await.unwrap();
    assert_eq!(
        unpack(good, folder.path()).await.unwrap_err().code(),
        Code::FileAccess
    );
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none() {
            fs::remove_file(path).unwrap();
        }
    }
    assert!(Base::open(folder.path()).is_err());
}

#[tokio::test]
async fn a_full_disk_is_said() {
    // A file system of one mebibyte.
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small");
    fs::create_dir(&small).unwrap();
    let target = small.to_str().unwrap().to_owned();
    run(
        &["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", &target],
        b"",
    );
    let archive = saved_image(&[tar_of(&[("a", &noise(1, 3 << 20))])]);
    let error = unpack(archive, &small.join("base")).await.unwrap_err();
    run(&["umount", &target], b"");
    assert_eq!(error.code(), Code::DiskFull, "{error}");
}

#[tokio::test]
async fn a_silent_engine_can_be_left() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, archive) = tokio::io::duplex(64);
    let cancel = CancellationToken::new();
    cancel.cancel();
    let error = unpack_base(archive, folder.path(), quiet(), &cancel)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Cancelled);
    drop(engine);
}

#[tokio::test]
async fn cancelling_while_packing_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let base = unpack(
        saved_image(&[tar_of(&[("a", b"1")])]),
        &folder.path().join("base"),
    )
    .await
    .unwrap();
    let model = model_folder(folder.path());
    fs::write(model.join("weights"), noise(5, 20 << 20)).unwrap();
    let cancel = CancellationToken::new();
    let told = Arc::new(Mutex::new(0));
    let (stop, count) = (cancel.clone(), Arc::clone(&told));
    let progress = Arc::new(move |step: Progress| {
        if let Progress::Packing { bytes } = step {
            *count.lock().unwrap() = bytes;
            stop.cancel();
        }
    });
    let work = folder.path().join("work");
    let error = build(&base, spec(model), &work, progress, &cancel)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Cancelled);
    assert!(*told.lock().unwrap() < 20 << 20);
    assert_eq!(fs::read_dir(&work).unwrap().count(), 0);
}

#[tokio::test]
async fn a_model_folder_that_no_image_can_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let base = unpack(
        saved_image(&[tar_of(&[("a", b"1")])]),
        &folder.path().join("base"),
    )
    .await
    .unwrap();
    let cancel = CancellationToken::new();
    let work = folder.path().join("work");
    type Spoil = fn(&Path);
    let spoil: [(&str, Spoil); 5] = [
        ("MLmodel", |model| {
            fs::remove_file(model.join("MLmodel")).unwrap()
        }),
        ("neither a file nor a folder", |model| {
            symlink("/etc/passwd", model.join("link")).unwrap()
        }),
        ("neither a file nor a folder", |model| {
            symlink(".", model.join("loop")).unwrap()
        }),
        (".wh.", |model| {
            fs::write(model.join(".wh.model.py"), "").unwrap()
        }),
        ("not UTF-8", |model| {
            use std::os::unix::ffi::OsStrExt;
            fs::write(model.join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
        }),
    ];
    for (words, spoil) in spoil {
        let model = model_folder(
            tempfile::tempdir_in(folder.path())
                .unwrap()
                .keep()
                .as_path(),
        );
        spoil(&model);
        let error = build(&base, spec(model), &work, quiet(), &cancel)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::ModelUnusable);
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// An archive of one file under any name, also those that no honest writer makes:
/// empty, absolute, out of the folder, with a slash at its end.
fn tar_with_name(name: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name);
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append(&header, bytes).unwrap();
    archive.into_inner().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_archive_makes_it_panic(
        name in "/?(\\.\\./)?[a-z/]{0,12}(manifest.json|index.json|layer.tar)?",
        text in "(\\[|\\{|\"|:|,|\\]|\\}|Config|Layers|manifests|digest|sha256:|[a-z/.]{1,5}){0,30}",
        cut in 0_usize..4096,
    ) {
        let mut archive = tar_with_name(name.as_bytes(), text.as_bytes());
        archive.truncate(archive.len().saturating_sub(cut));
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        prop_assert!(runtime.block_on(unpack(archive, folder.path())).is_err());
    }
}
