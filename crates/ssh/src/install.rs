//! Our public key in a user's authorized_keys.

use std::time::Duration;

use crate::session::quoted;
use crate::{Error, Session};

/// What installing a key did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The line was added; `false`: it stood there already.
    pub added: bool,
    /// What may keep sshd from reading it; English sentences.
    pub warnings: Vec<String>,
}

const LIMIT: Duration = Duration::from_secs(30);

/// Adds the line once, below a last line that may lack its line feed, and gives folder
/// and file the modes that sshd's StrictModes wants. A line that is commented out does
/// not count as present.
const INSTALL: &str = r#"
set -eu
umask 077
cd "$HOME"
mkdir -p .ssh
chmod 700 .ssh
file=.ssh/authorized_keys
[ -e "$file" ] || : > "$file"
chmod 600 "$file"
if grep -v '^[[:space:]]*#' "$file" | grep -qF -e "$blob"; then
  echo skerry:present
else
  if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then echo >> "$file"; fi
  printf '%s\n' "$line" >> "$file"
  grep -qF -e "$blob" "$file"
  echo skerry:added
fi
if command -v restorecon >/dev/null 2>&1; then restorecon -R .ssh >/dev/null 2>&1 || :; fi
mode=$(stat -c %a . 2>/dev/null || stat -f %Lp . 2>/dev/null || echo 755)
case "$mode" in *[2367]?|*?[2367]) echo "skerry:home $mode";; esac
"#;

/// Takes every line with the key out again.
const REMOVE: &str = r#"
set -eu
umask 077
cd "$HOME"
file=.ssh/authorized_keys
if [ -e "$file" ] && grep -qF -e "$blob" "$file"; then
  grep -vF -e "$blob" "$file" > "$file.skerry" || :
  cat "$file.skerry" > "$file"
  rm -f "$file.skerry"
  echo skerry:removed
fi
"#;

impl Session {
    /// Adds a public key to the user's `~/.ssh/authorized_keys`, once.
    ///
    /// # Errors
    /// [`Error::CommandFailed`], [`Error::DiskFull`], and as [`Session::exec`].
    pub async fn install_public_key(&self, line: &str) -> Result<Installed, Error> {
        let output = self.with_key(line, INSTALL).await?;
        let text = output.text();
        let said = |word: &str| text.lines().any(|l| l.trim() == word);
        if !output.success() || !(said("skerry:added") || said("skerry:present")) {
            return Err(output.failure("Adding the key to ~/.ssh/authorized_keys"));
        }
        let warnings = text
            .lines()
            .filter_map(|l| l.trim().strip_prefix("skerry:home "))
            .map(|mode| {
                format!(
                    "The home folder of '{}' can be written by others (mode {mode}): sshd may \
                     ignore its authorized_keys. Run: chmod go-w ~",
                    self.hop().user
                )
            })
            .collect();
        Ok(Installed {
            added: said("skerry:added"),
            warnings,
        })
    }

    /// Takes a public key out of the user's `~/.ssh/authorized_keys`; says whether it
    /// was there.
    ///
    /// # Errors
    /// As [`Session::install_public_key`].
    pub async fn remove_public_key(&self, line: &str) -> Result<bool, Error> {
        let output = self.with_key(line, REMOVE).await?;
        if !output.success() {
            return Err(output.failure("Removing the key from ~/.ssh/authorized_keys"));
        }
        Ok(output.text().contains("skerry:removed"))
    }

    async fn with_key(&self, line: &str, script: &str) -> Result<crate::Output, Error> {
        let blob = line.split_ascii_whitespace().nth(1).unwrap_or_default();
        let script = format!("line={}\nblob={}\n{script}", quoted(line), quoted(blob));
        self.script(&script, LIMIT).await
    }
}
