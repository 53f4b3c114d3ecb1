import { marked, type Token, type Tokens } from "marked";
import { createContext, Fragment, type ReactNode, useContext, useMemo } from "react";
import { t } from "../i18n";
import { copyText } from "./Button";
import styles from "./Markdown.module.css";
import { toast } from "./Toast";

/*
 * Text that people or scripts wrote, as Markdown. The parser only makes tokens; every element below is
 * made by React, so there is no way from the text to raw HTML: tags in it are shown as they were typed.
 * Nothing is fetched: a picture is a link to it.
 */

const OUTSIDE = /^(?:https?:|mailto:)/i;

function Outside(props: { href: string; children: ReactNode }) {
  // Anything else (javascript:, file:, a path of the console) is text, not a way out.
  if (!OUTSIDE.test(props.href)) return <>{props.children}</>;
  return (
    <a
      href={props.href}
      target="_blank"
      rel="noreferrer noopener nofollow"
      title={props.href}
      onClick={(event) => {
        if (!("__TAURI_INTERNALS__" in window)) return;
        // The desktop window opens no other pages: the address goes where it can be opened.
        event.preventDefault();
        void copyText(props.href).then((done) => {
          toast({
            title: t(done ? "common.addressCopied" : "common.addressNotCopied"),
            detail: props.href,
            kind: done ? "good" : "notice",
          });
        });
      }}
    >
      {props.children}
    </a>
  );
}

/** The lexer escapes the five characters of HTML in some tokens; React does so again. */
const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};
const plain = (text: string) =>
  text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity);

function many(tokens: readonly Token[] | undefined): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: a parsed text has no other identity than its order
  return tokens?.map((token, index) => <Fragment key={index}>{one(token)}</Fragment>);
}

function cell(token: Tokens.TableCell, index: number, header: boolean) {
  const style = token.align ? { textAlign: token.align } : undefined;
  return header ? (
    <th key={index} style={style} scope="col">
      {many(token.tokens)}
    </th>
  ) : (
    <td key={index} style={style}>
      {many(token.tokens)}
    </td>
  );
}

/** How deep the highest heading of a text is, where its headings are those of the page. */
const Headings = createContext<number | null>(null);
const LEVELS = ["h2", "h3", "h4", "h5", "h6"] as const;

/** The page has its own headings: one inside a note must not stand among them. */
function Heading({ depth, children }: { depth: number; children: ReactNode }) {
  const highest = useContext(Headings);
  const Level = LEVELS[depth - (highest ?? depth)] ?? "h6";
  if (highest !== null) return <Level className={styles[Level]}>{children}</Level>;
  return <p className={styles.heading}>{children}</p>;
}

function one(token: Token): ReactNode {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      return <Heading depth={token.depth}>{many(token.tokens)}</Heading>;
    case "paragraph":
      return <p>{many(token.tokens)}</p>;
    case "blockquote":
      return <blockquote>{many(token.tokens)}</blockquote>;
    case "hr":
      return <hr />;
    case "br":
      return <br />;
    case "code":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long line scrolls, also by keyboard
        <pre tabIndex={0}>
          <code>{token.text}</code>
        </pre>
      );
    case "codespan":
      return <code>{plain(token.text)}</code>;
    case "strong":
      return <strong>{many(token.tokens)}</strong>;
    case "em":
      return <em>{many(token.tokens)}</em>;
    case "del":
      return <del>{many(token.tokens)}</del>;
    case "link":
      return <Outside href={token.href}>{many(token.tokens)}</Outside>;
    case "image":
      return <Outside href={token.href}>{token.text || token.href}</Outside>;
    case "list": {
      const items = token.items.map((item: Tokens.ListItem, index: number) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        <li key={index} data-task={item.task || undefined}>
          {many(item.tokens)}
        </li>
      ));
      return token.ordered ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>;
    }
    case "checkbox":
      return (
        <input type="checkbox" checked={token.checked} disabled readOnly aria-label={token.raw.trim()} />
      );
    case "table":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls, also by keyboard
        <div className={styles.scroll} tabIndex={0}>
          <table>
            <thead>
              <tr>{token.header.map((each: Tokens.TableCell, i: number) => cell(each, i, true))}</tr>
            </thead>
            <tbody>
              {token.rows.map((row: Tokens.TableCell[], at: number) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <tr key={at}>{row.map((each, i) => cell(each, i, false))}</tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case "escape":
      return token.text;
    case "text":
      return "tokens" in token && token.tokens ? many(token.tokens) : plain(token.text);
    default:
      // Raw HTML, and whatever a later version of the parser knows: as typed.
      return token.raw;
  }
}

/**
 * Safe Markdown. `inline`: one line of it, without paragraphs. `headings`: the text is the page, and its
 * headings are those of the page, below the title.
 */
export function Markdown(props: { text: string; inline?: boolean; headings?: boolean }) {
  const { text, inline = false, headings = false } = props;
  const tokens = useMemo(
    () => (inline ? marked.Lexer.lexInline(text) : marked.lexer(text, { gfm: true, breaks: true })),
    [text, inline],
  );
  if (inline) return <>{many(tokens)}</>;
  const depths = tokens.flatMap((token) => (token.type === "heading" ? [Number(token.depth)] : []));
  return (
    <Headings value={headings ? Math.min(6, ...depths) : null}>
      <div className={styles.markdown}>{many(tokens)}</div>
    </Headings>
  );
}
