import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import { Banner, Button, ErrorBanner, LinkButton } from "../../shared/components";
import { formatAgo } from "../../shared/format";
import { t } from "../../shared/i18n";

/** Registrations that were begun and not ended: each can go on or be thrown away. */
export function UnfinishedDrafts() {
  const drafts = useQueryCommand("setup_list", null);
  const discard = useMutationCommand("setup_discard");
  return (
    <>
      {discard.error ? <ErrorBanner error={discard.error} /> : null}
      {(drafts.data ?? [])
        .filter((draft) => draft.machine_id === null)
        .map((draft) => (
          <Banner
            key={draft.id}
            kind="plain"
            title={t("machines.unfinished", { name: draft.name })}
            actions={
              <>
                <Button
                  size="small"
                  variant="quiet"
                  aria-label={`${t("machines.discard")}: ${draft.name}`}
                  onPress={() => discard.mutate({ id: draft.id })}
                >
                  {t("machines.discard")}
                </Button>
                <LinkButton
                  size="small"
                  to={`/setup/${draft.id}`}
                  label={t("welcome.resume", { name: draft.name })}
                >
                  {t("machines.continue")}
                </LinkButton>
              </>
            }
          >
            <p>
              {t("machines.unfinishedAt", {
                step: t(`setup.step.${draft.step}`),
                time: formatAgo(draft.updated_at),
              })}
            </p>
          </Banner>
        ))}
    </>
  );
}
