import { useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Settings } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  CopyLine,
  ErrorBanner,
  Fact,
  Facts,
  Link,
  Loading,
  Page,
  Section,
  Segmented,
  Switch,
} from "../../shared/components";
import { t } from "../../shared/i18n";
import { Registries } from "./Registries";
import { Secrets } from "./Secrets";
import styles from "./Settings.module.css";

function Appearance() {
  const settings = useQueryCommand("settings_get", null);
  const save = useMutationCommand("settings_set");
  return (
    <Section title={t("settings.appearance")}>
      {save.error ? <ErrorBanner error={save.error} /> : null}
      <Loading query={settings} rows={2}>
        {(now) => {
          const change = (part: Partial<Settings>) => save.mutate({ ...now, ...part });
          return (
            <div className={styles.form}>
              <Segmented
                showLabel
                label={t("settings.theme")}
                value={now.theme}
                onChange={(theme) => change({ theme })}
                options={[
                  { value: "system", label: t("settings.theme.system") },
                  { value: "light", label: t("settings.theme.light") },
                  { value: "dark", label: t("settings.theme.dark") },
                ]}
              />
              <Segmented
                showLabel
                label={t("settings.language")}
                value={now.language ?? "system"}
                onChange={(language) => change({ language: language === "system" ? null : language })}
                options={[
                  { value: "system", label: t("settings.language.system") },
                  { value: "en", label: "English" },
                  { value: "sv", label: "Svenska" },
                ]}
              />
              <Switch isSelected={now.compact} onChange={(compact) => change({ compact })}>
                {t("settings.compact")}
              </Switch>
            </div>
          );
        }}
      </Loading>
    </Section>
  );
}

function Data() {
  const info = useQueryCommand("app_info", null);
  return (
    <Loading query={info} rows={3}>
      {(about) => (
        <>
          <Section title={t("settings.data")}>
            <div className={styles.form}>
              <div>
                <p className="quiet">{t("settings.dataDir")}</p>
                <CopyLine text={about.data_dir} />
              </div>
              <div>
                <p className="quiet">{t("settings.logDir")}</p>
                <CopyLine text={about.log_dir} />
              </div>
            </div>
          </Section>
          <Section title={t("settings.about")}>
            <Facts>
              <Fact label={t("settings.version")}>Skerry {about.version}</Fact>
              <Fact label={t("settings.user")}>{about.user}</Fact>
              <Fact label={t("settings.computer")}>{about.hostname}</Fact>
            </Facts>
            <p className="quiet" style={{ marginTop: 10 }}>
              {t("settings.privacy")}
            </p>
          </Section>
        </>
      )}
    </Loading>
  );
}

const GROUPS = ["appearance", "secrets", "registries", "data"] as const;

export function SettingsPage() {
  const { section } = useSearch({ strict: false }) as { section?: string };
  const layout = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!section) return;
    layout.current
      ?.querySelector(`[data-group="${CSS.escape(section)}"]`)
      ?.scrollIntoView?.({ block: "start" });
  }, [section]);
  return (
    <Page title={t("settings.title")}>
      <div className={styles.layout} ref={layout}>
        <nav className={styles.index} aria-label={t("settings.title")}>
          {GROUPS.map((group) => (
            <Link key={group} to={`/settings?section=${group}`} current={group === (section ?? "appearance")}>
              {t(`settings.${group}`)}
            </Link>
          ))}
        </nav>
        <div>
          <div className={styles.group} data-group="appearance">
            <Appearance />
          </div>
          <div className={styles.group} data-group="secrets" style={{ marginTop: 32 }}>
            <Secrets />
          </div>
          <div className={styles.group} data-group="registries" style={{ marginTop: 32 }}>
            <Registries />
          </div>
          <div className={styles.group} data-group="data" style={{ marginTop: 32 }}>
            <Data />
          </div>
        </div>
      </div>
    </Page>
  );
}
