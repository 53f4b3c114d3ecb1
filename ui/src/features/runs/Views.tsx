import { Bookmark, Check, ChevronDown } from "lucide-react";
import { useState } from "react";
import { Menu, MenuItem, MenuTrigger, Popover, Separator } from "react-aria-components";
import type { RunView } from "../../bindings/api";
import { asErrorBody, useMutationCommand, useQueryCommand } from "../../shared/backend";
import { Button, Dialog, ErrorBanner, TextField, toast } from "../../shared/components";
import menu from "../../shared/components/Menu.module.css";
import { t } from "../../shared/i18n";
import styles from "./runs.module.css";

/** What of the table a view keeps. */
export type TableSetup = Pick<RunView, "filter" | "order_by" | "experiment" | "stage" | "columns">;

const same = (a: TableSetup, b: TableSetup) =>
  a.filter === b.filter &&
  (a.experiment ?? "") === (b.experiment ?? "") &&
  a.stage === b.stage &&
  JSON.stringify(a.order_by) === JSON.stringify(b.order_by) &&
  JSON.stringify(a.columns) === JSON.stringify(b.columns);

/** The saved views of the table: open, save, rename, delete. */
export function Views(props: {
  /** Id of the view that is open, or "". */
  value: string;
  setup: TableSetup;
  onOpen: (view: RunView | null) => void;
}) {
  const { setup } = props;
  const views = useQueryCommand("run_views", null);
  const save = useMutationCommand("run_view_save");
  const remove = useMutationCommand("run_view_delete");
  const [naming, setNaming] = useState<RunView | null>(null);
  const all = views.data ?? [];
  const current = all.find((view) => view.id === props.value) ?? null;
  const changed = current !== null && !same(current, setup);
  const failed = (error: unknown) => toast({ kind: "notice", title: asErrorBody(error).message });
  const drop = async (view: RunView) => {
    try {
      await remove.mutateAsync({ id: view.id });
    } catch (error) {
      failed(error);
      return;
    }
    props.onOpen(null);
    toast({
      title: t("runs.view.deleted", { name: view.name }),
      action: { label: t("runs.undo"), onAction: () => void save.mutateAsync(view).catch(failed) },
    });
  };
  const act: Record<string, () => void> = {
    save: () => {
      if (current) save.mutateAsync({ ...current, ...setup }).catch(failed);
    },
    saveAs: () => setNaming({ id: "", name: "", ...setup }),
    rename: () => setNaming(current),
    delete: () => {
      if (current) void drop(current);
    },
    all: () => props.onOpen(null),
  };
  const item = (id: string, label: string, isCurrent = false) => (
    <MenuItem key={id} id={id} textValue={label} className={menu.item ?? ""}>
      <span className={styles.viewTick}>{isCurrent && <Check size={14} aria-hidden />}</span>
      <span>{label}</span>
    </MenuItem>
  );
  return (
    <>
      <MenuTrigger>
        <Button icon={<Bookmark size={14} aria-hidden />}>
          <span className={styles.viewName}>{current?.name ?? t("runs.view.all")}</span>
          {changed && <span className="quiet">{t("runs.view.changed")}</span>}
          <ChevronDown size={14} aria-hidden />
        </Button>
        <Popover className={menu.popover ?? ""} placement="bottom start" offset={4}>
          <Menu
            aria-label={t("runs.view.menu")}
            className={menu.menu ?? ""}
            disabledKeys={[...(changed ? [] : ["save"]), ...(current ? [] : ["rename", "delete"])]}
            onAction={(key) => {
              const view = all.find((each) => each.id === key);
              if (view) props.onOpen(view);
              else act[String(key)]?.();
            }}
          >
            {item("all", t("runs.view.all"), current === null)}
            {all.map((view) => item(view.id, view.name, view.id === current?.id))}
            <Separator className={styles.viewLine ?? ""} />
            {item("save", t("runs.view.save"))}
            {item("saveAs", t("runs.view.saveAs"))}
            {item("rename", t("runs.view.rename"))}
            {item("delete", t("runs.view.delete"))}
          </Menu>
        </Popover>
      </MenuTrigger>
      <Dialog
        title={naming?.id ? t("runs.view.rename") : t("runs.view.saveAs")}
        isOpen={naming !== null}
        onOpenChange={(open) => !open && setNaming(null)}
        size="small"
      >
        {naming && (
          <Naming
            view={naming}
            onSave={async (view) => {
              const saved = await save.mutateAsync(view);
              setNaming(null);
              if (!view.id) props.onOpen(saved);
            }}
          />
        )}
      </Dialog>
    </>
  );
}

function Naming({ view, onSave }: { view: RunView; onSave: (view: RunView) => Promise<void> }) {
  const [name, setName] = useState(view.name);
  const [error, setError] = useState<unknown>(null);
  const taken = error !== null && asErrorBody(error).code === "already_exists";
  return (
    <form
      className={styles.viewForm}
      onSubmit={(event) => {
        event.preventDefault();
        setError(null);
        if (name.trim()) onSave({ ...view, name: name.trim() }).catch(setError);
      }}
    >
      <TextField
        label={t("runs.view.name")}
        value={name}
        onChange={(next) => {
          setName(next);
          setError(null);
        }}
        autoFocus
        error={taken ? t("runs.view.taken") : null}
      />
      {error !== null && !taken ? <ErrorBanner error={error} /> : null}
      <div>
        <Button type="submit" variant="primary" isDisabled={name.trim() === ""}>
          {t("runs.view.saveButton")}
        </Button>
      </div>
    </form>
  );
}
