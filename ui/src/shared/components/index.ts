export { Button, type ButtonProps, CopyButton, CopyLine, copyText, IconButton } from "./Button";
export { classes } from "./classes";
export { KeyValueEditor, type Pair } from "./Editors";
export {
  Banner,
  EmptyState,
  ErrorBanner,
  Loading,
  LoadingShape,
  Progress,
  Skeleton,
  Spinner,
} from "./Feedback";
export {
  Checkbox,
  ChoiceCards,
  type FieldProps,
  FolderField,
  NumberField,
  SecretField,
  Segmented,
  Switch,
  TextField,
} from "./Fields";
export { Link, LinkButton, useGo } from "./Link";
export { ActionsMenu, type MenuAction } from "./Menu";
export { ConfirmDialog, Dialog, Drawer } from "./Overlay";
export { EditableText } from "./EditableText";
export {
  Aside,
  AsideSection,
  Fact,
  Facts,
  FactStrip,
  type NamedValue,
  NamedValues,
} from "./Facts";
export { Markdown } from "./Markdown";
export { Kbd, Mono, Page, Section } from "./Page";
export { type Kind, StatusPill, type StatusProps, statusTitle, StatusWord } from "./Status";
export { type Option, Select } from "./Select";
export { type TabSpec, Tabs } from "./Tabs";
export { TagList } from "./TagList";
export { toast } from "./Toast";
export { StepFooter, Wizard, type WizardStep } from "./Wizard";
export { Bytes, Duration, Num, Time, Told } from "../format";
export { Findable, LISTED, SEARCHED } from "./Findable";
