import { useSearch } from "@tanstack/react-router";
import { History, Play, Server } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import type { MachineRow, ProjectSummary, RunFormOptions, RunStart } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  Banner,
  Button,
  ChoiceCards,
  CopyLine,
  EmptyState,
  ErrorBanner,
  FolderField,
  KeyValueEditor,
  LinkButton,
  Loading,
  LoadingShape,
  type Pair,
  Page,
  Section,
  Select,
  Spinner,
  TextField,
  toast,
  useGo,
} from "../../shared/components";
import { formatBytes } from "../../shared/format";
import { t } from "../../shared/i18n";
import { tagKey, tagValue } from "../../shared/rules";
import { DataFolders, type FolderRow, mountsWrong } from "./DataFolders";
import { shellLine } from "./RunEnvironment";
import styles from "./runs.module.css";
import { Suggestions } from "./Suggestions";
import { useRested } from "./useRested";
import * as check from "./validate";

interface Form {
  machineId: string;
  image: string;
  project: string;
  command: string;
  experiment: string;
  name: string;
  data: FolderRow[];
  env: Pair[];
  tags: Pair[];
  open: boolean;
}

/** The form as it was left: going elsewhere or closing loses nothing, starting the run ends it. */
const DRAFT = "skerry.newRun";

function keptDraft(): Form | null {
  try {
    const kept = JSON.parse(localStorage.getItem(DRAFT) ?? "null") as Form | null;
    return kept === null ? null : { ...EMPTY, ...kept };
  } catch {
    return null;
  }
}

const EMPTY: Form = {
  machineId: "",
  image: "",
  project: "",
  command: "",
  experiment: "",
  name: "",
  data: [],
  env: [],
  tags: [],
  open: false,
};

function formOf(start: RunStart): Form {
  return {
    machineId: start.machine_id,
    image: start.image ?? "",
    project: start.project_folder,
    command: start.command,
    experiment: start.experiment,
    name: "",
    data: start.data.map((d) => ({ source: d.source, target: d.target })),
    env: start.env,
    tags: start.tags,
    open: start.network_open,
  };
}

export function NewRunPage() {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const from = search.from ? String(search.from) : "";
  const machines = useQueryCommand("machines_list", null);
  const again = useQueryCommand("run_form_of", { id: from }, { enabled: from !== "" });
  return (
    <Page
      title={t("runs.form.title")}
      lead={t("runs.form.lead")}
      breadcrumbs={[{ label: t("runs.title"), to: "/runs" }]}
    >
      <Loading query={machines} rows={6}>
        {(list) => {
          if (list.length === 0) {
            return (
              <EmptyState
                icon={Server}
                title={t("runs.form.noMachines")}
                lead={t("runs.form.noMachinesLead")}
                actions={
                  <LinkButton to="/machines" variant="primary">
                    {t("runs.form.toMachines")}
                  </LinkButton>
                }
              />
            );
          }
          if (from !== "" && again.isPending) return <LoadingShape rows={8} />;
          const wanted = search.machine ? String(search.machine) : "";
          const usual =
            list.find((m) => m.id === wanted) ?? list.find((m) => m.link.state === "connected") ?? list[0];
          const fresh = { ...EMPTY, machineId: usual?.id ?? "" };
          const draft = from === "" && wanted === "" ? keptDraft() : null;
          const initial = again.data
            ? formOf(again.data)
            : draft === null
              ? fresh
              : { ...draft, machineId: list.find((m) => m.id === draft.machineId)?.id ?? fresh.machineId };
          return (
            <>
              {again.error && <ErrorBanner error={again.error} onRetry={() => void again.refetch()} />}
              <NewRunForm
                key={from}
                machines={list}
                initial={initial}
                fresh={fresh}
                isDraft={draft !== null}
              />
            </>
          );
        }}
      </Loading>
    </Page>
  );
}

function NewRunForm(props: {
  machines: readonly MachineRow[];
  initial: Form;
  /** The form before anything was entered. */
  fresh: Form;
  isDraft: boolean;
}) {
  const { machines, initial } = props;
  const [form, setForm] = useState(initial);
  const [isDraft, setIsDraft] = useState(props.isDraft);
  useEffect(() => {
    if (form !== initial) localStorage.setItem(DRAFT, JSON.stringify(form));
  }, [form, initial]);
  const startOver = () => {
    setForm({ ...props.fresh });
    setTried(false);
    setIsDraft(false);
    localStorage.removeItem(DRAFT);
  };
  const [tried, setTried] = useState(false);
  const set = (part: Partial<Form>) => setForm((now) => ({ ...now, ...part }));
  const go = useGo();
  const start = useMutationCommand("run_start");
  const machine = machines.find((m) => m.id === form.machineId) ?? null;
  const options = useQueryCommand(
    "run_form_options",
    { id: form.machineId },
    { enabled: form.machineId !== "" },
  );
  const folder = useRested(form.project);
  const inspectable = folder !== "" && check.absolutePath(folder) === null;
  const project = useQueryCommand("project_inspect", { folder }, { enabled: inspectable });
  const summary = inspectable && folder === form.project ? project.data : undefined;
  const needsImage = options.data?.needs_image ?? false;

  const wrong = {
    machine: machine ? null : t("runs.wrong.machine"),
    image:
      needsImage && !options.data?.images.some((i) => i.reference === form.image)
        ? t("runs.wrong.image")
        : null,
    project: check.absolutePath(form.project),
    command: check.command(form.command),
    experiment: check.experimentName(form.experiment),
    name: check.runName(form.name),
    data: mountsWrong(form.data) ? "data" : null,
    env: pairsWrong(form.env, check.envName) ? "env" : null,
    tags: pairsWrong(form.tags, tagKey) ? "tags" : null,
    folder: summary && summary.problems.length > 0 ? "folder" : null,
  };
  const missing = Object.values(wrong).filter((w) => w !== null).length;
  /** While a field was never touched, its emptiness is no error yet. */
  const shown = (error: string | null, value: string) => (tried || value !== "" ? error : null);

  const submit = async () => {
    setTried(true);
    if (missing > 0 || !machine) return;
    try {
      const done = await start.mutateAsync({
        machine_id: form.machineId,
        experiment: form.experiment.trim(),
        name: form.name.trim() === "" ? null : form.name.trim(),
        project_folder: form.project,
        command: form.command,
        image: needsImage ? form.image : null,
        env: form.env.filter((p) => p.key !== ""),
        data: form.data.map(({ source, target }) => ({ source, target })),
        tags: form.tags.filter((p) => p.key !== ""),
        network_open: needsImage && form.open,
      });
      toast({
        title: t("runs.form.started"),
        detail: t("runs.form.startedDetail", {
          sent: formatBytes(done.bytes_sent),
          unchanged: t("runs.form.files", { n: done.files_unchanged }),
        }),
      });
      localStorage.removeItem(DRAFT);
      go(`/runs/${done.run_id}`);
    } catch {
      // The banner beside the button says it.
    }
  };

  return (
    <form
      className={styles.newRun}
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <div>
        {isDraft ? (
          <Banner
            kind="plain"
            title={t("runs.form.draft")}
            actions={
              <Button size="small" onPress={startOver}>
                {t("runs.form.startOver")}
              </Button>
            }
          />
        ) : null}
        <Section title={t("runs.form.where")}>
          <div className={styles.fields}>
            <Select
              label={t("runs.form.machine")}
              value={form.machineId || null}
              onChange={(machineId) => set({ machineId, image: "" })}
              options={machines.map((m) => ({
                value: m.id,
                label: m.name,
                detail: [
                  m.address,
                  m.engine
                    ? m.engine.kind === "process"
                      ? t("runs.form.processes")
                      : `${m.engine.kind} ${m.engine.version ?? ""}`
                    : "",
                  m.link.state === "connected" ? "" : t("runs.form.unreachable"),
                ]
                  .filter(Boolean)
                  .join(" · "),
              }))}
              error={tried ? wrong.machine : null}
            />
            <ImageField
              options={options}
              machine={machine}
              value={form.image}
              onChange={(image) => set({ image })}
              error={tried ? wrong.image : null}
            />
          </div>
          {options.data?.last && (
            <Button
              size="small"
              variant="quiet"
              flush
              icon={<History size={14} />}
              onPress={() => options.data?.last && setForm(formOf(options.data.last))}
            >
              {t("runs.form.useLast")}
            </Button>
          )}
        </Section>
        <Section title={t("runs.form.what")}>
          <div className={styles.fields}>
            <div className={styles.wide}>
              <FolderField
                label={t("runs.form.project")}
                description={t("runs.form.projectLead")}
                value={form.project}
                onChange={(value) => set({ project: value })}
                error={shown(wrong.project, form.project)}
                placeholder="/home/me/project"
              />
              <ProjectNote
                inspecting={inspectable && (project.isFetching || folder !== form.project)}
                summary={summary}
                error={inspectable && folder === form.project ? project.error : null}
              />
            </div>
            <div className={styles.wide}>
              <TextField
                label={t("runs.form.command")}
                description={t("runs.form.commandLead")}
                value={form.command}
                onChange={(command) => set({ command })}
                error={shown(wrong.command, form.command)}
                mono
                placeholder="python train.py"
              />
              {summary?.suggested_command && summary.suggested_command !== form.command && (
                <Button
                  size="small"
                  variant="quiet"
                  flush
                  onPress={() => set({ command: summary.suggested_command ?? "" })}
                >
                  {t("runs.form.useSuggested", { command: summary.suggested_command })}
                </Button>
              )}
            </div>
            <div>
              <TextField
                label={t("runs.form.experiment")}
                description={t("runs.form.experimentLead")}
                value={form.experiment}
                onChange={(experiment) => set({ experiment })}
                error={shown(wrong.experiment, form.experiment)}
              />
              <Suggestions
                values={[summary?.suggested_experiment ?? null, ...(options.data?.experiments ?? [])]}
                current={form.experiment}
                onPick={(experiment) => set({ experiment })}
              />
            </div>
            <TextField
              label={t("runs.form.name")}
              description={t("runs.form.nameLead")}
              value={form.name}
              onChange={(name) => set({ name })}
              error={wrong.name}
              isRequired={false}
            />
          </div>
        </Section>
        <Section title={t("runs.form.data")} lead={t("runs.form.dataLead")}>
          <DataFolders
            machineId={form.machineId}
            value={form.data}
            onChange={(data) => set({ data })}
            isContainer={needsImage}
          />
        </Section>
        <Section title={t("runs.form.surroundings")}>
          <div className={styles.fields}>
            {needsImage && (
              <div className={styles.wide}>
                <ChoiceCards
                  label={t("runs.form.network")}
                  value={form.open ? "open" : "closed"}
                  onChange={(value) => set({ open: value === "open" })}
                  options={[
                    {
                      value: "closed",
                      title: t("runs.form.networkClosed"),
                      lead: t("runs.form.networkClosedLead"),
                    },
                    {
                      value: "open",
                      title: t("runs.form.networkOpen"),
                      lead: t("runs.form.networkOpenLead"),
                    },
                  ]}
                />
              </div>
            )}
            <KeyValueEditor
              label={t("runs.form.env")}
              description={t("runs.form.envLead")}
              value={form.env}
              onChange={(env) => set({ env })}
              validateKey={check.envName}
            />
            <KeyValueEditor
              label={t("runs.form.tags")}
              value={form.tags}
              onChange={(tags) => set({ tags })}
              validateKey={tagKey}
              validateValue={tagValue}
            />
          </div>
        </Section>
      </div>
      <aside className={styles.receipt} aria-label={t("runs.form.willHappen")}>
        <h2>{t("runs.form.willHappen")}</h2>
        <ol>
          {will(form, machine, summary, needsImage).map((line) => (
            <li key={line.key}>
              <span className="clamp">{line.text}</span>
            </li>
          ))}
        </ol>
        {start.error && <ErrorBanner error={start.error} />}
        {tried && missing > 0 && <Banner kind="notice" title={t("runs.form.fillIn", { n: missing })} />}
        <Button type="submit" variant="primary" icon={<Play size={16} />} isPending={start.isPending}>
          {t("runs.form.start")}
        </Button>
        {start.isPending && <Spinner label={t("runs.form.starting")} />}
        {missing === 0 && machine && (
          <details className={styles.script}>
            <summary>{t("runs.form.asCommand")}</summary>
            <CopyLine text={commandLine(form, machine, needsImage)} />
          </details>
        )}
      </aside>
    </form>
  );
}

function pairsWrong(pairs: readonly Pair[], key: (text: string) => string | null): boolean {
  const used = pairs.filter((p) => p.key !== "" || p.value !== "");
  return (
    new Set(used.map((p) => p.key)).size !== used.length ||
    used.some((p) => key(p.key) !== null || tagValue(p.value) !== null)
  );
}

interface Line {
  readonly key: string;
  readonly text: ReactNode;
}

function will(
  form: Form,
  machine: MachineRow | null,
  summary: ProjectSummary | undefined,
  needsImage: boolean,
): Line[] {
  const lines: Line[] = [];
  if (machine) {
    lines.push({
      key: "send",
      text: summary
        ? t("runs.form.will.send", {
            files: t("runs.form.files", { n: summary.files }),
            size: formatBytes(summary.bytes),
            machine: machine.name,
          })
        : t("runs.form.will.sendProject", { machine: machine.name }),
    });
  }
  if (needsImage) {
    lines.push({
      key: "start",
      text: form.image
        ? t("runs.form.will.container", { image: form.image })
        : t("runs.form.will.someContainer"),
    });
    lines.push({
      key: "network",
      text: t(form.open ? "runs.form.will.networkOpen" : "runs.form.will.network"),
    });
  } else lines.push({ key: "start", text: t("runs.form.will.process") });
  for (const [i, d] of form.data.entries()) {
    lines.push({
      key: `data${i}`,
      text: t("runs.form.will.data", { source: d.source || "…", target: d.target || "…" }),
    });
  }
  if (form.command !== "")
    lines.push({ key: "command", text: <code className={styles.codeLine}>{form.command}</code> });
  lines.push({
    key: "record",
    text: form.experiment
      ? t("runs.form.will.experiment", { experiment: form.experiment })
      : t("runs.form.will.someExperiment"),
  });
  return lines;
}

/** The same as this form for the command-line program. */
function commandLine(form: Form, machine: MachineRow, needsImage: boolean): string {
  const words = [
    "skerry",
    "run",
    "start",
    "--machine",
    machine.name,
    "--project",
    form.project,
    "--experiment",
    form.experiment,
  ];
  if (form.name.trim() !== "") words.push("--name", form.name.trim());
  if (needsImage) words.push("--image", form.image);
  for (const d of form.data) words.push("--data-folder", `${d.source}:${d.target}`);
  for (const p of form.env) if (p.key !== "") words.push("--env", `${p.key}=${p.value}`);
  for (const p of form.tags) if (p.key !== "") words.push("--tag", `${p.key}=${p.value}`);
  if (needsImage && form.open) words.push("--open-network");
  // The command is a command line already.
  return `${shellLine(words)} -- ${form.command}`;
}

function ImageField(props: {
  options: { data: RunFormOptions | undefined; error: unknown; refetch: () => unknown };
  machine: MachineRow | null;
  value: string;
  onChange: (image: string) => void;
  error: string | null;
}) {
  const { options, machine } = props;
  if (options.error) return <ErrorBanner error={options.error} onRetry={() => void options.refetch()} />;
  if (!options.data || !machine) return <LoadingShape rows={1} />;
  if (!options.data.needs_image) return <p className={styles.processNote}>{t("runs.form.processNote")}</p>;
  if (options.data.images.length === 0)
    return <Banner kind="notice" title={t("runs.form.noImages", { machine: machine.name })} />;
  return (
    <Select
      label={t("runs.form.image")}
      description={t("runs.form.imageLead")}
      value={props.value || null}
      onChange={props.onChange}
      options={options.data.images.map((i) => ({
        value: i.reference,
        label: i.reference,
        detail: formatBytes(i.size),
      }))}
      error={props.error}
    />
  );
}

function ProjectNote(props: { inspecting: boolean; summary: ProjectSummary | undefined; error: unknown }) {
  if (props.error) return <ErrorBanner error={props.error} />;
  if (props.inspecting && !props.summary) return <Spinner label={t("runs.form.inspecting")} />;
  if (!props.summary) return null;
  return (
    <div className={styles.projectNote}>
      {props.summary.problems.map((p) => (
        <ErrorBanner key={`${p.code} ${p.message}`} error={p} />
      ))}
      {props.summary.problems.length === 0 && (
        <span role="status">
          {t("runs.form.projectFound", {
            files: t("runs.form.files", { n: props.summary.files }),
            size: formatBytes(props.summary.bytes),
          })}
        </span>
      )}
    </div>
  );
}
