import { RotateCw } from "lucide-react";
import { useEffect, useRef } from "react";
import type { HostKeyOffer, HostKeyState } from "../../bindings/api";
import {
  Banner,
  Button,
  CopyLine,
  ErrorBanner,
  type Kind,
  Spinner,
  StatusPill,
} from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./Setup.module.css";
import { StepFrame } from "./StepFrame";
import { type StepProps, useStep } from "./step";

const KINDS: Record<HostKeyState, Kind> = {
  unknown: "notice",
  pinned: "good",
  known_to_user: "good",
  mismatch: "bad",
  revoked: "bad",
};

function stateWords(offer: HostKeyOffer): string {
  if (offer.state === "known_to_user") {
    return t("setup.host_key.state.known_to_user", { from: offer.known_from ?? "known_hosts" });
  }
  return t(`setup.host_key.state.${offer.state}`);
}

/** `ssh-ed25519` → the file in which sshd keeps that key. */
function keyFile(algorithm: string): string {
  const kind = algorithm.includes("ed25519") ? "ed25519" : algorithm.includes("ecdsa") ? "ecdsa" : "rsa";
  return `/etc/ssh/ssh_host_${kind}_key.pub`;
}

function Offer({ offer }: { offer: HostKeyOffer }) {
  const known = offer.state === "mismatch" || offer.state === "revoked";
  return (
    <div className={styles.offer}>
      <div className={styles.offerHead}>
        <h3>
          {offer.is_jump
            ? t("setup.host_key.jump", { host: offer.host })
            : t("setup.host_key.machine", { host: offer.host })}
        </h3>
        <StatusPill kind={KINDS[offer.state]} label={stateWords(offer)} />
      </div>
      <div className={styles.two}>
        <div className={styles.fingerprint}>
          <small>
            {known ? `${t("setup.host_key.offered")} · ` : ""}
            {offer.algorithm}
          </small>
          {offer.fingerprint}
        </div>
        {offer.known_fingerprint ? (
          <div className={styles.fingerprint}>
            <small>{t("setup.host_key.known", { from: offer.known_from ?? "known_hosts" })}</small>
            {offer.known_fingerprint}
          </div>
        ) : null}
      </div>
      {offer.state === "unknown" ? (
        <div className={styles.compare}>
          <span>{t("setup.host_key.compare")}</span>
          <CopyLine text={`ssh-keygen -lf ${keyFile(offer.algorithm)}`} />
        </div>
      ) : null}
    </div>
  );
}

export function HostKeyStep({ draft, onBack, onGo }: StepProps) {
  const scan = useStep("setup_scan");
  const trust = useStep("setup_trust");
  const offers = draft.host_keys;
  const busy = scan.isPending || trust.isPending || draft.busy;
  const ask = () => {
    trust.reset();
    scan.mutate({ id: draft.id });
  };

  // Coming here for the first time asks at once; afterwards only on request.
  const asked = useRef(false);
  const { mutate } = scan;
  useEffect(() => {
    if (asked.current || offers.length > 0 || draft.busy || draft.problem) return;
    asked.current = true;
    mutate({ id: draft.id });
  }, [draft.busy, draft.id, draft.problem, mutate, offers.length]);

  const stopped = offers.find((offer) => offer.state === "mismatch" || offer.state === "revoked");
  const allKnown = offers.every((offer) => offer.state === "pinned" || offer.state === "known_to_user");
  const problem = scan.error ?? trust.error ?? (draft.step === "host_key" && !stopped ? draft.problem : null);
  const confirm = () =>
    trust.mutate(
      { id: draft.id, fingerprints: offers.map((offer) => offer.fingerprint) },
      { onSuccess: (answer) => onGo(answer.step) },
    );

  return (
    <StepFrame
      heading={t("setup.host_key.heading")}
      lead={t("setup.host_key.lead")}
      onBack={onBack}
      footer={
        <>
          {offers.length > 0 || problem ? (
            <Button icon={<RotateCw size={15} aria-hidden />} isDisabled={busy} onPress={ask}>
              {t("setup.host_key.again")}
            </Button>
          ) : null}
          <Button
            variant="primary"
            isDisabled={offers.length === 0 || Boolean(stopped) || scan.isPending}
            isPending={trust.isPending}
            onPress={confirm}
          >
            {offers.length > 0 && allKnown ? t("setup.host_key.confirmKnown") : t("setup.host_key.confirm")}
          </Button>
        </>
      }
    >
      {stopped ? (
        <Banner
          kind="bad"
          title={
            stopped.state === "mismatch"
              ? t("setup.host_key.mismatchTitle", { host: stopped.host })
              : t("setup.host_key.revokedTitle", { host: stopped.host })
          }
        >
          <p>{t("setup.host_key.mismatchLead")}</p>
          <p className="mono">{stopped.state === "mismatch" ? "host_key_mismatch" : "host_key_revoked"}</p>
        </Banner>
      ) : problem && !busy ? (
        <ErrorBanner error={problem} />
      ) : null}
      {busy && offers.length === 0 ? (
        <Spinner
          label={t("setup.host_key.asking", { host: `${draft.address.host}:${draft.address.port}` })}
        />
      ) : null}
      {offers.map((offer) => (
        <Offer key={`${offer.host} ${offer.fingerprint}`} offer={offer} />
      ))}
    </StepFrame>
  );
}
