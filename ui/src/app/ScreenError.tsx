import { useRouter } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { EmptyState, ErrorBanner, LinkButton, Page } from "../shared/components";
import { t } from "../shared/i18n";

/** A view that broke while drawing: the rest of the console stays usable. */
export function ScreenError(props: { error: unknown; reset?: () => void }) {
  const router = useRouter();
  const { reset } = props;
  // Code that did not come is asked for again before the view is drawn again.
  const retry = reset && (() => void router.invalidate().then(reset));
  return (
    <Page title={t("frame.screenBroken")}>
      <ErrorBanner error={props.error} {...(retry ? { onRetry: retry } : {})} />
    </Page>
  );
}

export function NotFound() {
  return (
    <Page title={t("frame.notFound")}>
      <EmptyState
        icon={Compass}
        title={t("frame.notFoundTitle")}
        lead={t("frame.notFoundLead")}
        actions={<LinkButton to="/">{t("nav.overview")}</LinkButton>}
      />
    </Page>
  );
}
