//! The one table of commands. Each is declared here and nowhere else: dispatch by
//! name, the TypeScript declarations and the topics all come from it.
//!
//! `read` commands change nothing and name the topics that they provide; `write`
//! commands name the topics that they invalidate.

/// Calls `$callback!` with the whole table.
macro_rules! command_table {
    ($callback:ident) => {
        $callback! {
            // Workspace
            read app_info(Nothing) -> AppInfo [Machines, Runs, Models, Secrets];
            read overview(Nothing) -> Overview [Machines, Setup, Runs, Deployments, Activity, Secrets];
            write overview_seen(Nothing) -> Nothing [];
            read activity_list(ActivityQuery) -> Vec<ActivityRow> [Activity];
            read palette_search(PaletteQuery) -> Vec<PaletteItem> [Machines, Runs, Models, Deployments];
            read settings_get(Nothing) -> Settings [Settings];
            write settings_set(Settings) -> Settings [Settings];

            // Secrets
            read secrets_list(Nothing) -> Vec<SecretRow> [Secrets];
            write secret_delete(ById) -> Nothing [Secrets, Activity];
            write vault_unlock(VaultUnlock) -> SecretStoreInfo [Secrets, Machines];
            read password_strength(StrengthQuery) -> Strength [];

            // Machines
            read machines_list(Nothing) -> Vec<MachineRow> [Machines];
            read machine_get(ById) -> MachineDetail [Machines];
            write machine_add_local(Nothing) -> MachineRow [Machines, Activity];
            write machine_rename(Rename) -> MachineRow [Machines];
            write machine_reconnect(ById) -> MachineRow [Machines];
            write machine_check(ById) -> Vec<Check> [Machines];
            write machine_forget(MachineForget) -> MachineForgotten [Machines, Activity];

            // Register a machine
            read setup_list(Nothing) -> Vec<SetupDraft> [Setup];
            read setup_get(ById) -> SetupDraft [Setup];
            write setup_address(SetupAddress) -> SetupDraft [Setup];
            write setup_scan(ById) -> SetupDraft [Setup];
            write setup_trust(SetupTrust) -> SetupDraft [Setup, Activity];
            write setup_authenticate(SetupAuthenticate) -> SetupDraft [Setup, Secrets];
            write setup_key(ById) -> SetupDraft [Setup, Secrets];
            write setup_preflight(SetupPreflight) -> SetupDraft [Setup];
            write setup_agent(ById) -> SetupDraft [Setup];
            write setup_finish(SetupFinish) -> SetupDraft [Setup, Machines, Activity];
            write setup_discard(ById) -> Nothing [Setup, Secrets];

            // Runs
            read runs_search(RunQuery) -> RunPage [Runs, Metrics];
            read run_keys(RunKeysQuery) -> RunKeys [Runs, Metrics];
            read run_values(RunValuesQuery) -> Vec<String> [Runs];
            read run_get(ById) -> RunDetail [Runs, Metrics, Models];
            read runs_compare(RunIds) -> Comparison [Runs, Metrics];
            read runs_best(RunsBest) -> Vec<RunBest> [Runs, Metrics];
            read runs_chart(RunsChartQuery) -> Vec<RunSeries> [Metrics];
            read run_views(Nothing) -> Vec<RunView> [Settings];
            write run_view_save(RunView) -> RunView [Settings];
            write run_view_delete(ById) -> Nothing [Settings];
            read run_chart(ChartQuery) -> Vec<ChartSeries> [Metrics];
            read run_log(LogQuery) -> LogWindow [Logs];
            read run_log_search(LogSearch) -> LogMatches [Logs];
            read run_artifacts(ArtifactQuery) -> Vec<ArtifactRow> [Runs];
            read run_artifact_preview(ArtifactQuery) -> ArtifactPreview [Runs];
            write run_artifact_save(ArtifactSave) -> Operation [Operations];
            write run_tag_set(RunTagSet) -> Nothing [Runs];
            write run_tag_delete(RunTagDelete) -> Nothing [Runs];
            write run_cancel(ById) -> Nothing [Runs, Activity];
            write runs_delete(RunIds) -> Nothing [Runs];
            write runs_restore(RunIds) -> Nothing [Runs];
            write runs_archive(RunIds) -> Nothing [Runs];
            write runs_unarchive(RunIds) -> Nothing [Runs];
            write runs_export(RunsExport) -> RunsExported [];
            write runs_export_more(ById) -> RunsExported [];
            read runs_export_part(ExportPart) -> ExportBytes [];
            write runs_export_end(ById) -> Nothing [];
            write runs_move(RunsMove) -> Nothing [Runs];
            read experiments_list(Nothing) -> Vec<ExperimentRow> [Runs];
            read run_form_options(ById) -> RunFormOptions [Machines, Runs];
            read project_inspect(ProjectQuery) -> ProjectSummary [];
            read data_inspect(DataQuery) -> DataSummary [];
            read run_form_of(ById) -> RunStart [Runs];
            write run_start(RunStart) -> RunStarted [Runs, Activity];
            write sample_start(Nothing) -> RunStarted [Machines, Runs, Activity];

            // Reports
            read reports_list(Nothing) -> Vec<ReportRow> [Reports];
            read report_get(ById) -> Report [Reports];
            read report_runs(ReportRunsQuery) -> ReportRunSet [Runs, Metrics];
            read report_export(ReportExport) -> ExportedFile [Reports, Runs, Metrics];
            write report_save(ReportSave) -> Report [Reports];
            write report_delete(ById) -> Nothing [Reports];

            // Models
            read models_list(ModelQuery) -> Vec<ModelRow> [Models, Deployments];
            read model_get(ByName) -> ModelDetail [Models, Deployments, Runs];
            read version_get(VersionKey) -> VersionDetail [Models, Deployments, Runs];
            write model_register(ModelRegister) -> VersionKey [Models, Activity, Runs];
            write model_delete(ByName) -> Nothing [Models, Activity];
            write version_delete(VersionKey) -> Nothing [Models, Activity];
            write version_describe(VersionDescribe) -> Nothing [Models];
            write version_tag_set(VersionTagSet) -> Nothing [Models];
            write version_tag_delete(VersionTagDelete) -> Nothing [Models];
            write alias_set(AliasSet) -> Nothing [Models, Activity];
            write alias_delete(AliasDelete) -> Nothing [Models, Activity];
            write alias_protect(AliasProtect) -> AliasProtected [Models, Activity];
            write approval_ask(ApprovalAsk) -> Nothing [Models, Activity];
            write approval_decide(ApprovalDecide) -> Nothing [Models, Activity];
            write approval_withdraw(ApprovalAsk) -> Nothing [Models, Activity];
            read registry_history(RegistryHistoryQuery) -> Vec<RegistryHistoryRow> [Models];
            read registry_verify(RegistryVerify) -> RegistryVerified [Models];
            read alias_at(AliasAtQuery) -> AliasAt [Models];

            // Images and registries
            read registries_list(Nothing) -> Vec<RegistryRow> [Registries];
            write registry_save(RegistrySave) -> RegistryRow [Registries, Secrets, Activity];
            write registry_test(ById) -> RegistryRow [Registries];
            write registry_delete(ById) -> Nothing [Registries, Secrets, Activity];
            write containerize(Containerize) -> Operation [Operations];
            read operations_list(Nothing) -> Vec<Operation> [Operations];
            read operation_get(ById) -> Operation [Operations];
            write operation_cancel(ById) -> Operation [Operations];

            // Deployments
            read deployments_list(Nothing) -> Vec<DeploymentRow> [Deployments];
            read deployment_get(ById) -> DeploymentDetail [Deployments];
            read port_check(PortQuery) -> PortReport [];
            write deployment_create(DeploymentCreate) -> DeploymentRow [Deployments, Models, Activity];
            write deployment_update(DeploymentUpdate) -> DeploymentRow [Deployments, Models, Activity];
            write deployment_rollback(ById) -> DeploymentRow [Deployments, Models, Activity];
            write deployment_stop(ById) -> DeploymentRow [Deployments, Activity];
            write deployment_start(ById) -> DeploymentRow [Deployments, Activity];
            write deployment_delete(DeploymentDelete) -> Nothing [Deployments, Models, Activity];
            write deployment_invoke(DeploymentInvoke) -> DeploymentAnswer [];
        }
    };
}
pub(crate) use command_table;
