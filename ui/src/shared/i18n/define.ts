/** One message in both languages. A message with a count has plural forms and takes `n`. */
export type Text = string | { readonly one: string; readonly other: string };
export interface Message {
  readonly en: Text;
  readonly sv: Text;
}

/** Declares a group of messages. A key without Swedish does not compile. */
export function define<const M extends Record<string, Message>>(messages: M): M {
  return messages;
}
