//! The fields of a request: of the query for GET, else of the JSON body.

use axum::RequestExt;
use axum::extract::{FromRequest, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, header};
use serde_json::{Map, Value};
use skerry_domain::KeyValue;
use skerry_store::View;

use crate::fault::Fault;
use crate::listen::Patience;

pub(crate) const HINT: &str = "See the API docs for more information about request parameters.";

/// The fields of a request. What is not known is left alone, as in MLflow.
#[derive(Debug, Default)]
pub(crate) struct Args {
    fields: Map<String, Value>,
    /// In a query a field that comes once is a list of one, too.
    query: bool,
}

/// The body of a request that is JSON by its content type.
pub(crate) struct JsonBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &S) -> Result<Self, Fault> {
        if matches!(
            *request.method(),
            Method::POST | Method::PUT | Method::PATCH
        ) {
            let kind = request
                .headers()
                .get(header::CONTENT_TYPE)
                .and_then(|value| value.to_str().ok());
            match kind.map(|kind| kind.split(';').next().unwrap_or_default().trim()) {
                Some(kind) if kind.eq_ignore_ascii_case("application/json") => {}
                Some(_) => {
                    return Err(Fault::invalid(
                        "Bad Request. Content-Type must be one of ['application/json'].",
                    ));
                }
                // A form of another site cannot send JSON; it can leave this out.
                None => {
                    return Err(Fault::invalid(
                        "Bad Request. Content-Type header is missing.",
                    ));
                }
            }
        }
        let patience = Patience::of(request.extensions());
        let body = request.with_limited_body().extract::<Bytes, _>();
        let body = tokio::time::timeout(patience.0, body)
            .await
            .map_err(|_| Fault::invalid("The request body did not come in time."))?
            .map_err(|rejection| {
                if rejection.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
                    Fault::body_too_large()
                } else {
                    Fault::invalid(format!("The request body cannot be read: {rejection}"))
                }
            })?;
        Ok(Self(body))
    }
}

impl<S: Send + Sync> FromRequest<S> for Args {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        if *request.method() == Method::GET
            && let Some(query) = request.uri().query().filter(|query| !query.is_empty())
        {
            return Ok(Self::from_query(query));
        }
        let JsonBody(body) = JsonBody::from_request(request, state).await?;
        Self::from_body(&body)
    }
}

fn unescape(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

impl Args {
    pub(crate) fn from_query(query: &str) -> Self {
        let mut fields = Map::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = Value::from(unescape(value));
            // A field that comes once is a value, more often a list.
            match fields.get_mut(&unescape(name)) {
                Some(Value::Array(list)) => list.push(value),
                Some(first) => {
                    *first = Value::Array(vec![std::mem::take(first), value]);
                }
                None => {
                    fields.insert(unescape(name), value);
                }
            }
        }
        Self {
            fields,
            query: true,
        }
    }

    pub(crate) fn from_body(body: &[u8]) -> Result<Self, Fault> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        let mut value: Value = match serde_json::from_slice(body) {
            Ok(value) => value,
            Err(error) => {
                return Err(Fault::invalid(format!(
                    "The request body is not JSON: {error}"
                )));
            }
        };
        // Old clients send JSON in a JSON string.
        if let Value::String(text) = &value {
            value = serde_json::from_str(text).unwrap_or(Value::Null);
        }
        match value {
            Value::Object(fields) => Ok(Self {
                fields,
                query: false,
            }),
            Value::Null => Ok(Self::default()),
            _ => Err(Fault::invalid("The request body is not a JSON object.")),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A text, when it is there.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            // The last one counts.
            Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
                Ok(list.last().and_then(Value::as_str).map(str::to_owned))
            }
            Some(other) => Err(wrong_type(name, other)),
        }
    }

    /// A text that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<String, Fault> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(required(name)),
        }
    }

    /// A run's id, by either of its names.
    pub(crate) fn run_id(&self) -> Result<String, Fault> {
        match self.text("run_id")?.filter(|id| !id.is_empty()) {
            Some(id) => Ok(id),
            None => match self.text("run_uuid")?.filter(|id| !id.is_empty()) {
                Some(id) => Ok(id),
                None => Err(required("run_id")),
            },
        }
    }

    /// A whole number, also in a string.
    pub(crate) fn int(&self, name: &str) -> Result<Option<i64>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => int(value).map(Some).ok_or_else(|| wrong_type(name, value)),
        }
    }

    /// A number, also in a string.
    pub(crate) fn float(&self, name: &str) -> Result<f64, Fault> {
        match self.get(name) {
            None => Err(required(name)),
            Some(Value::String(text)) if text.is_empty() => Err(required(name)),
            Some(value) => float(value).ok_or_else(|| wrong_type(name, value)),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(other) => Err(wrong_type(name, other)),
        }
    }

    /// A list; one value of a query is a list of one.
    pub(crate) fn list(&self, name: &str) -> Result<&[Value], Fault> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(value @ Value::String(_)) if self.query => Ok(std::slice::from_ref(value)),
            Some(other) => Err(wrong_type(name, other)),
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, Fault> {
        self.list(name)?
            .iter()
            .map(|value| match value {
                Value::String(text) => Ok(text.clone()),
                other => Err(wrong_type(name, other)),
            })
            .collect()
    }

    /// Tags or params: objects with key and value.
    pub(crate) fn pairs(&self, name: &str) -> Result<Vec<KeyValue>, Fault> {
        self.list(name)?
            .iter()
            .enumerate()
            .map(|(n, value)| pair(value, &format!("{name}[{n}]")))
            .collect()
    }

    /// Tags or params that must have a key.
    pub(crate) fn named_pairs(&self, name: &str) -> Result<Vec<KeyValue>, Fault> {
        let pairs = self.pairs(name)?;
        match pairs.iter().position(|pair| pair.key.is_empty()) {
            Some(n) => Err(required(&format!("{name}[{n}].key"))),
            None => Ok(pairs),
        }
    }

    /// Key and value of the request itself.
    pub(crate) fn pair(&self) -> Result<KeyValue, Fault> {
        Ok(KeyValue {
            key: self.need("key")?,
            value: self.text("value")?.unwrap_or_default(),
        })
    }

    pub(crate) fn experiment_id(&self) -> Result<i64, Fault> {
        experiment_id(&self.need("experiment_id")?)
    }

    pub(crate) fn experiment_ids(&self) -> Result<Vec<i64>, Fault> {
        self.texts("experiment_ids")?
            .iter()
            .map(|id| experiment_id(id))
            .collect()
    }

    pub(crate) fn version(&self) -> Result<i64, Fault> {
        let text = match self.get("version") {
            Some(Value::Number(number)) => number.to_string(),
            _ => self.need("version")?,
        };
        text.parse().map_err(|_| {
            Fault::invalid(format!(
                "Parameter 'version' must be an integer, got '{text}'."
            ))
        })
    }

    /// `max_results` within its limit, and where `page_token` says to go on.
    pub(crate) fn page(&self, default: usize, limit: usize) -> Result<(usize, usize), Fault> {
        Ok((self.page_size(default, limit)?, self.offset()?))
    }

    /// Whether `max_results` asks for nothing: in some searches MLflow answers that with
    /// an empty page.
    pub(crate) fn asks_for_none(&self) -> Result<bool, Fault> {
        Ok(self.int("max_results")?.is_some_and(|max| max < 1))
    }

    /// `max_results` within its limit.
    pub(crate) fn page_size(&self, default: usize, limit: usize) -> Result<usize, Fault> {
        Ok(match self.int("max_results")? {
            None => default,
            Some(max) => {
                let max = usize::try_from(max).unwrap_or(0);
                if max == 0 {
                    return Err(Fault::invalid(format!(
                        "Invalid value {} for parameter 'max_results' supplied. It must be a positive integer",
                        self.get("max_results").unwrap_or(&Value::Null)
                    )));
                }
                if max > limit {
                    return Err(Fault::invalid(format!(
                        "Invalid value {max} for parameter 'max_results' supplied. It must be at most {limit}"
                    )));
                }
                max
            }
        })
    }

    pub(crate) fn offset(&self) -> Result<usize, Fault> {
        match self.token()? {
            Some(token) => offset_in(&token),
            None => Ok(0),
        }
    }

    /// What stands in `page_token`.
    pub(crate) fn token(&self) -> Result<Option<Value>, Fault> {
        let Some(token) = self.text("page_token")?.filter(|token| !token.is_empty()) else {
            return Ok(None);
        };
        let bytes = STANDARD
            .decode(&token)
            .map_err(|_| Fault::invalid("Invalid page token, could not base64-decode"))?;
        match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Fault::invalid(format!(
                "Invalid page token, decoded value={}",
                String::from_utf8_lossy(&bytes)
            ))),
        }
    }

    pub(crate) fn view(&self, name: &str) -> Result<View, Fault> {
        match self.get(name) {
            None => Ok(View::Active),
            Some(Value::String(word)) => match word.as_str() {
                "" | "ACTIVE_ONLY" | "1" => Ok(View::Active),
                "DELETED_ONLY" | "2" => Ok(View::Deleted),
                "ALL" | "3" => Ok(View::All),
                _ => Err(wrong_type(name, &Value::from(word.clone()))),
            },
            Some(Value::Number(number)) => match number.as_i64() {
                Some(2) => Ok(View::Deleted),
                Some(3) => Ok(View::All),
                _ => Ok(View::Active),
            },
            Some(other) => Err(wrong_type(name, other)),
        }
    }
}

pub(crate) fn page_token(offset: usize) -> String {
    encoded(&serde_json::json!({ "offset": offset }))
}

/// A page token that says this.
pub(crate) fn encoded(token: &Value) -> String {
    STANDARD.encode(token.to_string())
}

/// Where a page token says to go on.
pub(crate) fn offset_in(token: &Value) -> Result<usize, Fault> {
    token
        .get("offset")
        .and_then(Value::as_u64)
        .and_then(|offset| usize::try_from(offset).ok())
        .ok_or_else(|| Fault::invalid(format!("Invalid page token, parsed value={token}")))
}

pub(crate) fn experiment_id(text: &str) -> Result<i64, Fault> {
    text.parse().map_err(|_| {
        Fault::invalid(format!(
            "Invalid experiment ID '{text}'. Experiment ID must be a valid integer."
        ))
    })
}

pub(crate) fn required(name: &str) -> Fault {
    Fault::invalid(format!(
        "Missing value for required parameter '{name}'. {HINT}"
    ))
}

pub(crate) fn wrong_type(name: &str, value: &Value) -> Fault {
    let kind = match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    };
    Fault::invalid(format!(
        "Invalid value {value} for parameter '{name}' supplied:  Hint: Value was of type '{kind}'. {HINT}"
    ))
}

/// The whole part of a number: 1e12 is written so by some, and Python's `time.time() * 1000`
/// has a fraction. Beyond 2^53 it would not be exact.
pub(crate) fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be small")]
    (number.abs() < 9e15).then_some(number as i64)
}

pub(crate) fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(crate) fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        _ => None,
    }
}

/// A tag or param from an object; a key that is missing is found by who checks it.
pub(crate) fn pair(value: &Value, path: &str) -> Result<KeyValue, Fault> {
    let text = |name: &str| match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(wrong_type(&format!("{path}.{name}"), other)),
    };
    if !value.is_object() {
        return Err(wrong_type(path, value));
    }
    Ok(KeyValue {
        key: text("key")?.unwrap_or_default(),
        value: text("value")?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_repeat_and_escape() {
        let args = Args::from_query("a=1&run_ids=x&run_ids=y%20z&b=p+q&c");
        assert_eq!(args.text("a").unwrap().as_deref(), Some("1"));
        assert_eq!(args.texts("run_ids").unwrap(), ["x", "y z"]);
        assert_eq!(args.texts("a").unwrap(), ["1"]);
        assert_eq!(args.text("b").unwrap().as_deref(), Some("p q"));
        assert_eq!(args.text("c").unwrap().as_deref(), Some(""));
    }

    #[test]
    fn page_tokens_come_back() {
        let body = format!("{{\"page_token\": \"{}\"}}", page_token(1234));
        let args = Args::from_body(body.as_bytes()).unwrap();
        assert_eq!(args.offset().unwrap(), 1234);
        for bad in ["x", "e30=", "AAAA"] {
            let body = format!("{{\"page_token\": \"{bad}\"}}");
            assert!(Args::from_body(body.as_bytes()).unwrap().offset().is_err());
        }
    }
}
