import { RotateCcw, Send } from "lucide-react";
import { useState } from "react";
import type { DeploymentDetail } from "../../bindings/api";
import { useMutationCommand } from "../../shared/backend";
import { Button, CopyButton, ErrorBanner, Section, Spinner, TextField } from "../../shared/components";
import { prettyJson } from "../../shared/format/json";
import { t } from "../../shared/i18n";
import styles from "./deployments.module.css";
import * as check from "./validate";

/** One question to the deployment and its answer, side by side. */
export function TryIt({ detail }: { detail: DeploymentDetail }) {
  const { row } = detail;
  const example = detail.input_example === null ? '{"inputs": []}' : prettyJson(detail.input_example);
  const [text, setText] = useState(example);
  const invoke = useMutationCommand("deployment_invoke");
  const wrong = check.body(text);
  const able = row.state === "healthy" && !row.stale;
  const send = () => {
    if (wrong === null && able) invoke.mutate({ id: row.id, body: text });
  };
  const answer = invoke.data;
  return (
    <Section
      title={t("deployments.try")}
      lead={able ? t("deployments.tryLead") : t("deployments.tryNot")}
      actions={
        <>
          {text !== example && (
            <Button
              size="small"
              variant="quiet"
              icon={<RotateCcw size={14} />}
              onPress={() => setText(example)}
            >
              {t("deployments.resetExample")}
            </Button>
          )}
          <Button
            variant="primary"
            icon={<Send size={16} />}
            isDisabled={wrong !== null || !able}
            isPending={invoke.isPending}
            onPress={send}
          >
            {t("deployments.send")}
          </Button>
        </>
      }
    >
      <div className={styles.try}>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: a shortcut of the field inside */}
        <div
          className={styles.ask}
          onKeyDown={(e) => {
            if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
              e.preventDefault();
              send();
            }
          }}
        >
          <TextField
            label={t("deployments.request")}
            value={text}
            onChange={setText}
            error={wrong}
            multiline
            rows={10}
            mono
          />
        </div>
        <div className={styles.answer} aria-live="polite">
          <div className={styles.answerHead}>
            <span>{t("deployments.response")}</span>
            {answer && (
              <span className={styles.answerState} data-ok={answer.status < 400 || undefined}>
                {t("deployments.answered", { status: answer.status, ms: answer.ms })}
              </span>
            )}
            {answer && <CopyButton text={answer.body} />}
          </div>
          {invoke.isPending ? (
            <p className={styles.answerNone}>
              <Spinner label={t("deployments.sending")} />
            </p>
          ) : invoke.error ? (
            <ErrorBanner error={invoke.error} />
          ) : answer ? (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled by keyboard
            <pre tabIndex={0}>{prettyJson(answer.body)}</pre>
          ) : (
            <p className={styles.answerNone}>{t("deployments.noAnswer")}</p>
          )}
        </div>
      </div>
    </Section>
  );
}
