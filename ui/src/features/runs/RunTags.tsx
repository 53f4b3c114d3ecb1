import type { KeyValue } from "../../bindings/api";
import { useMutationCommand } from "../../shared/backend";
import { TagList } from "../../shared/components";

export function RunTags({ runId, tags }: { runId: string; tags: readonly KeyValue[] }) {
  const set = useMutationCommand("run_tag_set", { fresh: true });
  const remove = useMutationCommand("run_tag_delete", { fresh: true });
  return (
    <TagList
      tags={tags}
      onSet={(key, value, known) => set.mutateAsync({ run_id: runId, key, value, known: { value: known } })}
      onDelete={(key, known) => remove.mutateAsync({ run_id: runId, key, known: { value: known } })}
    />
  );
}
