//! Small images and model folders, and Debian's real registry on loopback.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use skerry_domain::Secret;
use skerry_images::{
    BuildSpec, BuiltImage, Credentials, Digest, ModelFacts, Progress, ProgressFn, Registry, build,
    unpack_base,
};
use tokio_util::sync::CancellationToken;

pub const USER: &str = "pusher";
pub const PASSWORD: &str = "correct horse battery";

/// Bytes that do not compress, the same each time.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

pub fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

pub fn config_of(layers: &[Vec<u8>]) -> Vec<u8> {
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| Digest::of(layer)).collect();
    serde_json::to_vec(&json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Env": ["PATH=/usr/bin"], "Cmd": ["sh"], "Labels": {"kept": "yes"}, "User": "1000",
            "Healthcheck": {"Test": ["CMD", "true"]},
        },
        "container": "abc",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created_by": "test"}],
    }))
    .unwrap()
}

/// The older layout, as Docker 20.10 writes it: `manifest.json` comes last, a layer may be a link.
pub fn saved_image(layers: &[Vec<u8>]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let add = |tar: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, bytes).unwrap();
    };
    let mut names = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let folder = format!("{number:064}");
        add(&mut tar, &format!("{folder}/VERSION"), b"1.0");
        let name = format!("{folder}/layer.tar");
        match layers[..number].iter().position(|other| other == layer) {
            Some(same) => {
                let mut header = tar::Header::new_gnu();
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                let target = format!("../{same:064}/layer.tar");
                tar.append_link(&mut header, &name, target).unwrap();
            }
            None => add(&mut tar, &name, layer),
        }
        names.push(name);
    }
    add(&mut tar, "config.json", &config_of(layers));
    let manifest = json!([{"Config": "config.json", "RepoTags": ["x:1"], "Layers": names}]);
    add(&mut tar, "manifest.json", manifest.to_string().as_bytes());
    tar.into_inner().unwrap()
}

pub fn quiet() -> ProgressFn {
    Arc::new(|_| {})
}

/// A model folder of the pure-Python flavor that doubles `x`.
pub fn model_folder(folder: &Path) -> PathBuf {
    let model = folder.join("model");
    fs::create_dir_all(model.join("data/deep")).unwrap();
    fs::write(
        model.join("MLmodel"),
        "flavors:\n  skerry_function:\n    code: model.py\n",
    )
    .unwrap();
    fs::write(
        model.join("model.py"),
        "def load(folder):\n    return open(folder + '/data/deep/factor').read()\n\n\n\
         def predict(model, rows):\n    return [row['x'] * int(model) for row in rows]\n",
    )
    .unwrap();
    fs::write(model.join("data/deep/factor"), "2").unwrap();
    let long = format!("data/{}", "long-name-".repeat(20));
    fs::write(model.join(long), "a name longer than a tar header's field").unwrap();
    model
}

pub fn spec(model_dir: PathBuf) -> BuildSpec {
    BuildSpec {
        model_dir,
        score_py: fs::read(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/scoring/score.py"),
        )
        .unwrap(),
        model: ModelFacts {
            name: "penguins".to_owned(),
            version: "3".to_owned(),
            run_id: Some("0123456789abcdef0123456789abcdef".to_owned()),
            description: Some("Tells penguins apart — å".to_owned()),
        },
        created_ms: 1_795_736_999_999,
    }
}

/// An image of these layers and the small model.
pub async fn small_image(folder: &Path, layers: &[Vec<u8>]) -> BuiltImage {
    let cancel = CancellationToken::new();
    let archive = std::io::Cursor::new(saved_image(layers));
    let base = unpack_base(archive, &folder.join("base"), quiet(), &cancel)
        .await
        .unwrap();
    let model = model_folder(folder);
    build(&base, spec(model), &folder.join("work"), quiet(), &cancel)
        .await
        .unwrap()
}

/// Collects what is told.
pub fn collecting() -> (ProgressFn, Arc<Mutex<Vec<Progress>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&told);
    (Arc::new(move |step| into.lock().unwrap().push(step)), told)
}

/// Runs a program to its end, with an input; its output must be a success.
pub fn run(argv: &[&str], input: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut child = Command::new(argv[0])
        .args(&argv[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", argv[0]));
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{argv:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "no {what} within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A certificate for 127.0.0.1 signed by itself: (certificate, key).
pub fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let config = folder.join("openssl.cnf");
    // The system's own settings would make it an authority, which a server must not be.
    fs::write(
        &config,
        "[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n[ext]\n\
         subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n",
    )
    .unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    run(
        &[
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=test",
            "-config",
            &path(&config),
            "-keyout",
            &path(&key),
            "-out",
            &path(&certificate),
        ],
        b"",
    );
    (certificate, key)
}

/// Debian's `docker-registry` on a free port of loopback; gone when dropped.
pub struct RealRegistry {
    pub host: String,
    pub folder: tempfile::TempDir,
    passwords: Option<tempfile::TempDir>,
    child: Child,
}

impl RealRegistry {
    /// `settings` are further lines of its configuration; `http` are lines below `http:`.
    pub fn start(settings: &str, http: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let host = format!("127.0.0.1:{port}");
        let config = folder.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: warn}}\nhttp:\n  addr: {host}\n{http}storage:\n  \
             filesystem: {{rootdirectory: '{}'}}\n{settings}",
            folder.path().join("data").display()
        );
        fs::write(&config, text).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("docker-registry is installed");
        let mut registry = Self {
            host,
            folder,
            passwords: None,
            child,
        };
        wait_for("registry", || {
            if let Some(status) = registry.child.try_wait().unwrap() {
                let log = fs::read_to_string(registry.folder.path().join("log")).unwrap();
                panic!("the registry ended with {status}: {log}");
            }
            TcpStream::connect(&registry.host).ok()
        });
        registry
    }

    /// Asks for user and password.
    pub fn with_passwords() -> Self {
        let entry = run(&["htpasswd", "-niB", USER], PASSWORD.as_bytes());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("htpasswd");
        fs::write(&path, entry).unwrap();
        let settings = format!(
            "auth: {{htpasswd: {{realm: test, path: '{}'}}}}\n",
            path.display()
        );
        let mut registry = Self::start(&settings, "");
        registry.passwords = Some(folder);
        registry
    }

    pub fn access(&self) -> Registry {
        Registry {
            host: self.host.clone(),
            insecure: true,
            ca_pem: None,
            credentials: Some(login(PASSWORD)),
        }
    }

    pub fn image(&self, name: &str) -> skerry_images::Reference {
        format!("{}/{name}", self.host).parse().unwrap()
    }
}

impl Drop for RealRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn login(password: &str) -> Credentials {
    Credentials {
        username: USER.to_owned(),
        password: Secret::new(password),
    }
}

/// Passes connections on to `target`; each of the first `cuts` is cut after `bytes` from the
/// client's side.
pub async fn cutting_proxy(
    target: &str,
    cuts: usize,
    bytes: u64,
) -> (SocketAddr, Arc<Mutex<usize>>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let left = Arc::new(Mutex::new(cuts));
    let shared = Arc::clone(&left);
    let target = target.to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let left = Arc::clone(&shared);
            let target = target.clone();
            tokio::spawn(async move {
                let server = tokio::net::TcpStream::connect(&target).await.unwrap();
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                let back = async { tokio::io::copy(&mut from_server, &mut to_client).await };
                let forth = async {
                    let mut passed = 0;
                    let mut buffer = vec![0; 16 << 10];
                    while let Ok(read) = from_client.read(&mut buffer).await {
                        if read == 0 || to_server.write_all(&buffer[..read]).await.is_err() {
                            break;
                        }
                        passed += read as u64;
                        let mut left = left.lock().unwrap();
                        if *left > 0 && passed > bytes {
                            *left -= 1;
                            break;
                        }
                    }
                };
                tokio::select! {
                    _ = back => {}
                    () = forth => {}
                }
            });
        }
    });
    (address, left)
}
