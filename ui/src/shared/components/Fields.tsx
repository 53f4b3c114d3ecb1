import { Check, CircleAlert, Eye, FolderOpen } from "lucide-react";
import { type ComponentType, type ReactNode, useEffect, useState } from "react";
import {
  Checkbox as AriaCheckbox,
  NumberField as AriaNumberField,
  Switch as AriaSwitch,
  TextField as AriaTextField,
  Button as AriaButton,
  Input,
  Label,
  Radio,
  RadioGroup,
  Text,
  TextArea,
  ToggleButton,
  ToggleButtonGroup,
} from "react-aria-components";
import type { Strength as StrengthJudged } from "../../bindings/api";
import { useBackend } from "../backend";
import { t } from "../i18n";
import { adviceOf } from "./advice";
import { Button } from "./Button";
import { classes } from "./classes";
import styles from "./Fields.module.css";
import status from "./Status.module.css";

export interface FieldProps {
  label: string;
  description?: ReactNode;
  /** Why the value is not acceptable; shown at once. */
  error?: string | null;
  isRequired?: boolean;
  isDisabled?: boolean;
  autoFocus?: boolean;
}

export function FieldLabel(props: { label: string; isRequired?: boolean }) {
  return (
    <Label className={styles.label ?? ""}>
      {props.label}
      {props.isRequired === false ? <span className={styles.optional}> · {t("common.optional")}</span> : null}
    </Label>
  );
}

/** Texts that a screen reader reads with the field: the slots tie them to the input. */
export function FieldNotes(props: { description?: ReactNode; error?: string | null }) {
  return (
    <>
      {props.error ? (
        <Text slot="errorMessage" className={styles.error ?? ""}>
          <CircleAlert size={13} aria-hidden />
          {props.error}
        </Text>
      ) : null}
      {props.description ? (
        <Text slot="description" className={styles.description ?? ""}>
          {props.description}
        </Text>
      ) : null}
    </>
  );
}

export function TextField(
  props: FieldProps & {
    value: string;
    onChange: (value: string) => void;
    placeholder?: string;
    mono?: boolean;
    multiline?: boolean;
    rows?: number;
    suffix?: ReactNode;
    inputMode?: "text" | "numeric" | "url" | "search";
    name?: string;
  },
) {
  const inputClass = classes(styles.input, props.mono && styles.mono);
  return (
    <AriaTextField
      className={styles.field ?? ""}
      value={props.value}
      onChange={props.onChange}
      isInvalid={Boolean(props.error)}
      isRequired={props.isRequired ?? false}
      isDisabled={props.isDisabled ?? false}
      autoFocus={props.autoFocus ?? false}
      validationBehavior="aria"
      spellCheck={props.mono ? "false" : undefined}
      autoComplete="off"
      {...(props.name ? { name: props.name } : {})}
    >
      <FieldLabel {...props} />
      <div className={styles.box} data-invalid={Boolean(props.error)} data-disabled={props.isDisabled}>
        {props.multiline ? (
          <TextArea className={inputClass} rows={props.rows ?? 3} placeholder={props.placeholder} />
        ) : (
          <Input
            className={inputClass}
            placeholder={props.placeholder}
            inputMode={props.inputMode}
            autoCapitalize="off"
          />
        )}
        {props.suffix ? <span className={styles.suffix}>{props.suffix}</span> : null}
      </div>
      <FieldNotes {...props} />
    </AriaTextField>
  );
}

/** How hard the secret is to guess, as the program judges it; asked when typing pauses, never kept. */
function Strength(props: { secret: string }) {
  const backend = useBackend();
  const [judged, setJudged] = useState<StrengthJudged | null>(null);
  const { secret } = props;
  useEffect(() => {
    if (secret === "") {
      setJudged(null);
      return;
    }
    let current = true;
    const timer = setTimeout(async () => {
      try {
        const answer = await backend.call("password_strength", { password: secret });
        if (current) setJudged(answer);
      } catch {
        // A judgement is a help, not a condition.
        if (current) setJudged(null);
      }
    }, 200);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [backend, secret]);
  const level = judged === null ? 0 : judged.score + 1;
  const words = [
    t("fields.strength"),
    t("fields.strength0"),
    t("fields.strength1"),
    t("fields.strength2"),
    t("fields.strength3"),
    t("fields.strength4"),
  ];
  // A strong one needs no advice; of the rest, the first says most.
  const advice = judged === null || judged.score >= 3 ? [] : adviceOf(judged).slice(0, 1);
  const kind = level <= 2 ? "bad" : level === 3 ? "notice" : "good";
  return (
    <span className={classes(styles.strength, status[kind])} role="status">
      <span className={styles.meter} aria-hidden>
        {[1, 2, 3, 4, 5].map((step) => (
          <i key={step} data-on={level >= step} />
        ))}
      </span>
      <span>
        {words[level]}
        {advice.map((each) => (
          <span key={each} className={styles.advice}>
            {each}
          </span>
        ))}
      </span>
    </span>
  );
}

/** A secret on its way in: never pre-filled, shown only while the eye is held. */
export function SecretField(
  props: FieldProps & { value: string; onChange: (value: string) => void; strength?: boolean; name?: string },
) {
  const [shown, setShown] = useState(false);
  return (
    <AriaTextField
      className={styles.field ?? ""}
      type={shown ? "text" : "password"}
      value={props.value}
      onChange={props.onChange}
      isInvalid={Boolean(props.error)}
      isRequired={props.isRequired ?? false}
      isDisabled={props.isDisabled ?? false}
      autoFocus={props.autoFocus ?? false}
      validationBehavior="aria"
      autoComplete="new-password"
      spellCheck="false"
      {...(props.name ? { name: props.name } : {})}
    >
      <FieldLabel {...props} />
      <div className={styles.box} data-invalid={Boolean(props.error)}>
        <Input className={classes(styles.input, shown && styles.mono)} />
        <span className={styles.inside}>
          <HoldToReveal onShown={setShown} />
        </span>
      </div>
      {props.strength ? <Strength secret={props.value} /> : null}
      <FieldNotes {...props} />
    </AriaTextField>
  );
}

function HoldToReveal(props: { onShown: (shown: boolean) => void }) {
  return (
    <AriaButton
      slot={null}
      aria-label={t("fields.holdToReveal")}
      className={styles.reveal ?? ""}
      onPressStart={() => props.onShown(true)}
      onPressEnd={() => props.onShown(false)}
      onBlur={() => props.onShown(false)}
    >
      <Eye size={15} aria-hidden />
    </AriaButton>
  );
}

export function NumberField(
  props: FieldProps & {
    value: number | null;
    onChange: (value: number | null) => void;
    min?: number;
    max?: number;
    step?: number;
    unit?: string;
  },
) {
  return (
    <AriaNumberField
      className={styles.field ?? ""}
      value={props.value ?? Number.NaN}
      onChange={(value) => props.onChange(Number.isNaN(value) ? null : value)}
      formatOptions={{ useGrouping: false, maximumFractionDigits: 6 }}
      isInvalid={Boolean(props.error)}
      isRequired={props.isRequired ?? false}
      isDisabled={props.isDisabled ?? false}
      autoFocus={props.autoFocus ?? false}
      validationBehavior="aria"
      {...(props.min === undefined ? {} : { minValue: props.min })}
      {...(props.max === undefined ? {} : { maxValue: props.max })}
      {...(props.step === undefined ? {} : { step: props.step })}
    >
      <FieldLabel {...props} />
      <div className={styles.box} data-invalid={Boolean(props.error)} data-disabled={props.isDisabled}>
        <Input className={classes(styles.input, "num")} />
        {props.unit ? <span className={styles.suffix}>{props.unit}</span> : null}
      </div>
      <FieldNotes {...props} />
    </AriaNumberField>
  );
}

/** Two to four choices side by side. */
export function Segmented<T extends string>(props: {
  label: string;
  value: T;
  onChange: (value: T) => void;
  options: readonly { value: T; label: string; icon?: ReactNode }[];
  /** Shows the label above; otherwise it is only a name for screen readers. */
  showLabel?: boolean;
}) {
  const group = (
    <ToggleButtonGroup
      className={styles.segmented ?? ""}
      aria-label={props.label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[props.value]}
      onSelectionChange={(keys) => {
        const option = props.options.find((each) => keys.has(each.value));
        if (option) props.onChange(option.value);
      }}
    >
      {props.options.map((option) => (
        <ToggleButton key={option.value} id={option.value} className={styles.segment ?? ""}>
          {option.icon}
          {option.label}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
  if (!props.showLabel) return group;
  return (
    <div className={styles.field}>
      <span className={styles.label} aria-hidden>
        {props.label}
      </span>
      {group}
    </div>
  );
}

export function Checkbox(props: {
  children: ReactNode;
  isSelected: boolean;
  onChange: (selected: boolean) => void;
  isDisabled?: boolean;
  description?: string;
}) {
  return (
    <AriaCheckbox
      className={styles.check ?? ""}
      isSelected={props.isSelected}
      onChange={props.onChange}
      isDisabled={props.isDisabled ?? false}
    >
      <span className={styles.checkBox} aria-hidden>
        <Check size={12} strokeWidth={3} />
      </span>
      <span>
        {props.children}
        {props.description ? <span className={classes(styles.cardLead)}>{props.description}</span> : null}
      </span>
    </AriaCheckbox>
  );
}

export function Switch(props: {
  children: ReactNode;
  isSelected: boolean;
  onChange: (selected: boolean) => void;
}) {
  return (
    <AriaSwitch className={styles.switch ?? ""} isSelected={props.isSelected} onChange={props.onChange}>
      <span className={styles.switchTrack} aria-hidden />
      {props.children}
    </AriaSwitch>
  );
}

/** A few ways to go on, each with what it means. */
export function ChoiceCards<T extends string>(props: {
  label: string;
  value: T | null;
  onChange: (value: T) => void;
  options: readonly {
    value: T;
    title: string;
    lead?: string;
    icon?: ComponentType<{ size?: number }>;
    disabled?: boolean;
  }[];
}) {
  return (
    <RadioGroup
      className={styles.field ?? ""}
      value={props.value}
      onChange={(value) => {
        const option = props.options.find((each) => each.value === value);
        if (option) props.onChange(option.value);
      }}
    >
      <Label className={styles.label ?? ""}>{props.label}</Label>
      <div className={styles.cards}>
        {props.options.map((option) => {
          const Icon = option.icon;
          return (
            <Radio
              key={option.value}
              value={option.value}
              isDisabled={option.disabled ?? false}
              className={styles.card ?? ""}
            >
              {Icon ? <Icon size={16} aria-hidden /> : null}
              <span>
                <span className={styles.cardTitle}>{option.title}</span>
                {option.lead ? <span className={styles.cardLead}>{option.lead}</span> : null}
              </span>
            </Radio>
          );
        })}
      </div>
    </RadioGroup>
  );
}

/** A folder on this computer. The dialog is there only where the host has one; typing a path always works. */
export function FolderField(
  props: FieldProps & {
    value: string;
    onChange: (value: string) => void;
    placeholder?: string;
    kind?: "folder" | "file";
  },
) {
  const backend = useBackend();
  const pick = props.kind === "file" ? backend.pickFile : backend.pickFolder;
  const { kind: _kind, ...field } = props;
  return (
    <TextField
      {...field}
      mono
      suffix={
        pick ? (
          <Button
            size="small"
            variant="quiet"
            icon={<FolderOpen size={15} aria-hidden />}
            onPress={async () => {
              const chosen = await pick.call(backend, props.label);
              if (chosen !== null) props.onChange(chosen);
            }}
          >
            {t("fields.browse")}
          </Button>
        ) : null
      }
    />
  );
}
