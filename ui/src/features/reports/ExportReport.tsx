import { Download, Image } from "lucide-react";
import { Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useState } from "react";
import type { ReportBlock, ReportFormat } from "../../bindings/api";
import { blobOf, useBackend } from "../../shared/backend";
import { Button, IconButton, toast } from "../../shared/components";
import menu from "../../shared/components/Menu.module.css";
import { currentLanguage, t } from "../../shared/i18n";

/** Makes a file of a report as it was saved, and keeps it where the person wants it. */
export function useExport(id: string, onError: (error: unknown) => void) {
  const backend = useBackend();
  const [pending, setPending] = useState(false);
  const save = async (format: ReportFormat, block: string | null = null) => {
    setPending(true);
    onError(null);
    try {
      const theme = document.documentElement.dataset.theme === "dark" ? "dark" : "light";
      const language = currentLanguage();
      const file = await backend.call("report_export", { id, format, block, theme, language });
      const place = await backend.saveFile(file.name, blobOf(file.base64, file.media_type));
      if (place !== null) toast({ title: t("files.saved", { place }) });
    } catch (error) {
      onError(error);
    } finally {
      setPending(false);
    }
  };
  return { save, pending };
}

export function ExportButton(props: { pending: boolean; onSave: () => void }) {
  return (
    <Button icon={<Download size={16} />} isPending={props.pending} onPress={props.onSave}>
      {t("reports.export")}
    </Button>
  );
}

/** A chart as a picture. */
export function FigureMenu(props: {
  block: ReportBlock;
  onSave: (format: ReportFormat, block: string) => void;
}) {
  const { body } = props.block;
  const title = body.kind === "chart" ? body.title || body.metrics.join(", ") : "";
  const label = t("reports.exportFigure", { title });
  return (
    <MenuTrigger>
      <IconButton size="small" label={label} icon={<Image size={14} />} />
      <Popover className={menu.popover ?? ""} placement="bottom end" offset={4}>
        <Menu
          aria-label={label}
          className={menu.menu ?? ""}
          onAction={(key) => props.onSave(key === "png" ? "png" : "svg", props.block.id)}
        >
          <MenuItem id="svg" className={menu.item ?? ""} textValue={t("reports.asSvg")}>
            {t("reports.asSvg")}
          </MenuItem>
          <MenuItem id="png" className={menu.item ?? ""} textValue={t("reports.asPng")}>
            {t("reports.asPng")}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
