export { blobOf } from "./base64";
export {
  BackendProvider,
  newQueryClient,
  useBackend,
  useLinkState,
  useMutationCommand,
  useQueryCommand,
} from "./hooks";
export {
  type ArgsOf,
  asErrorBody,
  type Backend,
  CommandError,
  type CommandName,
  type LinkState,
  type ResultOf,
  type UiCode,
  type UiError,
} from "./types";
