/** All dashboards as the files of deploy/grafana/dashboards hold them. */
import { apiAndRedis } from './api-and-redis.ts';
import { type Board, dashboard } from './board.ts';
import { coroutines } from './coroutines.ts';
import { gathers } from './gathers.ts';
import { layoutOf } from './layout.ts';
import { overview } from './overview.ts';
import { workers } from './workers.ts';

export const boards: readonly Board[] = [overview, coroutines, gathers, workers, apiAndRedis];

function built(board: Board) {
  const made = dashboard(board).build();
  // Numbers that stay: links and alerts name a panel by its id.
  for (const [index, panel] of (made.panels ?? []).entries()) panel.id = index + 1;
  return made;
}

/** Drawings of the layouts: names of files, and their texts. */
export function layoutFiles(): Map<string, string> {
  return new Map(boards.map((board) => [`${board.uid}.svg`, layoutOf(board.title, built(board).panels ?? [])]));
}

/** Names of files, and their texts. */
export function dashboardFiles(): Map<string, string> {
  return new Map(boards.map((board) => [`${board.uid}.json`, `${JSON.stringify(built(board), null, 2)}\n`]));
}
