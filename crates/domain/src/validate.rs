//! The rules for what a person types. The UI asks the same questions as one types;
//! here they are asked again.

use crate::{ErrorBody, Reason};

type Checked = Result<(), ErrorBody>;

fn fail<T>(field: &str, reason: Reason, message: impl Into<String>) -> Result<T, ErrorBody> {
    Err(ErrorBody::invalid(field, message).because(reason))
}

/// The same for a sentence that begins with what was typed.
fn fail_quoting(field: &str, reason: Reason, value: &str, rest: &str) -> Checked {
    let value = shorten(value);
    Err(ErrorBody::invalid(field, format!("'{value}' {rest}"))
        .because(reason)
        .with("value", value))
}

/// A host name (RFC 1123), an IPv4 or an IPv6 address without brackets.
pub fn host(field: &str, value: &str) -> Checked {
    if value.is_empty() {
        return fail(
            field,
            Reason::HostEmpty,
            "Enter a host name or an IP address.",
        );
    }
    if value.parse::<std::net::IpAddr>().is_ok() {
        return Ok(());
    }
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = value.strip_suffix('.').unwrap_or(value);
    let numeric = name.chars().all(|c| c.is_ascii_digit() || c == '.');
    if value.len() > 253 || numeric || !name.split('.').all(label_ok) {
        return fail_quoting(
            field,
            Reason::HostBad,
            value,
            "is neither a host name nor an IP address.",
        );
    }
    Ok(())
}

/// A TCP port, 1 to 65535.
pub fn port(field: &str, value: u32) -> Checked {
    if (1..=65_535).contains(&value) {
        Ok(())
    } else {
        fail(
            field,
            Reason::PortRange,
            "A port is a number from 1 to 65535.",
        )
    }
}

/// A user name on a Unix machine.
pub fn user(field: &str, value: &str) -> Checked {
    if value.is_empty() {
        return fail(
            field,
            Reason::UserEmpty,
            "Enter the user name on the machine.",
        );
    }
    if value.len() > 64
        || value.starts_with('-')
        || value
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "/:@'\"\\$`;&|<>()*?!#".contains(c))
    {
        return fail_quoting(field, Reason::UserBad, value, "cannot be a user name.");
    }
    Ok(())
}

/// A display name: 1 to 100 characters without control characters.
pub fn name(field: &str, value: &str) -> Checked {
    let trimmed = value.trim();
    if trimmed.is_empty() {
        return fail(field, Reason::NameEmpty, "Enter a name.");
    }
    if trimmed.chars().count() > 100 {
        return fail(
            field,
            Reason::NameTooLong,
            "A name has at most 100 characters.",
        );
    }
    if trimmed.chars().any(char::is_control) {
        return fail(
            field,
            Reason::NameControl,
            "A name has no control characters.",
        );
    }
    Ok(())
}

/// An experiment name: 1 to 500 characters (MLflow's limit).
pub fn experiment_name(field: &str, value: &str) -> Checked {
    if value.trim().is_empty() {
        return fail(field, Reason::ExperimentEmpty, "Enter an experiment name.");
    }
    if value.chars().count() > 500 || value.chars().any(char::is_control) {
        return fail(
            field,
            Reason::ExperimentBad,
            "An experiment name has at most 500 characters and no control characters.",
        );
    }
    Ok(())
}

/// A registered model's name. MLflow forbids `/` and `:`; a name also becomes part
/// of paths and image names, so control characters and `..` are out too.
pub fn model_name(field: &str, value: &str) -> Checked {
    if value.trim().is_empty() {
        return fail(field, Reason::ModelNameEmpty, "Enter a model name.");
    }
    if value.chars().count() > 256
        || value == "."
        || value == ".."
        || value
            .chars()
            .any(|c| c.is_control() || matches!(c, '/' | ':' | '\\' | '"' | '\''))
    {
        return fail(
            field,
            Reason::ModelNameBad,
            "A model name has at most 256 characters and none of / : \\ ' \" or control characters.",
        );
    }
    Ok(())
}

/// A tag, param or metric key: letters, digits, `_ - . space : /`, at most 250.
pub fn key(field: &str, value: &str) -> Checked {
    if value.is_empty() {
        return fail(field, Reason::KeyEmpty, "Enter a key.");
    }
    if value.chars().count() > 250 {
        return fail(
            field,
            Reason::KeyTooLong,
            "A key has at most 250 characters.",
        );
    }
    let ok = |c: char| c.is_alphanumeric() || "_-. :/".contains(c);
    if !value.chars().all(ok) {
        return fail(
            field,
            Reason::KeyBad,
            "A key has only letters, digits, spaces and _ - . : / characters.",
        );
    }
    if value.starts_with('/') || value.split('/').any(|part| part == ".." || part == ".") {
        return fail(field, Reason::KeyPath, "A key must not look like a path.");
    }
    Ok(())
}

/// A tag value: at most 5,000 characters.
pub fn tag_value(field: &str, value: &str) -> Checked {
    if value.chars().count() > 5_000 {
        return fail(
            field,
            Reason::TagTooLong,
            "A tag value has at most 5,000 characters.",
        );
    }
    Ok(())
}

/// An alias: letters, digits, `_ -` and `.`, at most 255, not `latest`, not `v1`.
pub fn alias(field: &str, value: &str) -> Checked {
    if value.is_empty() {
        return fail(field, Reason::AliasEmpty, "Enter an alias.");
    }
    let ok = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if value.len() > 255 || !value.chars().all(ok) {
        return fail(
            field,
            Reason::AliasBad,
            "An alias has at most 255 letters, digits and _ - . characters.",
        );
    }
    let lower = value.to_ascii_lowercase();
    let version_like = lower
        .strip_prefix('v')
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()));
    if lower == "latest" || version_like {
        return fail_quoting(
            field,
            Reason::AliasReserved,
            value,
            "is reserved: it reads like a version.",
        );
    }
    Ok(())
}

/// An absolute path on a Linux machine, without `..`.
pub fn absolute_path(field: &str, value: &str) -> Checked {
    if !value.starts_with('/') {
        return fail(
            field,
            Reason::PathRelative,
            "Enter an absolute path: it starts with /.",
        );
    }
    if value.len() > 4_096 || value.contains('\0') || value.chars().any(char::is_control) {
        return fail(
            field,
            Reason::PathBad,
            "A path has at most 4,096 bytes and no control characters.",
        );
    }
    if value.split('/').any(|part| part == "..") {
        return fail(field, Reason::PathUp, "A path must not contain '..'.");
    }
    Ok(())
}

/// A path below an artifact or project root: relative, `/`-separated, no escapes.
pub fn relative_path(field: &str, value: &str) -> Checked {
    let bad = value.is_empty()
        || value.starts_with('/')
        || value.contains('\\')
        || value.contains('\0')
        || value.len() > 4_096
        || value
            .split('/')
            .any(|part| part.is_empty() || part == "." || part == "..");
    if bad {
        return fail_quoting(
            field,
            Reason::PathOutside,
            value,
            "is not a path inside the folder.",
        );
    }
    Ok(())
}

/// The name of an environment variable.
pub fn env_name(field: &str, value: &str) -> Checked {
    let mut chars = value.chars();
    let first_ok = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !first_ok || value.len() > 255 || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return fail_quoting(
            field,
            Reason::EnvNameBad,
            value,
            "cannot be the name of an environment variable.",
        );
    }
    Ok(())
}

/// A deployment's name: a DNS label (RFC 1123), since it becomes part of file and
/// container names.
pub fn deployment_name(field: &str, value: &str) -> Checked {
    let ok = !value.is_empty()
        && value.len() <= 50
        && value
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !value.starts_with('-')
        && !value.ends_with('-');
    if ok {
        Ok(())
    } else {
        fail(
            field,
            Reason::DeploymentNameBad,
            "A deployment name has 1 to 50 lower-case letters, digits and hyphens.",
        )
    }
}

/// A command line that a shell-free split can take apart; returns its words.
/// Quotes `'…'` and `"…"` and backslashes work as in a POSIX shell; nothing is expanded.
pub fn command(field: &str, value: &str) -> Result<Vec<String>, ErrorBody> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = value.chars();
    let mut quote: Option<char> = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(q), c) if c == q => quote = None,
            (Some('"'), '\\') => match chars.next() {
                Some(next @ ('"' | '\\' | '$' | '`')) => word.get_or_insert_default().push(next),
                Some(next) => word.get_or_insert_default().extend(['\\', next]),
                None => {
                    return fail(
                        field,
                        Reason::CommandBackslash,
                        "The command ends in a backslash.",
                    );
                }
            },
            (None, '\\') => match chars.next() {
                Some(next) => word.get_or_insert_default().push(next),
                None => {
                    return fail(
                        field,
                        Reason::CommandBackslash,
                        "The command ends in a backslash.",
                    );
                }
            },
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, '\0') => {
                return fail(
                    field,
                    Reason::CommandNul,
                    "The command contains a NUL character.",
                );
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return fail(
            field,
            Reason::CommandQuote,
            "A quotation mark is not closed.",
        );
    }
    words.extend(word);
    if words.is_empty() {
        return fail(
            field,
            Reason::CommandEmpty,
            "Enter a command, such as: python train.py",
        );
    }
    Ok(words)
}

/// At most 60 characters of what somebody typed, for a message.
pub fn shorten(value: &str) -> String {
    let mut out: String = value.chars().take(60).collect();
    if out.len() < value.len() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for good in ["a", "host-1.example.org", "10.0.0.1", "fe80::1", "node_2"] {
            assert!(host("h", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a..b",
            "a b",
            "300.1.1.1",
            "é.com",
            "a;rm",
            "[::1]",
        ] {
            assert!(host("h", bad).is_err(), "{bad}");
        }
        assert_eq!(host("h", "").unwrap_err().reason, Some(Reason::HostEmpty));
        let long = host("h", &"ä".repeat(99)).unwrap_err();
        assert_eq!(long.reason, Some(Reason::HostBad));
        assert_eq!(long.details["value"].chars().count(), 61);
    }

    #[test]
    fn aliases_are_not_versions() {
        assert!(alias("a", "champion").is_ok());
        for bad in ["v1", "V12", "latest", "LATEST", "", "a b", "ä"] {
            assert!(alias("a", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn relative_paths_stay_inside() {
        assert!(relative_path("p", "model/MLmodel").is_ok());
        for bad in ["", "/etc", "../x", "a/../b", "a//b", "a\\b", "./a"] {
            assert!(relative_path("p", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn commands_split_like_a_shell() {
        assert_eq!(
            command("c", r#"python train.py --name "a b" 'c "d' e\ f """#).unwrap(),
            ["python", "train.py", "--name", "a b", "c \"d", "e f", ""]
        );
        assert!(command("c", "python 'x").is_err());
        assert!(command("c", "   ").is_err());
    }
}
