import { useSearch } from "@tanstack/react-router";
import { Boxes, Rocket } from "lucide-react";
import { useState } from "react";
import type { MachineRow, ModelRow, VersionRow } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  Banner,
  Button,
  ChoiceCards,
  EmptyState,
  ErrorBanner,
  LinkButton,
  Loading,
  NumberField,
  Page,
  Section,
  Select,
  TextField,
  useGo,
} from "../../shared/components";
import { formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";
import { modelPath } from "../models/ModelsPage";
import runs from "../runs/runs.module.css";
import { useRested } from "../runs/useRested";
import * as check from "./validate";

const ANY = "0.0.0.0";

export function NewDeploymentPage() {
  const machines = useQueryCommand("machines_list", null);
  const models = useQueryCommand("models_list", { text: "" });
  return (
    <Page
      title={t("deployments.form.title")}
      lead={t("deployments.form.lead")}
      breadcrumbs={[{ label: t("deployments.title"), to: "/deployments" }]}
    >
      <Loading query={models} rows={5}>
        {(known) => (
          <Loading query={machines} rows={5}>
            {(list) => {
              const usable = known.filter((m) => m.versions > 0);
              return usable.length === 0 ? (
                <EmptyState
                  icon={Boxes}
                  title={t("deployments.form.noModels")}
                  lead={t("models.emptyLead")}
                  actions={<LinkButton to="/runs">{t("models.toRuns")}</LinkButton>}
                />
              ) : (
                <Form machines={list} models={usable} />
              );
            }}
          </Loading>
        )}
      </Loading>
    </Page>
  );
}

function Form({ machines, models }: { machines: readonly MachineRow[]; models: readonly ModelRow[] }) {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const go = useGo();
  const create = useMutationCommand("deployment_create");
  const [model, setModel] = useState(
    () => models.find((m) => m.name === String(search.model ?? ""))?.name ?? models[0]?.name ?? "",
  );
  const detail = useQueryCommand("model_get", { name: model }, { enabled: model !== "" });
  const [chosenVersion, setChosenVersion] = useState<string | null>(
    search.version === undefined ? null : String(search.version),
  );
  const version =
    detail.data?.versions.find((v) => String(v.version) === chosenVersion) ??
    detail.data?.versions[0] ??
    null;
  const [chosenMachine, setChosenMachine] = useState<string | null>(null);
  const machine =
    machines.find((m) => m.id === chosenMachine) ??
    machines.find((m) => m.id === version?.machine_id) ??
    machines[0] ??
    null;
  const [typedName, setTypedName] = useState<string | null>(null);
  const name = typedName ?? check.nameFor(model);
  const [port, setPort] = useState<number | null>(null);
  const [bind, setBind] = useState<"local" | "all">("local");
  const [tried, setTried] = useState(false);
  const containers = machine !== null && machine.engine?.kind !== "process";
  const needsImage = containers && version !== null && version.image === null;
  const wrongPort = check.port(port);
  const rested = useRested(port === null ? "" : String(port));
  const address = bind === "all" ? ANY : null;
  const asked = rested !== "" && wrongPort === null && machine !== null;
  const free = useQueryCommand(
    "port_check",
    { machine_id: machine?.id ?? "", bind: address, port: Number(rested) || 0 },
    { enabled: asked },
  );
  const taken = asked && Number(rested) === port && free.data && !free.data.free;
  const wrongName = check.deploymentName(name);
  const ready =
    wrongName === null && wrongPort === null && !taken && machine !== null && version !== null && !needsImage;

  const submit = async () => {
    setTried(true);
    if (!ready || !machine || !version) return;
    try {
      const made = await create.mutateAsync({
        name,
        machine_id: machine.id,
        model,
        version: version.version,
        port,
        bind: address,
      });
      go(`/deployments/${made.id}`);
    } catch {
      // The banner beside the button says it.
    }
  };

  const portError =
    wrongPort ??
    (taken
      ? free.data?.holder
        ? t("deployments.form.portTaken", { holder: free.data.holder })
        : t("deployments.form.portTakenUnknown")
      : null);
  const listens = bind === "all" ? ANY : "127.0.0.1";

  return (
    <form
      className={runs.newRun}
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <div>
        <Section title={t("runs.form.what")}>
          <div className={runs.fields}>
            <Select
              label={t("deployments.form.model")}
              value={model}
              onChange={(next) => {
                setModel(next);
                setChosenVersion(null);
              }}
              options={models.map((m) => ({
                value: m.name,
                label: m.name,
                detail: t("models.versionCount", { n: m.versions }),
              }))}
            />
            <Loading query={detail} rows={1}>
              {(data) => (
                <Select
                  label={t("deployments.form.version")}
                  value={version ? String(version.version) : null}
                  onChange={setChosenVersion}
                  options={data.versions.map((v) => ({
                    value: String(v.version),
                    label: t("models.version", { n: v.version }),
                    detail: versionDetail(v, containers),
                  }))}
                />
              )}
            </Loading>
          </div>
        </Section>
        <Section title={t("runs.form.where")}>
          <div className={runs.fields}>
            <Select
              label={t("deployments.form.machine")}
              value={machine?.id ?? null}
              onChange={setChosenMachine}
              options={machines.map((m) => ({
                value: m.id,
                label: m.name,
                detail: [
                  m.address,
                  m.engine?.kind === "process"
                    ? t("runs.form.processes")
                    : `${m.engine?.kind ?? ""} ${m.engine?.version ?? ""}`.trim(),
                  m.link.state === "connected" ? "" : t("runs.form.unreachable"),
                ]
                  .filter(Boolean)
                  .join(" · "),
              }))}
            />
            <TextField
              label={t("deployments.form.name")}
              description={t("deployments.form.nameLead")}
              value={name}
              onChange={setTypedName}
              error={name === "" && !tried ? null : wrongName}
            />
            <NumberField
              label={t("deployments.form.port")}
              description={
                asked && free.data?.free && Number(rested) === port
                  ? t("deployments.form.portFree")
                  : t("deployments.form.portLead")
              }
              value={port}
              onChange={setPort}
              error={portError}
              isRequired={false}
            />
            <div className={runs.wide}>
              <ChoiceCards
                label={t("deployments.form.reach")}
                value={bind}
                onChange={setBind}
                options={[
                  {
                    value: "local",
                    title: t("deployments.form.reachLocal"),
                    lead: t("deployments.form.reachLocalLead"),
                  },
                  {
                    value: "all",
                    title: t("deployments.form.reachAll"),
                    lead: t("deployments.form.reachAllLead"),
                  },
                ]}
              />
            </div>
          </div>
        </Section>
      </div>
      <aside className={runs.receipt} aria-label={t("runs.form.willHappen")}>
        <h2>{t("runs.form.willHappen")}</h2>
        <ol>
          {containers ? (
            <>
              <li>
                {version?.image
                  ? t("deployments.form.will.pull", {
                      image: version.image.reference,
                      machine: machine?.name ?? "…",
                    })
                  : t("deployments.form.will.pullIts", { machine: machine?.name ?? "…" })}
              </li>
              <li>{t("deployments.form.will.start")}</li>
            </>
          ) : (
            <li>{t("deployments.form.will.process", { machine: machine?.name ?? "…" })}</li>
          )}
          <li>{t("deployments.form.will.health")}</li>
          <li>
            {port === null
              ? t("deployments.form.will.listenFree", { address: listens })
              : t("deployments.form.will.listen", { endpoint: `http://${listens}:${port}` })}
          </li>
        </ol>
        {needsImage && version && (
          <Banner
            kind="notice"
            title={t("deployments.form.needsImage", { machine: machine?.name ?? "", n: version.version })}
            actions={
              <LinkButton size="small" to={modelPath(model, version.version)}>
                {t("deployments.form.toVersion")}
              </LinkButton>
            }
          />
        )}
        {create.error && <ErrorBanner error={create.error} />}
        {free.error && asked && <ErrorBanner error={free.error} onRetry={() => void free.refetch()} />}
        <Button
          type="submit"
          variant="primary"
          icon={<Rocket size={16} />}
          isPending={create.isPending}
          isDisabled={needsImage}
        >
          {t("deployments.form.act")}
        </Button>
      </aside>
    </form>
  );
}

function versionDetail(v: VersionRow, containers: boolean): string {
  return [
    ...v.aliases.map((a) => `@${a}`),
    formatTime(v.created_at),
    containers && v.image === null ? t("deployments.form.noImage") : "",
  ]
    .filter(Boolean)
    .join(" · ");
}
