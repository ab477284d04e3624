/** Which of the tasks that turns create are to start where they are created (CoroutineOptions.placement). */
import { memberId } from '../contract/ids.ts';
import type { Turn } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';

/** Of one turn. More of them are work for the whole cluster. */
const mostOfTurn = 4;

export function nearTasks(turns: readonly Turn[], isNear: (coroutine: string) => boolean): Set<TaskId> {
  const near = new Set<TaskId>();
  for (const { spawns, groups } of turns) {
    const left = mostOfTurn + near.size;
    for (const { id, coroutine } of spawns) if (near.size < left && isNear(coroutine)) near.add(id);
    for (const { id, members } of groups)
      for (let index = 0; index < members.length && near.size < left; index++)
        if (isNear(members[index]?.coroutine ?? '')) near.add(memberId(id, index));
  }
  return near;
}
