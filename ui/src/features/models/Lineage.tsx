import { Box, Code, Container, Database, FlaskConical, Rocket } from "lucide-react";
import type { ComponentType, ReactNode } from "react";
import type { VersionDetail } from "../../bindings/api";
import { Link } from "../../shared/components";
import { shortId } from "../../shared/format";
import { t } from "../../shared/i18n";
import { Digest } from "./Chips";
import styles from "./models.module.css";

/** From the data to where it serves, each link by the hash that proves it. */
export function Lineage({ detail }: { detail: VersionDetail }) {
  const { row, inputs } = detail;
  const image = detail.images[0] ?? row.image;
  return (
    <ol className={styles.lineage} aria-label={t("models.lineage")}>
      <Stop icon={Database} label={t("models.lineage.data")} known={inputs.length > 0}>
        {inputs.length === 0 ? (
          t("models.lineage.noData")
        ) : (
          <>
            <span className={styles.stopName} title={inputs[0]?.source}>
              {inputs[0]?.name}
              {inputs.length > 1 && ` +${inputs.length - 1}`}
            </span>
            <Digest digest={inputs[0]?.digest ?? ""} />
          </>
        )}
      </Stop>
      <Stop icon={Code} label={t("models.lineage.code")} known={detail.project_hash !== null}>
        {detail.project_hash ? <Digest digest={detail.project_hash} /> : t("models.lineage.noCode")}
      </Stop>
      <Stop icon={FlaskConical} label={t("models.lineage.run")} known={row.run_id !== null}>
        {row.run_id ? (
          <>
            <Link to={`/runs/${row.run_id}`}>{row.run ?? shortId(row.run_id)}</Link>
            {row.machine && <span className="quiet">{row.machine}</span>}
          </>
        ) : (
          t("models.lineage.noRun")
        )}
      </Stop>
      <Stop icon={Box} label={t("models.lineage.version")} known current>
        <span className={styles.stopName}>
          {row.name} {row.version}
        </span>
      </Stop>
      <Stop icon={Container} label={t("models.lineage.image")} known={image !== null && image !== undefined}>
        {image ? <Digest digest={image.digest} /> : t("models.noImage")}
      </Stop>
      <Stop icon={Rocket} label={t("models.lineage.deployments")} known={detail.deployments.length > 0}>
        {detail.deployments.length === 0
          ? t("models.nowhere")
          : detail.deployments.slice(0, 2).map((d) => (
              <Link key={d.id} to={`/deployments/${d.id}`}>
                {d.name}
              </Link>
            ))}
      </Stop>
    </ol>
  );
}

function Stop(props: {
  icon: ComponentType<{ size?: number }>;
  label: string;
  known: boolean;
  current?: boolean;
  children: ReactNode;
}) {
  const Icon = props.icon;
  return (
    <li
      className={styles.stop}
      data-known={props.known || undefined}
      data-current={props.current || undefined}
    >
      <span className={styles.stopIcon} aria-hidden>
        <Icon size={14} />
      </span>
      <span className={styles.stopLabel}>{props.label}</span>
      <span className={styles.stopBody}>{props.children}</span>
    </li>
  );
}
