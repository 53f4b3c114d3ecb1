//! About the program, preferences, and finding things by name.

use skerry_domain::ErrorBody;

use crate::Console;
use crate::api::*;

/// Setting: the person's preferences.
const PREFERENCES: &str = "preferences";
/// At most so many finds of each kind.
const FINDS: usize = 8;

impl Console {
    /// About this program and its workspace.
    pub async fn app_info(&self, _: Nothing) -> Result<AppInfo, ErrorBody> {
        let empty = self
            .db(|store| {
                Ok(store.machines()?.is_empty()
                    && store.setups()?.is_empty()
                    && store.read(|reader| {
                        Ok(reader
                            .experiment_activity()?
                            .iter()
                            .all(|(_, runs, _)| *runs == 0)
                            && reader
                                .registered_models(&skerry_store::RegistryQuery {
                                    max_results: 1,
                                    ..Default::default()
                                })?
                                .items
                                .is_empty())
                    })?)
            })
            .await?;
        Ok(AppInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir: self.data_dir().display().to_string(),
            log_dir: self.data_dir().join("logs").display().to_string(),
            user: self.user().to_owned(),
            hostname: self.hostname().to_owned(),
            empty,
            secret_store: self.secret_store_info().await,
        })
    }

    /// The person's preferences.
    pub async fn settings_get(&self, _: Nothing) -> Result<Settings, ErrorBody> {
        let stored = self.db(|store| store.setting(PREFERENCES)).await?;
        // Preferences of another version count as none.
        Ok(stored
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or(Settings {
                theme: Theme::System,
                language: None,
                compact: false,
            }))
    }

    /// Changes the preferences.
    pub async fn settings_set(&self, settings: Settings) -> Result<Settings, ErrorBody> {
        let value = serde_json::to_value(&settings).map_err(|error| {
            ErrorBody::new(
                skerry_domain::Code::Internal,
                format!("The settings cannot be stored: {error}."),
            )
        })?;
        self.db(move |store| store.setting_set(PREFERENCES, &value))
            .await?;
        Ok(settings)
    }

    /// Finds things by a part of their name.
    pub async fn palette_search(&self, query: PaletteQuery) -> Result<Vec<PaletteItem>, ErrorBody> {
        if query.query.chars().count() > 200 {
            return Err(ErrorBody::invalid(
                "query",
                "A search has at most 200 characters.",
            ));
        }
        let wanted = query.query.trim().to_lowercase();
        let fits = |text: &str| text.to_lowercase().contains(&wanted);
        let mut found = Vec::new();

        let machines = self.machines_list(()).await?;
        found.extend(
            machines
                .iter()
                .filter(|machine| fits(&machine.name) || fits(&machine.address))
                .take(FINDS)
                .map(|machine| PaletteItem {
                    kind: PaletteKind::Machine,
                    id: machine.id.clone(),
                    label: machine.name.clone(),
                    hint: Some(machine.address.clone()),
                }),
        );
        let models = self
            .models_list(ModelQuery {
                text: query.query.trim().to_owned(),
            })
            .await?;
        found.extend(models.into_iter().take(FINDS).map(|model| PaletteItem {
            kind: PaletteKind::Model,
            id: model.name.clone(),
            label: model.name,
            hint: model.description,
        }));
        let deployments = self.deployments_list(()).await?;
        found.extend(
            deployments
                .into_iter()
                .filter(|row| fits(&row.name) || fits(&row.model) || fits(&row.endpoint))
                .take(FINDS)
                .map(|row| PaletteItem {
                    kind: PaletteKind::Deployment,
                    id: row.id,
                    label: row.name,
                    hint: Some(format!("{} {} · {}", row.model, row.version, row.machine)),
                }),
        );
        let experiments = self.experiments_list(()).await?;
        found.extend(
            experiments
                .into_iter()
                .filter(|row| fits(&row.name))
                .take(FINDS)
                .map(|row| PaletteItem {
                    kind: PaletteKind::Experiment,
                    id: row.name.clone(),
                    label: row.name,
                    hint: None,
                }),
        );
        let reports = self.reports_list(()).await?;
        found.extend(
            reports
                .into_iter()
                .filter(|row| fits(&row.title))
                .take(FINDS)
                .map(|row| PaletteItem {
                    kind: PaletteKind::Report,
                    id: row.id,
                    label: row.title,
                    hint: None,
                }),
        );
        // The newest runs, by name or by either end of their id: screens show the second.
        let page = self
            .runs_search(RunQuery {
                filter: String::new(),
                order_by: Vec::new(),
                experiment: None,
                machine_id: None,
                stage: RunStage::Active,
                offset: 0,
                limit: 1000,
                columns: Vec::new(),
                only_columns: true,
            })
            .await?;
        found.extend(
            page.rows
                .into_iter()
                .filter(|run| {
                    fits(&run.name)
                        || (wanted.len() >= 4
                            && (run.id.starts_with(&wanted) || run.id.ends_with(&wanted)))
                })
                .take(FINDS)
                .map(|run| PaletteItem {
                    kind: PaletteKind::Run,
                    id: run.id,
                    label: run.name,
                    hint: Some(run.experiment),
                }),
        );
        Ok(found)
    }
}
