//! MLflow's limits, with its messages: clients and their tests rely on the wording.

use skerry_domain::KeyValue;
use skerry_domain::tracking::MetricPoint;

use crate::{Result, StoreError};

pub(crate) const KEY: usize = 250;
const PARAM_VALUE: usize = 6_000;
const TAG_VALUE: usize = 8_000;
const EXPERIMENT_NAME: usize = 500;
const ARTIFACT_LOCATION: usize = 2_048;
const EXPERIMENT_TAG_VALUE: usize = 20_000;
const REGISTRY_TAG_VALUE: usize = 100_000;
/// The tag of a model version that has the text of a prompt.
const PROMPT_TEXT: &str = "mlflow.prompt.text";
const ALIAS: usize = 255;
const BATCH_METRICS: usize = 1_000;
const BATCH_PARAMS: usize = 100;
const BATCH_ALL: usize = 1_000;
const DATASET_NAME: usize = 500;
const DATASET_DIGEST: usize = 36;
const DATASET_SCHEMA: usize = 1_048_575;
const DATASET_SOURCE: usize = 65_535;
const DATASET_PROFILE: usize = 16_777_215;
const INPUT_TAG_KEY: usize = 255;
const INPUT_TAG_VALUE: usize = 500;

/// Fields to order by: SQLite joins at most 64 tables.
const ORDERED: usize = 50;
/// Data sets that a search names: SQLite takes no deeper expressions than 1,000.
const SEARCHED_DATASETS: usize = 200;

pub(crate) fn invalid<T>(message: impl Into<String>) -> Result<T> {
    Err(StoreError::Invalid(message.into()))
}

fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

fn invalid_value<T>(path: &str, value: &str, why: &str) -> Result<T> {
    invalid(format!(
        "Invalid value {} for parameter '{path}' supplied: {why}",
        quoted(value)
    ))
}

fn length(what: &str, limit: usize, value: &str) -> Result<()> {
    // Bytes bound characters from above; counting is for the rare long ones.
    if value.len() > limit && value.chars().count() > limit {
        return invalid(format!(
            "'{what}' exceeds the maximum length of {limit} characters"
        ));
    }
    Ok(())
}

fn count(what: &str, limit: usize, count: usize) -> Result<()> {
    if count > limit {
        return invalid(format!(
            "A search takes at most {limit} {what}, and {count} were given."
        ));
    }
    Ok(())
}

/// How many fields a search orders by.
pub(crate) fn ordered(fields: usize) -> Result<()> {
    count("fields in order_by", ORDERED, fields)
}

/// How many data sets a search names.
pub(crate) fn searched_datasets(datasets: usize) -> Result<()> {
    count("datasets", SEARCHED_DATASETS, datasets)
}

/// At most `limit` characters of `value`, as MLflow cuts params and tags.
fn cut(limit: usize, value: &str) -> &str {
    if value.len() <= limit {
        return value;
    }
    match value.char_indices().nth(limit) {
        Some((end, _)) => value.get(..end).unwrap_or(value),
        None => value,
    }
}

/// What Python's `posixpath.normpath` makes of it.
fn normal_path(name: &str) -> String {
    let slashes = if name.starts_with("//") && !name.starts_with("///") {
        "//"
    } else if name.starts_with('/') {
        "/"
    } else {
        ""
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." if slashes.is_empty() && parts.last().is_none_or(|last| *last == "..") => {
                parts.push("..");
            }
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let path = format!("{slashes}{}", parts.join("/"));
    if path.is_empty() {
        ".".to_owned()
    } else {
        path
    }
}

fn path_like(name: &str) -> bool {
    // Most names have neither; they are their own normal form.
    if !name.contains(['/', '.']) {
        return name.is_empty();
    }
    let normal = normal_path(name);
    normal != name || normal == "." || normal.starts_with("..") || normal.starts_with('/')
}

fn bad_path(path: &str, name: &str) -> Result<()> {
    invalid_value(
        path,
        name,
        &format!(
            "Names may be treated as files in certain cases, and must not resolve to other names \
             when treated as such. This name would resolve to '{}'",
            normal_path(name)
        ),
    )
}

/// A metric, param or tag key; `path` is the field that the message names.
fn key_chars(path: &str, name: &str) -> Result<()> {
    let fine = |c: char| c.is_alphanumeric() || "_/.- :".contains(c);
    if !name.chars().all(fine) {
        return invalid_value(
            path,
            name,
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), \
             spaces ( ), colon(:) and slashes (/).",
        );
    }
    if path_like(name) {
        return bad_path(path, name);
    }
    Ok(())
}

fn at(path: &str, field: &str) -> String {
    if path.is_empty() {
        field.to_owned()
    } else {
        format!("{path}.{field}")
    }
}

pub(crate) fn metric(point: &MetricPoint, path: impl Fn() -> String) -> Result<()> {
    // The path is only written when there is something to say.
    if key_chars("name", &point.key).is_err() {
        return key_chars(&at(&path(), "name"), &point.key);
    }
    if point.timestamp < 0 {
        return invalid(format!(
            "Invalid value {} for parameter '{}' supplied: metric '{}' (value={:?}). \
             Timestamp must be a nonnegative long (64-bit integer) ",
            point.timestamp,
            at(&path(), "timestamp"),
            point.key,
            point.value
        ));
    }
    length("Metric name", KEY, &point.key)
}

pub(crate) fn param(pair: &mut KeyValue, path: &str) -> Result<()> {
    key_chars(&at(path, "key"), &pair.key)?;
    length("Param key", KEY, &pair.key)?;
    let kept = cut(PARAM_VALUE, &pair.value).len();
    pair.value.truncate(kept);
    Ok(())
}

pub(crate) fn tag(pair: &mut KeyValue, path: &str) -> Result<()> {
    key_chars(&at(path, "key"), &pair.key)?;
    first_tag(pair, path)
}

/// A tag that a run is made with: MLflow lets it have any key there.
pub(crate) fn first_tag(pair: &mut KeyValue, path: &str) -> Result<()> {
    if pair.key.is_empty() {
        return invalid(format!(
            "Missing value for required parameter '{}'.",
            at(path, "key")
        ));
    }
    length(&at(path, "key"), KEY, &pair.key)?;
    let kept = cut(TAG_VALUE, &pair.value).len();
    pair.value.truncate(kept);
    Ok(())
}

pub(crate) fn experiment_tag(pair: &KeyValue) -> Result<()> {
    key_chars("key", &pair.key)?;
    length("key", KEY, &pair.key)?;
    length("value", EXPERIMENT_TAG_VALUE, &pair.value)
}

pub(crate) fn registry_tag_key(key: &str) -> Result<()> {
    key_chars("key", key)?;
    length("key", KEY, key)
}

pub(crate) fn registry_tag(pair: &KeyValue) -> Result<()> {
    registry_tag_key(&pair.key)?;
    length("value", REGISTRY_TAG_VALUE, &pair.value)
}

/// As [`registry_tag`]; the text of a prompt is a tag, and called by its name.
pub(crate) fn version_tag(pair: &KeyValue) -> Result<()> {
    match registry_tag(pair) {
        Err(StoreError::Invalid(_))
            if pair.key == PROMPT_TEXT && pair.value.chars().count() > REGISTRY_TAG_VALUE =>
        {
            invalid(format!(
                "Prompt text exceeds max length of {REGISTRY_TAG_VALUE} characters."
            ))
        }
        answer => answer,
    }
}

pub(crate) fn experiment_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return invalid(format!("Invalid experiment name: '{name}'"));
    }
    length("name", EXPERIMENT_NAME, name)
}

/// A URI with more of a path; a query stays behind it.
pub(crate) fn appended(uri: &str, more: &str) -> String {
    let (path, query) = match uri.split_once('?') {
        Some((path, query)) if uri.contains(':') => (path, Some(query)),
        _ => (uri, None),
    };
    let path = format!("{}/{more}", path.trim_end_matches('/'));
    match query {
        Some(query) => format!("{path}?{query}"),
        None => path,
    }
}

pub(crate) fn artifact_location(location: &str) -> Result<()> {
    if location.starts_with("runs:") {
        return invalid(format!(
            "Artifact location cannot be a runs:/ URI. Given: '{location}'"
        ));
    }
    if location.chars().count() > ARTIFACT_LOCATION {
        return invalid(format!(
            "Invalid artifact path length. The length of the artifact path cannot be greater than \
             {ARTIFACT_LOCATION} characters."
        ));
    }
    Ok(())
}

pub(crate) fn run_id(id: &str) -> Result<()> {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let first = id.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if first && id.len() <= 256 && id.chars().all(word) {
        Ok(())
    } else {
        invalid(format!(
            "Invalid value {} for parameter 'run_id' supplied.",
            quoted(id)
        ))
    }
}

pub(crate) fn model_name(name: &str, field: &str) -> Result<()> {
    if name.trim().is_empty() {
        return invalid(format!("Missing value for required parameter '{field}'."));
    }
    if name.contains(['/', ':']) {
        return invalid(format!(
            "Invalid model name '{name}'. Names cannot contain '/' or ':'."
        ));
    }
    length("name", 256, name)?;
    if path_like(name) {
        return bad_path("name", name);
    }
    Ok(())
}

pub(crate) fn alias_chars(alias: &str) -> Result<()> {
    if !alias
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
    {
        return invalid(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, \
             underscores (_), and dashes (-)."
        ));
    }
    Ok(())
}

pub(crate) fn alias(alias: &str) -> Result<()> {
    if alias.is_empty() {
        return invalid("Registered model alias name cannot be empty.");
    }
    alias_chars(alias)?;
    length("Registered model alias name", ALIAS, alias)?;
    if alias.eq_ignore_ascii_case("latest") {
        return invalid("'latest' alias name (case insensitive) is reserved.");
    }
    let digits = alias.strip_prefix(['v', 'V']);
    if digits.is_some_and(|d| !d.is_empty() && d.chars().all(|c| c.is_ascii_digit())) {
        return invalid(format!("Version alias name '{alias}' is reserved."));
    }
    Ok(())
}

fn batch_part(what: &str, limit: usize, count: usize) -> Result<()> {
    if count > limit {
        return invalid(format!(
            "A batch logging request can contain at most {limit} {what}. Got {count} {what}. \
             Please split up {what} across multiple requests and try again."
        ));
    }
    Ok(())
}

pub(crate) fn batch(metrics: usize, params: usize, tags: usize) -> Result<()> {
    batch_part("metrics", BATCH_METRICS, metrics)?;
    batch_part("params", BATCH_PARAMS, params)?;
    batch_part("tags", BATCH_PARAMS, tags)?;
    batch_part(
        "metrics, params, and tags",
        BATCH_ALL,
        metrics + params + tags,
    )
}

pub(crate) fn unique_params(params: &[KeyValue]) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    let doubled: Vec<String> = params
        .iter()
        .filter(|pair| !seen.insert(pair.key.as_str()))
        .map(|pair| format!("'{}'", pair.key))
        .collect();
    if doubled.is_empty() {
        return Ok(());
    }
    invalid(format!(
        "Duplicate parameter keys have been submitted: [{}]. Please ensure the request \
         contains only one param value per param key.",
        doubled.join(", ")
    ))
}

pub(crate) fn dataset(input: &skerry_domain::tracking::DatasetInput) -> Result<()> {
    let dataset = &input.dataset;
    for (field, value) in [
        ("name", &dataset.name),
        ("digest", &dataset.digest),
        ("source_type", &dataset.source_type),
        ("source", &dataset.source),
    ] {
        if value.is_empty() {
            return invalid(format!("Dataset {field} cannot be None"));
        }
    }
    length("name", DATASET_NAME, &dataset.name)?;
    length("digest", DATASET_DIGEST, &dataset.digest)?;
    length("source", DATASET_SOURCE, &dataset.source)?;
    length(
        "schema",
        DATASET_SCHEMA,
        dataset.schema.as_deref().unwrap_or(""),
    )?;
    length(
        "profile",
        DATASET_PROFILE,
        dataset.profile.as_deref().unwrap_or(""),
    )?;
    for tag in &input.tags {
        length("key", INPUT_TAG_KEY, &tag.key)?;
        length("value", INPUT_TAG_VALUE, &tag.value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_paths_as_python_has_them() {
        for (name, normal) in [
            ("a/b", "a/b"),
            ("a//b", "a/b"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("/a/../..", "/"),
            ("//a", "//a"),
            ("///a", "/a"),
            ("a/..", "."),
            ("", "."),
            ("a/./b/", "a/b"),
        ] {
            assert_eq!(normal_path(name), normal, "{name}");
        }
    }

    #[test]
    fn uris_grow_before_their_query() {
        for (uri, longer) in [
            ("mlflow-artifacts:/", "mlflow-artifacts:/1"),
            ("/a/b/", "/a/b/1"),
            ("s3://b/p?x=1", "s3://b/p/1?x=1"),
            ("/a?b", "/a?b/1"),
        ] {
            assert_eq!(appended(uri, "1"), longer);
        }
    }

    #[test]
    fn keys() {
        for good in [
            "a",
            "train/loss",
            "a.b-c_d e:f",
            "ä",
            "..a..".trim_matches('.'),
        ] {
            assert!(key_chars("key", good).is_ok(), "{good}");
        }
        for bad in [
            "", "/a", "a/", "../a", "a//b", ".", "..", "a\n", "a#b", "a;b",
        ] {
            assert!(key_chars("key", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn long_values_are_cut_at_characters() {
        let mut pair = KeyValue {
            key: "k".to_owned(),
            value: "é".repeat(7_000),
        };
        param(&mut pair, "").unwrap();
        assert_eq!(pair.value.chars().count(), 6_000);
    }
}
