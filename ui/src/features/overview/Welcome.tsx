import { ArrowRight, FlaskConical, LoaderCircle, RotateCw, Server } from "lucide-react";
import { useEffect } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import { ErrorBanner, Kbd, Link, useGo } from "../../shared/components";
import { Mark } from "../../shared/components/Mark";
import { Soundings } from "../../shared/components/Soundings";
import { t } from "../../shared/i18n";
import styles from "./Overview.module.css";

/** An empty workspace: the ways in, and nothing else. */
export function Welcome() {
  const go = useGo();
  const sample = useMutationCommand("sample_start");
  const drafts = useQueryCommand("setup_list", null);
  // Once the machine is there this screen gives way to the overview, and callbacks of `mutate` die
  // with it: the promise does not.
  const start = () => {
    sample.mutateAsync(null).then(
      (run) => go(`/runs/${run.run_id}`),
      () => {}, // shown below
    );
  };
  useEffect(() => {
    document.title = "Skerry";
  }, []);
  return (
    <div className={styles.welcome}>
      <Soundings />
      <div className={styles.welcomeBody}>
        <Mark size={44} />
        <h1>{t("welcome.title")}</h1>
        <p className={styles.welcomeLead}>{t("welcome.lead")}</p>
        <div className={styles.ways}>
          <AriaButton className={styles.way ?? ""} onPress={start} isPending={sample.isPending}>
            {sample.isPending ? (
              <LoaderCircle size={18} aria-hidden />
            ) : (
              <FlaskConical size={18} aria-hidden />
            )}
            <span className={styles.wayTitle}>{t("welcome.try")}</span>
            <ArrowRight size={16} aria-hidden />
            <span className={styles.wayLead}>
              {sample.isPending ? t("welcome.trying") : t("welcome.tryLead")}
            </span>
          </AriaButton>
          <Link className={styles.way ?? ""} to="/setup">
            <Server size={18} aria-hidden />
            <span className={styles.wayTitle}>{t("welcome.register")}</span>
            <ArrowRight size={16} aria-hidden />
            <span className={styles.wayLead}>{t("welcome.registerLead")}</span>
          </Link>
          {(drafts.data ?? []).map((draft) => (
            <Link className={styles.way ?? ""} to={`/setup/${draft.id}`} key={draft.id}>
              <RotateCw size={18} aria-hidden />
              <span className={styles.wayTitle}>{t("welcome.resume", { name: draft.name })}</span>
              <ArrowRight size={16} aria-hidden />
              <span className={styles.wayLead}>{t(`setup.step.${draft.step}`)}</span>
            </Link>
          ))}
        </div>
        {sample.error ? (
          <div className={styles.trouble}>
            <ErrorBanner error={sample.error} onRetry={start} />
          </div>
        ) : null}
        <p className={styles.keys}>
          <Kbd>Ctrl</Kbd> <Kbd>K</Kbd> {t("welcome.keys")}
        </p>
      </div>
    </div>
  );
}
