import { Terminal } from "lucide-react";
import type { RunDetail } from "../../bindings/api";
import { CopyLine, EmptyState, Fact, Facts, NamedValues, Section } from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./runs.module.css";

/** A command line as one would type it. */
export function shellLine(words: readonly string[]): string {
  return words.map((w) => (/^[\w@%+=:,./-]+$/.test(w) ? w : `'${w.replace(/'/g, `'\\''`)}'`)).join(" ");
}

export function RunEnvironmentTab({ run }: { run: RunDetail }) {
  const env = run.environment;
  return (
    <div className={styles.environment}>
      {env === null ? (
        <EmptyState icon={Terminal} title={t("runs.env.none")} lead={t("runs.env.noneLead")} />
      ) : (
        <>
          <Section title={t("runs.env.command")}>
            <CopyLine text={shellLine(env.command)} />
          </Section>
          <Section title={t("runs.form.where")}>
            <Facts>
              <Fact label={t("runs.env.image")}>
                {env.image === null ? (
                  <span className="quiet">{t("runs.env.noImage")}</span>
                ) : (
                  <span className={styles.mono}>{env.image}</span>
                )}
              </Fact>
              {env.image_digest && (
                <Fact label={t("runs.env.imageDigest")}>
                  <CopyLine text={env.image_digest} />
                </Fact>
              )}
              {env.image !== null && (
                <Fact label={t("runs.env.network")}>
                  {t(env.network_open ? "runs.env.open" : "runs.env.closed")}
                </Fact>
              )}
              {env.project_folder && (
                <Fact label={t("runs.env.project")}>
                  <span className={styles.mono}>{env.project_folder}</span>
                </Fact>
              )}
              {env.project_hash && (
                <Fact label={t("runs.env.projectHash")}>
                  <CopyLine text={env.project_hash} />
                </Fact>
              )}
            </Facts>
          </Section>
          <Section title={t("runs.env.data")}>
            {env.data.length === 0 ? (
              <p className="quiet">{t("runs.env.noData")}</p>
            ) : (
              <ul className={styles.mounts}>
                {env.data.map((d) => (
                  <li key={d.target}>
                    <span className={styles.mono}>{d.source}</span>
                    <span aria-hidden>→</span>
                    <span className={styles.mono}>{d.target}</span>
                    <span className="quiet">{t("runs.env.asInside")}</span>
                  </li>
                ))}
              </ul>
            )}
          </Section>
          <Section title={t("runs.env.variables")}>
            <NamedValues label={t("runs.env.variables")} empty={t("runs.env.noVariables")} values={env.env} />
          </Section>
        </>
      )}
      {run.system_tags.length > 0 && (
        <Section title={t("runs.env.system")}>
          <NamedValues label={t("runs.env.system")} empty="" values={run.system_tags} />
        </Section>
      )}
    </div>
  );
}
