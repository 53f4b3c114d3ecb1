//! Saved views of the table of runs.

use skerry_domain::{Code, ErrorBody, Reason, validate};
use skerry_store::workspace::ViewRecord;

use crate::Console;
use crate::api::*;
use crate::console::new_id;
use crate::runs::check_id;

/// A view has at most so many columns and fields to order by.
const FIELDS: usize = 200;

impl Console {
    /// The saved views, by name.
    pub async fn run_views(&self, _: Nothing) -> Result<Vec<RunView>, ErrorBody> {
        let records = self.db(|store| store.run_views()).await?;
        Ok(records
            .into_iter()
            // One written by another version is left out.
            .filter_map(|record| serde_json::from_value(record.body).ok())
            .collect())
    }

    /// Keeps a view under its name.
    pub async fn run_view_save(&self, mut view: RunView) -> Result<RunView, ErrorBody> {
        view.name = view.name.trim().to_owned();
        check(&view)?;
        if view.id.is_empty() {
            view.id = new_id();
        } else {
            check_id("id", &view.id)?;
        }
        let (id, name) = (view.id.clone(), view.name.clone());
        let body = serde_json::to_value(&view);
        self.db(move |store| {
            store.run_view_save(&ViewRecord {
                id,
                name,
                body: body?,
            })
        })
        .await
        .map_err(|error| match error.code {
            Code::AlreadyExists => error
                .because(Reason::ViewExists)
                .with("name", &view.name)
                .with("field", "name"),
            _ => error,
        })?;
        Ok(view)
    }

    /// Forgets a view.
    pub async fn run_view_delete(&self, args: ById) -> Result<Nothing, ErrorBody> {
        check_id("id", &args.id)?;
        self.db(move |store| store.run_view_delete(&args.id)).await
    }
}

fn check(view: &RunView) -> Result<(), ErrorBody> {
    validate::name("name", &view.name)?;
    if view.filter.len() > 20_000 {
        return Err(ErrorBody::invalid(
            "filter",
            "A filter has at most 20,000 bytes.",
        ));
    }
    let columns = view.columns.as_ref().map_or(0, Vec::len);
    if columns > FIELDS || view.order_by.len() > FIELDS {
        return Err(ErrorBody::invalid(
            "columns",
            format!("A view has at most {FIELDS} columns."),
        ));
    }
    Ok(())
}
