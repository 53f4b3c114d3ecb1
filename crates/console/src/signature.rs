//! What goes into a model and comes out of it, read from its MLmodel file.

use serde::Deserialize;
use serde_json::Value;
use skerry_domain::ErrorBody;

use crate::Console;
use crate::api::{LinkState, Signature, SignatureField};

/// A larger MLmodel file is not fetched for a page.
const LIMIT: u64 = 256 << 10;

/// The part of an MLmodel file that is read.
#[derive(Deserialize)]
struct MlModel {
    signature: Option<Texts>,
}

/// Each is JSON in a text.
#[derive(Deserialize)]
struct Texts {
    inputs: Option<String>,
    outputs: Option<String>,
    params: Option<String>,
}

impl Console {
    /// The signature of a model; `None` when it has none or its files cannot be read.
    pub(crate) async fn signature(
        &self,
        model: &str,
        machine_id: Option<&str>,
    ) -> Option<Signature> {
        if let Some(id) = machine_id
            && self.link_info(id)?.state != LinkState::Connected
        {
            return None;
        }
        let uri = format!("{}/MLmodel", model.trim_end_matches('/'));
        match self.head_of(machine_id, &uri, LIMIT).await {
            Ok((bytes, true)) => read(&String::from_utf8_lossy(&bytes)),
            Ok((_, false)) => None,
            Err(ErrorBody { message, .. }) => {
                tracing::debug!(%message, %uri, "no signature was fetched");
                None
            }
        }
    }
}

fn read(text: &str) -> Option<Signature> {
    let model: MlModel = serde_saphyr::from_str(text).ok()?;
    let texts = model.signature?;
    let fields = |text: Option<String>| -> Vec<SignatureField> {
        let parsed = text.and_then(|text| serde_json::from_str::<Vec<Value>>(&text).ok());
        parsed.unwrap_or_default().iter().map(field).collect()
    };
    Some(Signature {
        inputs: fields(texts.inputs),
        outputs: fields(texts.outputs),
        params: fields(texts.params),
    })
}

/// A column `{"type", "name", "required"}`, a tensor `{"type": "tensor", "tensor-spec":
/// {"dtype", "shape"}}`, or a param `{"name", "type", "default", "shape"}`.
fn field(value: &Value) -> SignatureField {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let spec = value.get("tensor-spec");
    let shape = spec
        .and_then(|spec| spec.get("shape"))
        .or_else(|| value.get("shape"))
        .filter(|shape| !shape.is_null());
    let mut kind = spec
        .and_then(|spec| spec.get("dtype").and_then(Value::as_str))
        .or_else(|| text("type"))
        .unwrap_or_default()
        .to_owned();
    if let Some(shape) = shape {
        kind.push_str(&format!(" {shape}"));
    }
    if let Some(items) = value.get("items").and_then(|items| items.get("type")) {
        kind.push_str(&format!(" of {}", items.as_str().unwrap_or_default()));
    }
    if let Some(default) = value.get("default") {
        kind.push_str(&format!(" = {default}"));
    }
    SignatureField {
        name: text("name").unwrap_or_default().to_owned(),
        kind,
        optional: value.get("required") == Some(&Value::Bool(false)),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_signature_is_read_as_mlflow_writes_it() {
        // PyYAML folds long texts.
        let text = "flavors: {}\nsignature:\n  inputs: '[{\"type\": \"double\", \"name\": \"bill\", \"required\": true},\n    {\"type\": \"string\", \"name\": \"sex\",\n    \"required\": false}]'\n  outputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"int64\", \"shape\": [-1]}}]'\n  params: '[{\"name\": \"k\", \"default\": 3, \"shape\": null, \"type\": \"long\"}]'\n";
        let signature = read(text).unwrap();
        let said = |fields: &[crate::api::SignatureField]| -> Vec<String> {
            let say =
                |f: &crate::api::SignatureField| format!("{}:{}:{}", f.name, f.kind, f.optional);
            fields.iter().map(say).collect()
        };
        assert_eq!(
            said(&signature.inputs),
            ["bill:double:false", "sex:string:true"]
        );
        assert_eq!(said(&signature.outputs), [":int64 [-1]:false"]);
        assert_eq!(said(&signature.params), ["k:long = 3:false"]);
        assert_eq!(read("flavors: {}\nsignature: null\n"), None);
        assert_eq!(read("not: [yaml"), None);
    }
}
